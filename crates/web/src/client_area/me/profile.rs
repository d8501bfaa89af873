//! Your Profile.

use axum::http::StatusCode;
use latchkey_core::access::Denied;
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::user::{self, PersonName};
use latchkey_core::verification;
use serde::{Deserialize, Serialize};

use super::email::EmailForm;
use crate::form::{Form, Shown};
use crate::page::{self, Answer};
use crate::visit::LoggedIn;

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ProfileForm {
    first_name: String,
    last_name: String,
}

fn of(member: &LoggedIn) -> ProfileForm {
    let PersonName { first, last } = member.user.user.name.clone();
    ProfileForm { first_name: first, last_name: last }
}

async fn form_page(member: &LoggedIn, status: StatusCode, form: Shown, email_form: Shown) -> Answer {
    let (visit, user) = (&member.visit, member.id());
    let waiting = visit.web.app().read(move |snapshot| {
        Ok::<_, Denied>(verification::pending(snapshot, &snapshot.myself(user)?)?.filter(|pending| pending.is_change))
    });
    let pending = waiting.await?.map(|pending| context! { email => pending.email, expires_at => pending.expires_at });
    let shown = &member.user.user;
    let context = context! { form, email_form, pending, email => shown.email, verified => shown.verified_at.is_some() };
    Ok(page::respond(visit, status, "client/me/profile.html", context))
}

/// The page.
pub(crate) async fn show(member: LoggedIn) -> Answer {
    form_page(&member, StatusCode::OK, Shown::new(&of(&member)), Shown::new(&EmailForm::default())).await
}

/// The page with what is wrong with another address.
pub(super) async fn with_email_form(member: &LoggedIn, form: &EmailForm, problems: &[Invalid]) -> Answer {
    let typed = Shown::new(form).with_errors(&member.visit.web, problems);
    form_page(member, StatusCode::UNPROCESSABLE_ENTITY, Shown::new(&of(member)), typed).await
}

/// **Save Changes**.
pub(crate) async fn save(member: LoggedIn, Form(form): Form<ProfileForm>) -> Answer {
    let (visit, user) = (&member.visit, member.id());
    let mut fields = Fields::default();
    let name = PersonName::parse(&form.first_name, &form.last_name, &mut fields);
    let problems = fields.finish().err().unwrap_or_default();
    let Some(name) = name else {
        let form = Shown::new(&form).with_errors(&visit.web, &problems);
        return form_page(&member, StatusCode::UNPROCESSABLE_ENTITY, form, Shown::new(&EmailForm::default())).await;
    };
    let saved = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.myself(user)?;
        user::change_own_name(tx, &by, &name)
    });
    saved.await?;
    Ok(page::done(visit, "/me/profile", "flash-profile-saved", &[]))
}
