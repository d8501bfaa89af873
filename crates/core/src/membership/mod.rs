//! Memberships: who may enter which account, and with what.

mod ops;
mod owner;
mod sql;

use crate::access::{Actor, Denied, Grants};
use crate::clock::Timestamp;
use crate::error::{Fault, HasKind, Invalid, Kind};
use crate::id::{AccountId, InvitationId, RoleId, UserId};
use crate::role;
use crate::user::User;

pub use ops::{
    accounts_of, accounts_of_user, ask_count_of, associate, associate_new, count_of, enter, enter_at_login, enter_only_at_login,
    find, first, leave, list, mine, page, remove, set_grants, set_held,
};
pub(crate) use ops::{insert, join, leave_all};
pub(crate) use owner::approve_owner;
pub use owner::{Ownership, make_owner};
pub(crate) use sql::{entered, users_of};

/// A user of an account.
#[derive(Clone, Debug)]
pub struct Member {
    /// The user.
    pub user: User,
    /// Whether it owns the account.
    pub is_owner: bool,
    /// What it holds, by its role or singly; of no meaning for the owner, who holds everything.
    pub grants: Grants,
    /// What it holds singly.
    pub single: Grants,
    /// Its role, if it has one.
    pub role: Option<role::Held>,
    /// Since when it may enter.
    pub since: Timestamp,
    /// Who let it in.
    pub added_by: String,
    /// When it last entered the account.
    pub last_entered_at: Option<Timestamp>,
}

/// An account of a user.
#[derive(Clone, Debug)]
pub struct Mine {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Its company; empty for none.
    pub company: String,
    /// Whether the user owns it.
    pub is_owner: bool,
    /// Whether it is closed (PRODUCT rule 8).
    pub is_closed: bool,
    /// What the user holds in it, by its role or singly.
    pub grants: Grants,
    /// Its role there, if it has one.
    pub role: Option<role::Held>,
    /// Since when.
    pub since: Timestamp,
    /// Who let the user in.
    pub added_by: String,
    /// When the user last entered it.
    pub last_entered_at: Option<Timestamp>,
}

/// A membership to be made.
pub(crate) struct New {
    pub account: AccountId,
    pub user: UserId,
    /// What it holds singly.
    pub grants: Grants,
    pub role: Option<RoleId>,
    pub invitation: Option<InvitationId>,
    /// Who let the user in: for an invitation who sent it.
    pub added_by: Actor,
}

/// How somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// A new membership.
    New,
    /// Was a member before and now holds what was offered, too (PRODUCT rule 6).
    AlreadyMember,
}

/// Why a membership could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No member of this account.
    #[error("there is no such member")]
    NotFound,
    /// The owner cannot be removed or restricted (PRODUCT rule 1).
    #[error("the owner cannot be removed or restricted")]
    IsOwner,
    /// A delegated manager may not touch this member.
    #[error("only the owner may change this member")]
    OutOfReach,
    /// Somebody wants to grant what he does not hold.
    #[error("nobody can grant what he does not hold")]
    BeyondOwn,
    /// Members of this account cannot have this role.
    #[error("there is no such role for members of this account")]
    NoSuchRole,
    /// Is a member already.
    #[error("the user is a member already")]
    AlreadyMember,
    /// The user could not be made.
    #[error(transparent)]
    User(#[from] crate::user::Error),
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
            Self::IsOwner => Kind::Conflict("error-owner-unchangeable"),
            Self::OutOfReach => Kind::Conflict("error-manager-unchangeable"),
            Self::BeyondOwn => Kind::Invalid(vec![Invalid::new("permissions", "error-permission-not-yours")]),
            Self::NoSuchRole => Kind::Invalid(vec![Invalid::new("role", "error-role-unknown")]),
            Self::AlreadyMember => Kind::Invalid(vec![Invalid::new("email", "error-already-member")]),
            Self::User(error) => error.kind(),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
