use super::{Device, Error, sql};
use crate::access::{Actor, Myself, Subject};
use crate::app::{Asked, Request, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::guessing::{self, Guess, Kind};
use crate::id::{DeviceId, UserId};
use crate::mail::{About, Notice, Person, tell_person};
use crate::secret::Secret;

/// The device of this cookie, if its owner has logged in with it. Without an owner the same work is done for nothing.
pub fn known(snapshot: &Snapshot<'_>, owner: Option<Subject>, secret: &Secret) -> Result<Option<DeviceId>, Fault> {
    ask_known(snapshot, owner, secret, "")?.answer()
}

/// The same to be answered later, its row locked as `lock` says.
pub(crate) fn ask_known<'a>(
    snapshot: &'a Snapshot<'_>,
    owner: Option<Subject>,
    secret: &Secret,
    lock: &str,
) -> Result<Asked<'a, Option<DeviceId>>, Fault> {
    sql::known(snapshot, owner.unwrap_or(Subject::User(UserId(0))), &secret.hash(), lock)
}

/// One's own devices, latest used first.
pub fn list(snapshot: &Snapshot<'_>, by: &Myself) -> Result<Vec<Device>, Fault> {
    sql::of_user(snapshot, by.id())
}

/// The device among one's own that a request comes from.
pub fn mine(snapshot: &Snapshot<'_>, by: &Myself, request: &Request) -> Result<Option<DeviceId>, Fault> {
    match &request.device {
        Some(secret) => known(snapshot, Some(Subject::User(by.id())), secret),
        None => Ok(None),
    }
}

/// **Forget**: the next login with this device is one with a new device. Its session goes on.
pub fn forget(tx: &Tx<'_>, by: &Myself, device: DeviceId) -> Result<(), Error> {
    let user_agent = sql::forget(tx, by.id(), device)?.ok_or(Error::NotFound)?;
    let event = Event::new(EventKind::DeviceForgotten).to_user(by.id(), by.name()).with_detail(user_agent);
    Ok(tx.record(by.actor(), &event)?)
}

/// **Forget All Others**: all but the one this request comes from. How many there were.
pub fn forget_others(tx: &Tx<'_>, by: &Myself) -> Result<u64, Fault> {
    let forgotten = forget_all_but_this(tx, Subject::User(by.id()))?;
    if forgotten > 0 {
        let event = Event::new(EventKind::DeviceForgotten).to_user(by.id(), by.name());
        tx.record(by.actor(), &event.with_detail(format!("{forgotten} other devices")))?;
    }
    Ok(forgotten)
}

/// The same after a reset, which has an event of its own.
pub(crate) fn forget_after_reset(tx: &Tx<'_>, owner: Subject) -> Result<(), Fault> {
    forget_all_but_this(tx, owner).map(drop)
}

fn forget_all_but_this(tx: &Tx<'_>, owner: Subject) -> Result<u64, Fault> {
    let kept = tx.request().device.as_ref().map(Secret::hash);
    sql::forget_others(tx, owner, kept.as_ref())
}

/// Notes that its owner has logged in with this browser, and returns it with what its cookie is to hold. A browser that was not
/// known is told by mail, but to who had never logged in before: after a reset no device is known, and whoever comes then is not
/// the first one for that.
pub(crate) fn remember(tx: &Tx<'_>, owner: Subject, last_login: Option<Timestamp>) -> Result<(DeviceId, Secret), Fault> {
    let presented = tx.request().device.clone();
    if let Some(secret) = &presented
        && let Some(id) = ask_known(tx, Some(owner), secret, tx.for_update())?.answer()?
    {
        return remember_known(tx, id, secret.clone());
    }
    // A cookie of another person who uses this browser serves both; one that nobody has is not taken over.
    let secret = match presented {
        Some(secret) if sql::exists(tx, &secret.hash())? => secret,
        _ => tx.secret()?,
    };
    let id = sql::insert(tx, owner, &secret.hash())?;
    if last_login.is_some() {
        tell(tx, owner)?;
        sql::forget_oldest(tx, owner)?;
    }
    Ok((id, secret))
}

/// The same of a device that is known and held.
pub(crate) fn remember_known(tx: &Tx<'_>, id: DeviceId, secret: Secret) -> Result<(DeviceId, Secret), Fault> {
    sql::seen(tx, id)?;
    Ok((id, secret))
}

/// Name and address of whoever it is.
pub(crate) fn name_of(snapshot: &Snapshot<'_>, owner: Subject) -> Result<Option<(String, String)>, Fault> {
    sql::name_of(snapshot, owner)
}

/// A login with a browser that was not known (ASVS V6.3.5).
fn tell(tx: &Tx<'_>, owner: Subject) -> Result<(), Fault> {
    let Some((name, email)) = sql::name_of(tx, owner)? else { return Ok(()) };
    let event = Event::new(EventKind::DeviceNew).with_email(&email).with_detail(&tx.request().user_agent);
    match owner {
        Subject::User(id) => tx.record(&Actor::user(id, &name), &event.to_user(id, &name))?,
        Subject::Admin(id) => tx.record(&Actor::admin(id, &name), &event)?,
    }
    let notices = match owner {
        Subject::User(id) => Guess::of_user(Kind::DeviceNotice, id),
        Subject::Admin(id) => Guess::of_admin(Kind::DeviceNotice, id),
    };
    match guessing::spend(tx, &notices) {
        Ok(()) => {}
        // A script that logs in without cookies does not fill its owner's mailbox; the log has every login.
        Err(guessing::Error::Limited { .. } | guessing::Error::Stopped) => return Ok(()),
        Err(guessing::Error::Fault(fault)) => return Err(fault),
    }
    let about = About::default().what(&tx.request().user_agent);
    tell_person(tx, &Person { user: owner.user(), name: &name, to: &email }, Notice::NewDevice, &about)
}
