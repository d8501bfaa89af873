//! The kinds of errors a door has to know. Each noun has its own enum; each knows its kind.

use std::time::Duration;

use crate::access::{AdminPermission, ApiRight, Permission};
use crate::db::DbError;
use crate::secret::NoRandomness;

/// What no caller can do anything about: every noun's error has it as its last variant.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The system gave no random bits.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// A mail could not be written from its template.
    #[error("the mail template {template} cannot be rendered: {why}")]
    Template {
        /// The template's name.
        template: String,
        /// What the engine says.
        why: String,
    },
    /// A password could not be hashed.
    #[error("a password cannot be hashed: {0}")]
    Hash(String),
    /// A password was hashed with a pepper that this server does not have.
    #[error("the pepper {0} is not in the pepper file: passwords that were hashed with it cannot be compared")]
    NoPepper(String),
    /// The log is not what was sealed.
    #[error("the log is broken at event {0} and is not shortened any further: run latchkey audit verify")]
    BrokenLog(i64),
    /// The file of breached passwords failed.
    #[error("the file of breached passwords cannot be searched: {0}")]
    Breached(std::io::Error),
}

impl Fault {
    /// Whether the unique index of this name refused a row.
    pub fn is_unique(&self, index: &str) -> bool {
        matches!(self, Self::Db(error) if error.is_unique(index))
    }
}

impl HasKind for Fault {
    fn kind(&self) -> Kind {
        Kind::Internal
    }
}

/// What a door makes of an error: a status, a page, a problem document. Mapped once per door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nobody is logged in, or the credentials are wrong.
    Unauthenticated,
    /// Known, but not allowed.
    Forbidden(Refusal),
    /// Not there, or not to be seen: the two look the same.
    NotFound,
    /// These fields hold something that cannot be taken. The second is the message's key.
    Invalid(Vec<Invalid>),
    /// True a moment ago, or true of somebody else: the state has moved on.
    Conflict(&'static str),
    /// Was there once and never comes back.
    Gone,
    /// Removed by the clock. What is still there begins with this number.
    Removed {
        /// The number.
        first: i64,
    },
    /// Too much at once.
    Limited {
        /// When a new try makes sense.
        retry_after: Duration,
    },
    /// Not the caller's fault.
    Internal,
}

/// Why somebody who is known may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This permission is missing.
    Missing(Permission),
    /// The account is closed.
    Closed,
    /// The address must be confirmed first.
    NotVerified,
    /// Only the account's owner may.
    OwnerOnly,
    /// Only staff may.
    StaffOnly,
    /// The account lets nobody in whose login began with a link of another system.
    SingleSignOn,
    /// A second factor has to be shown first.
    SecondFactor,
    /// It has to be confirmed first who this is.
    Unconfirmed,
    /// The admin's role lacks this permission.
    MissingAdmin(AdminPermission),
    /// The API credential may not be used from this address.
    Address,
    /// The API credential's role lacks this right.
    MissingRight(ApiRight),
    /// An admin acts for a user and touches what is the user's own.
    OnBehalf,
}

/// One field that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The field's name in the operation's input.
    pub field: &'static str,
    /// The key of the message, such as `error-email-malformed`.
    pub message: &'static str,
    /// The part of it that the message is about, where the message names it.
    pub found: Option<String>,
}

impl Invalid {
    /// A field and the key of what is wrong with it.
    pub const fn new(field: &'static str, message: &'static str) -> Self {
        Self { field, message, found: None }
    }
}

/// What is wrong with a value whose field somebody else knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    message: &'static str,
    found: Option<String>,
}

impl Wrong {
    /// The key of a message that names a part of the value.
    pub const fn naming(message: &'static str, found: String) -> Self {
        Self { message, found: Some(found) }
    }
}

impl From<&'static str> for Wrong {
    fn from(message: &'static str) -> Self {
        Self { message, found: None }
    }
}

/// An error that knows its kind.
pub trait HasKind: std::error::Error {
    /// What a door makes of it.
    fn kind(&self) -> Kind;
}

/// Collects what is wrong with several fields, so that all of it can be said at once.
///
/// ```
/// # use latchkey_core::error::{Fields, Invalid};
/// let mut fields = Fields::default();
/// let number = fields.take("number", "7".parse::<u8>().map_err(|_| "error-not-a-number"));
/// let other = fields.take("other", "x".parse::<u8>().map_err(|_| "error-not-a-number"));
/// assert_eq!(number, Some(7));
/// assert_eq!(fields.finish(), Err(vec![Invalid::new("other", "error-not-a-number")]));
/// ```
#[derive(Debug, Default)]
pub struct Fields(Vec<Invalid>);

impl Fields {
    /// The parsed value, or the field's name and message noted down.
    pub fn take<T>(&mut self, field: &'static str, parsed: Result<T, impl Into<Wrong>>) -> Option<T> {
        let mut note = |wrong: Wrong| self.0.push(Invalid { field, message: wrong.message, found: wrong.found });
        parsed.map_err(|wrong| note(wrong.into())).ok()
    }

    /// Notes a message that concerns a field.
    pub fn refuse(&mut self, field: &'static str, message: &'static str) {
        self.0.push(Invalid::new(field, message));
    }

    /// Everything that was noted, if anything was.
    pub fn finish(self) -> Result<(), Vec<Invalid>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
