//! The Admin Area: staff's own login, and everything they can see and do.

mod activity;
mod client;
mod clients;
mod config;
mod dashboard;
mod invite;
pub(crate) mod login;
mod password;
mod setup;
mod user_mails;
mod users;

use latchkey_http::Routes;

use crate::client_area::{password_generate, password_strength};
use crate::devices;
use crate::factors;
use crate::passkeys;
use crate::reset;
use crate::state::Web;

/// The routes of the Admin Area.
pub(crate) fn routes() -> Routes<Web> {
    Routes::default()
        .get("/admin", dashboard::show)
        .get("/admin/login", login::show)
        .post("/admin/login", login::submit)
        .post("/admin/logout", login::logout)
        .get("/admin/password/forgot", reset::forgot)
        .post("/admin/password/forgot", reset::ask)
        .get("/admin/password/reset/{token}", reset::show)
        .post("/admin/password/reset/{token}", reset::choose)
        .get("/admin/me/password", password::show)
        .post("/admin/me/password", password::save)
        .get("/admin/setup/{token}", setup::show)
        .post("/admin/setup/{token}", setup::submit)
        .get("/admin/invite/{token}", invite::show)
        .post("/admin/invite/{token}", invite::accept)
        .post("/admin/password/strength", password_strength)
        .post("/admin/password/generate", password_generate)
        .get("/admin/search/users", users::suggest)
        .get("/admin/clients", clients::show)
        .get("/admin/clients/new", clients::new)
        .post("/admin/clients/new", clients::create)
        .get("/admin/users", users::list)
        .get("/admin/users/{user}", users::show)
        .post("/admin/users/{user}", users::save)
        .post("/admin/users/{user}/email/cancel", users::cancel_email)
        .post("/admin/users/{user}/two-factor/disable", users::disable_two_factor)
        .post("/admin/users/{user}/sessions/end-all", users::end_sessions)
        .post("/admin/users/{user}/reset", user_mails::send_reset)
        .get("/admin/users/{user}/mails/{mail}", user_mails::show)
        .post("/admin/users/{user}/mails/{mail}/link", user_mails::link)
        .get("/admin/activity", activity::show)
        .get("/admin/activity.csv", activity::export)
        .merge(grave())
        .merge(client::routes())
        .merge(config::routes())
        .merge(devices::admin_routes())
        .merge(factors::admin_routes())
        .merge(passkeys::admin_routes())
}

/// What cannot be taken back, or happens in somebody's name: deletion, another owner, **Login as Owner**. This is the one place to ask
/// for fresh proof of who is there before any of it (step-up, ASVS V7.5.3).
fn grave() -> Routes<Web> {
    Routes::default().post("/admin/users/{user}/delete", users::delete).merge(client::grave())
}
