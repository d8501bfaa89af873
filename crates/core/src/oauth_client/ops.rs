use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Details, Error, MAX_CLIENTS, Made, OauthClient, sql};
use crate::access::{AllowedAdmin, ManageApi};
use crate::app::{Snapshot, Tx};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::OauthClientId;
use crate::room::{self, Counted};
use crate::secret::Secret;
use crate::settings;

/// Makes a credential. Its secret is shown this once.
pub fn create(tx: &Tx<'_>, by: &AllowedAdmin<ManageApi>, details: &Details) -> Result<Made, Error> {
    if !room::is_left(tx, Counted::OauthClients, MAX_CLIENTS, |tx| sql::count(tx))? {
        return Err(Error::TooMany);
    }
    let (identifier, secret) = (identifier(&settings::brand(tx)?.name, tx.random()?), tx.secret()?);
    let uuid = uuid(tx.random()?);
    let id = sql::insert(tx, &uuid, &identifier, &secret.hash(), details)?;
    record(tx, by, EventKind::OauthClientCreated, &details.name, &identifier)?;
    Ok(Made { id, identifier, secret })
}

/// As the protocol has it, `COMPANY-NAME.` and 128 random bits in base64.
fn identifier(company: &str, random: [u8; 16]) -> String {
    let words = company.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-").to_ascii_uppercase();
    let name = if name.is_empty() { "LATCHKEY" } else { &name };
    format!("{name}.{}", STANDARD.encode(random))
}

/// A random UUID (version 4).
fn uuid(bytes: [u8; 16]) -> String {
    let random = u128::from_be_bytes(bytes);
    let hex = format!("{:032x}", ((random & !(0xf << 76)) | (0x4 << 76)) & !(0x3 << 62) | (0x2 << 62));
    let parts: Vec<&str> = [0..8, 8..12, 12..16, 16..20, 20..32].into_iter().filter_map(|range| hex.get(range)).collect();
    parts.join("-")
}

/// Every credential, oldest first.
pub fn list(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ManageApi>) -> Result<Vec<OauthClient>, Fault> {
    sql::list(snapshot)
}

/// The credential of this number, or of this identifier.
pub fn find(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ManageApi>,
    id: Option<OauthClientId>,
    identifier: &str,
) -> Result<Option<OauthClient>, Fault> {
    sql::find(snapshot, id, identifier)
}

/// Changes what a credential says of itself; with `reset` it gets a new secret, and the old one is dead.
pub fn update(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageApi>,
    id: OauthClientId,
    details: &Details,
    reset: bool,
) -> Result<Option<Secret>, Error> {
    let before = sql::find(tx, Some(id), "")?.ok_or(Error::NotFound)?;
    sql::update(tx, id, details)?;
    let secret = if reset { Some(tx.secret()?) } else { None };
    if let Some(secret) = &secret {
        sql::set_secret(tx, id, &secret.hash())?;
    }
    record(tx, by, EventKind::OauthClientUpdated, &details.name, &before.identifier)?;
    Ok(secret)
}

/// Deletes a credential.
pub fn delete(tx: &Tx<'_>, by: &AllowedAdmin<ManageApi>, id: OauthClientId) -> Result<(), Error> {
    let before = sql::find(tx, Some(id), "")?.ok_or(Error::NotFound)?;
    sql::delete(tx, id)?;
    Ok(record(tx, by, EventKind::OauthClientDeleted, &before.details.name, &before.identifier)?)
}

/// A credential without a name is told by its identifier.
fn record(tx: &Tx<'_>, by: &AllowedAdmin<ManageApi>, kind: EventKind, name: &str, identifier: &str) -> Result<(), Fault> {
    tx.record(by.actor(), &Event::new(kind).with_detail(if name.is_empty() { identifier } else { name }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_begins_with_the_company_and_is_random_behind_it() {
        let random = |company| identifier(company, [7; 16]);
        assert_eq!(random("Engines & Söhne, Inc."), "ENGINES-S-HNE-INC.BwcHBwcHBwcHBwcHBwcHBw==");
        assert_eq!(random("機関"), "LATCHKEY.BwcHBwcHBwcHBwcHBwcHBw==");
    }
}
