//! Users by page number, each with its accounts: for the action API.

use super::{User, read_row};
use crate::access::{AllowedAdmin, ViewStaffArea};
use crate::app::Snapshot;
use crate::db::{Row, ToValue, Value, in_chunks};
use crate::error::Fault;
use crate::id::{AccountId, UserId};
use crate::paging::{Part, Slice};
use crate::search;

/// A user and the accounts it may enter.
#[derive(Clone, Debug)]
pub struct InAccounts {
    /// The user.
    pub user: User,
    /// The accounts, and whether it owns them.
    pub accounts: Vec<(AccountId, bool)>,
}

/// Users whom a query finds, by number.
pub fn part(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewStaffArea>,
    query: &str,
    slice: Slice,
) -> Result<Part<InAccounts>, Fault> {
    let mut arguments: Vec<Value> = Vec::new();
    let found = search::found(snapshot, search::Kind::User, "u.id", query, &mut arguments)?.unwrap_or_else(|| "1 = 1".to_owned());
    let total = snapshot.one(&format!("select count(*) from users u where {found}"), &arguments, Row::take)?;
    arguments.extend([slice.limit().to_value(), slice.offset().to_value()]);
    let (limit, offset) = (arguments.len() - 1, arguments.len());
    let sql = format!(
        "select {} from users u where {found} order by u.id {} limit ${limit} offset ${offset}",
        super::COLUMNS,
        slice.direction()
    );
    let users = snapshot.all(&sql, &arguments, read_row)?;
    let accounts = accounts_of(snapshot, &users)?;
    let of = |user: UserId| accounts.iter().filter(|(of, ..)| *of == user).map(|(_, id, owns)| (*id, *owns)).collect();
    Ok(Part { total, rows: users.into_iter().map(|user| InAccounts { accounts: of(user.id), user }).collect() })
}

/// Who may enter which account, for these users.
fn accounts_of(snapshot: &Snapshot<'_>, users: &[User]) -> Result<Vec<(UserId, AccountId, bool)>, Fault> {
    let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    let mut found = Vec::new();
    for (places, mut arguments) in in_chunks(&ids) {
        arguments.push(snapshot.now().to_value());
        let now = arguments.len();
        let sql = format!(
            "select m.user_id, m.account_id, case when a.owner_id = m.user_id then 1 else 0 end
             from memberships m join accounts a on a.id = m.account_id
             where m.user_id in ({places}) and (m.ends_at is null or m.ends_at > ${now} or a.owner_id = m.user_id)
             order by m.user_id, m.account_id"
        );
        found.extend(snapshot.all(&sql, &arguments, |row| Ok((row.take()?, row.take()?, row.take()?)))?);
    }
    Ok(found)
}
