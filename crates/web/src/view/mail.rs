//! Mails on a page of the Admin Area.

use latchkey_core::clock::Timestamp;
use latchkey_core::mail::{Full, Mail, State};
use serde::Serialize;

use crate::state::Web;

/// Where a mail stands.
#[derive(Serialize)]
pub(crate) struct MailShown {
    state: &'static str,
    detail: Option<String>,
    at: Option<Timestamp>,
}

/// The state that is true (PRODUCT rule 7); without a mail server what waits is kept.
pub(crate) fn mail(web: &Web, mail: &Mail) -> MailShown {
    match &mail.state {
        State::Sent { at } => MailShown { state: "sent", detail: None, at: Some(*at) },
        State::Failed { at, answer } => MailShown { state: "failed", detail: Some(answer.clone()), at: Some(*at) },
        State::Cancelled => MailShown { state: "cancelled", detail: None, at: None },
        State::Queued { .. } if web.settings().mail_kept => MailShown { state: "kept", detail: None, at: None },
        State::Queued { answer } => MailShown { state: "queued", detail: answer.clone(), at: None },
    }
}

/// A mail on a page of its own.
#[derive(Serialize)]
pub(crate) struct MailItem {
    id: i64,
    to: String,
    from: String,
    subject: String,
    text: String,
    queued_at: Timestamp,
    sent_at: Option<Timestamp>,
    mail: MailShown,
    attempts: i64,
    link_hidden: bool,
}

impl MailItem {
    /// The mail with its text. `link_shown` says whether that text holds the link.
    pub(crate) fn new(web: &Web, full: Full, link_shown: bool) -> Self {
        let sent_at = if let State::Sent { at } = full.mail.state { Some(at) } else { None };
        Self {
            id: full.mail.id.0,
            mail: mail(web, &full.mail),
            to: full.mail.to,
            from: web.settings().mail_from.clone(),
            subject: full.mail.subject,
            text: full.text,
            queued_at: full.mail.queued_at,
            sent_at,
            attempts: full.mail.attempts,
            link_hidden: !link_shown,
        }
    }
}
