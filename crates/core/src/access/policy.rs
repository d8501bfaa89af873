//! The decision itself: pure, without a database or a clock of its own.

use super::ticket::Needs;
use super::{AdminGrants, AdminPermission, Grants, Permission};
use crate::clock::Timestamp;
use crate::error::{Fault, HasKind, Kind, Refusal};
use crate::id::UserId;

/// How a user stands in an account: all that a decision rests on.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The user.
    pub user: UserId,
    /// Its name.
    pub user_name: String,
    /// The account's name.
    pub account_name: String,
    /// Whether the account is closed.
    pub is_closed: bool,
    /// Whether the user owns the account.
    pub is_owner: bool,
    /// What the membership holds; of no meaning for the owner.
    pub grants: Grants,
    /// When the membership ends, if it does.
    pub ends_at: Option<Timestamp>,
    /// The moment of the question.
    pub now: Timestamp,
}

/// An answer that can be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes, and why.
    Allowed(Reason),
    /// No: the account is closed.
    AccountClosed,
    /// No: the membership has ended.
    MembershipEnded,
    /// No: the permission is not held.
    NotHeld,
}

/// Why something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The owner holds every permission, always (PRODUCT rule 1).
    Owner,
    /// The membership holds the permission.
    Grant,
}

/// May the user do that in the account?
pub fn decide(standing: &Standing, permission: Permission) -> Decision {
    if !standing.is_owner && standing.ends_at.is_some_and(|end| end <= standing.now) {
        return Decision::MembershipEnded;
    }
    if standing.is_closed {
        return Decision::AccountClosed;
    }
    if standing.is_owner {
        return Decision::Allowed(Reason::Owner);
    }
    if standing.grants.has(permission) { Decision::Allowed(Reason::Grant) } else { Decision::NotHeld }
}

/// Why there is no ticket.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// There is no such account, or the user is no member: the two look the same.
    #[error("there is no such account")]
    NoSuchAccount,
    /// The account is closed (PRODUCT rule 8).
    #[error("the account {0} is closed")]
    Closed(String),
    /// The user is inside, but lacks the permission.
    #[error("the permission {} is missing", permission.key())]
    Missing {
        /// What is missing.
        permission: Permission,
    },
    /// Only staff may.
    #[error("only staff may do that")]
    StaffOnly,
    /// The admin's role lacks the permission.
    #[error("the admin permission {} is missing", permission.key())]
    MissingAdmin {
        /// What is missing.
        permission: AdminPermission,
    },
    /// An admin who acts for a user touches what is the user's own: credentials, sessions, data, invitations, the way out.
    #[error("an admin who acts for a user may not do that")]
    OnBehalf,
    /// No enabled admin.
    #[error("no admin is logged in")]
    NotStaff,
    /// The user is gone.
    #[error("there is no such user")]
    NoSuchUser,
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Denied {
    fn kind(&self) -> Kind {
        match self {
            Self::NoSuchAccount | Self::NoSuchUser => Kind::NotFound,
            Self::Closed(_) => Kind::Forbidden(Refusal::Closed),
            Self::Missing { permission } => Kind::Forbidden(Refusal::Missing(*permission)),
            Self::StaffOnly => Kind::Forbidden(Refusal::StaffOnly),
            Self::MissingAdmin { permission } => Kind::Forbidden(Refusal::MissingAdmin(*permission)),
            Self::OnBehalf => Kind::Forbidden(Refusal::OnBehalf),
            Self::NotStaff => Kind::Unauthenticated,
            Self::Fault(fault) => fault.kind(),
        }
    }
}

pub(super) fn check(standing: &Standing, needs: Needs) -> Result<(), Denied> {
    match needs {
        Needs::Permission(permission) => match decide(standing, permission) {
            Decision::Allowed(_) => Ok(()),
            Decision::AccountClosed => Err(Denied::Closed(standing.account_name.clone())),
            Decision::MembershipEnded => Err(Denied::NoSuchAccount),
            Decision::NotHeld => Err(Denied::Missing { permission }),
        },
        Needs::Membership if !standing.is_owner && standing.ends_at.is_some_and(|end| end <= standing.now) => {
            Err(Denied::NoSuchAccount)
        }
        Needs::Membership if standing.is_closed => Err(Denied::Closed(standing.account_name.clone())),
        Needs::Membership => Ok(()),
        Needs::Staff => Err(Denied::StaffOnly),
    }
}

/// May an admin of this role do that? `None` is what every enabled admin may.
pub(super) fn check_staff(grants: AdminGrants, needs: Option<AdminPermission>) -> Result<(), Denied> {
    match needs {
        Some(permission) if !grants.has(permission) => Err(Denied::MissingAdmin { permission }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(grants: &str) -> Standing {
        Standing {
            user: UserId(1),
            user_name: "Mia".to_owned(),
            account_name: "Acme".to_owned(),
            is_closed: false,
            is_owner: false,
            grants: Grants::parse(grants),
            ends_at: None,
            now: Timestamp::from_micros(1_000),
        }
    }

    #[test]
    fn rule_1_the_owner_holds_every_permission_whatever_is_stored() {
        let owner = Standing { is_owner: true, ends_at: Some(Timestamp::from_micros(1)), ..member("") };
        for permission in Permission::GRANTABLE {
            assert_eq!(decide(&owner, permission), Decision::Allowed(Reason::Owner));
        }
    }

    #[test]
    fn rule_11_a_member_holds_exactly_what_was_granted() {
        for permission in Permission::GRANTABLE {
            let expected = if permission == Permission::Invoices { Decision::Allowed(Reason::Grant) } else { Decision::NotHeld };
            assert_eq!(decide(&member("invoices products@service:17"), permission), expected);
        }
    }

    #[test]
    fn rule_8_nobody_does_anything_in_a_closed_account() {
        let closed = Standing { is_closed: true, is_owner: true, ..member("invoices") };
        assert_eq!(decide(&closed, Permission::Invoices), Decision::AccountClosed);
        assert!(matches!(check(&closed, Needs::Membership), Err(Denied::Closed(_))));
    }

    #[test]
    fn a_membership_that_ended_looks_like_none() {
        let ended = Standing { ends_at: Some(Timestamp::from_micros(1_000)), ..member("invoices") };
        assert_eq!(decide(&ended, Permission::Invoices), Decision::MembershipEnded);
        assert!(matches!(check(&ended, Needs::Membership), Err(Denied::NoSuchAccount)));
    }
}
