//! The page that the mail of a registration leads to: whoever has chosen the password finishes there. Opening it changes nothing.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use latchkey_core::error::Invalid;
use latchkey_core::invitation::Invitation;
use latchkey_core::password::Password;
use latchkey_core::registration::{self, Error, Waiting};
use latchkey_core::secret::Secret;
use serde::{Deserialize, Serialize};

use super::invitation::inside;
use super::login;
use crate::error::PageError;
use crate::form::{Form, Shown};
use crate::page::{self, Answer};
use crate::view;
use crate::visit::Visit;

const TEMPLATE: &str = "client/register.html";

/// *Check your mail*: the same for every address (ASVS V6.3.8).
pub(super) fn check_mail(visit: &Visit, token: &str, invitation: &Invitation) -> Response {
    page::page(visit, TEMPLATE, context! { state => "sent", token, account_name => invitation.account_name })
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct FinishForm {
    #[serde(skip_serializing)]
    password: String,
}

/// The page a link leads to.
pub(crate) async fn show(visit: Visit, Path(token): Path<String>) -> Answer {
    Ok(match found(&visit, &token).await? {
        Some((_, waiting)) => form_page(&visit, &token, &waiting, &[]),
        None => gone(&visit),
    })
}

async fn found(visit: &Visit, token: &str) -> Result<Option<(Secret, Waiting)>, PageError> {
    let Some(secret) = Secret::parse(token) else { return Ok(None) };
    match registration::try_link(visit.web.app(), &visit.request, &secret).await {
        Ok(waiting) => Ok(Some((secret, waiting))),
        Err(Error::Gone) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn form_page(visit: &Visit, token: &str, waiting: &Waiting, invalid: &[Invalid]) -> Response {
    let form = Shown::new(&FinishForm::default()).with_errors(&visit.web, invalid);
    let context = context! {
        state => "open",
        token,
        form,
        account_name => waiting.invitation.account_name,
        inviter => view::inviter(&visit.web, &waiting.invitation),
        email => waiting.email,
        expires_at => waiting.expires_at,
    };
    page::form(visit, TEMPLATE, invalid, context)
}

/// Whatever has become of the link or of its invitation looks the same.
fn gone(visit: &Visit) -> Response {
    page::respond(visit, StatusCode::GONE, TEMPLATE, context! { state => "gone" })
}

/// **Finish Registration**.
pub(crate) async fn finish(visit: Visit, Path(token): Path<String>, Form(form): Form<FinishForm>) -> Answer {
    let Some((secret, waiting)) = found(&visit, &token).await? else { return Ok(gone(&visit)) };
    if form.password.is_empty() {
        return Ok(form_page(&visit, &token, &waiting, &[Invalid::new("password", "error-password-required")]));
    }
    let typed = Password::typed(&form.password);
    match registration::finish(visit.web.app(), &visit.request, &secret, &typed).await {
        Ok(made) => Ok(login::begin(&visit, &made.started, inside(&visit, &made.accepted))),
        Err(Error::Gone) => Ok(gone(&visit)),
        Err(error) => Ok(form_page(&visit, &token, &waiting, &page::fields(error)?)),
    }
}
