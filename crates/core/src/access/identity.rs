//! What a session knows of who uses it: enough to enter an account, and enough for what needs a fresh proof.

use std::fmt;
use std::time::Duration;

use super::policy::Denied;
use super::ticket::System;
use super::{Actor, sql};
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::id::{AdminId, SessionId, UserId};

/// For how long "confirm it's you" lasts (ASVS V7.5.1).
pub const CONFIRMED_FOR: Duration = Duration::from_mins(10);

/// Somebody who can log in: a user or an admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A user of the Client Area.
    User(UserId),
    /// A member of staff.
    Admin(AdminId),
}

impl Subject {
    /// The column that holds the id, in tables of both.
    pub(crate) const fn column(self) -> &'static str {
        match self {
            Self::User(_) => "user_id",
            Self::Admin(_) => "admin_id",
        }
    }

    /// The user, if it is one.
    pub(crate) const fn user(self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(id),
            Self::Admin(_) => None,
        }
    }

    /// The admin, if it is one.
    pub(crate) const fn admin(self) -> Option<AdminId> {
        match self {
            Self::User(_) => None,
            Self::Admin(id) => Some(id),
        }
    }

    /// The id, of whichever kind.
    pub(crate) const fn id(self) -> i64 {
        match self {
            Self::User(id) => id.0,
            Self::Admin(id) => id.0,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user {id}"),
            Self::Admin(id) => write!(f, "admin {id}"),
        }
    }
}

/// A user as its session shows it: who, and how well proven. The policy asks for this, never for a bare id, so
/// that nobody forgets the second factor where an account requires it.
#[derive(Clone, Copy, Debug)]
pub struct Who {
    user: UserId,
    second_factor_at: Option<Timestamp>,
    must_show_factor: bool,
    by_link: bool,
}

impl Who {
    /// With what the session knows.
    pub(crate) const fn new(user: UserId, second_factor_at: Option<Timestamp>, must_show_factor: bool) -> Self {
        Self { user, second_factor_at, must_show_factor, by_link: false }
    }

    /// A user of whom no second factor is known: accounts that require one stay closed.
    pub const fn without_second_factor(user: UserId) -> Self {
        Self { user, second_factor_at: None, must_show_factor: false, by_link: false }
    }

    /// The same user in a session that a link of another system began: accounts that want none of that stay closed.
    #[must_use]
    pub const fn begun_by_link(self) -> Self {
        Self { by_link: true, ..self }
    }

    /// The user.
    pub const fn user(self) -> UserId {
        self.user
    }

    /// When the second factor was last shown.
    pub(crate) const fn second_factor_at(self) -> Option<Timestamp> {
        self.second_factor_at
    }

    /// Whether the session began with a link of another system.
    pub(crate) const fn is_by_link(self) -> bool {
        self.by_link
    }

    /// Whether two-factor is required of everybody and this session has shown no factor.
    pub(crate) const fn must_show_factor(self) -> bool {
        self.must_show_factor
    }
}

/// Proof that somebody has confirmed who it is within the last ten minutes, in this session: what changes of
/// factors, of the login's address and the like ask for (ASVS V7.5.1).
#[derive(Debug)]
pub struct Confirmed {
    subject: Subject,
    session: SessionId,
    actor: Actor,
}

impl Confirmed {
    /// Who.
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// In which session.
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Who, as the log tells it.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }
}

/// Proof that an admin has confirmed who it is within the last ten minutes, beside the ticket for what it does:
/// ownership, deletion, taking a factor away, masquerade (ASVS V7.5.3).
#[derive(Debug)]
pub struct ConfirmedAdmin(());

impl ConfirmedAdmin {
    /// See [`ApiCall::confirmed`](super::ApiCall::confirmed).
    pub(super) const fn by_credential() -> Self {
        Self(())
    }

    /// The machine has nobody to ask.
    pub const fn machine(_by: &System) -> Self {
        Self(())
    }
}

impl Tx<'_> {
    /// Like [`Snapshot::confirmed`], and never for an admin who acts for a user: nobody is confirmed to be somebody else.
    pub fn confirmed(&self, subject: Subject, session: SessionId) -> Result<Confirmed, Denied> {
        if self.request().on_behalf.is_some() {
            return Err(Denied::OnBehalf);
        }
        Snapshot::confirmed(self, subject, session)
    }

    /// Asks again, once the login itself is held: the first factor of another session, added while this one waited for the login, has
    /// ended what the password alone had confirmed.
    pub(crate) fn still_confirmed(&self, by: &Confirmed) -> Result<(), Denied> {
        Snapshot::confirmed(self, by.subject, by.session).map(drop)
    }
}

impl Snapshot<'_> {
    /// The ticket of somebody who has just confirmed who it is, in this session.
    pub fn confirmed(&self, subject: Subject, session: SessionId) -> Result<Confirmed, Denied> {
        let (name, at) = sql::confirmed_at(self, subject, session)?.ok_or(Denied::Unconfirmed)?;
        if at.is_none_or(|at| self.now().since(at) >= CONFIRMED_FOR) {
            return Err(Denied::Unconfirmed);
        }
        let actor = match subject {
            Subject::User(id) => Actor::user(id, &name),
            Subject::Admin(id) => Actor::admin(id, &name),
        };
        Ok(Confirmed { subject, session, actor })
    }

    /// The same for what an admin does beside its own data.
    pub fn confirmed_admin(&self, admin: AdminId, session: SessionId) -> Result<ConfirmedAdmin, Denied> {
        self.confirmed(Subject::Admin(admin), session).map(|_| ConfirmedAdmin(()))
    }
}
