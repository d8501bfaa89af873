//! Why an action was not done, in the words of the protocol.
//!
//! What the operations of core refuse has documented words where the action names them ([`Words`]); everything else gets the words of
//! the catalogue. A refused credential is a 403, a refused request a 200 with `result: error`.

use std::borrow::Cow;
use std::error::Error;

use axum::http::StatusCode;
use latchkey_core::error::{HasKind, Invalid, Kind, Refusal};

use super::answer::{Fields, fields};
use crate::problem;
use crate::state::Api;

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The request cannot be done, in these words.
    Says(Cow<'static, str>),
    /// In the words that the catalogue has under this key.
    Text(&'static str),
    /// Some fields cannot be taken.
    Invalid(Vec<Invalid>),
    /// There is no such thing, or it is not to be seen.
    Missing,
    /// The credential's role, or its admin's, does not allow the action.
    NotAllowed,
    /// The request is not heard at all.
    Refused(StatusCode, Cow<'static, str>),
    /// Too much at once.
    Limited(u64),
    /// Our fault; it is in the log.
    Internal,
}

impl Failure {
    /// These words.
    pub(crate) fn says(words: impl Into<Cow<'static, str>>) -> Self {
        Self::Says(words.into())
    }

    /// A 403 in these words.
    pub(crate) fn forbidden(words: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(StatusCode::FORBIDDEN, words.into())
    }

    pub(crate) fn too_large() -> Self {
        Self::Refused(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large".into())
    }

    /// A body that could not be read: it came too late, or else is what `other` says.
    pub(crate) fn unread(error: &(dyn Error + 'static), other: impl FnOnce() -> Self) -> Self {
        if latchkey_http::came_too_late(error) {
            return Self::Refused(StatusCode::REQUEST_TIMEOUT, "The request did not come in time".into());
        }
        other()
    }

    pub(crate) fn malformed() -> Self {
        Self::Refused(StatusCode::BAD_REQUEST, "The request cannot be read".into())
    }

    /// Status, fields, and when to come back.
    pub(super) fn render(self, api: &Api, action: &str) -> (StatusCode, Fields, Option<u64>) {
        let (status, message, retry_after) = match self {
            Self::Says(words) => (StatusCode::OK, words.into_owned(), None),
            Self::Text(key) => (StatusCode::OK, api.text(key, &[]), None),
            Self::Invalid(fields) => (StatusCode::OK, described(api, &fields), None),
            Self::Missing => (StatusCode::OK, "Not Found".to_owned(), None),
            Self::NotAllowed => {
                let words = format!("Invalid Permissions: API action \"{action}\" is not allowed");
                (StatusCode::FORBIDDEN, words, None)
            }
            Self::Refused(status, words) => (status, words.into_owned(), None),
            Self::Limited(seconds) => (StatusCode::TOO_MANY_REQUESTS, api.text("api-error-limited", &[]), Some(seconds)),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, api.text("api-error-internal", &[]), None),
        };
        (status, fields! { "result" => "error", "message" => message }, retry_after)
    }
}

/// The first of the fields, since the protocol has one message.
fn described(api: &Api, invalid: &[Invalid]) -> String {
    invalid.first().map_or_else(|| api.text("api-error-invalid", &[]), |field| api.text(field.message, &[]))
}

impl<E: HasKind + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        match error.kind() {
            Kind::Forbidden(Refusal::Closed) => Self::says("The client is closed"),
            Kind::Forbidden(_) => Self::NotAllowed,
            Kind::Unauthenticated => Self::forbidden("Authentication Failed"),
            Kind::NotFound | Kind::Gone | Kind::Removed { .. } => Self::Missing,
            Kind::Invalid(fields) => Self::Invalid(fields),
            Kind::Conflict(text) => Self::Text(text),
            Kind::Limited { retry_after } => Self::Limited((retry_after.as_secs() + 1).max(1)),
            Kind::Internal => {
                tracing::error!(error = problem::chain(&error), "an action failed");
                Self::Internal
            }
        }
    }
}

/// Gives what core refuses the words of the action.
pub(super) trait Words<T> {
    /// The words for what is not there.
    fn missing(self, words: &'static str) -> Result<T, Failure>;

    /// The words for a field that cannot be taken, by its name; `None` leaves those of the catalogue.
    fn invalid(self, words: impl Fn(&str) -> Option<&'static str>) -> Result<T, Failure>;
}

impl<T, E: Into<Failure>> Words<T> for Result<T, E> {
    fn missing(self, words: &'static str) -> Result<T, Failure> {
        self.map_err(|error| match error.into() {
            Failure::Missing => Failure::says(words),
            other => other,
        })
    }

    fn invalid(self, words: impl Fn(&str) -> Option<&'static str>) -> Result<T, Failure> {
        self.map_err(|error| match error.into() {
            Failure::Invalid(fields) => match fields.first().and_then(|field| words(field.field)) {
                Some(words) => Failure::says(words),
                None => Failure::Invalid(fields),
            },
            other => other,
        })
    }
}

/// The value, or the words for its absence.
pub(super) fn required<'a>(value: Option<&'a str>, words: &'static str) -> Result<&'a str, Failure> {
    value.ok_or(Failure::says(words))
}
