//! Notes of the staff on an account.

use latchkey_core::id::{AccountId, AdminId, NoteId};
use latchkey_core::note::{self, Error};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

async fn add(app: &TestApp, admin: AdminId, account: AccountId, text: &'static str, pinned: bool) -> Result<NoteId, Error> {
    as_staff(&app.app, admin, move |tx, by| note::add(tx, by, account, text, pinned)).await
}

async fn toggle(app: &TestApp, admin: AdminId, account: AccountId, id: NoteId) -> Result<bool, Error> {
    as_staff(&app.app, admin, move |tx, by| note::toggle_pin(tx, by, account, id)).await
}

async fn delete(app: &TestApp, admin: AdminId, account: AccountId, id: NoteId) -> Result<(), Error> {
    as_staff(&app.app, admin, move |tx, by| note::delete(tx, by, account, id)).await
}

async fn texts(app: &TestApp, admin: AdminId, account: AccountId) -> Vec<String> {
    let notes = as_staff::<_, _, Error>(&app.app, admin, move |tx, by| Ok(note::list(tx, by, account)?)).await.unwrap();
    notes.into_iter().map(|note| note.text).collect()
}

#[on_both_databases]
async fn pinned_notes_come_first_then_the_latest(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let admin = staff(&app).await;
    add(&app, admin, acme, "first", false).await.unwrap();
    let pinned = add(&app, admin, acme, "pinned", true).await.unwrap();
    let last = add(&app, admin, acme, "last", false).await.unwrap();
    assert_eq!(texts(&app, admin, acme).await, ["pinned", "last", "first"]);
    assert!(!toggle(&app, admin, acme, pinned).await.unwrap());
    assert_eq!(texts(&app, admin, acme).await, ["last", "pinned", "first"]);
    delete(&app, admin, acme, last).await.unwrap();
    assert_eq!(texts(&app, admin, acme).await, ["pinned", "first"]);
}

#[on_both_databases]
async fn a_note_of_another_account_is_not_found(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let other = app.account("Other", owner).await;
    let id = add(&app, admin, acme, "secret", false).await.unwrap();
    for (account, id) in [(other, id), (acme, NoteId(NOWHERE)), (AccountId(NOWHERE), id)] {
        assert!(matches!(toggle(&app, admin, account, id).await, Err(Error::NotFound)));
        assert!(matches!(delete(&app, admin, account, id).await, Err(Error::NotFound)));
    }
    assert!(matches!(add(&app, admin, AccountId(NOWHERE), "nowhere", false).await, Err(Error::NotFound)));
    assert!(texts(&app, admin, other).await.is_empty());
    assert_eq!(texts(&app, admin, acme).await, ["secret"]);
}

#[on_both_databases]
async fn only_staff_writes_notes(app: TestApp) {
    let (_, acme) = acme(&app).await;
    assert!(matches!(add(&app, AdminId(NOWHERE), acme, "no", false).await, Err(Error::Denied(_))));
}
