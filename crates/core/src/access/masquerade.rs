//! An admin who acts for a user: what a request is held to, and whose name stands in the log.

use super::{Actor, ActorKind, Denied};
use crate::id::{AccountId, AdminId, UserId};

/// The admin behind a request of the Client Area, for whom it acts, and in which account alone.
///
/// Made only from a session that **Login as Owner** began. Every write carries it in its request, so that no operation has to
/// think of it: tickets are refused and events get both names here (ASVS V8.3.3: decided on the originating subject).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnBehalf {
    admin: AdminId,
    admin_name: String,
    user: UserId,
    account: AccountId,
}

impl OnBehalf {
    pub(crate) fn new(admin: AdminId, admin_name: &str, user: UserId, account: AccountId) -> Self {
        Self { admin, admin_name: admin_name.to_owned(), user, account }
    }

    /// The admin.
    pub const fn admin(&self) -> AdminId {
        self.admin
    }

    /// The admin's name.
    pub fn admin_name(&self) -> &str {
        &self.admin_name
    }

    /// The user.
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The one account that can be entered.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Whether the user may be spoken for in this account. Any other looks like one that does not exist.
    pub(super) fn check(&self, user: UserId, account: AccountId) -> Result<(), Denied> {
        if self.user == user && self.account == account { Ok(()) } else { Err(Denied::NoSuchAccount) }
    }

    /// The admin, when this actor is the user that is spoken for.
    pub(crate) fn originator(&self, actor: &Actor) -> Option<Actor> {
        let is_user = actor.kind == ActorKind::User && actor.id == Some(self.user.0);
        is_user.then(|| Actor::admin(self.admin, &self.admin_name))
    }
}
