//! How long logins last, of whom two-factor is required, what takes two admins, and how long things are kept.

use axum::response::Response;
use latchkey_core::access::{ConfigureSystem, Denied};
use latchkey_core::error::Invalid;
use latchkey_core::settings::{self, Puzzles, Retention, Security, TypedLimits, When};
use serde::{Deserialize, Serialize};

use crate::form::{Form, Shown};
use crate::page::{self, Answer};
use crate::visit::Staff;

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct SecurityForm {
    absolute_hours: String,
    idle_minutes: String,
    remember_days: String,
    second_factor_hours: String,
    admin_absolute_hours: String,
    admin_idle_minutes: String,
    everybody: String,
    admins: String,
    owner_approval: String,
    puzzle_when: String,
    puzzle_bits: String,
    puzzle_wait: String,
    mail_days: String,
    log_days: String,
}

impl SecurityForm {
    fn parse(&self) -> Result<(Security, Retention), Vec<Invalid>> {
        let typed = TypedLimits {
            absolute_hours: &self.absolute_hours,
            idle_minutes: &self.idle_minutes,
            remember_days: &self.remember_days,
            second_factor_hours: &self.second_factor_hours,
            admin_absolute_hours: &self.admin_absolute_hours,
            admin_idle_minutes: &self.admin_idle_minutes,
        };
        let puzzles = Puzzles::parse(&self.puzzle_when, &self.puzzle_bits, &self.puzzle_wait);
        let security = Security::parse(&typed, !self.everybody.is_empty(), !self.admins.is_empty());
        match (security, puzzles, Retention::parse(&self.mail_days, &self.log_days)) {
            (Ok(security), Ok(puzzles), Ok(retention)) => {
                Ok((Security { puzzles, owner_approval: !self.owner_approval.is_empty(), ..security }, retention))
            }
            (security, puzzles, retention) => {
                Err([security.err(), puzzles.err(), retention.err()].into_iter().flatten().flatten().collect())
            }
        }
    }
}

impl From<(Security, Retention)> for SecurityForm {
    fn from((security, retention): (Security, Retention)) -> Self {
        let minutes = |span: std::time::Duration| (span.as_secs() / 60).to_string();
        let hours = |span: std::time::Duration| (span.as_secs() / 3_600).to_string();
        let days =
            |kept: Option<std::time::Duration>| kept.map_or_else(String::new, |kept| (kept.as_secs() / 86_400).to_string());
        let checked = |on: bool| if on { "yes".to_owned() } else { String::new() };
        Self {
            absolute_hours: hours(security.absolute),
            idle_minutes: minutes(security.idle),
            remember_days: (security.remember.as_secs() / 86_400).to_string(),
            second_factor_hours: hours(security.second_factor),
            admin_absolute_hours: hours(security.admin_absolute),
            admin_idle_minutes: minutes(security.admin_idle),
            everybody: checked(security.everybody),
            admins: checked(security.admins),
            owner_approval: checked(security.owner_approval),
            puzzle_when: security.puzzles.when.key().to_owned(),
            puzzle_bits: security.puzzles.bits.to_string(),
            puzzle_wait: security.puzzles.wait.as_secs().to_string(),
            mail_days: days(retention.mails),
            log_days: days(retention.log),
        }
    }
}

#[derive(Serialize)]
struct Choice {
    value: &'static str,
    label: String,
}

fn form_page(staff: &Staff, form: &SecurityForm, invalid: &[Invalid]) -> Response {
    let label =
        |when: &When| Choice { value: when.key(), label: staff.visit.web.text(&format!("config-puzzle-{}", when.key()), &[]) };
    let context = context! { whens => When::ALL.iter().map(label).collect::<Vec<_>>(), form => Shown::new(form).with_errors(&staff.visit.web, invalid) };
    page::form(&staff.visit, "admin/config/security.html", invalid, context)
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    staff.may::<ConfigureSystem>().await?;
    let found =
        staff.visit.web.app().read(|snapshot| Ok::<_, Denied>((settings::security(snapshot)?, settings::retention(snapshot)?)));
    Ok(form_page(&staff, &found.await?.into(), &[]))
}

/// **Save Changes**.
pub(crate) async fn save(staff: Staff, Form(form): Form<SecurityForm>) -> Answer {
    staff.may::<ConfigureSystem>().await?;
    let (visit, admin, session) = (&staff.visit, staff.id(), staff.admin.session);
    let (security, retention) = match form.parse() {
        Ok(parsed) => parsed,
        Err(problems) => return Ok(form_page(&staff, &form, &problems)),
    };
    let saved = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ConfigureSystem>(admin)?;
        tx.confirmed_admin(admin, session)?;
        settings::set_security(tx, &by, &security)?;
        Ok::<_, Denied>(settings::set_retention(tx, &by, &retention)?)
    });
    saved.await?;
    Ok(page::done(visit, "/admin/config/security", "flash-settings-saved", &[]))
}
