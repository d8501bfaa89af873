use std::time::Duration;

use super::{
    Admitted, Authenticator, Bucket, Error, Guess, Kind, MAX_FAILURES, NOBODY_REMEMBERED, OF_KNOWN, SUSPICIOUS, Scope, Standing,
    counter, failures_from, sql,
};
use crate::access::{Actor, Subject, System};
use crate::app::{Asked, Request, Snapshot, Tx};
use crate::device;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::DeviceId;
use crate::mail::{About, Notice, Person, tell_person};
use crate::password::Comer;
use crate::settings::{self, When};

/// Whether a try is heard at all, and how: asked before anything costly is done. Writes nothing.
pub fn admit(snapshot: &Snapshot<'_>, request: &Request, guess: &Guess) -> Result<Admitted, Error> {
    let device = device_of(snapshot, request, guess, "")?;
    let failures = guess.counter().map(|key| sql::failures(snapshot, &key)).transpose()?;
    let device = answer(device)?;
    refuse_over(snapshot, &guess.buckets(request.ip, device))?;
    let comer = if device.is_some() { Comer::Known } else { Comer::Stranger };
    Ok(Admitted { standing: standing(answer(failures)?, device), comer })
}

/// The try failed: it takes its tokens and is counted. In the transaction that says so; an error takes it all back, and the
/// caller answers as if nothing had been compared.
pub fn failed(tx: &Tx<'_>, guess: &Guess) -> Result<(), Error> {
    let device = answer(device_of(tx, tx.request(), guess, "")?)?;
    if let Some(key) = guess.counter() {
        let forget_at = guess.owner.is_none().then(|| tx.now().after(NOBODY_REMEMBERED));
        let (strange, known) = sql::count(tx, &key, device.is_some(), forget_at)?;
        let reached = if device.is_some() { known } else { strange };
        if let (Some(owner), MAX_FAILURES) = (guess.owner, reached) {
            note_stopped(tx, owner, guess.kind, device.is_some())?;
        }
    }
    take_all(tx, guess, device)
}

/// A try that has succeeded, and what stands against it: asked together with whatever else is asked of the login.
pub(crate) struct Success<'a> {
    guess: &'a Guess,
    key: Option<Vec<u8>>,
    device: Option<Asked<'a, Option<DeviceId>>>,
    failures: Option<Asked<'a, Option<(i64, i64)>>>,
}

/// The try succeeded: refused all the same when others failed too often meanwhile; else what was counted against this person
/// from here is forgotten. In the transaction that lets in.
pub fn succeeded(tx: &Tx<'_>, guess: &Guess) -> Result<(), Error> {
    let_in(tx, success(tx, guess)?).map(drop)
}

/// Asks what [`let_in`] needs. It stays as it is until the transaction ends.
pub(crate) fn success<'a>(tx: &'a Tx<'_>, guess: &'a Guess) -> Result<Success<'a>, Fault> {
    let device = device_of(tx, tx.request(), guess, tx.for_update())?;
    let key = guess.counter();
    let failures = key.as_ref().map(|key| sql::hold_failures(tx, key)).transpose()?;
    Ok(Success { guess, key, device, failures })
}

/// What [`succeeded`] does. The known device it was done with, if it is one.
pub(crate) fn let_in(tx: &Tx<'_>, success: Success<'_>) -> Result<Option<DeviceId>, Error> {
    let (device, failures) = (answer(success.device)?, answer(success.failures)?);
    if standing(failures, device) == Standing::Stopped {
        return Err(Error::Stopped);
    }
    let buckets = success.guess.buckets(tx.request().ip, device);
    let used = refuse_over(tx, &buckets)?;
    let own = buckets.iter().filter(|bucket| matches!(bucket.scope, Scope::Account | Scope::Device));
    for bucket in own.filter(|bucket| used.contains(&bucket.key)) {
        sql::empty(tx, &bucket.key)?;
    }
    match (success.key, failures) {
        // What strangers have stopped stays stopped for them until the authenticator is bound anew.
        (Some(key), Some((strange, _))) if strange >= MAX_FAILURES => sql::forget_known(tx, &key)?,
        (Some(key), Some(_)) => sql::forget(tx, &key)?,
        _ => {}
    }
    Ok(device)
}

/// Does something that is allowed so often and no more: each time takes a token.
pub fn spend(tx: &Tx<'_>, guess: &Guess) -> Result<(), Error> {
    take_all(tx, guess, None)
}

/// The authenticator was bound anew, such as a password that was set: it works again, for everybody. Whoever replaces an
/// authenticator calls this in the same transaction.
pub fn rebound(tx: &Tx<'_>, authenticator: Authenticator, owner: Subject) -> Result<(), Fault> {
    sql::forget(tx, &counter(authenticator, owner))
}

/// Whether so much has failed in a row that the authenticator no longer works for strangers, or for known devices.
pub(crate) fn is_stopped(snapshot: &Snapshot<'_>, authenticator: Authenticator, owner: Subject) -> Result<bool, Fault> {
    let (strange, known) = sql::failures(snapshot, &counter(authenticator, owner))?.answer()?.unwrap_or_default();
    Ok(strange.max(known) >= MAX_FAILURES)
}

/// Removes a bounded number of buckets that are full again. How many there were.
pub fn sweep_buckets(tx: &Tx<'_>, _by: &System) -> Result<u64, Fault> {
    sql::sweep_buckets(tx)
}

/// Forgets a bounded number of failures at logins that nobody has. How many there were.
pub fn sweep_failures(tx: &Tx<'_>, _by: &System) -> Result<u64, Fault> {
    sql::sweep_failures(tx)
}

/// Whether so much has failed from this address lately that a form may ask for more than its fields.
pub(crate) fn has_failed(snapshot: &Snapshot<'_>, request: &Request) -> Result<bool, Fault> {
    let Some(ip) = request.ip else { return Ok(false) };
    Ok(sql::tries(snapshot, &failures_from(ip))?.unwrap_or(0) >= SUSPICIOUS)
}

/// Counts for [`has_failed`], where the operator wants that.
fn note_suspicion(tx: &Tx<'_>, kind: Kind) -> Result<(), Fault> {
    let Some(ip) = tx.request().ip.filter(|_| kind.is_of_strangers()) else { return Ok(()) };
    if settings::security(tx)?.puzzles.when == When::AfterFailures {
        // One that is full is remembered for long enough.
        sql::take(tx, &failures_from(ip))?;
    }
    Ok(())
}

/// Nothing is asked where there is nothing to know.
fn device_of<'a>(
    snapshot: &'a Snapshot<'_>,
    request: &Request,
    guess: &Guess,
    lock: &str,
) -> Result<Option<Asked<'a, Option<DeviceId>>>, Fault> {
    match (&request.device, guess.kind.authenticator()) {
        (Some(secret), Some(_)) => device::ask_known(snapshot, guess.owner, secret, lock).map(Some),
        _ => Ok(None),
    }
}

fn answer<T>(asked: Option<Asked<'_, Option<T>>>) -> Result<Option<T>, Fault> {
    asked.map(Asked::answer).transpose().map(Option::flatten)
}

fn standing(failures: Option<(i64, i64)>, device: Option<DeviceId>) -> Standing {
    let (strange, known) = failures.unwrap_or_default();
    let counted = if device.is_some() { known } else { strange };
    if counted >= MAX_FAILURES { Standing::Stopped } else { Standing::Works }
}

/// Refuses when a bucket is empty; else the keys of those that were used at all.
fn refuse_over(snapshot: &Snapshot<'_>, buckets: &[Bucket]) -> Result<Vec<Vec<u8>>, Error> {
    if buckets.is_empty() {
        return Ok(Vec::new());
    }
    let used = sql::full_at(snapshot, buckets)?;
    let pause = |(key, full_at): &(Vec<u8>, _)| {
        let bucket = buckets.iter().find(|bucket| bucket.key == *key)?;
        bucket.rate.pause(snapshot.now(), *full_at)
    };
    match used.iter().filter_map(pause).max() {
        Some(retry_after) => Err(Error::Limited { retry_after }),
        None => Ok(used.into_iter().map(|(key, _)| key).collect()),
    }
}

fn take_all(tx: &Tx<'_>, guess: &Guess, device: Option<DeviceId>) -> Result<(), Error> {
    let buckets = guess.buckets(tx.request().ip, device);
    for bucket in &buckets {
        let Some(tries) = sql::take(tx, bucket)? else {
            refuse_over(tx, &buckets)?;
            return Err(Error::Limited { retry_after: Duration::from_secs(1) });
        };
        if tries == bucket.rate.burst && guess.kind != Kind::DeviceNotice {
            note_slowed(tx, guess, bucket.scope)?;
        }
    }
    Ok(note_suspicion(tx, guess.kind)?)
}

/// Told once, when a bucket has just run out; what is held back after that is not logged one by one.
fn note_slowed(tx: &Tx<'_>, guess: &Guess, scope: Scope) -> Result<(), Fault> {
    let event = Event::new(EventKind::GuessingSlowed).with_detail(format!("{}, {}", guess.kind.key(), scope.key()));
    tx.record(&Actor::nobody(), &event)
}

/// Whose authenticator it is, is told, and the log tells it: of known devices, that it was they.
fn note_stopped(tx: &Tx<'_>, owner: Subject, kind: Kind, of_known_devices: bool) -> Result<(), Fault> {
    let authenticator = kind.authenticator().map_or("", Authenticator::key);
    let detail = if of_known_devices { format!("{authenticator}{OF_KNOWN}") } else { authenticator.to_owned() };
    let event = Event::new(EventKind::PasswordStopped).with_detail(&detail);
    let Some((name, email)) = device::name_of(tx, owner)? else { return tx.record(&Actor::nobody(), &event) };
    let (event, user) = match owner {
        Subject::User(id) => (event.to_user(id, &name), Some(id)),
        Subject::Admin(_) => (event.with_detail(format!("{detail}, admin {name}")), None),
    };
    tx.record(&Actor::nobody(), &event.with_email(&email))?;
    tell_person(tx, &Person { user, name: &name, to: &email }, Notice::PasswordStopped, &About::default().what(&detail))
}
