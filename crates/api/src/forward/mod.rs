//! Forward-auth: a proxy asks before it passes a request on (`docs/FORWARD-AUTH.md`).
//!
//! `GET /auth/verify` answers 200 with who it is, 401 or 403. Who is not logged in is led around once:
//! `/.latchkey/start` on the service's host → `/auth/start` on the login's → `/.latchkey/callback` on the service's, which
//! sets that host's own cookie.

mod headers;
mod place;
mod settings;
mod steps;

use axum::extract::{Query, State};
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use latchkey_core::access::Permission;
use latchkey_core::app::Request;
use latchkey_core::ban;
use latchkey_core::error::Fault;
use latchkey_core::forward::{self, Asked, Tokens, Verdict};
use latchkey_core::id::AccountId;
use latchkey_core::secret::Secret;
use latchkey_core::session::{self, Resolved};
use latchkey_http::Routes;
use latchkey_http::cookie::{self, Name};
use serde::Deserialize;

pub use settings::{Domain, Pattern, Settings};

use crate::machine;
use crate::problem::Problem;
use crate::state::Api;
use place::Place;

/// The rows of this part.
pub(crate) fn routes() -> Routes<Api> {
    Routes::default()
        .get("/auth/verify", verify)
        .get("/auth/start", steps::hand_over)
        .get("/.latchkey/start", steps::begin)
        .get("/.latchkey/callback", steps::callback)
}

/// What the proxy's configuration asks for.
#[derive(Deserialize)]
struct Wanted {
    permission: Option<String>,
    account: Option<String>,
    #[serde(default)]
    redirect: String,
}

/// `GET /auth/verify`
async fn verify(State(api): State<Api>, Query(wanted): Query<Wanted>, parts: Parts) -> Result<Response, Problem> {
    let request = machine::request(&parts, &api)?;
    let place = Place::of(&parts, &api);
    let Ok(asked) = asked(&api, &wanted, &place) else {
        return Ok(refused(&api, StatusCode::FORBIDDEN, "forward-refused"));
    };
    let (tokens, ip) = (tokens(&parts.headers, api.settings().secure), request.ip);
    let verdict = api.app().read_committed(move |snapshot| {
        if ip.map(|ip| ban::is_banned(snapshot, ip)).transpose()?.unwrap_or(false) {
            return Ok::<_, Fault>(None);
        }
        forward::verdict(snapshot, &tokens, &asked).map(Some)
    });
    Ok(match verdict.await? {
        Some(Verdict::Pass(pass)) => {
            touch(&api, &request, &pass.found);
            headers::of(&pass)
        }
        Some(Verdict::LoggedOut) => {
            let leads = wanted.redirect == "1" || api.settings().forward.redirect;
            let start = if leads { place.start(&api) } else { None };
            let mut response = refused(&api, StatusCode::UNAUTHORIZED, "forward-logged-out");
            if let Some(location) = start {
                *response.status_mut() = StatusCode::FOUND;
                response.headers_mut().insert(LOCATION, location);
            }
            response
        }
        Some(Verdict::Refused(reason)) => {
            tracing::debug!(reason = reason.key(), "a request to a service was refused");
            refused(&api, StatusCode::FORBIDDEN, "forward-refused")
        }
        None => refused(&api, StatusCode::FORBIDDEN, "forward-refused"),
    })
}

/// What is asked for cannot be told: then nothing is allowed.
struct Unclear;

/// What the request is about: the account by the configuration of the proxy, else by the pattern.
fn asked(api: &Api, wanted: &Wanted, place: &Place) -> Result<Asked, Unclear> {
    let permission = wanted.permission.as_deref().filter(|key| !key.is_empty());
    let permission = permission.map(|key| Permission::from_key(key).ok_or(Unclear)).transpose()?;
    let account = match (&wanted.account, &api.settings().forward.account_pattern) {
        (Some(text), _) => Some(account(text)?),
        (None, Some(pattern)) => Some(pattern.account(&place.host, &place.uri).ok_or(Unclear)?),
        (None, None) => None,
    };
    // A permission of no account is a mistake in the configuration, and opens nothing.
    if permission.is_some() && account.is_none() {
        tracing::warn!("/auth/verify is asked for a permission, and no account is named");
        return Err(Unclear);
    }
    let is_own_host = place.is_own(api.app().public_url());
    Ok(Asked { host: place.host.clone(), is_own_host, account, permission })
}

fn account(text: &str) -> Result<AccountId, Unclear> {
    text.parse().ok().filter(|number| *number > 0).map(AccountId).ok_or(Unclear)
}

/// The cookies that tell who somebody is.
fn tokens(headers: &HeaderMap, secure: bool) -> Tokens {
    let read = |name| cookie::read(headers, name, secure).and_then(|text| Secret::parse(&text));
    Tokens { forward: read(Name::Forward), masquerade: read(Name::Masquerade), session: read(Name::Session) }
}

/// An answer for people, where the proxy shows it. Whatever the client has sent as these headers is overwritten by it, too.
fn refused(api: &Api, status: StatusCode, text: &'static str) -> Response {
    headers::none(page(status, &api.text(text, &[]), ""))
}

/// A page of one sentence, and what stands in its head.
fn page(status: StatusCode, sentence: &str, head: &str) -> Response {
    const KIND: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">{head}\
         <title>{0}</title><p>{0}</p></html>",
        escaped(sentence)
    );
    let policy = HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    let no_store = HeaderValue::from_static("no-store");
    let headers = [
        (axum::http::header::CONTENT_TYPE, KIND),
        (axum::http::header::CACHE_CONTROL, no_store),
        (axum::http::header::CONTENT_SECURITY_POLICY, policy),
        (axum::http::header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (axum::http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, html).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Notes beside the request, never delaying it, that a session was used: as pages do.
pub(crate) fn touch(api: &Api, request: &Request, found: &Resolved) {
    if api.app().now().since(found.session.last_seen_at) < session::TOUCH_EVERY {
        return;
    }
    let (api, request, found) = (api.clone(), request.clone(), found.clone());
    tokio::spawn(async move {
        if let Err(fault) = api.app().write(&request, move |tx| session::touch(tx, &found)).await {
            tracing::warn!(%fault, "a session's last use could not be noted");
        }
    });
}

/// Whether a request that is refused may be led to the login: nothing is lost by it.
const fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
