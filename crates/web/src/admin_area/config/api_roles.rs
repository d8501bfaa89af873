//! **API Roles**: what API credentials may do.

use axum::extract::Path;
use axum::http::StatusCode;
use latchkey_core::access::{ApiRight, ManageApi};
use latchkey_core::api_role::{self, ApiRole, Error, Listed, NewRole};
use latchkey_core::error::Invalid;
use latchkey_core::id::ApiRoleId;
use serde::{Deserialize, Serialize};

use crate::error::PageError;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::visit::Staff;

const PATH: &str = "/admin/config/api/roles";

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    built_in: bool,
    rights: Vec<&'static str>,
    credentials: i64,
}

impl From<Listed> for Row {
    fn from(listed: Listed) -> Self {
        let ApiRole { id, name, built_in, rights } = listed.role;
        Self { id: id.0, name, built_in, rights: rights.iter().map(ApiRight::key).collect(), credentials: listed.credentials }
    }
}

/// A role to be made or changed.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct RoleForm {
    name: String,
    rights: Vec<String>,
}

/// A checkbox.
#[derive(Serialize)]
struct Choice {
    key: &'static str,
    action: bool,
    checked: bool,
}

fn choices(form: &RoleForm) -> Vec<Choice> {
    let choice = |right: &ApiRight| Choice {
        key: right.key(),
        action: right.is_action(),
        checked: form.rights.iter().any(|key| key == right.key()),
    };
    ApiRight::ALL.iter().map(choice).collect()
}

async fn list_page(staff: &Staff, form: &RoleForm, invalid: &[Invalid]) -> Answer {
    let (web, me) = (&staff.visit.web, staff.id());
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ManageApi>(me)?;
        Ok::<_, Error>(api_role::list(snapshot, &by)?)
    });
    let roles: Vec<Row> = loaded.await?.into_iter().map(Row::from).collect();
    let context = context! { roles, rights => choices(form), form => Shown::new(form).with_errors(web, invalid) };
    let status = if invalid.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(page::respond(&staff.visit, status, "admin/config/api_roles.html", context))
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    list_page(&staff, &RoleForm::default(), &[]).await
}

/// **Add Role**.
pub(crate) async fn create(staff: Staff, Form(form): Form<RoleForm>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let problems = match NewRole::parse(&form.name, &form.rights) {
        Err(problems) => problems,
        Ok(new) => {
            let made = visit.web.app().write(&visit.request, move |tx| {
                let by = tx.authorize_admin::<ManageApi>(me)?;
                api_role::create(tx, &by, &tx.confirmed_admin(me, session)?, &new)
            });
            match page::outcome(made.await)? {
                Outcome::Done(_) => return Ok(page::done(visit, PATH, "flash-role-created", &[("role", &form.name)])),
                Outcome::Invalid(problems) => problems,
                Outcome::Conflict(message) => return Ok(page::refused(visit, PATH, message)),
            }
        }
    };
    list_page(&staff, &form, &problems).await
}

async fn load(staff: &Staff, id: ApiRoleId) -> Result<ApiRole, PageError> {
    let me = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        snapshot.authorize_admin::<ManageApi>(me)?;
        api_role::find(snapshot, id)?.ok_or(Error::NotFound)
    });
    Ok(loaded.await?)
}

async fn edit_page(staff: &Staff, id: ApiRoleId, typed: Option<&RoleForm>, invalid: &[Invalid]) -> Answer {
    let role = load(staff, id).await?;
    if role.built_in {
        return Ok(page::refused(&staff.visit, PATH, "error-role-built-in"));
    }
    let held = RoleForm { name: role.name.clone(), rights: role.rights.iter().map(|right| right.key().to_owned()).collect() };
    let form = typed.unwrap_or(&held);
    let context = context! {
        role => context! { id => role.id, name => role.name },
        rights => choices(form),
        form => Shown::new(form).with_errors(&staff.visit.web, invalid),
    };
    let status = if invalid.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(page::respond(&staff.visit, status, "admin/config/api_role.html", context))
}

/// One role.
pub(crate) async fn edit(staff: Staff, Path(id): Path<ApiRoleId>) -> Answer {
    edit_page(&staff, id, None, &[]).await
}

/// **Save Changes**.
pub(crate) async fn save(staff: Staff, Path(id): Path<ApiRoleId>, Form(form): Form<RoleForm>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let problems = match NewRole::parse(&form.name, &form.rights) {
        Err(problems) => problems,
        Ok(new) => {
            let saved = visit.web.app().write(&visit.request, move |tx| {
                let by = tx.authorize_admin::<ManageApi>(me)?;
                api_role::update(tx, &by, &tx.confirmed_admin(me, session)?, id, &new)
            });
            match page::outcome(saved.await)? {
                Outcome::Done(()) => return Ok(page::done(visit, PATH, "flash-role-saved", &[("role", &form.name)])),
                Outcome::Invalid(problems) => problems,
                Outcome::Conflict(message) => return Ok(page::refused(visit, PATH, message)),
            }
        }
    };
    edit_page(&staff, id, Some(&form), &problems).await
}

/// Deletes a role that no credential has.
pub(crate) async fn delete(staff: Staff, Path(id): Path<ApiRoleId>, _: Form<Pressed>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let deleted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageApi>(me)?;
        api_role::delete(tx, &by, id)
    });
    page::pressed(visit, PATH, deleted.await, |name| page::done(visit, PATH, "flash-role-deleted", &[("role", &name)]))
}
