use super::{OwnerChange, Whose};
use crate::access::{Actor, Allowed, TransferOwnership};
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row, Value};
use crate::error::Fault;
use crate::id::{AccountId, OwnerChangeId, UserId};
use crate::params;

const SELECT: &str = "select c.id, c.account_id, a.name, c.user_id, u.first_name || ' ' || u.last_name, u.email,
     c.asked_by_kind, c.asked_by_id, c.asked_by_name, c.admin_id, c.asked_at, c.expires_at
     from owner_changes c join accounts a on a.id = c.account_id join users u on u.id = c.user_id";

fn change(row: &mut Row) -> Result<OwnerChange, DbError> {
    Ok(OwnerChange {
        id: row.take()?,
        account: row.take()?,
        account_name: row.take()?,
        user: row.take()?,
        user_name: row.take()?,
        email: row.take()?,
        asked_by: Actor { kind: row.take()?, id: row.take()?, name: row.take()? },
        admin: row.take()?,
        asked_at: row.take()?,
        expires_at: row.take()?,
    })
}

pub(super) fn insert(
    tx: &Tx<'_>,
    by: &Allowed<TransferOwnership>,
    user: UserId,
    expires_at: Timestamp,
) -> Result<OwnerChangeId, Fault> {
    let actor = by.actor();
    tx.one(
        "insert into owner_changes (account_id, user_id, asked_by_kind, asked_by_id, asked_by_name, admin_id, asked_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
        params![by.account(), user, actor.kind.key(), actor.id, actor.name, by.admin(), tx.now(), expires_at],
        Row::take,
    )
}

/// The open change of an account, of this number if one is given.
pub(super) fn find(snapshot: &Snapshot<'_>, account: AccountId, id: Option<OwnerChangeId>) -> Result<Option<OwnerChange>, Fault> {
    snapshot.optional(
        &format!("{SELECT} where c.account_id = $1 and ($2 is null or c.id = $2) and c.expires_at > $3"),
        params![account, id, snapshot.now()],
        change,
    )
}

pub(super) fn open(snapshot: &Snapshot<'_>, limit: i64) -> Result<Vec<OwnerChange>, Fault> {
    snapshot.all(
        &format!("{SELECT} where c.expires_at > $1 order by c.expires_at, c.id limit $2"),
        params![snapshot.now(), limit],
        change,
    )
}

/// In one order, in which they are then held one by one.
pub(super) fn of(snapshot: &Snapshot<'_>, whose: Whose) -> Result<Vec<OwnerChange>, Fault> {
    let (condition, arguments): (&str, Vec<Value>) = match whose {
        Whose::Account(account) => ("c.account_id = $1", params![account].to_vec()),
        Whose::Member(account, user) => ("c.account_id = $1 and c.user_id = $2", params![account, user].to_vec()),
        Whose::Admin(admin) => ("c.admin_id = $1", params![admin].to_vec()),
        Whose::Credential(id) => ("c.asked_by_kind = 'api' and c.asked_by_id = $1", params![id].to_vec()),
        Whose::Everybody => ("1 = 1", Vec::new()),
    };
    snapshot.all(&format!("{SELECT} where {condition} order by c.id"), &arguments, change)
}

pub(super) fn over(snapshot: &Snapshot<'_>, limit: i64) -> Result<Vec<OwnerChange>, Fault> {
    snapshot.all(&format!("{SELECT} where c.expires_at <= $1 order by c.id limit $2"), params![snapshot.now(), limit], change)
}

/// `false` when somebody else was first.
pub(super) fn delete(tx: &Tx<'_>, id: OwnerChangeId) -> Result<bool, Fault> {
    Ok(tx.execute("delete from owner_changes where id = $1", params![id])? == 1)
}
