use std::net::IpAddr;

use super::{Error, Login, Resolved, Session, Started, TOUCH_EVERY, sql};
use crate::access::{Actor, AllowedAdmin, EditUsers, Myself, Subject, System, ViewStaffArea, Who};
use crate::admin;
use crate::app::{App, Asked, Request, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::device;
use crate::email::{Email, EmailKey};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::factor::{self, Begun, FactorKind, SecondProof};
use crate::guessing::{self, Admitted, Guess, Standing};
use crate::id::{ApiCredentialId, DeviceId, SessionId, UserId};
use crate::masquerade::{self, Whose};
use crate::outbox::{self, Claimed, Topic};
use crate::password::{PasswordHash, Verdict};
use crate::secret::Secret;
use crate::settings::{self, Security};
use crate::user::{self, Credentials, User};

/// Proof that somebody has shown to be this user. Only [`authenticate`] makes one.
pub struct Proven {
    user: UserId,
    /// What was tried: it counts when the session begins.
    guess: Guess,
    /// When the password that was compared had been set: it must still be that one when the session begins.
    changed_at: Option<Timestamp>,
    /// A new hash of the same password, when the kept one was of other parameters.
    renewed: Option<PasswordHash>,
}

/// Compares what was typed with what is kept. An unknown address costs the same work as a wrong
/// password: one look-up, one hash, one line in the log.
pub async fn authenticate(app: &App, request: &Request, login: &Login) -> Result<Proven, Error> {
    let (key, asked) = (EmailKey::of(&login.email), request.clone());
    let turn = app.strangers_turn().await;
    let (found, guess, Admitted { standing, comer }) = app
        .read_committed(move |snapshot| {
            let found = user::credentials(snapshot, &key)?;
            let guess = Guess::login(&key, found.as_ref().map(|found| found.id));
            // Before anything is hashed: whoever has to wait costs nothing.
            let admitted = guessing::admit(snapshot, &asked, &guess)?;
            Ok::<_, Error>((found, guess, admitted))
        })
        .await?;
    drop(turn);
    // What is stopped is compared with nothing: how long that takes would tell whether it was right.
    let kept = found.as_ref().and_then(|found| found.hash.clone()).filter(|_| standing == Standing::Works);
    let verdict = app.hasher().verify(&login.password, kept, comer).await?;
    match (verdict, found) {
        (Verdict::Right, Some(found)) => Ok(Proven { user: found.id, guess, changed_at: found.changed_at, renewed: None }),
        (Verdict::RightButStale, Some(found)) => {
            let renewed = Some(app.hasher().hash(app.random(), &login.password).await?);
            Ok(Proven { user: found.id, guess, changed_at: found.changed_at, renewed })
        }
        (_, found) => {
            let email = for_the_log(&login.email);
            app.write(request, move |tx| {
                guessing::failed(tx, &guess)?;
                Ok::<_, Error>(note_failure(tx, found.as_ref(), &email)?)
            })
            .await?;
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

/// Begins a session of a user who has shown who it is; where a second factor is enrolled, a login that waits for it and keeps
/// `next`, where it leads.
/// A password that was changed since it was compared opens nothing, and is not brought back by the renewal of its hash.
pub fn start(tx: &Tx<'_>, proven: &Proven, remember: bool, next: &str) -> Result<Begun<Started>, Error> {
    start_in(tx, proven, remember, next, |device| device.map_or(Browser::Any, Browser::Known))
}

/// The same for a service that has asked for the password itself: no browser of the user's is there to be known, or to be told of.
pub fn start_for_service(tx: &Tx<'_>, proven: &Proven) -> Result<Begun<Started>, Error> {
    start_in(tx, proven, false, "", |_| Browser::None)
}

fn start_in(
    tx: &Tx<'_>,
    proven: &Proven,
    remember: bool,
    next: &str,
    browser: fn(Option<DeviceId>) -> Browser,
) -> Result<Begun<Started>, Error> {
    let subject = Subject::User(proven.user);
    // The user is held from the first on: no factor is added or removed meanwhile.
    let kept = user::keep_password(tx, proven.user, proven.changed_at, proven.renewed.as_ref())?;
    let (success, enrolled) = (guessing::success(tx, &proven.guess)?, factor::ask_enrolled(tx, subject)?);
    let settings = settings::ask(tx)?;
    let Some(name) = kept.answer()? else {
        return Err(Error::WrongCredentials);
    };
    let device = guessing::let_in(tx, success)?;
    if enrolled.answer()? {
        return Ok(Begun::SecondFactor(factor::begin(tx, subject, remember, proven.changed_at, next)?));
    }
    user::held_signed_in(tx, proven.user, proven.changed_at)?;
    let (_, security) = settings.answer()?;
    let begins = Begins { browser: browser(device), ..Begins::by_login(remember, None, security) };
    begin_so(tx, &tx.myself_named(proven.user, &name)?, &begins).map(Begun::Session)
}

/// Begins the session of a user who has just chosen its password.
pub(crate) fn start_registered(tx: &Tx<'_>, by: &Myself) -> Result<Started, Error> {
    user::held_signed_in(tx, by.id(), Some(tx.now()))?;
    let begins = Begins { browser: Browser::First, ..Begins::by_login(false, None, settings::security(tx)?) };
    begin_so(tx, by, &begins)
}

/// Begins a session of a user who has shown a passkey that recognises its owner: both factors in one.
pub(crate) fn start_with_passkey(tx: &Tx<'_>, proof: &SecondProof, remember: bool) -> Result<Option<Started>, Error> {
    let Subject::User(user) = proof.subject() else { return Ok(None) };
    let Some(found) = user::hold(tx, user)? else { return Ok(None) };
    user::held_signed_in(tx, user, found.password_changed_at)?;
    begin(tx, &tx.myself_named(user, &found.name.full())?, remember, proof).map(Some)
}

/// Begins a session of a user whom another system logs in with a link. It has shown no factor and confirmed
/// nothing, enters no account that has single sign-on switched off, and ends when the credential may make no such links any more.
pub(crate) fn start_by_link(tx: &Tx<'_>, user: &User, credential: ApiCredentialId) -> Result<Option<Started>, Error> {
    if !user::signed_in(tx, user.id, user.password_changed_at)? {
        return Ok(None);
    }
    let security = settings::security(tx)?;
    let begins = Begins { credential: Some(credential), browser: Browser::None, ..Begins::by_login(false, None, security) };
    let started = begin_so(tx, &tx.myself_named(user.id, &user.name.full())?, &begins)?;
    Ok(Some(Started { who: started.who.begun_by_link(), ..started }))
}

/// In which browser a session begins.
#[derive(Clone, Copy)]
enum Browser {
    /// One that may be known.
    Any,
    /// One that is known, and held.
    Known(DeviceId),
    /// The one in which the user was made a moment ago.
    First,
    /// None that becomes one of the user's: a service has asked for the password, or a link was opened, which shows nothing.
    None,
}

/// How a session begins.
struct Begins<'a> {
    remember: bool,
    second_factor: Option<&'a SecondProof>,
    /// Whose link begins it, if one does.
    credential: Option<ApiCredentialId>,
    browser: Browser,
    security: Security,
}

impl<'a> Begins<'a> {
    const fn by_login(remember: bool, second_factor: Option<&'a SecondProof>, security: Security) -> Self {
        Self { remember, second_factor, credential: None, browser: Browser::Any, security }
    }
}

/// Begins a session of a user who has shown a second factor.
pub(super) fn begin(tx: &Tx<'_>, by: &Myself, remember: bool, second_factor: &SecondProof) -> Result<Started, Error> {
    begin_so(tx, by, &Begins::by_login(remember, Some(second_factor), settings::security(tx)?))
}

fn begin_so(tx: &Tx<'_>, by: &Myself, begins: &Begins<'_>) -> Result<Started, Error> {
    let Begins { remember, second_factor, credential, security, .. } = *begins;
    end_replaced(tx, &security)?;
    let secret = tx.secret()?;
    let lives = if remember { security.remember } else { security.absolute };
    let how = match credential {
        None => second_factor.map(SecondProof::how).map_or("", FactorKind::key),
        Some(_) => "single sign-on",
    };
    tx.record(by.actor(), &Event::new(EventKind::Login).to_user(by.id(), by.name()).with_detail(how))?;
    let (known, device) = device_of(tx, by, begins)?;
    let new = sql::New { hash: secret.hash(), expires_at: tx.now().after(lives), remember, device: known, credential };
    let id = sql::insert(tx, by.id(), &new, second_factor.is_some())?;
    if tx.request().ip.is_some() && tx.known_host().is_none() {
        for id in id.answer()? {
            outbox::promise(tx, Topic::Hostname, id.0)?;
        }
    }
    let must_show_factor = security.everybody && second_factor.is_none();
    let who = Who::new(by.id(), second_factor.map(|_| tx.now()), must_show_factor);
    Ok(Started { secret, user: by.id(), who, cookie_lives: remember.then_some(lives), device })
}

/// Ends the session that the browser had before, whoever's it is (ASVS V7.2.4): its cookie is overwritten, and a copy of it opens nothing.
fn end_replaced(tx: &Tx<'_>, security: &Security) -> Result<(), Error> {
    let Some(secret) = &tx.request().session else { return Ok(()) };
    let Some(Resolved { session, user, .. }) = ask(tx, secret)?.resolve(security)? else { return Ok(()) };
    if sql::delete(tx, user.id, session.id)? {
        let name = user.name.full();
        let event = Event::new(EventKind::Logout).to_user(user.id, &name).with_detail("another login in the same browser");
        tx.record(&Actor::user(user.id, &name), &event)?;
    }
    Ok(())
}

/// The device a session begins on, if it is one of the user's, and what its cookie is to hold.
fn device_of(tx: &Tx<'_>, by: &Myself, begins: &Begins<'_>) -> Result<(Option<DeviceId>, Secret), Error> {
    let (owner, presented) = (Subject::User(by.id()), tx.request().device.clone());
    let (id, secret) = match (begins.browser, presented) {
        (Browser::None, presented) => return Ok((None, presented.map_or_else(|| tx.secret(), Ok)?)),
        (Browser::Known(known), Some(presented)) => device::remember_known(tx, known, presented)?,
        (Browser::First, _) => device::remember_first(tx, owner)?,
        (Browser::Any | Browser::Known(_), _) => device::remember(tx, owner)?,
    };
    Ok((Some(id), secret))
}

/// Whose session this is, if it still lives.
pub fn resolve(snapshot: &Snapshot<'_>, secret: &Secret) -> Result<Option<Resolved>, Fault> {
    let (settings, session) = (settings::ask(snapshot)?, ask(snapshot, secret)?);
    session.resolve(&settings.answer()?.1)
}

/// A session that was asked for and is looked at later.
pub struct Asking<'a>(&'a Snapshot<'a>, Asked<'a, sql::Found>);

/// Asks for a session.
pub fn ask<'a>(snapshot: &'a Snapshot<'a>, secret: &Secret) -> Result<Asking<'a>, Fault> {
    Ok(Asking(snapshot, sql::by_token(snapshot, &secret.hash())?))
}

impl Asking<'_> {
    /// Whose session it is, if it still lives under these limits.
    pub fn resolve(self, security: &Security) -> Result<Option<Resolved>, Fault> {
        living(self.0, security, self.1.answer()?)
    }
}

/// Whose session this is by its number, if it still lives: what belongs to it ends with it.
pub(crate) fn resolve_id(snapshot: &Snapshot<'_>, security: &Security, id: SessionId) -> Result<Option<Resolved>, Fault> {
    living(snapshot, security, sql::by_id(snapshot, id)?.answer()?)
}

fn living(snapshot: &Snapshot<'_>, security: &Security, found: sql::Found) -> Result<Option<Resolved>, Fault> {
    let Some((session, user, is_masquerade)) = found else { return Ok(None) };
    let now = snapshot.now();
    // A limit that was lowered holds for the sessions there are, too.
    let lives = if session.remember { security.remember } else { security.absolute };
    let is_over = session.expires_at <= now || now.since(session.created_at) >= lives;
    let rested = !session.remember && now.since(session.last_seen_at) >= security.idle;
    if is_over || rested {
        return Ok(None);
    }
    if is_masquerade {
        let acting = masquerade::of_session(snapshot, security, session.id)?;
        return Ok(acting.map(|acting| Resolved { session, user, must_show_factor: false, acting: Some(acting) }));
    }
    if let Some(credential) = session.credential
        && !snapshot.may_log_others_in(credential)?
    {
        return Ok(None);
    }
    let must_show_factor = security.everybody && session.second_factor_at.is_none();
    Ok(Some(Resolved { session, user, must_show_factor, acting: None }))
}

/// Removes a bounded number of sessions that are over, and ends the masquerades that are, which is written down. How many sessions
/// there were: [`AT_ONCE`](crate::sweep::AT_ONCE) means that there may be more.
pub fn sweep(tx: &Tx<'_>, _by: &System) -> Result<u64, Fault> {
    masquerade::end_over(tx)?;
    sql::sweep(tx)
}

/// Notes that a session was used, at most once a minute. An admin who is at work in it does not rest in the Admin Area: that session is
/// noted first, as whoever ends it takes it before what hangs on it.
pub fn touch(tx: &Tx<'_>, found: &Resolved) -> Result<(), Fault> {
    if tx.now().since(found.session.last_seen_at) < TOUCH_EVERY {
        return Ok(());
    }
    if let Some(acting) = &found.acting {
        admin::touch_session(tx, acting.session)?;
    }
    sql::touch(tx, found.session.id)
}

/// Ends the session that is used for this request; who is out already stays out, and is not written down again.
pub fn logout(tx: &Tx<'_>, by: &Myself, session: SessionId) -> Result<(), Error> {
    if !sql::delete(tx, by.id(), session)? {
        return Ok(());
    }
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
    let sessions = sql::of_user(snapshot, by.id(), &settings::security(snapshot)?)?;
    Ok(sessions.into_iter().map(|session| Current { current: session.id == current, session }).collect())
}

/// One's own sessions, latest used first, without telling the one that asks.
pub(crate) fn every(snapshot: &Snapshot<'_>, by: &Myself) -> Result<Vec<Session>, Fault> {
    sql::of_user(snapshot, by.id(), &settings::security(snapshot)?)
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
    let ended = close_others(tx, by.id(), Some(keep))?;
    if ended > 0 {
        let event =
            Event::new(EventKind::SessionEnded).to_user(by.id(), by.name()).with_detail(format!("{ended} other sessions"));
        tx.record(by.actor(), &event)?;
    }
    Ok(ended)
}

/// Ends the sessions of a user but one, and whatever an admin does in its name.
fn close_others(tx: &Tx<'_>, user: UserId, keep: Option<SessionId>) -> Result<u64, Fault> {
    user::hold(tx, user)?;
    masquerade::end_all(tx, Whose::User(user), "sessions of the user ended")?;
    sql::delete_others(tx, user, keep)
}

/// The sessions of a user, for staff.
pub fn of_user(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ViewStaffArea>, user: UserId) -> Result<Vec<Session>, Fault> {
    sql::of_user(snapshot, user, &settings::security(snapshot)?)
}

/// The sessions of a user, newest first, before this one: a page for programs.
pub fn page(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewStaffArea>,
    user: UserId,
    before: Option<SessionId>,
    limit: i64,
) -> Result<Vec<Session>, Fault> {
    sql::page(snapshot, user, &settings::security(snapshot)?, before, limit)
}

/// One session of a user, for staff.
pub fn find_of(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewStaffArea>,
    user: UserId,
    id: SessionId,
) -> Result<Session, Error> {
    sql::one_of_user(snapshot, user, &settings::security(snapshot)?, id, "")?.ok_or(Error::NotFound)
}

/// The session as it is until the transaction ends: for a change that rests on what somebody has seen of it.
pub fn find_to_end(tx: &Tx<'_>, _by: &AllowedAdmin<EditUsers>, user: UserId, id: SessionId) -> Result<Session, Error> {
    sql::one_of_user(tx, user, &settings::security(tx)?, id, tx.for_update())?.ok_or(Error::NotFound)
}

/// Ends one session of a user.
pub fn end_of(tx: &Tx<'_>, by: &AllowedAdmin<EditUsers>, user: UserId, session: SessionId) -> Result<(), Error> {
    let found = user::find(tx, user)?.ok_or(Error::NotFound)?;
    if !sql::delete(tx, user, session)? {
        return Err(Error::NotFound);
    }
    Ok(tx.record(by.actor(), &Event::new(EventKind::SessionEnded).to_user(user, &found.name.full()))?)
}

/// Ends all sessions of a user.
pub fn end_all_of(tx: &Tx<'_>, by: &AllowedAdmin<EditUsers>, user: UserId) -> Result<u64, Error> {
    let found = user::find(tx, user)?.ok_or(Error::NotFound)?;
    let ended = close_others(tx, user, None)?;
    let event = Event::new(EventKind::SessionEnded).to_user(user, &found.name.full()).with_detail(format!("{ended} sessions"));
    tx.record(by.actor(), &event)?;
    Ok(ended)
}

/// Ends all sessions of a user whose password was chosen anew.
pub(crate) fn end_every(tx: &Tx<'_>, by: &Actor, user: &User) -> Result<u64, Fault> {
    let ended = close_others(tx, user.id, None)?;
    if ended > 0 {
        let event = Event::new(EventKind::SessionEnded).to_user(user.id, &user.name.full());
        tx.record(by, &event.with_detail(format!("{ended} sessions")))?;
    }
    Ok(ended)
}

/// The address whose host is to be looked up; `None` when the session is gone.
pub fn to_look_up(snapshot: &Snapshot<'_>, _by: &System, work: Claimed) -> Result<Option<IpAddr>, Fault> {
    Ok(sql::ip(snapshot, SessionId(work.reference))?.and_then(|ip| ip.parse().ok()))
}

/// The host of a login was found, or has none; **Last Login Details** show it.
pub fn hostname_found(tx: &Tx<'_>, by: &System, work: Claimed, host: Option<&str>) -> Result<(), Fault> {
    outbox::finish(tx, by, work)?;
    if let Some(ip) = to_look_up(tx, by, work)? {
        tx.hosts().note(ip, host, tx.now());
    }
    match host {
        Some(host) => sql::set_host(tx, SessionId(work.reference), host),
        None => Ok(()),
    }
}
