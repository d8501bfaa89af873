//! Addresses confirmed by mail: a link valid for 24 hours (NIST SP 800-63B-4, 4.2.1), once, the newest only.
//!
//! Apart from invitations, which verify nothing (PRODUCT rule 4). A new address takes effect only when it is confirmed, and
//! the old one is told. Whether somebody else has an address is said to nobody: who asks for one that is taken gets the
//! same answer, and its holder a mail.

mod ops;
mod sql;

use std::time::Duration;

use crate::access::Denied;
use crate::clock::Timestamp;
use crate::error::{Fault, HasKind, Invalid, Kind};

pub(crate) use ops::{ask, change_address_by_staff, end_change, forget};
pub use ops::{cancel, cancel_by_staff, change_address, confirm, open, pending, pending_change, resend, to_confirm, try_link};

/// How long a link works.
pub const VALID_FOR: Duration = Duration::from_hours(24);

/// Mails with a link that one user gets within [`LIMITED_WITHIN`].
pub const MAX_MAILS: i64 = 5;

/// The time in which mails are counted.
pub const LIMITED_WITHIN: Duration = Duration::from_hours(1);

/// An address that waits to be confirmed.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The address.
    pub email: String,
    /// Whether it is to follow another one.
    pub is_change: bool,
    /// Until when its link works.
    pub expires_at: Timestamp,
}

/// Why an address could not be asked for or confirmed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The link is unknown, used, expired, or not the newest: nobody learns which.
    #[error("this link is no longer valid")]
    Gone,
    /// The user has this address already.
    #[error("the user has this address already")]
    SameAddress,
    /// There is nothing to confirm.
    #[error("there is nothing to confirm")]
    NothingPending,
    /// Too many links in a short time.
    #[error("too many links in a short time")]
    TooMany,
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
            Self::Gone => Kind::Gone,
            Self::SameAddress => Kind::Invalid(vec![Invalid::new("email", "error-email-same")]),
            Self::NothingPending => Kind::Conflict("error-nothing-to-confirm"),
            Self::TooMany => Kind::Conflict("error-verification-limited"),
            Self::Denied(denied) => denied.kind(),
            Self::Guessing(error) => error.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
