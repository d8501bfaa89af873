//! Links that log a user in for another system: made by an API credential, used once, within a minute.
//!
//! Such a link makes a session of that user, and the session knows that it began so. It stands for no factor: an account that
//! requires two-factor asks for it when it is entered. It confirms nothing: whatever has to be confirmed first asks who this is. It
//! enters no account that has single sign-on switched off, whichever account the link named; the policy says so at every request.
//! What the link leads to is checked when it is made and again when it is used. Opening it changes nothing; only the form on its
//! page does.

mod ops;
mod sql;

use std::time::Duration;

use crate::access::Denied;
use crate::error::{Fault, HasKind, Kind};
use crate::id::{AccountId, ApiCredentialId, UserId};

pub use ops::{make, open, redeem, sweep};

/// How long a link works.
pub const VALID_FOR: Duration = Duration::from_mins(1);

/// A link to be made.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// Whom it logs in; `None` for the account's owner.
    pub user: Option<UserId>,
    /// Into which account; `None` lets the user choose.
    pub account: Option<AccountId>,
    /// The path on this server behind the account's own, or the whole path where no account is named.
    pub lands_at: String,
}

/// What a link does.
#[derive(Clone, Debug)]
pub struct Link {
    /// Whom it logs in.
    pub user: UserId,
    /// The user's name.
    pub user_name: String,
    /// Into which account.
    pub account: Option<AccountId>,
    /// The path on this server.
    pub lands_at: String,
    /// The credential that made it.
    pub(crate) credential: ApiCredentialId,
}

/// Why there is no link, or no login by it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such user.
    #[error("there is no such user")]
    NoSuchUser,
    /// There is no such account.
    #[error("there is no such account")]
    NoSuchAccount,
    /// The user cannot enter the account.
    #[error("the user cannot enter the account")]
    NotAMember,
    /// Neither a user nor an account was named.
    #[error("neither a user nor an account was named")]
    NobodyNamed,
    /// The account is closed.
    #[error("the account is closed")]
    Closed,
    /// The account's owner does not want its users to be logged in by links.
    #[error("the account has single sign-on switched off")]
    SwitchedOff,
    /// The link is unknown, used or too old: nobody learns which.
    #[error("this login link is no longer valid")]
    Gone,
    /// No ticket.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No session.
    #[error(transparent)]
    Session(#[from] crate::session::Error),
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NoSuchUser | Self::NoSuchAccount | Self::NotAMember => Kind::NotFound,
            Self::NobodyNamed => Kind::Conflict("error-sso-nobody"),
            Self::Closed => Kind::Conflict("error-account-closed"),
            Self::SwitchedOff => Kind::Conflict("error-sso-off"),
            Self::Gone => Kind::Gone,
            Self::Denied(denied) => denied.kind(),
            Self::Session(error) => error.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
