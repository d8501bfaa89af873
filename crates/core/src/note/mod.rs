//! Notes of the staff on an account.

use crate::access::{AllowedAdmin, ViewStaffArea, WriteNotes};
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row};
use crate::error::{Fault, HasKind, Kind};
use crate::event::{Event, EventKind};
use crate::id::{AccountId, NoteId};
use crate::{account, params, text};

/// Longest note, in characters.
pub const MAX_LENGTH: usize = 5_000;

/// A note.
#[derive(Clone, Debug)]
pub struct Note {
    /// The note.
    pub id: NoteId,
    /// What it says.
    pub text: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub created_at: Timestamp,
    /// Whether it stands on top, and on the client's summary.
    pub pinned: bool,
}

/// Why a note could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such account or note.
    #[error("there is no such note")]
    NotFound,
    /// No ticket.
    #[error(transparent)]
    Denied(#[from] crate::access::Denied),
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}

/// Reads what was typed.
pub fn parse(typed: &str) -> Result<String, &'static str> {
    text::paragraph(typed, MAX_LENGTH)
}

/// The notes of an account: pinned ones first, then the latest.
pub fn list(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ViewStaffArea>, account: AccountId) -> Result<Vec<Note>, Fault> {
    snapshot.all(
        "select id, text, author_name, created_at, case when pinned_at is null then 0 else 1 end from notes
         where account_id = $1 order by case when pinned_at is null then 1 else 0 end, id desc limit 500",
        params![account],
        note,
    )
}

/// The notes of an account, newest first, before this one: a page for programs.
pub fn page(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewStaffArea>,
    account: AccountId,
    before: Option<NoteId>,
    limit: i64,
) -> Result<Vec<Note>, Fault> {
    snapshot.all(
        "select id, text, author_name, created_at, case when pinned_at is null then 0 else 1 end from notes
         where account_id = $1 and id < $2 order by id desc limit $3",
        params![account, before.map_or(i64::MAX, |id| id.0), limit],
        note,
    )
}

/// One note of an account.
pub fn find(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ViewStaffArea>, account: AccountId, id: NoteId) -> Result<Note, Error> {
    let found = snapshot.optional(
        "select id, text, author_name, created_at, case when pinned_at is null then 0 else 1 end from notes
         where account_id = $1 and id = $2",
        params![account, id],
        note,
    )?;
    found.ok_or(Error::NotFound)
}

fn note(row: &mut Row) -> Result<Note, DbError> {
    Ok(Note { id: row.take()?, text: row.take()?, author: row.take()?, created_at: row.take()?, pinned: row.take()? })
}

/// Adds a note.
pub fn add(tx: &Tx<'_>, by: &AllowedAdmin<WriteNotes>, account: AccountId, text: &str, pinned: bool) -> Result<NoteId, Error> {
    account::hold(tx, account)?;
    let name = account_name(tx, account)?;
    let id = tx.one(
        "insert into notes (account_id, text, author_id, author_name, created_at, pinned_at) values ($1, $2, $3, $4, $5, $6) returning id",
        params![account, text, by.id(), by.actor().name, tx.now(), pinned.then(|| tx.now())],
        Row::take,
    )?;
    tx.record(by.actor(), &Event::new(EventKind::NoteAdded).in_account(account, &name))?;
    Ok(id)
}

/// Puts a note on top, or back into the list, and returns whether it is on top now.
pub fn toggle_pin(tx: &Tx<'_>, by: &AllowedAdmin<WriteNotes>, account: AccountId, id: NoteId) -> Result<bool, Error> {
    let name = account_name(tx, account)?;
    let pinned: Option<bool> = tx.optional(
        "update notes set pinned_at = case when pinned_at is null then $1 else null end where account_id = $2 and id = $3
         returning case when pinned_at is null then 0 else 1 end",
        params![tx.now(), account, id],
        Row::take,
    )?;
    let pinned = pinned.ok_or(Error::NotFound)?;
    tx.record(by.actor(), &Event::new(EventKind::NoteUpdated).in_account(account, &name))?;
    Ok(pinned)
}

/// Puts a note on top, or back into the list. One that is there already stays.
pub fn set_pinned(tx: &Tx<'_>, by: &AllowedAdmin<WriteNotes>, account: AccountId, id: NoteId, pinned: bool) -> Result<(), Error> {
    let name = account_name(tx, account)?;
    let changed = tx.execute(
        "update notes set pinned_at = $1 where account_id = $2 and id = $3 and case when pinned_at is null then 0 else 1 end <> $4",
        params![pinned.then(|| tx.now()), account, id, i64::from(pinned)],
    )?;
    if changed == 1 {
        tx.record(by.actor(), &Event::new(EventKind::NoteUpdated).in_account(account, &name))?;
    }
    Ok(())
}

/// The account's notes stay as they are until the transaction ends.
pub fn hold(tx: &Tx<'_>, _by: &AllowedAdmin<WriteNotes>, account: AccountId) -> Result<(), Error> {
    if account::hold(tx, account)? { Ok(()) } else { Err(Error::NotFound) }
}

/// Deletes a note.
pub fn delete(tx: &Tx<'_>, by: &AllowedAdmin<WriteNotes>, account: AccountId, id: NoteId) -> Result<(), Error> {
    let name = account_name(tx, account)?;
    if tx.execute("delete from notes where account_id = $1 and id = $2", params![account, id])? == 0 {
        return Err(Error::NotFound);
    }
    Ok(tx.record(by.actor(), &Event::new(EventKind::NoteDeleted).in_account(account, &name))?)
}

fn account_name(snapshot: &Snapshot<'_>, account: AccountId) -> Result<String, Error> {
    Ok(account::find(snapshot, account)?.ok_or(Error::NotFound)?.details.name)
}
