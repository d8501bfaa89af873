//! The address book of an account.

use latchkey_core::access::{Denied, ManageContacts};
use latchkey_core::contact::{self, Contact, Error, NewContact};
use latchkey_core::id::{AccountId, ContactId, UserId};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

async fn add(app: &TestApp, by: UserId, account: AccountId, last: &str) -> Result<ContactId, Error> {
    let new = NewContact::parse("Carl", last, "carl@example.org", "+49 1", &["invoice".to_owned()]).unwrap();
    in_account::<ManageContacts, _, _>(&app.app, by, account, move |tx, by| contact::add(tx, by, &new)).await
}

async fn delete(app: &TestApp, by: UserId, account: AccountId, id: ContactId) -> Result<(), Error> {
    in_account::<ManageContacts, _, _>(&app.app, by, account, move |tx, by| contact::delete(tx, by, id)).await
}

async fn list(app: &TestApp, by: UserId, account: AccountId) -> Result<Vec<Contact>, Error> {
    in_account::<ManageContacts, _, _>(&app.app, by, account, |tx, by| Ok(contact::list(tx, by)?)).await
}

#[on_both_databases]
async fn contacts_are_kept_by_those_who_may(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (keeper, mia) = (member(&app, acme, "Kim", "contacts").await, member(&app, acme, "Mia", "invoices").await);
    add(&app, owner, acme, "Zuse").await.unwrap();
    let first = add(&app, keeper, acme, "Abel").await.unwrap();
    let names: Vec<_> = list(&app, keeper, acme).await.unwrap().into_iter().map(|contact| contact.name).collect();
    assert_eq!(names, ["Carl Abel", "Carl Zuse"]);
    assert!(matches!(add(&app, mia, acme, "No").await, Err(Error::Denied(Denied::Missing { .. }))));
    assert!(matches!(list(&app, mia, acme).await, Err(Error::Denied(Denied::Missing { .. }))));
    delete(&app, keeper, acme, first).await.unwrap();
    assert_eq!(list(&app, owner, acme).await.unwrap().len(), 1);
}

#[on_both_databases]
async fn a_contact_of_another_account_is_not_found(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let rival = person(&app, "Rival").await;
    let theirs = app.account("Theirs", rival).await;
    let id = add(&app, owner, acme, "Zuse").await.unwrap();
    for id in [id, ContactId(NOWHERE)] {
        assert!(matches!(delete(&app, rival, theirs, id).await, Err(Error::NotFound)));
    }
    assert!(matches!(delete(&app, rival, acme, id).await, Err(Error::Denied(Denied::NoSuchAccount))));
    assert!(list(&app, rival, theirs).await.unwrap().is_empty());
    assert_eq!(list(&app, owner, acme).await.unwrap().len(), 1);
}

#[test]
fn what_is_typed_is_checked_field_by_field() {
    let wrong = NewContact::parse("", "Zu\nse", "nowhere", &"1".repeat(41), &["everything".to_owned()]).unwrap_err();
    let fields: Vec<_> = wrong.iter().map(|invalid| invalid.field).collect();
    assert_eq!(fields, ["first_name", "last_name", "email", "phone", "categories"]);
}
