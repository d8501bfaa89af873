//! How often a credential may call. Counted in memory, on each node for itself: it keeps a runaway client from the others'
//! share of one node, and costs nothing.
//!
//! Headers of draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy: "calls";q=6000;w=60` and `RateLimit: "calls";r=5999;t=60`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use latchkey_core::clock::Timestamp;
use latchkey_core::id::ApiCredentialId;

use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// Calls that a credential may make within [`WINDOW`], unless [`Api::limited_to`] says otherwise.
const CALLS: u32 = 6_000;

/// Calls are counted for so long, from a credential's first one on.
const WINDOW: Duration = Duration::from_mins(1);

/// Credentials that are remembered before those that rest are forgotten.
const REMEMBERED: usize = 1_000;

/// How much each credential has called lately.
pub(crate) struct Limits {
    calls: AtomicU32,
    windows: Mutex<HashMap<ApiCredentialId, (Timestamp, u32)>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { calls: AtomicU32::new(CALLS), windows: Mutex::default() }
    }
}

/// What is left after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    /// Of so many.
    of: u32,
    /// `None` when this call was one too many.
    calls: Option<u32>,
    /// Until the next window begins, in seconds, rounded up.
    seconds: u64,
}

impl Limits {
    /// Sets how many calls a credential may make within a minute.
    pub(crate) fn set(&self, calls: u32) {
        self.calls.store(calls, Ordering::Relaxed);
    }

    fn take(&self, credential: ApiCredentialId, now: Timestamp) -> Left {
        let of = self.calls.load(Ordering::Relaxed);
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= REMEMBERED {
            windows.retain(|_, (begun, _)| now.since(*begun) < WINDOW);
        }
        let (begun, used) = windows.entry(credential).or_insert((now, 0));
        if now.since(*begun) >= WINDOW {
            (*begun, *used) = (now, 0);
        }
        let calls = of.checked_sub(*used).and_then(|left| left.checked_sub(1));
        *used = used.saturating_add(1).min(of);
        let rest = WINDOW.saturating_sub(now.since(*begun));
        Left { of, calls, seconds: rest.as_secs() + u64::from(rest.subsec_nanos() > 0) }
    }
}

/// Lets nobody pass who has not shown a credential, or calls too often. Stands before every route of the REST API, so that the
/// answer to somebody unknown is the same everywhere.
pub(crate) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        return allowed(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let machine = match Machine::from_request_parts(&mut parts, &api).await {
        Ok(machine) => machine,
        Err(problem) => return problem.into_response(),
    };
    let left = api.limits().take(machine.caller.id(), api.app().now());
    let mut response = match left.calls {
        Some(_) => next.run(Request::from_parts(parts, body)).await,
        None => Problem::limited(left.seconds).into_response(),
    };
    let policy = format!("\"calls\";q={};w={}", left.of, WINDOW.as_secs());
    let state = format!("\"calls\";r={};t={}", left.calls.unwrap_or(0), left.seconds);
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", state)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// `OPTIONS` tells the methods, as the router knows them. No other origin is allowed anything.
fn allowed(mut response: Response) -> Response {
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v2_4_1_a_credential_calls_so_often_and_no_more_until_the_window_is_over() {
        let limits = Limits::default();
        limits.set(2);
        let (one, other) = (ApiCredentialId(1), ApiCredentialId(2));
        let start = Timestamp::from_micros(0);
        let left = |credential, at| limits.take(credential, at).calls;
        assert_eq!([left(one, start), left(one, start), left(one, start)], [Some(1), Some(0), None]);
        assert_eq!(left(other, start), Some(1));
        assert_eq!(limits.take(one, start.after(Duration::from_millis(59_500))), Left { of: 2, calls: None, seconds: 1 });
        assert_eq!(left(one, start.after(WINDOW)), Some(1));
    }
}
