//! What people are told by mail, and whether they must confirm their address.

use super::put;
use crate::access::{AllowedAdmin, ConfigureSystem};
use crate::app::{Asked, Snapshot, Tx};
use crate::db::Row;
use crate::error::{Fault, Invalid};
use crate::event::{Event, EventKind};
use crate::mail::Notice;
use crate::params;

const OFF: &str = "notices.off";
pub(crate) const VERIFICATION: &str = "verification.policy";

/// Whether users confirm their address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verification {
    /// Nobody is asked.
    Off,
    /// Everybody is asked, and nothing depends on it.
    #[default]
    Ask,
    /// Who has not confirmed enters no account.
    Required,
}

impl Verification {
    /// Every choice, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Off, Self::Ask, Self::Required];

    /// The key in the database.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Ask => "ask",
            Self::Required => "required",
        }
    }
}

/// What people are told, and asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notifications {
    /// Whether users confirm their address.
    pub verification: Verification,
    /// The notices that are not sent. Those that are always told are never among them.
    pub off: Vec<Notice>,
}

impl Notifications {
    /// Reads what was chosen: the key of a [`Verification`], and the keys of the notices that are sent.
    pub fn parse(verification: &str, told: &[String]) -> Result<Self, Vec<Invalid>> {
        let chosen = Verification::ALL.into_iter().find(|choice| choice.key() == verification);
        let verification = chosen.ok_or_else(|| vec![Invalid::new("verification", "error-verification-unknown")])?;
        let off = |notice: &Notice| !notice.is_always_told() && !told.iter().any(|key| key == notice.key());
        Ok(Self { verification, off: Notice::ALL.iter().copied().filter(off).collect() })
    }
}

/// What people are told, and asked.
pub fn notifications(snapshot: &Snapshot<'_>) -> Result<Notifications, Fault> {
    Ok(Notifications { verification: verification(snapshot)?, off: off(snapshot)? })
}

/// Whether users confirm their address.
pub fn verification(snapshot: &Snapshot<'_>) -> Result<Verification, Fault> {
    ask_verification(snapshot)?.answer()
}

/// The same to be answered later.
pub fn ask_verification<'a>(snapshot: &'a Snapshot<'_>) -> Result<Asked<'a, Verification>, Fault> {
    let kept = snapshot.ask_first("select value from settings where key = $1", params![VERIFICATION], Row::take::<String>)?;
    Ok(kept.map(|kept| Verification::ALL.into_iter().find(|choice| Some(choice.key()) == kept.as_deref()).unwrap_or_default()))
}

/// Whether the operator has switched a notice off.
pub(crate) fn is_off(snapshot: &Snapshot<'_>, notice: Notice) -> Result<bool, Fault> {
    Ok(off(snapshot)?.contains(&notice))
}

fn off(snapshot: &Snapshot<'_>) -> Result<Vec<Notice>, Fault> {
    let kept = value(snapshot, OFF)?.unwrap_or_default();
    Ok(kept.split(' ').filter_map(Notice::from_key).collect())
}

fn value(snapshot: &Snapshot<'_>, key: &str) -> Result<Option<String>, Fault> {
    snapshot.optional("select value from settings where key = $1", params![key], Row::take)
}

/// Changes what people are told, and asked.
pub fn set_notifications(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, chosen: &Notifications) -> Result<(), Fault> {
    let off = store(tx, chosen)?;
    let detail = format!("verification: {}; not told: {}", chosen.verification.key(), if off.is_empty() { "–" } else { &off });
    tx.record(by.actor(), &Event::new(EventKind::SettingsChanged).with_detail(detail))
}

pub(crate) fn store(tx: &Tx<'_>, chosen: &Notifications) -> Result<String, Fault> {
    let off = chosen.off.iter().map(|notice| notice.key()).collect::<Vec<_>>().join(" ");
    put(tx, VERIFICATION, chosen.verification.key())?;
    put(tx, OFF, &off)?;
    Ok(off)
}
