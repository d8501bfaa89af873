//! Second factors of users and admins: authenticator apps, recovery codes, and the login that waits for one.
//!
//! A password alone makes a session only where no factor is enrolled. Otherwise it makes a *pending login*, and
//! that becomes a session with a [`SecondProof`], which only this noun makes, by looking at what was shown in the
//! transaction that uses it.

mod ops;
mod pending;
mod recovery;
mod sql;
mod totp;

use crate::access::{Denied, Subject};
use crate::clock::Timestamp;
use crate::error::{Fault, HasKind, Invalid, Kind};
use crate::id::FactorId;
use crate::secret::Secret;

#[cfg(feature = "testing")]
pub use ops::code_now;
pub(crate) use ops::{ask_enrolled, by_passkey_alone, tell, verify, was_added, was_removed};
pub use ops::{
    confirm_totp, confirmed_where_enrolled, enrolled, list, new_recovery_codes, offer_totp, offered_totp, recovery_codes_left,
    remove, remove_all_of_admin, take_from_user, totp_is_stopped, ways,
};
pub(crate) use pending::{Waiting, begin, done, forget_waiting, next_of, subject_of, take_try};
pub use pending::{sweep, waiting};
pub use recovery::CODES;

/// Wrong codes after which a pending login is dead.
pub const MAX_TRIES: i64 = 5;

/// What kind of factor it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorKind {
    /// An authenticator app with codes that change.
    Totp,
    /// A passkey.
    Passkey,
    /// A recovery code: a way in without the factor, not a factor of its own.
    Recovery,
}

impl FactorKind {
    /// The key in the database, in texts and in the log.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::Recovery => "recovery",
        }
    }
}

/// A second factor in a list of one's own.
#[derive(Clone, Debug)]
pub struct Factor {
    /// The factor.
    pub id: FactorId,
    /// The key of its kind.
    pub kind: String,
    /// Its name, where it has one.
    pub name: String,
    /// Since when.
    pub added_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// What somebody can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// A code of the authenticator app.
    pub code: bool,
    /// A passkey.
    pub passkey: bool,
}

/// What somebody shows as a second factor.
#[derive(Clone)]
pub enum Shown {
    /// A code of the authenticator app, as typed.
    Code(String),
    /// A recovery code, as typed.
    Recovery(String),
    /// A passkey, as the browser answers for it.
    Passkey(crate::passkey::Answer),
}

/// Proof that a second factor was shown, in this transaction. Only `verify` makes one.
pub struct SecondProof {
    subject: Subject,
    how: FactorKind,
}

impl SecondProof {
    /// Whose factor it was.
    pub(crate) const fn subject(&self) -> Subject {
        self.subject
    }

    /// Which kind.
    pub(crate) const fn how(&self) -> FactorKind {
        self.how
    }
}

/// What a right password led to.
pub enum Begun<S> {
    /// A session: nothing else was needed.
    Session(S),
    /// A second factor is asked for. What the browser's cookie holds until then.
    SecondFactor(Secret),
}

impl<S> Begun<S> {
    /// The session, if it has begun.
    pub fn session(self) -> Option<S> {
        match self {
            Self::Session(started) => Some(started),
            Self::SecondFactor(_) => None,
        }
    }

    /// Goes on with the session, if it has begun.
    pub fn and<T, E>(self, then: impl FnOnce(S) -> Result<T, E>) -> Result<Begun<T>, E> {
        Ok(match self {
            Self::Session(started) => Begun::Session(then(started)?),
            Self::SecondFactor(waiting) => Begun::SecondFactor(waiting),
        })
    }
}

/// What a second factor led to.
pub enum Second<S> {
    /// A session, and where it leads.
    Session(S, String),
    /// It was wrong; it can be tried again.
    Wrong,
    /// The login waited too long or was tried too often: begin anew.
    Over,
}

/// What "confirm it's you" is answered with.
pub enum Confirmation {
    /// The password, where there is no factor.
    Password(crate::password::Password),
    /// A second factor, where there is one.
    Shown(Shown),
}

/// An authenticator app that is about to be set up.
pub struct OfferedTotp {
    /// The secret, to type it in.
    pub secret: String,
    /// The same with name and address, for the QR code.
    pub uri: String,
}

/// Why a factor could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is one already.
    #[error("an authenticator app is set up already")]
    AlreadyEnrolled,
    /// Nothing was offered, or too long ago.
    #[error("setting up has to begin anew")]
    NothingOffered,
    /// The code is not that of the app.
    #[error("the code is wrong")]
    WrongCode,
    /// Recovery codes are for who has a factor.
    #[error("there is no factor")]
    NoFactor,
    /// There is no such factor or user.
    #[error("there is no such factor")]
    NotFound,
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
            Self::AlreadyEnrolled => Kind::Conflict("error-factor-enrolled"),
            Self::NothingOffered => Kind::Conflict("error-factor-over"),
            Self::WrongCode => Kind::Invalid(vec![Invalid::new("code", "error-code-wrong")]),
            Self::NoFactor => Kind::Conflict("error-factor-none"),
            Self::NotFound => Kind::NotFound,
            Self::Denied(denied) => denied.kind(),
            Self::Guessing(error) => error.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
