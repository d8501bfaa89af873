//! What stands for the variables in the path of a route.

use super::{World, address_of};
use crate::support::tables::number;

/// The path of a row, its variables filled in with something that is there, made just now.
pub(crate) async fn fill(world: &World, path: &str, actor: &str) -> String {
    let mut filled = path.replace("{account}", &world.acme.to_string()).replace("{key}", "invitation");
    filled = fill_roles_contacts_and_owners(world, filled.replace("{*path}", "css/base.css")).await;
    if filled.contains("{user}") {
        filled = filled.replace("{user}", &world.someone().await.to_string());
    }
    if filled.contains("/admins/invitations/{invitation}") {
        filled = filled.replace("{invitation}", &world.admin_invitation().await.0.to_string());
    }
    if filled.contains("{token}") {
        filled = fill_link(world, filled).await;
    }
    if path.contains("/users/{user}/mails/{mail}") {
        filled = world.waiting_mail(&filled).await;
    }
    if filled.contains("{invitation}/link") {
        filled = filled.replace("{invitation}", &world.waiting_invitation().await.to_string());
    }
    if filled.contains("{invitation}") {
        filled = filled.replace("{invitation}", &world.invitation().await.0.to_string());
    }
    if filled.contains("{mail}") {
        world.invitation().await;
        filled = filled.replace("{mail}", &number(&world.app, "select max(id) from mails").await.to_string());
    }
    if filled.contains("{admin}") {
        filled = filled.replace("{admin}", &world.another_admin().await.to_string());
    }
    if filled.contains("{ban}") {
        filled = filled.replace("{ban}", &world.ban().await.to_string());
    }
    if filled.contains("{webhook}") {
        filled = filled.replace("{webhook}", &world.webhook().await.to_string());
    }
    if filled.contains("{note}") {
        filled = filled.replace("{note}", &world.note().await.to_string());
    }
    if filled.contains("{passkey}") {
        filled = filled.replace("{passkey}", &world.passkey().await.to_string());
    }
    if filled.contains("{factor}") {
        filled = filled.replace("{factor}", &world.factor_of(actor).await.to_string());
    }
    if filled.contains("{device}") {
        // Another login of this actor; of the owner when the actor is nobody.
        if filled.starts_with("/admin/") {
            world.admin_session_of(actor).await;
        } else {
            world.session_of(address_of(actor).unwrap_or("olivia@example.com")).await;
        }
        filled = filled.replace("{device}", &number(&world.app, "select max(id) from devices").await.to_string());
    }
    if filled.contains("/admin/me/sessions/{session}") {
        filled = filled.replace("{session}", &world.admin_session_of(actor).await.to_string());
    }
    if filled.contains("{session}") {
        let email = address_of(actor).unwrap_or("olivia@example.com");
        filled = filled.replace("{session}", &world.session_of(email).await.to_string());
    }
    assert!(!filled.contains('{'), "{filled}: tests do not know what to fill in; teach `fill`");
    filled
}

/// The same for the secret of a link.
async fn fill_link(world: &World, path: String) -> String {
    let secret = match path.as_str() {
        path if path.starts_with("/admin/setup/") => return world.setup_link().await,
        path if path.starts_with("/admin/invite/") => {
            let (_, link) = world.admin_invitation().await;
            return link.strip_prefix("http://latchkey.example").unwrap().to_owned();
        }
        path if path.starts_with("/invite/") => world.invitation().await.1,
        path if path.starts_with("/admin/password/reset/") => world.admin_reset_link().await,
        path if path.starts_with("/password/reset/") => world.reset_link().await,
        path if path.starts_with("/verify/") => world.verification_link().await,
        path if path.starts_with("/register/") => world.registration_link().await,
        _ => return path,
    };
    path.replace("{token}", &secret.reveal())
}

/// The same for what is made by staff alone, and for contacts.
async fn fill_roles_contacts_and_owners(world: &World, mut filled: String) -> String {
    if filled.contains("{change}") {
        filled = filled.replace("{change}", &world.owner_change().await.to_string());
    }
    if filled.contains("{member_role}") {
        filled = filled.replace("{member_role}", &world.member_role().await.to_string());
    }
    if filled.contains("{api_role}") {
        filled = filled.replace("{api_role}", &world.api_role().await.to_string());
    }
    if filled.contains("{credential}") {
        filled = filled.replace("{credential}", &world.credential().await.to_string());
    }
    if filled.contains("{role}") {
        filled = filled.replace("{role}", &world.role().await.to_string());
    }
    if filled.contains("{contact}") {
        filled = filled.replace("{contact}", &world.contact().await.to_string());
    }
    if filled.contains("{template}") {
        filled = filled.replace("{template}", &world.mail_template().await.to_string());
    }
    if filled.contains("{group}") {
        filled = filled.replace("{group}", &world.group().await.to_string());
    }
    filled
}
