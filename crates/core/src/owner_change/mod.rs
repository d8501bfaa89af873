//! Another owner that one admin asks for and a second one approves, where the operator wants two people for it (ASVS V2.3.5).
//!
//! A change is open as long as its row is there and its time is not over. Whatever takes the ground away under it – the user leaves, the
//! account is closed, who asked may no longer, the operator no longer wants it – deletes the row in its own transaction.

mod ops;
mod sql;

use std::time::Duration;

use crate::access::{Actor, Denied};
use crate::clock::Timestamp;
use crate::error::{Fault, HasKind, Kind};
use crate::id::{AccountId, AdminId, ApiCredentialId, OwnerChangeId, UserId};
use crate::membership;

pub use ops::{approve, find, open, refuse, sweep};
pub(crate) use ops::{ask, end_all};

/// For how long a change waits for a second admin.
pub const VALID_FOR: Duration = Duration::from_hours(7 * 24);
/// Open changes that are shown at most.
pub const SHOWN: i64 = 50;

/// A change of owner that waits for a second admin.
#[derive(Clone, Debug)]
pub struct OwnerChange {
    /// Its number: who approves means this one, and not one that took its place.
    pub id: OwnerChangeId,
    /// In which account.
    pub account: AccountId,
    /// The account's name.
    pub account_name: String,
    /// Who is to own it.
    pub user: UserId,
    /// Its name.
    pub user_name: String,
    /// Its address.
    pub email: String,
    /// Who asked: an admin, a credential or the machine.
    pub asked_by: Actor,
    /// The admin who asked, or whose credential did.
    admin: Option<AdminId>,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Until when it can be approved.
    pub expires_at: Timestamp,
}

impl OwnerChange {
    /// Whether this admin asked, or a credential of its own: such a one takes it back and never approves it.
    pub fn is_of(&self, admin: AdminId) -> bool {
        self.admin == Some(admin)
    }
}

/// Whose open changes end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whose {
    /// That of this account.
    Account(AccountId),
    /// That which would make this member the owner.
    Member(AccountId, UserId),
    /// Those that this admin asked for, or a credential of its own.
    Admin(AdminId),
    /// Those that this credential asked for.
    Credential(ApiCredentialId),
    /// All.
    Everybody,
}

/// Why a change of owner could not be approved or refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not open any more, or never was.
    #[error("this change of owner is not open any more")]
    Gone,
    /// Who asked for it does not approve it.
    #[error("a second admin has to approve this")]
    Own,
    /// The user could not be made the owner.
    #[error(transparent)]
    Membership(#[from] membership::Error),
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
            Self::Gone => Kind::Conflict("error-owner-change-gone"),
            Self::Own => Kind::Conflict("error-owner-change-own"),
            Self::Membership(error) => error.kind(),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
