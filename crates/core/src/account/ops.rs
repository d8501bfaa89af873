use super::{Account, Details, Error, Filter, Listed, NewOwner, Status, sql};
use crate::access::{
    Actor, Allowed, AllowedAdmin, ChooseSso, ConfirmedAdmin, DeleteAccounts, EditAccounts, EditDetails, Grants, RequireTwoFactor,
    System, ViewStaffArea,
};
use crate::app::{Asked, Snapshot, Tx};
use crate::client_group;
use crate::contact::{self, Category};
use crate::db::DbError;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::{AccountId, ClientGroupId, UserId};
use crate::mail::{self, About, Notice};
use crate::masquerade::{self, Whose};
use crate::owner_change::{self, Whose as Changes};
use crate::{membership, registration, search, user};

/// Makes an account with its owner. A user who had a login before is told of it; one who is made for it has seen nothing else yet.
pub fn create(tx: &Tx<'_>, by: &AllowedAdmin<EditAccounts>, details: &Details, owner: &NewOwner) -> Result<AccountId, Error> {
    let id = insert(tx, by.actor(), details, owner)?;
    if let NewOwner::Existing(owner) = owner {
        let about = About::default().in_account(id, &details.name).by(&by.actor().name);
        mail::tell(tx, *owner, Notice::OwnershipGained, &about)?;
    }
    Ok(id)
}

/// Makes an account from the command line. Nobody is told: it is the operator who moves in with the clients that there are.
pub fn create_by_system(tx: &Tx<'_>, by: &System, details: &Details, owner: &NewOwner) -> Result<AccountId, Error> {
    insert(tx, by.actor(), details, owner)
}

fn insert(tx: &Tx<'_>, by: &Actor, details: &Details, owner: &NewOwner) -> Result<AccountId, Error> {
    let (owner, name) = match owner {
        NewOwner::Existing(id) | NewOwner::Made(id) => {
            user::hold(tx, *id)?.map(|user| (user.id, user.name)).ok_or(Error::NoSuchOwner)?
        }
        NewOwner::New(new) => (user::insert(tx, Some(by), new)?, new.name.clone()),
    };
    let details = &details.addressed_to(&name);
    let id = sql::insert(tx, details, owner)?;
    index(tx, id, details)?;
    tx.record(by, &Event::new(EventKind::AccountCreated).in_account(id, &details.name))?;
    // The owner has a row too; what is stored in it is of no meaning while it owns the account.
    let row =
        membership::New { account: id, user: owner, grants: Grants::all(), role: None, invitation: None, added_by: by.clone() };
    membership::insert(tx, by, &row)?;
    Ok(id)
}

fn index(tx: &Tx<'_>, id: AccountId, details: &Details) -> Result<(), Fault> {
    search::index(tx, search::Kind::Account, id.0, &words(details))
}

/// By what an account is found.
fn words(details: &Details) -> [&str; 5] {
    [&details.name, &details.company, &details.contact_email, &details.first_name, &details.last_name]
}

/// Changes the account's own data. The currency is staff's to choose: a user's change, or its credential's, leaves it as it is.
pub fn update(tx: &Tx<'_>, by: &Allowed<EditDetails>, details: &Details) -> Result<(), Error> {
    let before = find(tx, by.account())?.ok_or(Error::NotFound)?.details;
    let currency = if by.user().is_some() { &before.currency } else { &details.currency };
    let details = &Details { currency: currency.clone(), ..details.clone() };
    if before == *details {
        return Ok(());
    }
    // ICANN wants the holder of a domain to be reached. The account's row is held, so no contact stops at the same moment.
    let stops = before.categories.has(Category::Domain) && !details.categories.has(Category::Domain);
    if stops && !contact::gets_domain_mail(tx, by.account(), None)? {
        return Err(Error::DomainRecipient);
    }
    sql::update(tx, by.account(), details)?;
    index(tx, by.account(), details)?;
    let event =
        Event::new(EventKind::AccountUpdated).in_account(by.account(), &details.name).with_detail(changes(&before, details));
    Ok(tx.record(by.actor(), &event)?)
}

/// What changed, field by field.
fn changes(before: &Details, after: &Details) -> String {
    let (mail_before, mail_after) = (before.categories.keys(), after.categories.keys());
    let yes_no = |details: &Details| if details.marketing_opt_in { "yes" } else { "no" }.to_owned();
    let (marketing_before, marketing_after) = (yes_no(before), yes_no(after));
    let fields = [
        ("name", &before.name, &after.name),
        ("first name", &before.first_name, &after.first_name),
        ("last name", &before.last_name, &after.last_name),
        ("company", &before.company, &after.company),
        ("contact email", &before.contact_email, &after.contact_email),
        ("address", &before.address1, &after.address1),
        ("address 2", &before.address2, &after.address2),
        ("city", &before.city, &after.city),
        ("state", &before.state, &after.state),
        ("postcode", &before.postcode, &after.postcode),
        ("country", &before.country, &after.country),
        ("phone", &before.phone, &after.phone),
        ("tax number", &before.tax_id, &after.tax_id),
        ("language", &before.language, &after.language),
        ("currency", &before.currency, &after.currency),
        ("mail", &mail_before, &mail_after),
        ("marketing", &marketing_before, &marketing_after),
    ];
    let changed = fields.into_iter().filter(|(_, before, after)| before != after);
    changed.map(|(name, before, after)| format!("{name}: “{before}” → “{after}”")).collect::<Vec<_>>().join("; ")
}

/// Puts the account into a group and marks it active or inactive; a closed one stays closed.
pub fn classify(
    tx: &Tx<'_>,
    by: &AllowedAdmin<EditAccounts>,
    id: AccountId,
    group: Option<ClientGroupId>,
    active: bool,
) -> Result<(), Error> {
    sql::hold(tx, id)?;
    let account = find(tx, id)?.ok_or(Error::NotFound)?;
    let status = match (account.status, active) {
        (Status::Closed, _) => Status::Closed,
        (_, true) => Status::Active,
        (_, false) => Status::Inactive,
    };
    let before = account.group.as_ref().map(|group| group.id);
    if before == group && account.status == status {
        return Ok(());
    }
    let mut detail = Vec::new();
    if before != group {
        let after = group.map(|id| client_group::find(tx, id)?.ok_or(Error::NoSuchGroup)).transpose()?;
        let (was, is) = (account.group.map(|group| group.name), after.map(|group| group.details.name));
        detail.push(format!("group: “{}” → “{}”", was.unwrap_or_default(), is.unwrap_or_default()));
    }
    match sql::classify(tx, id, group, status) {
        // Deleted at this very moment.
        Err(Fault::Db(DbError::ForeignKey)) => return Err(Error::NoSuchGroup),
        changed => changed?,
    }
    if account.status != status {
        detail.push(format!("status: {} → {}", account.status.key(), status.key()));
    }
    let event = Event::new(EventKind::AccountUpdated).in_account(id, &account.details.name).with_detail(detail.join("; "));
    Ok(tx.record(by.actor(), &event)?)
}

/// Closes an account: nobody enters it from now on (PRODUCT rule 8).
pub fn close(tx: &Tx<'_>, by: &AllowedAdmin<EditAccounts>, id: AccountId) -> Result<(), Error> {
    set_status(tx, by.actor(), id, Status::Closed, EventKind::AccountClosed)
}

/// Opens a closed account again.
pub fn reopen(tx: &Tx<'_>, by: &AllowedAdmin<EditAccounts>, id: AccountId) -> Result<(), Error> {
    set_status(tx, by.actor(), id, Status::Active, EventKind::AccountReopened)
}

fn set_status(tx: &Tx<'_>, by: &Actor, id: AccountId, status: Status, kind: EventKind) -> Result<(), Error> {
    tx.bump_revision_of_existing(id)?.ok_or(Error::NotFound)?;
    let account = find(tx, id)?.ok_or(Error::NotFound)?;
    // What is not closed cannot be opened again, nor closed twice.
    if (account.status == Status::Closed) == (status == Status::Closed) {
        return Ok(());
    }
    sql::set_status(tx, id, status)?;
    if status == Status::Closed {
        owner_change::end_all(tx, by, Changes::Account(id), "account closed")?;
        masquerade::end_all(tx, Whose::Account(id), "account closed")?;
    }
    Ok(tx.record(by, &Event::new(kind).in_account(id, &account.details.name))?)
}

/// Requires a second factor of all users of the account, the owner among them, or no longer does: asked for when the account
/// is entered, not at login (ASVS V6.3.3).
pub fn require_two_factor(tx: &Tx<'_>, by: &Allowed<RequireTwoFactor>, required: bool) -> Result<(), Error> {
    if !sql::require_two_factor(tx, by.account(), required)? {
        return Ok(());
    }
    tx.bump_revision(by.account())?;
    let kind = if required { EventKind::TwoFactorRequired } else { EventKind::TwoFactorNotRequired };
    Ok(tx.record(by.actor(), &Event::new(kind).in_account(by.account(), by.account_name()))?)
}

/// Lets other systems log the account's users in with a link (single sign-on), or no longer does: then sessions that began so are
/// outside from their next request on.
pub fn allow_sso(tx: &Tx<'_>, by: &Allowed<ChooseSso>, allowed: bool) -> Result<(), Error> {
    if !sql::allow_sso(tx, by.account(), allowed)? {
        return Ok(());
    }
    tx.bump_revision(by.account())?;
    let kind = if allowed { EventKind::SsoAllowed } else { EventKind::SsoForbidden };
    Ok(tx.record(by.actor(), &Event::new(kind).in_account(by.account(), by.account_name()))?)
}

/// Deletes an account; its users stay.
pub fn delete(tx: &Tx<'_>, by: &AllowedAdmin<DeleteAccounts>, _confirmed: &ConfirmedAdmin, id: AccountId) -> Result<(), Error> {
    remove(tx, by.actor(), id).map(drop)
}

/// Deletes an account, and the users whom it would leave without any (PRODUCT rule 9). Returns how many those were.
pub fn delete_with_orphans(
    tx: &Tx<'_>,
    by: &AllowedAdmin<DeleteAccounts>,
    _confirmed: &ConfirmedAdmin,
    id: AccountId,
) -> Result<i64, Error> {
    // Held before anything is told to them, in one order: of two accounts that go at the same moment, the second waits here.
    if hold(tx, id)? {
        for member in membership::users_of(tx, id)? {
            user::hold(tx, member)?;
        }
    }
    let mut orphans = 0;
    for member in remove(tx, by.actor(), id)? {
        // Held before it is counted: of two accounts that go at the same moment, the second takes the user along.
        let Some(orphan) = user::hold(tx, member)? else { continue };
        if membership::count_of(tx, member)? == 0 {
            user::delete_orphan(tx, by.actor(), &orphan)?;
            orphans += 1;
        }
    }
    Ok(orphans)
}

/// Deletes the account and returns who were its users.
fn remove(tx: &Tx<'_>, by: &Actor, id: AccountId) -> Result<Vec<UserId>, Error> {
    tx.bump_revision_of_existing(id)?.ok_or(Error::NotFound)?;
    let account = find(tx, id)?.ok_or(Error::NotFound)?;
    let users = membership::users_of(tx, id)?;
    for user in &users {
        // Without the account itself: its mails go with it.
        mail::tell(tx, *user, Notice::AccountDeleted, &About::default().what(&account.details.name))?;
    }
    owner_change::end_all(tx, by, Changes::Account(id), "account deleted")?;
    masquerade::end_all(tx, Whose::Account(id), "account deleted")?;
    registration::forget_in_account(tx, id)?;
    sql::delete(tx, id)?;
    search::forget(tx, search::Kind::Account, id.0)?;
    tx.record(by, &Event::new(EventKind::AccountDeleted).in_account(id, &account.details.name))?;
    Ok(users)
}

/// Holds the account until the transaction ends: what changes in it happens one after the other. `false` when there is none.
pub(crate) fn hold(tx: &Tx<'_>, id: AccountId) -> Result<bool, Fault> {
    sql::hold(tx, id)
}

/// The account as it is until the transaction ends: for a deletion that rests on what somebody has seen of it.
pub fn find_to_delete(tx: &Tx<'_>, _by: &AllowedAdmin<DeleteAccounts>, id: AccountId) -> Result<Account, Error> {
    sql::hold(tx, id)?;
    find(tx, id)?.ok_or(Error::NotFound)
}

/// The account of this id. Reading it needs no ticket; showing it to somebody does.
pub fn find(snapshot: &Snapshot<'_>, id: AccountId) -> Result<Option<Account>, Fault> {
    ask(snapshot, id)?.answer()
}

/// The same to be answered later.
pub fn ask<'a>(snapshot: &'a Snapshot<'_>, id: AccountId) -> Result<Asked<'a, Option<Account>>, Fault> {
    sql::find(snapshot, id)
}

/// Accounts that a filter finds, newest first.
pub fn list(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewStaffArea>,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Listed>, Fault> {
    sql::list(snapshot, filter, limit)
}

/// How many accounts, users and pending invitations there are.
pub fn count(snapshot: &Snapshot<'_>) -> Result<(i64, i64, i64), Fault> {
    sql::count(snapshot)
}
