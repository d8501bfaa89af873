//! The one mapping from errors to `application/problem+json` (RFC 9457).
//!
//! A handler returns [`Problem`]; its response carries what went wrong in an extension, and [`render`], a layer around all
//! routes, makes the document of it – also of what the router itself answers (404, 405, 413). Logged once, here, with the chain of
//! causes; nothing internal is answered.

use std::error::Error;
use std::fmt::Write;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use latchkey_core::error::{HasKind, Invalid, Kind, Refusal};
use serde::Serialize;

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
    what: &'static str,
    fields: Vec<Invalid>,
    /// In which part of what was sent the fields are, such as `checks[3].`.
    within: String,
    retry_after: Option<u64>,
    reference: Option<String>,
}

/// The document.
#[derive(Serialize)]
struct Document {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// One field that cannot be taken.
#[derive(Serialize)]
struct FieldError {
    field: String,
    code: &'static str,
    detail: String,
}

impl Problem {
    /// A problem of this status, by its stable name and the key of its text.
    pub(crate) fn new(status: StatusCode, name: &'static str, text: &'static str) -> Self {
        Self(Box::new(Inner {
            status,
            name,
            text,
            what: "",
            fields: Vec::new(),
            within: String::new(),
            retry_after: None,
            reference: None,
        }))
    }

    /// Some fields cannot be taken.
    pub(crate) fn invalid(fields: Vec<Invalid>) -> Self {
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "api-error-invalid");
        Self(Box::new(Inner { fields, ..*problem.0 }))
    }

    /// The same, for fields of one part of what was sent.
    pub(crate) fn within(self, part: String) -> Self {
        Self(Box::new(Inner { within: part, ..*self.0 }))
    }

    fn naming(self, what: &'static str) -> Self {
        Self(Box::new(Inner { what, ..*self.0 }))
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
            Refusal::NotVerified | Refusal::SecondFactor | Refusal::Unconfirmed | Refusal::OnBehalf => {
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

fn chain(error: &dyn Error) -> String {
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
            Kind::Gone => Self::new(StatusCode::GONE, "gone", "api-error-gone"),
            Kind::Limited { retry_after } => {
                let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "limited", "api-error-limited");
                // Rounded up: whoever comes back then is not a moment too early.
                let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
                Self(Box::new(Inner { retry_after: Some(seconds.max(1)), ..*problem.0 }))
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
    let Inner { status, name, text, what, fields, within, reference, .. } = &*problem.0;
    let errors = fields.iter().map(|Invalid { field, message }| FieldError {
        field: format!("{within}{field}"),
        code: message.strip_prefix("error-").unwrap_or(message),
        detail: api.text(message, &[]),
    });
    Document {
        r#type: format!("/api/docs#problem-{name}"),
        title: status.canonical_reason().unwrap_or_default().to_owned(),
        status: status.as_u16(),
        detail: api.text(text, &[("what", what)]),
        instance: reference.as_ref().map(|reference| format!("urn:latchkey:error:{reference}")),
        errors: errors.collect(),
    }
}
