//! What is held about a user: for the user to have, and to have deleted.
//!
//! A request for deletion is noted and shown to staff, who delete the user; until then it can be taken back. It is refused
//! while the user owns accounts: somebody must answer for each. The other memberships end with the user.

mod ops;
mod sql;

use crate::access::Denied;
use crate::error::{Fault, HasKind, Invalid, Kind};
use crate::password::Busy;

pub use ops::{Held, ask_for_deletion, cancel_deletion, deletion_asked_at, download, owned};

/// The most rows of one kind that are handed out: sessions, events, mails and the like, latest first.
pub const MAX_ROWS: i64 = 10_000;

/// Why nothing was handed out or noted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user owns these accounts.
    #[error("the user owns accounts")]
    OwnsAccounts(Vec<String>),
    /// The present password is wrong.
    #[error("the present password is wrong")]
    WrongPassword,
    /// Too many hashes at once.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// No ticket.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Too many tries.
    #[error(transparent)]
    Guessing(#[from] crate::guessing::Error),
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::OwnsAccounts(_) => Kind::Conflict("error-owns-accounts"),
            Self::WrongPassword => Kind::Invalid(vec![Invalid::new("current", "error-password-wrong")]),
            Self::Busy(busy) => busy.kind(),
            Self::Denied(denied) => denied.kind(),
            Self::Guessing(error) => error.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
