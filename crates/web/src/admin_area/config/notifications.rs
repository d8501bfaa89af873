//! What people are told by mail, and whether they must confirm their address.

use latchkey_core::access::{ConfigureSystem, Denied};
use latchkey_core::error::Invalid;
use latchkey_core::mail::Notice;
use latchkey_core::settings::{self, Notifications, Verification};
use serde::{Deserialize, Serialize};

use crate::form::{Form, Shown};
use crate::page::{self, Answer};
use crate::state::Web;
use crate::visit::Staff;

const PATH: &str = "/admin/config/notifications";

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct NotificationsForm {
    verification: String,
    told: Vec<String>,
}

impl From<Notifications> for NotificationsForm {
    fn from(chosen: Notifications) -> Self {
        let told = Notice::ALL.iter().filter(|notice| !chosen.off.contains(notice));
        Self { verification: chosen.verification.key().to_owned(), told: told.map(|notice| notice.key().to_owned()).collect() }
    }
}

#[derive(Serialize)]
struct Switch {
    key: &'static str,
    label: String,
    on: bool,
    always: bool,
}

fn switches(web: &Web, form: &NotificationsForm) -> Vec<Switch> {
    let switch = |notice: &Notice| Switch {
        key: notice.key(),
        label: web.text(&format!("notice-{}", notice.key()), &[]),
        on: notice.is_always_told() || form.told.iter().any(|key| key == notice.key()),
        always: notice.is_always_told(),
    };
    Notice::ALL.iter().map(switch).collect()
}

#[derive(Serialize)]
struct Choice {
    value: &'static str,
    label: String,
}

fn choices(web: &Web) -> Vec<Choice> {
    let choice = |one: Verification| Choice { value: one.key(), label: web.text(&format!("verification-{}", one.key()), &[]) };
    Verification::ALL.into_iter().map(choice).collect()
}

fn form_page(staff: &Staff, form: &NotificationsForm, invalid: &[Invalid]) -> axum::response::Response {
    let web = &staff.visit.web;
    let context = context! {
        form => Shown::new(form).with_errors(web, invalid),
        switches => switches(web, form),
        choices => choices(web),
    };
    page::form(&staff.visit, "admin/config/notifications.html", invalid, context)
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    let admin = staff.id();
    let chosen = staff.visit.web.app().read(move |snapshot| {
        snapshot.authorize_admin::<ConfigureSystem>(admin)?;
        Ok::<_, Denied>(settings::notifications(snapshot)?)
    });
    Ok(form_page(&staff, &chosen.await?.into(), &[]))
}

/// **Save Changes**.
pub(crate) async fn save(staff: Staff, Form(form): Form<NotificationsForm>) -> Answer {
    staff.may::<ConfigureSystem>().await?;
    let (visit, admin, session) = (&staff.visit, staff.id(), staff.admin.session);
    let chosen = match Notifications::parse(&form.verification, &form.told) {
        Ok(chosen) => chosen,
        Err(problems) => return Ok(form_page(&staff, &form, &problems)),
    };
    let saved = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ConfigureSystem>(admin)?;
        // What is switched off tells nobody any more, and who is not asked for a confirmed address is let in.
        tx.confirmed_admin(admin, session)?;
        Ok::<_, Denied>(settings::set_notifications(tx, &by, &chosen)?)
    });
    saved.await?;
    Ok(page::done(visit, PATH, "flash-settings-saved", &[]))
}
