//! REST, `/api/v1`: one file per resource, and what they share.
//!
//! [`answer`] is what is said, [`call`] what is asked (with `Idempotency-Key` and `If-Match`), [`schema`] holds input to the
//! document, [`page`] cuts lists, [`limit`] counts calls, [`document`] puts the `OpenAPI` document together and [`html`]
//! shows it to people.

mod account_body;
mod accounts;
mod admins;
mod answer;
mod bulk;
mod call;
mod contacts;
mod credentials;
mod document;
mod events;
mod html;
mod html_schema;
mod invitations;
mod limit;
pub(crate) mod member_roles;
mod memberships;
mod notes;
mod page;
mod permissions;
mod roles;
mod schema;
mod sessions;
mod time;
mod users;
mod webhooks;

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use latchkey_http::Routes;
use serde_json::Value;
use utoipa::OpenApi;

use crate::state::Api;

pub(crate) use html::{script, show as docs, style};
pub(crate) use limit::{Limits, allowed, guard};
// What permission checks have in common with the routes here.
pub(crate) use call::{Query, Whole};
pub(crate) use page::{Page, PageParameters, Paging};
pub(crate) use schema::{Input, refused};

/// Every route of the REST API: whoever asks has shown a credential before.
pub(crate) fn routes() -> Routes<Api> {
    users::routes()
        .merge(sessions::routes())
        .merge(accounts::routes())
        .merge(memberships::routes())
        .merge(invitations::routes())
        .merge(bulk::routes())
        .merge(permissions::routes())
        .merge(contacts::routes())
        .merge(notes::routes())
        .merge(events::routes())
        .merge(admins::routes())
        .merge(roles::routes())
        .merge(member_roles::routes())
        .merge(credentials::routes())
        .merge(webhooks::routes())
        .merge(crate::whoami::routes())
        .merge(crate::check::lists())
}

/// The `OpenAPI` document. Another door that belongs in it adds what it shows to the list.
pub(crate) fn document() -> Value {
    document::document(vec![
        crate::whoami::Doc::openapi(),
        users::Doc::openapi(),
        sessions::Doc::openapi(),
        accounts::Doc::openapi(),
        memberships::Doc::openapi(),
        invitations::Doc::openapi(),
        bulk::Doc::openapi(),
        permissions::Doc::openapi(),
        contacts::Doc::openapi(),
        notes::Doc::openapi(),
        events::Doc::openapi(),
        admins::Doc::openapi(),
        roles::Doc::openapi(),
        member_roles::Doc::openapi(),
        credentials::Doc::openapi(),
        webhooks::Doc::openapi(),
        crate::check::Doc::openapi(),
    ])
}

/// `GET /api/openapi.json`: for everybody, and so put together once.
pub(crate) async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], text())
}

fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());
    &TEXT
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_document_shows_every_route_and_no_other() {
        let mut shown = super::document::rows(&super::document());
        let mut served = super::document::of_table(&crate::table());
        served.retain(|row| row.0.starts_with("/api/v1/"));
        shown.sort();
        served.sort();
        assert_eq!(shown, served);
    }

    #[test]
    fn the_document_is_put_together_once_however_often_it_is_asked_for() {
        assert!(std::ptr::eq(super::text(), super::text()));
    }
}
