use super::{ApiRole, Error, Listed, NewRole, sql};
use crate::access::{AllowedAdmin, ApiCall, BuiltInApiRole, ConfirmedAdmin, ManageApi};
use crate::app::{Snapshot, Tx};
use crate::db::DbError;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::ApiRoleId;

/// Every role: the built-in ones first, then by name.
pub fn list(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ManageApi>) -> Result<Vec<Listed>, Fault> {
    sql::list(snapshot)
}

/// Roles by their numbers, after this one: a page for programs.
pub fn page(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ManageApi>,
    after: Option<ApiRoleId>,
    limit: i64,
) -> Result<Vec<ApiRole>, Fault> {
    sql::page(snapshot, after, limit)
}

/// The role of this id.
pub fn find(snapshot: &Snapshot<'_>, id: ApiRoleId) -> Result<Option<ApiRole>, Fault> {
    sql::find(snapshot, id)
}

/// A built-in role.
pub fn built_in(snapshot: &Snapshot<'_>, role: BuiltInApiRole) -> Result<ApiRoleId, Fault> {
    sql::built_in(snapshot, role)
}

/// The role that somebody names: by the key of a built-in one, or by its name.
pub fn by_name(snapshot: &Snapshot<'_>, name: &str) -> Result<Option<ApiRoleId>, Fault> {
    match BuiltInApiRole::from_key(name) {
        Some(role) => built_in(snapshot, role).map(Some),
        None => sql::by_name(snapshot, &key(name)),
    }
}

/// What two names of roles that look the same have in common.
fn key(name: &str) -> String {
    name.trim().to_lowercase()
}

fn taken(fault: Fault) -> Error {
    if fault.is_unique("api_roles_name_key") { Error::NameTaken } else { Error::Fault(fault) }
}

/// Makes a role.
pub fn create(tx: &Tx<'_>, by: &AllowedAdmin<ManageApi>, _confirmed: &ConfirmedAdmin, new: &NewRole) -> Result<ApiRoleId, Error> {
    let id = sql::insert(tx, new, &key(&new.name)).map_err(taken)?;
    let detail = format!("{}: {}", new.name, new.rights.keys());
    tx.record(by.actor(), &Event::new(EventKind::ApiRoleCreated).with_detail(detail))?;
    Ok(id)
}

/// Makes a role by a machine: it holds no more than the machine's own.
pub fn create_by_api(tx: &Tx<'_>, by: &AllowedAdmin<ManageApi>, call: ApiCall, new: &NewRole) -> Result<ApiRoleId, Error> {
    if !tx.api_rights(call)?.covers(&new.rights) {
        return Err(Error::BeyondOwn);
    }
    create(tx, by, &call.confirmed(), new)
}

/// Changes a role by a machine: neither before nor after it holds more than the machine's own.
pub fn update_by_api(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageApi>,
    call: ApiCall,
    id: ApiRoleId,
    new: &NewRole,
) -> Result<(), Error> {
    let (own, before) = (tx.api_rights(call)?, changeable(tx, id)?);
    if !own.covers(&new.rights) || !own.covers(&before.rights) {
        return Err(Error::BeyondOwn);
    }
    update(tx, by, &call.confirmed(), id, new)
}

/// Changes a role, for every credential that has it and from the next call on. A right that draws on what the admin does not hold
/// is not added: credentials of other admins would get it.
pub fn update(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageApi>,
    _confirmed: &ConfirmedAdmin,
    id: ApiRoleId,
    new: &NewRole,
) -> Result<(), Error> {
    let before = changeable(tx, id)?;
    if !by.may_add(&new.rights.without(&before.rights)) {
        return Err(Error::BeyondAdmin);
    }
    sql::update(tx, id, new, &key(&new.name)).map_err(taken)?;
    let detail = format!("{}: {} → {}: {}", before.name, before.rights.keys(), new.name, new.rights.keys());
    Ok(tx.record(by.actor(), &Event::new(EventKind::ApiRoleUpdated).with_detail(detail))?)
}

/// Deletes a role that no credential has, and returns its name.
pub fn delete(tx: &Tx<'_>, by: &AllowedAdmin<ManageApi>, id: ApiRoleId) -> Result<String, Error> {
    let role = changeable(tx, id)?;
    match sql::delete(tx, id) {
        Err(Fault::Db(DbError::ForeignKey)) => return Err(Error::InUse),
        deleted => deleted?,
    }
    tx.record(by.actor(), &Event::new(EventKind::ApiRoleDeleted).with_detail(&role.name))?;
    Ok(role.name)
}

/// The role as it is until the transaction ends: for a change that rests on what somebody has seen of it.
pub fn find_to_change(tx: &Tx<'_>, _by: &AllowedAdmin<ManageApi>, id: ApiRoleId) -> Result<ApiRole, Error> {
    sql::hold(tx, id)?.ok_or(Error::NotFound)
}

/// A role of the operator's own. It stays as it is until the transaction ends.
fn changeable(tx: &Tx<'_>, id: ApiRoleId) -> Result<ApiRole, Error> {
    let role = sql::hold(tx, id)?.ok_or(Error::NotFound)?;
    if role.built_in { Err(Error::BuiltIn) } else { Ok(role) }
}
