//! The staff who can log in here.

use axum::extract::Path;
use axum::http::StatusCode;
use latchkey_core::access::{ConfigureSystem, ViewStaffArea};
use latchkey_core::admin::{self, Admin, Error, NewAdmin};
use latchkey_core::clock::Timestamp;
use latchkey_core::email::Email;
use latchkey_core::error::Invalid;
use latchkey_core::id::AdminId;
use latchkey_core::password::Password;
use serde::Serialize;

use crate::admin_area::setup::AdminForm;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::visit::{Staff, Visit};

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    email: String,
    last_login_at: Option<Timestamp>,
    disabled: bool,
    is_me: bool,
}

const PATH: &str = "/admin/config/admins";

async fn form_page(staff: &Staff, form: &AdminForm, invalid: &[Invalid]) -> Answer {
    let me = staff.id();
    let listed = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(me)?;
        Ok::<_, Error>(admin::list(snapshot, &by)?)
    });
    let row = |admin: Admin| Row {
        id: admin.id.0,
        is_me: admin.id == me,
        name: admin.name,
        email: admin.email,
        last_login_at: admin.last_login_at,
        disabled: admin.disabled_at.is_some(),
    };
    let admins: Vec<Row> = listed.await?.into_iter().map(row).collect();
    let status = if invalid.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let form = Shown::new(form).with_errors(&staff.visit.web, invalid);
    Ok(page::respond(&staff.visit, status, "admin/config/admins.html", context! { admins, form }))
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    form_page(&staff, &AdminForm::default(), &[]).await
}

/// Makes another admin.
pub(crate) async fn create(staff: Staff, Form(form): Form<AdminForm>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let rules = form.rules(visit).await?;
    let problems = match form.parse(&rules) {
        Err(problems) => problems,
        Ok((name, email, password)) => {
            let shown = name.clone();
            match page::outcome(make(visit, me, name, email, &password).await)? {
                Outcome::Done(_) => return Ok(page::done(visit, PATH, "flash-admin-created", &[("name", &shown)])),
                Outcome::Invalid(problems) => problems,
                Outcome::Conflict(message) => return Ok(page::refused(visit, PATH, message)),
            }
        }
    };
    form_page(&staff, &form, &problems).await
}

async fn make(visit: &Visit, me: AdminId, name: String, email: Email, password: &Password) -> Result<AdminId, Error> {
    let app = visit.web.app();
    let password = app.hasher().hash(app.random(), password).await?;
    let made = app.write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ConfigureSystem>(me)?;
        admin::create(tx, &by, &NewAdmin { name, email, password })
    });
    made.await
}

/// Keeps an admin out.
pub(crate) async fn disable(staff: Staff, Path(id): Path<AdminId>, _: Form<Pressed>) -> Answer {
    set_disabled(&staff, id, true, "flash-admin-disabled").await
}

/// Lets an admin in again.
pub(crate) async fn enable(staff: Staff, Path(id): Path<AdminId>, _: Form<Pressed>) -> Answer {
    set_disabled(&staff, id, false, "flash-admin-enabled").await
}

async fn set_disabled(staff: &Staff, id: AdminId, disabled: bool, message: &str) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let done = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ConfigureSystem>(me)?;
        admin::set_disabled(tx, &by, id, disabled)
    });
    page::pressed(visit, PATH, done.await, |name| page::done(visit, PATH, message, &[("name", &name)]))
}
