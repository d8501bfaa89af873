//! What the operator chooses at run time: name, colour, logo, terms.

pub mod demo;

use crate::access::{AllowedAdmin, ConfigureSystem};
use crate::app::{Snapshot, Tx};
use crate::db::Row;
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::event::{Event, EventKind};
use crate::params;
use crate::text;

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
    let mut brand = Brand::default();
    let rows = snapshot.all("select key, value from settings where key like 'brand.%' escape '\\'", &[], |row| {
        Ok((row.take::<String>()?, row.take::<String>()?))
    })?;
    for (key, value) in rows {
        match key.as_str() {
            "brand.name" => brand.name = value,
            "brand.hue" => brand.hue = value.parse().unwrap_or(brand.hue),
            "brand.logo_url" => brand.logo_url = Some(value).filter(|url| !url.is_empty()),
            "brand.terms_url" => brand.terms_url = Some(value).filter(|url| !url.is_empty()),
            _ => {}
        }
    }
    Ok(brand)
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

const TELL_OF_MASQUERADE: &str = "tell.masquerade";

/// Whether an owner is told by mail that an admin has logged in in the owner's place. On, unless the operator says otherwise.
pub fn tells_of_masquerade(snapshot: &Snapshot<'_>) -> Result<bool, Fault> {
    let kept: Option<String> =
        snapshot.optional("select value from settings where key = $1", params![TELL_OF_MASQUERADE], Row::take)?;
    Ok(kept.as_deref() != Some("no"))
}

/// Switches that mail on or off.
pub fn set_tells_of_masquerade(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, tells: bool) -> Result<(), Fault> {
    if tells_of_masquerade(tx)? == tells {
        return Ok(());
    }
    put(tx, TELL_OF_MASQUERADE, if tells { "yes" } else { "no" })?;
    let detail = if tells { "owners are told of Login as Owner" } else { "owners are not told of Login as Owner" };
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

fn put(tx: &Tx<'_>, key: &str, value: &str) -> Result<(), Fault> {
    tx.execute(
        "insert into settings (key, value, updated_at) values ($1, $2, $3)
         on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at",
        params![key, value, tx.now()],
    )?;
    Ok(())
}
