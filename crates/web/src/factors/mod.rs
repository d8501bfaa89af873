//! Second factors, the same in both areas: the second step of a login, "confirm it's you", and the settings.

pub(crate) mod confirm;
pub(crate) mod login;
mod qr;
mod sessions;
pub(crate) mod settings;

use latchkey_http::Routes;

use crate::state::Web;

/// The routes of the Client Area.
pub(crate) fn client_routes() -> Routes<Web> {
    Routes::default()
        .get("/login/two-factor", login::show)
        .post("/login/two-factor", login::submit)
        .get("/two-factor", confirm::two_factor)
        .get("/confirm", confirm::show)
        .post("/confirm", confirm::submit)
        .post("/me/security/totp", settings::offer)
        .get("/me/security/totp", settings::offered)
        .post("/me/security/totp/confirm", settings::add)
        .post("/me/security/recovery-codes", settings::new_codes)
        .post("/me/security/factors/{factor}/remove", settings::remove)
}

/// The same in the Admin Area.
pub(crate) fn admin_routes() -> Routes<Web> {
    Routes::default()
        .get("/admin/login/two-factor", login::show)
        .post("/admin/login/two-factor", login::submit)
        .get("/admin/two-factor", confirm::two_factor)
        .get("/admin/confirm", confirm::show)
        .post("/admin/confirm", confirm::submit)
        .get("/admin/me/security", settings::of_admin)
        .post("/admin/me/sessions/end-others", sessions::end_others)
        .post("/admin/me/sessions/{session}/end", sessions::end)
        .post("/admin/me/security/totp", settings::offer)
        .get("/admin/me/security/totp", settings::offered)
        .post("/admin/me/security/totp/confirm", settings::add)
        .post("/admin/me/security/recovery-codes", settings::new_codes)
        .post("/admin/me/security/factors/{factor}/remove", settings::remove)
}
