//! The doors for machines: REST, the WHMCS-compatible action API, permission checks, forward-auth.
//!
//! A handler is a list of extractors, one call into core, one answer, as in the Client Area.
//!
//! **Invariants:** no business rule in a handler; no state change on GET; no SQL; no secret in an answer, but for the one
//! moment in which it is made.

mod state;

use axum::Router;
use latchkey_http::{Route, Routes};

pub use state::{Api, Settings};

/// Largest body that is read, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// Everything a machine can reach.
pub fn router(api: Api) -> Router {
    routes().router().layer(axum::extract::DefaultBodyLimit::max(MAX_BODY)).with_state(api)
}

/// The rows that [`router`] is built from.
pub fn table() -> Vec<Route> {
    routes().table()
}

fn routes() -> Routes<Api> {
    Routes::default()
}
