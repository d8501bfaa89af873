use std::time::Duration;

use super::{Caller, Credential, Error, IDENTIFIER_LENGTH, MAX_OF_ACCOUNT, Made, NewCredential, Shown, sql};
use crate::access::{
    Allowed, AllowedAdmin, ApiCall, Confirmed, ConfirmedAdmin, ManageAccountApi, ManageApi, Myself, Subject, System,
};
use crate::app::{Snapshot, Tx};
use crate::db::DbError;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::{AccountId, AdminId, ApiCredentialId};
use crate::mail::{self, About, Notice, Person};
use crate::owner_change::{self, Whose};
use crate::{access::Actor, account, api_role, device, user};

/// A credential that was used this recently is not written again.
const TOUCH_EVERY: Duration = Duration::from_mins(1);

/// Makes a credential of the admin's. It never does more than the admin may.
pub fn create(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageApi>,
    _confirmed: &ConfirmedAdmin,
    new: &NewCredential,
) -> Result<Made, Error> {
    make(tx, by.actor(), Maker::Admin(by.id()), new)
}

/// Makes a credential by a machine. It does no more than the machine's own: its rights are among those, it is used from the same
/// addresses, in the same account and ends no later.
pub fn create_by_api(tx: &Tx<'_>, by: &AllowedAdmin<ManageApi>, call: ApiCall, new: &NewCredential) -> Result<Made, Error> {
    let own = sql::limits(tx, call.credential())?.ok_or(Error::NotFound)?;
    let role = api_role::find(tx, new.role)?.ok_or(Error::NoSuchRole)?;
    if !tx.api_rights(call)?.covers(&role.rights) {
        return Err(Error::BeyondOwn("role"));
    }
    if own.expires_at.is_some_and(|end| new.expires_at.is_none_or(|wanted| wanted > end)) {
        return Err(Error::BeyondOwn("expires"));
    }
    if !own.networks.covers(&new.networks) {
        return Err(Error::BeyondOwn("networks"));
    }
    make(tx, by.actor(), Maker::Admin(by.id()), new)
}

/// Makes a credential that belongs to this admin: the command line's way.
pub fn create_by_system(tx: &Tx<'_>, by: &System, admin: AdminId, new: &NewCredential) -> Result<Made, Error> {
    make(tx, by.actor(), Maker::Admin(admin), new)
}

/// Makes a credential for the own account. It works there alone, and no longer than its maker owns the account.
pub fn create_for_account(
    tx: &Tx<'_>,
    by: &Allowed<ManageAccountApi>,
    confirmed: &Confirmed,
    new: &NewCredential,
) -> Result<Made, Error> {
    let Subject::User(owner) = confirmed.subject() else { return Err(Error::NotFound) };
    user::hold(tx, owner)?;
    tx.still_confirmed(confirmed)?;
    // The account's row is held: of two at once the second sees the first.
    if sql::count_of_account(tx, by.account())? >= MAX_OF_ACCOUNT {
        return Err(Error::TooMany);
    }
    make(tx, by.actor(), Maker::Owner(owner), &NewCredential { account: Some(by.account()), ..new.clone() })
}

/// Who answers for a credential.
#[derive(Clone, Copy)]
pub(super) enum Maker {
    Admin(AdminId),
    Owner(crate::id::UserId),
}

fn make(tx: &Tx<'_>, actor: &Actor, maker: Maker, new: &NewCredential) -> Result<Made, Error> {
    if new.expires_at.is_some_and(|end| end <= tx.now()) {
        return Err(Error::EndsInThePast);
    }
    let account = new.account.map(|id| account::find(tx, id)?.map(|found| (id, found.details.name)).ok_or(Error::NoSuchAccount));
    let account = account.transpose()?;
    let bytes = tx.random::<{ IDENTIFIER_LENGTH / 2 }>()?;
    let identifier = bytes.iter().fold(String::with_capacity(IDENTIFIER_LENGTH), |text, byte| format!("{text}{byte:02x}"));
    let shown = Shown { identifier, secret: tx.secret()? };
    let id = match sql::insert(tx, maker, new, &shown) {
        Err(Fault::Db(DbError::ForeignKey)) => return Err(Error::NoSuchRole),
        inserted => inserted?,
    };
    tx.record(actor, &about(EventKind::ApiCredentialCreated, &new.name, account))?;
    tell(tx, maker, new)?;
    Ok(Made { id, shown })
}

/// A program may do now what the maker may, and goes on when the maker's password is changed: whoever did not make it learns of it.
fn tell(tx: &Tx<'_>, maker: Maker, new: &NewCredential) -> Result<(), Fault> {
    let (subject, page) = match (maker, new.account) {
        (Maker::Owner(id), Some(account)) => (Subject::User(id), format!("/a/{account}/api")),
        (Maker::Owner(id), None) => (Subject::User(id), "/accounts".to_owned()),
        (Maker::Admin(id), _) => (Subject::Admin(id), "/admin/config/api".to_owned()),
    };
    let Some((person, to)) = device::name_of(tx, subject)? else { return Ok(()) };
    let whom = Person { user: subject.user(), name: &person, to: &to };
    mail::tell_person(tx, &whom, Notice::CredentialMade, &About::default().what(&new.name).on_page(page))
}

fn about(kind: EventKind, name: &str, account: Option<(AccountId, String)>) -> Event {
    let event = Event::new(kind).with_detail(name);
    match account {
        Some((id, account)) => event.in_account(id, &account),
        None => event,
    }
}

/// Every credential, newest first.
pub fn list(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ManageApi>) -> Result<Vec<Credential>, Fault> {
    sql::list(snapshot, sql::Of::Everybody)
}

/// Credentials, newest first, before this one: a page for programs.
pub fn page(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ManageApi>,
    before: Option<ApiCredentialId>,
    limit: i64,
) -> Result<Vec<Credential>, Fault> {
    sql::page(snapshot, before, limit)
}

/// The credential as it is until the transaction ends: for a change that rests on what somebody has seen of it.
pub fn find_to_change(tx: &Tx<'_>, _by: &AllowedAdmin<ManageApi>, id: ApiCredentialId) -> Result<Credential, Error> {
    sql::hold(tx, id)?;
    sql::find(tx, id)?.ok_or(Error::NotFound)
}

/// One credential.
pub fn find(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ManageApi>, id: ApiCredentialId) -> Result<Credential, Error> {
    sql::find(snapshot, id)?.ok_or(Error::NotFound)
}

/// The credentials that work in the account alone, newest first: the owner's, and those that the operator has bound to it.
/// Which admin that was stays the operator's business.
pub fn of_account(snapshot: &Snapshot<'_>, by: &Allowed<ManageAccountApi>) -> Result<Vec<Credential>, Fault> {
    let mut credentials = sql::list(snapshot, sql::Of::Account(by.account()))?;
    for credential in credentials.iter_mut().filter(|credential| credential.by_operator) {
        credential.made_by.clear();
    }
    Ok(credentials)
}

/// The credentials that owners have made for the account, by their numbers. One that was revoked is not among them.
pub(crate) fn owners_of(snapshot: &Snapshot<'_>, account: AccountId) -> Result<Vec<ApiCredentialId>, Fault> {
    sql::owners_of(snapshot, account)
}

/// The credentials that the user has made for accounts of its own, newest first.
pub fn of_myself(snapshot: &Snapshot<'_>, by: &Myself) -> Result<Vec<Credential>, Fault> {
    sql::list(snapshot, sql::Of::User(by.id()))
}

/// Ends a credential, from its next call on. To make one asks for a fresh proof, and this does not: to take power away must be quick.
pub fn revoke(tx: &Tx<'_>, by: &AllowedAdmin<ManageApi>, id: ApiCredentialId) -> Result<Credential, Error> {
    let found = sql::find(tx, id)?.ok_or(Error::NotFound)?;
    end(tx, by.actor(), found)
}

/// Ends a credential that an owner made for the account, without a fresh proof as [`revoke`] does. What the operator made only the
/// operator ends.
pub fn revoke_of_account(tx: &Tx<'_>, by: &Allowed<ManageAccountApi>, id: ApiCredentialId) -> Result<Credential, Error> {
    let found = sql::find(tx, id)?.filter(|found| found.account.as_ref().is_some_and(|(account, _)| *account == by.account()));
    let found = found.ok_or(Error::NotFound)?;
    if found.by_operator { Err(Error::OfOperator) } else { end(tx, by.actor(), found) }
}

/// Holds a credential as it is until the transaction ends; `false` when there is none any more.
pub(crate) fn hold(tx: &Tx<'_>, id: ApiCredentialId) -> Result<bool, Fault> {
    sql::hold_shared(tx, id)
}

/// Ends what the account's owners have made for it, for good: the account changes hands, and nothing comes alive again should
/// it be given back.
pub(crate) fn end_of_owners(tx: &Tx<'_>, account: AccountId) -> Result<(), Fault> {
    sql::end_of_owners(tx, account)
}

fn end(tx: &Tx<'_>, actor: &Actor, credential: Credential) -> Result<Credential, Error> {
    if !sql::delete(tx, credential.id)? {
        return Err(Error::NotFound);
    }
    owner_change::end_all(tx, actor, Whose::Credential(credential.id), "API credential revoked")?;
    tx.record(actor, &about(EventKind::ApiCredentialRevoked, &credential.name, credential.account.clone()))?;
    Ok(credential)
}

/// Who calls, if the secret is right and the credential may be used from there.
///
/// A secret has 256 random bits and is compared by its hash: there is nothing to guess and nothing to time.
pub fn authenticate(snapshot: &Snapshot<'_>, shown: &Shown, ip: Option<std::net::IpAddr>) -> Result<Caller, Error> {
    let (caller, networks) = sql::by_secret(snapshot, &shown.identifier, &shown.secret.hash())?.ok_or(Error::WrongCredentials)?;
    if networks.allow(ip) { Ok(caller) } else { Err(Error::AddressNotAllowed(ip)) }
}

/// Notes that a credential is used, at most once a minute.
pub fn touch(tx: &Tx<'_>, caller: &Caller) -> Result<(), Fault> {
    let ip = tx.request().ip.map(|ip| ip.to_string());
    sql::touch(tx, caller.id, ip.as_deref())
}

impl Caller {
    /// Whether the last use is so long ago that the next is noted.
    pub fn is_due(&self, now: crate::clock::Timestamp) -> bool {
        self.last_used_at.is_none_or(|at| now.since(at) >= TOUCH_EVERY)
    }
}
