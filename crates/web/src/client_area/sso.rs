//! `/oauth/singlesignon.php`: where a link leads that another system made to log a user in.
//!
//! Opening it changes nothing, so a preview or a mail scanner uses no link up: the page holds a form that sends itself, with a button
//! where there are no scripts. In a browser in which somebody else is logged in it waits for the button.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use latchkey_core::membership;
use latchkey_core::secret::Secret;
use latchkey_core::sso::{self, Error};
use serde::Deserialize;

use super::login;
use crate::form::Form;
use crate::page::{self, Answer};
use crate::visit::Visit;

const TEMPLATE: &str = "client/sso.html";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    access_token: String,
}

/// The page.
pub(crate) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let Some(secret) = Secret::parse(&asked.access_token) else { return Ok(gone(&visit)) };
    match visit.web.app().read(move |snapshot| sso::open(snapshot, &secret)).await {
        Ok(link) => {
            let waits = visit.user.as_ref().is_some_and(|other| other.user.id != link.user || other.acting.is_some());
            let context =
                context! { state => "open", token => asked.access_token, name => link.user_name, sends_itself => !waits };
            Ok(page::page(&visit, TEMPLATE, context))
        }
        Err(Error::Gone) => Ok(gone(&visit)),
        Err(error) => Err(error.into()),
    }
}

fn gone(visit: &Visit) -> Response {
    page::respond(visit, StatusCode::GONE, TEMPLATE, context! { state => "gone" })
}

/// Logs the user in and leads on.
pub(crate) async fn redeem(visit: Visit, Form(form): Form<Asked>) -> Answer {
    let Some(secret) = Secret::parse(&form.access_token) else { return Ok(gone(&visit)) };
    let redeemed = visit.web.app().write(&visit.request, move |tx| {
        let (started, link) = sso::redeem(tx, &secret)?;
        if let Some(account) = link.account {
            // Whoever has to show a second factor first is asked for it there; the login stands.
            membership::enter_at_login(tx, started.who, account)?;
        }
        Ok::<_, Error>((started, link))
    });
    match redeemed.await {
        Ok((started, link)) => {
            let location = page::local(&link.lands_at).unwrap_or("/accounts");
            Ok(login::begin(&visit, &started, page::see_other(location)))
        }
        Err(Error::Gone) => Ok(gone(&visit)),
        Err(error) => Err(error.into()),
    }
}
