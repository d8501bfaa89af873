//! The Client Area.

mod accounts;
mod activity;
mod details;
mod home;
mod invitation;
mod login;
mod masquerade;
mod me;
mod password;
mod users;

pub(crate) use details::DetailsForm;
pub(crate) use password::{context as password_context, strength as password_strength};
pub(crate) use users::PermissionsForm;

use crate::routes::Routes;

/// The routes of the Client Area.
pub(crate) fn routes() -> Routes {
    Routes::default()
        .get("/", accounts::root)
        .get("/login", login::show)
        .post("/login", login::submit)
        .post("/logout", login::logout)
        .post("/masquerade/end", masquerade::end)
        .post("/password/strength", password::strength)
        .get("/invite/{token}", invitation::show)
        .post("/invite/{token}/login", invitation::login)
        .post("/invite/{token}/register", invitation::register)
        .post("/invite/{token}/accept", invitation::accept)
        .post("/invite/{token}/decline", invitation::decline)
        .post("/invite/{token}/switch-user", invitation::switch_user)
        .get("/accounts", accounts::show)
        .post("/accounts", accounts::enter)
        .get("/a/{account}", home::show)
        .post("/a/{account}/leave", home::leave)
        .get("/a/{account}/users", users::show)
        .post("/a/{account}/invitations", users::invite)
        .post("/a/{account}/invitations/{invitation}/resend", users::resend)
        .post("/a/{account}/invitations/{invitation}/cancel", users::cancel)
        .post("/a/{account}/users/{user}/remove", users::remove)
        .get("/a/{account}/users/{user}/permissions", users::permissions)
        .post("/a/{account}/users/{user}/permissions", users::save_permissions)
        .get("/a/{account}/activity", activity::show)
        .get("/a/{account}/details", details::show)
        .post("/a/{account}/details", details::save)
        .get("/me/profile", me::profile::show)
        .post("/me/profile", me::profile::save)
        .get("/me/password", me::password::show)
        .post("/me/password", me::password::save)
        .get("/me/security", me::security::show)
        .get("/me/sessions", me::sessions::show)
        .post("/me/sessions/end-others", me::sessions::end_others)
        .post("/me/sessions/{session}/end", me::sessions::end)
        .get("/me/invitations", me::invitations::show)
}
