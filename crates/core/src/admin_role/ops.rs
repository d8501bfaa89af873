use super::{AdminRole, Error, Listed, NewRole, sql};
use crate::access::{AdminPermission, AllowedAdmin, BuiltInRole, ConfirmedAdmin, ManageAdmins};
use crate::app::{Snapshot, Tx};
use crate::db::DbError;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::AdminRoleId;
use crate::owner_change::{self, Whose};
use crate::{admin, admin_invitation};

/// Every role: the built-in ones first, then by name.
pub fn list(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ManageAdmins>) -> Result<Vec<Listed>, Fault> {
    sql::list(snapshot)
}

/// Roles by their numbers, after this one: a page for programs.
pub fn page(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ManageAdmins>,
    after: Option<AdminRoleId>,
    limit: i64,
) -> Result<Vec<AdminRole>, Fault> {
    sql::page(snapshot, after, limit)
}

/// The role of this id.
pub fn find(snapshot: &Snapshot<'_>, id: AdminRoleId) -> Result<Option<AdminRole>, Fault> {
    sql::find(snapshot, id)
}

/// A built-in role.
pub fn built_in(snapshot: &Snapshot<'_>, role: BuiltInRole) -> Result<AdminRoleId, Fault> {
    sql::built_in(snapshot, role)
}

/// The role that somebody names: by the key of a built-in one, or by its name.
pub fn by_name(snapshot: &Snapshot<'_>, name: &str) -> Result<Option<AdminRoleId>, Fault> {
    match BuiltInRole::from_key(name) {
        Some(role) => built_in(snapshot, role).map(Some),
        None => sql::by_name(snapshot, &key(name)),
    }
}

/// What two names of roles that look the same have in common.
fn key(name: &str) -> String {
    name.trim().to_lowercase()
}

fn taken(fault: Fault) -> Error {
    if fault.is_unique("admin_roles_name_key") { Error::NameTaken } else { Error::Fault(fault) }
}

/// Makes a role. It holds no more than who makes it.
pub fn create(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageAdmins>,
    _confirmed: &ConfirmedAdmin,
    new: &NewRole,
) -> Result<AdminRoleId, Error> {
    if !by.may_give(&new.grants) {
        return Err(Error::BeyondOwn);
    }
    let id = sql::insert(tx, new, &key(&new.name)).map_err(taken)?;
    let detail = format!("{}: {}", new.name, new.grants.keys());
    tx.record(by.actor(), &Event::new(EventKind::AdminRoleCreated).with_detail(detail))?;
    Ok(id)
}

/// Changes a role, for every admin who has it and from the next request on.
pub fn update(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageAdmins>,
    _confirmed: &ConfirmedAdmin,
    id: AdminRoleId,
    new: &NewRole,
) -> Result<(), Error> {
    let by = &admin::hold(tx, by)?;
    let before = changeable(tx, by, id)?;
    if !by.may_give(&new.grants) {
        return Err(Error::BeyondOwn);
    }
    sql::update(tx, id, new, &key(&new.name)).map_err(taken)?;
    if !new.grants.covers(&before.grants) {
        let admins = admin::of_role(tx, id)?;
        // Changes of owners before what is done in an owner's name, as by whoever approves one.
        for admin in &admins {
            if !new.grants.has(AdminPermission::Owner) {
                owner_change::end_all(tx, by.actor(), Whose::Admin(*admin), "permission taken away")?;
            }
            admin_invitation::cancel_sent_by(tx, by, *admin)?;
        }
        for admin in admins {
            if !new.grants.has(AdminPermission::Masquerade) {
                admin::end_acting(tx, admin)?;
            }
        }
    }
    let detail = format!("{}: {} → {}: {}", before.name, before.grants.keys(), new.name, new.grants.keys());
    Ok(tx.record(by.actor(), &Event::new(EventKind::AdminRoleUpdated).with_detail(detail))?)
}

/// Deletes a role that nobody has.
pub fn delete(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageAdmins>,
    _confirmed: &ConfirmedAdmin,
    id: AdminRoleId,
) -> Result<String, Error> {
    // All admins before the role, as by whoever gives it to one.
    let by = &admin::hold(tx, by)?;
    let role = changeable(tx, by, id)?;
    sql::forget_closed_invitations(tx, id)?;
    match sql::delete(tx, id) {
        Err(Fault::Db(DbError::ForeignKey)) => return Err(Error::InUse),
        deleted => deleted?,
    }
    tx.record(by.actor(), &Event::new(EventKind::AdminRoleDeleted).with_detail(&role.name))?;
    Ok(role.name)
}

/// A role of the operator's own that holds no more than who changes it. It stays as it is until the transaction ends.
fn changeable(tx: &Tx<'_>, by: &AllowedAdmin<ManageAdmins>, id: AdminRoleId) -> Result<AdminRole, Error> {
    let role = sql::hold(tx, id)?.ok_or(Error::NotFound)?;
    if role.built_in.is_some() {
        return Err(Error::BuiltIn);
    }
    if by.may_give(&role.grants) { Ok(role) } else { Err(Error::BeyondOwn) }
}
