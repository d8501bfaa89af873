use std::time::Duration;

use super::{
    Admitted, Authenticator, Bucket, Error, Guess, Kind, MAX_FAILURES, NOBODY_REMEMBERED, OF_KNOWN, SUSPICIOUS, Scope, Standing,
    counter, failures_from, sql,
    sql::{Counted, Used},
};
use crate::access::{Actor, Subject, System};
use crate::app::{Asked, Request, Snapshot, Tx};
use crate::device;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::DeviceId;
use crate::mail::{About, Notice, Person, tell_person};
use crate::password::Comer;
use crate::secret::Secret;
use crate::settings::{self, When};

/// Whether a try is heard at all, and how: asked before anything costly is done. Writes nothing.
pub fn admit(snapshot: &Snapshot<'_>, request: &Request, guess: &Guess) -> Result<Admitted, Error> {
    let (counted, used) = ask(snapshot, request, guess, "")?;
    let counted = counted.answer()?;
    let is_known = counted.device.is_some();
    refuse_over(snapshot, &guess.buckets(request, is_known), used)?;
    let comer = if is_known { Comer::Known } else { Comer::Stranger };
    Ok(Admitted { standing: counted.standing(), comer })
}

/// The try failed: it takes its tokens and is counted. In the transaction that says so; an error takes it all back, and the
/// caller answers as if nothing had been compared.
pub fn failed(tx: &Tx<'_>, guess: &Guess) -> Result<(), Error> {
    let is_known = match device_of(tx.request(), guess) {
        Some((owner, secret)) => device::ask_known(tx, owner, secret, "")?.answer()?.is_some(),
        None => false,
    };
    if let Some(key) = guess.counter() {
        let forget_at = guess.owner.is_none().then(|| tx.now().after(NOBODY_REMEMBERED));
        let (strange, known) = sql::count(tx, &key, is_known, forget_at)?;
        let reached = if is_known { known } else { strange };
        if let (Some(owner), MAX_FAILURES) = (guess.owner, reached) {
            note_stopped(tx, owner, guess.kind, is_known)?;
        }
    }
    take_all(tx, guess, &guess.buckets(tx.request(), is_known))
}

/// A try that has succeeded, and what stands against it: asked together with whatever else is asked of the login.
pub(crate) struct Success<'a> {
    guess: &'a Guess,
    counted: Asked<'a, Counted>,
    used: Asked<'a, Used>,
}

/// The try succeeded: refused all the same when others failed too often meanwhile; else what was counted against this person
/// from here is forgotten. In the transaction that lets in.
pub fn succeeded(tx: &Tx<'_>, guess: &Guess) -> Result<(), Error> {
    let_in(tx, success(tx, guess)?).map(drop)
}

/// Asks what [`let_in`] needs. It stays as it is until the transaction ends.
pub(crate) fn success<'a>(tx: &'a Tx<'_>, guess: &'a Guess) -> Result<Success<'a>, Fault> {
    let (counted, used) = ask(tx, tx.request(), guess, tx.for_update())?;
    Ok(Success { guess, counted, used })
}

/// What [`succeeded`] does. The known device it was done with, if it is one.
pub(crate) fn let_in(tx: &Tx<'_>, success: Success<'_>) -> Result<Option<DeviceId>, Error> {
    let counted = success.counted.answer()?;
    if counted.standing() == Standing::Stopped {
        return Err(Error::Stopped);
    }
    let buckets = success.guess.buckets(tx.request(), counted.device.is_some());
    let used = refuse_over(tx, &buckets, success.used)?;
    let own = buckets.iter().filter(|bucket| matches!(bucket.scope, Scope::Account | Scope::Device));
    for bucket in own.filter(|bucket| used.contains(&bucket.key)) {
        sql::empty(tx, &bucket.key)?;
    }
    match (success.guess.counter(), counted.failures) {
        // What strangers have stopped stays stopped for them until the authenticator is bound anew.
        (Some(key), Some((strange, _))) if strange >= MAX_FAILURES => sql::forget_known(tx, &key)?,
        (Some(key), Some(_)) => sql::forget(tx, &key)?,
        _ => {}
    }
    Ok(counted.device)
}

/// Does something that is allowed so often and no more: each time takes a token.
pub fn spend(tx: &Tx<'_>, guess: &Guess) -> Result<(), Error> {
    take_all(tx, guess, &guess.of_strangers(tx.request()))
}

/// The same in a browser that somebody has logged in with: what all others do together does not hold it back.
pub(crate) fn spend_apart(tx: &Tx<'_>, guess: &Guess) -> Result<(), Error> {
    let mut buckets = guess.of_strangers(tx.request());
    buckets.retain(|bucket| bucket.scope != Scope::Everybody);
    take_all(tx, guess, &buckets)
}

/// The authenticator was bound anew, such as a password that was set: it works again, for everybody. Whoever replaces an
/// authenticator calls this in the same transaction.
pub fn rebound(tx: &Tx<'_>, authenticator: Authenticator, owner: Subject) -> Result<(), Fault> {
    sql::forget(tx, &counter(authenticator, owner))
}

/// Whether so much has failed in a row that the authenticator no longer works for strangers, or for known devices.
pub(crate) fn is_stopped(snapshot: &Snapshot<'_>, authenticator: Authenticator, owner: Subject) -> Result<bool, Fault> {
    let counted = sql::counted(snapshot, None, Some(&counter(authenticator, owner)), "")?.answer()?;
    let (strange, known) = counted.failures.unwrap_or_default();
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

/// Asks for all that may stand against a try, with a device that is known and with one that is not: two statements, one round trip.
/// What `lock` holds is held before the buckets are looked at.
fn ask<'a>(
    snapshot: &'a Snapshot<'_>,
    request: &Request,
    guess: &Guess,
    lock: &str,
) -> Result<(Asked<'a, Counted>, Asked<'a, Used>), Fault> {
    let counted = sql::counted(snapshot, device_of(request, guess), guess.counter().as_deref(), lock)?;
    let buckets: Vec<Bucket> = guess.of_strangers(request).into_iter().chain(guess.of_device(request)).collect();
    Ok((counted, sql::full_at(snapshot, &buckets)?))
}

/// The device that is presented, and whose it may be. Without an owner the same is asked for nothing.
fn device_of<'a>(request: &'a Request, guess: &Guess) -> Option<(Option<Subject>, &'a Secret)> {
    guess.kind.authenticator().and(request.device.as_ref()).map(|secret| (guess.owner, secret))
}

impl Counted {
    fn standing(&self) -> Standing {
        let (strange, known) = self.failures.unwrap_or_default();
        let counted = if self.device.is_some() { known } else { strange };
        if counted >= MAX_FAILURES { Standing::Stopped } else { Standing::Works }
    }
}

/// Refuses when one of these buckets is empty; else the keys of those that were used at all.
fn refuse_over(snapshot: &Snapshot<'_>, buckets: &[Bucket], used: Asked<'_, Used>) -> Result<Vec<Vec<u8>>, Error> {
    let used = used.answer()?;
    let pause = |(key, full_at): &(Vec<u8>, _)| {
        let bucket = buckets.iter().find(|bucket| bucket.key == *key)?;
        bucket.rate.pause(snapshot.now(), *full_at)
    };
    match used.iter().filter_map(pause).max() {
        Some(retry_after) => Err(Error::Limited { retry_after }),
        None => Ok(used.into_iter().map(|(key, _)| key).collect()),
    }
}

fn take_all(tx: &Tx<'_>, guess: &Guess, buckets: &[Bucket]) -> Result<(), Error> {
    for bucket in buckets {
        let Some(tries) = sql::take(tx, bucket)? else {
            refuse_over(tx, buckets, sql::full_at(tx, buckets)?)?;
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
