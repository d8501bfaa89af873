//! The one-time link that makes the first admin. Opening it changes nothing.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use latchkey_core::admin::{self, Error};
use latchkey_core::email::Email;
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::password::{Password, Rules};
use latchkey_core::secret::Secret;
use latchkey_core::text;
use serde::{Deserialize, Serialize};

use super::login;
use crate::client_area::password_rules;
use crate::error::PageError;
use crate::form::{Form, Shown};
use crate::page::{self, Answer};
use crate::visit::Visit;

/// The first admin.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct AdminForm {
    name: String,
    email: String,
    #[serde(skip_serializing)]
    password: String,
}

impl AdminForm {
    /// What the password is held to.
    pub(crate) async fn rules(&self, visit: &Visit) -> Result<Rules, PageError> {
        password_rules(visit, [self.name.clone(), self.email.clone()]).await
    }

    /// Checks every field.
    pub(crate) fn parse(&self, rules: &Rules) -> Result<(String, Email, Password), Vec<Invalid>> {
        let mut fields = Fields::default();
        let name = fields.take("name", text::line(&self.name, latchkey_core::user::MAX_NAME));
        let email = fields.take("email", Email::parse(&self.email));
        let password = fields.take("password", Password::choose(&self.password, rules));
        fields.finish()?;
        match (name, email, password) {
            (Some(name), Some(email), Some(password)) => Ok((name, email, password)),
            _ => Err(Vec::new()),
        }
    }
}

fn gone(visit: &Visit) -> Response {
    let form = Shown::new(&AdminForm::default());
    page::respond(visit, StatusCode::GONE, "admin/setup.html", context! { state => "gone", form })
}

/// The link's secret, while it works.
async fn found(visit: &Visit, token: &str) -> Result<Option<Secret>, PageError> {
    let Some(secret) = Secret::parse(token) else { return Ok(None) };
    let tried = secret.clone();
    let is_open = visit.web.app().read(move |snapshot| admin::setup_is_open(snapshot, &tried)).await?;
    Ok(is_open.then_some(secret))
}

/// The page.
pub(crate) async fn show(visit: Visit, Path(token): Path<String>) -> Answer {
    if found(&visit, &token).await?.is_none() {
        return Ok(gone(&visit));
    }
    let form = Shown::new(&AdminForm::default());
    Ok(page::page(&visit, "admin/setup.html", context! { state => "open", form }))
}

/// Makes the first admin and logs it in. What is typed is judged for whom holds the link only: that takes long.
pub(crate) async fn submit(visit: Visit, Path(token): Path<String>, Form(form): Form<AdminForm>) -> Answer {
    let Some(secret) = found(&visit, &token).await? else { return Ok(gone(&visit)) };
    let rules = form.rules(&visit).await?;
    let problems = match form.parse(&rules) {
        Err(problems) => problems,
        Ok((name, email, password)) => {
            match admin::set_up(visit.web.app(), &visit.request, secret, name, email, &password).await {
                Ok(started) => {
                    return Ok(login::begin(&visit, &started, page::done(&visit, "/admin", "flash-setup-done", &[])));
                }
                Err(Error::Gone) => return Ok(gone(&visit)),
                Err(error) => page::fields(error)?,
            }
        }
    };
    let form = Shown::new(&form).with_errors(&visit.web, &problems);
    Ok(page::invalid(&visit, "admin/setup.html", context! { state => "open", form }))
}
