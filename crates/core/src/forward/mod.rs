//! Forward-auth: logins at services that stand behind a proxy, each on a host of its own.
//!
//! The session's cookie never leaves the host of the login. A service's host gets a cookie of its own, which is of use there
//! alone and only as long as the session lives: whoever runs one service cannot act at another, nor in the Client Area. It is
//! made of a **code** that the login page hands over by a redirect. The code is sealed, works once and for a minute, for one
//! host, and only in the browser that was led to the login.

mod ops;
mod sql;

use std::time::Duration;

use crate::access::Permission;
use crate::check::{Access, Page, Reason};
use crate::error::{Fault, HasKind, Kind};
use crate::id::AccountId;
use crate::secret::Secret;
use crate::session::Resolved;

pub use ops::{code, look, mark, redeem, resolve, session, verdict};

/// For how long a code works.
pub const CODE_LIVES: Duration = Duration::from_mins(1);

/// What a browser shows.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    /// The cookie of a service's host.
    pub forward: Option<Secret>,
    /// The cookie of a session in which an admin acts for a user; looked at on the login's own host alone.
    pub masquerade: Option<Secret>,
    /// The cookie of a session; looked at on the login's own host alone.
    pub session: Option<Secret>,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The host that is asked for, in lower case, with its port if it has one.
    pub host: String,
    /// Whether that is the host of the login.
    pub is_own_host: bool,
    /// The account that is entered, if one is.
    pub account: Option<AccountId>,
    /// What is done in it; `None` for merely being inside.
    pub permission: Option<Permission>,
}

/// Whether the request may pass.
#[derive(Debug)]
pub enum Verdict {
    /// Nobody is logged in.
    LoggedOut,
    /// Not this user, or not there.
    Refused(Reason),
    /// It may.
    Pass(Box<Pass>),
}

/// Who may pass.
#[derive(Debug)]
pub struct Pass {
    /// The session, its user, and the admin who acts in it.
    pub found: Resolved,
    /// What is held in the account that was asked for.
    pub access: Option<Access>,
}

/// A session that lives.
#[derive(Debug)]
pub struct Found {
    /// The session, its user, and the admin who acts in it.
    pub found: Resolved,
    /// Whether a second factor was shown lately in it.
    pub second_factor: bool,
    /// What may be done with it, and where.
    pub accounts: Page<AccountId>,
}

/// What a code was made of.
#[derive(Debug)]
pub struct Redeemed {
    /// What the cookie of the service's host holds.
    pub secret: Secret,
    /// Where the browser was when it was led to the login: a path of that host.
    pub to: String,
}

/// Why a code makes no login.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is none of ours, for another host or browser, used, or over.
    #[error("the code no longer works")]
    Gone,
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Gone => Kind::Gone,
            Self::Fault(fault) => fault.kind(),
        }
    }
}
