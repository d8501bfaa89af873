//! One of the mails of this server, and what it says.

use axum::extract::Path;
use axum::http::StatusCode;
use latchkey_core::access::{ConfigureSystem, Denied};
use latchkey_core::error::Invalid;
use latchkey_core::mail::{self, MailKind, Wording};
use latchkey_core::settings;
use serde::{Deserialize, Serialize};

use super::mail_samples::sample;
use super::templates;
use crate::error::PageError;
use crate::form::{Form, Pressed, Shown};
use crate::mail::{Original, fields, original};
use crate::page::{self, Answer, Outcome};
use crate::state::Web;
use crate::visit::Staff;

const LIST: &str = "/admin/config/templates";
const TEMPLATE: &str = "admin/config/mail_text.html";

/// The words of a mail.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct WordsForm {
    subject: String,
    message: String,
    button: String,
}

impl WordsForm {
    fn parse(&self, kind: MailKind) -> Result<Wording, Vec<Invalid>> {
        Wording::parse(kind, &self.subject, &self.message, &self.button)
    }
}

impl From<Wording> for WordsForm {
    fn from(Wording { subject, message, button }: Wording) -> Self {
        Self { subject, message, button }
    }
}

impl From<Original> for WordsForm {
    fn from(Original { subject, message, button }: Original) -> Self {
        Self { subject, message, button }
    }
}

/// What a mail is called: a notice as among the switches.
pub(super) fn title(web: &Web, kind: MailKind) -> String {
    let prefix = if matches!(kind, MailKind::Notice(_)) { "notice" } else { "mail-name" };
    web.text(&format!("{prefix}-{}", kind.key()), &[])
}

/// The kind of mail that a path is about.
pub(super) fn kind(key: &str) -> Result<MailKind, PageError> {
    MailKind::from_key(key).ok_or_else(|| PageError::status(StatusCode::NOT_FOUND))
}

/// The words of a mail, where they are not its template's, and whether it is switched off.
pub(super) async fn load(staff: &Staff, kind: MailKind) -> Result<(Option<Wording>, bool), PageError> {
    let me = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ConfigureSystem>(me)?;
        let off = settings::notifications(snapshot)?.off;
        let is_off = matches!(kind, MailKind::Notice(notice) if off.contains(&notice));
        Ok::<_, Denied>((mail::wording(snapshot, &by, kind)?, is_off))
    });
    Ok(loaded.await?)
}

/// The page. What was typed is shown again.
async fn form_page(staff: &Staff, kind: MailKind, typed: Option<&WordsForm>, invalid: &[Invalid]) -> Answer {
    let (web, brand) = (&staff.visit.web, &staff.visit.brand);
    let (words, is_off) = load(staff, kind).await?;
    let is_changed = words.is_some();
    let held = match words {
        Some(words) => words.into(),
        None => WordsForm::from(original(web.engine(), kind).unwrap_or_default()),
    };
    let shown = sample(staff, kind).ok_or_else(|| PageError::status(StatusCode::NOT_FOUND))?;
    let context = context! {
        mail => context! {
            key => kind.key(),
            name => title(web, kind),
            has_link => kind.has_link(),
            is_changed,
            is_off,
        },
        form => Shown::new(typed.unwrap_or(&held)).with_errors(web, invalid),
        fields => fields(web.engine(), brand, &shown, kind),
        own_files => files(kind).into_iter().filter(|name| web.engine().is_overridden(name)).collect::<Vec<_>>(),
    };
    Ok(page::form(&staff.visit, TEMPLATE, invalid, context))
}

/// The templates that a mail is made of, those that it shares with others of its like included.
fn files(kind: MailKind) -> Vec<String> {
    let shared = matches!(kind, MailKind::Notice(_)).then_some("notice");
    let names = [kind.key()].into_iter().chain(shared);
    names.flat_map(|name| [".subject.txt", ".txt", ".html"].map(|ending| format!("mail/{name}{ending}"))).collect()
}

/// One mail.
pub(crate) async fn edit(staff: Staff, Path(key): Path<String>) -> Answer {
    form_page(&staff, kind(&key)?, None, &[]).await
}

/// **Save Changes**. The words of the template are no change.
pub(crate) async fn save(staff: Staff, Path(key): Path<String>, Form(form): Form<WordsForm>) -> Answer {
    let (visit, me, kind) = (&staff.visit, staff.id(), kind(&key)?);
    let template = original(visit.web.engine(), kind).ok().and_then(|original| original.wording(kind));
    let saved = page::submit(visit, form.parse(kind), move |tx, new| {
        let by = tx.authorize_admin::<ConfigureSystem>(me)?;
        Ok::<_, Denied>(mail::reword(tx, &by, kind, Some(&new).filter(|new| template.as_ref() != Some(*new)))?)
    });
    match saved.await? {
        Outcome::Done(()) => {
            let name = title(&visit.web, kind);
            Ok(page::done(visit, LIST, "flash-mail-text-saved", &[("mail", &name)]))
        }
        Outcome::Invalid(problems) => form_page(&staff, kind, Some(&form), &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, LIST, message)),
    }
}

/// **Preview**: what was typed, as the mail would look. Nothing is saved.
pub(crate) async fn preview(staff: Staff, Path(key): Path<String>, Form(form): Form<WordsForm>) -> Answer {
    staff.may::<ConfigureSystem>().await?;
    let kind = kind(&key)?;
    match form.parse(kind) {
        Ok(words) => templates::preview(&staff, kind, Some(&words)),
        Err(problems) => form_page(&staff, kind, Some(&form), &problems).await,
    }
}

/// **Restore Original**.
pub(crate) async fn restore(staff: Staff, Path(key): Path<String>, _: Form<Pressed>) -> Answer {
    let (visit, me, kind) = (&staff.visit, staff.id(), kind(&key)?);
    let restored = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ConfigureSystem>(me)?;
        Ok::<_, Denied>(mail::reword(tx, &by, kind, None)?)
    });
    restored.await?;
    let name = title(&visit.web, kind);
    Ok(page::done(visit, LIST, "flash-mail-text-restored", &[("mail", &name)]))
}
