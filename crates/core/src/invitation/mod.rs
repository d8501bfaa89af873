//! Invitations: pending offers of a membership, carried by a one-time link valid for seven days.
//!
//! Whoever holds the link may accept, with any address (PRODUCT rule 3). The link signs nobody in,
//! resets nothing and verifies no address (rule 4). Opening it changes nothing; only *Accept* does.

mod accept;
mod many;
mod ops;
mod sql;

use std::time::Duration;

use crate::access::{Actor, Denied, Grants};
use crate::clock::Timestamp;
use crate::error::{Fault, HasKind, Invalid, Kind};
use crate::id::{AccountId, InvitationId, RoleId};
use crate::role;
use crate::secret::Secret;

pub use accept::{Accepted, LoginAndAccept, accept, decline, login_and_accept};
pub(crate) use accept::{accept_held, hold, hold_by_id};
pub use many::{Sent, find, list, send_many};
use ops::end_link;
pub use ops::{
    accepted_by, cancel, count_pending, link, open, pending, resend, resend_without_mail, send, send_without_mail, tell_expired,
    try_link,
};
pub(crate) use ops::{cancel_sent_by, cancel_sent_by_deleted, count_registration, may_ask_for_registration, open_by_id};

/// How long a link works (PRODUCT rule 3).
pub const VALID_FOR: Duration = Duration::from_hours(7 * 24);

/// What an invitation offers, and to whom.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Where the link goes.
    pub email: crate::email::Email,
    /// What is offered singly.
    pub grants: Grants,
    /// The role that is offered, if one is.
    pub role: Option<RoleId>,
}

/// Where an invitation stands: derived from its times and the clock, never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The link works.
    Pending,
    /// Seven days are over; resending makes a fresh link.
    Expired,
    /// Somebody accepted it.
    Accepted,
    /// Somebody declined it.
    Declined,
    /// It was taken back.
    Cancelled,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Expired, Self::Accepted, Self::Declined, Self::Cancelled];

    /// The key in the API.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Expired => "expired",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The times that a state is derived from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Until when the link works.
    pub expires_at: Timestamp,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// When it was declined.
    pub declined_at: Option<Timestamp>,
    /// When it was taken back.
    pub cancelled_at: Option<Timestamp>,
}

impl Times {
    /// The state at a moment.
    pub fn state(&self, now: Timestamp) -> State {
        if self.accepted_at.is_some() {
            State::Accepted
        } else if self.declined_at.is_some() {
            State::Declined
        } else if self.cancelled_at.is_some() {
            State::Cancelled
        } else if self.expires_at <= now {
            State::Expired
        } else {
            State::Pending
        }
    }
}

/// An invitation.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The invitation.
    pub id: InvitationId,
    /// Into which account.
    pub account: AccountId,
    /// The account's name.
    pub account_name: String,
    /// Whether the account is closed.
    pub account_closed: bool,
    /// The address it was sent to.
    pub email: String,
    /// What it offers, by a role or singly.
    pub grants: Grants,
    /// What it offers singly.
    pub single: Grants,
    /// The role it offers, if it does.
    pub role: Option<role::Held>,
    /// Who sent it.
    pub invited_by: Actor,
    /// When its present link was made.
    pub sent_at: Timestamp,
    /// The times its state follows from.
    pub times: Times,
    /// Whether a user's credential was told the present link: then it does not show that somebody reads the invited mailbox.
    pub link_told: bool,
}

/// Which invitations of an account to find.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Only where it stands like this.
    pub state: Option<State>,
    /// Older than this one: the keyset of the next page.
    pub before: Option<InvitationId>,
}

/// The secret of a link, as it stands in the path.
pub fn token(text: &str) -> Option<Secret> {
    Secret::parse(text)
}

/// Why an invitation could not be sent, changed or taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address belongs to a member.
    #[error("a user with this address is a member already")]
    AlreadyMember,
    /// The address has a pending invitation.
    #[error("this address has a pending invitation")]
    AlreadyPending(InvitationId),
    /// The list names the address a second time.
    #[error("the list names this address twice")]
    ListedTwice,
    /// Somebody wants to grant what he does not hold.
    #[error("nobody can grant what he does not hold")]
    BeyondOwn,
    /// Members of this account cannot have this role.
    #[error("there is no such role for members of this account")]
    NoSuchRole,
    /// No such invitation in this account, or one that is over.
    #[error("there is no such pending invitation")]
    NotFound,
    /// The link is unknown, expired, used, declined or taken back: nobody learns which (PRODUCT rule 5).
    #[error("this invitation link is no longer valid")]
    Gone,
    /// The account is closed.
    #[error("the account is closed")]
    AccountClosed,
    /// The owner has everything already and loses nothing (PRODUCT rule 6).
    #[error("the owner needs no invitation")]
    IsOwner,
    /// Too many tries, or too many invitations.
    #[error(transparent)]
    Guessing(#[from] crate::guessing::Error),
    /// The person could not log in.
    #[error(transparent)]
    Login(#[from] crate::session::Error),
    /// The person cannot become a member.
    #[error(transparent)]
    User(#[from] crate::user::Error),
    /// No ticket.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<crate::membership::Error> for Error {
    fn from(error: crate::membership::Error) -> Self {
        match error {
            crate::membership::Error::IsOwner => Self::IsOwner,
            crate::membership::Error::AlreadyMember => Self::AlreadyMember,
            crate::membership::Error::Denied(denied) => Self::Denied(denied),
            crate::membership::Error::User(error) => Self::User(error),
            crate::membership::Error::Fault(fault) => Self::Fault(fault),
            crate::membership::Error::BeyondOwn | crate::membership::Error::OutOfReach => Self::BeyondOwn,
            crate::membership::Error::NoSuchRole => Self::NoSuchRole,
            crate::membership::Error::NotFound => Self::NotFound,
        }
    }
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::AlreadyMember => Kind::Invalid(vec![Invalid::new("email", "error-already-member")]),
            Self::AlreadyPending(_) => Kind::Invalid(vec![Invalid::new("email", "error-already-pending")]),
            Self::ListedTwice => Kind::Invalid(vec![Invalid::new("email", "error-listed-twice")]),
            Self::BeyondOwn => Kind::Invalid(vec![Invalid::new("permissions", "error-permission-not-yours")]),
            Self::NoSuchRole => Kind::Invalid(vec![Invalid::new("role", "error-role-unknown")]),
            Self::NotFound => Kind::NotFound,
            Self::Gone => Kind::Gone,
            Self::AccountClosed => Kind::Conflict("error-account-closed"),
            Self::IsOwner => Kind::Conflict("error-is-owner-already"),
            Self::Guessing(error) => error.kind(),
            Self::Login(error) => error.kind(),
            Self::User(error) => error.kind(),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_3_a_link_works_for_seven_days_and_not_a_moment_longer() {
        let sent = Timestamp::from_micros(1_000_000);
        let times = Times { expires_at: sent.after(VALID_FOR), ..Times::default() };
        assert_eq!(times.state(sent), State::Pending);
        assert_eq!(times.state(sent.after(VALID_FOR).before(Duration::from_micros(1))), State::Pending);
        assert_eq!(times.state(sent.after(VALID_FOR)), State::Expired);
    }

    #[test]
    fn an_end_outlasts_the_seven_days() {
        let at = Some(Timestamp::from_micros(5));
        let late = Timestamp::from_micros(i64::MAX);
        assert_eq!(Times { accepted_at: at, ..Times::default() }.state(late), State::Accepted);
        assert_eq!(Times { declined_at: at, ..Times::default() }.state(late), State::Declined);
        assert_eq!(Times { cancelled_at: at, ..Times::default() }.state(late), State::Cancelled);
    }
}
