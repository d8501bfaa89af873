//! The body of a question, field by field.

use std::collections::BTreeMap;
use std::fmt;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use latchkey_core::access::Permission;
use latchkey_core::check::{self, MAX_QUESTIONS, MAX_RESOURCE, Question};
use latchkey_core::error::Fields;
use latchkey_core::id::{AccountId, UserId};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::v1::{Input, refused};

/// What is asked.
pub(super) struct Asked {
    pub(super) questions: Vec<Question>,
    pub(super) at_least: BTreeMap<AccountId, i64>,
    pub(super) explain: bool,
    /// Whether it was asked without a list, and is answered so.
    pub(super) is_one: bool,
}

/// One question by its fields, or many in `checks`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Check)]
pub(super) struct Body {
    /// Who is asked about.
    #[schema(value_type = Option<i64>)]
    user: Option<UserId>,
    /// Where.
    #[schema(value_type = Option<i64>)]
    account: Option<AccountId>,
    /// The key of what the user is about to do.
    #[schema(value_type = Option<String>)]
    permission: Option<Key>,
    /// One resource, such as `service:17`; the whole account when left out.
    #[schema(min_length = 1, max_length = 200)]
    resource: Option<String>,
    /// Questions, in the place of one.
    #[schema(max_items = 1000)]
    checks: Option<Vec<One>>,
    /// Whether to say why.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    explain: bool,
    /// Revisions that accounts must have at the least, by the number of the account: of accounts that are asked about, no others.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, i64>>)]
    at_least: BTreeMap<AccountId, i64>,
}

/// One question.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Question)]
pub(super) struct One {
    /// Who is asked about.
    #[schema(value_type = i64)]
    user: Option<UserId>,
    /// Where.
    #[schema(value_type = i64)]
    account: Option<AccountId>,
    /// The key of what the user is about to do.
    #[schema(value_type = String)]
    permission: Option<Key>,
    /// One resource, such as `service:17`; the whole account when left out.
    #[schema(min_length = 1, max_length = 200)]
    resource: Option<String>,
}

/// A permission by its key, read without a copy of it; `None` when there is no such permission.
struct Key(Option<Permission>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;
        impl Visitor<'_> for Keys {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the key of a permission")
            }

            fn visit_str<E>(self, text: &str) -> Result<Key, E> {
                Ok(Key(Permission::from_key(text)))
            }
        }
        from.deserialize_str(Keys)
    }
}

impl One {
    const fn is_empty(&self) -> bool {
        self.user.is_none() && self.account.is_none() && self.permission.is_none() && self.resource.is_none()
    }

    /// The question, or what is wrong with it and at which place of the list.
    fn question(self, place: Option<usize>) -> Result<Question, Problem> {
        let mut fields = Fields::default();
        let user = fields.take("user", self.user.ok_or("error-required"));
        let account = fields.take("account", self.account.ok_or("error-required"));
        let permission = match self.permission {
            None => fields.take("permission", Err("error-required")),
            Some(Key(known)) => fields.take("permission", known.ok_or("error-permission-unknown")),
        };
        if self.resource.as_ref().is_some_and(|resource| resource.is_empty() || resource.chars().count() > MAX_RESOURCE) {
            fields.refuse("resource", "error-too-long");
        }
        let within = || place.map_or_else(String::new, |place| format!("checks.{place}."));
        fields.finish().map_err(|wrong| Problem::invalid(wrong).within(&within()))?;
        match (user, account, permission) {
            (Some(user), Some(account), Some(permission)) => Ok(Question { user, account, permission, resource: self.resource }),
            _ => Err(Problem::invalid(Vec::new())),
        }
    }
}

impl Asked {
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Problem> {
        let Body { user, account, permission, resource, checks, explain, at_least } = read(headers, body)?;
        let one = One { user, account, permission, resource };
        let is_one = checks.is_none();
        let questions = match checks {
            None => vec![one.question(None)?],
            Some(_) if !one.is_empty() => return Err(malformed()),
            // Before each of them is looked at.
            Some(checks) if checks.len() > MAX_QUESTIONS => return Err(check::Error::TooMany("checks").into()),
            Some(checks) => {
                checks.into_iter().enumerate().map(|(place, one)| one.question(Some(place))).collect::<Result<_, _>>()?
            }
        };
        Ok(Self { questions, at_least, explain, is_one })
    }
}

fn malformed() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed", "api-error-malformed")
}

/// Reads a body of JSON.
pub(super) fn read<T: Input>(headers: &HeaderMap, body: &[u8]) -> Result<T, Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "api-error-media-type"));
    }
    serde_json::from_slice(body).map_err(|_| wrong::<T>(body))
}

/// What is wrong with a body, field by field. It is looked at only when it could not be read.
fn wrong<T: Input>(body: &[u8]) -> Problem {
    serde_json::from_slice(body).ok().and_then(|value| refused::<T>(&value)).unwrap_or_else(malformed)
}
