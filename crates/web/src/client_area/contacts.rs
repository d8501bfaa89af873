//! **Contacts**: the account's address book (permission `contacts`).

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::ManageContacts;
use latchkey_core::contact::{self, Contact, Error};
use latchkey_core::error::Invalid;
use latchkey_core::id::{AccountId, ContactId};

use crate::contacts::{self, ContactForm, Kept};
use crate::error::PageError;
use crate::form::{Form, Pressed};
use crate::page::{self, Answer};
use crate::view::{self, AccountShown};
use crate::visit::LoggedIn;

const TEMPLATE: &str = "client/contact.html";

fn list_path(account: AccountId) -> String {
    format!("/a/{account}/contacts")
}

/// The page.
pub(crate) async fn show(member: LoggedIn, Path(id): Path<AccountId>) -> Answer {
    let (web, who) = (&member.visit.web, member.who());
    let loaded = web.app().read(move |snapshot| {
        let account = view::account(snapshot, who, id)?;
        let by = snapshot.authorize::<ManageContacts>(who, id)?;
        Ok::<_, Error>((account, contact::of_account(snapshot, &by)?))
    });
    let (account, contacts) = loaded.await?;
    let context = context! { account, contacts => contacts::rows(web, contacts) };
    Ok(page::page(&member.visit, "client/contacts.html", context))
}

/// The account, and the contact when one is asked for.
async fn load(member: &LoggedIn, id: AccountId, asked: Option<ContactId>) -> Result<(AccountShown, Option<Contact>), PageError> {
    let who = member.who();
    let loaded = member.visit.web.app().read(move |snapshot| {
        let account = view::account(snapshot, who, id)?;
        let by = snapshot.authorize::<ManageContacts>(who, id)?;
        let contact = asked.map(|asked| contact::find(snapshot, &by, asked)?.ok_or(Error::NotFound)).transpose()?;
        Ok::<_, Error>((account, contact))
    });
    Ok(loaded.await?)
}

async fn form_page(
    member: &LoggedIn,
    id: AccountId,
    asked: Option<ContactId>,
    typed: Option<&ContactForm>,
    invalid: &[Invalid],
) -> Result<Response, PageError> {
    let (account, contact) = load(member, id, asked).await?;
    let held = contact.as_ref().map(|contact| contact.details.clone().into()).unwrap_or_default();
    let around = context! { account };
    Ok(contacts::form_page(&member.visit, TEMPLATE, around, (contact.as_ref(), typed.unwrap_or(&held)), invalid))
}

/// **Add Contact**: the form.
pub(crate) async fn new(member: LoggedIn, Path(id): Path<AccountId>) -> Answer {
    form_page(&member, id, None, None, &[]).await
}

/// One contact.
pub(crate) async fn edit(member: LoggedIn, Path((account, id)): Path<(AccountId, ContactId)>) -> Answer {
    form_page(&member, account, Some(id), None, &[]).await
}

/// **Add Contact**.
pub(crate) async fn add(member: LoggedIn, Path(id): Path<AccountId>, Form(form): Form<ContactForm>) -> Answer {
    let (visit, who, parsed) = (&member.visit, member.who(), form.parse());
    let added = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize::<ManageContacts>(who, id)?;
        contacts::checked(parsed.clone(), |new| contact::add(tx, &by, new))
    });
    match contacts::kept(visit, &list_path(id), "flash-contact-added", added.await)? {
        Kept::Answered(answer) => Ok(answer),
        Kept::Refused(problems) => form_page(&member, id, None, Some(&form), &problems).await,
    }
}

/// **Save Changes**.
pub(crate) async fn save(
    member: LoggedIn,
    Path((account, id)): Path<(AccountId, ContactId)>,
    Form(form): Form<ContactForm>,
) -> Answer {
    let (visit, who, parsed) = (&member.visit, member.who(), form.parse());
    let saved = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize::<ManageContacts>(who, account)?;
        contacts::checked(parsed.clone(), |new| contact::update(tx, &by, id, new))
    });
    match contacts::kept(visit, &list_path(account), "flash-contact-saved", saved.await)? {
        Kept::Answered(answer) => Ok(answer),
        Kept::Refused(problems) => form_page(&member, account, Some(id), Some(&form), &problems).await,
    }
}

/// Deletes a contact.
pub(crate) async fn delete(member: LoggedIn, Path((account, id)): Path<(AccountId, ContactId)>, _: Form<Pressed>) -> Answer {
    let (visit, who, back) = (&member.visit, member.who(), list_path(account));
    let deleted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize::<ManageContacts>(who, account)?;
        contact::delete(tx, &by, id)
    });
    page::pressed(visit, &back, deleted.await, |()| page::done(visit, &back, "flash-contact-deleted", &[]))
}
