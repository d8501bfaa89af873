use super::{Device, Error, sql};
use crate::access::{Actor, Oneself, Subject};
use crate::app::{Asked, Request, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::Value;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::guessing::{self, Guess, Kind};
use crate::id::{DeviceId, UserId};
use crate::mail::{About, Notice, Person, tell_person};
use crate::secret::Secret;

/// Who has no devices.
const NOBODY: Subject = Subject::User(UserId(0));

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
    sql::known(snapshot, owner.unwrap_or(NOBODY), &secret.hash(), lock)
}

/// The condition on `devices` that [`ask_known`] asks with, for a question about more than that; its arguments are appended.
pub(crate) fn condition(owner: Option<Subject>, secret: &Secret, now: Timestamp, arguments: &mut Vec<Value>) -> String {
    sql::condition(owner.unwrap_or(NOBODY), &secret.hash(), now, arguments)
}

/// Whether anybody has logged in with the browser that asks. Its cookie alone decides, not what is typed there.
pub(crate) fn is_somebodys(tx: &Tx<'_>) -> Result<bool, Fault> {
    match &tx.request().device {
        Some(secret) => sql::exists(tx, &secret.hash()),
        None => Ok(false),
    }
}

/// One's own devices, latest used first.
pub fn list(snapshot: &Snapshot<'_>, by: &Oneself) -> Result<Vec<Device>, Fault> {
    sql::of(snapshot, by.subject())
}

/// The device among one's own that a request comes from.
pub fn mine(snapshot: &Snapshot<'_>, by: &Oneself, request: &Request) -> Result<Option<DeviceId>, Fault> {
    match &request.device {
        Some(secret) => known(snapshot, Some(by.subject()), secret),
        None => Ok(None),
    }
}

/// **Forget**: the next login with this device is one with a new device. Its session goes on.
pub fn forget(tx: &Tx<'_>, by: &Oneself, device: DeviceId) -> Result<(), Error> {
    let user_agent = sql::forget(tx, by.subject(), device)?.ok_or(Error::NotFound)?;
    Ok(note_forgotten(tx, by, user_agent)?)
}

/// **Forget All Others**: all but the one this request comes from. How many there were.
pub fn forget_others(tx: &Tx<'_>, by: &Oneself) -> Result<u64, Fault> {
    let forgotten = forget_all_but_this(tx, by.subject())?;
    if forgotten > 0 {
        note_forgotten(tx, by, format!("{forgotten} other devices"))?;
    }
    Ok(forgotten)
}

fn note_forgotten(tx: &Tx<'_>, by: &Oneself, what: String) -> Result<(), Fault> {
    let event = Event::new(EventKind::DeviceForgotten).with_detail(what);
    let event = match by.subject() {
        Subject::User(id) => event.to_user(id, &by.actor().name),
        Subject::Admin(_) => event,
    };
    tx.record(by.actor(), &event)
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
/// known is told by mail (ASVS V6.3.5), also when none is: of a login that was imported, or reset, the first one may be somebody
/// else's.
pub(crate) fn remember(tx: &Tx<'_>, owner: Subject) -> Result<(DeviceId, Secret), Fault> {
    let presented = tx.request().device.clone();
    if let Some(secret) = &presented
        && let Some(id) = ask_known(tx, Some(owner), secret, tx.for_update())?.answer()?
    {
        return remember_known(tx, id, secret.clone());
    }
    let device = remember_first(tx, owner)?;
    tell(tx, owner)?;
    sql::forget_oldest(tx, owner)?;
    Ok(device)
}

/// How the browser of a login is noted: by [`remember`] or [`remember_first`].
pub(crate) type Remember = fn(&Tx<'_>, Subject) -> Result<(DeviceId, Secret), Fault>;

/// The same of the browser in which a login was just made: it is nobody else's.
pub(crate) fn remember_first(tx: &Tx<'_>, owner: Subject) -> Result<(DeviceId, Secret), Fault> {
    // A cookie of another person who uses this browser serves both; one that nobody has is not taken over.
    let secret = match tx.request().device.clone() {
        Some(secret) if sql::exists(tx, &secret.hash())? => secret,
        _ => tx.secret()?,
    };
    Ok((sql::insert(tx, owner, &secret.hash())?, secret))
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
