//! What a call consists of, as extractors: who calls, what it brings along, and what it says of sending it again.

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_TYPE, IF_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use latchkey_core::access::{ApiCall, ApiRight};
use latchkey_core::app::{Snapshot, Tx};
use latchkey_core::error::Invalid;
use latchkey_core::idempotency::{self, Once};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::answer::{Answer, IfMatch};
use super::schema::{self, Input};
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// The header that makes a call one that happens once.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// No fields at all: a call that says everything by its path.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct Nothing {}

impl Machine {
    /// [`Machine::read`] whose work may fail in more than one way: looks, in a read-only snapshot, with the call by this right.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        right: ApiRight,
        work: impl FnOnce(&Snapshot<'_>, ApiCall) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.read::<T, Problem>(right, work).await
    }
}

/// A query.
pub(crate) struct Query<T> {
    pub(crate) wanted: T,
    /// The path and the query as they were asked for.
    pub(crate) uri: axum::http::Uri,
}

impl<T: Input> FromRequestParts<Api> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _api: &Api) -> Result<Self, Problem> {
        let wanted = schema::read_query(parts.uri.query().unwrap_or_default())?;
        Ok(Self { wanted, uri: parts.uri.clone() })
    }
}

/// A `POST`.
pub(crate) struct Post<T> {
    pub(crate) machine: Machine,
    once: Option<Once>,
    pub(crate) body: T,
}

impl<T: Input> FromRequest<Api> for Post<T> {
    type Rejection = Problem;

    async fn from_request(mut request: Request, api: &Api) -> Result<Self, Problem> {
        let machine: Machine = request.extract_parts_with_state(api).await?;
        let (parts, bytes) = whole(request, api).await?;
        let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
        let once = once(&parts.headers, &[parts.method.as_str().as_bytes(), path.as_bytes(), &bytes])?;
        Ok(Self { machine, once, body: body(&parts.headers, &bytes)? })
    }
}

impl<T: Clone + Send + 'static> Post<T> {
    /// Does the work in a transaction, with the call by this right: once for all calls with the same key.
    pub(crate) async fn run(
        self,
        right: ApiRight,
        work: impl Fn(&Tx<'_>, ApiCall, T) -> Result<Answer, Problem> + Send + 'static,
    ) -> Result<Answer, Problem> {
        let Self { machine, once, body } = self;
        let written = machine.write::<_, Problem>(right, move |tx, call| {
            let Some(once) = &once else { return work(tx, call, body.clone()) };
            if let Some(kept) = idempotency::begin(tx, call, once)? {
                return Answer::from_bytes(&kept).ok_or_else(|| idempotency::Error::Lost.into());
            }
            let answer = work(tx, call, body.clone())?;
            idempotency::keep(tx, call, once, &answer.to_bytes())?;
            Ok(answer)
        });
        written.await
    }
}

/// A `PATCH` or `DELETE`.
pub(crate) struct Change<T> {
    pub(crate) machine: Machine,
    if_match: IfMatch,
    body: T,
}

impl<T: Input> FromRequest<Api> for Change<T> {
    type Rejection = Problem;

    async fn from_request(mut request: Request, api: &Api) -> Result<Self, Problem> {
        let machine: Machine = request.extract_parts_with_state(api).await?;
        let (parts, bytes) = whole(request, api).await?;
        // One that cannot be read names no version: it is never as if there were none.
        let tags: Vec<&str> = parts.headers.get_all(IF_MATCH).iter().map(|tag| tag.to_str().unwrap_or_default()).collect();
        let if_match = IfMatch((!tags.is_empty()).then(|| tags.join(",")));
        Ok(Self { machine, if_match, body: body(&parts.headers, &bytes)? })
    }
}

impl<T: Clone + Send + 'static> Change<T> {
    /// Does the work in a transaction, with the call by this right.
    pub(crate) async fn run(
        self,
        right: ApiRight,
        work: impl Fn(&Tx<'_>, ApiCall, T, IfMatch) -> Result<Answer, Problem> + Send + 'static,
    ) -> Result<Answer, Problem> {
        let Self { machine, if_match, body } = self;
        machine.write::<_, Problem>(right, move |tx, call| work(tx, call, body.clone(), if_match.clone())).await
    }
}

/// A body as it came.
pub(crate) struct Whole(pub(crate) Bytes);

impl FromRequest<Api> for Whole {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        Bytes::from_request(request, api).await.map(Self).map_err(|rejection| Problem::unread(&rejection))
    }
}

async fn whole(request: Request, api: &Api) -> Result<(Parts, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let Whole(bytes) = Whole::from_request(Request::from_parts(parts.clone(), body), api).await?;
    Ok((parts, bytes))
}

fn once(headers: &HeaderMap, parts: &[&[u8]]) -> Result<Option<Once>, Problem> {
    let wrong = |message| Problem::invalid(vec![Invalid::new("Idempotency-Key", message)]);
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) => Once::parse(key.to_str().unwrap_or_default(), parts).map(Some).map_err(wrong),
        (Some(_), Some(_)) => Err(wrong("error-idempotency-key")),
    }
}

/// The document; no body at all is an empty one.
fn body<T: Input>(headers: &HeaderMap, bytes: &Bytes) -> Result<T, Problem> {
    if bytes.is_empty() {
        return schema::read(Value::Object(serde_json::Map::new()));
    }
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "api-error-media-type"));
    }
    let malformed = |_| Problem::new(StatusCode::BAD_REQUEST, "malformed", "api-error-malformed");
    schema::read(serde_json::from_slice(bytes).map_err(malformed)?)
}
