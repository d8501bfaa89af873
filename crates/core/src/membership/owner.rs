//! Who owns an account, and how that changes.

use super::ops::{about, told};
use super::{Error, Member, sql};
use crate::access::{Allowed, ConfirmedAdmin, Grants, TransferOwnership};
use crate::app::Tx;
use crate::event::EventKind;
use crate::id::UserId;
use crate::mail::{self, Notice};
use crate::masquerade::{self, Whose};
use crate::owner_change::{self, OwnerChange};
use crate::{api_credential, invitation, settings};

/// What became of **Make Owner**.
#[derive(Clone, Debug)]
pub enum Ownership {
    /// The member owns the account.
    Changed,
    /// It will as soon as a second admin approves.
    Open(OwnerChange),
}

/// Makes a member the owner, or asks a second admin to approve that where the operator wants two people for it.
pub fn make_owner(
    tx: &Tx<'_>,
    by: &Allowed<TransferOwnership>,
    _confirmed: &ConfirmedAdmin,
    user: UserId,
) -> Result<Ownership, Error> {
    let member = heir(tx, by, user)?;
    if settings::hold_owner_approval(tx)? {
        return Ok(Ownership::Open(owner_change::ask(tx, by, &member)?));
    }
    change(tx, by, &member, "")?;
    Ok(Ownership::Changed)
}

/// Makes a member the owner as one admin has asked and another approves.
pub(crate) fn approve_owner(tx: &Tx<'_>, by: &Allowed<TransferOwnership>, user: UserId, asked_by: &str) -> Result<(), Error> {
    let member = heir(tx, by, user)?;
    change(tx, by, &member, &format!(", asked for by {asked_by}"))
}

/// The member who is to own the account.
fn heir(tx: &Tx<'_>, by: &Allowed<TransferOwnership>, user: UserId) -> Result<Member, Error> {
    let member = sql::find(tx, by.account(), user)?.ok_or(Error::NotFound)?;
    if member.is_owner { Err(Error::IsOwner) } else { Ok(member) }
}

/// The old owner stays, with all permissions. To manage users is none of them, so that what it has sent is taken back, by itself or by its
/// credentials: by a link of its own it would get in again as a manager.
fn change(tx: &Tx<'_>, by: &Allowed<TransferOwnership>, member: &Member, asked_for: &str) -> Result<(), Error> {
    let before = sql::owner(tx, by.account())?;
    sql::set_held(tx, by.account(), before.0, &Grants::all(), None)?;
    sql::set_owner(tx, by.account(), member.user.id)?;
    api_credential::end_of_owners(tx, by.account())?;
    masquerade::end_all(tx, Whose::Account(by.account()), "another owner")?;
    tx.bump_revision(by.account())?;
    let name = member.user.name.full();
    let event = about(EventKind::OwnerChanged, by, member).with_detail(format!("{} → {name}{asked_for}", before.1));
    tx.record(by.actor(), &event)?;
    invitation::cancel_sent_by(tx, by, before.0)?;
    mail::tell(tx, member.user.id, Notice::OwnershipGained, &told(by))?;
    Ok(mail::tell(tx, before.0, Notice::OwnershipLost, &told(by).what(&name))?)
}
