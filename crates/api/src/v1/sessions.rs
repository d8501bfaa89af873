//! `/api/v1/users/{user}/sessions`: where a user is logged in.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ApiRight, EditUsers, ViewStaffArea};
use latchkey_core::id::{SessionId, UserId};
use latchkey_core::{session, user};
use latchkey_http::Routes;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::answer::Answer;
use super::call::{Change, Nothing, Query};
use super::page::{Page, PageParameters, Paging};
use super::time;
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// A login of a user that has not ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    id: i64,
    #[schema(format = DateTime)]
    created_at: String,
    /// To the minute.
    #[schema(format = DateTime)]
    last_seen_at: String,
    /// When it ends at the latest.
    #[schema(format = DateTime)]
    expires_at: String,
    ip: String,
    /// The host of that address, when its name leads back to it.
    host: Option<String>,
    user_agent: String,
    /// `login`, or `sso` for one that another system began with a login link.
    begun_by: &'static str,
    /// When a second factor was last shown in it.
    #[schema(format = DateTime)]
    second_factor_at: Option<String>,
}

impl From<session::Session> for Session {
    fn from(session: session::Session) -> Self {
        Self {
            id: session.id.0,
            created_at: time::at(session.created_at),
            last_seen_at: time::at(session.last_seen_at),
            expires_at: time::at(session.expires_at),
            ip: session.ip,
            host: session.host,
            user_agent: session.user_agent,
            begun_by: session.begun_by.key(),
            second_factor_at: time::maybe(session.second_factor_at),
        }
    }
}

/// Lists a user's sessions, newest first.
#[utoipa::path(get, path = "/api/v1/users/{user}/sessions", tag = "sessions", params(("user" = i64, Path), PageParameters), responses((status = 200, body = Page<Session>)))]
pub(crate) async fn list(machine: Machine, Path(id): Path<i64>, query: Query<PageParameters>) -> Result<Response, Problem> {
    let paging = Paging::of(query)?;
    let (before, fetch) = (paging.after().map(SessionId), paging.fetch());
    let found = machine.look(ApiRight::SessionsRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ViewStaffArea>(call)?;
        user::find(snapshot, UserId(id))?.ok_or(user::Error::NotFound)?;
        Ok(session::page(snapshot, &by, UserId(id), before, fetch)?)
    });
    Ok(paging.page(found.await?, |session| session.id.0, Session::from))
}

/// Shows a session of a user.
#[utoipa::path(get, path = "/api/v1/users/{user}/sessions/{session}", tag = "sessions", params(("user" = i64, Path), ("session" = i64, Path)), responses((status = 200, body = Session)))]
pub(crate) async fn show(machine: Machine, Path((user, id)): Path<(i64, i64)>) -> Result<Answer, Problem> {
    let found = machine.look(ApiRight::SessionsRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ViewStaffArea>(call)?;
        Ok(session::find_of(snapshot, &by, UserId(user), SessionId(id))?)
    });
    Ok(Answer::tagged(&Session::from(found.await?)))
}

/// Ends all sessions of a user.
#[utoipa::path(delete, path = "/api/v1/users/{user}/sessions", tag = "sessions", params(("user" = i64, Path)), responses((status = 204)))]
pub(crate) async fn end_all(Path(id): Path<i64>, change: Change<Nothing>) -> Result<Answer, Problem> {
    let work = change.run(ApiRight::SessionsWrite, move |tx, call, _, _| {
        let by = tx.authorize_api_staff::<EditUsers>(call)?;
        session::end_all_of(tx, &by, UserId(id))?;
        Ok(Answer::none())
    });
    work.await
}

/// Ends one session of a user.
#[utoipa::path(delete, path = "/api/v1/users/{user}/sessions/{session}", tag = "sessions", params(("user" = i64, Path), ("session" = i64, Path)), responses((status = 204)))]
pub(crate) async fn end(Path((user, id)): Path<(i64, i64)>, change: Change<Nothing>) -> Result<Answer, Problem> {
    let (user, id) = (UserId(user), SessionId(id));
    let work = change.run(ApiRight::SessionsWrite, move |tx, call, _, if_match| {
        let by = tx.authorize_api_staff::<EditUsers>(call)?;
        if_match.check(&Session::from(session::find_to_end(tx, &by, user, id)?))?;
        session::end_of(tx, &by, user, id)?;
        Ok(Answer::none())
    });
    work.await
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(list, end_all, show, end))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/v1/users/{user}/sessions", list)
        .delete("/api/v1/users/{user}/sessions", end_all)
        .get("/api/v1/users/{user}/sessions/{session}", show)
        .delete("/api/v1/users/{user}/sessions/{session}", end)
}
