//! What admins decide about each other: role, keeping out, deletion. Each asks who decides to confirm who it is (ASVS V7.5.3).

use super::ops::{self, no_role};
use super::{Admin, Error, sql};
use crate::access::{AdminPermission, AllowedAdmin, ConfirmedAdmin, Denied, ManageAdmins, Subject};
use crate::app::Tx;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::{AdminId, AdminRoleId};
use crate::masquerade::{self, Whose};
use crate::owner_change::{self, Whose as Changes};
use crate::{admin_invitation, admin_role, reset};

/// Keeps an admin out, or lets it in again, and returns its name. Its sessions end at once. Nobody disables himself.
pub fn set_disabled(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageAdmins>,
    _confirmed: &ConfirmedAdmin,
    id: AdminId,
    disabled: bool,
) -> Result<String, Error> {
    let (by, admin) = touchable(tx, by, id)?;
    if id == by.id() {
        return Err(Error::Oneself);
    }
    sql::set_disabled(tx, id, disabled)?;
    if disabled {
        owner_change::end_all(tx, by.actor(), Changes::Admin(id), "admin disabled")?;
        ops::close_all(tx, id, "admin disabled")?;
        reset::forget(tx, Subject::Admin(id))?;
        one_full_is_left(tx)?;
        admin_invitation::cancel_sent_by(tx, &by, id)?;
    }
    let kind = if disabled { EventKind::AdminDisabled } else { EventKind::AdminEnabled };
    tx.record(by.actor(), &about(kind, &admin).with_detail(&admin.name))?;
    Ok(admin.name)
}

/// Gives an admin another role, from its next request on, and returns its name.
pub fn set_role(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageAdmins>,
    _confirmed: &ConfirmedAdmin,
    id: AdminId,
    role: AdminRoleId,
) -> Result<String, Error> {
    let (by, admin) = touchable(tx, by, id)?;
    let role = admin_role::find(tx, role)?.ok_or(Error::NoSuchRole)?;
    if !by.may_give(&role.grants) {
        return Err(Error::BeyondOwn);
    }
    if admin.role.id == role.id {
        return Ok(admin.name);
    }
    sql::set_role(tx, id, role.id).map_err(no_role)?;
    if !role.grants.has(AdminPermission::Owner) {
        owner_change::end_all(tx, by.actor(), Changes::Admin(id), "permission taken away")?;
    }
    if !role.grants.has(AdminPermission::Masquerade) {
        end_acting(tx, id)?;
    }
    one_full_is_left(tx)?;
    if !role.grants.covers(&admin.role.grants) {
        admin_invitation::cancel_sent_by(tx, &by, id)?;
    }
    let detail = format!("{}: {} → {}", admin.name, admin.role.name, role.name);
    tx.record(by.actor(), &about(EventKind::AdminRoleChanged, &admin).with_detail(detail))?;
    Ok(admin.name)
}

/// Deletes an admin and returns its name. What it did stays in the log. Nobody deletes himself.
pub fn delete(tx: &Tx<'_>, by: &AllowedAdmin<ManageAdmins>, _confirmed: &ConfirmedAdmin, id: AdminId) -> Result<String, Error> {
    let (by, admin) = touchable(tx, by, id)?;
    if id == by.id() {
        return Err(Error::Oneself);
    }
    owner_change::end_all(tx, by.actor(), Changes::Admin(id), "admin deleted")?;
    admin_invitation::cancel_sent_by(tx, &by, id)?;
    ops::close_all(tx, id, "admin deleted")?;
    reset::forget(tx, Subject::Admin(id))?;
    sql::delete(tx, id)?;
    one_full_is_left(tx)?;
    tx.record(by.actor(), &about(EventKind::AdminDeleted, &admin).with_detail(&admin.name))?;
    Ok(admin.name)
}

/// The admin may act for owners no longer: what it does so ends.
pub(crate) fn end_acting(tx: &Tx<'_>, id: AdminId) -> Result<(), Fault> {
    sql::hold_sessions(tx, id)?;
    masquerade::end_all(tx, Whose::Admin(id), "permission taken away")
}

/// Holds every admin until the transaction ends and makes the ticket again: of two who turn on each other at the same moment the
/// second may not any more.
pub(crate) fn hold(tx: &Tx<'_>, by: &AllowedAdmin<ManageAdmins>) -> Result<AllowedAdmin<ManageAdmins>, Denied> {
    sql::hold_all(tx)?;
    Ok(tx.authorize_admin::<ManageAdmins>(by.id())?.held_like(by))
}

/// The admin as it is until the transaction ends: for a change that rests on what somebody has seen of it.
pub fn find_to_change(tx: &Tx<'_>, by: &AllowedAdmin<ManageAdmins>, id: AdminId) -> Result<Admin, Error> {
    touchable(tx, by, id).map(|(_, admin)| admin)
}

/// The admin, if who asks holds all that it does.
fn touchable(tx: &Tx<'_>, by: &AllowedAdmin<ManageAdmins>, id: AdminId) -> Result<(AllowedAdmin<ManageAdmins>, Admin), Error> {
    let by = hold(tx, by)?;
    let admin = sql::find(tx, id)?.ok_or(Error::NotFound)?;
    if by.may_give(&admin.role.grants) { Ok((by, admin)) } else { Err(Error::BeyondOwn) }
}

/// Somebody must be able to do everything.
fn one_full_is_left(tx: &Tx<'_>) -> Result<(), Error> {
    let left = sql::count_full(tx)?;
    if left > 0 { Ok(()) } else { Err(Error::LastFull) }
}

fn about(kind: EventKind, admin: &Admin) -> Event {
    Event::new(kind).with_email(&admin.email)
}
