//! Configuration: what the operator chooses at run time.

mod admins;
mod api;
mod api_roles;
mod bans;
mod general;
mod groups;
mod mail;
mod mail_templates;
mod member_roles;
mod notifications;
mod roles;
mod security;
mod templates;
mod webhooks;

use latchkey_http::Routes;

use crate::state::Web;

pub(super) fn routes() -> Routes<Web> {
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
        .post("/admin/config/templates", mail_templates::create)
        .get("/admin/config/templates/new", mail_templates::new)
        .post("/admin/config/templates/bundled", mail_templates::add_bundled)
        .get("/admin/config/templates/own/{template}", mail_templates::edit)
        .post("/admin/config/templates/own/{template}", mail_templates::save)
        .post("/admin/config/templates/own/{template}/delete", mail_templates::delete)
        .get("/admin/config/admins", admins::show)
        .post("/admin/config/admins", admins::invite)
        .post("/admin/config/admins/invitations/{invitation}/resend", admins::resend)
        .post("/admin/config/admins/invitations/{invitation}/cancel", admins::cancel)
        .post("/admin/config/admins/invitations/{invitation}/link", admins::link)
        .post("/admin/config/admins/{admin}/role", admins::set_role)
        .post("/admin/config/admins/{admin}/delete", admins::delete)
        .post("/admin/config/admins/{admin}/disable", admins::disable)
        .post("/admin/config/admins/{admin}/enable", admins::enable)
        .get("/admin/config/bans", bans::show)
        .post("/admin/config/bans", bans::add)
        .post("/admin/config/bans/never", bans::save_never)
        .post("/admin/config/bans/{ban}/lift", bans::lift)
        .get("/admin/config/groups", groups::show)
        .post("/admin/config/groups", groups::create)
        .get("/admin/config/groups/{group}", groups::edit)
        .post("/admin/config/groups/{group}", groups::save)
        .post("/admin/config/groups/{group}/delete", groups::delete)
        .get("/admin/config/api", api::show)
        .post("/admin/config/api", api::create)
        .post("/admin/config/api/{credential}/revoke", api::revoke)
        .get("/admin/config/api/roles", api_roles::show)
        .post("/admin/config/api/roles", api_roles::create)
        .get("/admin/config/api/roles/{api_role}", api_roles::edit)
        .post("/admin/config/api/roles/{api_role}", api_roles::save)
        .post("/admin/config/api/roles/{api_role}/delete", api_roles::delete)
        .get("/admin/config/roles", roles::show)
        .post("/admin/config/roles", roles::create)
        .get("/admin/config/roles/{role}", roles::edit)
        .post("/admin/config/roles/{role}", roles::save)
        .post("/admin/config/roles/{role}/delete", roles::delete)
        .get("/admin/config/member-roles", member_roles::show)
        .post("/admin/config/member-roles", member_roles::create)
        .get("/admin/config/member-roles/{member_role}", member_roles::edit)
        .post("/admin/config/member-roles/{member_role}", member_roles::save)
        .post("/admin/config/member-roles/{member_role}/delete", member_roles::delete)
        .get("/admin/config/webhooks", webhooks::list)
        .post("/admin/config/webhooks", webhooks::create)
        .get("/admin/config/webhooks/new", webhooks::new)
        .get("/admin/config/webhooks/{webhook}", webhooks::show)
        .post("/admin/config/webhooks/{webhook}", webhooks::save)
        .post("/admin/config/webhooks/{webhook}/rotate", webhooks::rotate)
        .post("/admin/config/webhooks/{webhook}/disable", webhooks::disable)
        .post("/admin/config/webhooks/{webhook}/enable", webhooks::enable)
        .post("/admin/config/webhooks/{webhook}/test", webhooks::test)
        .post("/admin/config/webhooks/{webhook}/replay", webhooks::replay)
        .post("/admin/config/webhooks/{webhook}/delete", webhooks::delete)
}
