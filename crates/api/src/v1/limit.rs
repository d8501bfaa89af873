//! How often a credential may call. Counted in memory, on each node for itself: it keeps a runaway client from the others'
//! share of one node, and costs nothing.
//!
//! Headers of draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy: "calls";q=6000;w=60` and `RateLimit: "calls";r=5999;t=60`.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
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

/// The same of permission checks, which other systems ask at each of their own requests: ten thousand a second. A list of
/// questions counts as one.
const CHECKS: u32 = 600_000;

/// Calls are counted for so long, from a credential's first one on.
const WINDOW: Duration = Duration::from_mins(1);

/// Credentials that are remembered before those that rest are forgotten.
const REMEMBERED: usize = 1_000;

/// How much each credential has called lately.
pub(crate) struct Limits {
    /// Of the REST API.
    pub(crate) calls: Meter,
    /// Of permission checks: they have a share of their own, so that neither takes from the other.
    pub(crate) checks: Meter,
}

impl Default for Limits {
    fn default() -> Self {
        Self { calls: Meter::new("calls", CALLS), checks: Meter::new("checks", CHECKS) }
    }
}

impl Limits {
    /// Sets how many calls, and how many checks, a credential may make within a minute.
    pub(crate) fn set(&self, calls: u32) {
        self.calls.set(calls);
        self.checks.set(calls);
    }
}

/// Counts calls of one kind.
pub(crate) struct Meter {
    name: &'static str,
    counts: Mutex<Counts>,
}

struct Counts {
    of: u32,
    /// The header that says so, made once.
    policy: HeaderValue,
    windows: HashMap<ApiCredentialId, (Timestamp, u32)>,
    /// At so many credentials those that rest are forgotten.
    full_at: usize,
}

/// What is left after a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    name: &'static str,
    policy: HeaderValue,
    /// `None` when this call was one too many.
    calls: Option<u32>,
    /// Until the next window begins, in seconds, rounded up.
    seconds: u64,
}

impl Meter {
    fn new(name: &'static str, of: u32) -> Self {
        let counts = Counts { of, policy: policy(name, of), windows: HashMap::new(), full_at: REMEMBERED };
        Self { name, counts: Mutex::new(counts) }
    }

    fn set(&self, of: u32) {
        let mut counts = self.counts();
        counts.of = of;
        counts.policy = policy(self.name, of);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one call.
    pub(crate) fn take(&self, credential: ApiCredentialId, now: Timestamp) -> Left {
        let mut counts = self.counts();
        let Counts { of, policy, windows, full_at } = &mut *counts;
        if windows.len() >= *full_at {
            windows.retain(|_, (begun, _)| now.since(*begun) < WINDOW);
            // Where very many call at the same time nobody goes through all of them at each call.
            *full_at = REMEMBERED.max(windows.len().saturating_mul(2));
        }
        let (begun, used) = windows.entry(credential).or_insert((now, 0));
        if now.since(*begun) >= WINDOW {
            (*begun, *used) = (now, 0);
        }
        let calls = of.checked_sub(*used).and_then(|left| left.checked_sub(1));
        *used = used.saturating_add(1).min(*of);
        let rest = WINDOW.saturating_sub(now.since(*begun));
        let seconds = rest.as_secs() + u64::from(rest.subsec_nanos() > 0);
        Left { name: self.name, policy: policy.clone(), calls, seconds }
    }
}

fn policy(name: &str, of: u32) -> HeaderValue {
    HeaderValue::try_from(format!("\"{name}\";q={of};w={}", WINDOW.as_secs())).unwrap_or_else(|_| HeaderValue::from_static(""))
}

impl Left {
    /// Lets a call pass that was not one too many, and says on its answer what is left.
    pub(crate) async fn pass(self, request: Request, next: Next) -> Response {
        let mut response = match self.calls {
            Some(_) => next.run(request).await,
            None => Problem::limited(self.seconds).into_response(),
        };
        let state = format!("\"{}\";r={};t={}", self.name, self.calls.unwrap_or(0), self.seconds);
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static("ratelimit-policy"), self.policy);
        if let Ok(state) = HeaderValue::try_from(state) {
            headers.insert(HeaderName::from_static("ratelimit"), state);
        }
        response
    }
}

/// Lets nobody pass who has not shown a credential, or calls too often. Stands before every route of the REST API, so that the
/// answer to somebody unknown is the same everywhere. What stands before permission checks is `check::guard`.
pub(crate) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        return allowed(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let machine = match Machine::from_request_parts(&mut parts, &api).await {
        Ok(machine) => machine,
        Err(problem) => return problem.into_response(),
    };
    let left = api.limits().calls.take(machine.caller.id(), api.app().now());
    left.pass(Request::from_parts(parts, body), next).await
}

/// `OPTIONS` tells the methods, as the router knows them. No other origin is allowed anything.
pub(crate) fn allowed(mut response: Response) -> Response {
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(0);

    #[test]
    fn v2_4_1_a_credential_calls_so_often_and_no_more_until_the_window_is_over() {
        let meter = Meter::new("calls", 2);
        let (one, other) = (ApiCredentialId(1), ApiCredentialId(2));
        let left = |credential, at| meter.take(credential, at).calls;
        assert_eq!([left(one, START), left(one, START), left(one, START)], [Some(1), Some(0), None]);
        assert_eq!(left(other, START), Some(1));
        let refused = meter.take(one, START.after(Duration::from_millis(59_500)));
        assert_eq!((refused.calls, refused.seconds), (None, 1));
        assert_eq!(left(one, START.after(WINDOW)), Some(1));
    }

    #[test]
    fn credentials_that_rest_are_forgotten_and_the_others_are_not() {
        let meter = Meter::new("calls", 2);
        let many = i64::try_from(REMEMBERED).unwrap();
        let later = START.after(WINDOW / 2);
        for id in 0..many {
            meter.take(ApiCredentialId(id), if id % 2 == 0 { START } else { later });
        }
        let now = START.after(WINDOW);
        assert_eq!(meter.take(ApiCredentialId(1), now).calls, Some(0), "its window is not over");
        assert_eq!(meter.counts().windows.len(), REMEMBERED / 2);
    }
}
