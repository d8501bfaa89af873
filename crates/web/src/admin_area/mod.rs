//! The Admin Area: staff's own login, and everything they can see and do.

mod activity;
mod client;
mod clients;
mod config;
mod dashboard;
mod invite;
mod login;
mod setup;
mod users;

use crate::client_area::password_strength;
use crate::routes::Routes;

/// The routes of the Admin Area.
pub(crate) fn routes() -> Routes {
    Routes::default()
        .get("/admin", dashboard::show)
        .get("/admin/login", login::show)
        .post("/admin/login", login::submit)
        .post("/admin/logout", login::logout)
        .get("/admin/setup/{token}", setup::show)
        .post("/admin/setup/{token}", setup::submit)
        .get("/admin/invite/{token}", invite::show)
        .post("/admin/invite/{token}", invite::accept)
        .post("/admin/password/strength", password_strength)
        .get("/admin/search/users", users::suggest)
        .get("/admin/clients", clients::show)
        .get("/admin/clients/new", clients::new)
        .post("/admin/clients/new", clients::create)
        .get("/admin/users", users::list)
        .get("/admin/users/{user}", users::show)
        .post("/admin/users/{user}", users::save)
        .post("/admin/users/{user}/sessions/end-all", users::end_sessions)
        .get("/admin/activity", activity::show)
        .get("/admin/activity.csv", activity::export)
        .merge(grave())
        .merge(client::routes())
        .merge(config::routes())
}

/// What cannot be taken back, or happens in somebody's name: deletion, another owner, **Login as Owner**. This is the one place to ask
/// for fresh proof of who is there before any of it (step-up, ASVS V7.5.3).
fn grave() -> Routes {
    Routes::default().post("/admin/users/{user}/delete", users::delete).merge(client::grave())
}
