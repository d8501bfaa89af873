//! **Contacts**: the account's address book.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ManageContacts, ViewContacts};
use latchkey_core::account::{self, Account};
use latchkey_core::contact::{self, Contact, Error};
use latchkey_core::error::Invalid;
use latchkey_core::id::{AccountId, ContactId};

use super::Client;
use crate::contacts::{self, ContactForm, Kept};
use crate::error::PageError;
use crate::form::{Form, Pressed};
use crate::page::{self, Answer};
use crate::visit::Staff;

const TEMPLATE: &str = "admin/client/contact.html";

fn list_path(account: AccountId) -> String {
    format!("/admin/clients/{account}/contacts")
}

/// The tab.
pub(crate) async fn show(staff: Staff, Path(id): Path<AccountId>) -> Answer {
    let (web, admin) = (&staff.visit.web, staff.id());
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.authorize_staff::<ViewContacts>(admin, id)?;
        Ok::<_, Error>((account::find(snapshot, id)?.ok_or(Error::NotFound)?, contact::of_account(snapshot, &by)?))
    });
    let (account, contacts) = loaded.await?;
    let context = context! { client => Client::from(account), contacts => contacts::rows(web, contacts) };
    Ok(page::page(&staff.visit, "admin/client/contacts.html", context))
}

/// The account, and the contact when one is asked for.
async fn load(staff: &Staff, id: AccountId, asked: Option<ContactId>) -> Result<(Account, Option<Contact>), PageError> {
    let admin = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_staff::<ManageContacts>(admin, id)?;
        let contact = asked.map(|asked| contact::find(snapshot, &by, asked)?.ok_or(Error::NotFound)).transpose()?;
        Ok::<_, Error>((account::find(snapshot, id)?.ok_or(Error::NotFound)?, contact))
    });
    Ok(loaded.await?)
}

async fn form_page(
    staff: &Staff,
    id: AccountId,
    asked: Option<ContactId>,
    typed: Option<&ContactForm>,
    invalid: &[Invalid],
) -> Result<Response, PageError> {
    let (account, contact) = load(staff, id, asked).await?;
    let held = contact.as_ref().map(|contact| contact.details.clone().into()).unwrap_or_default();
    let around = context! { client => Client::from(account) };
    Ok(contacts::form_page(&staff.visit, TEMPLATE, around, (contact.as_ref(), typed.unwrap_or(&held)), invalid))
}

/// **Add Contact**: the form.
pub(crate) async fn new(staff: Staff, Path(id): Path<AccountId>) -> Answer {
    form_page(&staff, id, None, None, &[]).await
}

/// One contact.
pub(crate) async fn edit(staff: Staff, Path((account, id)): Path<(AccountId, ContactId)>) -> Answer {
    form_page(&staff, account, Some(id), None, &[]).await
}

/// **Add Contact**.
pub(crate) async fn add(staff: Staff, Path(id): Path<AccountId>, Form(form): Form<ContactForm>) -> Answer {
    let (visit, admin, parsed) = (&staff.visit, staff.id(), form.parse());
    let added = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_staff::<ManageContacts>(admin, id)?;
        contacts::checked(parsed.clone(), |new| contact::add(tx, &by, new))
    });
    match contacts::kept(visit, &list_path(id), "flash-contact-added", added.await)? {
        Kept::Answered(answer) => Ok(answer),
        Kept::Refused(problems) => form_page(&staff, id, None, Some(&form), &problems).await,
    }
}

/// **Save Changes**.
pub(crate) async fn save(
    staff: Staff,
    Path((account, id)): Path<(AccountId, ContactId)>,
    Form(form): Form<ContactForm>,
) -> Answer {
    let (visit, admin, parsed) = (&staff.visit, staff.id(), form.parse());
    let saved = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_staff::<ManageContacts>(admin, account)?;
        contacts::checked(parsed.clone(), |new| contact::update(tx, &by, id, new))
    });
    match contacts::kept(visit, &list_path(account), "flash-contact-saved", saved.await)? {
        Kept::Answered(answer) => Ok(answer),
        Kept::Refused(problems) => form_page(&staff, account, Some(id), Some(&form), &problems).await,
    }
}

/// Deletes a contact.
pub(crate) async fn delete(staff: Staff, Path((account, id)): Path<(AccountId, ContactId)>, _: Form<Pressed>) -> Answer {
    let (visit, admin, back) = (&staff.visit, staff.id(), list_path(account));
    let deleted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_staff::<ManageContacts>(admin, account)?;
        contact::delete(tx, &by, id)
    });
    page::pressed(visit, &back, deleted.await, |()| page::done(visit, &back, "flash-contact-deleted", &[]))
}
