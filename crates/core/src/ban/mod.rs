//! Bans: addresses and networks that are kept out of both areas, until a moment or until they are lifted.
//!
//! A request is asked for in the transaction that reads who it is of ([`is_banned`]), so a ban holds on every node from the next
//! request on. Networks on the list *Never Banned* stay reachable whatever is banned around them.

mod network;
mod ops;
mod sql;

use crate::access::{Actor, Denied};
use crate::clock::Timestamp;
use crate::error::{Fault, HasKind, Invalid, Kind};
use crate::id::BanId;

pub use network::Network;
pub use ops::{Asking, add, ask, is_banned, lift, list, never_banned, set_never_banned};

/// Longest reason, in characters.
pub const MAX_REASON: usize = 200;
/// Bans that can stand at the same time.
pub const MAX_BANS: i64 = 10_000;
/// Networks that can be on the list *Never Banned*.
pub const MAX_NEVER: usize = 100;

/// An address or a network to be banned.
#[derive(Clone, Debug)]
pub struct NewBan {
    /// Which.
    pub network: Network,
    /// Why.
    pub reason: String,
    /// Until when; `None` for until it is lifted.
    pub ends_at: Option<Timestamp>,
}

/// A ban.
#[derive(Clone, Debug)]
pub struct Ban {
    /// The ban.
    pub id: BanId,
    /// What is banned, as text.
    pub network: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub ends_at: Option<Timestamp>,
    /// Who made it.
    pub by: Actor,
}

/// Why a ban could not be made or lifted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is banned already.
    #[error("this address is banned already")]
    Exists,
    /// Whoever asks would ban himself.
    #[error("this is the address you come from")]
    Oneself,
    /// It is on the list that is never banned.
    #[error("this address is never banned")]
    NeverBanned,
    /// It would end before it begins.
    #[error("the ban would have ended already")]
    Ended,
    /// There are too many.
    #[error("there are too many bans")]
    TooMany,
    /// There is no such ban.
    #[error("there is no such ban")]
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
        let field = |field, message| Kind::Invalid(vec![Invalid::new(field, message)]);
        match self {
            Self::Exists => field("network", "error-ban-exists"),
            Self::Oneself => field("network", "error-ban-self"),
            Self::NeverBanned => field("network", "error-ban-never"),
            Self::Ended => field("ends_on", "error-ban-ended"),
            Self::TooMany => field("network", "error-ban-too-many"),
            Self::NotFound => Kind::NotFound,
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
