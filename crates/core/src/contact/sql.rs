use super::{Contact, Details, Filter, NewContact};
use crate::app::{Snapshot, Tx};
use crate::db::{DbError, Row, ToValue, Value};
use crate::email::EmailKey;
use crate::error::Fault;
use crate::id::{AccountId, ContactId};
use crate::paging::Slice;
use crate::params;

const COLUMNS: &str = "c.id, c.account_id, c.first_name, c.last_name, c.company, c.email, c.address1, c.address2, c.city, c.state, \
     c.postcode, c.country, c.phone, c.tax_id, c.categories, c.created_at, c.updated_at";

fn contact(row: &mut Row) -> Result<Contact, DbError> {
    Ok(Contact {
        id: row.take()?,
        account: row.take()?,
        details: Details {
            first_name: row.take()?,
            last_name: row.take()?,
            company: row.take()?,
            email: row.take()?,
            address1: row.take()?,
            address2: row.take()?,
            city: row.take()?,
            state: row.take()?,
            postcode: row.take()?,
            country: row.take()?,
            phone: row.take()?,
            tax_id: row.take()?,
            categories: row.take()?,
        },
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

/// What a filter asks for, and the arguments that it adds.
fn condition(filter: &Filter, arguments: &mut Vec<Value>) -> String {
    let email_key = filter.email.as_deref().map(EmailKey::of);
    let asked = [
        ("c.account_id =", filter.account.map(|id| id.to_value())),
        ("c.first_name =", filter.first_name.as_ref().map(ToValue::to_value)),
        ("c.last_name =", filter.last_name.as_ref().map(ToValue::to_value)),
        ("c.company =", filter.company.as_ref().map(ToValue::to_value)),
        ("c.email_key =", email_key.map(|key| key.to_value())),
        ("c.address1 =", filter.address1.as_ref().map(ToValue::to_value)),
        ("c.address2 =", filter.address2.as_ref().map(ToValue::to_value)),
        ("c.city =", filter.city.as_ref().map(ToValue::to_value)),
        ("c.state =", filter.state.as_ref().map(ToValue::to_value)),
        ("c.postcode =", filter.postcode.as_ref().map(ToValue::to_value)),
        ("c.country =", filter.country.as_ref().map(ToValue::to_value)),
        ("c.phone =", filter.phone.as_ref().map(ToValue::to_value)),
        ("c.id >", filter.after.map(|id| id.to_value())),
    ];
    let mut text = "1 = 1".to_owned();
    for (compared, value) in asked {
        if let Some(value) = value {
            arguments.push(value);
            text = format!("{text} and {compared} ${}", arguments.len());
        }
    }
    text
}

pub(super) fn list(snapshot: &Snapshot<'_>, filter: &Filter, limit: i64) -> Result<Vec<Contact>, Fault> {
    let mut arguments = vec![limit.to_value()];
    let found = condition(filter, &mut arguments);
    snapshot.all(&format!("select {COLUMNS} from contacts c where {found} order by c.id limit $1"), &arguments, contact)
}

pub(super) fn count(snapshot: &Snapshot<'_>, filter: &Filter) -> Result<i64, Fault> {
    let mut arguments = Vec::new();
    let found = condition(filter, &mut arguments);
    snapshot.one(&format!("select count(*) from contacts c where {found}"), &arguments, Row::take)
}

pub(super) fn find(snapshot: &Snapshot<'_>, account: AccountId, id: ContactId) -> Result<Option<Contact>, Fault> {
    let sql = format!("select {COLUMNS} from contacts c where c.account_id = $1 and c.id = $2");
    snapshot.optional(&sql, params![account, id], contact)
}

pub(super) fn account_of(snapshot: &Snapshot<'_>, id: ContactId) -> Result<Option<AccountId>, Fault> {
    snapshot.optional("select account_id from contacts where id = $1", params![id], Row::take)
}

/// The values of the columns that are typed, in the order in which they are written.
fn values(new: &NewContact) -> Vec<Value> {
    let details = &new.details;
    params![
        details.first_name,
        details.last_name,
        details.company,
        details.email,
        new.email.key(),
        details.address1,
        details.address2,
        details.city,
        details.state,
        details.postcode,
        details.country,
        details.phone,
        details.tax_id,
        details.categories
    ]
    .to_vec()
}

pub(super) fn insert(tx: &Tx<'_>, account: AccountId, new: &NewContact) -> Result<ContactId, Fault> {
    let mut arguments = values(new);
    arguments.extend([account.to_value(), tx.now().to_value()]);
    tx.one(
        "insert into contacts (first_name, last_name, company, email, email_key, address1, address2, city, state, postcode,
                country, phone, tax_id, categories, account_id, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16) returning id",
        &arguments,
        Row::take,
    )
}

pub(super) fn update(tx: &Tx<'_>, account: AccountId, id: ContactId, new: &NewContact) -> Result<(), Fault> {
    let mut arguments = values(new);
    arguments.extend([account.to_value(), id.to_value(), tx.now().to_value()]);
    tx.execute(
        "update contacts set first_name = $1, last_name = $2, company = $3, email = $4, email_key = $5, address1 = $6,
                address2 = $7, city = $8, state = $9, postcode = $10, country = $11, phone = $12, tax_id = $13, categories = $14,
                updated_at = $17
         where account_id = $15 and id = $16",
        &arguments,
    )?;
    Ok(())
}

/// The address of the contact that was there.
pub(super) fn delete(tx: &Tx<'_>, account: AccountId, id: ContactId) -> Result<Option<String>, Fault> {
    tx.optional("delete from contacts where account_id = $1 and id = $2 returning email", params![account, id], Row::take)
}

pub(super) fn slice(snapshot: &Snapshot<'_>, filter: &Filter, slice: Slice) -> Result<Vec<Contact>, Fault> {
    let mut arguments = vec![slice.limit().to_value(), slice.offset().to_value()];
    let found = condition(filter, &mut arguments);
    let sql = format!("select {COLUMNS} from contacts c where {found} order by c.id {} limit $1 offset $2", slice.direction());
    snapshot.all(&sql, &arguments, contact)
}
