use super::{Error, OwnerChange, SHOWN, VALID_FOR, Whose, sql};
use crate::access::{
    Actor, ActorKind, AdminPermission, Allowed, AllowedAdmin, Confirmed, Denied, System, TransferOwnership, ViewOwnerChanges,
};
use crate::app::{Snapshot, Tx};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::{ApiCredentialId, OwnerChangeId};
use crate::mail::{self, About, Notice, Person};
use crate::membership::{self, Member};
use crate::sweep::AT_ONCE;
use crate::{admin, api_credential};

/// Opens a change of the account's owner. One that was open makes room; the same one of the same asker stays, and nobody is told again.
pub(crate) fn ask(tx: &Tx<'_>, by: &Allowed<TransferOwnership>, member: &Member) -> Result<OwnerChange, Denied> {
    hold_asker(tx, by)?;
    let same = |change: &OwnerChange| change.user == member.user.id && change.asked_by == *by.actor();
    if let Some(open) = sql::find(tx, by.account(), None)?.filter(same) {
        return Ok(open);
    }
    end_all(tx, by.actor(), Whose::Account(by.account()), "another one was asked for")?;
    let id = sql::insert(tx, by, member.user.id, tx.now().after(VALID_FOR))?;
    let change = sql::find(tx, by.account(), Some(id))?.ok_or(Denied::NoSuchAccount)?;
    tx.record(by.actor(), &about(EventKind::OwnerChangeAsked, &change, ""))?;
    tell_others(tx, &change)?;
    Ok(change)
}

/// Whoever can be the second admin learns that one is waited for: a mail each.
fn tell_others(tx: &Tx<'_>, change: &OwnerChange) -> Result<(), Fault> {
    let about = About::default()
        .about_account(&change.account_name)
        .by(&change.asked_by.name)
        .what(&format!("{} ({})", change.user_name, change.email))
        .on_page(format!("/admin/clients/{}/users", change.account));
    let others = admin::who_may(tx, AdminPermission::Owner)?;
    let others = others.iter().filter(|admin| !change.is_of(admin.id));
    let told = others.map(|admin| (Person { user: None, name: &admin.name, to: &admin.email }, about.clone()));
    mail::tell_all(tx, &told.collect::<Vec<_>>(), Notice::OwnerChangeAsked)
}

/// Holds who asks: of this and of what takes the right away, one comes after the other, and finds what the first has done.
fn hold_asker(tx: &Tx<'_>, by: &Allowed<TransferOwnership>) -> Result<(), Denied> {
    if let Some(admin) = by.admin()
        && !admin::hold_who_may(tx, admin, AdminPermission::Owner)?
    {
        return Err(Denied::NotStaff);
    }
    match (by.actor().kind, by.actor().id) {
        (ActorKind::Api, Some(id)) if !api_credential::hold(tx, ApiCredentialId(id))? => Err(Denied::NoCredential),
        _ => Ok(()),
    }
}

/// The open change of the ticket's account.
pub fn find(snapshot: &Snapshot<'_>, by: &Allowed<TransferOwnership>) -> Result<Option<OwnerChange>, Fault> {
    sql::find(snapshot, by.account(), None)
}

/// The open changes of all accounts, those that end first before the others.
pub fn open(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ViewOwnerChanges>) -> Result<Vec<OwnerChange>, Fault> {
    sql::open(snapshot, SHOWN)
}

/// Approves a change: the account has another owner. Only an admin in a session of its own does, and never the one who asked for it,
/// by itself or by a credential.
pub fn approve(
    tx: &Tx<'_>,
    by: &Allowed<TransferOwnership>,
    confirmed: &Confirmed,
    id: OwnerChangeId,
) -> Result<OwnerChange, Error> {
    let Some(approver) = by.admin().filter(|_| by.actor() == confirmed.actor()) else {
        return Err(Denied::Unconfirmed.into());
    };
    let change = sql::find(tx, by.account(), Some(id))?.ok_or(Error::Gone)?;
    if change.is_of(approver) {
        return Err(Error::Own);
    }
    take(tx, &change)?;
    membership::approve_owner(tx, by, change.user, &change.asked_by.name)?;
    Ok(change)
}

/// Refuses a change, or takes it back where the holder asked for it: the owner stays.
pub fn refuse(tx: &Tx<'_>, by: &Allowed<TransferOwnership>, id: OwnerChangeId) -> Result<OwnerChange, Error> {
    let change = sql::find(tx, by.account(), Some(id))?.ok_or(Error::Gone)?;
    take(tx, &change)?;
    let own = by.admin().is_some_and(|admin| change.is_of(admin));
    let kind = if own { EventKind::OwnerChangeCancelled } else { EventKind::OwnerChangeRefused };
    tx.record(by.actor(), &about(kind, &change, ""))?;
    Ok(change)
}

/// Only who deletes the row decides: whoever comes at the same moment finds none.
fn take(tx: &Tx<'_>, change: &OwnerChange) -> Result<(), Error> {
    if sql::delete(tx, change.id)? { Ok(()) } else { Err(Error::Gone) }
}

/// Ends what nobody shall approve any more, because of what is about to happen: in the transaction that does it, before it does.
pub(crate) fn end_all(tx: &Tx<'_>, by: &Actor, whose: Whose, why: &str) -> Result<(), Fault> {
    end_each(tx, by, sql::of(tx, whose)?, why)
}

/// Removes a bounded number of changes whose time is over, and writes that down. How many there were.
pub fn sweep(tx: &Tx<'_>, by: &System) -> Result<u64, Fault> {
    let over = sql::over(tx, i64::try_from(AT_ONCE).unwrap_or(i64::MAX))?;
    let number = u64::try_from(over.len()).unwrap_or(AT_ONCE);
    end_each(tx, by.actor(), over, "time over")?;
    Ok(number)
}

fn end_each(tx: &Tx<'_>, by: &Actor, over: Vec<OwnerChange>, why: &str) -> Result<(), Fault> {
    for change in over {
        if sql::delete(tx, change.id)? {
            tx.record(by, &about(EventKind::OwnerChangeEnded, &change, why))?;
        }
    }
    Ok(())
}

/// The user stands in the particulars alone: what staff considers is not told to whom it concerns.
fn about(kind: EventKind, change: &OwnerChange, why: &str) -> Event {
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    let detail = format!("{}, asked for by {}{why}", change.user_name, change.asked_by.name);
    Event::new(kind).in_account(change.account, &change.account_name).with_email(&change.email).with_detail(detail)
}
