//! The client profile: tabs **Summary**, **Profile**, **Users**, **Contacts**, **Emails**, **Notes**, **Log**.

mod associate;
mod contacts;
mod emails;
mod log;
mod masquerade;
mod notes;
mod owner;
mod profile;
mod summary;
mod users;

pub(super) use emails::rows as mail_rows;

use latchkey_core::account::Account;
use latchkey_core::clock::Timestamp;
use latchkey_http::Routes;
use serde::Serialize;

use crate::state::Web;
use crate::view::GroupShown;

pub(super) fn routes() -> Routes<Web> {
    Routes::default()
        .get("/admin/clients/{account}", summary::show)
        .post("/admin/clients/{account}/close", summary::close)
        .post("/admin/clients/{account}/reopen", summary::reopen)
        .get("/admin/clients/{account}/profile", profile::show)
        .post("/admin/clients/{account}/profile", profile::save)
        .post("/admin/clients/{account}/two-factor", profile::two_factor)
        .post("/admin/clients/{account}/sso", profile::sso)
        .get("/admin/clients/{account}/users", users::show)
        .get("/admin/clients/{account}/users/associate", associate::show)
        .post("/admin/clients/{account}/users/associate", associate::submit)
        .get("/admin/clients/{account}/users/{user}/permissions", users::permissions)
        .post("/admin/clients/{account}/users/{user}/permissions", users::save_permissions)
        .post("/admin/clients/{account}/users/{user}/remove", users::remove)
        .post("/admin/clients/{account}/invitations/{invitation}/resend", users::resend)
        .post("/admin/clients/{account}/invitations/{invitation}/cancel", users::cancel)
        .post("/admin/clients/{account}/invitations/{invitation}/link", users::link)
        .post("/admin/clients/{account}/owner-changes/{change}/refuse", owner::refuse)
        .get("/admin/clients/{account}/contacts", contacts::show)
        .post("/admin/clients/{account}/contacts", contacts::add)
        .get("/admin/clients/{account}/contacts/new", contacts::new)
        .get("/admin/clients/{account}/contacts/{contact}", contacts::edit)
        .post("/admin/clients/{account}/contacts/{contact}", contacts::save)
        .post("/admin/clients/{account}/contacts/{contact}/delete", contacts::delete)
        .get("/admin/clients/{account}/emails", emails::list)
        .get("/admin/clients/{account}/emails/{mail}", emails::show)
        .get("/admin/clients/{account}/notes", notes::show)
        .post("/admin/clients/{account}/notes", notes::add)
        .post("/admin/clients/{account}/notes/{note}/pin", notes::pin)
        .post("/admin/clients/{account}/notes/{note}/delete", notes::delete)
        .get("/admin/clients/{account}/log", log::show)
        .get("/admin/clients/{account}/masquerade", masquerade::show)
}

/// Deletion, another owner and **Login as Owner**.
pub(super) fn grave() -> Routes<Web> {
    Routes::default()
        .post("/admin/clients/{account}/delete", summary::delete)
        .post("/admin/clients/{account}/users/{user}/owner", owner::make)
        .post("/admin/clients/{account}/owner-changes/{change}/approve", owner::approve)
        .post("/admin/clients/{account}/masquerade", masquerade::start)
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
    group: Option<GroupShown>,
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
            group: account.group.map(GroupShown::from),
        }
    }
}
