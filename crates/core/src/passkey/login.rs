//! Passwordless login: a passkey that recognises its owner is both factors in one.

use super::challenge::Purpose;
use super::ops::{self, Wanted};
use super::options::RequestOptions;
use super::{AssertionResponse, Error};
use crate::access::Subject;
use crate::app::{App, Request, Tx};
use crate::secret::Secret;
use crate::{admin, session};

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
    let started = app.write(request, move |tx| {
        let wanted = Wanted { purpose: Purpose::Login, browser: &browser, subject: None };
        match ops::used(tx, &wanted, &response)? {
            Some(Subject::User(user)) => session::start_with_passkey(tx, user, remember).map(Some).map_err(Error::Session),
            _ => Ok(None),
        }
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
    let started = app.write(request, move |tx| {
        let wanted = Wanted { purpose: Purpose::AdminLogin, browser: &browser, subject: None };
        match ops::used(tx, &wanted, &response)? {
            Some(Subject::Admin(admin)) => admin::start_with_passkey(tx, admin).map(Some).map_err(Error::Admin),
            _ => Ok(None),
        }
    });
    started.await?.ok_or(Error::Refused)
}
