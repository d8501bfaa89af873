//! Forms: read only after the request's origin and token are verified, and shown again with what was
//! typed and what is wrong with it.

use std::collections::BTreeMap;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use latchkey_core::error::Invalid;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::error::PageError;
use crate::state::Web;
use crate::visit::{Visit, acting_may};

/// Largest form, in bytes.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// A form whose origin and token are verified. There is no other way to read one (ASVS V3.5.1).
pub(crate) struct Form<T>(pub(crate) T);

#[derive(serde::Deserialize)]
struct Token {
    #[serde(default)]
    csrf: String,
}

impl<T: DeserializeOwned> FromRequest<Web> for Form<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, web: &Web) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, web).await?;
        if !same_origin(&parts.headers, web.app().public_url()) {
            return Err(PageError::foreign_origin());
        }
        if !is_form(&parts.headers) {
            return Err(PageError::status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        if let Some(user) = &visit.user {
            acting_may(user, &visit.path)?;
        }
        let bytes = to_bytes(body, MAX_BODY).await.map_err(|error| unread(&error))?;
        let token: Token = serde_html_form::from_bytes(&bytes).map_err(|_| PageError::unreadable_form())?;
        if !visit.accepts(&token.csrf) {
            return Err(PageError::expired_form());
        }
        serde_html_form::from_bytes(&bytes).map(Self).map_err(|_| PageError::unreadable_form())
    }
}

/// A body that is too long, or did not come in time.
pub(crate) fn unread(error: &axum::Error) -> PageError {
    let late = latchkey_http::came_too_late(error);
    PageError::status(if late { StatusCode::REQUEST_TIMEOUT } else { StatusCode::PAYLOAD_TOO_LARGE })
}

/// The values of a field that may be there once, more often or not at all, in a form that is part of another.
pub(crate) fn one_or_more<'de, D: Deserializer<'de>>(form: D) -> Result<Vec<String>, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Values {
        One(String),
        More(Vec<String>),
    }
    Ok(match Values::deserialize(form)? {
        Values::One(value) => vec![value],
        Values::More(values) => values,
    })
}

/// A form without fields: a button.
#[derive(serde::Deserialize)]
pub(crate) struct Pressed {}

/// Whether the body is of the one type that forms have here, whatever its parameters.
fn is_form(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Whether the browser says that this page itself sent the request. A browser that says nothing is
/// held by the token alone.
fn same_origin(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    match text(ORIGIN.as_str()) {
        // Pages whose address holds a secret send no referrer, and so "null" for an origin.
        None | Some("null") => true,
        Some(origin) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            origin == public_url || (authority.is_some() && authority == text(HOST.as_str()))
        }
    }
}

/// A form as a template shows it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Shown {
    values: BTreeMap<String, Value>,
    errors: BTreeMap<&'static str, String>,
    summary: Vec<Problem>,
}

#[derive(Clone, Debug, Serialize)]
struct Problem {
    field: &'static str,
    text: String,
}

impl Shown {
    /// The form with what was typed. Passwords are never sent back: their fields are not serialised.
    pub(crate) fn new(typed: &impl Serialize) -> Self {
        let values = match serde_json::to_value(typed) {
            Ok(Value::Object(values)) => values.into_iter().collect(),
            _ => BTreeMap::new(),
        };
        Self { values, ..Self::default() }
    }

    /// The same with what is wrong, one message per field.
    pub(crate) fn with_errors(mut self, web: &Web, invalid: &[Invalid]) -> Self {
        for problem in invalid {
            if !self.errors.contains_key(problem.field) {
                let text = text(web, problem);
                self.summary.push(Problem { field: problem.field, text: text.clone() });
                self.errors.insert(problem.field, text);
            }
        }
        self
    }
}

/// The words for what is wrong; a field left empty is named where there are words for it.
fn text(web: &Web, problem: &Invalid) -> String {
    let named = format!("error-{}-required", problem.field.replace('_', "-"));
    let is_named = problem.message == latchkey_core::text::MISSING && web.engine().texts().has(&named);
    let found = problem.found.as_deref().map(|found| ("found", found));
    web.text(if is_named { &named } else { problem.message }, found.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn v3_5_1_requests_of_other_sites_are_refused() {
        let url = "https://login.example";
        for (given, expected) in [
            (headers(&[]), true),
            (headers(&[("sec-fetch-site", "same-origin")]), true),
            (headers(&[("sec-fetch-site", "cross-site"), ("origin", url)]), false),
            (headers(&[("sec-fetch-site", "same-site")]), false),
            (headers(&[("origin", "https://login.example")]), true),
            (headers(&[("origin", "https://evil.example"), ("host", "login.example")]), false),
            (headers(&[("origin", "http://localhost:8080"), ("host", "localhost:8080")]), true),
            (headers(&[("origin", "null"), ("sec-fetch-site", "cross-site")]), false),
        ] {
            assert_eq!(same_origin(&given, url), expected, "{given:?}");
        }
    }
}
