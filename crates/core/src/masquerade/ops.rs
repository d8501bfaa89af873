use super::{ABSOLUTE, Acting, Error, Started, sql};
use crate::access::{AdminPermission, AllowedAdmin, Masquerade, OnBehalf};
use crate::account::{self, Account, Status};
use crate::admin;
use crate::app::{Snapshot, Tx};
use crate::db::DbError;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::{AccountId, SessionId};
use crate::mail::{self, Content, NewMail};
use crate::settings;

/// Begins a session of the account's owner for the admin. The owner's last login stays as it was. An earlier one of the same
/// admin session ends: an admin is one owner at a time.
pub fn start(
    tx: &Tx<'_>,
    by: &AllowedAdmin<Masquerade>,
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
    sql::delete_of(tx, staff.session)?;
    let secret = tx.secret()?;
    let made = sql::insert(tx, account.owner.id, account.id, staff.session, &secret.hash(), tx.now().after(ABSOLUTE), &reason);
    if matches!(made, Err(Fault::Db(DbError::ForeignKey))) {
        // The admin's own session has just ended.
        return Err(crate::access::Denied::NotStaff.into());
    }
    made?;
    tx.record(by.actor(), &about(EventKind::MasqueradeStarted, &account).with_detail(&reason))?;
    tell_owner(tx, by, &account, &reason)?;
    Ok(Started { secret, account: account.id })
}

fn about(kind: EventKind, account: &Account) -> Event {
    Event::new(kind).in_account(account.id, &account.details.name).to_user(account.owner.id, &account.owner.name)
}

/// The owner learns of it by mail, unless the operator has switched that off.
fn tell_owner(tx: &Tx<'_>, by: &AllowedAdmin<Masquerade>, account: &Account, reason: &str) -> Result<(), Fault> {
    if !settings::tells_of_masquerade(tx)? {
        return Ok(());
    }
    let content = Content::Masquerade {
        admin: by.actor().name.clone(),
        name: account.owner.name.clone(),
        email: account.owner.email.clone(),
        account_name: account.details.name.clone(),
        reason: reason.to_owned(),
        at: tx.now(),
    };
    let mail = NewMail {
        to: &account.owner.email,
        account: Some(account.id),
        user: Some(account.owner.id),
        invitation: None,
        content,
        secret: None,
    };
    mail::queue(tx, &mail).map(drop)
}

/// **Return to admin area**: the session is over, and the account that was open is returned.
pub fn end(tx: &Tx<'_>, acting: &Acting) -> Result<AccountId, Error> {
    let behalf = &acting.behalf;
    let ended = sql::delete_of(tx, acting.session)?;
    let account = account::find(tx, behalf.account())?;
    if let Some(account) = account.filter(|_| ended) {
        let actor = crate::access::Actor::admin(behalf.admin(), behalf.admin_name());
        tx.record(&actor, &about(EventKind::MasqueradeEnded, &account))?;
    }
    Ok(behalf.account())
}

/// Who acts in this session, as long as the admin's own session lives, the admin still may, and the user still owns the account.
pub(crate) fn of_session(snapshot: &Snapshot<'_>, session: SessionId) -> Result<Option<Acting>, Fault> {
    let Some(kept) = sql::find(snapshot, session)? else { return Ok(None) };
    let Some(staff) = admin::resolve_session(snapshot, kept.session)? else { return Ok(None) };
    if !kept.is_open || !staff.admin.role.grants.has(AdminPermission::Masquerade) {
        return Ok(None);
    }
    let behalf = OnBehalf::new(staff.admin.id, &staff.admin.name, kept.user, kept.account);
    Ok(Some(Acting { behalf, reason: kept.reason, session: kept.session }))
}

/// An admin at work in the Client Area does not rest in the Admin Area.
pub fn touch(tx: &Tx<'_>, acting: &Acting) -> Result<(), Fault> {
    admin::touch_session(tx, acting.session)
}
