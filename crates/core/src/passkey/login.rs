//! Passwordless login: a passkey that recognises its owner is both factors in one.

use super::challenge::Purpose;
use super::ops;
use super::options::RequestOptions;
use super::{Answer, AssertionResponse, Error};
use crate::app::{App, Request, Tx};
use crate::secret::Secret;
use crate::{admin, factor, session};

/// What the browser is asked to log in to the Client Area.
pub fn begin_login(tx: &Tx<'_>, browser: &Secret) -> Result<RequestOptions, Error> {
    ops::begin_login(tx, Purpose::Login, browser)
}

/// What the browser is asked to log in to the Admin Area.
pub fn begin_admin_login(tx: &Tx<'_>, browser: &Secret) -> Result<RequestOptions, Error> {
    ops::begin_login(tx, Purpose::AdminLogin, browser)
}

/// Logs in to the Client Area. Whatever is wrong, the answer is one (ASVS V6.3.8).
pub async fn login(
    app: &App,
    request: &Request,
    browser: Secret,
    response: AssertionResponse,
    remember: bool,
) -> Result<session::Started, Error> {
    let answer = Answer { purpose: Purpose::Login, browser, response };
    let started = app.write(request, move |tx| match factor::by_passkey_alone(tx, &answer)? {
        Some(proof) => session::start_with_passkey(tx, &proof, remember).map_err(Error::Session),
        None => Ok(None),
    });
    started.await?.ok_or(Error::Refused)
}

/// Logs in to the Admin Area.
pub async fn admin_login(
    app: &App,
    request: &Request,
    browser: Secret,
    response: AssertionResponse,
) -> Result<admin::Started, Error> {
    let answer = Answer { purpose: Purpose::AdminLogin, browser, response };
    let started = app.write(request, move |tx| match factor::by_passkey_alone(tx, &answer)? {
        Some(proof) => admin::start_with_passkey(tx, &proof).map_err(Error::Admin),
        None => Ok(None),
    });
    started.await?.ok_or(Error::Refused)
}
