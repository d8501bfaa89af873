//! Password resets of users and of admins: a link by mail, valid for 60 minutes, once, the newest only.
//!
//! Whoever asks is told the same in the same time whether or not anybody has the address (ASVS V6.3.8): the request only
//! promises work in the outbox, and the look-up happens there. The link signs nobody in and takes no second factor away
//! (ASVS V6.4.3); an admin may send one to a user, never choose the password (ASVS V6.4.6). Nobody can send one to another
//! admin, nor read one: the mail's text is shown without it, also where no mail server is set.

mod holder;
mod ops;
mod sql;

use std::time::Duration;

use crate::access::{Denied, Subject};
use crate::error::{Fault, HasKind, Kind};
use crate::outbox::Topic;
use crate::password::Busy;

pub(crate) use ops::forget;
pub use ops::{ask, choose, open, resolve, send, try_link};

/// How long a link works: 60 minutes.
pub const VALID_FOR: Duration = Duration::from_hours(1);

/// Mails with a link that one user gets within [`LIMITED_WITHIN`]. What is asked for beyond it is silently not sent.
pub const MAX_MAILS: i64 = 5;

/// The time in which mails are counted.
pub const LIMITED_WITHIN: Duration = Duration::from_hours(1);

/// Which logins a reset is about: an address may be one user's and one admin's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logins {
    /// To the Client Area.
    Users,
    /// To the Admin Area.
    Admins,
}

impl Logins {
    const fn of(subject: Subject) -> Self {
        match subject {
            Subject::User(_) => Self::Users,
            Subject::Admin(_) => Self::Admins,
        }
    }

    /// What is promised when somebody asks for a link.
    pub const fn topic(self) -> Topic {
        match self {
            Self::Users => Topic::Reset,
            Self::Admins => Topic::AdminReset,
        }
    }

    /// What asking for a link counts as.
    const fn guess(self) -> crate::guessing::Kind {
        match self {
            Self::Users => crate::guessing::Kind::Reset,
            Self::Admins => crate::guessing::Kind::AdminReset,
        }
    }

    /// The page of a link, without its secret.
    const fn page(self) -> &'static str {
        match self {
            Self::Users => "/password/reset",
            Self::Admins => "/admin/password/reset",
        }
    }
}

/// Whose password a link chooses: what a new one must not be close to.
#[derive(Clone, Debug)]
pub struct Open {
    /// The name.
    pub name: String,
    /// The login.
    pub email: String,
    /// The names of a user's accounts: no part of a good password.
    pub accounts: Vec<String>,
}

/// Why a link could not be sent or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The link is unknown, used, expired, or not the newest: nobody learns which.
    #[error("this link is no longer valid")]
    Gone,
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// Too many links in a short time.
    #[error("too many links in a short time")]
    TooMany,
    /// Too many hashes at once.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Too many tries.
    #[error(transparent)]
    Guessing(#[from] crate::guessing::Error),
    /// No ticket.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Gone => Kind::Gone,
            Self::NotFound => Kind::NotFound,
            Self::TooMany => Kind::Conflict("error-reset-limited"),
            Self::Busy(busy) => busy.kind(),
            Self::Guessing(error) => error.kind(),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
