use super::{AdminGrants, Standing};
use crate::app::{Snapshot, Tx};
use crate::db::Row;
use crate::error::Fault;
use crate::id::{AccountId, AdminId, UserId};
use crate::params;

/// `lock` is empty or holds the account's row until the end of the transaction.
///
/// PostgreSQL would lock the rows of all tables in the `from` list, so the account is locked by a
/// statement of its own, before what depends on it is read.
pub(super) fn standing(snapshot: &Snapshot<'_>, user: UserId, account: AccountId, lock: &str) -> Result<Option<Standing>, Fault> {
    if !lock.is_empty() && account_name(snapshot, account, lock)?.is_none() {
        return Ok(None);
    }
    let now = snapshot.now();
    snapshot.optional(
        "select u.first_name || ' ' || u.last_name, a.name, case when a.status = 'closed' then 1 else 0 end,
                case when a.owner_id = u.id then 1 else 0 end, m.grants, m.ends_at
         from memberships m join accounts a on a.id = m.account_id join users u on u.id = m.user_id
         where m.account_id = $1 and m.user_id = $2",
        params![account, user],
        |row| {
            Ok(Standing {
                user,
                user_name: row.take()?,
                account_name: row.take()?,
                is_closed: row.take()?,
                is_owner: row.take()?,
                grants: row.take()?,
                ends_at: row.take()?,
                now,
            })
        },
    )
}

pub(super) fn account_name(snapshot: &Snapshot<'_>, account: AccountId, lock: &str) -> Result<Option<String>, Fault> {
    snapshot.optional(&format!("select name from accounts where id = $1{lock}"), params![account], Row::take)
}

pub(super) fn user_name(snapshot: &Snapshot<'_>, user: UserId) -> Result<Option<String>, Fault> {
    snapshot.optional("select first_name || ' ' || last_name from users where id = $1", params![user], Row::take)
}

/// The name and what the role holds.
pub(super) fn enabled_admin(snapshot: &Snapshot<'_>, admin: AdminId) -> Result<Option<(String, AdminGrants)>, Fault> {
    snapshot.optional(
        "select a.name, r.built_in, r.permissions from admins a join admin_roles r on r.id = a.role_id
         where a.id = $1 and a.disabled_at is null",
        params![admin],
        |row| {
            let name = row.take()?;
            let (built_in, permissions): (Option<String>, String) = (row.take()?, row.take()?);
            Ok((name, AdminGrants::of_role(built_in.as_deref(), &permissions)))
        },
    )
}

pub(super) fn bump_revision(tx: &Tx<'_>, account: AccountId) -> Result<Option<i64>, Fault> {
    tx.optional("update accounts set revision = revision + 1 where id = $1 returning revision", params![account], |row| {
        row.take()
    })
}
