//! `/api/v1/accounts/{account}/contacts`: an account's address book.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ApiRight, ManageContacts, ViewContacts};
use latchkey_core::contact::{self, Categories, Details};
use latchkey_core::id::{AccountId, ContactId};
use latchkey_http::Routes;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::account_body::{categories, chosen};
use super::answer::Answer;
use super::call::{Change, Nothing, Post, Query};
use super::page::{Page, PageParameters, Paging};
use super::time;
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident, $max:tt;)*) => {
        /// An address-book entry that receives mail by category. It cannot log in.
        #[derive(Serialize, ToSchema)]
        pub(crate) struct Contact {
            id: i64,
            account: i64,
            email: String,
            $($(#[$doc])* $name: String,)*
            /// Which mail it gets.
            mail_categories: Vec<&'static str>,
            #[schema(format = DateTime)]
            created_at: String,
            #[schema(format = DateTime)]
            updated_at: String,
        }

        /// A contact to be added.
        #[derive(Clone, Deserialize, ToSchema)]
        pub(crate) struct NewContact {
            #[schema(max_length = 254)]
            email: String,
            $($(#[$doc])* #[schema(max_length = $max)] $name: Option<String>,)*
            /// Which mail it gets; none when left out.
            #[schema(max_items = 6)]
            mail_categories: Option<Vec<String>>,
        }

        /// What to change of a contact; what is left out stays.
        #[derive(Clone, Deserialize, ToSchema)]
        pub(crate) struct ContactChange {
            #[schema(max_length = 254)]
            email: Option<String>,
            $($(#[$doc])* #[schema(max_length = $max)] $name: Option<String>,)*
            /// Which mail it gets.
            #[schema(max_items = 6)]
            mail_categories: Option<Vec<String>>,
        }

        impl From<contact::Contact> for Contact {
            fn from(contact: contact::Contact) -> Self {
                let details = contact.details;
                Self {
                    id: contact.id.0,
                    account: contact.account.0,
                    email: details.email,
                    $($name: details.$name,)*
                    mail_categories: categories(&details.categories),
                    created_at: time::at(contact.created_at),
                    updated_at: time::at(contact.updated_at),
                }
            }
        }

        impl NewContact {
            fn parse(self) -> Result<contact::NewContact, Problem> {
                let typed = Details {
                    email: self.email,
                    $($name: self.$name.unwrap_or_default(),)*
                    categories: self.mail_categories.map_or_else(|| Ok(Categories::none()), |keys| chosen(&keys))?,
                };
                Details::parse(&typed).map_err(Problem::invalid)
            }
        }

        impl ContactChange {
            fn parse(self, before: Details) -> Result<contact::NewContact, Problem> {
                let typed = Details {
                    email: self.email.unwrap_or(before.email),
                    $($name: self.$name.unwrap_or(before.$name),)*
                    categories: self.mail_categories.map_or_else(|| Ok(before.categories), |keys| chosen(&keys))?,
                };
                Details::parse(&typed).map_err(Problem::invalid)
            }
        }
    };
}

fields! {
    first_name, 100;
    last_name, 100;
    company, 150;
    address1, 200;
    address2, 200;
    city, 100;
    state, 100;
    postcode, 20;
    /// ISO 3166-1 alpha-2, or empty.
    country, 2;
    phone, 40;
    tax_id, 50;
}

/// Lists an account's contacts by their numbers.
#[utoipa::path(get, path = "/api/v1/accounts/{account}/contacts", tag = "contacts", params(("account" = i64, Path), PageParameters), responses((status = 200, body = Page<Contact>)))]
pub(crate) async fn list(machine: Machine, Path(account): Path<i64>, query: Query<PageParameters>) -> Result<Response, Problem> {
    let paging = Paging::of(query)?;
    let (after, fetch) = (paging.after().map(ContactId), paging.fetch());
    let found = machine.look(ApiRight::ContactsRead, move |snapshot, call| {
        let by = snapshot.authorize_api::<ViewContacts>(call, AccountId(account))?;
        Ok(contact::page(snapshot, &by, after, fetch)?)
    });
    Ok(paging.page(found.await?, |contact| contact.id.0, Contact::from))
}

/// Shows a contact.
#[utoipa::path(get, path = "/api/v1/accounts/{account}/contacts/{contact}", tag = "contacts", params(("account" = i64, Path), ("contact" = i64, Path)), responses((status = 200, body = Contact)))]
pub(crate) async fn show(machine: Machine, Path((account, id)): Path<(i64, i64)>) -> Result<Answer, Problem> {
    let found = machine.look(ApiRight::ContactsRead, move |snapshot, call| {
        let by = snapshot.authorize_api::<ViewContacts>(call, AccountId(account))?;
        Ok(contact::find(snapshot, &by, ContactId(id))?.ok_or(contact::Error::NotFound)?)
    });
    Ok(Answer::tagged(&Contact::from(found.await?)))
}

/// Adds a contact.
#[utoipa::path(post, path = "/api/v1/accounts/{account}/contacts", tag = "contacts", params(("account" = i64, Path)), request_body = NewContact, responses((status = 201, body = Contact)))]
pub(crate) async fn create(Path(account): Path<i64>, post: Post<NewContact>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::ContactsWrite, move |tx, call, new| {
        let by = tx.authorize_api::<ManageContacts>(call, AccountId(account))?;
        let id = contact::add(tx, &by, &new.parse()?)?;
        let made = Contact::from(contact::find(tx, &by, id)?.ok_or(contact::Error::NotFound)?);
        Ok(Answer::created_tagged(format!("/api/v1/accounts/{account}/contacts/{id}"), &made))
    });
    work.await
}

/// Changes a contact.
#[utoipa::path(patch, path = "/api/v1/accounts/{account}/contacts/{contact}", tag = "contacts", params(("account" = i64, Path), ("contact" = i64, Path)), request_body = ContactChange, responses((status = 200, body = Contact)))]
pub(crate) async fn update(Path((account, id)): Path<(i64, i64)>, change: Change<ContactChange>) -> Result<Answer, Problem> {
    let id = ContactId(id);
    let work = change.run(ApiRight::ContactsWrite, move |tx, call, change, if_match| {
        let by = tx.authorize_api::<ManageContacts>(call, AccountId(account))?;
        let before = contact::find(tx, &by, id)?.ok_or(contact::Error::NotFound)?;
        if_match.check(&Contact::from(before.clone()))?;
        let changed = contact::update(tx, &by, id, &change.parse(before.details)?);
        changed.map_err(|error| Problem::from(error).renamed("categories", "mail_categories"))?;
        Ok(Answer::tagged(&Contact::from(contact::find(tx, &by, id)?.ok_or(contact::Error::NotFound)?)))
    });
    work.await
}

/// Deletes a contact.
#[utoipa::path(delete, path = "/api/v1/accounts/{account}/contacts/{contact}", tag = "contacts", params(("account" = i64, Path), ("contact" = i64, Path)), responses((status = 204)))]
pub(crate) async fn delete(Path((account, id)): Path<(i64, i64)>, change: Change<Nothing>) -> Result<Answer, Problem> {
    let id = ContactId(id);
    let work = change.run(ApiRight::ContactsWrite, move |tx, call, _, if_match| {
        let by = tx.authorize_api::<ManageContacts>(call, AccountId(account))?;
        if_match.check(&Contact::from(contact::find(tx, &by, id)?.ok_or(contact::Error::NotFound)?))?;
        contact::delete(tx, &by, id)?;
        Ok(Answer::none())
    });
    work.await
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(list, show, create, update, delete))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/v1/accounts/{account}/contacts", list)
        .post("/api/v1/accounts/{account}/contacts", create)
        .get("/api/v1/accounts/{account}/contacts/{contact}", show)
        .patch("/api/v1/accounts/{account}/contacts/{contact}", update)
        .delete("/api/v1/accounts/{account}/contacts/{contact}", delete)
}
