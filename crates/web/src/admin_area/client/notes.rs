//! **Notes** of the staff. Members never see them.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ViewStaffArea, WriteNotes};
use latchkey_core::account;
use latchkey_core::clock::Timestamp;
use latchkey_core::error::Invalid;
use latchkey_core::id::{AccountId, NoteId};
use latchkey_core::note::{self, Error, Note};
use serde::{Deserialize, Serialize};

use super::Client;
use crate::error::PageError;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::visit::Staff;

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct NoteForm {
    text: String,
    pinned: String,
}

/// A note.
#[derive(Serialize)]
pub(super) struct NoteShown {
    id: i64,
    text: String,
    author: String,
    created_at: Timestamp,
    pinned: bool,
}

impl From<Note> for NoteShown {
    fn from(note: Note) -> Self {
        Self { id: note.id.0, text: note.text, author: note.author, created_at: note.created_at, pinned: note.pinned }
    }
}

fn path(account: AccountId) -> String {
    format!("/admin/clients/{account}/notes")
}

async fn tab(staff: &Staff, id: AccountId, form: &NoteForm, invalid: &[Invalid]) -> Result<Response, PageError> {
    let admin = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(admin)?;
        Ok::<_, Error>((account::find(snapshot, id)?.ok_or(Error::NotFound)?, note::list(snapshot, &by, id)?))
    });
    let (account, notes) = loaded.await?;
    let context = context! {
        client => Client::from(account),
        notes => notes.into_iter().map(NoteShown::from).collect::<Vec<_>>(),
        form => Shown::new(form).with_errors(&staff.visit.web, invalid),
    };
    Ok(page::form(&staff.visit, "admin/client/notes.html", invalid, context))
}

/// The tab.
pub(crate) async fn show(staff: Staff, Path(id): Path<AccountId>) -> Answer {
    tab(&staff, id, &NoteForm::default(), &[]).await
}

/// Adds a note.
pub(crate) async fn add(staff: Staff, Path(id): Path<AccountId>, Form(form): Form<NoteForm>) -> Answer {
    staff.may::<WriteNotes>().await?;
    let (visit, admin) = (&staff.visit, staff.id());
    let pinned = !form.pinned.is_empty();
    let parsed = note::parse(&form.text).map_err(|message| vec![Invalid::new("text", message)]);
    let added = page::submit(visit, parsed, move |tx, text| {
        let by = tx.authorize_admin::<WriteNotes>(admin)?;
        note::add(tx, &by, id, &text, pinned)
    });
    match added.await? {
        Outcome::Done(_) => Ok(page::done(visit, &path(id), "flash-note-added", &[])),
        Outcome::Invalid(problems) => tab(&staff, id, &form, &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, &path(id), message)),
    }
}

/// Pins a note, or unpins it.
pub(crate) async fn pin(staff: Staff, Path((account, id)): Path<(AccountId, NoteId)>, _: Form<Pressed>) -> Answer {
    let (visit, admin) = (&staff.visit, staff.id());
    let pinned = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<WriteNotes>(admin)?;
        note::toggle_pin(tx, &by, account, id)
    });
    page::pressed(visit, &path(account), pinned.await, |pinned| {
        page::done(visit, &path(account), if pinned { "flash-note-pinned" } else { "flash-note-unpinned" }, &[])
    })
}

/// Deletes a note.
pub(crate) async fn delete(staff: Staff, Path((account, id)): Path<(AccountId, NoteId)>, _: Form<Pressed>) -> Answer {
    let (visit, admin) = (&staff.visit, staff.id());
    let deleted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<WriteNotes>(admin)?;
        note::delete(tx, &by, account, id)
    });
    page::pressed(visit, &path(account), deleted.await, |()| page::done(visit, &path(account), "flash-note-deleted", &[]))
}
