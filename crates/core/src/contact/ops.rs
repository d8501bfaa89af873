use super::{Category, Contact, Details, Error, Filter, MAX_PER_ACCOUNT, NewContact, sql};
use crate::access::{Allowed, AllowedAdmin, ManageContacts, ShowsContacts, ViewStaffArea};
use crate::account;
use crate::app::{Snapshot, Tx};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::{AccountId, ContactId};

/// The whole address book of an account, by name: at most [`MAX_PER_ACCOUNT`].
pub fn of_account<P: ShowsContacts>(snapshot: &Snapshot<'_>, by: &Allowed<P>) -> Result<Vec<Contact>, Fault> {
    let filter = Filter { account: Some(by.account()), ..Filter::default() };
    let mut contacts = sql::list(snapshot, &filter, MAX_PER_ACCOUNT)?;
    contacts.sort_by_cached_key(|contact| {
        let details = &contact.details;
        let sorted_by = if details.last_name.is_empty() { details.name() } else { details.last_name.clone() };
        (crate::text::folded(&sorted_by), crate::text::folded(&details.first_name), contact.id)
    });
    Ok(contacts)
}

/// Contacts of the account by their numbers, after this one: a page for programs.
pub fn page<P: ShowsContacts>(
    snapshot: &Snapshot<'_>,
    by: &Allowed<P>,
    after: Option<ContactId>,
    limit: i64,
) -> Result<Vec<Contact>, Fault> {
    sql::list(snapshot, &Filter { account: Some(by.account()), after, ..Filter::default() }, limit)
}

/// Contacts of any account that a filter finds, oldest first, at most `limit`.
pub fn list(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewStaffArea>,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Contact>, Fault> {
    sql::list(snapshot, filter, limit)
}

/// How many contacts a filter finds, whatever page it is at.
pub fn count(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ViewStaffArea>, filter: &Filter) -> Result<i64, Fault> {
    sql::count(snapshot, &Filter { after: None, ..filter.clone() })
}

/// A contact of the ticket's account.
pub fn find<P: ShowsContacts>(snapshot: &Snapshot<'_>, by: &Allowed<P>, id: ContactId) -> Result<Option<Contact>, Fault> {
    sql::find(snapshot, by.account(), id)
}

/// The account of this contact, for doors that are given the contact alone. Reading it needs no ticket; showing it to
/// somebody does.
pub fn account_of(snapshot: &Snapshot<'_>, id: ContactId) -> Result<Option<AccountId>, Fault> {
    sql::account_of(snapshot, id)
}

/// Adds a contact.
pub fn add(tx: &Tx<'_>, by: &Allowed<ManageContacts>, new: &NewContact) -> Result<ContactId, Error> {
    // The ticket holds the account's row: of two who add the last one, the second sees the first.
    if sql::count(tx, &Filter { account: Some(by.account()), ..Filter::default() })? >= MAX_PER_ACCOUNT {
        return Err(Error::TooMany);
    }
    let id = sql::insert(tx, by.account(), new).map_err(taken)?;
    record(tx, by, EventKind::ContactAdded, &new.details.email, String::new())?;
    Ok(id)
}

/// Changes a contact. What it was before is not written into the log: who reads that may not be one who sees contacts.
pub fn update(tx: &Tx<'_>, by: &Allowed<ManageContacts>, id: ContactId, new: &NewContact) -> Result<(), Error> {
    let before = sql::find(tx, by.account(), id)?.ok_or(Error::NotFound)?.details;
    if before == new.details {
        return Ok(());
    }
    if before.categories.has(Category::Domain) && !new.details.categories.has(Category::Domain) {
        keep_domain_recipient(tx, by.account(), id, Error::DomainRecipient)?;
    }
    sql::update(tx, by.account(), id, new).map_err(taken)?;
    Ok(record(tx, by, EventKind::ContactUpdated, &new.details.email, changed(&before, &new.details))?)
}

/// Deletes a contact.
pub fn delete(tx: &Tx<'_>, by: &Allowed<ManageContacts>, id: ContactId) -> Result<(), Error> {
    let before = sql::find(tx, by.account(), id)?.ok_or(Error::NotFound)?.details;
    if before.categories.has(Category::Domain) {
        keep_domain_recipient(tx, by.account(), id, Error::LastDomainRecipient)?;
    }
    let email = sql::delete(tx, by.account(), id)?.ok_or(Error::NotFound)?;
    Ok(record(tx, by, EventKind::ContactDeleted, &email, String::new())?)
}

/// Refuses unless somebody else than this contact gets mail about domains: ICANN wants their holder to be reached. The ticket
/// holds the account's row, so of two who stop at the same moment the second is refused.
fn keep_domain_recipient(tx: &Tx<'_>, account: AccountId, but: ContactId, refused: Error) -> Result<(), Error> {
    let own = account::find(tx, account)?.ok_or(Error::NotFound)?.details.categories;
    if own.has(Category::Domain) || gets_domain_mail(tx, account, Some(but))? { Ok(()) } else { Err(refused) }
}

/// Whether a contact of the account, this one left out, gets mail about domains.
pub(crate) fn gets_domain_mail(snapshot: &Snapshot<'_>, account: AccountId, but: Option<ContactId>) -> Result<bool, Fault> {
    let filter = Filter { account: Some(account), ..Filter::default() };
    let contacts = sql::list(snapshot, &filter, MAX_PER_ACCOUNT)?;
    Ok(contacts.iter().any(|contact| Some(contact.id) != but && contact.details.categories.has(Category::Domain)))
}

fn taken(fault: Fault) -> Error {
    if fault.is_unique("contacts_account_id_email_key") { Error::EmailTaken } else { Error::Fault(fault) }
}

fn record(tx: &Tx<'_>, by: &Allowed<ManageContacts>, kind: EventKind, email: &str, detail: String) -> Result<(), Fault> {
    let event = Event::new(kind).in_account(by.account(), by.account_name()).with_email(email).with_detail(detail);
    tx.record(by.actor(), &event)
}

/// The names of the fields that differ.
fn changed(before: &Details, after: &Details) -> String {
    let fields = [
        ("first name", before.first_name != after.first_name),
        ("last name", before.last_name != after.last_name),
        ("company", before.company != after.company),
        ("email", before.email != after.email),
        ("address", before.address1 != after.address1),
        ("address 2", before.address2 != after.address2),
        ("city", before.city != after.city),
        ("state", before.state != after.state),
        ("postcode", before.postcode != after.postcode),
        ("country", before.country != after.country),
        ("phone", before.phone != after.phone),
        ("tax number", before.tax_id != after.tax_id),
        ("mail", before.categories != after.categories),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect::<Vec<_>>().join(", ")
}
