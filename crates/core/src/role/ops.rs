use super::{Details, Error, Listed, MAX_ROLES, Role, sql};
use crate::access::{Allowed, AllowedAdmin, ConfigureSystem, Permission, ShowsUsers, ViewStaffArea};
use crate::account;
use crate::app::{Asked, Snapshot, Tx};
use crate::check::Changed;
use crate::db::DbError;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::{AccountId, RoleId};
use crate::invitation;
use crate::mail::{self, About, Notice, Person};
use crate::room::{self, Counted};
use crate::text::folded;

/// The roles of every account by name, with how many have them.
pub fn list(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ConfigureSystem>) -> Result<Vec<Listed>, Fault> {
    sql::list(snapshot)
}

/// All roles by their numbers, after this one: a page for programs. With an account only those that its members may have.
pub fn page(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewStaffArea>,
    account: Option<AccountId>,
    after: Option<RoleId>,
    limit: i64,
) -> Result<Vec<Listed>, Fault> {
    sql::page(snapshot, account, after, limit)
}

/// The roles that members of the account may have, by name.
pub fn of_account<'a, P: ShowsUsers>(snapshot: &'a Snapshot<'_>, by: &Allowed<P>) -> Result<Asked<'a, Vec<Role>>, Fault> {
    sql::of_account(snapshot, by.account())
}

/// The role of this id, if members of the account may have it.
pub(crate) fn offered(snapshot: &Snapshot<'_>, account: AccountId, id: RoleId) -> Result<Option<Role>, Fault> {
    Ok(sql::find(snapshot, id, "")?.filter(|role| role.account.is_none_or(|only| only == account)))
}

/// The same, and it does not change before the transaction ends. The account is held before, and users after: see [`hold`].
pub(crate) fn hold_offered(tx: &Tx<'_>, account: AccountId, id: RoleId) -> Result<Option<Role>, Fault> {
    Ok(sql::find(tx, id, tx.for_share())?.filter(|role| role.account.is_none_or(|only| only == account)))
}

/// One role, with how many have it.
pub fn find(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ViewStaffArea>, id: RoleId) -> Result<Listed, Error> {
    let role = sql::find(snapshot, id, "")?.ok_or(Error::NotFound)?;
    Ok(Listed { role, members: sql::members(snapshot, id)? })
}

/// The role as it is until the transaction ends: for a change that rests on what somebody has seen of it.
pub fn find_to_end(tx: &Tx<'_>, _by: &AllowedAdmin<ConfigureSystem>, id: RoleId) -> Result<Role, Error> {
    hold(tx, id)
}

/// The names of these roles, for those who explain an answer.
pub fn names(snapshot: &Snapshot<'_>, ids: &[RoleId]) -> Result<Vec<(RoleId, String)>, Fault> {
    sql::names(snapshot, ids)
}

fn taken(fault: Fault) -> Error {
    match fault {
        fault if fault.is_unique("roles_name_key") => Error::NameTaken,
        Fault::Db(DbError::ForeignKey) => Error::NoSuchAccount,
        fault => Error::Fault(fault),
    }
}

/// Makes a role, of every account or of one.
pub fn create(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ConfigureSystem>,
    account: Option<AccountId>,
    new: &Details,
) -> Result<RoleId, Error> {
    if !room::is_left(tx, Counted::Roles, MAX_ROLES, |tx| sql::count(tx, account))? {
        return Err(Error::TooMany);
    }
    let id = sql::insert(tx, account, new, &folded(&new.name)).map_err(taken)?;
    let created = about(tx, EventKind::RoleCreated, account)?.with_detail(format!("{}: {}", new.name, new.grants));
    tx.record(by.actor(), &created)?;
    Ok(id)
}

/// An event about a role, in the one account whose members may have it.
fn about(tx: &Tx<'_>, kind: EventKind, only: Option<AccountId>) -> Result<Event, Fault> {
    let Some(id) = only else { return Ok(Event::new(kind)) };
    let name = account::find(tx, id)?.map(|account| account.details.name).unwrap_or_default();
    Ok(Event::new(kind).in_account(id, &name))
}

/// How often it is tried to hold a role that others are just giving to somebody.
const TRIES: usize = 20;

/// Holds the role with the accounts of those who have it. The one order is: accounts by their numbers, then the role, then users; whoever
/// gives or offers a role does the same. While the role was waited for somebody may have got it in another account: where that one
/// is not free it cannot be waited for any more, and all is let go of and begun again.
fn hold(tx: &Tx<'_>, id: RoleId) -> Result<Role, Error> {
    sql::begin_to_hold(tx)?;
    for _ in 0..TRIES {
        sql::hold_accounts(tx, id)?;
        let role = sql::find(tx, id, tx.for_update())?.ok_or(Error::NotFound)?;
        if sql::hold_free_accounts(tx, id)? {
            return Ok(role);
        }
        sql::let_go(tx)?;
    }
    Err(Error::Busy)
}

/// Changes a role, and with it what everybody may do who has it.
pub fn update(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, id: RoleId, new: &Details) -> Result<(), Error> {
    let Role { account, details: before, .. } = hold(tx, id)?;
    let new = &Details { grants: new.grants.clone().keeping_unknown_of(&before.grants), ..new.clone() };
    if before == *new {
        return Ok(());
    }
    sql::update(tx, id, new, &folded(&new.name)).map_err(taken)?;
    tx.record(by.actor(), &about(tx, EventKind::RoleUpdated, account)?.with_detail(changes(&before, new)))?;
    if before.grants == new.grants {
        return Ok(());
    }
    sql::bump_revisions(tx, id)?;
    tx.access_changed(Changed::Everything);
    let may_give_less = |holder: &sql::Holder| {
        let [held, holds] = [&before.grants, &new.grants].map(|of_role| holder.single.union(of_role));
        held.has(Permission::Users) && !holds.covers(&held)
    };
    let holders = sql::holders(tx, id)?;
    // There may be thousands: only who has sent something is looked at singly.
    for holder in holders.iter().filter(|holder| holder.has_sent && may_give_less(holder)) {
        invitation::cancel_sent_by_deleted(tx, by.actor(), (holder.account, &holder.account_name), holder.user)?;
    }
    let told = holders.iter().map(|holder| {
        let about = About::default().in_account(holder.account, &holder.account_name).by(&by.actor().name);
        (Person { user: Some(holder.user), name: &holder.name, to: &holder.email }, about)
    });
    Ok(mail::tell_all(tx, &told.collect::<Vec<_>>(), Notice::AccessChanged)?)
}

/// What changed, after the role's name.
fn changes(before: &Details, after: &Details) -> String {
    let fields = [
        ("name", before.name.clone(), after.name.clone()),
        ("description", before.description.clone(), after.description.clone()),
        ("permissions", before.grants.to_string(), after.grants.to_string()),
    ];
    let changed = fields.into_iter().filter(|(_, before, after)| before != after);
    let changed = changed.map(|(name, before, after)| format!("{name}: “{before}” → “{after}”"));
    format!("{}: {}", before.name, changed.collect::<Vec<_>>().join("; "))
}

/// Deletes a role that nobody has or is offered, and returns its name.
pub fn delete(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, id: RoleId) -> Result<String, Error> {
    let Role { account, details: Details { name, .. }, .. } = hold(tx, id)?;
    if sql::is_offered(tx, id)? {
        return Err(Error::InUse);
    }
    match sql::delete(tx, id) {
        Err(Fault::Db(DbError::ForeignKey)) => return Err(Error::InUse),
        deleted => deleted?,
    }
    tx.record(by.actor(), &about(tx, EventKind::RoleDeleted, account)?.with_detail(&name))?;
    Ok(name)
}
