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
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use latchkey_http::{Route, Routes};
use tower_http::catch_panic::CatchPanicLayer;

pub use state::{Api, Settings, Texts};

/// Largest body that is read, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// Everything a machine can reach.
pub fn router(api: Api) -> Router {
    let v1 = v1::routes().router().route_layer(from_fn_with_state(api.clone(), v1::guard));
    routes()
        .router()
        .merge(v1)
        // Whatever else is asked for below these paths is no page.
        .route("/api/{*path}", axum::routing::any(|| async { StatusCode::NOT_FOUND }))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CatchPanicLayer::custom(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
        .layer(from_fn_with_state(api.clone(), problem::render))
        .with_state(api)
}

/// The rows that [`router`] is built from.
pub fn table() -> Vec<Route> {
    routes().merge(v1::routes()).table()
}

fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/v1/whoami", whoami::show)
        .get("/api/openapi.json", v1::openapi)
        .get("/api/docs", v1::docs)
        .get("/api/docs.css", v1::style)
        .merge(check::routes())
        .merge(forward::routes())
        .merge(actions::routes())
}
