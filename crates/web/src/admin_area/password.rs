//! Change Password, of an admin.

use latchkey_core::{admin, factor};

use crate::client_area::{PasswordForm, password_rules};
use crate::form::{Form, Shown};
use crate::page::{self, Answer, Outcome};
use crate::visit::Staff;

const TEMPLATE: &str = "admin/password.html";

/// The page. Who has a second factor confirms with it first.
pub(crate) async fn show(staff: Staff) -> Answer {
    let (subject, session) = (staff.admin.subject(), staff.admin.session);
    staff.visit.web.app().read(move |snapshot| factor::confirmed_where_enrolled(snapshot, subject, session)).await?;
    Ok(page::page(&staff.visit, TEMPLATE, context! { form => Shown::new(&PasswordForm::default()) }))
}

/// Changes the password; all other sessions end.
pub(crate) async fn save(staff: Staff, Form(form): Form<PasswordForm>) -> Answer {
    let visit = &staff.visit;
    let rules = password_rules(visit, []).await?;
    let problems = match form.parse(&rules) {
        Err(problems) => problems,
        Ok((current, chosen)) => {
            let (app, session) = (visit.web.app(), staff.admin.session);
            let changed = admin::change_password(app, &visit.request, staff.id(), session, &current, &chosen).await;
            match page::outcome(changed)? {
                Outcome::Done(()) => return Ok(page::done(visit, "/admin/me/security", "flash-password-changed", &[])),
                Outcome::Invalid(problems) => problems,
                Outcome::Conflict(message) => return Ok(page::refused(visit, "/admin/me/password", message)),
            }
        }
    };
    let form = Shown::new(&form).with_errors(&visit.web, &problems);
    Ok(page::invalid(visit, TEMPLATE, context! { form }))
}
