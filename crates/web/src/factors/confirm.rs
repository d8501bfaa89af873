//! "Confirm it's you": before what needs a fresh proof, and where an account requires two-factor.

use axum::extract::Query;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use latchkey_core::access::Subject;
use latchkey_core::error::Invalid;
use latchkey_core::factor::{self, Confirmation, Shown as Given};
use latchkey_core::password::Password;
use latchkey_core::{admin, session};
use latchkey_http::cookie::{self, Name};
use serde::{Deserialize, Serialize};

use crate::error::{PageError, leading_to};
use crate::form::{Form, Shown};
use crate::page::{self, Answer};
use crate::passkeys;
use crate::visit::Somebody;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    next: String,
    with: String,
}

/// The factor where there is one, else the password. What was typed is never sent back: pages show an empty form.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ConfirmForm {
    code: String,
    recovery: String,
    #[serde(skip_serializing)]
    password: String,
    #[serde(skip_serializing)]
    next: String,
}

impl ConfirmForm {
    /// What was given; `Err` says what is wrong when it is not right.
    fn read(&self, two_factor: bool) -> (Option<Confirmation>, Invalid) {
        let (code, recovery) = (self.code.trim().to_owned(), self.recovery.trim().to_owned());
        match (two_factor, recovery.is_empty()) {
            (false, _) => {
                let typed = (!self.password.is_empty()).then(|| Confirmation::Password(Password::typed(&self.password)));
                let message = if typed.is_some() { "error-password-wrong" } else { "error-password-required" };
                (typed, Invalid::new("password", message))
            }
            (true, false) => {
                (Some(Confirmation::Shown(Given::Recovery(recovery))), Invalid::new("recovery", "error-recovery-wrong"))
            }
            (true, true) if code.is_empty() => (None, Invalid::new("code", "error-code-required")),
            (true, true) => (Some(Confirmation::Shown(Given::Code(code))), Invalid::new("code", "error-code-wrong")),
        }
    }
}

async fn form_page(who: &Somebody, next: &str, recovery: bool, invalid: &[Invalid]) -> Answer {
    let subject = who.subject;
    let ways = who.visit.web.app().read(move |snapshot| factor::ways(snapshot, subject)).await?;
    let passkey = ways.passkey && passkeys::offered(&who.visit.web);
    let form = Shown::new(&ConfirmForm::default()).with_errors(&who.visit.web, invalid);
    let asks = match (who.two_factor, recovery) {
        (false, _) => "password",
        (true, false) if !ways.code && passkey => "passkey",
        (true, false) => "code",
        (true, true) => "recovery",
    };
    let back_url = leading_to(&format!("{}/confirm", who.base()), next);
    let recovery_url = format!("{back_url}&with=recovery").replace("/confirm&", "/confirm?");
    let context = context! { form, asks, passkey, code => ways.code, next, back_url, recovery_url, base => who.base() };
    Ok(page::form(&who.visit, "confirm.html", invalid, context))
}

/// The page.
pub(crate) async fn show(who: Somebody, Query(asked): Query<Asked>) -> Answer {
    form_page(&who, page::local(&asked.next).unwrap_or_default(), asked.with == "recovery", &[]).await
}

/// Confirms, and leads back. The session goes on under a new token (ASVS V7.2.4).
pub(crate) async fn submit(who: Somebody, Form(form): Form<ConfirmForm>) -> Answer {
    match form.read(who.two_factor) {
        (Some(given), problem) => given_by(&who, given, &form.next, problem).await,
        (None, problem) => {
            let next = page::local(&form.next).unwrap_or_default();
            form_page(&who, next, problem.field == "recovery", &[problem]).await
        }
    }
}

/// What was given to confirm who it is, and what is wrong when it is not right.
pub(crate) async fn given_by(who: &Somebody, given: Confirmation, next: &str, problem: Invalid) -> Answer {
    let next = page::local(next).unwrap_or_default().to_owned();
    let (app, request) = (who.visit.web.app(), &who.visit.request);
    let renewed = match who.subject {
        Subject::User(user) => session::confirm(app, request, user, who.session, given)
            .await?
            .map(|renewed| (Name::Session, renewed.secret, renewed.cookie_lives)),
        Subject::Admin(id) => {
            admin::confirm(app, request, id, who.session, given).await?.map(|secret| (Name::Admin, secret, None))
        }
    };
    let Some((name, secret, lives)) = renewed else {
        return form_page(who, &next, problem.field == "recovery", &[problem]).await;
    };
    let next = if next.is_empty() { format!("{}/me/security", who.base()) } else { next };
    let mut response = page::done(&who.visit, &next, "flash-confirmed", &[]);
    if let Some(header) = cookie::set(name, &secret.reveal(), lives, who.visit.web.settings().secure) {
        response.headers_mut().append(SET_COOKIE, header);
    }
    Ok(response)
}

/// Two-factor is required here: whoever has it shows it, whoever has none is led through setting it up.
pub(crate) async fn two_factor(who: Somebody, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    let next = page::local(&asked.next).unwrap_or_default();
    if who.two_factor {
        return Ok(page::see_other(&leading_to(&format!("{}/confirm", who.base()), next)));
    }
    let add_passkey = leading_to(&format!("{}/me/passkeys/new", who.base()), next);
    Ok(page::page(&who.visit, "two_factor_required.html", context! { next, add_passkey, base => who.base() }))
}
