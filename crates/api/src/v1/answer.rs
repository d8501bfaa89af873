//! What is answered, in a form that can be kept and given once more byte for byte.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use latchkey_core::secret::fingerprint;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// A status, the headers that belong to it, and a JSON document or nothing.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    status: u16,
    location: Option<String>,
    etag: Option<String>,
    body: String,
}

/// The strong `ETag` of a document: it follows from the bytes.
pub(crate) fn etag(body: &str) -> String {
    format!("\"{}\"", fingerprint(body.as_bytes()))
}

/// A document as JSON.
pub(crate) fn json<T: Serialize>(shown: &T) -> String {
    // Our own documents are maps with text keys: they are always JSON.
    serde_json::to_string(shown).unwrap_or_default()
}

impl Answer {
    /// The document.
    pub(crate) fn ok<T: Serialize>(shown: &T) -> Self {
        Self { status: 200, location: None, etag: None, body: json(shown) }
    }

    /// The document of something that can be changed, with its `ETag`.
    pub(crate) fn tagged<T: Serialize>(shown: &T) -> Self {
        let body = json(shown);
        Self { status: 200, location: None, etag: Some(etag(&body)), body }
    }

    /// Something was made; it stands at this path.
    pub(crate) fn created<T: Serialize>(at: String, shown: &T) -> Self {
        Self { status: 201, location: Some(at), ..Self::ok(shown) }
    }

    /// Like [`Answer::created`], with the `ETag` of what was made.
    pub(crate) fn created_tagged<T: Serialize>(at: String, shown: &T) -> Self {
        Self { status: 201, location: Some(at), ..Self::tagged(shown) }
    }

    /// Taken, and to be done when somebody else agrees.
    pub(crate) fn accepted<T: Serialize>(shown: &T) -> Self {
        Self { status: 202, ..Self::ok(shown) }
    }

    /// Done, and nothing to say.
    pub(crate) const fn none() -> Self {
        Self { status: 204, location: None, etag: None, body: String::new() }
    }

    /// The bytes to keep.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What was kept; `None` when it cannot be read.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = (status, self.body).into_response();
        let headers = response.headers_mut();
        headers.remove(CONTENT_TYPE);
        if status != StatusCode::NO_CONTENT {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in [(LOCATION, self.location), (ETAG, self.etag)] {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// Which version of a thing a change is meant for.
#[derive(Clone, Debug, Default)]
pub(crate) struct IfMatch(pub(super) Option<String>);

impl IfMatch {
    /// Compares with the thing as it is in the transaction that changes it.
    ///
    /// # Errors
    /// 412 when it is another version by now.
    pub(crate) fn check<T: Serialize>(&self, current: &T) -> Result<(), Problem> {
        let Some(wanted) = &self.0 else { return Ok(()) };
        let current = etag(&json(current));
        let matches = wanted.split(',').map(str::trim).any(|tag| tag == "*" || tag == current);
        let problem = || Problem::new(StatusCode::PRECONDITION_FAILED, "precondition", "api-error-precondition");
        if matches { Ok(()) } else { Err(problem()) }
    }
}
