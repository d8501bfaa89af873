//! The client profile: tabs **Summary**, **Profile**, **Users**, **Contacts**, **Emails**, **Notes**, **Log**.

mod associate;
mod contacts;
mod emails;
mod log;
mod notes;
mod profile;
mod summary;
mod users;

use axum::Router;
use axum::routing::{get, post};
use latchkey_core::account::Account;
use latchkey_core::clock::Timestamp;
use serde::Serialize;

use crate::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/admin/clients/{account}", get(summary::show))
        .route("/admin/clients/{account}/close", post(summary::close))
        .route("/admin/clients/{account}/reopen", post(summary::reopen))
        .route("/admin/clients/{account}/delete", post(summary::delete))
        .route("/admin/clients/{account}/profile", get(profile::show).post(profile::save))
        .route("/admin/clients/{account}/users", get(users::show))
        .route("/admin/clients/{account}/users/associate", get(associate::show).post(associate::submit))
        .route("/admin/clients/{account}/users/{user}/permissions", get(users::permissions).post(users::save_permissions))
        .route("/admin/clients/{account}/users/{user}/remove", post(users::remove))
        .route("/admin/clients/{account}/users/{user}/owner", post(users::make_owner))
        .route("/admin/clients/{account}/invitations/{invitation}/resend", post(users::resend))
        .route("/admin/clients/{account}/invitations/{invitation}/cancel", post(users::cancel))
        .route("/admin/clients/{account}/invitations/{invitation}/link", post(users::link))
        .route("/admin/clients/{account}/contacts", get(contacts::show).post(contacts::add))
        .route("/admin/clients/{account}/contacts/{contact}/delete", post(contacts::delete))
        .route("/admin/clients/{account}/emails", get(emails::list))
        .route("/admin/clients/{account}/emails/{mail}", get(emails::show))
        .route("/admin/clients/{account}/notes", get(notes::show).post(notes::add))
        .route("/admin/clients/{account}/notes/{note}/pin", post(notes::pin))
        .route("/admin/clients/{account}/notes/{note}/delete", post(notes::delete))
        .route("/admin/clients/{account}/log", get(log::show))
}

/// The client on screen.
#[derive(Serialize)]
struct Client {
    id: i64,
    name: String,
    company: String,
    status: &'static str,
    owner: OwnerShown,
    created_at: Timestamp,
    group: Option<String>,
}

#[derive(Serialize)]
struct OwnerShown {
    id: i64,
    name: String,
    email: String,
}

impl From<Account> for Client {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.0,
            name: account.details.name,
            company: account.details.company,
            status: account.status.key(),
            owner: OwnerShown { id: account.owner.id.0, name: account.owner.name, email: account.owner.email },
            created_at: account.created_at,
            group: Some(account.group).filter(|group| !group.is_empty()),
        }
    }
}
