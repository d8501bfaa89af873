//! `/api/v1/users/{user}/sessions`: where a user is logged in.

use axum::extract::Path;
use latchkey_core::access::{ApiRight, EditUsers, ViewStaffArea};
use latchkey_core::id::{SessionId, UserId};
use latchkey_core::{session, user};
use latchkey_http::Routes;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::answer::Answer;
use super::call::{Change, Nothing};
use super::page::Page;
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
            second_factor_at: time::maybe(session.second_factor_at),
        }
    }
}

/// Lists a user's sessions, latest used first.
#[utoipa::path(get, path = "/api/v1/users/{user}/sessions", tag = "sessions", params(("user" = i64, Path)), responses((status = 200, body = Page<Session>)))]
pub(crate) async fn list(machine: Machine, Path(id): Path<i64>) -> Result<Answer, Problem> {
    let found = machine.look(ApiRight::SessionsRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ViewStaffArea>(call)?;
        user::find(snapshot, UserId(id))?.ok_or(user::Error::NotFound)?;
        Ok(session::of_user(snapshot, &by, UserId(id))?)
    });
    Ok(Page::whole(found.await?.into_iter().map(Session::from).collect()))
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
    let work = change.run(ApiRight::SessionsWrite, move |tx, call, _, _| {
        let by = tx.authorize_api_staff::<EditUsers>(call)?;
        session::end_of(tx, &by, UserId(user), SessionId(id))?;
        Ok(Answer::none())
    });
    work.await
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(list, end_all, end))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/v1/users/{user}/sessions", list)
        .delete("/api/v1/users/{user}/sessions", end_all)
        .delete("/api/v1/users/{user}/sessions/{session}", end)
}
