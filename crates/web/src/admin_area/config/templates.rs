//! **Email Templates**: the operator's own, and the mails of this server with sample content.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse};
use latchkey_core::access::{ConfigureSystem, Denied};
use latchkey_core::mail::{self, MailKind, Wording};
use latchkey_core::settings;
use serde::Serialize;

use super::mail_samples::{sample, samples};
use super::mail_templates;
use super::mail_texts::{kind, load, title};
use crate::error::PageError;
use crate::mail::write;
use crate::page::{self, Answer};
use crate::visit::Staff;

/// A mail is looked at with its own inline styles, and may do nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; sandbox; frame-ancestors 'none'";

/// A mail of this server in the list.
#[derive(Serialize)]
struct Row {
    key: &'static str,
    name: String,
    subject: String,
    is_changed: bool,
    is_off: bool,
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    let own = mail_templates::rows(&staff).await?;
    let (web, me) = (&staff.visit.web, staff.id());
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ConfigureSystem>(me)?;
        Ok::<_, Denied>((mail::wordings(snapshot, &by)?, settings::notifications(snapshot)?.off))
    });
    let (wordings, off) = loaded.await?;
    let mut mails = Vec::new();
    for content in samples(&staff) {
        let key = content.template();
        let words = wordings.get(key);
        mails.push(Row {
            key,
            name: title(web, kind(key)?),
            subject: write(web.engine(), &staff.visit.brand, &content, words)?.subject,
            is_changed: words.is_some(),
            is_off: off.iter().any(|notice| notice.key() == key),
        });
    }
    Ok(page::page(&staff.visit, "admin/config/templates.html", context! { mails, own }))
}

/// One mail's HTML.
pub(crate) async fn html(staff: Staff, Path(key): Path<String>) -> Answer {
    let kind = kind(&key)?;
    let (words, _) = load(&staff, kind).await?;
    preview(&staff, kind, words.as_ref())
}

/// A mail of this kind as it looks in these words, shut off from everything.
pub(super) fn preview(staff: &Staff, kind: MailKind, words: Option<&Wording>) -> Answer {
    let content = sample(staff, kind).ok_or_else(|| PageError::status(StatusCode::NOT_FOUND))?;
    let written = write(staff.visit.web.engine(), &staff.visit.brand, &content, words)?;
    Ok(([(CONTENT_SECURITY_POLICY, POLICY)], Html(written.html)).into_response())
}
