//! Messages that another system wants an account to get, and an account's mails by page number: for the action API.

use serde::Serialize;

use super::{Content, Mail, NewMail, SECRET_MARK, ops, sql};
use crate::access::{AllowedAdmin, Denied, EditAccounts, ViewStaffArea};
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::contact::{self, Category};
use crate::error::{Fault, HasKind, Invalid, Kind};
use crate::event::{Event, EventKind};
use crate::id::AccountId;
use crate::paging::{Part, Slice};
use crate::{account, text};

/// Longest message, in characters.
pub const MAX_MESSAGE: usize = 20_000;
/// Longest subject, in characters.
pub const MAX_SUBJECT: usize = 200;

/// A message, for its template: plain text in paragraphs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The subject, one line.
    pub subject: String,
    /// What it says.
    pub paragraphs: Vec<String>,
}

impl Message {
    /// Reads a subject and a text whose paragraphs are separated by empty lines.
    pub fn parse(subject: &str, message: &str) -> Result<Self, Vec<Invalid>> {
        let mut fields = crate::error::Fields::default();
        let subject = fields.take("subject", text::line(subject, MAX_SUBJECT));
        let message = fields.take("message", text::paragraph(message, MAX_MESSAGE));
        fields.finish()?;
        let (Some(subject), Some(message)) = (subject, message) else { return Err(Vec::new()) };
        let paragraphs = message.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
        Ok(Self { subject, paragraphs: paragraphs.map(str::to_owned).collect() })
    }
}

/// Why a message was not promised.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// There is no such account.
    #[error("there is no such account")]
    NotFound,
    /// Nobody of the account wants mail of this kind.
    #[error("nobody of the account wants mail of this kind")]
    NoRecipient,
    /// No ticket.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for MessageError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::NoRecipient => Kind::Conflict("error-message-no-recipient"),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}

/// Promises a message to an account's own address – the owner's where it has none – and to its contacts, to each if it
/// wants mail of this kind. Returns to how many.
pub fn send_message(
    tx: &Tx<'_>,
    by: &AllowedAdmin<EditAccounts>,
    id: AccountId,
    category: Category,
    message: &Message,
) -> Result<usize, MessageError> {
    let found = account::find(tx, id)?.ok_or(MessageError::NotFound)?;
    let own = if found.details.contact_email.is_empty() { found.owner.email } else { found.details.contact_email };
    let mut recipients: Vec<String> = Vec::new();
    if found.details.categories.has(category) {
        recipients.push(own);
    }
    recipients.extend(contact::receiving(tx, id, category)?);
    let mut told = std::collections::BTreeSet::new();
    recipients.retain(|to| told.insert(text::folded(to)));
    if recipients.is_empty() {
        return Err(MessageError::NoRecipient);
    }
    for to in &recipients {
        let content = Content::Message(message.clone());
        ops::queue(tx, &NewMail { to, account: Some(id), user: None, invitation: None, content, secret: None })?;
    }
    let event = Event::new(EventKind::MessageQueued).in_account(id, &found.details.name).with_detail(&message.subject);
    tx.record(by.actor(), &event)?;
    Ok(recipients.len())
}

/// Which mails of an account to find. What is `None` does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// With this in the subject.
    pub subject: Option<String>,
    /// Promised not before the first moment and before the second.
    pub between: Option<(Timestamp, Timestamp)>,
}

/// A mail with its page.
#[derive(Clone, Debug)]
pub struct Page {
    /// The mail.
    pub mail: Mail,
    /// Its HTML, the secret of its link left out.
    pub html: String,
}

/// Mails of an account, newest first; `None` when there is no such account.
pub fn part(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewStaffArea>,
    id: AccountId,
    wanted: &Wanted,
    slice: Slice,
) -> Result<Option<Part<Page>>, Fault> {
    if account::find(snapshot, id)?.is_none() {
        return Ok(None);
    }
    let mut part = sql::part(snapshot, id, wanted, slice)?;
    for page in &mut part.rows {
        page.html = page.html.replace(SECRET_MARK, "…");
    }
    Ok(Some(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_paragraphs_of_plain_text() {
        let message = Message::parse("Hello", "One\r\ntwo\n\n\n\nthree").unwrap();
        assert_eq!(message.paragraphs, ["One\ntwo", "three"]);
        for (subject, text) in [("a\r\nBcc: x@example.com", "x"), ("", "x"), ("x", ""), ("x", " \n ")] {
            assert!(Message::parse(subject, text).is_err(), "{subject:?} {text:?}");
        }
    }
}
