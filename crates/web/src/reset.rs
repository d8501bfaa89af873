//! *Forgot Password?* of both areas: a link by mail, and the page it leads to.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use latchkey_core::email::Email;
use latchkey_core::error::Invalid;
use latchkey_core::password::{Busy, Password};
use latchkey_core::puzzle::Purpose;
use latchkey_core::reset::{self, Error, Logins, Open};
use latchkey_core::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::client_area::password_rules;
use crate::form::{Form, Shown};
use crate::page::{self, Answer};
use crate::puzzle;
use crate::visit::{Area, Visit};

const FORGOT: &str = "password_forgot.html";
const TEMPLATE: &str = "password_reset.html";

/// Whose logins an area's pages are about.
fn logins(visit: &Visit) -> Logins {
    match visit.area {
        Area::Client => Logins::Users,
        Area::Admin => Logins::Admins,
    }
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ForgotForm {
    email: String,
    #[serde(skip_serializing)]
    puzzle: String,
}

/// The page that asks for the address.
pub(crate) async fn forgot(visit: Visit) -> Answer {
    forgot_page(&visit, &ForgotForm::default(), &[]).await
}

async fn forgot_page(visit: &Visit, form: &ForgotForm, invalid: &[Invalid]) -> Answer {
    let puzzle = puzzle::of_page(visit, Purpose::Forgot).await?;
    let form = Shown::new(form).with_errors(&visit.web, invalid);
    Ok(page::form(visit, FORGOT, invalid, context! { form, puzzle, base => visit.area.base() }))
}

/// **Send Reset Link**: the same answer for every address (ASVS V6.3.8).
pub(crate) async fn ask(visit: Visit, Form(form): Form<ForgotForm>) -> Answer {
    let email = match Email::parse(&form.email) {
        Ok(email) => email,
        Err(message) => return forgot_page(&visit, &form, &[Invalid::new("email", message)]).await,
    };
    let problems = puzzle::check(&visit, Purpose::Forgot, &form.puzzle).await?;
    if !problems.is_empty() {
        return forgot_page(&visit, &form, &problems).await;
    }
    let logins = logins(&visit);
    let asked = visit.web.app().write(&visit.request, move |tx| reset::ask(tx, logins, &email));
    asked.await?;
    Ok(page::done(&visit, visit.area.login(), "flash-reset-asked", &[]))
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ResetForm {
    #[serde(skip_serializing)]
    new: String,
}

/// The page a link leads to. Opening it changes nothing.
pub(crate) async fn show(visit: Visit, Path(token): Path<String>) -> Answer {
    match found(&visit, &token).await? {
        Some((_, open)) => Ok(form_page(&visit, &token, &open, &[])),
        None => Ok(gone(&visit)),
    }
}

async fn found(visit: &Visit, token: &str) -> Result<Option<(Secret, Open)>, Error> {
    let Some(secret) = Secret::parse(token) else { return Ok(None) };
    match reset::try_link(visit.web.app(), &visit.request, logins(visit), &secret).await {
        Ok(open) => Ok(Some((secret, open))),
        Err(Error::Gone) => Ok(None),
        Err(error) => Err(error),
    }
}

fn form_page(visit: &Visit, token: &str, open: &Open, invalid: &[Invalid]) -> Response {
    let form = Shown::new(&ResetForm::default()).with_errors(&visit.web, invalid);
    // Only who has the link sees the names that the new password must not be near to.
    let names = names(open).collect::<Vec<_>>().join("\n");
    let context = context! { state => "open", token, form, email => open.email, names, base => visit.area.base() };
    page::form(visit, TEMPLATE, invalid, context)
}

/// What the person's new password must not be near to.
fn names(open: &Open) -> impl Iterator<Item = String> {
    [&open.name, &open.email].into_iter().chain(&open.accounts).cloned()
}

/// Unknown, used, expired and replaced links look the same.
fn gone(visit: &Visit) -> Response {
    page::respond(visit, StatusCode::GONE, TEMPLATE, context! { state => "gone", base => visit.area.base() })
}

/// **Set New Password**: ends all sessions, begins none.
pub(crate) async fn choose(visit: Visit, Path(token): Path<String>, Form(form): Form<ResetForm>) -> Answer {
    let Some((secret, open)) = found(&visit, &token).await? else { return Ok(gone(&visit)) };
    let rules = password_rules(&visit, names(&open)).await?;
    let chosen = match Password::choose(&form.new, &rules) {
        Ok(chosen) => chosen,
        Err(message) => return Ok(form_page(&visit, &token, &open, &[Invalid::new("new", message)])),
    };
    match reset::choose(visit.web.app(), &visit.request, logins(&visit), secret, &chosen).await {
        Ok(()) => Ok(page::done(&visit, visit.area.login(), "flash-reset-done", &[])),
        Err(Error::Gone) => Ok(gone(&visit)),
        Err(Error::Busy(Busy::Breached)) => Ok(form_page(&visit, &token, &open, &[Invalid::new("new", "error-password-leaked")])),
        Err(error) => Err(error.into()),
    }
}
