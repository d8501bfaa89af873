//! Browsers that somebody has logged in with: *this device is known*.
//!
//! A cookie of 256 random bits marks a browser; the database holds its hash for each user and admin who has logged in with it.
//! It opens nothing. It tells the owner from strangers: its tries are counted by themselves
//! ([`guessing`](crate::guessing)), and a login with a browser that is not known is told by mail.
//!
//! Changing one's password keeps the devices: whoever does that has shown the present one, and the sessions elsewhere end. A
//! reset of a forgotten password forgets all of them but the one it is done with. People forget devices themselves, too ([`forget`]): the next login with one is
//! told to them again. That ends no session.

mod ops;
mod sql;

use std::time::Duration;

use crate::access::Denied;
use crate::clock::Timestamp;
use crate::error::{Fault, HasKind, Kind};
use crate::id::DeviceId;

pub(crate) use ops::{
    Remember, ask_known, condition, forget_after_reset, is_somebodys, name_of, remember, remember_first, remember_known,
};
pub use ops::{forget, forget_others, known, list, mine};

/// How long a browser stays known without a login: as long as browsers keep a cookie at most.
pub const LIVES: Duration = Duration::from_hours(400 * 24);
/// Devices that are kept for one person; the one not used for longest goes first.
pub(crate) const MAX_PER_OWNER: i64 = 20;

/// A browser that is known.
#[derive(Clone, Debug)]
pub struct Device {
    /// The device.
    pub id: DeviceId,
    /// The first login with it.
    pub first_seen_at: Timestamp,
    /// The latest login with it.
    pub last_seen_at: Timestamp,
    /// From which address that came.
    pub ip: String,
    /// What the browser calls itself.
    pub user_agent: String,
}

/// Why a device was not forgotten.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such device.
    #[error("there is no such device")]
    NotFound,
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
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
