use super::{ABSOLUTE, Acting, Error, Started, Whose, sql};
use crate::access::{Actor, AdminPermission, AllowedAdmin, ConfirmedAdmin, Denied, Enter, Masquerade, OnBehalf, System, Who};
use crate::account::{self, Status};
use crate::admin;
use crate::app::{Snapshot, Tx};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::{AccountId, AdminId, SessionId};
use crate::mail::{self, About, Notice};
use crate::outbox::{self, Claimed, Topic};
use crate::settings::{self, Security};
use crate::user;

/// Begins a session of the account's owner for the admin. The owner's last login stays as it was. An earlier one of the same
/// admin session ends: an admin is one owner at a time. Where the account requires two-factor, it is the admin's own that counts.
pub fn start(
    tx: &Tx<'_>,
    by: &AllowedAdmin<Masquerade>,
    _confirmed: &ConfirmedAdmin,
    staff: &admin::Resolved,
    account: AccountId,
    reason: &str,
) -> Result<Started, Error> {
    account::hold(tx, account)?;
    let account = account::find(tx, account)?.ok_or(Error::NotFound)?;
    if account.status == Status::Closed {
        return Err(Error::AccountClosed);
    }
    let reason = super::reason(reason).map_err(Error::Reason)?;
    let who = Who::new(account.owner.id, staff.second_factor_at, false);
    tx.authorize::<Enter>(who, account.id).map_err(|denied| match denied {
        Denied::NotVerified => Error::NotVerified,
        denied => denied.into(),
    })?;
    // Held before what hangs on them, as by whoever ends it: of both, one waits for the other.
    user::hold(tx, account.owner.id)?;
    if !admin::hold_session(tx, staff.session)? {
        return Err(Denied::NotStaff.into());
    }
    // Looked at again: a first factor of another session ends what the password alone had confirmed in this one.
    tx.confirmed_admin(by.id(), staff.session)?;
    end_over(tx)?;
    end_all(tx, Whose::Session(staff.session), "another one began")?;
    let secret = tx.secret()?;
    let made = sql::insert(tx, account.owner.id, account.id, staff.session, &secret.hash(), tx.now().after(ABSOLUTE), &reason)?;
    outbox::promise_at(tx, Topic::Masquerade, made.0, tx.now().after(ABSOLUTE))?;
    let event = Event::new(EventKind::MasqueradeStarted).in_account(account.id, &account.details.name);
    tx.record(by.actor(), &event.to_user(account.owner.id, &account.owner.name).with_detail(&reason))?;
    let told = About::default().in_account(account.id, &account.details.name).by(&by.actor().name).what(&reason);
    mail::tell(tx, account.owner.id, Notice::Masquerade, &told)?;
    Ok(Started { secret, account: account.id })
}

/// **Return to admin area**: the session is over, and the account that was open is returned.
pub fn end(tx: &Tx<'_>, acting: &Acting) -> Result<AccountId, Error> {
    end_all(tx, Whose::Session(acting.session), "")?;
    Ok(acting.behalf.account())
}

/// Ends those whose time is over, or whose admin's session is.
pub(crate) fn end_over(tx: &Tx<'_>) -> Result<(), Fault> {
    let security = settings::security(tx)?;
    end_each(tx, sql::over(tx, &security)?, "time over")
}

/// Ends all of somebody's, because of what is about to happen: in the transaction that does it, before it does. Whoever calls this
/// holds the row they hang on – the admin's session, the user, the account – so that none begins meanwhile.
pub(crate) fn end_all(tx: &Tx<'_>, whose: Whose, why: &str) -> Result<(), Fault> {
    end_each(tx, sql::of(tx, whose)?, why)
}

/// An admin has no second factor any more: what it has begun ends where one is required, of every admin or in the account. Whoever
/// calls this holds the admin's sessions.
pub(crate) fn factor_is_gone(tx: &Tx<'_>, admin: AdminId) -> Result<(), Fault> {
    let of_everybody = settings::security(tx)?.admins;
    let mut over = Vec::new();
    for begun in sql::of(tx, Whose::Admin(admin))? {
        if of_everybody || account::find(tx, begun.account)?.is_some_and(|account| account.two_factor_required) {
            over.push(begun);
        }
    }
    end_each(tx, over, "second factor removed")
}

/// Ends them and writes that down: only who deletes the row does, so each has one end however many come at once.
fn end_each(tx: &Tx<'_>, over: Vec<sql::Over>, why: &str) -> Result<(), Fault> {
    for over in over {
        if !sql::delete(tx, over.id)? {
            continue;
        }
        let Some(account) = account::find(tx, over.account)? else { continue };
        let actor = Actor::admin(over.admin, &over.admin_name);
        let event = Event::new(EventKind::MasqueradeEnded).in_account(account.id, &account.details.name);
        tx.record(&actor, &event.to_user(over.user, &over.user_name).with_detail(why))?;
    }
    Ok(())
}

/// Keeps what [`start`] promised: at its last moment it is looked at.
pub fn time_is_up(tx: &Tx<'_>, by: &System, work: Claimed) -> Result<(), Fault> {
    end_over(tx)?;
    outbox::finish(tx, by, work)
}

/// Who acts in this session, as long as the admin's own session lives, the admin still may, and the user still owns the account.
pub(crate) fn of_session(snapshot: &Snapshot<'_>, security: &Security, session: SessionId) -> Result<Option<Acting>, Fault> {
    let Some(kept) = sql::find(snapshot, session)? else { return Ok(None) };
    let Some(staff) = admin::resolve_session(snapshot, security, kept.session)? else { return Ok(None) };
    if !kept.is_open || staff.must_show_factor || !staff.admin.role.grants.has(AdminPermission::Masquerade) {
        return Ok(None);
    }
    let behalf = OnBehalf::new(staff.admin.id, &staff.admin.name, kept.user, kept.account);
    let second_factor_at = staff.second_factor_at;
    Ok(Some(Acting { behalf, reason: kept.reason, second_factor_at, session: kept.session }))
}
