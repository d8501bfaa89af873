//! The way to the login and back: three steps on two hosts.
//!
//! The browser is bound to the way by a secret in a cookie of the service's host; the code says for which secret it is. So nobody
//! can hand a code of his own to somebody else's browser.

use std::fmt::Write;
use std::time::Duration;

use axum::extract::{Query, RawQuery, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use latchkey_core::error::Fault;
use latchkey_core::secret::Secret;
use latchkey_core::{ban, forward, settings};
use latchkey_http::cookie::{self, Name};
use serde::Deserialize;

use super::place::{Place, local};
use super::{escaped, page, refused, tokens};
use crate::machine;
use crate::problem::Problem;
use crate::state::Api;

/// For how long a login may take until the way back is closed.
const STATE_LIVES: Duration = Duration::from_mins(30);

/// `GET /.latchkey/start?{path}` on a service's host: begins the way. Everything behind the question mark is the path to come back to.
pub(super) async fn begin(State(api): State<Api>, RawQuery(query): RawQuery, parts: Parts) -> Result<Response, Problem> {
    let place = Place::of(&parts, &api);
    if !place.is_allowed(&api) {
        return Ok(refused(&api, StatusCode::BAD_REQUEST, "forward-other-host"));
    }
    let state = api.app().random().secret().map_err(Fault::from)?;
    let location = format!(
        "{}/auth/start?host={}&state={}&to={}",
        api.app().public_url(),
        percent(&place.host),
        forward::mark(&state),
        percent(local(query.as_deref().unwrap_or_default()))
    );
    let cookie = cookie::set(Name::ForwardState, &state.reveal(), Some(STATE_LIVES), api.settings().secure);
    Ok(leading_to(&location, cookie.into_iter()))
}

/// What the service's host asks for.
#[derive(Deserialize)]
pub(super) struct Handed {
    host: String,
    state: String,
    to: String,
}

/// `GET /auth/start` on the login's host: who is logged in gets a code, who is not logs in first. It changes nothing: the code is
/// sealed, and becomes a login where it is redeemed.
pub(super) async fn hand_over(State(api): State<Api>, Query(handed): Query<Handed>, parts: Parts) -> Result<Response, Problem> {
    let host = handed.host.to_ascii_lowercase();
    if !api.settings().forward.allows(&host) || Secret::parse(&handed.state).is_none() {
        return Ok(refused(&api, StatusCode::BAD_REQUEST, "forward-other-host"));
    }
    let (tokens, ip) = (tokens(&parts.headers, api.settings().secure), machine::request(&parts, &api)?.ip);
    let found = api.app().read(move |snapshot| {
        let banned = ip.map(|ip| ban::is_banned(snapshot, ip)).transpose()?.unwrap_or(false);
        let security = settings::security(snapshot)?;
        let found = if banned { None } else { forward::session(snapshot, &security, &tokens)? };
        Ok::<_, Fault>((banned, found))
    });
    let (banned, found) = found.await?;
    if banned {
        return Ok(refused(&api, StatusCode::FORBIDDEN, "forward-refused"));
    }
    let Some(found) = found else {
        let back = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        return Ok(leading_to(&format!("/login?next={}", percent(back)), std::iter::empty()));
    };
    let code = forward::code(api.app(), found.session.id, &host, &handed.state, local(&handed.to))?;
    let scheme = if api.settings().secure { "https" } else { "http" };
    // A page and no redirect: browsers hold the login's form to this server, and redirects that follow it, too.
    let head =
        format!("<meta http-equiv=\"refresh\" content=\"0;url={scheme}://{}/.latchkey/callback?code={code}\">", escaped(&host));
    Ok(page(StatusCode::OK, &api.text("forward-on-the-way", &[]), &head))
}

/// What the login hands over.
#[derive(Deserialize)]
pub(super) struct Called {
    code: String,
}

/// `GET /.latchkey/callback` on a service's host: the code becomes that host's cookie.
pub(super) async fn callback(State(api): State<Api>, Query(called): Query<Called>, parts: Parts) -> Result<Response, Problem> {
    let (secure, place) = (api.settings().secure, Place::of(&parts, &api));
    let state = cookie::read(&parts.headers, Name::ForwardState, secure).and_then(|text| Secret::parse(&text));
    let Some(state) = state.filter(|_| place.is_allowed(&api)) else {
        return Ok(refused(&api, StatusCode::BAD_REQUEST, "forward-start-again"));
    };
    let (request, host) = (machine::request(&parts, &api)?, place.host.clone());
    let redeemed = api.app().write(&request, move |tx| forward::redeem(tx, &called.code, &host, &state)).await;
    match redeemed {
        Ok(redeemed) => {
            let set = cookie::set(Name::Forward, &redeemed.secret.reveal(), None, secure);
            let cookies = set.into_iter().chain(cookie::clear(Name::ForwardState, secure));
            Ok(leading_to(&place.address(&api, local(&redeemed.to)), cookies))
        }
        Err(forward::Error::Gone) => Ok(refused(&api, StatusCode::BAD_REQUEST, "forward-start-again")),
        Err(error) => Err(error.into()),
    }
}

fn leading_to(location: &str, cookies: impl Iterator<Item = HeaderValue>) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(axum::http::header::CACHE_CONTROL, "no-store")]).into_response();
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    cookies.for_each(|cookie| {
        response.headers_mut().append(SET_COOKIE, cookie);
    });
    response.headers_mut().insert(axum::http::header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Everything but what always stands for itself as `%XX`.
pub(super) fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
