//! One's own address: another one takes effect when it is confirmed.

use latchkey_core::email::Email;
use latchkey_core::error::Invalid;
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
}

/// **Change Email Address**. Who it is has to be confirmed first.
pub(crate) async fn save(member: LoggedIn, Form(form): Form<EmailForm>) -> Answer {
    let (visit, subject, session) = (&member.visit, member.user.subject(), member.user.session.id);
    let parsed = Email::parse(&form.email).map_err(|message| vec![Invalid::new("email", message)]);
    let asked = page::submit(visit, parsed, move |tx, email| {
        let by = tx.confirmed(subject, session)?;
        verification::change_address(tx, &by, &email).map(|()| email.to_string())
    });
    match asked.await? {
        Outcome::Done(email) => Ok(page::done(visit, "/me/profile", "flash-email-change-asked", &[("email", &email)])),
        Outcome::Invalid(problems) => profile::with_email_form(&member, &form, &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, "/me/profile", message)),
    }
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
