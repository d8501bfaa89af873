//! **Login as Owner**: an admin looks at the Client Area as an account's owner does.
//!
//! A session of the owner, marked with the session of the admin it belongs to: it lives for at most an hour, ends with the
//! admin's own session and with the admin's permission, enters one account only, and never touches what is the user's own. Both
//! names stand in every event, and the owner is told. However it ends, that is an event, once. By the clock: whoever comes first, the
//! worker that was promised to look at its last moment or the next login, ends it and writes that down. By what happens to the admin,
//! to the owner or to the account: the transaction that does it calls `end_all` first, since the rows would go with theirs.

mod ops;
mod sql;

use std::time::Duration;

use crate::access::{Denied, OnBehalf};
use crate::clock::Timestamp;
use crate::error::{Fault, HasKind, Invalid, Kind};
use crate::id::{AccountId, AdminId, SessionId, UserId};
use crate::secret::Secret;
use crate::text;

pub use ops::{end, start, time_is_up};
pub(crate) use ops::{end_all, end_over, factor_is_gone, of_session};

/// How long it lasts at the most.
pub const ABSOLUTE: Duration = Duration::from_hours(1);
/// Longest reason, in characters.
pub const MAX_REASON: usize = 200;

/// A session in which an admin acts for a user.
#[derive(Clone, Debug)]
pub struct Acting {
    /// Who acts for whom, and where.
    pub behalf: OnBehalf,
    /// Why.
    pub reason: String,
    /// When the admin's own session last saw a second factor: what counts where the account requires one.
    pub(crate) second_factor_at: Option<Timestamp>,
    /// The admin's own session.
    pub(crate) session: SessionId,
}

/// Which masquerades end together.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whose {
    /// Begun in this session of an admin.
    Session(SessionId),
    /// Begun by this admin.
    Admin(AdminId),
    /// Begun by this admin in any session but one.
    AdminBut(AdminId, SessionId),
    /// In the name of this user.
    User(UserId),
    /// In this account.
    Account(AccountId),
    /// Begun by any admin in a session that has shown no second factor.
    WithoutFactor,
}

/// A masquerade that has just begun.
pub struct Started {
    /// What the cookie holds.
    pub secret: Secret,
    /// The account that is open.
    pub account: AccountId,
}

/// Reads the reason that was typed.
pub fn reason(typed: &str) -> Result<String, &'static str> {
    text::line(typed, MAX_REASON)
}

/// Why nobody logged in as the owner.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such account.
    #[error("there is no such account")]
    NotFound,
    /// A closed account can't be entered by anybody.
    #[error("the account is closed")]
    AccountClosed,
    /// The owner has still to confirm its address, so that nobody can enter.
    #[error("the owner's address is not confirmed")]
    NotVerified,
    /// The reason is missing.
    #[error("a reason is needed")]
    Reason(&'static str),
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
            Self::NotFound => Kind::NotFound,
            Self::AccountClosed => Kind::Conflict("error-account-closed"),
            Self::NotVerified => Kind::Conflict("error-masquerade-unverified"),
            Self::Reason(message) => Kind::Invalid(vec![Invalid::new("reason", message)]),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
