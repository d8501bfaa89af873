//! Mail templates: messages that the operator keeps ready, and other systems send to accounts by name.
//!
//! A template is plain text with fields in braces. What a field stands for is filled in once and never read as a template itself;
//! the subject is held to one line after that, so no value begins a header, and the page of the mail escapes everything.

mod bundled;
mod fill;
mod ops;
mod sql;

use crate::access::Denied;
use crate::clock::Timestamp;
use crate::contact::Category;
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::id::MailTemplateId;
use crate::mail::{MAX_MESSAGE, MAX_SUBJECT, MessageError};
use crate::text;

pub use bundled::bundled;
pub use fill::{FIELDS, Values};
pub use ops::{add_bundled, by_name, create, delete, find, list, send, update};

/// Longest name of a template, in characters.
pub const MAX_NAME: usize = 100;

/// The most templates of an installation.
pub const MAX_TEMPLATES: i64 = 500;

/// A template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailTemplate {
    /// The template.
    pub id: MailTemplateId,
    /// What it is.
    pub details: Details,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What an operator says of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Its name: by that other systems ask for it, without regard to case.
    pub name: String,
    /// Who of an account gets it.
    pub category: Category,
    /// The subject, one line, with fields.
    pub subject: String,
    /// What it says: plain text with fields, an empty line between two paragraphs.
    pub message: String,
}

impl Details {
    /// Checks every field of what was typed.
    pub fn parse(name: &str, category: &str, subject: &str, message: &str) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let name = fields.take("name", text::line(name, MAX_NAME));
        let category = fields.take("category", Category::from_key(category).ok_or("error-category-unknown"));
        let subject = fields.take("subject", text::line(subject, MAX_SUBJECT));
        let message = fields.take("message", text::paragraph(message, MAX_MESSAGE));
        fields.finish()?;
        match (name, category, subject, message) {
            (Some(name), Some(category), Some(subject), Some(message)) => Ok(Self { name, category, subject, message }),
            _ => Err(Vec::new()),
        }
    }
}

/// Why a template could not be changed, or no message was made of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such template.
    #[error("there is no such mail template")]
    NotFound,
    /// There is no such account.
    #[error("there is no such account")]
    NoSuchAccount,
    /// Another template has this name.
    #[error("another mail template has this name")]
    NameTaken,
    /// There are [`MAX_TEMPLATES`].
    #[error("there are too many mail templates")]
    TooMany,
    /// With what was filled in, it is no message any more: too long, or a subject of several lines.
    #[error("the filled-in template is no message")]
    Message(Vec<Invalid>),
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

impl From<MessageError> for Error {
    fn from(error: MessageError) -> Self {
        match error {
            MessageError::NotFound => Self::NoSuchAccount,
            MessageError::NoRecipient => Self::NoRecipient,
            MessageError::Denied(denied) => Self::Denied(denied),
            MessageError::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound | Self::NoSuchAccount => Kind::NotFound,
            Self::NameTaken => Kind::Invalid(vec![Invalid::new("name", "error-mail-template-name-taken")]),
            Self::TooMany => Kind::Conflict("error-mail-templates-too-many"),
            Self::Message(invalid) => Kind::Invalid(invalid.clone()),
            Self::NoRecipient => Kind::Conflict("error-message-no-recipient"),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
