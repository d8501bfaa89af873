//! Permission checks: the questions that billing, support and panels ask.

mod body;
mod lists;
mod session;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use latchkey_core::app::Request;
use latchkey_core::check::{self, Answer, Asker, Fresh};
use latchkey_http::Routes;
use serde::Serialize;

use crate::machine;
use crate::problem::Problem;
use crate::state::Api;

/// The rows of this part.
pub(crate) fn routes() -> Routes<Api> {
    Routes::default()
        .post("/api/v1/check", ask)
        .post("/api/v1/session/check", session::ask)
        .get("/api/v1/users/{id}/accounts", lists::accounts)
        .get("/api/v1/accounts/{id}/users", lists::users)
}

/// A credential that may ask, and this node's promise that it knows every change since the question came.
pub(crate) struct Asking {
    api: Api,
    request: Request,
    asker: Arc<Asker>,
    fresh: Fresh,
}

impl FromRequestParts<Api> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let request = machine::request(parts, api)?;
        let fresh = check::fresh(api.app()).await?;
        let asker = check::recognise(api.app(), &fresh, machine::shown(parts).as_ref(), request.ip).await?;
        machine::touch(api, &request, &asker.caller);
        Ok(Self { api: api.clone(), request, asker: Arc::new(asker), fresh })
    }
}

/// One answer.
#[derive(Serialize)]
struct Told {
    allowed: bool,
    /// The account's revision; null for an account that there is not.
    revision: Option<i64>,
    /// Why, when that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

impl Told {
    fn new(answer: Answer, explain: bool) -> Self {
        let reason = explain.then(|| answer.reason.key());
        Self { allowed: answer.allowed, revision: answer.revision, reason }
    }
}

/// One answer, or one for each question in their order.
#[derive(Serialize)]
#[serde(untagged)]
enum Answered {
    #[serde(serialize_with = "only")]
    One(Vec<Told>),
    Many {
        answers: Vec<Told>,
    },
}

fn only<S: serde::Serializer>(told: &[Told], to: S) -> Result<S::Ok, S::Error> {
    told.first().serialize(to)
}

/// `POST /api/v1/check`
async fn ask(asking: Asking, State(api): State<Api>, headers: HeaderMap, body: Bytes) -> Result<Json<impl Serialize>, Problem> {
    let asked = body::Asked::read(&headers, &body)?;
    let answers = check::check(api.app(), &asking.fresh, asking.asker.scope, &asked.questions, &asked.at_least).await;
    let told: Vec<Told> = answers.map_err(refused)?.into_iter().map(|answer| Told::new(answer, asked.explain)).collect();
    Ok(Json(if asked.is_one { Answered::One(told) } else { Answered::Many { answers: told } }))
}

/// A demanded revision that is not there has an answer of its own: what was asked for is a precondition.
fn refused(error: check::Error) -> Problem {
    match error {
        check::Error::TooOld { .. } => {
            Problem::new(StatusCode::PRECONDITION_FAILED, "revision-too-old", "api-error-revision-too-old")
        }
        error => error.into(),
    }
}
