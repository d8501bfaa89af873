use super::{Error, Link, NewLink, VALID_FOR, sql};
use crate::access::{AllowedAdmin, ApiCall, Masquerade, System};
use crate::account::{self, Status};
use crate::app::{Snapshot, Tx};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::{AccountId, UserId};
use crate::secret::Secret;
use crate::session::{self, Started};
use crate::{api_credential, membership, user};

/// Makes a link. Whoever may log in as others may make one.
pub fn make(tx: &Tx<'_>, by: &AllowedAdmin<Masquerade>, call: ApiCall, new: &NewLink) -> Result<Secret, Error> {
    // The account before its user, as everybody takes them.
    if let Some(account) = new.account {
        account::hold(tx, account)?;
    }
    let user = match (new.user, new.account) {
        (Some(user), _) => user,
        (None, Some(account)) => account::find(tx, account)?.ok_or(Error::NoSuchAccount)?.owner.id,
        (None, None) => return Err(Error::NobodyNamed),
    };
    let found = user::find(tx, user)?.ok_or(Error::NoSuchUser)?;
    let account = new.account.map(|id| may_land(tx, user, id)).transpose()?;
    let secret = tx.secret()?;
    sql::insert(tx, &secret.hash(), call.credential(), user, new, tx.now().after(VALID_FOR))?;
    let event = Event::new(EventKind::SsoTokenMade).to_user(user, &found.name.full());
    let event = match &account {
        Some(account) => event.in_account(account.id, &account.details.name),
        None => event,
    };
    tx.record(by.actor(), &event)?;
    Ok(secret)
}

/// Removes a bounded number of links that nobody used. How many there were.
pub fn sweep(tx: &Tx<'_>, _by: &System) -> Result<u64, Fault> {
    sql::sweep(tx)
}

/// The account, if the user may be led into it by a link.
fn may_land(snapshot: &Snapshot<'_>, user: UserId, id: AccountId) -> Result<account::Account, Error> {
    let found = account::find(snapshot, id)?.ok_or(Error::NoSuchAccount)?;
    if found.status == Status::Closed {
        return Err(Error::Closed);
    }
    if !membership::accounts_of(snapshot, user)?.iter().any(|mine| mine.account == id) {
        return Err(Error::NotAMember);
    }
    if !found.allow_sso {
        return Err(Error::SwitchedOff);
    }
    Ok(found)
}

/// What a link does, as long as it works. Changes nothing: mail scanners and previews open links.
pub fn open(snapshot: &Snapshot<'_>, secret: &Secret) -> Result<Link, Error> {
    let link = sql::find(snapshot, &secret.hash())?.ok_or(Error::Gone)?;
    if snapshot.may_log_others_in(link.credential)? { Ok(link) } else { Err(Error::Gone) }
}

/// Logs the link's user in; of two who use it at the same moment one does.
pub fn redeem(tx: &Tx<'_>, secret: &Secret) -> Result<(Started, Link), Error> {
    let link = open(tx, secret)?;
    // The account may have changed within the minute.
    if let Some(account) = link.account {
        may_land(tx, link.user, account).map_err(|error| match error {
            Error::Fault(fault) => Error::Fault(fault),
            _ => Error::Gone,
        })?;
    }
    // Whoever revokes it takes it before its links and sessions.
    if !api_credential::hold(tx, link.credential)? {
        return Err(Error::Gone);
    }
    let user = user::hold(tx, link.user)?.ok_or(Error::Gone)?;
    if !sql::take(tx, &secret.hash())? {
        return Err(Error::Gone);
    }
    let started = session::start_by_link(tx, &user, link.credential)?.ok_or(Error::Gone)?;
    Ok((started, link))
}
