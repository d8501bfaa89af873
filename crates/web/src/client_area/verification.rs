//! The page that a link to confirm an address leads to. It needs no login; opening it changes nothing.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use latchkey_core::secret::Secret;
use latchkey_core::verification::{self, Error, Pending};

use crate::form::{Form, Pressed};
use crate::page::{self, Answer};
use crate::visit::Visit;

const TEMPLATE: &str = "client/verify.html";

/// The page.
pub(crate) async fn show(visit: Visit, Path(token): Path<String>) -> Answer {
    let Some(secret) = Secret::parse(&token) else { return Ok(gone(&visit)) };
    match verification::try_link(visit.web.app(), &visit.request, &secret).await {
        Ok(pending) => Ok(page::page(&visit, TEMPLATE, context! { state => "open", token, email => pending.email })),
        Err(Error::Gone) => Ok(gone(&visit)),
        Err(error) => Err(error.into()),
    }
}

fn gone(visit: &Visit) -> Response {
    page::respond(visit, StatusCode::GONE, TEMPLATE, context! { state => "gone" })
}

/// **Confirm Email Address**.
pub(crate) async fn confirm(visit: Visit, Path(token): Path<String>, _: Form<Pressed>) -> Answer {
    let Some(secret) = Secret::parse(&token) else { return Ok(gone(&visit)) };
    match confirmed(&visit, secret).await {
        Ok(pending) => {
            let location = if visit.user.is_some() { "/accounts" } else { "/login" };
            Ok(page::done(&visit, location, "flash-email-confirmed", &[("email", &pending.email)]))
        }
        Err(Error::Gone) => Ok(gone(&visit)),
        Err(error) => Err(error.into()),
    }
}

async fn confirmed(visit: &Visit, secret: Secret) -> Result<Pending, Error> {
    verification::try_link(visit.web.app(), &visit.request, &secret).await?;
    visit.web.app().write(&visit.request, move |tx| verification::confirm(tx, &secret)).await
}
