//! The Client Area.

mod accounts;
mod details;
mod home;
mod invitation;
mod login;
mod me;
mod password;
mod users;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use details::DetailsForm;
pub(crate) use password::context as password_context;
pub(crate) use users::PermissionsForm;

use crate::state::Web;

/// The routes of the Client Area.
pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/", get(accounts::root))
        .route("/login", get(login::show).post(login::submit))
        .route("/logout", post(login::logout))
        .route("/password/strength", post(password::strength))
        .route("/invite/{token}", get(invitation::show))
        .route("/invite/{token}/login", post(invitation::login))
        .route("/invite/{token}/register", post(invitation::register))
        .route("/invite/{token}/accept", post(invitation::accept))
        .route("/invite/{token}/decline", post(invitation::decline))
        .route("/invite/{token}/switch-user", post(invitation::switch_user))
        .route("/accounts", get(accounts::show).post(accounts::enter))
        .route("/a/{account}", get(home::show))
        .route("/a/{account}/leave", post(home::leave))
        .route("/a/{account}/users", get(users::show))
        .route("/a/{account}/invitations", post(users::invite))
        .route("/a/{account}/invitations/{invitation}/resend", post(users::resend))
        .route("/a/{account}/invitations/{invitation}/cancel", post(users::cancel))
        .route("/a/{account}/users/{user}/remove", post(users::remove))
        .route("/a/{account}/users/{user}/permissions", get(users::permissions).post(users::save_permissions))
        .route("/a/{account}/details", get(details::show).post(details::save))
        .route("/me/profile", get(me::profile::show).post(me::profile::save))
        .route("/me/password", get(me::password::show).post(me::password::save))
        .route("/me/security", get(me::security::show))
        .route("/me/sessions", get(me::sessions::show))
        .route("/me/sessions/end-others", post(me::sessions::end_others))
        .route("/me/sessions/{session}/end", post(me::sessions::end))
        .route("/me/invitations", get(me::invitations::show))
}
