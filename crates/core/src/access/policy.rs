//! The decision itself: pure, without a database or a clock of its own.

use std::time::Duration;

use super::ticket::Needs;
use super::{AdminGrants, AdminPermission, ApiRight, Grants, Permission};
use crate::clock::Timestamp;
use crate::error::{Fault, HasKind, Kind, Refusal};
use crate::id::UserId;

/// How a user stands in an account: all that a decision rests on.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "what the decision rests on, one by one")]
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
    /// Whether the operator wants a confirmed address, and the user has none.
    pub must_verify: bool,
    /// Whether the session began with a link of another system, and the account lets no such login in.
    pub sso_refused: bool,
    /// Whether the account, or the operator, requires a second factor.
    pub two_factor_required: bool,
    /// When the user's session last saw one.
    pub second_factor_at: Option<Timestamp>,
    /// For how long that counts.
    pub second_factor_lasts: Duration,
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
    /// No: the user must confirm its address first, the owner too.
    NotVerified,
    /// No: the account lets nobody in whose login began with a link of another system.
    SingleSignOnOff,
    /// No: the account requires a second factor, and none was shown lately.
    SecondFactorMissing,
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

/// A [`Standing`] without its names: what is decided on, wherever it is kept.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "what the decision rests on, one by one")]
pub struct Ground<'a> {
    /// Whether the account is closed.
    pub is_closed: bool,
    /// Whether the user owns the account.
    pub is_owner: bool,
    /// What the membership holds; of no meaning for the owner.
    pub grants: &'a Grants,
    /// When the membership ends, if it does.
    pub ends_at: Option<Timestamp>,
    /// Whether the operator wants a confirmed address, and the user has none.
    pub must_verify: bool,
    /// Whether the session began with a link of another system, and the account lets no such login in.
    pub sso_refused: bool,
    /// Whether the account, or the operator, requires a second factor.
    pub two_factor_required: bool,
    /// When a second factor was last shown.
    pub second_factor_at: Option<Timestamp>,
    /// For how long that counts.
    pub second_factor_lasts: Duration,
    /// The moment of the question.
    pub now: Timestamp,
}

impl Standing {
    /// What is decided on.
    pub const fn ground(&self) -> Ground<'_> {
        Ground {
            is_closed: self.is_closed,
            is_owner: self.is_owner,
            grants: &self.grants,
            ends_at: self.ends_at,
            must_verify: self.must_verify,
            sso_refused: self.sso_refused,
            two_factor_required: self.two_factor_required,
            second_factor_at: self.second_factor_at,
            second_factor_lasts: self.second_factor_lasts,
            now: self.now,
        }
    }

    /// Whether a second factor is required, and none was shown lately.
    pub(crate) fn lacks_second_factor(&self) -> bool {
        self.ground().lacks_second_factor()
    }
}

impl Ground<'_> {
    fn lacks_second_factor(&self) -> bool {
        let shown = self.second_factor_at.is_some_and(|at| self.now.since(at) < self.second_factor_lasts);
        self.two_factor_required && !shown
    }

    /// May the user do that in the account: on the whole of it, or on one resource such as `service:17`?
    pub fn decide(&self, permission: Permission, resource: Option<&str>) -> Decision {
        if !self.is_owner && self.ends_at.is_some_and(|end| end <= self.now) {
            return Decision::MembershipEnded;
        }
        if self.is_closed {
            return Decision::AccountClosed;
        }
        if self.must_verify {
            return Decision::NotVerified;
        }
        // Before the second factor: showing one would not help.
        if self.sso_refused {
            return Decision::SingleSignOnOff;
        }
        if self.lacks_second_factor() {
            return Decision::SecondFactorMissing;
        }
        if self.is_owner {
            return Decision::Allowed(Reason::Owner);
        }
        let on_resource = || resource.is_some_and(|resource| self.grants.has_on(permission, resource));
        if self.grants.has(permission) || on_resource() { Decision::Allowed(Reason::Grant) } else { Decision::NotHeld }
    }
}

/// May the user do that in the whole account?
pub fn decide(standing: &Standing, permission: Permission) -> Decision {
    standing.ground().decide(permission, None)
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
    /// The user must confirm its address first.
    #[error("the address is not confirmed")]
    NotVerified,
    /// The session began with a link of another system, and the account lets no such login in.
    #[error("the account is not entered by single sign-on")]
    SingleSignOn,
    /// The account requires a second factor, and none was shown lately (ASVS V6.3.3).
    #[error("a second factor is required")]
    SecondFactor,
    /// Identity has not been confirmed within the last ten minutes (ASVS V7.5.1).
    #[error("it has to be confirmed first who this is")]
    Unconfirmed,
    /// The user is inside, but lacks the permission.
    #[error("the permission {} is missing", permission.key())]
    Missing {
        /// What is missing.
        permission: Permission,
    },
    /// Only the account's owner may.
    #[error("only the owner may do that")]
    OwnerOnly,
    /// Only staff may.
    #[error("only staff may do that")]
    StaffOnly,
    /// The admin's role lacks the permission.
    #[error("the admin permission {} is missing", permission.key())]
    MissingAdmin {
        /// What is missing.
        permission: AdminPermission,
    },
    /// There is no such API credential any more.
    #[error("there is no such API credential")]
    NoCredential,
    /// The API credential's role lacks the right.
    #[error("the API right {} is missing", right.key())]
    MissingRight {
        /// What is missing.
        right: ApiRight,
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
            Self::NotVerified => Kind::Forbidden(Refusal::NotVerified),
            Self::SingleSignOn => Kind::Forbidden(Refusal::SingleSignOn),
            Self::SecondFactor => Kind::Forbidden(Refusal::SecondFactor),
            Self::Unconfirmed => Kind::Forbidden(Refusal::Unconfirmed),
            Self::Missing { permission } => Kind::Forbidden(Refusal::Missing(*permission)),
            Self::OwnerOnly => Kind::Forbidden(Refusal::OwnerOnly),
            Self::StaffOnly => Kind::Forbidden(Refusal::StaffOnly),
            Self::MissingAdmin { permission } => Kind::Forbidden(Refusal::MissingAdmin(*permission)),
            Self::OnBehalf => Kind::Forbidden(Refusal::OnBehalf),
            Self::MissingRight { right } => Kind::Forbidden(Refusal::MissingRight(*right)),
            Self::NotStaff | Self::NoCredential => Kind::Unauthenticated,
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
            Decision::NotVerified => Err(Denied::NotVerified),
            Decision::SingleSignOnOff => Err(Denied::SingleSignOn),
            Decision::SecondFactorMissing => Err(Denied::SecondFactor),
            Decision::NotHeld => Err(Denied::Missing { permission }),
        },
        Needs::Membership if !standing.is_owner && standing.ends_at.is_some_and(|end| end <= standing.now) => {
            Err(Denied::NoSuchAccount)
        }
        Needs::Membership if standing.is_closed => Err(Denied::Closed(standing.account_name.clone())),
        Needs::Membership if standing.must_verify => Err(Denied::NotVerified),
        Needs::Membership if standing.sso_refused => Err(Denied::SingleSignOn),
        Needs::Membership if standing.lacks_second_factor() => Err(Denied::SecondFactor),
        Needs::Owner if !standing.is_owner => check(standing, Needs::Membership).and(Err(Denied::OwnerOnly)),
        Needs::Owner => check(standing, Needs::Membership),
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
            must_verify: false,
            sso_refused: false,
            two_factor_required: false,
            second_factor_at: None,
            second_factor_lasts: Duration::from_hours(24),
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
    fn a_grant_on_a_resource_opens_that_resource_and_no_other() {
        let mia = member("invoices products@service:17 domains@service:170");
        let ground = mia.ground();
        let allowed = |permission, resource| ground.decide(permission, resource) == Decision::Allowed(Reason::Grant);
        assert!(allowed(Permission::Products, Some("service:17")));
        for resource in [None, Some("service:1"), Some("service:170"), Some("service:17 "), Some("")] {
            assert!(!allowed(Permission::Products, resource), "{resource:?}");
        }
        assert!(allowed(Permission::Invoices, Some("invoice:3")), "what is held on the whole account is held on each part");
        assert!(!allowed(Permission::Domains, Some("service:17")));
    }

    #[test]
    fn rule_8_nobody_does_anything_in_a_closed_account() {
        let closed = Standing { is_closed: true, is_owner: true, ..member("invoices") };
        assert_eq!(decide(&closed, Permission::Invoices), Decision::AccountClosed);
        assert!(matches!(check(&closed, Needs::Membership), Err(Denied::Closed(_))));
    }

    #[test]
    fn who_must_confirm_the_address_first_does_nothing_not_even_the_owner() {
        for is_owner in [false, true] {
            let unverified = Standing { must_verify: true, is_owner, ..member("invoices") };
            assert_eq!(decide(&unverified, Permission::Invoices), Decision::NotVerified);
            assert!(matches!(check(&unverified, Needs::Membership), Err(Denied::NotVerified)));
        }
    }

    #[test]
    fn whose_login_began_elsewhere_does_nothing_where_single_sign_on_is_off_not_even_the_owner() {
        for is_owner in [false, true] {
            // With a second factor or without: showing one would not open the account.
            for second_factor_at in [None, Some(Timestamp::from_micros(1_000))] {
                let base = Standing { two_factor_required: true, second_factor_at, is_owner, ..member("invoices") };
                let refused = Standing { sso_refused: true, ..base };
                assert_eq!(decide(&refused, Permission::Invoices), Decision::SingleSignOnOff);
                for needs in [Needs::Membership, Needs::Owner, Needs::Permission(Permission::Invoices)] {
                    assert!(matches!(check(&refused, needs), Err(Denied::SingleSignOn)), "{needs:?}");
                }
            }
        }
    }

    #[test]
    fn a_membership_that_ended_looks_like_none() {
        let ended = Standing { ends_at: Some(Timestamp::from_micros(1_000)), ..member("invoices") };
        assert_eq!(decide(&ended, Permission::Invoices), Decision::MembershipEnded);
        assert!(matches!(check(&ended, Needs::Membership), Err(Denied::NoSuchAccount)));
    }

    #[test]
    fn v6_3_3_where_a_second_factor_is_required_nothing_goes_without_a_recent_one() {
        let day = Duration::from_hours(24);
        let now = Timestamp::from_micros(1_000).after(day);
        let standing = |required, shown, is_owner| Standing {
            two_factor_required: required,
            second_factor_at: shown,
            is_owner,
            now,
            ..member("invoices")
        };
        let (fresh, stale) = (Some(Timestamp::from_micros(1_001)), Some(Timestamp::from_micros(1_000)));
        for is_owner in [true, false] {
            for (required, shown, opens) in [
                (false, None, true),
                (false, stale, true),
                (false, fresh, true),
                (true, None, false),
                (true, stale, false),
                (true, fresh, true),
            ] {
                let standing = standing(required, shown, is_owner);
                let decision = decide(&standing, Permission::Invoices);
                assert_eq!(matches!(decision, Decision::Allowed(_)), opens, "{required} {shown:?} {is_owner}");
                assert!(opens || decision == Decision::SecondFactorMissing);
                assert_eq!(check(&standing, Needs::Membership).is_ok(), opens);
            }
        }
    }
}
