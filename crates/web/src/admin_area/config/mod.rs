//! Configuration: what the operator chooses at run time.

mod admins;
mod general;
mod mail;
mod templates;

use axum::Router;
use axum::routing::{get, post};

use crate::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/admin/config", get(general::show).post(general::save))
        .route("/admin/config/mail", get(mail::show).post(mail::send_test))
        .route("/admin/config/templates", get(templates::show))
        .route("/admin/config/templates/{key}", get(templates::html))
        .route("/admin/config/admins", get(admins::show).post(admins::create))
        .route("/admin/config/admins/{admin}/disable", post(admins::disable))
        .route("/admin/config/admins/{admin}/enable", post(admins::enable))
}
