//! The second step of a login. A cookie of its own ties it to the browser that typed the password.

use std::time::Duration;

use axum::extract::Query;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use latchkey_core::app::Tx;
use latchkey_core::error::Invalid;
use latchkey_core::factor::{self, Second, Shown as Given};
use latchkey_core::secret::Secret;
use latchkey_core::{admin, session};
use latchkey_http::cookie::{self, Name};
use serde::{Deserialize, Serialize};

use crate::admin_area::login as admin_login;
use crate::client_area::login::{self as client_login, Landed};
use crate::form::{Form, Shown};
use crate::page::{self, Answer};
use crate::passkeys;
use crate::visit::{Area, Visit};

/// How long the cookie of a login that waits lives.
const COOKIE: Duration = Duration::from_mins(10);

/// A code of the app, or a recovery code. What was typed is never sent back: pages show an empty one.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct CodeForm {
    code: String,
    recovery: String,
}

impl CodeForm {
    /// Whether a recovery code was asked for.
    pub(crate) fn is_recovery(&self) -> bool {
        !self.recovery.is_empty()
    }

    /// What was typed, if anything was.
    pub(crate) fn given(&self) -> Option<Given> {
        match (self.recovery.trim(), self.code.trim()) {
            ("", "") => None,
            ("", code) => Some(Given::Code(code.to_owned())),
            (recovery, _) => Some(Given::Recovery(recovery.to_owned())),
        }
    }

    /// What is wrong with it, when it is not right.
    pub(crate) fn problem(&self) -> Invalid {
        match (self.is_recovery(), self.given()) {
            (_, None) => Invalid::new("code", "error-code-required"),
            (true, _) => Invalid::new("recovery", "error-recovery-wrong"),
            (false, _) => Invalid::new("code", "error-code-wrong"),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    with: String,
}

const fn cookie_of(area: Area) -> Name {
    match area {
        Area::Client => Name::Pending,
        Area::Admin => Name::AdminPending,
    }
}

/// Leads to the second step.
pub(crate) fn ask(visit: &Visit, waiting: &Secret) -> Response {
    let mut response = page::see_other(&format!("{}/login/two-factor", visit.area.base()));
    let secure = visit.web.settings().secure;
    if let Some(header) = cookie::set(cookie_of(visit.area), &waiting.reveal(), Some(COOKIE), secure) {
        response.headers_mut().append(SET_COOKIE, header);
    }
    response
}

fn forget(visit: &Visit, mut response: Response) -> Response {
    if let Some(header) = cookie::clear(cookie_of(visit.area), visit.web.settings().secure) {
        response.headers_mut().append(SET_COOKIE, header);
    }
    response
}

/// The page for whoever the login waits for, or back to the login when it waits no more.
async fn form_page(visit: &Visit, recovery: bool, invalid: &[Invalid]) -> Answer {
    let Some(token) = visit.pending.clone() else { return Ok(page::see_other(visit.area.login())) };
    let app = visit.web.app();
    let Some(subject) = factor::waiting(app, token).await? else {
        return Ok(forget(visit, page::see_other(visit.area.login())));
    };
    let ways = app.read(move |snapshot| factor::ways(snapshot, subject)).await?;
    let form = Shown::new(&CodeForm::default()).with_errors(&visit.web, invalid);
    let passkey = ways.passkey && passkeys::offered(&visit.web);
    let context = context! { form, recovery, code => ways.code, passkey, base => visit.area.base() };
    Ok(if invalid.is_empty() {
        page::page(visit, "two_factor.html", context)
    } else {
        page::invalid(visit, "two_factor.html", context)
    })
}

/// The page that asks for the second factor.
pub(crate) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    form_page(&visit, asked.with == "recovery", &[]).await
}

/// Takes the second factor, and begins the session.
pub(crate) async fn submit(visit: Visit, Form(form): Form<CodeForm>) -> Answer {
    match form.given() {
        Some(given) => step(&visit, given, form.problem()).await,
        None => form_page(&visit, form.is_recovery(), &[form.problem()]).await,
    }
}

/// What was given as the second factor, and what is wrong when it is not right.
pub(crate) async fn step(visit: &Visit, given: Given, problem: Invalid) -> Answer {
    let Some(token) = visit.pending.clone() else { return Ok(over(visit)) };
    let app = visit.web.app();
    let again = async || form_page(visit, problem.field == "recovery", std::slice::from_ref(&problem)).await;
    match visit.area {
        Area::Client => match app.write(&visit.request, move |tx| client_step(tx, &token, &given)).await? {
            Second::Session(landed, _) => Ok(forget(visit, landed.answer(visit))),
            Second::Wrong => again().await,
            Second::Over => Ok(over(visit)),
        },
        Area::Admin => match app.write(&visit.request, move |tx| admin::second_step(tx, &token, &given)).await? {
            Second::Session(started, next) => {
                let response = page::see_other(page::local(&next).unwrap_or("/admin"));
                Ok(forget(visit, admin_login::begin(visit, &started, response)))
            }
            Second::Wrong => again().await,
            Second::Over => Ok(over(visit)),
        },
    }
}

fn over(visit: &Visit) -> Response {
    forget(visit, page::refused(visit, visit.area.login(), "flash-two-factor-over"))
}

/// The second step of a login to the Client Area, and where it leads.
fn client_step(tx: &Tx<'_>, token: &Secret, given: &Given) -> Result<Second<Landed>, session::Error> {
    Ok(match session::second_step(tx, token, given)? {
        Second::Session(started, next) => Second::Session(client_login::land(tx, started, &next)?, next),
        Second::Wrong => Second::Wrong,
        Second::Over => Second::Over,
    })
}
