use super::{Account, Details, Filter, Listed, Owner, Status};
use crate::app::{Asked, Snapshot, Tx};
use crate::client_group::{Badge, Colour};
use crate::db::{DbError, Row, ToValue, Value};
use crate::error::Fault;
use crate::id::{AccountId, ClientGroupId, UserId};
use crate::params;
use crate::search;

const COLUMNS: &str = "a.id, a.name, a.first_name, a.last_name, a.company, a.contact_email, a.address1, a.address2, a.city, a.state, \
     a.postcode, a.country, a.phone, a.tax_id, a.language, a.currency, a.mail_categories, a.marketing_opt_in, \
     a.status, g.id, g.name, g.colour, o.id, o.first_name || ' ' || o.last_name, o.email, a.created_at, a.revision, \
     case when a.two_factor_required_at is null then 0 else 1 end, a.allow_sso";
const FROM: &str = "accounts a join users o on o.id = a.owner_id left join client_groups g on g.id = a.group_id";

fn account(row: &mut Row) -> Result<Account, DbError> {
    Ok(Account {
        id: row.take()?,
        details: Details {
            name: row.take()?,
            first_name: row.take()?,
            last_name: row.take()?,
            company: row.take()?,
            contact_email: row.take()?,
            address1: row.take()?,
            address2: row.take()?,
            city: row.take()?,
            state: row.take()?,
            postcode: row.take()?,
            country: row.take()?,
            phone: row.take()?,
            tax_id: row.take()?,
            language: row.take()?,
            currency: row.take()?,
            categories: row.take()?,
            marketing_opt_in: row.take()?,
        },
        status: row.take()?,
        group: group(row)?,
        owner: Owner { id: row.take()?, name: row.take()?, email: row.take()? },
        created_at: row.take()?,
        revision: row.take()?,
        two_factor_required: row.take()?,
        allow_sso: row.take()?,
    })
}

fn group(row: &mut Row) -> Result<Option<Badge>, DbError> {
    let id: Option<ClientGroupId> = row.take()?;
    let (name, colour): (Option<String>, Option<Colour>) = (row.take()?, row.take()?);
    Ok(id.zip(name).zip(colour).map(|((id, name), colour)| Badge { id, name, colour }))
}

/// Accounts, with what comes after the joins.
pub(super) fn select(snapshot: &Snapshot<'_>, end: &str, arguments: &[Value]) -> Result<Vec<Account>, Fault> {
    snapshot.all(&format!("select {COLUMNS} from {FROM} {end}"), arguments, account)
}

pub(super) fn find<'a>(snapshot: &'a Snapshot<'_>, id: AccountId) -> Result<Asked<'a, Option<Account>>, Fault> {
    snapshot.ask_first(&format!("select {COLUMNS} from {FROM} where a.id = $1"), params![id], account)
}

/// Holds the account's row until the transaction ends; `false` when there is none.
pub(super) fn hold(tx: &Tx<'_>, id: AccountId) -> Result<bool, Fault> {
    let sql = format!("select id from accounts where id = $1{}", tx.for_update());
    Ok(tx.optional(&sql, params![id], Row::take::<i64>)?.is_some())
}

/// The values of the columns that are typed, in the order in which they are written.
fn values(details: &Details) -> Vec<Value> {
    params![
        details.name,
        details.first_name,
        details.last_name,
        details.company,
        details.contact_email,
        details.address1,
        details.address2,
        details.city,
        details.state,
        details.postcode,
        details.country,
        details.phone,
        details.tax_id,
        details.language,
        details.currency,
        details.categories,
        i64::from(details.marketing_opt_in)
    ]
    .to_vec()
}

pub(super) fn insert(tx: &Tx<'_>, details: &Details, owner: UserId) -> Result<AccountId, Fault> {
    let mut arguments = values(details);
    arguments.extend([Status::Active.to_value(), owner.to_value(), tx.now().to_value()]);
    tx.one(
        "insert into accounts (name, first_name, last_name, company, contact_email, address1, address2, city, state, postcode,
                country, phone, tax_id, language, currency, mail_categories, marketing_opt_in, status, owner_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) returning id",
        &arguments,
        Row::take,
    )
}

pub(super) fn update(tx: &Tx<'_>, id: AccountId, details: &Details) -> Result<(), Fault> {
    let mut arguments = values(details);
    arguments.push(id.to_value());
    tx.execute(
        "update accounts set name = $1, first_name = $2, last_name = $3, company = $4, contact_email = $5, address1 = $6,
                address2 = $7, city = $8, state = $9, postcode = $10, country = $11, phone = $12, tax_id = $13, language = $14,
                currency = $15, mail_categories = $16, marketing_opt_in = $17
         where id = $18",
        &arguments,
    )?;
    Ok(())
}

pub(super) fn classify(tx: &Tx<'_>, id: AccountId, group: Option<ClientGroupId>, status: Status) -> Result<(), Fault> {
    tx.execute("update accounts set group_id = $1, status = $2 where id = $3", params![group, status, id])?;
    Ok(())
}

pub(super) fn set_status(tx: &Tx<'_>, id: AccountId, status: Status) -> Result<(), Fault> {
    let closed_at = (status == Status::Closed).then(|| tx.now());
    tx.execute("update accounts set status = $1, closed_at = $2 where id = $3", params![status, closed_at, id])?;
    Ok(())
}

/// `false` when it was so already.
pub(super) fn require_two_factor(tx: &Tx<'_>, id: AccountId, required: bool) -> Result<bool, Fault> {
    let at = required.then(|| tx.now());
    let changed = tx.execute(
        "update accounts set two_factor_required_at = $1
         where id = $2 and case when two_factor_required_at is null then 0 else 1 end <> $3",
        params![at, id, i64::from(required)],
    )?;
    Ok(changed == 1)
}

/// `false` when it was so already.
pub(super) fn allow_sso(tx: &Tx<'_>, id: AccountId, allowed: bool) -> Result<bool, Fault> {
    let changed =
        tx.execute("update accounts set allow_sso = $1 where id = $2 and allow_sso <> $1", params![i64::from(allowed), id])?;
    Ok(changed == 1)
}

pub(super) fn delete(tx: &Tx<'_>, id: AccountId) -> Result<(), Fault> {
    // Mails before their promises, as everywhere.
    tx.execute(
        "update mails set cancelled_at = $1
         where account_id = $2 and sent_at is null and failed_at is null and cancelled_at is null",
        params![tx.now(), id],
    )?;
    tx.execute(
        "delete from outbox where topic = 'mail' and ref_id in (select id from mails where account_id = $1)",
        params![id],
    )?;
    tx.execute("delete from accounts where id = $1", params![id])?;
    Ok(())
}

pub(super) fn list(snapshot: &Snapshot<'_>, filter: &Filter, limit: i64) -> Result<Vec<Listed>, Fault> {
    let mut arguments: Vec<Value> =
        vec![limit.to_value(), filter.status.map(Status::key).to_value(), filter.group.to_value(), filter.before.to_value()];
    let found = search::condition(search::Kind::Account, "a.id", &filter.query, &mut arguments);
    let sql = format!(
        "select {COLUMNS}, (select count(*) from memberships m where m.account_id = a.id)
         from {FROM}
         where ($2 is null or a.status = $2) and ($3 is null or a.group_id = $3) and ($4 is null or a.id < $4) and {}
         order by a.id desc limit $1",
        found.as_deref().unwrap_or("1 = 1")
    );
    snapshot.all(&sql, &arguments, |row| Ok(Listed { account: account(row)?, users: row.take()? }))
}

pub(super) fn count(snapshot: &Snapshot<'_>) -> Result<(i64, i64, i64), Fault> {
    snapshot.one(
        "select (select count(*) from accounts), (select count(*) from users),
                (select count(*) from invitations
                 where accepted_at is null and declined_at is null and cancelled_at is null and expires_at > $1)",
        params![snapshot.now()],
        |row| Ok((row.take()?, row.take()?, row.take()?)),
    )
}
