use std::net::IpAddr;

use super::{Ban, Error, MAX_BANS, Network, NewBan, sql};
use crate::access::{AllowedAdmin, ManageBans};
use crate::app::{Asked, Snapshot, Tx};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::BanId;
use crate::room::{self, Counted};
use crate::settings;

/// The setting that holds the list *Never Banned*.
const NEVER: &str = "bans.never";
/// What is on it until somebody says otherwise.
const NEVER_BY_DEFAULT: &str = "127.0.0.0/8 ::1";

/// Whether somebody from this address is kept out.
pub fn is_banned(snapshot: &Snapshot<'_>, ip: IpAddr) -> Result<bool, Fault> {
    ask(snapshot, ip)?.is_banned()
}

/// An address that was asked for and is looked at later.
pub struct Asking<'a>(&'a Snapshot<'a>, IpAddr, Asked<'a, bool>);

/// Asks for the bans of an address.
pub fn ask<'a>(snapshot: &'a Snapshot<'a>, ip: IpAddr) -> Result<Asking<'a>, Fault> {
    Ok(Asking(snapshot, ip, sql::covers(snapshot, ip)?))
}

impl Asking<'_> {
    /// Whether somebody from there is kept out.
    pub fn is_banned(self) -> Result<bool, Fault> {
        let Self(snapshot, ip, covered) = self;
        Ok(covered.answer()? && !never_banned(snapshot)?.iter().any(|never| never.contains(ip)))
    }
}

/// Bans an address or a network, for all of both areas; sessions that are open from there are refused at once.
pub fn add(tx: &Tx<'_>, by: &AllowedAdmin<ManageBans>, new: &NewBan) -> Result<BanId, Error> {
    if tx.request().ip.is_some_and(|ip| new.network.contains(ip)) {
        return Err(Error::Oneself);
    }
    if new.ends_at.is_some_and(|end| end <= tx.now()) {
        return Err(Error::Ended);
    }
    if never_banned(tx)?.iter().any(|never| never.covers(&new.network)) {
        return Err(Error::NeverBanned);
    }
    let count = |tx: &Tx<'_>| {
        sql::delete_ended(tx)?;
        sql::count(tx)
    };
    if !room::is_left(tx, Counted::Bans, MAX_BANS, count)? {
        return Err(Error::TooMany);
    }
    let id = sql::insert(tx, by.actor(), new)?.ok_or(Error::Exists)?;
    tx.record(by.actor(), &Event::new(EventKind::BanAdded).with_detail(format!("{}: {}", new.network, new.reason)))?;
    Ok(id)
}

/// Lifts a ban and returns what was banned.
pub fn lift(tx: &Tx<'_>, by: &AllowedAdmin<ManageBans>, id: BanId) -> Result<String, Error> {
    let network = sql::delete(tx, id)?.ok_or(Error::NotFound)?;
    tx.record(by.actor(), &Event::new(EventKind::BanLifted).with_detail(&network))?;
    Ok(network)
}

/// The bans that stand, latest first, at most `limit`.
pub fn list(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ManageBans>, limit: i64) -> Result<Vec<Ban>, Fault> {
    sql::list(snapshot, limit)
}

/// The list *Never Banned*.
pub fn never_banned(snapshot: &Snapshot<'_>) -> Result<Vec<Network>, Fault> {
    let kept = settings::get(snapshot, NEVER)?;
    let text = kept.as_deref().unwrap_or(NEVER_BY_DEFAULT);
    Ok(text.split_whitespace().filter_map(|network| network.parse().ok()).collect())
}

/// Changes the list *Never Banned*.
pub fn set_never_banned(tx: &Tx<'_>, by: &AllowedAdmin<ManageBans>, networks: &[Network]) -> Result<(), Error> {
    let text = networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    settings::put(tx, NEVER, &text)?;
    Ok(tx.record(by.actor(), &Event::new(EventKind::SettingsChanged).with_detail(format!("never banned: {text}")))?)
}
