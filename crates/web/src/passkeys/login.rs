//! Logins with passkeys: alone, and as the second step of a login that began with a password.

use axum::Json;
use axum::response::{IntoResponse, Response};
use latchkey_core::error::{HasKind, Invalid, Kind};
use latchkey_core::factor::{Confirmation, Shown};
use latchkey_core::passkey::{self, AssertionParts, AssertionResponse, Purpose, Refused};
use serde::Deserialize;

use super::browser;
use crate::admin_area::login as admin_login;
use crate::client_area::login as client_login;
use crate::factors::confirm as confirmed;
use crate::factors::login as two_factor;
use crate::form::{Form, Pressed};
use crate::page::{self, Answer};
use crate::visit::{Area, Somebody, Visit};

/// The answer of the browser when a passkey was used.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct PasskeyForm {
    credential_id: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
    user_handle: String,
    remember: String,
    next: String,
}

impl PasskeyForm {
    /// What core verifies.
    fn response(&self) -> Result<AssertionResponse, Refused> {
        AssertionResponse::parse(&AssertionParts {
            credential_id: &self.credential_id,
            client_data: &self.client_data,
            authenticator_data: &self.authenticator_data,
            signature: &self.signature,
            user_handle: &self.user_handle,
        })
    }

    /// The same as a second factor.
    fn shown(&self, visit: &Visit, purpose: Purpose) -> Result<Shown, Refused> {
        Ok(Shown::Passkey(passkey::Answer { purpose, browser: browser(visit), response: self.response()? }))
    }
}

/// What is said of a passkey that is not the right one.
const WRONG: Invalid = Invalid::new("passkey", "error-passkey-wrong");

/// What the browser is asked to log in with a passkey alone. The answer is the same for everybody.
pub(crate) async fn options(visit: Visit, _: Form<Pressed>) -> Answer {
    let (area, browser) = (visit.area, browser(&visit));
    let asked = visit.web.app().write(&visit.request, move |tx| match area {
        Area::Client => passkey::begin_login(tx, &browser),
        Area::Admin => passkey::begin_admin_login(tx, &browser),
    });
    Ok(Json(asked.await?).into_response())
}

/// What the browser is asked for the second step of a login.
pub(crate) async fn second_step_options(visit: Visit, _: Form<Pressed>) -> Answer {
    let (browser, token) = (browser(&visit), visit.pending.clone());
    let asked = visit.web.app().write(&visit.request, move |tx| match &token {
        Some(token) => passkey::begin_second_step(tx, token, &browser).map(Some),
        None => Ok(None),
    });
    Ok(match asked.await? {
        Some(options) => Json(options).into_response(),
        None => page::see_other(visit.area.login()),
    })
}

/// Takes a passkey as the second step of a login.
pub(crate) async fn second_step(visit: Visit, Form(form): Form<PasskeyForm>) -> Answer {
    match form.shown(&visit, Purpose::SecondStep) {
        Ok(shown) => two_factor::step(&visit, shown, WRONG).await,
        Err(_) => Ok(refused(&visit)),
    }
}

/// What the browser is asked to confirm who it is.
pub(crate) async fn confirm_options(me: Somebody, _: Form<Pressed>) -> Answer {
    let (browser, subject) = (browser(&me.visit), me.subject);
    let asked = me.visit.web.app().write(&me.visit.request, move |tx| passkey::begin_confirming(tx, subject, &browser));
    Ok(Json(asked.await?).into_response())
}

/// Takes a passkey to confirm who it is.
pub(crate) async fn confirm(me: Somebody, Form(form): Form<PasskeyForm>) -> Answer {
    match form.shown(&me.visit, Purpose::Confirm) {
        Ok(shown) => confirmed::given_by(&me, Confirmation::Shown(shown), &form.next, WRONG).await,
        Err(_) => Ok(page::refused(&me.visit, &format!("{}/confirm", me.base()), WRONG.message)),
    }
}

/// **Log in with a passkey**.
pub(crate) async fn submit(visit: Visit, Form(form): Form<PasskeyForm>) -> Answer {
    let Ok(response) = form.response() else { return Ok(refused(&visit)) };
    let (app, browser) = (visit.web.app(), browser(&visit));
    let failed = |error: passkey::Error| match error.kind() {
        Kind::Unauthenticated => Ok(refused(&visit)),
        _ => Err(error.into()),
    };
    match visit.area {
        Area::Client => match passkey::login(app, &visit.request, browser, response, !form.remember.is_empty()).await {
            Ok(started) => {
                let landed = app.write(&visit.request, move |tx| client_login::land(tx, started.clone(), &form.next)).await?;
                Ok(landed.answer(&visit))
            }
            Err(error) => failed(error),
        },
        Area::Admin => match passkey::admin_login(app, &visit.request, browser, response).await {
            Ok(started) => {
                let to = page::local(&form.next).unwrap_or("/admin");
                Ok(admin_login::begin(&visit, &started, page::see_other(to)))
            }
            Err(error) => failed(error),
        },
    }
}

/// The one message, whatever was wrong (ASVS V6.3.8).
fn refused(visit: &Visit) -> Response {
    page::refused(visit, visit.area.login(), "error-passkey-login-failed")
}
