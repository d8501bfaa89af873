//! The Client Area.

mod accounts;
mod activity;
mod api;
mod contacts;
mod details;
mod home;
mod invitation;
pub(crate) mod login;
mod masquerade;
mod me;
mod password;
mod registration;
mod sso;
mod users;
mod verification;

pub(crate) use details::DetailsForm;
pub(crate) use me::password::PasswordForm;
pub(crate) use password::{generate as password_generate, rules as password_rules, strength as password_strength};
pub(crate) use users::{PermissionsForm, chosen};

use latchkey_http::Routes;

use crate::devices;
use crate::factors;
use crate::passkeys;
use crate::reset;
use crate::state::Web;

/// The routes of the Client Area.
pub(crate) fn routes() -> Routes<Web> {
    Routes::default()
        .get("/", accounts::root)
        .get("/login", login::show)
        .post("/login", login::submit)
        .post("/logout", login::logout)
        .post("/masquerade/end", masquerade::end)
        .post("/password/strength", password::strength)
        .get("/password/forgot", reset::forgot)
        .post("/password/forgot", reset::ask)
        .get("/password/reset/{token}", reset::show)
        .post("/password/reset/{token}", reset::choose)
        .get("/oauth/singlesignon.php", sso::show)
        .post("/oauth/singlesignon.php", sso::redeem)
        .get("/verify/{token}", verification::show)
        .post("/verify/{token}", verification::confirm)
        .post("/password/generate", password::generate)
        .get("/invite/{token}", invitation::show)
        .post("/invite/{token}/login", invitation::login)
        .post("/invite/{token}/register", invitation::register)
        .get("/invite/{token}/registered", invitation::registered)
        .post("/invite/{token}/accept", invitation::accept)
        .post("/invite/{token}/decline", invitation::decline)
        .post("/invite/{token}/switch-user", invitation::switch_user)
        .get("/register/{token}", registration::show)
        .post("/register/{token}", registration::finish)
        .get("/accounts", accounts::show)
        .post("/accounts", accounts::enter)
        .get("/a/{account}", home::show)
        .post("/a/{account}/leave", home::leave)
        .get("/a/{account}/users", users::show)
        .post("/a/{account}/two-factor", users::two_factor)
        .post("/a/{account}/invitations", users::invite)
        .post("/a/{account}/invitations/{invitation}/resend", users::resend)
        .post("/a/{account}/invitations/{invitation}/cancel", users::cancel)
        .post("/a/{account}/users/{user}/remove", users::remove)
        .get("/a/{account}/users/{user}/permissions", users::permissions)
        .post("/a/{account}/users/{user}/permissions", users::save_permissions)
        .get("/a/{account}/activity", activity::show)
        .get("/a/{account}/contacts", contacts::show)
        .post("/a/{account}/contacts", contacts::add)
        .get("/a/{account}/contacts/new", contacts::new)
        .get("/a/{account}/contacts/{contact}", contacts::edit)
        .post("/a/{account}/contacts/{contact}", contacts::save)
        .post("/a/{account}/contacts/{contact}/delete", contacts::delete)
        .post("/a/{account}/sso", users::sso)
        .get("/a/{account}/api", api::show)
        .post("/a/{account}/api", api::create)
        .post("/a/{account}/api/{credential}/revoke", api::revoke)
        .get("/a/{account}/details", details::show)
        .post("/a/{account}/details", details::save)
        .get("/me/profile", me::profile::show)
        .post("/me/profile", me::profile::save)
        .post("/me/email", me::email::save)
        .post("/me/email/cancel", me::email::cancel)
        .post("/me/email/resend", me::email::resend)
        .get("/me/data", me::data::show)
        .post("/me/data/download", me::data::download)
        .post("/me/data/deletion", me::data::ask_for_deletion)
        .post("/me/data/deletion/cancel", me::data::cancel_deletion)
        .get("/me/password", me::password::show)
        .post("/me/password", me::password::save)
        .get("/me/security", me::security::show)
        .get("/me/sessions", me::sessions::show)
        .post("/me/sessions/end-others", me::sessions::end_others)
        .post("/me/sessions/{session}/end", me::sessions::end)
        .get("/me/invitations", me::invitations::show)
        .merge(devices::client_routes())
        .merge(factors::client_routes())
        .merge(passkeys::client_routes())
}
