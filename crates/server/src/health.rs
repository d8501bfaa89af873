//! What a supervisor asks: is the process alive, and can it serve?

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use latchkey_core::app::App;

/// `GET /healthz` (alive) and `GET /readyz` (database reached, migrations in place).
pub(crate) fn routes(app: App) -> Router {
    Router::new().route("/healthz", get(|| async { "alive\n" })).route("/readyz", get(ready)).with_state(app)
}

async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.database().is_ready().await {
        Ok(true) => (StatusCode::OK, "ready\n"),
        Ok(false) => (StatusCode::SERVICE_UNAVAILABLE, "migrations are missing\n"),
        Err(fault) => {
            tracing::error!(%fault, "the database cannot be reached");
            (StatusCode::SERVICE_UNAVAILABLE, "the database cannot be reached\n")
        }
    }
}
