//! What the operator chooses at run time: name, colour, logo, terms.

pub mod demo;
mod notifications;
mod puzzles;
mod retention;
mod security;

use crate::access::{AllowedAdmin, ConfigureSystem};
use crate::app::{Snapshot, Tx};
use crate::check::Changed;
use crate::db::Row;
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::event::{Event, EventKind};
use crate::params;
use crate::text;

#[cfg(feature = "testing")]
pub(crate) use notifications::store as store_notifications;
pub use notifications::{Notifications, Verification, ask_verification, notifications, set_notifications, verification};
pub(crate) use notifications::{VERIFICATION, is_off};
pub use puzzles::{Puzzles, When};
pub use retention::{Retention, retention, set_retention};
pub(crate) use security::hold_owner_approval;
pub use security::{Security, TypedLimits, ask, look, require_two_factor_of_admins, security, set_security};

/// How this installation presents itself (white label).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// The name on every page and mail.
    pub name: String,
    /// The hue of the accent colour, 0 to 359 (OKLCH).
    pub hue: u16,
    /// Where the logo is, if there is one.
    pub logo_url: Option<String>,
    /// Where the terms of service are; when set, whoever registers must agree.
    pub terms_url: Option<String>,
}

impl Default for Brand {
    fn default() -> Self {
        Self { name: "Latchkey".to_owned(), hue: 255, logo_url: None, terms_url: None }
    }
}

impl Brand {
    /// Reads what was typed: a name, a hue and two addresses that may be empty.
    pub fn parse(name: &str, hue: &str, logo_url: &str, terms_url: &str) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let name = fields.take("name", text::line(name, 60));
        let hue = fields.take("hue", hue.trim().parse().ok().filter(|hue| *hue < 360).ok_or("error-hue-malformed"));
        let logo_url = fields.take("logo_url", address(logo_url));
        let terms_url = fields.take("terms_url", address(terms_url));
        fields.finish()?;
        match (name, hue, logo_url, terms_url) {
            (Some(name), Some(hue), Some(logo_url), Some(terms_url)) => Ok(Self { name, hue, logo_url, terms_url }),
            _ => Err(Vec::new()),
        }
    }
}

/// An `https` address, a path on this server, or nothing.
fn address(typed: &str) -> Result<Option<String>, &'static str> {
    let typed = text::optional_line(typed, 500)?;
    let local = typed.starts_with('/') && !typed.starts_with("//");
    match typed.as_str() {
        "" => Ok(None),
        _ if (local || typed.starts_with("https://"))
            && !typed.contains(|c: char| c.is_whitespace() || "\"'<>\\".contains(c)) =>
        {
            Ok(Some(typed))
        }
        _ => Err("error-url-malformed"),
    }
}

/// Why a setting could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server's secret key is not the one this database was used with.
    #[error("the secret key is not the one this database was used with; give every node the same key file")]
    OtherSealKey,
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        Kind::Internal
    }
}

/// How this installation presents itself.
pub fn brand(snapshot: &Snapshot<'_>) -> Result<Brand, Fault> {
    Ok(look(snapshot)?.0)
}

/// Changes how this installation presents itself.
pub fn set_brand(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, brand: &Brand) -> Result<(), Fault> {
    put(tx, "brand.name", &brand.name)?;
    put(tx, "brand.hue", &brand.hue.to_string())?;
    put(tx, "brand.logo_url", brand.logo_url.as_deref().unwrap_or_default())?;
    put(tx, "brand.terms_url", brand.terms_url.as_deref().unwrap_or_default())?;
    let detail = format!("name, hue, logo, terms: {}, {}, {:?}, {:?}", brand.name, brand.hue, brand.logo_url, brand.terms_url);
    tx.record(by.actor(), &Event::new(EventKind::SettingsChanged).with_detail(detail))
}

/// Notes the fingerprint of the secret key at the first start and compares it at every later one:
/// a node with another key could not open what the others sealed.
pub fn check_seal_key(tx: &Tx<'_>, fingerprint: &str) -> Result<(), Error> {
    tx.execute(
        "insert into settings (key, value, updated_at) values ('seal_key.fingerprint', $1, $2) on conflict (key) do nothing",
        params![fingerprint, tx.now()],
    )?;
    let noted: String = tx.one("select value from settings where key = 'seal_key.fingerprint'", &[], Row::take)?;
    if noted == fingerprint { Ok(()) } else { Err(Error::OtherSealKey) }
}

/// One setting's value; `None` when it was never set.
pub(crate) fn get(snapshot: &Snapshot<'_>, key: &str) -> Result<Option<String>, Fault> {
    snapshot.optional("select value from settings where key = $1", params![key], Row::take)
}

pub(crate) fn put(tx: &Tx<'_>, key: &str, value: &str) -> Result<(), Fault> {
    tx.execute(
        "insert into settings (key, value, updated_at) values ($1, $2, $3)
         on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at",
        params![key, value, tx.now()],
    )?;
    tx.access_changed(Changed::Everything);
    Ok(())
}
