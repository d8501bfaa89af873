//! Accounts by page number and by their own address: for the action API.

use super::{Account, Status, sql};
use crate::access::{AllowedAdmin, ViewStaffArea};
use crate::app::Snapshot;
use crate::db::{Row, ToValue, Value};
use crate::error::Fault;
use crate::id::AccountId;
use crate::paging::{Part, Slice};
use crate::search;
use crate::text::folded;

/// What a list is ordered by; within the same, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The number.
    #[default]
    Id,
    /// First name of who is written to.
    FirstName,
    /// Last name of who is written to.
    LastName,
    /// The company.
    Company,
    /// Where mail goes.
    Email,
    /// The group.
    Group,
    /// Since when it exists.
    Created,
    /// Active, Closed, Inactive.
    Status,
}

impl Order {
    const fn column(self) -> &'static str {
        match self {
            Self::Id => "a.id",
            Self::FirstName => "a.first_name",
            Self::LastName => "a.last_name",
            Self::Company => "a.company",
            Self::Email => "a.contact_email",
            Self::Group => "coalesce(a.group_id, 0)",
            Self::Created => "a.created_at",
            Self::Status => "a.status",
        }
    }
}

/// Which accounts to find, and in which order.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Beginnings of words of name, company or email.
    pub query: String,
    /// Only this status.
    pub status: Option<Status>,
    /// In which order.
    pub order: Order,
}

/// Accounts that are wanted.
pub fn part(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewStaffArea>,
    wanted: &Wanted,
    slice: Slice,
) -> Result<Part<Account>, Fault> {
    let mut arguments: Vec<Value> = vec![wanted.status.map(Status::key).to_value()];
    let found = search::found(snapshot, search::Kind::Account, "a.id", &wanted.query, &mut arguments)?;
    let found = format!("($1 is null or a.status = $1) and {}", found.as_deref().unwrap_or("1 = 1"));
    let total = snapshot.one(&format!("select count(*) from accounts a where {found}"), &arguments, Row::take)?;
    arguments.extend([slice.limit().to_value(), slice.offset().to_value()]);
    let (limit, offset) = (arguments.len() - 1, arguments.len());
    let (column, direction) = (wanted.order.column(), slice.direction());
    let end = format!("where {found} order by {column} {direction}, a.id {direction} limit ${limit} offset ${offset}");
    Ok(Part { total, rows: sql::select(snapshot, &end, &arguments)? })
}

/// The first account whose own address this is. Reading it needs no ticket; showing it to somebody does.
pub fn by_contact_email(snapshot: &Snapshot<'_>, email: &str) -> Result<Option<AccountId>, Fault> {
    let wanted = folded(email.trim());
    let mut arguments: Vec<Value> = Vec::new();
    let found = search::found(snapshot, search::Kind::Account, "a.id", &wanted, &mut arguments)?;
    let Some(found) = found else { return Ok(None) };
    let accounts = sql::select(snapshot, &format!("where {found} order by a.id limit 100"), &arguments)?;
    Ok(accounts.into_iter().find(|account| folded(&account.details.contact_email) == wanted).map(|account| account.id))
}
