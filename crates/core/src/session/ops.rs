use std::net::IpAddr;

use super::{ABSOLUTE, Error, IDLE, Login, REMEMBERED, Resolved, Session, Started, TOUCH_EVERY, sql};
use crate::access::{Actor, AllowedAdmin, EditUsers, Myself, System, ViewStaffArea};
use crate::app::{App, Request, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::email::{Email, EmailKey};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::{SessionId, UserId};
use crate::masquerade;
use crate::outbox::{self, Claimed, Topic};
use crate::password::{PasswordHash, Verdict};
use crate::secret::Secret;
use crate::user::{self, Credentials};

/// Proof that somebody has shown to be this user. Only [`authenticate`] makes one.
pub struct Proven {
    user: UserId,
    /// When the password that was compared had been set: it must still be that one when the session begins.
    changed_at: Option<Timestamp>,
    /// A new hash of the same password, when the kept one was of other parameters.
    renewed: Option<PasswordHash>,
}

/// Logs in.
pub async fn login(app: &App, request: &Request, login: Login) -> Result<Started, Error> {
    let proven = authenticate(app, request, &login).await?;
    app.write(request, move |tx| start(tx, &proven, login.remember)).await
}

/// Compares what was typed with what is kept. An unknown address costs the same work as a wrong
/// password: one look-up, one hash, one line in the log.
pub async fn authenticate(app: &App, request: &Request, login: &Login) -> Result<Proven, Error> {
    let key = EmailKey::of(&login.email);
    let found = app.read(move |snapshot| user::credentials(snapshot, &key)).await?;
    let kept = found.as_ref().and_then(|found| found.hash.clone());
    let verdict = app.hasher().verify(&login.password, kept).await?;
    match (verdict, found) {
        (Verdict::Right, Some(found)) => Ok(Proven { user: found.id, changed_at: found.changed_at, renewed: None }),
        (Verdict::RightButStale, Some(found)) => {
            let renewed = Some(app.hasher().hash(app.random(), &login.password).await?);
            Ok(Proven { user: found.id, changed_at: found.changed_at, renewed })
        }
        (_, found) => {
            let email = for_the_log(&login.email);
            app.write(request, move |tx| note_failure(tx, found.as_ref(), &email)).await?;
            Err(Error::WrongCredentials)
        }
    }
}

/// The typed address for the log, if it is one: what is typed into the wrong field may be a password.
pub(crate) fn for_the_log(typed: &str) -> String {
    Email::parse(typed).map(|email| email.to_string()).unwrap_or_default()
}

fn note_failure(tx: &Tx<'_>, user: Option<&Credentials>, email: &str) -> Result<(), Fault> {
    let event = Event::new(EventKind::LoginFailed).with_email(email);
    let event = match user {
        Some(user) => event.to_user(user.id, &user.name),
        None => event,
    };
    tx.record(&Actor::nobody(), &event)
}

/// Begins a session of a user who has shown who it is. A password that was changed since it was compared opens
/// nothing, and is not brought back by the renewal of its hash.
pub fn start(tx: &Tx<'_>, proven: &Proven, remember: bool) -> Result<Started, Error> {
    if !user::signed_in(tx, proven.user, proven.changed_at, proven.renewed.as_ref())? {
        return Err(Error::WrongCredentials);
    }
    let by = tx.myself(proven.user)?;
    begin(tx, &by, remember)
}

/// Begins the session of a user who has just chosen its password.
pub(crate) fn start_registered(tx: &Tx<'_>, by: &Myself) -> Result<Started, Error> {
    user::signed_in(tx, by.id(), Some(tx.now()), None)?;
    begin(tx, by, false)
}

fn begin(tx: &Tx<'_>, by: &Myself, remember: bool) -> Result<Started, Error> {
    let secret = tx.secret()?;
    let lives = if remember { REMEMBERED } else { ABSOLUTE };
    sql::delete_expired(tx, by.id())?;
    let id = sql::insert(tx, by.id(), &secret.hash(), tx.now().after(lives), remember)?;
    tx.record(by.actor(), &Event::new(EventKind::Login).to_user(by.id(), by.name()))?;
    if tx.request().ip.is_some() {
        outbox::promise(tx, Topic::Hostname, id.0)?;
    }
    Ok(Started { secret, user: by.id(), cookie_lives: remember.then_some(REMEMBERED) })
}

/// Whose session this is, if it still lives.
pub fn resolve(snapshot: &Snapshot<'_>, secret: &Secret) -> Result<Option<Resolved>, Fault> {
    let Some((resolved, is_masquerade)) = sql::by_token(snapshot, &secret.hash())? else { return Ok(None) };
    let now = snapshot.now();
    let rested = !resolved.session.remember && now.since(resolved.session.last_seen_at) >= IDLE;
    if resolved.session.expires_at <= now || rested {
        return Ok(None);
    }
    if !is_masquerade {
        return Ok(Some(resolved));
    }
    let acting = masquerade::of_session(snapshot, resolved.session.id)?;
    Ok(acting.map(|acting| Resolved { acting: Some(acting), ..resolved }))
}

/// Notes that a session was used, at most once a minute.
pub fn touch(tx: &Tx<'_>, session: &Session) -> Result<(), Fault> {
    if tx.now().since(session.last_seen_at) < TOUCH_EVERY {
        return Ok(());
    }
    sql::touch(tx, session.id)
}

/// Ends the session that is used for this request.
pub fn logout(tx: &Tx<'_>, by: &Myself, session: SessionId) -> Result<(), Error> {
    sql::delete(tx, by.id(), session)?;
    Ok(tx.record(by.actor(), &Event::new(EventKind::Logout).to_user(by.id(), by.name()))?)
}

/// A session in a list of one's own.
pub struct Current {
    /// The session.
    pub session: Session,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// One's own sessions, latest used first.
pub fn list(snapshot: &Snapshot<'_>, by: &Myself, current: SessionId) -> Result<Vec<Current>, Fault> {
    let sessions = sql::of_user(snapshot, by.id())?;
    Ok(sessions.into_iter().map(|session| Current { current: session.id == current, session }).collect())
}

/// Ends one of one's own sessions.
pub fn end(tx: &Tx<'_>, by: &Myself, session: SessionId) -> Result<(), Error> {
    if !sql::delete(tx, by.id(), session)? {
        return Err(Error::NotFound);
    }
    Ok(tx.record(by.actor(), &Event::new(EventKind::SessionEnded).to_user(by.id(), by.name()))?)
}

/// Ends all of one's own sessions but this one.
pub fn end_others(tx: &Tx<'_>, by: &Myself, keep: SessionId) -> Result<u64, Fault> {
    let ended = sql::delete_others(tx, by.id(), Some(keep))?;
    if ended > 0 {
        let event =
            Event::new(EventKind::SessionEnded).to_user(by.id(), by.name()).with_detail(format!("{ended} other sessions"));
        tx.record(by.actor(), &event)?;
    }
    Ok(ended)
}

/// The sessions of a user, for staff.
pub fn of_user(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ViewStaffArea>, user: UserId) -> Result<Vec<Session>, Fault> {
    sql::of_user(snapshot, user)
}

/// Ends all sessions of a user.
pub fn end_all_of(tx: &Tx<'_>, by: &AllowedAdmin<EditUsers>, user: UserId) -> Result<u64, Error> {
    let found = user::find(tx, user)?.ok_or(Error::NotFound)?;
    let ended = sql::delete_others(tx, user, None)?;
    let event = Event::new(EventKind::SessionEnded).to_user(user, &found.name.full()).with_detail(format!("{ended} sessions"));
    tx.record(by.actor(), &event)?;
    Ok(ended)
}

/// The address whose host is to be looked up; `None` when the session is gone.
pub fn to_look_up(snapshot: &Snapshot<'_>, _by: &System, work: Claimed) -> Result<Option<IpAddr>, Fault> {
    Ok(sql::ip(snapshot, SessionId(work.reference))?.and_then(|ip| ip.parse().ok()))
}

/// The host of a login was found, or has none; **Last Login Details** show it.
pub fn hostname_found(tx: &Tx<'_>, by: &System, work: Claimed, host: Option<&str>) -> Result<(), Fault> {
    outbox::finish(tx, by, work)?;
    match host {
        Some(host) => sql::set_host(tx, SessionId(work.reference), host),
        None => Ok(()),
    }
}
