//! The mail server as it is set, its queue, and a test mail.

use latchkey_core::access::{ConfigureSystem, Denied};
use latchkey_core::email::Email;
use latchkey_core::error::Invalid;
use latchkey_core::mail;
use serde::{Deserialize, Serialize};

use crate::form::{Form, Shown};
use crate::page::{self, Answer};
use crate::visit::Staff;

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct TestForm {
    to: String,
}

async fn form_page(staff: &Staff, form: &TestForm, invalid: &[Invalid]) -> Answer {
    staff.may::<ConfigureSystem>().await?;
    let web = &staff.visit.web;
    let queue = web.app().read(mail::queue_state).await?;
    let settings = web.settings();
    let kept = settings.mail_kept;
    let context = context! {
        smtp => context! { configured => !kept, host => settings.smtp_host, from => settings.mail_from },
        queue => context! {
            queued => if kept { 0 } else { queue.queued },
            failed => queue.failed,
            kept => if kept { queue.queued } else { 0 },
        },
        form => Shown::new(form).with_errors(web, invalid),
    };
    Ok(page::form(&staff.visit, "admin/config/mail.html", invalid, context))
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    form_page(&staff, &TestForm { to: staff.admin.admin.email.clone() }, &[]).await
}

/// Sends a test mail.
pub(crate) async fn send_test(staff: Staff, Form(form): Form<TestForm>) -> Answer {
    let (visit, admin) = (&staff.visit, staff.id());
    let to = match Email::parse(&form.to) {
        Ok(to) => to,
        Err(message) => return form_page(&staff, &form, &[Invalid::new("to", message)]).await,
    };
    let text = to.to_string();
    let queued = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ConfigureSystem>(admin)?;
        Ok::<_, Denied>(mail::send_test(tx, &by, &to)?)
    });
    queued.await?;
    let message = if visit.web.settings().mail_kept { "flash-test-mail-kept" } else { "flash-test-mail-queued" };
    Ok(page::done(visit, "/admin/config/mail", message, &[("email", &text)]))
}
