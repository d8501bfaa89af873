use super::{Account, Details, Filter, Listed, Owner, Status};
use crate::app::{Snapshot, Tx};
use crate::db::{DbError, Row, ToValue, Value};
use crate::error::Fault;
use crate::id::{AccountId, UserId};
use crate::params;
use crate::search;

const COLUMNS: &str = "a.id, a.name, a.company, a.contact_email, a.address1, a.address2, a.city, a.state, a.postcode, a.country, a.phone, \
     a.status, a.client_group, o.id, o.first_name || ' ' || o.last_name, o.email, a.created_at, a.revision, \
     case when a.two_factor_required_at is null then 0 else 1 end";

fn account(row: &mut Row) -> Result<Account, DbError> {
    Ok(Account {
        id: row.take()?,
        details: Details {
            name: row.take()?,
            company: row.take()?,
            contact_email: row.take()?,
            address1: row.take()?,
            address2: row.take()?,
            city: row.take()?,
            state: row.take()?,
            postcode: row.take()?,
            country: row.take()?,
            phone: row.take()?,
        },
        status: row.take()?,
        group: row.take()?,
        owner: Owner { id: row.take()?, name: row.take()?, email: row.take()? },
        created_at: row.take()?,
        revision: row.take()?,
        two_factor_required: row.take()?,
    })
}

pub(super) fn find(snapshot: &Snapshot<'_>, id: AccountId) -> Result<Option<Account>, Fault> {
    snapshot.optional(
        &format!("select {COLUMNS} from accounts a join users o on o.id = a.owner_id where a.id = $1"),
        params![id],
        account,
    )
}

/// Holds the account's row until the transaction ends; `false` when there is none.
pub(super) fn hold(tx: &Tx<'_>, id: AccountId) -> Result<bool, Fault> {
    let sql = format!("select id from accounts where id = $1{}", tx.for_update());
    Ok(tx.optional(&sql, params![id], Row::take::<i64>)?.is_some())
}

pub(super) fn insert(tx: &Tx<'_>, details: &Details, owner: UserId) -> Result<AccountId, Fault> {
    tx.one(
        "insert into accounts (name, company, contact_email, address1, address2, city, state, postcode, country, phone, status, owner_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id",
        params![
            details.name,
            details.company,
            details.contact_email,
            details.address1,
            details.address2,
            details.city,
            details.state,
            details.postcode,
            details.country,
            details.phone,
            Status::Active,
            owner,
            tx.now()
        ],
        Row::take,
    )
}

pub(super) fn update(tx: &Tx<'_>, id: AccountId, details: &Details) -> Result<(), Fault> {
    tx.execute(
        "update accounts set name = $1, company = $2, contact_email = $3, address1 = $4, address2 = $5, city = $6, state = $7,
                postcode = $8, country = $9, phone = $10 where id = $11",
        params![
            details.name,
            details.company,
            details.contact_email,
            details.address1,
            details.address2,
            details.city,
            details.state,
            details.postcode,
            details.country,
            details.phone,
            id
        ],
    )?;
    Ok(())
}

pub(super) fn classify(tx: &Tx<'_>, id: AccountId, group: &str, status: Status) -> Result<(), Fault> {
    tx.execute("update accounts set client_group = $1, status = $2 where id = $3", params![group, status, id])?;
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
         from accounts a join users o on o.id = a.owner_id
         where ($2 is null or a.status = $2) and ($3 is null or a.client_group = $3) and ($4 is null or a.id < $4) and {}
         order by a.id desc limit $1",
        found.as_deref().unwrap_or("1 = 1")
    );
    snapshot.all(&sql, &arguments, |row| Ok(Listed { account: account(row)?, users: row.take()? }))
}

pub(super) fn groups(snapshot: &Snapshot<'_>) -> Result<Vec<String>, Fault> {
    snapshot.all("select distinct client_group from accounts where client_group <> '' order by 1 limit 200", &[], Row::take)
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
