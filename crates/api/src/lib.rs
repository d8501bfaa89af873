//! The doors for machines: REST, the WHMCS-compatible action API, permission checks, forward-auth.
//!
//! A handler is a list of extractors, one call into core, one answer, as in the Client Area.
//!
//! **Invariants:** no business rule in a handler; no state change on GET; no SQL; no secret in an answer, but for the one
//! moment in which it is made.

mod actions;
mod check;
pub mod forward;
mod machine;
mod problem;
mod state;
mod v1;
mod whoami;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use latchkey_http::{Route, Routes};
use tower_http::catch_panic::CatchPanicLayer;

pub use state::{Api, Settings, Texts};

/// Largest body that is read, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// Everything a machine can reach.
pub fn router(api: Api) -> Router {
    let v1 = v1::routes().router().route_layer(from_fn_with_state(api.clone(), v1::guard));
    let checks = check::routes().router().route_layer(from_fn_with_state(api.clone(), check::guard));
    routes()
        .router()
        .merge(checks)
        .merge(v1)
        // Whatever else is asked for below these paths is no page.
        .route("/api/{*path}", axum::routing::any(|| async { StatusCode::NOT_FOUND }))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CatchPanicLayer::custom(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
        .layer(from_fn_with_state(api.clone(), problem::render))
        .layer(from_fn_with_state(api.clone(), guarded))
        .with_state(api)
}

/// Says on every answer that it is what its type says, nothing to keep, and nothing to frame (ASVS V3.4); what has said more is left alone.
async fn guarded(State(api): State<Api>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    put(X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(CACHE_CONTROL, "no-store");
    put(REFERRER_POLICY, "no-referrer");
    put(CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    if api.settings().secure {
        put(STRICT_TRANSPORT_SECURITY, "max-age=63072000");
    }
    response
}

/// The rows that [`router`] is built from.
pub fn table() -> Vec<Route> {
    routes().merge(check::routes()).merge(v1::routes()).table()
}

fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/openapi.json", v1::openapi)
        .get("/api/docs", v1::docs)
        .get("/api/docs.css", v1::style)
        .get("/api/docs.js", v1::script)
        .merge(forward::routes())
        .merge(actions::routes())
}
