//! Many invitations: found page by page, and made from a list in one transaction.

use std::collections::HashSet;

use super::{Error, Filter, Invitation, NewInvitation, ops, sql};
use crate::access::{Allowed, ManageUsers, ShowsUsers};
use crate::app::{Snapshot, Tx};
use crate::error::Fault;
use crate::id::InvitationId;

/// The invitations of the account that a filter finds, newest first, at most `limit`.
pub fn list<P: ShowsUsers>(
    snapshot: &Snapshot<'_>,
    by: &Allowed<P>,
    filter: Filter,
    limit: i64,
) -> Result<Vec<Invitation>, Fault> {
    sql::list(snapshot, by.account(), filter, limit)
}

/// One invitation of the account.
pub fn find<P: ShowsUsers>(snapshot: &Snapshot<'_>, by: &Allowed<P>, id: InvitationId) -> Result<Invitation, Error> {
    sql::find(snapshot, by.account(), id)?.ok_or(Error::NotFound)
}

/// What became of one line of a list.
#[derive(Debug)]
pub enum Sent {
    /// It can be made, and was not: the list was only looked at.
    Possible,
    /// Made, its mail promised.
    Mailed(InvitationId),
    /// Made without a mail: the link, this once.
    Link(InvitationId, String),
}

/// Makes the invitations of a list, in order and in one transaction. A line that is refused says why and hinders no other;
/// anything else that goes wrong undoes all of it. With `dry_run` nothing is made, and every line says what would become of it.
pub fn send_many(
    tx: &Tx<'_>,
    by: &Allowed<ManageUsers>,
    list: &[NewInvitation],
    send_mail: bool,
    dry_run: bool,
) -> Result<Vec<Result<Sent, Error>>, Error> {
    let mut seen = HashSet::new();
    let mut results = Vec::with_capacity(list.len());
    for new in list {
        let line = if !seen.insert(new.email.key().as_str().to_owned()) {
            Err(Error::ListedTwice)
        } else if dry_run {
            try_one(tx, by, new)
        } else {
            send_one(tx, by, new, send_mail)
        };
        match line {
            Err(error @ (Error::Fault(_) | Error::Denied(_) | Error::Guessing(_) | Error::AccountClosed)) => return Err(error),
            line => results.push(line),
        }
    }
    Ok(results)
}

fn try_one(tx: &Tx<'_>, by: &Allowed<ManageUsers>, new: &NewInvitation) -> Result<Sent, Error> {
    ops::refuse(tx, by, new)?;
    match sql::open_for(tx, by.account(), &new.email.key())? {
        Some(pending) => Err(Error::AlreadyPending(pending)),
        None => Ok(Sent::Possible),
    }
}

fn send_one(tx: &Tx<'_>, by: &Allowed<ManageUsers>, new: &NewInvitation, send_mail: bool) -> Result<Sent, Error> {
    if send_mail {
        ops::send(tx, by, new).map(Sent::Mailed)
    } else {
        ops::send_without_mail(tx, by, new).map(|(id, link)| Sent::Link(id, link))
    }
}
