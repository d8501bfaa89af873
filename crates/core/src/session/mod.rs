//! Logins of users, and the sessions that follow.
//!
//! The cookie holds 256 random bits, the database their hash. A login always makes a new session;
//! logout ends it at once, on every node.

mod hosts;
mod ops;
mod second;
mod sql;

use std::time::Duration;

use crate::access::{Denied, Subject, Who};
use crate::clock::Timestamp;
use crate::db::{DbError, FromValue, Value};
use crate::error::{Fault, HasKind, Kind};
use crate::id::{ApiCredentialId, SessionId, UserId};
use crate::masquerade::Acting;
use crate::password::{Busy, Password};
use crate::secret::Secret;
use crate::user::User;

pub(crate) use hosts::{Host, Hosts};
pub use ops::{
    Asking, Current, Proven, ask, authenticate, end, end_all_of, end_of, end_others, find_of, find_to_end, hostname_found, list,
    logout, of_user, page, resolve, start, start_for_service, sweep, to_look_up, touch,
};
pub(crate) use ops::{end_every, every, for_the_log, resolve_id, start_by_link, start_registered, start_with_passkey};
pub use second::{Renewed, confirm, second_step};

/// A session that was seen this recently is not written again.
pub const TOUCH_EVERY: Duration = Duration::from_mins(1);

/// How a session began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BegunBy {
    /// Its user logged in, or registered.
    Login,
    /// A link of another system did (single sign-on): accounts that have that switched off stay closed to it, and it stands for
    /// no confirmation of who somebody is.
    SingleSignOn,
}

impl BegunBy {
    /// The key in the database.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::SingleSignOn => "sso",
        }
    }
}

impl FromValue for BegunBy {
    fn from_value(value: Value) -> Result<Self, DbError> {
        match String::from_value(value)?.as_str() {
            "login" => Ok(Self::Login),
            "sso" => Ok(Self::SingleSignOn),
            _ => Err(DbError::Invalid("how a session began")),
        }
    }
}

/// What somebody types to log in.
pub struct Login {
    /// The address, as typed.
    pub email: String,
    /// The password, as typed.
    pub password: Password,
    /// Whether the login outlasts the browser.
    pub remember: bool,
}

/// A session that has just begun: the one moment its secret is known.
#[derive(Clone)]
pub struct Started {
    /// What the cookie holds.
    pub secret: Secret,
    /// Who logged in.
    pub user: UserId,
    /// The same, as the policy asks for it.
    pub who: Who,
    /// How long the cookie lives; `None` ends it with the browser.
    pub cookie_lives: Option<Duration>,
    /// What the browser's device cookie is to hold.
    pub device: Secret,
}

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Whether it outlasts the browser.
    pub remember: bool,
    /// From which address it began.
    pub ip: String,
    /// That address's host, when its name leads back to it.
    pub host: Option<String>,
    /// What the browser calls itself.
    pub user_agent: String,
    /// When a second factor was last shown in it; `None` again once its user has none any more.
    pub second_factor_at: Option<Timestamp>,
    /// Whether its device is still known: not forgotten since.
    pub of_known_device: bool,
    /// How it began.
    pub begun_by: BegunBy,
    /// The credential whose link began it; none of a session that such a link began before that was kept.
    pub(crate) credential: Option<ApiCredentialId>,
}

/// Who uses a session.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The session.
    pub session: Session,
    /// The user.
    pub user: User,
    /// Whether two-factor is required of everybody and no factor was shown in this session: whoever has none sets one up first.
    pub must_show_factor: bool,
    /// The admin who acts for the user, if it is not the user itself.
    pub acting: Option<Acting>,
}

impl Resolved {
    /// What the policy asks for. Of an admin who acts for the user it is the admin's own second factor that counts.
    pub fn who(&self) -> Who {
        if let Some(acting) = &self.acting {
            return Who::new(self.user.id, acting.second_factor_at, false);
        }
        let who = Who::new(self.user.id, self.session.second_factor_at, self.must_show_factor);
        if self.session.begun_by == BegunBy::SingleSignOn { who.begun_by_link() } else { who }
    }

    /// Whose session it is.
    pub const fn subject(&self) -> Subject {
        Subject::User(self.user.id)
    }
}

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A wrong password or an unknown address: nobody learns which (ASVS V6.3.8).
    #[error("wrong email address or password")]
    WrongCredentials,
    /// No such session.
    #[error("there is no such session")]
    NotFound,
    /// Too many at once.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Too many tries.
    #[error(transparent)]
    Guessing(#[from] crate::guessing::Error),
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
            Self::WrongCredentials => Kind::Unauthenticated,
            Self::NotFound => Kind::NotFound,
            Self::Busy(busy) => busy.kind(),
            Self::Guessing(error) => error.kind(),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
