//! **Admin Roles**: what staff may do.

use axum::extract::Path;
use latchkey_core::access::{AdminGrants, AdminPermission, AllowedAdmin, ManageAdmins};
use latchkey_core::admin_role::{self, AdminRole, Error, Listed, NewRole};
use latchkey_core::error::Invalid;
use latchkey_core::id::AdminRoleId;
use serde::{Deserialize, Serialize};

use crate::error::PageError;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view;
use crate::visit::Staff;

const PATH: &str = "/admin/config/roles";

#[derive(Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "what a template asks, one by one")]
struct Row {
    id: i64,
    name: String,
    built_in: bool,
    full: bool,
    permissions: Vec<String>,
    /// How many admins have it.
    used: i64,
    may_change: bool,
    may_delete: bool,
}

/// A role to be made or changed.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct RoleForm {
    name: String,
    permissions: Vec<String>,
}

impl RoleForm {
    fn holds(&self, permission: AdminPermission) -> bool {
        self.permissions.iter().any(|key| key == permission.key())
    }
}

fn one(permission: AdminPermission) -> AdminGrants {
    [permission].into_iter().collect()
}

async fn list_page(staff: &Staff, form: &RoleForm, invalid: &[Invalid]) -> Answer {
    let (web, me) = (&staff.visit.web, staff.id());
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ManageAdmins>(me)?;
        let roles = admin_role::list(snapshot, &by)?;
        Ok::<_, Error>((by, roles))
    });
    let (by, roles): (AllowedAdmin<ManageAdmins>, Vec<Listed>) = loaded.await?;
    let label = |permission: AdminPermission| web.text(&format!("admin-permission-{}", permission.key()), &[]);
    let row = |listed: Listed| {
        let may_change = listed.role.built_in.is_none() && by.may_give(&listed.role.grants);
        Row {
            id: listed.role.id.0,
            name: view::admin_role(web, &listed.role),
            built_in: listed.role.built_in.is_some(),
            full: listed.role.grants.is_full(),
            permissions: listed.role.grants.iter().map(label).collect(),
            used: listed.admins,
            may_change,
            may_delete: may_change && listed.admins + listed.invitations == 0,
        }
    };
    let context = context! {
        roles => roles.into_iter().map(row).collect::<Vec<_>>(),
        permissions => view::admin_permissions(web, |permission| form.holds(permission), |permission| by.may_give(&one(permission))),
        form => Shown::new(form).with_errors(web, invalid),
    };
    Ok(page::form(&staff.visit, "admin/config/roles.html", invalid, context))
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    let view = AdminPermission::View.key().to_owned();
    list_page(&staff, &RoleForm { permissions: vec![view], ..RoleForm::default() }, &[]).await
}

/// **Add Role**.
pub(crate) async fn create(staff: Staff, Form(form): Form<RoleForm>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let made = page::submit(visit, NewRole::parse(&form.name, &form.permissions), move |tx, new| {
        let by = tx.authorize_admin::<ManageAdmins>(me)?;
        admin_role::create(tx, &by, &tx.confirmed_admin(me, session)?, &new).map(|_| new.name)
    });
    match made.await? {
        Outcome::Done(name) => Ok(page::done(visit, PATH, "flash-role-created", &[("role", &name)])),
        Outcome::Invalid(problems) => list_page(&staff, &form, &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, PATH, message)),
    }
}

async fn load(staff: &Staff, id: AdminRoleId) -> Result<(AllowedAdmin<ManageAdmins>, AdminRole), PageError> {
    let me = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ManageAdmins>(me)?;
        Ok::<_, Error>((by, admin_role::find(snapshot, id)?.ok_or(Error::NotFound)?))
    });
    Ok(loaded.await?)
}

async fn edit_page(staff: &Staff, id: AdminRoleId, typed: Option<&RoleForm>, invalid: &[Invalid]) -> Answer {
    let web = &staff.visit.web;
    let (by, role) = load(staff, id).await?;
    if role.built_in.is_some() {
        return Ok(page::refused(&staff.visit, PATH, "error-role-built-in"));
    }
    let held = RoleForm {
        name: role.name.clone(),
        permissions: role.grants.iter().map(|permission| permission.key().to_owned()).collect(),
    };
    let form = typed.unwrap_or(&held);
    let context = context! {
        role => context! { id => role.id, name => role.name },
        permissions => view::admin_permissions(web, |permission| form.holds(permission), |permission| by.may_give(&one(permission))),
        form => Shown::new(form).with_errors(web, invalid),
    };
    Ok(page::form(&staff.visit, "admin/config/role.html", invalid, context))
}

/// One role.
pub(crate) async fn edit(staff: Staff, Path(id): Path<AdminRoleId>) -> Answer {
    edit_page(&staff, id, None, &[]).await
}

/// **Save Changes**.
pub(crate) async fn save(staff: Staff, Path(id): Path<AdminRoleId>, Form(form): Form<RoleForm>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let saved = page::submit(visit, NewRole::parse(&form.name, &form.permissions), move |tx, new| {
        let by = tx.authorize_admin::<ManageAdmins>(me)?;
        admin_role::update(tx, &by, &tx.confirmed_admin(me, session)?, id, &new).map(|()| new.name)
    });
    match saved.await? {
        Outcome::Done(name) => Ok(page::done(visit, PATH, "flash-role-saved", &[("role", &name)])),
        Outcome::Invalid(problems) => edit_page(&staff, id, Some(&form), &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, PATH, message)),
    }
}

/// Deletes a role that nobody has.
pub(crate) async fn delete(staff: Staff, Path(id): Path<AdminRoleId>, _: Form<Pressed>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let deleted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageAdmins>(me)?;
        admin_role::delete(tx, &by, &tx.confirmed_admin(me, session)?, id)
    });
    page::pressed(visit, PATH, deleted.await, |name| page::done(visit, PATH, "flash-role-deleted", &[("role", &name)]))
}
