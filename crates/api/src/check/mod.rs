//! Permission checks: the questions that billing, support and panels ask.

mod body;
mod lists;
mod session;

use std::borrow::Cow;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use latchkey_core::check::{self, Answer, Asker, Fresh, Reason};
use latchkey_core::error::Fault;
use latchkey_core::id::RoleId;
use latchkey_core::role;
use latchkey_http::Routes;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::machine;
use crate::problem::{Document, Problem};
use crate::state::Api;
use crate::v1::member_roles::RoleNamed;
use crate::v1::{self, Whole};

pub(crate) use lists::routes as lists;

/// The rows of this part that are asked all the time: [`guard`] stands before them, and they have a limit of their own.
pub(crate) fn routes() -> Routes<Api> {
    Routes::default().post("/api/v1/check", ask).post("/api/v1/session/check", session::ask)
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(ask, session::ask, lists::accounts, lists::users))]
pub(crate) struct Doc;

/// A credential that may ask, and this node's promise that it knows every change since the question came.
pub(crate) struct Asking {
    api: Api,
    request: latchkey_core::app::Request,
    asker: Arc<Asker>,
    fresh: Fresh,
}

impl Asking {
    async fn begin(parts: &Parts, api: &Api) -> Result<Self, Problem> {
        let request = machine::request(parts, api)?;
        let fresh = check::fresh(api.app()).await?;
        let asker = check::recognise(api.app(), &fresh, machine::shown(parts).as_ref(), request.ip).await?;
        machine::touch(api, &request, &asker.caller);
        Ok(Self { api: api.clone(), request, asker, fresh })
    }
}

/// Lets nobody pass who may not ask, or asks too often.
pub(crate) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        return v1::allowed(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let asking = match Asking::begin(&parts, &api).await {
        Ok(asking) => asking,
        Err(problem) => return problem.into_response(),
    };
    let left = api.limits().checks.take(asking.asker.caller.id(), api.app().now());
    parts.extensions.insert(Arc::new(asking));
    left.pass(Request::from_parts(parts, body), next).await
}

/// What [`guard`] has found out.
pub(crate) struct Asks(Arc<Asking>);

impl FromRequestParts<Api> for Asks {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match parts.extensions.remove::<Arc<Asking>>() {
            Some(asking) => Ok(Self(asking)),
            None => Asking::begin(parts, api).await.map(|asking| Self(Arc::new(asking))),
        }
    }
}

/// One answer.
#[derive(Serialize, ToSchema)]
#[schema(as = CheckAnswer)]
struct Told {
    /// Whether the user may.
    allowed: bool,
    /// The account's: every change to who may do what raises it. Null for an account that there is not.
    revision: Option<i64>,
    /// Why, when that was asked for: `owner`, `role`, `grant`, `not-held`, `not-a-member`, `account-closed`, `membership-ended`,
    /// `two-factor-missing`, `address-not-confirmed`, `unknown-user` or `unknown-account`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The membership's role that gives the permission, when that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<RoleNamed>,
}

impl Told {
    fn new(answer: Answer, explained: Option<&[(RoleId, String)]>) -> Self {
        let reason = explained.map(|_| answer.reason.key());
        let named = |id: RoleId| {
            let name = explained?.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone())?;
            Some(RoleNamed { id: id.0, name })
        };
        let role = if let Reason::Role(id) = answer.reason { named(id) } else { None };
        Self { allowed: answer.allowed, revision: answer.revision, reason, role }
    }
}

/// The names of the roles that are reasons.
async fn names(api: &Api, answers: &[Answer]) -> Result<Vec<(RoleId, String)>, Fault> {
    let mut ids: Vec<RoleId> =
        answers.iter().filter_map(|answer| if let Reason::Role(id) = answer.reason { Some(id) } else { None }).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() { Ok(Vec::new()) } else { api.app().read(move |snapshot| role::names(snapshot, &ids)).await }
}

/// One answer, or one for each question in their order.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = CheckAnswers)]
enum Answered {
    One(Told),
    Many {
        /// One for each question, in their order.
        answers: Vec<Told>,
    },
}

/// May this user do that? Asks one question, or up to 1,000. What was taken away is refused by the next answer of every node.
#[utoipa::path(post, path = "/api/v1/check", tag = "checks", operation_id = "check", request_body = body::Body, responses(
    (status = 200, body = Answered),
    (status = 412, description = "The server has not seen a revision that `at_least` demands.", body = Document, content_type = "application/problem+json"),
))]
async fn ask(Asks(asking): Asks, headers: HeaderMap, Whole(body): Whole) -> Result<Json<impl Serialize>, Problem> {
    let asked = body::Asked::read(&headers, &body)?;
    let app = asking.api.app();
    let answers =
        check::check(app, &asking.fresh, asking.asker.scope, &asked.questions, &asked.at_least).await.map_err(refused)?;
    let names = if asked.explain { Some(names(&asking.api, &answers).await?) } else { None };
    let mut told = answers.into_iter().map(|answer| Told::new(answer, names.as_deref()));
    let one = if asked.is_one { told.next() } else { None };
    Ok(Json(one.map_or_else(|| Answered::Many { answers: told.collect() }, Answered::One)))
}

/// A demanded revision that is not there has an answer of its own: what was asked for is a precondition. Of those that no question can
/// answer each is named.
fn refused(error: check::Error) -> Problem {
    match error {
        check::Error::TooOld { .. } => {
            Problem::new(StatusCode::PRECONDITION_FAILED, "revision-too-old", "api-error-revision-too-old")
        }
        check::Error::NotAsked(accounts) => {
            let field = |account| (Cow::Owned(format!("at_least.{account}")), check::NOT_ASKED);
            Problem::fields(accounts.into_iter().map(field).collect())
        }
        error => error.into(),
    }
}
