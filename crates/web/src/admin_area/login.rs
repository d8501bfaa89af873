//! The staff's own login.

use axum::extract::Query;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use latchkey_core::access::BeStaff;
use latchkey_core::admin::{self, Started};
use latchkey_core::error::{HasKind, Invalid, Kind};
use latchkey_core::factor::Begun;
use latchkey_core::password::Password;
use latchkey_core::puzzle::Purpose;
use latchkey_http::cookie::{self, Name};
use serde::{Deserialize, Serialize};

use crate::factors::login as two_factor;
use crate::form::{Form, Pressed, Shown};
use crate::headers;
use crate::page::{self, Answer};
use crate::puzzle;
use crate::visit::{Staff, Visit};

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct LoginForm {
    email: String,
    #[serde(skip_serializing)]
    password: String,
    #[serde(skip_serializing)]
    puzzle: String,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    next: String,
}

/// The login page.
pub(crate) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    if visit.admin.is_some() {
        return Ok(page::see_other(page::local(&asked.next).unwrap_or("/admin")));
    }
    form_page(&visit, &LoginForm::default(), &[]).await
}

async fn form_page(visit: &Visit, form: &LoginForm, invalid: &[Invalid]) -> Answer {
    let puzzle = puzzle::of_page(visit, Purpose::AdminLogin).await?;
    let form = Shown::new(form).with_errors(&visit.web, invalid);
    Ok(page::form(visit, "admin/login.html", invalid, context! { form, puzzle }))
}

/// Logs in.
pub(crate) async fn submit(visit: Visit, Form(form): Form<LoginForm>) -> Answer {
    let problems = puzzle::check(&visit, Purpose::AdminLogin, &form.puzzle).await?;
    if !problems.is_empty() {
        return form_page(&visit, &form, &problems).await;
    }
    let password = Password::typed(&form.password);
    match admin::login(visit.web.app(), &visit.request, &form.email, &password, "/admin").await {
        Ok(Begun::Session(started)) => Ok(begin(&visit, &started, page::see_other("/admin"))),
        Ok(Begun::SecondFactor(waiting)) => Ok(two_factor::ask(&visit, &waiting)),
        Err(error) if error.kind() == Kind::Unauthenticated => {
            form_page(&visit, &form, &[Invalid::new("email", "error-admin-login-failed")]).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Sets the new session's cookie.
pub(crate) fn begin(visit: &Visit, started: &Started, mut response: Response) -> Response {
    let secure = visit.web.settings().secure;
    let session = cookie::set(Name::Admin, &started.secret.reveal(), None, secure);
    let device = cookie::device(&started.device, secure);
    for header in session.into_iter().chain(device).chain(cookie::clear(Name::Visitor, secure)) {
        response.headers_mut().append(SET_COOKIE, header);
    }
    response
}

/// **Logout**.
pub(crate) async fn logout(staff: Staff, _: Form<Pressed>) -> Answer {
    let (visit, id, resolved) = (&staff.visit, staff.id(), staff.admin.clone());
    let ended = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<BeStaff>(id)?;
        admin::logout(tx, &by, &resolved)
    });
    ended.await?;
    let mut response = page::done(visit, "/admin/login", "flash-logged-out", &[]);
    if let Some(header) = cookie::clear(Name::Admin, visit.web.settings().secure) {
        response.headers_mut().append(SET_COOKIE, header);
    }
    headers::clear_site_data(&visit.web, &mut response);
    Ok(response)
}
