//! Configuration: what the operator chooses at run time.

mod admins;
mod general;
mod mail;
mod notifications;
mod security;
mod templates;

use crate::routes::Routes;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/admin/config", general::show)
        .post("/admin/config", general::save)
        .get("/admin/config/mail", mail::show)
        .post("/admin/config/mail", mail::send_test)
        .get("/admin/config/notifications", notifications::show)
        .post("/admin/config/notifications", notifications::save)
        .get("/admin/config/security", security::show)
        .post("/admin/config/security", security::save)
        .get("/admin/config/templates", templates::show)
        .get("/admin/config/templates/{key}", templates::html)
        .get("/admin/config/admins", admins::show)
        .post("/admin/config/admins", admins::create)
        .post("/admin/config/admins/{admin}/disable", admins::disable)
        .post("/admin/config/admins/{admin}/enable", admins::enable)
}
