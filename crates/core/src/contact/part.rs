//! Contacts by page number, and who gets a kind of mail: for the action API and for messages.

use super::{Category, Contact, Filter, sql};
use crate::access::{Allowed, AllowedAdmin, ShowsContacts, ViewStaffArea};
use crate::app::Snapshot;
use crate::error::Fault;
use crate::id::AccountId;
use crate::paging::{Part, Slice};

/// Contacts of any account that a filter finds, oldest first.
pub fn part(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewStaffArea>,
    filter: &Filter,
    slice: Slice,
) -> Result<Part<Contact>, Fault> {
    Ok(Part { total: sql::count(snapshot, filter)?, rows: sql::slice(snapshot, filter, slice)? })
}

/// Contacts of the ticket's account that a filter finds, oldest first; none where the filter wants another account's.
pub fn part_of_account<P: ShowsContacts>(
    snapshot: &Snapshot<'_>,
    by: &Allowed<P>,
    filter: &Filter,
    slice: Slice,
) -> Result<Part<Contact>, Fault> {
    if filter.account.is_some_and(|account| account != by.account()) {
        return Ok(Part { total: 0, rows: Vec::new() });
    }
    let filter = Filter { account: Some(by.account()), ..filter.clone() };
    Ok(Part { total: sql::count(snapshot, &filter)?, rows: sql::slice(snapshot, &filter, slice)? })
}

/// The addresses of an account's contacts that get mail of this kind.
pub(crate) fn receiving(snapshot: &Snapshot<'_>, account: AccountId, category: Category) -> Result<Vec<String>, Fault> {
    let filter = Filter { account: Some(account), ..Filter::default() };
    let contacts = sql::list(snapshot, &filter, super::MAX_PER_ACCOUNT)?;
    Ok(contacts
        .into_iter()
        .filter(|contact| contact.details.categories.has(category))
        .map(|contact| contact.details.email)
        .collect())
}
