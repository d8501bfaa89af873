//! **Login** and **Logout**.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use latchkey_core::app::Tx;
use latchkey_core::error::{Fault, HasKind, Invalid, Kind};
use latchkey_core::factor::Begun;
use latchkey_core::membership;
use latchkey_core::password::Password;
use latchkey_core::puzzle::Purpose;
use latchkey_core::session::{self, BegunBy, Login, Started};
use latchkey_http::cookie::{self, Name};
use serde::{Deserialize, Serialize};

use super::masquerade;
use crate::error::PageError;
use crate::factors::login as two_factor;
use crate::form::{Form, Pressed, Shown};
use crate::headers;
use crate::page::{self, Answer};
use crate::puzzle;
use crate::visit::{LoggedIn, Visit};

/// What is typed to log in, here and on the invitation's page.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct LoginForm {
    pub(crate) email: String,
    #[serde(skip_serializing)]
    pub(crate) password: String,
    pub(crate) remember: String,
    #[serde(skip_serializing)]
    pub(crate) next: String,
    #[serde(skip_serializing)]
    pub(crate) puzzle: String,
}

impl LoginForm {
    /// What core compares.
    pub(crate) fn login(&self) -> Login {
        Login { email: self.email.clone(), password: Password::typed(&self.password), remember: !self.remember.is_empty() }
    }

    /// Fields left empty; whatever else is typed is answered alike.
    pub(crate) fn missing(&self) -> Vec<Invalid> {
        let missing = |text: &str, field, message| text.is_empty().then_some(Invalid::new(field, message));
        let email = missing(self.email.trim(), "email", "error-email-required");
        email.into_iter().chain(missing(&self.password, "password", "error-password-required")).collect()
    }
}

/// The one message for a wrong password and an unknown address (ASVS V6.3.8).
pub(crate) const FAILED: Invalid = Invalid::new("email", "error-login-failed");

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    next: String,
}

/// The login page.
pub(crate) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    // Whom a link of another system has logged in may still log in by password: some accounts want that.
    if visit.user.as_ref().is_some_and(|user| user.session.begun_by == BegunBy::Login || user.acting.is_some()) {
        return Ok(page::see_other(page::local(&asked.next).unwrap_or("/accounts")));
    }
    form_page(&visit, StatusCode::OK, Shown::new(&LoginForm::default()), &asked.next).await
}

async fn form_page(visit: &Visit, status: StatusCode, form: Shown, next: &str) -> Answer {
    let puzzle = puzzle::of_page(visit, Purpose::Login).await?;
    Ok(page::respond(visit, status, "client/login.html", context! { form, next, puzzle }))
}

async fn again(visit: &Visit, form: &LoginForm, invalid: &[Invalid]) -> Answer {
    let shown = Shown::new(form).with_errors(&visit.web, invalid);
    form_page(visit, StatusCode::UNPROCESSABLE_ENTITY, shown, &form.next).await
}

/// Logs in.
pub(crate) async fn submit(visit: Visit, Form(form): Form<LoginForm>) -> Answer {
    let mut problems = form.missing();
    if problems.is_empty() {
        problems = puzzle::check(&visit, Purpose::Login, &form.puzzle).await?;
    }
    if !problems.is_empty() {
        return again(&visit, &form, &problems).await;
    }
    let (app, next) = (visit.web.app(), page::local(&form.next).unwrap_or_default().to_owned());
    let begun = match session::authenticate(app, &visit.request, &form.login()).await {
        Ok(proven) => {
            let remember = form.login().remember;
            app.write(&visit.request, move |tx| {
                let begun = session::start(tx, &proven, remember, &next)?;
                begun.and(|started| Ok::<_, session::Error>(land(tx, started, &next)?))
            })
            .await
        }
        Err(error) => Err(error),
    };
    match begun {
        Ok(Begun::Session(landed)) => Ok(landed.answer(&visit)),
        Ok(Begun::SecondFactor(waiting)) => Ok(two_factor::ask(&visit, &waiting)),
        Err(error) if error.kind() == Kind::Unauthenticated => again(&visit, &form, &[FAILED]).await,
        Err(error) => Err(error.into()),
    }
}

/// A login that is done, and where it leads.
pub(crate) struct Landed {
    started: Started,
    location: String,
}

impl Landed {
    /// The way there, with the session's cookie.
    pub(crate) fn answer(&self, visit: &Visit) -> Response {
        begin(visit, &self.started, page::see_other(&self.location))
    }
}

/// Where a login leads: back to where one was, straight into the only account, or to the switcher. In the login's own
/// transaction: the disk is waited for once.
pub(crate) fn land(tx: &Tx<'_>, started: Started, next: &str) -> Result<Landed, Fault> {
    // Who cannot enter (any more) is told so there; the login stands.
    let Some(next) = page::local(next) else {
        let only = membership::enter_only_at_login(tx, started.who)?;
        let location = only.map_or_else(|| "/accounts".to_owned(), |only| format!("/a/{only}"));
        return Ok(Landed { started, location });
    };
    if let Some(account) = page::account_in(next) {
        membership::enter_at_login(tx, started.who, account)?;
    }
    Ok(Landed { started, location: next.to_owned() })
}

/// Sets the new session's cookie. What the browser had before is of no use any more (ASVS V7.2.4).
pub(crate) fn begin(visit: &Visit, started: &Started, mut response: Response) -> Response {
    let secure = visit.web.settings().secure;
    let session = cookie::set(Name::Session, &started.secret.reveal(), started.cookie_lives, secure);
    let device = cookie::device(&started.device, secure);
    for header in session.into_iter().chain(device).chain(cookie::clear(Name::Visitor, secure)) {
        response.headers_mut().append(SET_COOKIE, header);
    }
    response
}

/// Ends the session and its cookie.
pub(crate) fn end(visit: &Visit, mut response: Response) -> Response {
    if let Some(header) = cookie::clear(Name::Session, visit.web.settings().secure) {
        response.headers_mut().append(SET_COOKIE, header);
    }
    headers::clear_site_data(&visit.web, &mut response);
    response
}

/// **Logout**.
pub(crate) async fn logout(member: LoggedIn, pressed: Form<Pressed>) -> Answer {
    if member.user.acting.is_some() {
        return masquerade::end(member, pressed).await;
    }
    sign_out(&member).await?;
    let visit = &member.visit;
    Ok(end(visit, page::done(visit, "/login", "flash-logged-out", &[])))
}

/// Ends the session on the server.
pub(crate) async fn sign_out(member: &LoggedIn) -> Result<(), PageError> {
    let (user, session) = (member.id(), member.user.session.id);
    let ended = member.visit.web.app().write(&member.visit.request, move |tx| {
        let by = tx.myself(user)?;
        session::logout(tx, &by, session)
    });
    Ok(ended.await?)
}
