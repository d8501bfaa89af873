//! The page of an invitation to become an admin. Opening it changes nothing.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use latchkey_core::admin_invitation::{self, Accept, Error, Invitation};
use latchkey_core::admin_role;
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::password::{Password, Rules};
use latchkey_core::secret::Secret;
use latchkey_core::{text, user};
use serde::{Deserialize, Serialize};

use super::login;
use crate::client_area::password_rules;
use crate::error::PageError;
use crate::form::{Form, Shown};
use crate::page::{self, Answer};
use crate::view;
use crate::visit::Visit;

const TEMPLATE: &str = "admin/invite.html";

/// What the invited person chooses.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct AcceptForm {
    name: String,
    #[serde(skip_serializing)]
    password: String,
}

impl AcceptForm {
    fn parse(&self, secret: Secret, rules: &Rules) -> Result<Accept, Vec<Invalid>> {
        let mut fields = Fields::default();
        let name = fields.take("name", text::line(&self.name, user::MAX_NAME));
        let password = fields.take("password", Password::choose(&self.password, rules));
        fields.finish()?;
        name.zip(password).map(|(name, password)| Accept { secret, name, password }).ok_or_else(Vec::new)
    }
}

/// Unknown, expired, used and cancelled look the same.
fn gone(visit: &Visit) -> Response {
    page::respond(visit, StatusCode::GONE, TEMPLATE, context! { state => "gone", form => Shown::default() })
}

/// What the link offers, while it works.
async fn find(visit: &Visit, secret: &Secret) -> Result<Option<(Invitation, String)>, PageError> {
    let web = &visit.web;
    let invitation = match admin_invitation::try_link(web.app(), &visit.request, secret).await {
        Err(Error::Gone) => return Ok(None),
        opened => opened?,
    };
    let role = invitation.role;
    let role = web.app().read(move |snapshot| admin_role::find(snapshot, role)).await?;
    let name = role.map_or_else(|| invitation.role_name.clone(), |role| view::admin_role(web, &role));
    Ok(Some((invitation, name)))
}

fn form_page(visit: &Visit, invitation: &Invitation, role: &str, form: &AcceptForm, invalid: &[Invalid]) -> Response {
    let context = context! {
        state => "open",
        role,
        inviter => invitation.inviter,
        email => invitation.email,
        expires_at => invitation.expires_at,
        form => Shown::new(form).with_errors(&visit.web, invalid),
    };
    let status = if invalid.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page::respond(visit, status, TEMPLATE, context)
}

/// The page a link leads to.
pub(crate) async fn show(visit: Visit, Path(token): Path<String>) -> Answer {
    let Some(secret) = Secret::parse(&token) else { return Ok(gone(&visit)) };
    let Some((invitation, role)) = find(&visit, &secret).await? else { return Ok(gone(&visit)) };
    let form = AcceptForm { name: invitation.name.clone(), ..AcceptForm::default() };
    Ok(form_page(&visit, &invitation, &role, &form, &[]))
}

/// **Accept**: makes the admin and logs it in.
pub(crate) async fn accept(visit: Visit, Path(token): Path<String>, Form(form): Form<AcceptForm>) -> Answer {
    let Some(secret) = Secret::parse(&token) else { return Ok(gone(&visit)) };
    let Some((invitation, role)) = find(&visit, &secret).await? else { return Ok(gone(&visit)) };
    let rules = password_rules(&visit, [form.name.clone(), invitation.email.clone()]).await?;
    let problems = match form.parse(secret, &rules) {
        Err(problems) => problems,
        Ok(input) => match admin_invitation::accept(visit.web.app(), &visit.request, input).await {
            Ok(started) => {
                let response = page::done(&visit, "/admin", "flash-admin-invite-accepted", &[]);
                return Ok(login::begin(&visit, &started, response));
            }
            Err(Error::Gone) => return Ok(gone(&visit)),
            // Such as a password that stands in the file of breached ones.
            Err(error) => page::fields(error)?,
        },
    };
    Ok(form_page(&visit, &invitation, &role, &form, &problems))
}
