//! The one mapping from errors to `application/problem+json` (RFC 9457).
//!
//! A handler returns [`Problem`]; its response carries what went wrong in an extension, and [`render`], a layer around all
//! routes, makes the document of it – also of what the router itself answers (404, 405, 413). Logged once, here, with the chain of
//! causes; nothing internal is answered.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Write;

use axum::body::Body;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use latchkey_core::error::{HasKind, Invalid, Kind, Refusal};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::Api;

/// Why a call has no answer of its own.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    status: StatusCode,
    /// What stands behind `#problem-` in `type`: stable, for programs.
    name: &'static str,
    /// The key of the text for people.
    text: &'static str,
    /// What the text names.
    what: Cow<'static, str>,
    /// Fields, and the keys of what is wrong with them.
    fields: Vec<(Cow<'static, str>, &'static str)>,
    retry_after: Option<u64>,
    first: Option<i64>,
    reference: Option<String>,
}

/// What went wrong (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Document {
    /// Names the problem; stays the same.
    r#type: String,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// For people, in English.
    detail: String,
    /// Under which the server's log has more.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// The number of the first event that is there, where earlier ones were removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<i64>,
    /// The fields that cannot be taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// One field that cannot be taken.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Its name; `list.0.name` for one inside a list.
    field: String,
    /// Stays the same.
    code: &'static str,
    /// For people, in English.
    detail: String,
}

impl FieldError {
    fn new(api: &Api, field: &str, message: &'static str) -> Self {
        let code = message.strip_prefix("error-").unwrap_or(message);
        Self { field: field.to_owned(), code, detail: api.text(message, &[]) }
    }
}

impl Problem {
    /// A problem of this status, by its stable name and the key of its text.
    pub(crate) fn new(status: StatusCode, name: &'static str, text: &'static str) -> Self {
        let (what, fields) = (Cow::Borrowed(""), Vec::new());
        Self(Box::new(Inner { status, name, text, what, fields, retry_after: None, first: None, reference: None }))
    }

    /// There is no such thing, or this caller may not see it.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "api-error-not-found")
    }

    /// Some fields cannot be taken.
    pub(crate) fn invalid(fields: Vec<Invalid>) -> Self {
        Self::fields(fields.into_iter().map(|Invalid { field, message, .. }| (Cow::Borrowed(field), message)).collect())
    }

    /// Some fields cannot be taken, by names that only the call knows.
    pub(crate) fn fields(fields: Vec<(Cow<'static, str>, &'static str)>) -> Self {
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "api-error-invalid");
        Self(Box::new(Inner { fields, ..*problem.0 }))
    }

    /// The same, for fields of one part of what was sent, such as `checks.3.`.
    pub(crate) fn within(mut self, part: &str) -> Self {
        for (field, _) in &mut self.0.fields {
            *field = Cow::Owned(format!("{part}{field}"));
        }
        self
    }

    /// The body could not be read: it came too late, is too large, or breaks off.
    pub(crate) fn unread(rejection: &BytesRejection) -> Self {
        if latchkey_http::came_too_late(rejection) {
            return Self::new(StatusCode::REQUEST_TIMEOUT, "too-late", "api-error-too-late");
        }
        bare(rejection.status())
    }

    /// Too many calls: the next makes sense after so many seconds.
    pub(crate) fn limited(seconds: u64) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "limited", "api-error-limited");
        Self(Box::new(Inner { retry_after: Some(seconds.max(1)), ..*problem.0 }))
    }

    /// The same, with a field by another name: what a form calls it may be called otherwise in a document.
    pub(crate) fn renamed(mut self, from: &str, to: &'static str) -> Self {
        for (field, _) in self.0.fields.iter_mut().filter(|(field, _)| field == from) {
            *field = Cow::Borrowed(to);
        }
        self
    }

    /// What is wrong with the first field, for a line of a list.
    pub(crate) fn first_field(&self, api: &Api) -> Option<FieldError> {
        self.0.fields.first().map(|(field, message)| FieldError::new(api, field, message))
    }

    fn naming(self, what: &'static str) -> Self {
        Self(Box::new(Inner { what: Cow::Borrowed(what), ..*self.0 }))
    }

    /// Some of what was asked for was removed, and what is there begins with this event.
    fn removed(first: i64) -> Self {
        let problem = Self::new(StatusCode::GONE, "log-shortened", "api-error-log-begins");
        Self(Box::new(Inner { what: Cow::Owned(first.to_string()), first: Some(first), ..*problem.0 }))
    }

    fn refused(refusal: Refusal) -> Self {
        let new = |name, text| Self::new(StatusCode::FORBIDDEN, name, text);
        match refusal {
            Refusal::MissingRight(right) => new("right-missing", "api-error-right").naming(right.key()),
            Refusal::MissingAdmin(permission) => new("permission-missing", "api-error-permission").naming(permission.key()),
            Refusal::Missing(permission) => new("permission-missing", "api-error-permission").naming(permission.key()),
            Refusal::Address => new("address-not-allowed", "api-error-address"),
            Refusal::Closed => new("account-closed", "api-error-closed"),
            Refusal::OwnerOnly => new("owner-only", "api-error-owner-only"),
            Refusal::StaffOnly => new("account-bound", "api-error-staff-only"),
            Refusal::NotVerified | Refusal::SingleSignOn | Refusal::SecondFactor | Refusal::Unconfirmed | Refusal::OnBehalf => {
                new("forbidden", "api-error-forbidden")
            }
        }
    }

    fn internal(error: &dyn Error) -> Self {
        let mut bytes = [0; 6];
        // Without randomness the number says nothing, and the answer is given all the same.
        let _ = latchkey_core::secret::Random::system().fill(&mut bytes);
        let reference = bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        tracing::error!(reference, error = chain(error), "a call failed");
        let problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "api-error-internal");
        Self(Box::new(Inner { reference: Some(reference), ..*problem.0 }))
    }
}

pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}

impl<E: HasKind + 'static> From<E> for Problem {
    fn from(error: E) -> Self {
        match error.kind() {
            Kind::Unauthenticated => Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "api-error-unauthenticated"),
            Kind::Forbidden(refusal) => Self::refused(refusal),
            Kind::NotFound => Self::new(StatusCode::NOT_FOUND, "not-found", "api-error-not-found"),
            Kind::Invalid(fields) => Self::invalid(fields),
            Kind::Conflict(text) => Self::new(StatusCode::CONFLICT, "conflict", text),
            Kind::Removed { first } => Self::removed(first),
            Kind::Gone => Self::new(StatusCode::GONE, "gone", "api-error-gone"),
            Kind::Limited { retry_after } => {
                // Rounded up: whoever comes back then is not a moment too early.
                Self::limited(retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0))
            }
            Kind::Internal => Self::internal(&error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Every name that stands behind `#problem-` in a `type`, with its status and the key of its text.
pub(crate) const NAMES: &[(&str, u16, &str)] = &[
    ("malformed", 400, "api-error-malformed"),
    ("headers", 400, "api-error-headers"),
    ("unauthenticated", 401, "api-error-unauthenticated"),
    ("right-missing", 403, "api-error-right-missing"),
    ("permission-missing", 403, "api-error-permission-missing"),
    ("address-not-allowed", 403, "api-error-address"),
    ("account-closed", 403, "api-error-closed"),
    ("owner-only", 403, "api-error-owner-only"),
    ("account-bound", 403, "api-error-staff-only"),
    ("forbidden", 403, "api-error-forbidden"),
    ("not-found", 404, "api-error-not-found"),
    ("method-not-allowed", 405, "api-error-method"),
    ("too-late", 408, "api-error-too-late"),
    ("conflict", 409, "api-error-conflict"),
    ("gone", 410, "api-error-gone"),
    ("log-shortened", 410, "api-error-log-shortened"),
    ("precondition", 412, "api-error-precondition"),
    ("revision-too-old", 412, "api-error-revision-too-old"),
    ("too-large", 413, "api-error-too-large"),
    ("media-type", 415, "api-error-media-type"),
    ("invalid", 422, "api-error-invalid"),
    ("limited", 429, "api-error-limited"),
    ("internal", 500, "api-error-internal"),
];

/// Makes the document of whatever went wrong.
pub(crate) async fn render(State(api): State<Api>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let problem = match response.extensions().get::<Problem>() {
        Some(problem) => problem.clone(),
        None if is_bare(&response) => bare(response.status()),
        None => return response,
    };
    let (mut parts, _) = response.into_parts();
    let text = serde_json::to_vec(&document(&api, &problem)).unwrap_or_default();
    let headers = &mut parts.headers;
    headers.remove(axum::http::header::CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if problem.0.status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Latchkey\""));
    }
    if let Some(seconds) = problem.0.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Response::from_parts(parts, Body::from(text))
}

/// Whether it is an error of the router's or an extractor's, which has no document yet.
fn is_bare(response: &Response) -> bool {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    is_error && (kind.is_empty() || kind.starts_with("text/plain"))
}

fn bare(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::new(status, "not-found", "api-error-not-found"),
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(status, "method-not-allowed", "api-error-method"),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(status, "too-large", "api-error-too-large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::new(status, "media-type", "api-error-media-type"),
        status if status.is_server_error() => Problem::new(status, "internal", "api-error-internal"),
        status => Problem::new(status, "malformed", "api-error-malformed"),
    }
}

fn document(api: &Api, problem: &Problem) -> Document {
    let Inner { status, name, text, what, fields, first, reference, .. } = &*problem.0;
    let errors = fields.iter().map(|(field, message)| FieldError::new(api, field, message));
    Document {
        r#type: format!("/api/docs#problem-{name}"),
        title: status.canonical_reason().unwrap_or_default().to_owned(),
        status: status.as_u16(),
        detail: api.text(text, &[("what", what.as_ref())]),
        instance: reference.as_ref().map(|reference| format!("urn:latchkey:error:{reference}")),
        first: *first,
        errors: errors.collect(),
    }
}
