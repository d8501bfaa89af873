//! The Admin Area: staff's own login, and everything they can see and do.

mod activity;
mod client;
mod clients;
mod config;
mod dashboard;
mod login;
mod setup;
mod users;

use axum::Router;
use axum::routing::{get, post};

use crate::state::Web;

/// The routes of the Admin Area.
pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/admin", get(dashboard::show))
        .route("/admin/login", get(login::show).post(login::submit))
        .route("/admin/logout", post(login::logout))
        .route("/admin/setup/{token}", get(setup::show).post(setup::submit))
        .route("/admin/search/users", get(users::suggest))
        .route("/admin/clients", get(clients::show))
        .route("/admin/clients/new", get(clients::new).post(clients::create))
        .route("/admin/users", get(users::list))
        .route("/admin/users/{user}", get(users::show).post(users::save))
        .route("/admin/users/{user}/delete", post(users::delete))
        .route("/admin/users/{user}/sessions/end-all", post(users::end_sessions))
        .route("/admin/activity", get(activity::show))
        .route("/admin/activity.csv", get(activity::export))
        .merge(client::routes())
        .merge(config::routes())
}
