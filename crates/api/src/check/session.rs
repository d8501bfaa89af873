//! `POST /api/v1/session/check`: whose session this is, for services on the same domain.

use axum::Json;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use latchkey_core::check::Page;
use latchkey_core::forward::{self, Found, Tokens};
use latchkey_core::id::{AccountId, AdminId, UserId};
use latchkey_core::secret::Secret;
use latchkey_http::cookie::{self, Name};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lists::Row;
use super::{Asks, body};
use crate::forward::touch;
use crate::problem::Problem;
use crate::v1::Whole;

/// A session, by its secret or by the header that the browser sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SessionCheck)]
pub(super) struct Body {
    /// What the session's cookie holds.
    token: Option<String>,
    /// The whole `Cookie` header of the browser.
    cookie: Option<String>,
    /// The host that the cookie is of, when it is one of a service behind a proxy.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    host: String,
    /// The account that is entered; without one all of the user's are answered.
    #[schema(value_type = Option<i64>)]
    account: Option<AccountId>,
}

/// Whose session it is. `active` is false, and nothing else is told, when it does not live, or when its user has to show a second factor or
/// to confirm the address before anything else.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = SessionAnswer)]
pub(super) struct Told {
    /// Whether it lives and is good for anything.
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Person>,
    /// The admin who acts for the user, if one does. Then there is one account, and no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    acting_admin: Option<Admin>,
    /// Whether a second factor was shown lately in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_factor: Option<bool>,
    /// What the user may do in each account.
    #[serde(skip_serializing_if = "Option::is_none")]
    accounts: Option<Vec<Row>>,
    /// Whether the user has more accounts than are answered.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(value_type = Option<bool>)]
    more: bool,
}

/// Whose session it is.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionUser)]
struct Person {
    #[schema(value_type = i64)]
    id: UserId,
    name: String,
    email: String,
}

/// An admin who acts for a user.
#[derive(Serialize, ToSchema)]
#[schema(as = ActingAdmin)]
struct Admin {
    #[schema(value_type = i64)]
    id: AdminId,
    name: String,
}

/// What the body shows.
fn tokens(body: &Body, secure: bool) -> Tokens {
    let mut headers = HeaderMap::new();
    if let Some(cookie) = body.cookie.as_deref().and_then(|text| HeaderValue::from_bytes(text.as_bytes()).ok()) {
        headers.insert(COOKIE, cookie);
    }
    let read = |name| cookie::read(&headers, name, secure).and_then(|text| Secret::parse(&text));
    let token = body.token.as_deref().and_then(Secret::parse);
    // The table tells what a bare token is of.
    Tokens {
        forward: read(Name::Forward).or_else(|| token.clone()),
        masquerade: read(Name::Masquerade).or_else(|| token.clone()),
        session: read(Name::Session).or(token),
    }
}

/// Whose session is this? Turns what a browser showed into the user, and what it may do, for services on the same domain.
#[utoipa::path(post, path = "/api/v1/session/check", tag = "checks", operation_id = "session", request_body = Body, responses((status = 200, body = Told)))]
pub(super) async fn ask(Asks(asking): Asks, headers: HeaderMap, Whole(body): Whole) -> Result<Json<Told>, Problem> {
    let body: Body = body::read(&headers, &body)?;
    let secure = asking.api.settings().secure;
    let (tokens, host, account, scope) =
        (tokens(&body, secure), body.host.to_ascii_lowercase(), body.account, asking.asker.scope);
    let found = asking.api.app().read_committed(move |snapshot| forward::look(snapshot, &tokens, &host, account, scope));
    let Some(found) = found.await? else { return Ok(Json(Told::default())) };
    touch(&asking.api, &asking.request, &found.found);
    Ok(Json(told(found)))
}

fn told(Found { found, second_factor, accounts: Page { rows, next } }: Found) -> Told {
    let acting = found.acting.as_ref().map(|acting| &acting.behalf);
    Told {
        active: true,
        user: Some(Person { id: found.user.id, name: found.user.name.full(), email: found.user.email.to_string() }),
        acting_admin: acting.map(|behalf| Admin { id: behalf.admin(), name: behalf.admin_name().to_owned() }),
        second_factor: Some(second_factor),
        accounts: Some(rows.into_iter().map(Row::from).collect()),
        more: next.is_some(),
    }
}
