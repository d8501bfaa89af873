//! Change Password.

use latchkey_core::error::{Fields, Invalid};
use latchkey_core::password::{Password, Rules};
use latchkey_core::{factor, user};
use serde::{Deserialize, Serialize};

use crate::client_area::password_rules;
use crate::form::{Form, Shown};
use crate::page::{self, Answer, Outcome};
use crate::visit::LoggedIn;

/// The same in both areas.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct PasswordForm {
    #[serde(skip_serializing)]
    current: String,
    #[serde(skip_serializing)]
    new: String,
}

impl PasswordForm {
    /// Checks every field: the present password, and the new one.
    pub(crate) fn parse(&self, rules: &Rules) -> Result<(Password, Password), Vec<Invalid>> {
        let mut fields = Fields::default();
        if self.current.is_empty() {
            fields.refuse("current", "error-password-required");
        }
        let chosen = fields.take("new", Password::choose(&self.new, rules));
        if !self.new.is_empty() && self.new == self.current {
            fields.refuse("new", "error-password-same");
        }
        fields.finish()?;
        chosen.map(|chosen| (Password::typed(&self.current), chosen)).ok_or_else(Vec::new)
    }
}

/// The page. Who has a second factor confirms with it first.
pub(crate) async fn show(member: LoggedIn) -> Answer {
    let (subject, session) = (member.user.subject(), member.user.session.id);
    member.visit.web.app().read(move |snapshot| factor::confirmed_where_enrolled(snapshot, subject, session)).await?;
    Ok(page::page(&member.visit, "client/me/password.html", context! { form => Shown::new(&PasswordForm::default()) }))
}

/// Changes the password; all other sessions end.
pub(crate) async fn save(member: LoggedIn, Form(form): Form<PasswordForm>) -> Answer {
    let visit = &member.visit;
    let rules = password_rules(visit, []).await?;
    let problems = match form.parse(&rules) {
        Err(problems) => problems,
        Ok((current, chosen)) => {
            let (app, session) = (visit.web.app(), member.user.session.id);
            let changed = user::change_password(app, &visit.request, member.id(), session, &current, &chosen).await;
            match page::outcome(changed)? {
                Outcome::Done(()) => return Ok(page::done(visit, "/me/security", "flash-password-changed", &[])),
                Outcome::Invalid(problems) => problems,
                Outcome::Conflict(message) => return Ok(page::refused(visit, "/me/password", message)),
            }
        }
    };
    let form = Shown::new(&form).with_errors(&visit.web, &problems);
    Ok(page::invalid(visit, "client/me/password.html", context! { form }))
}
