//! Admins: members of staff, with their own logins and sessions.

mod ops;
mod password;
mod second;
mod sessions;
mod sql;
mod staff;

use std::time::Duration;

use crate::access::{Denied, Subject};
use crate::admin_role::AdminRole;
use crate::clock::Timestamp;
use crate::email::Email;
use crate::error::{Fault, HasKind, Invalid, Kind};
use crate::id::{AdminId, SessionId};
use crate::password::{Busy, PasswordHash};
use crate::secret::Secret;

pub use ops::{
    Asking, ask, behind, by_email, create_by_system, create_in_role, exists, find, list, login, logout, page, resolve, set_up,
    setup_is_open, setup_link, sweep, touch,
};
pub(crate) use ops::{
    begin_first, factor_is_gone, find_enabled, hold_session, hold_sessions, hold_who_may, insert, resolve_session,
    start_with_passkey, touch_session, who_may,
};
pub use password::change_password;
pub(crate) use password::{end_every, hold_enabled, set_password};
pub use second::{confirm, second_step};
pub use sessions::{Session, end, end_others, hostname_found, sessions, to_look_up};
pub(crate) use sql::of_role;
pub use staff::{delete, find_to_change, set_disabled, set_role};
pub(crate) use staff::{end_acting, hold};

/// How long a set-up link works.
pub const SETUP_VALID_FOR: Duration = Duration::from_hours(24);

/// A member of staff.
#[derive(Clone, Debug)]
pub struct Admin {
    /// The admin.
    pub id: AdminId,
    /// The name.
    pub name: String,
    /// The login.
    pub email: String,
    /// The last login.
    pub last_login_at: Option<Timestamp>,
    /// Since when the admin can no longer log in.
    pub disabled_at: Option<Timestamp>,
    /// Whether a second factor is set up.
    pub two_factor: bool,
    /// What the admin may do.
    pub role: AdminRole,
}

/// An admin to be made.
#[derive(Clone, Debug)]
pub struct NewAdmin {
    /// The name.
    pub name: String,
    /// The login.
    pub email: Email,
    /// The password.
    pub password: PasswordHash,
}

/// Who uses an admin session.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The session.
    pub session: SessionId,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it last saw the admin's second factor; `None` again once the admin has none any more.
    pub second_factor_at: Option<Timestamp>,
    /// The admin.
    pub admin: Admin,
    /// Whether two-factor is required of admins and no factor was shown in this session: whoever has none sets one up first.
    pub must_show_factor: bool,
}

impl Resolved {
    /// Whose session it is.
    pub const fn subject(&self) -> Subject {
        Subject::Admin(self.admin.id)
    }
}

/// A session that has just begun.
pub struct Started {
    /// What the cookie holds.
    pub secret: Secret,
    /// Who logged in.
    pub admin: AdminId,
    /// What the browser's device cookie is to hold.
    pub device: Secret,
}

/// Why an admin could not be made or logged in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A wrong password or an unknown or disabled address: nobody learns which.
    #[error("wrong email address or password")]
    WrongCredentials,
    /// Another admin has this address.
    #[error("another admin has this address")]
    EmailTaken,
    /// The present password is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// The new password is known from a breach (ASVS V6.2.12).
    #[error("the password is on a list of breached passwords")]
    BreachedPassword,
    /// The set-up link is used, expired or unknown.
    #[error("this set-up link is no longer valid")]
    Gone,
    /// There is no such admin.
    #[error("there is no such admin")]
    NotFound,
    /// There is no such session.
    #[error("there is no such session")]
    NoSuchSession,
    /// Nobody disables or deletes himself.
    #[error("you cannot disable or delete yourself")]
    Oneself,
    /// Nobody could do everything any more.
    #[error("this is the last full administrator who can log in")]
    LastFull,
    /// There is no such role.
    #[error("there is no such role")]
    NoSuchRole,
    /// Nobody hands on, or takes away, what he does not hold.
    #[error("this role holds more than you do")]
    BeyondOwn,
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
            Self::EmailTaken => Kind::Invalid(vec![Invalid::new("email", "error-email-taken")]),
            Self::WrongPassword => Kind::Invalid(vec![Invalid::new("current", "error-password-wrong")]),
            Self::BreachedPassword => Kind::Invalid(vec![Invalid::new("new", crate::password::BREACHED)]),
            Self::Gone => Kind::Gone,
            Self::NotFound | Self::NoSuchSession => Kind::NotFound,
            Self::Oneself => Kind::Conflict("error-admin-self"),
            Self::LastFull => Kind::Conflict("error-admin-last"),
            Self::NoSuchRole => Kind::Invalid(vec![Invalid::new("role", "error-role-unknown")]),
            Self::BeyondOwn => Kind::Conflict("error-role-beyond-own"),
            Self::Busy(busy) => busy.kind(),
            Self::Guessing(error) => error.kind(),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
