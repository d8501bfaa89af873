//! **Contacts**: the account's address book.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use latchkey_core::access::{ManageContacts, ViewContacts};
use latchkey_core::account::{self, Account};
use latchkey_core::contact::{self, CATEGORIES, Contact, Error, NewContact};
use latchkey_core::error::Invalid;
use latchkey_core::id::{AccountId, ContactId};
use serde::{Deserialize, Serialize};

use super::Client;
use crate::error::PageError;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::visit::Staff;

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ContactForm {
    first_name: String,
    last_name: String,
    email: String,
    phone: String,
    categories: Vec<String>,
}

#[derive(Serialize)]
struct ContactShown {
    id: i64,
    name: String,
    email: String,
    categories: Vec<String>,
}

async fn load(staff: &Staff, id: AccountId) -> Result<(Account, Vec<Contact>), PageError> {
    let admin = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_staff::<ViewContacts>(admin, id)?;
        Ok::<_, Error>((account::find(snapshot, id)?.ok_or(Error::NotFound)?, contact::list(snapshot, &by)?))
    });
    Ok(loaded.await?)
}

async fn tab(staff: &Staff, id: AccountId, form: &ContactForm, invalid: &[Invalid]) -> Result<Response, PageError> {
    let web = &staff.visit.web;
    let (account, contacts) = load(staff, id).await?;
    let label = |key: &str| web.text(&format!("contact-category-{key}"), &[]);
    let shown = |contact: Contact| ContactShown {
        id: contact.id.0,
        name: contact.name,
        email: contact.email,
        categories: contact.categories.iter().map(|key| label(key)).collect(),
    };
    let context = context! {
        client => Client::from(account),
        contacts => contacts.into_iter().map(shown).collect::<Vec<_>>(),
        categories => CATEGORIES.map(|key| context! { key, label => label(key) }),
        form => Shown::new(form).with_errors(web, invalid),
    };
    let status = if invalid.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(page::respond(&staff.visit, status, "admin/client/contacts.html", context))
}

/// The tab.
pub(crate) async fn show(staff: Staff, Path(id): Path<AccountId>) -> Answer {
    tab(&staff, id, &ContactForm::default(), &[]).await
}

/// Adds a contact.
pub(crate) async fn add(staff: Staff, Path(id): Path<AccountId>, Form(form): Form<ContactForm>) -> Answer {
    let (visit, admin, back) = (&staff.visit, staff.id(), format!("/admin/clients/{id}/contacts"));
    let problems = match NewContact::parse(&form.first_name, &form.last_name, &form.email, &form.phone, &form.categories) {
        Err(problems) => problems,
        Ok(new) => {
            let added = visit.web.app().write(&visit.request, move |tx| {
                let by = tx.authorize_staff::<ManageContacts>(admin, id)?;
                contact::add(tx, &by, &new)
            });
            match page::outcome(added.await)? {
                Outcome::Done(_) => return Ok(page::done(visit, &back, "flash-contact-added", &[])),
                Outcome::Invalid(problems) => problems,
                Outcome::Conflict(message) => return Ok(page::refused(visit, &back, message)),
            }
        }
    };
    tab(&staff, id, &form, &problems).await
}

/// Deletes a contact.
pub(crate) async fn delete(staff: Staff, Path((account, id)): Path<(AccountId, ContactId)>, _: Form<Pressed>) -> Answer {
    let (visit, admin, back) = (&staff.visit, staff.id(), format!("/admin/clients/{account}/contacts"));
    let deleted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_staff::<ManageContacts>(admin, account)?;
        contact::delete(tx, &by, id)
    });
    page::pressed(visit, &back, deleted.await, |()| page::done(visit, &back, "flash-contact-deleted", &[]))
}
