//! **Roles**: named sets of permissions that users of every account may have.

use axum::extract::Path;
use latchkey_core::access::{ConfigureSystem, Grants, Permission};
use latchkey_core::error::Invalid;
use latchkey_core::id::RoleId;
use latchkey_core::role::{self, Details, Error, Listed};
use serde::{Deserialize, Serialize};

use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view;
use crate::visit::Staff;

const PATH: &str = "/admin/config/member-roles";

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    description: String,
    permission_summary: String,
    members: i64,
}

/// A role to be made or changed.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct RoleForm {
    name: String,
    description: String,
    permissions: Vec<String>,
}

impl RoleForm {
    fn parse(&self) -> Result<Details, Vec<Invalid>> {
        Details::parse(&self.name, &self.description, Grants::choose(self.permissions.iter().map(String::as_str)))
    }

    fn chosen(&self) -> Grants {
        self.permissions.iter().filter_map(|key| Permission::from_key(key)).collect()
    }
}

impl From<&Details> for RoleForm {
    fn from(details: &Details) -> Self {
        let permissions = details.grants.iter().map(|permission| permission.key().to_owned()).collect();
        Self { name: details.name.clone(), description: details.description.clone(), permissions }
    }
}

async fn list_page(staff: &Staff, form: &RoleForm, invalid: &[Invalid]) -> Answer {
    let (web, me) = (&staff.visit.web, staff.id());
    let listed = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ConfigureSystem>(me)?;
        Ok::<_, Error>(role::list(snapshot, &by)?)
    });
    let row = |Listed { role, members }: Listed| Row {
        id: role.id.0,
        permission_summary: view::summary(web, false, &role.details.grants),
        name: role.details.name,
        description: role.details.description,
        members,
    };
    let roles: Vec<Row> = listed.await?.into_iter().map(row).collect();
    let permissions = view::permissions(web, &form.chosen(), |_| true);
    let context = context! { roles, permissions, form => Shown::new(form).with_errors(web, invalid) };
    Ok(page::form(&staff.visit, "admin/config/member_roles.html", invalid, context))
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    list_page(&staff, &RoleForm::default(), &[]).await
}

/// **Add Role**.
pub(crate) async fn create(staff: Staff, Form(form): Form<RoleForm>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let made = page::submit(visit, form.parse(), move |tx, new| {
        let by = tx.authorize_admin::<ConfigureSystem>(me)?;
        role::create(tx, &by, None, &new).map(|_| new.name)
    });
    match made.await? {
        Outcome::Done(name) => Ok(page::done(visit, PATH, "flash-member-role-created", &[("role", &name)])),
        Outcome::Invalid(problems) => list_page(&staff, &form, &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, PATH, message)),
    }
}

async fn edit_page(staff: &Staff, id: RoleId, typed: Option<&RoleForm>, invalid: &[Invalid]) -> Answer {
    let (web, me) = (&staff.visit.web, staff.id());
    let loaded = web.app().read(move |snapshot| {
        snapshot.authorize_admin::<ConfigureSystem>(me)?;
        role::find(snapshot, &snapshot.authorize_admin(me)?, id)
    });
    let Listed { role, members } = loaded.await?;
    let held = RoleForm::from(&role.details);
    let form = typed.unwrap_or(&held);
    let context = context! {
        role => context! { id => id, name => role.details.name, members => members },
        permissions => view::permissions(web, &form.chosen(), |_| true),
        form => Shown::new(form).with_errors(web, invalid),
    };
    Ok(page::form(&staff.visit, "admin/config/member_role.html", invalid, context))
}

/// One role.
pub(crate) async fn edit(staff: Staff, Path(id): Path<RoleId>) -> Answer {
    edit_page(&staff, id, None, &[]).await
}

/// **Save Changes**.
pub(crate) async fn save(staff: Staff, Path(id): Path<RoleId>, Form(form): Form<RoleForm>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let saved = page::submit(visit, form.parse(), move |tx, new| {
        let by = tx.authorize_admin::<ConfigureSystem>(me)?;
        role::update(tx, &by, id, &new).map(|()| new.name)
    });
    match saved.await? {
        Outcome::Done(name) => Ok(page::done(visit, PATH, "flash-member-role-saved", &[("role", &name)])),
        Outcome::Invalid(problems) => edit_page(&staff, id, Some(&form), &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, PATH, message)),
    }
}

/// Deletes a role that nobody has or is offered.
pub(crate) async fn delete(staff: Staff, Path(id): Path<RoleId>, _: Form<Pressed>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let deleted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ConfigureSystem>(me)?;
        role::delete(tx, &by, id)
    });
    page::pressed(visit, PATH, deleted.await, |name| page::done(visit, PATH, "flash-member-role-deleted", &[("role", &name)]))
}
