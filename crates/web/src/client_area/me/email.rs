//! One's own address: another one takes effect when it is confirmed.

use latchkey_core::email::Email;
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::password::Password;
use latchkey_core::verification;
use serde::{Deserialize, Serialize};

use super::profile;
use crate::form::{Form, Pressed};
use crate::page::{self, Answer, Outcome};
use crate::visit::LoggedIn;

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct EmailForm {
    email: String,
    #[serde(skip_serializing)]
    current: String,
}

impl EmailForm {
    fn parse(&self) -> Result<(Email, Password), Vec<Invalid>> {
        let mut fields = Fields::default();
        let email = fields.take("email", Email::parse(&self.email));
        if self.current.is_empty() {
            fields.refuse("current", "error-password-required");
        }
        fields.finish()?;
        email.map(|email| (email, Password::typed(&self.current))).ok_or_else(Vec::new)
    }
}

/// **Change Email Address**.
pub(crate) async fn save(member: LoggedIn, Form(form): Form<EmailForm>) -> Answer {
    let visit = &member.visit;
    let problems = match form.parse() {
        Err(problems) => problems,
        Ok((email, current)) => {
            let text = email.to_string();
            let asked = verification::change_address(visit.web.app(), &visit.request, member.id(), email, &current);
            match page::outcome(asked.await)? {
                Outcome::Done(()) => {
                    return Ok(page::done(visit, "/me/profile", "flash-email-change-asked", &[("email", &text)]));
                }
                Outcome::Invalid(problems) => problems,
                Outcome::Conflict(message) => return Ok(page::refused(visit, "/me/profile", message)),
            }
        }
    };
    profile::with_email_form(&member, &form, &problems).await
}

/// **Cancel**: keeps the present address.
pub(crate) async fn cancel(member: LoggedIn, _: Form<Pressed>) -> Answer {
    let (visit, user) = (&member.visit, member.id());
    let cancelled = visit.web.app().write(&visit.request, move |tx| verification::cancel(tx, &tx.myself(user)?));
    page::pressed(visit, "/me/profile", cancelled.await, |()| {
        page::done(visit, "/me/profile", "flash-email-change-cancelled", &[])
    })
}

/// **Resend**.
pub(crate) async fn resend(member: LoggedIn, _: Form<Pressed>) -> Answer {
    let (visit, user) = (&member.visit, member.id());
    let resent = visit.web.app().write(&visit.request, move |tx| verification::resend(tx, &tx.myself(user)?));
    page::pressed(visit, "/me/profile", resent.await, |email| {
        page::done(visit, "/me/profile", "flash-verification-sent", &[("email", &email)])
    })
}
