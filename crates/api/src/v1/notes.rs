//! `/api/v1/accounts/{account}/notes`: what staff notes down about an account.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ApiRight, ViewStaffArea, WriteNotes};
use latchkey_core::error::Invalid;
use latchkey_core::id::{AccountId, NoteId};
use latchkey_core::{account, note};
use latchkey_http::Routes;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::answer::Answer;
use super::call::{Change, Nothing, Post, Query};
use super::page::{Page, PageParameters, Paging};
use super::time;
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// A note of the staff on an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct Note {
    id: i64,
    text: String,
    author: String,
    /// Whether it stands on top.
    pinned: bool,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<note::Note> for Note {
    fn from(note: note::Note) -> Self {
        let created_at = time::at(note.created_at);
        Self { id: note.id.0, text: note.text, author: note.author, pinned: note.pinned, created_at }
    }
}

/// A note to be written.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct NewNote {
    #[schema(max_length = 5000)]
    text: String,
    pinned: Option<bool>,
}

/// What to change of a note.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct NoteChange {
    pinned: bool,
}

/// Lists an account's notes, newest first.
#[utoipa::path(get, path = "/api/v1/accounts/{account}/notes", tag = "notes", params(("account" = i64, Path), PageParameters), responses((status = 200, body = Page<Note>)))]
pub(crate) async fn list(machine: Machine, Path(account): Path<i64>, query: Query<PageParameters>) -> Result<Response, Problem> {
    let paging = Paging::of(query)?;
    let (before, fetch) = (paging.after().map(NoteId), paging.fetch());
    let found = machine.look(ApiRight::NotesRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ViewStaffArea>(call)?;
        account::find(snapshot, AccountId(account))?.ok_or(account::Error::NotFound)?;
        Ok(note::page(snapshot, &by, AccountId(account), before, fetch)?)
    });
    Ok(paging.page(found.await?, |note| note.id.0, Note::from))
}

/// Shows a note.
#[utoipa::path(get, path = "/api/v1/accounts/{account}/notes/{note}", tag = "notes", params(("account" = i64, Path), ("note" = i64, Path)), responses((status = 200, body = Note)))]
pub(crate) async fn show(machine: Machine, Path((account, id)): Path<(i64, i64)>) -> Result<Answer, Problem> {
    let found = machine.look(ApiRight::NotesRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ViewStaffArea>(call)?;
        Ok(note::find(snapshot, &by, AccountId(account), NoteId(id))?)
    });
    Ok(Answer::tagged(&Note::from(found.await?)))
}

/// Writes a note.
#[utoipa::path(post, path = "/api/v1/accounts/{account}/notes", tag = "notes", params(("account" = i64, Path)), request_body = NewNote, responses((status = 201, body = Note)))]
pub(crate) async fn create(Path(account): Path<i64>, post: Post<NewNote>) -> Result<Answer, Problem> {
    let account = AccountId(account);
    let work = post.run(ApiRight::NotesWrite, move |tx, call, new| {
        let by = tx.authorize_api_staff::<WriteNotes>(call)?;
        let text = note::parse(&new.text).map_err(|message| Problem::invalid(vec![Invalid::new("text", message)]))?;
        let id = note::add(tx, &by, account, &text, new.pinned.unwrap_or(false))?;
        let seen = tx.authorize_api_staff::<ViewStaffArea>(call)?;
        let made = Note::from(note::find(tx, &seen, account, id)?);
        Ok(Answer::created_tagged(format!("/api/v1/accounts/{account}/notes/{id}"), &made))
    });
    work.await
}

/// Puts a note on top, or back into the list.
#[utoipa::path(patch, path = "/api/v1/accounts/{account}/notes/{note}", tag = "notes", params(("account" = i64, Path), ("note" = i64, Path)), request_body = NoteChange, responses((status = 200, body = Note)))]
pub(crate) async fn update(Path((account, id)): Path<(i64, i64)>, change: Change<NoteChange>) -> Result<Answer, Problem> {
    let (account, id) = (AccountId(account), NoteId(id));
    let work = change.run(ApiRight::NotesWrite, move |tx, call, change, if_match| {
        let by = tx.authorize_api_staff::<WriteNotes>(call)?;
        let seen = tx.authorize_api_staff::<ViewStaffArea>(call)?;
        note::hold(tx, &by, account)?;
        if_match.check(&Note::from(note::find(tx, &seen, account, id)?))?;
        note::set_pinned(tx, &by, account, id, change.pinned)?;
        Ok(Answer::tagged(&Note::from(note::find(tx, &seen, account, id)?)))
    });
    work.await
}

/// Deletes a note.
#[utoipa::path(delete, path = "/api/v1/accounts/{account}/notes/{note}", tag = "notes", params(("account" = i64, Path), ("note" = i64, Path)), responses((status = 204)))]
pub(crate) async fn delete(Path((account, id)): Path<(i64, i64)>, change: Change<Nothing>) -> Result<Answer, Problem> {
    let (account, id) = (AccountId(account), NoteId(id));
    let work = change.run(ApiRight::NotesWrite, move |tx, call, _, if_match| {
        let by = tx.authorize_api_staff::<WriteNotes>(call)?;
        let seen = tx.authorize_api_staff::<ViewStaffArea>(call)?;
        note::hold(tx, &by, account)?;
        if_match.check(&Note::from(note::find(tx, &seen, account, id)?))?;
        note::delete(tx, &by, account, id)?;
        Ok(Answer::none())
    });
    work.await
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(list, show, create, update, delete))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/v1/accounts/{account}/notes", list)
        .post("/api/v1/accounts/{account}/notes", create)
        .get("/api/v1/accounts/{account}/notes/{note}", show)
        .patch("/api/v1/accounts/{account}/notes/{note}", update)
        .delete("/api/v1/accounts/{account}/notes/{note}", delete)
}
