//! Registering through an invitation (PRODUCT rule 3).
//!
//! **With the invited address** it is done at once: the link came by that mailbox, so whoever has it may be told that the address
//! has a login already. Where a user's own API credential was told the link, it came by no mailbox: then the invited address is like
//! any other one.
//!
//! **With any other address** it waits until that mailbox has confirmed it, for 24 hours and no longer than the invitation. Nobody
//! else learns whether the address is taken (ASVS V6.3.8): the answer is the same, the same rows are written, and one mail goes
//! out, a link to a free address and word to whoever has a taken one. The secret kept for a taken one is sent to nobody.
//!
//! **The link alone is not enough**: the password that was chosen at registering is asked for. Else whoever holds an invitation could
//! register somebody else's address with a password of its own, wait until the holder of the mailbox presses the button, and know
//! the password of the login that is made (account pre-hijacking). So the one who finishes has both, the mailbox and the password:
//! who has one of them makes nothing.

mod ops;
mod sql;

use std::time::Duration;

use crate::clock::Timestamp;
use crate::email::Email;
use crate::error::{Fault, HasKind, Invalid, Kind};
use crate::invitation::{self, Accepted, Invitation};
use crate::password::{Busy, Password};
use crate::secret::Secret;
use crate::session::{self, Started};
use crate::user::{self, PersonName};

pub use ops::{finish, register, sweep, try_link};
pub(crate) use ops::{forget, forget_in_account};

/// How long the link in the mail works at most.
pub const VALID_FOR: Duration = Duration::from_hours(24);

/// Registrations by mail that may be asked for through one link of an invitation: each sends a mail to an address that somebody typed.
pub const MAX_ASKED: i64 = 10;

/// Wrong passwords after which the link in the mail is dead.
pub const MAX_WRONG: i64 = 10;

/// What somebody types to register.
pub struct New {
    /// The invitation's link.
    pub secret: Secret,
    /// The person's name.
    pub name: PersonName,
    /// The login: any address, not only the invited one (PRODUCT rule 3).
    pub email: Email,
    /// The chosen password.
    pub password: Password,
}

/// What registering led to.
pub enum Registered {
    /// The user is made, logged in and inside.
    Inside(Box<Inside>),
    /// Nothing is made yet: the mailbox has to confirm its address.
    Waiting,
}

/// A user who has just been made.
pub struct Inside {
    /// Its session.
    pub started: Started,
    /// What it may enter.
    pub accepted: Accepted,
}

/// A registration that waits for its mailbox.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The invitation it accepts.
    pub invitation: Invitation,
    /// The address.
    pub email: String,
    /// Until when its link works.
    pub expires_at: Timestamp,
}

/// Why nobody was registered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The link in the mail is unknown, used, expired, not the newest, tried too often, or its invitation is over: nobody learns which.
    #[error("this registration can no longer be finished")]
    Gone,
    /// It is not the password that was chosen at registering.
    #[error("this is not the password of the registration")]
    WrongPassword,
    /// Too many registrations by mail through one invitation.
    #[error("too many registrations through one invitation")]
    TooMany,
    /// The invitation cannot be accepted.
    #[error(transparent)]
    Invitation(#[from] invitation::Error),
    /// The user cannot be made.
    #[error(transparent)]
    User(#[from] user::Error),
    /// The session cannot begin.
    #[error(transparent)]
    Session(#[from] session::Error),
    /// Too many hashes at once, or a breached password.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Too many tries.
    #[error(transparent)]
    Guessing(#[from] crate::guessing::Error),
    /// No ticket.
    #[error(transparent)]
    Denied(#[from] crate::access::Denied),
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Gone => Kind::Gone,
            Self::WrongPassword => Kind::Invalid(vec![Invalid::new("password", "error-registration-password")]),
            Self::TooMany => Kind::Invalid(vec![Invalid::new("email", "error-registration-limited")]),
            Self::Invitation(error) => error.kind(),
            Self::User(user::Error::EmailTaken) => Kind::Invalid(vec![Invalid::new("email", "error-register-failed")]),
            Self::User(error) => error.kind(),
            Self::Session(error) => error.kind(),
            Self::Busy(busy) => busy.kind(),
            Self::Guessing(error) => error.kind(),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
