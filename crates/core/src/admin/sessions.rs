//! Where an admin is logged in.

use std::net::IpAddr;

use super::{Error, sql};
use crate::access::{AllowedAdmin, BeStaff, System};
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::SessionId;
use crate::masquerade::{self, Whose};
use crate::outbox::{self, Claimed};
use crate::settings;

/// A session in a list of one's own.
#[derive(Clone, Debug)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// From which address it began.
    pub ip: String,
    /// That address's host, when its name leads back to it.
    pub host: Option<String>,
    /// What the browser calls itself.
    pub user_agent: String,
}

/// One's own sessions, latest used first.
pub fn sessions(snapshot: &Snapshot<'_>, by: &AllowedAdmin<BeStaff>) -> Result<Vec<Session>, Fault> {
    sql::sessions_of(snapshot, by.id(), &settings::security(snapshot)?)
}

/// Ends one of one's own sessions, and with it what is done in it as an owner.
pub fn end(tx: &Tx<'_>, by: &AllowedAdmin<BeStaff>, id: SessionId) -> Result<(), Error> {
    if !sql::hold_session_of(tx, by.id(), id)? {
        return Err(Error::NoSuchSession);
    }
    masquerade::end_all(tx, Whose::Session(id), "session ended")?;
    sql::delete_session(tx, id)?;
    Ok(tx.record(by.actor(), &Event::new(EventKind::SessionEnded))?)
}

/// Ends all of one's own sessions but this one.
pub fn end_others(tx: &Tx<'_>, by: &AllowedAdmin<BeStaff>, keep: SessionId) -> Result<u64, Error> {
    sql::hold_sessions(tx, by.id())?;
    masquerade::end_all(tx, Whose::AdminBut(by.id(), keep), "session ended")?;
    let ended = sql::delete_other_sessions(tx, by.id(), keep)?;
    if ended > 0 {
        let event = Event::new(EventKind::SessionEnded).with_detail(format!("{ended} other sessions"));
        tx.record(by.actor(), &event)?;
    }
    Ok(ended)
}

/// The address whose host is to be looked up; `None` when the session is gone.
pub fn to_look_up(snapshot: &Snapshot<'_>, _by: &System, work: Claimed) -> Result<Option<IpAddr>, Fault> {
    Ok(sql::session_ip(snapshot, SessionId(work.reference))?.and_then(|ip| ip.parse().ok()))
}

/// The host of an admin's login was found, or has none.
pub fn hostname_found(tx: &Tx<'_>, by: &System, work: Claimed, host: Option<&str>) -> Result<(), Fault> {
    outbox::finish(tx, by, work)?;
    if let Some(ip) = to_look_up(tx, by, work)? {
        tx.hosts().note(ip, host, tx.now());
    }
    match host {
        Some(host) => sql::set_session_host(tx, SessionId(work.reference), host),
        None => Ok(()),
    }
}
