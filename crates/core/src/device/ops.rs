use super::{Device, Owner, sql};
use crate::access::{Actor, Myself};
use crate::app::{Snapshot, Tx};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::guessing::{self, Guess, Kind};
use crate::id::{DeviceId, UserId};
use crate::mail::{About, Notice, Person, tell_person};
use crate::secret::Secret;

/// The device of this cookie, if its owner has logged in with it. Without an owner the same work is done for nothing.
pub fn known(snapshot: &Snapshot<'_>, owner: Option<Owner>, secret: &Secret) -> Result<Option<DeviceId>, Fault> {
    sql::known(snapshot, owner.unwrap_or(Owner::User(UserId(0))), &secret.hash())
}

/// One's own devices, latest used first.
pub fn list(snapshot: &Snapshot<'_>, by: &Myself) -> Result<Vec<Device>, Fault> {
    sql::of_user(snapshot, by.id())
}

/// Forgets all devices of a user but the one this request comes from: after a reset.
pub fn forget_others(tx: &Tx<'_>, user: UserId) -> Result<(), Fault> {
    let kept = tx.request().device.as_ref().map(Secret::hash);
    sql::forget_others(tx, user, kept.as_ref())
}

/// Notes that its owner has logged in with this browser, and returns what its cookie is to hold. A browser that was not
/// known is told by mail, unless it is the first.
pub(crate) fn remember(tx: &Tx<'_>, owner: Owner) -> Result<Secret, Fault> {
    let presented = tx.request().device.clone();
    if let Some(secret) = &presented
        && sql::seen(tx, owner, &secret.hash())?
    {
        return Ok(secret.clone());
    }
    // A cookie of another person who uses this browser serves both; one that nobody has is not taken over.
    let secret = match presented {
        Some(secret) if sql::exists(tx, &secret.hash())? => secret,
        _ => tx.secret()?,
    };
    let had = sql::count(tx, owner)?;
    sql::insert(tx, owner, &secret.hash())?;
    if had > 0 {
        tell(tx, owner)?;
        sql::forget_oldest(tx, owner)?;
    }
    Ok(secret)
}

/// Name and address of whoever it is.
pub(crate) fn name_of(snapshot: &Snapshot<'_>, owner: Owner) -> Result<Option<(String, String)>, Fault> {
    sql::name_of(snapshot, owner)
}

/// A login with a browser that was not known (ASVS V6.3.5).
fn tell(tx: &Tx<'_>, owner: Owner) -> Result<(), Fault> {
    let Some((name, email)) = sql::name_of(tx, owner)? else { return Ok(()) };
    let event = Event::new(EventKind::DeviceNew).with_email(&email).with_detail(&tx.request().user_agent);
    match owner {
        Owner::User(id) => tx.record(&Actor::user(id, &name), &event.to_user(id, &name))?,
        Owner::Admin(id) => tx.record(&Actor::admin(id, &name), &event)?,
    }
    let notices = match owner {
        Owner::User(id) => Guess::of_user(Kind::DeviceNotice, id),
        Owner::Admin(id) => Guess::of_admin(Kind::DeviceNotice, id),
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
