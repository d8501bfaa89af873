//! What ends a change of owner before a second admin has approved it.

use std::time::Duration;

use latchkey_core::access::{AdminGrants, BuiltInRole, ManageAdmins};
use latchkey_core::account;
use latchkey_core::admin;
use latchkey_core::admin_role::{self, NewRole};
use latchkey_core::id::SessionId;
use latchkey_core::membership::Ownership;
use latchkey_core::owner_change::{self, Error, OwnerChange, VALID_FOR};
use latchkey_core::password::Password;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_test_macros::on_both_databases;

use crate::owner_change::*;
use crate::support::*;

#[on_both_databases]
async fn a_change_of_owner_is_over_after_seven_days_whether_it_was_swept_or_not(app: TestApp) {
    let w = world(&app).await;
    let change = asked(&app.app, w.stella, w.acme, w.mia).await;
    app.clock.advance(VALID_FOR - Duration::from_secs(1));
    assert!(open_in(&app.app, w.sam, w.acme).await.is_some());
    assert_eq!(swept(&app.app, owner_change::sweep).await, 0);
    app.clock.advance(Duration::from_secs(1));
    assert!(open_in(&app.app, w.sam, w.acme).await.is_none());
    let session = session(&app, "sam").await;
    assert!(matches!(approve(&app.app, w.sam, session, w.acme, change.id).await, Err(Error::Gone)));
    assert!(matches!(refuse(&app.app, w.sam, w.acme, change.id).await, Err(Error::Gone)));
    assert_eq!((swept(&app.app, owner_change::sweep).await, swept(&app.app, owner_change::sweep).await), (1, 0));
    assert_eq!(log(&app).await[1..], ["test owner-change-ended: Mia Example, asked for by Stella: time over"]);
    assert_eq!(owner_of(&app.app, w.acme).await, w.olivia);
}

/// Whether the open change has ended for that reason, and does not come back.
async fn ended(app: &TestApp, w: &World, change: &OwnerChange, why: &str) {
    assert!(no_rows(app).await, "{why}");
    let last = log(app).await.pop().unwrap();
    assert!(last.contains(" owner-change-ended: Mia Example, asked for by "), "{last}");
    assert!(last.ends_with(&format!(": {why}")), "{last}");
    let session = session(app, "sam").await;
    assert!(approve(&app.app, w.sam, session, w.acme, change.id).await.is_err(), "{why}");
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn a_change_of_owner_ends_with_the_membership(app: TestApp) {
    let w = world(&app).await;
    let change = asked(&app.app, w.stella, w.acme, w.mia).await;
    remove(&app.app, w.olivia, w.acme, w.mia).await.unwrap();
    ended(&app, &w, &change, "access removed").await;
    associate(&app.app, w.acme, w.mia, "invoices").await.unwrap();
    ended(&app, &w, &change, "access removed").await;
    let change = asked(&app.app, w.stella, w.acme, w.mia).await;
    leave(&app.app, w.mia, w.acme).await.unwrap();
    ended(&app, &w, &change, "user left").await;
    associate(&app.app, w.acme, w.mia, "invoices").await.unwrap();
    let change = asked(&app.app, w.stella, w.acme, w.mia).await;
    let asks = latchkey_core::own_data::ask_for_deletion;
    asks(&app.app, &request(), w.mia, SessionId(0), &Password::typed(PASSWORD)).await.unwrap();
    delete_user(&app.app, w.stella, w.mia).await.unwrap();
    ended(&app, &w, &change, "user deleted").await;
}

#[on_both_databases]
async fn a_change_of_owner_ends_with_the_account(app: TestApp) {
    let w = world(&app).await;
    let change = asked(&app.app, w.stella, w.acme, w.mia).await;
    close(&app.app, w.stella, w.acme).await;
    ended(&app, &w, &change, "account closed").await;
    reopen(&app.app, w.stella, w.acme).await;
    let change = asked(&app.app, w.stella, w.acme, w.mia).await;
    as_staff(&app.app, w.stella, move |tx, by| account::delete(tx, by, &confirmed(), w.acme)).await.unwrap();
    ended(&app, &w, &change, "account deleted").await;
}

#[on_both_databases]
async fn a_change_of_owner_ends_when_who_asked_may_no_longer(app: TestApp) {
    let w = world(&app).await;
    let third = staff_as(&app, "Tom", BuiltInRole::Full).await;
    let change = asked(&app.app, third, w.acme, w.mia).await;
    disable(&app.app, w.stella, third, true).await.unwrap();
    ended(&app, &w, &change, "admin disabled").await;
    disable(&app.app, w.stella, third, false).await.unwrap();
    ended(&app, &w, &change, "admin disabled").await;
    // By a credential of the admin's, too.
    let made = credential(&app.app, third).await;
    let Ok(Ownership::Open(change)) = asked_by_machine(&app.app, &made, w.acme, w.mia).await else { panic!("asked") };
    let support = app.app.read(|snapshot| admin_role::built_in(snapshot, BuiltInRole::Support)).await.unwrap();
    as_staff::<ManageAdmins, _, _>(&app.app, w.stella, move |tx, by| admin::set_role(tx, by, &confirmed(), third, support))
        .await
        .unwrap();
    ended(&app, &w, &change, "permission taken away").await;
    let role = |keys: &str| NewRole { name: "Owners".to_owned(), grants: AdminGrants::choose(keys.split(' ')).unwrap() };
    let (with, without) = (role("owner"), role("notes"));
    let role = as_staff::<ManageAdmins, _, _>(&app.app, w.stella, move |tx, by| admin_role::create(tx, by, &confirmed(), &with))
        .await
        .unwrap();
    as_staff::<ManageAdmins, _, _>(&app.app, w.stella, move |tx, by| admin::set_role(tx, by, &confirmed(), third, role))
        .await
        .unwrap();
    let change = asked(&app.app, third, w.acme, w.mia).await;
    as_staff::<ManageAdmins, _, _>(&app.app, w.stella, move |tx, by| admin_role::update(tx, by, &confirmed(), role, &without))
        .await
        .unwrap();
    ended(&app, &w, &change, "permission taken away").await;
    let full = app.app.read(|snapshot| admin_role::built_in(snapshot, BuiltInRole::Full)).await.unwrap();
    as_staff::<ManageAdmins, _, _>(&app.app, w.stella, move |tx, by| admin::set_role(tx, by, &confirmed(), third, full))
        .await
        .unwrap();
    let change = asked(&app.app, third, w.acme, w.mia).await;
    as_staff::<ManageAdmins, _, _>(&app.app, w.stella, move |tx, by| admin::delete(tx, by, &confirmed(), third)).await.unwrap();
    ended(&app, &w, &change, "admin deleted").await;
}

#[on_both_databases]
async fn v2_3_5_that_no_second_admin_is_needed_any_more_is_told_to_all_who_could_be_it_and_ends_what_waits(app: TestApp) {
    let w = world(&app).await;
    let change = asked(&app.app, w.stella, w.acme, w.mia).await;
    staff_as(&app, "Sue", BuiltInRole::Support).await;
    need_two(&app.app, w.stella, true).await;
    assert!(told(&app).await.is_empty(), "nothing has changed");
    need_two(&app.app, w.stella, false).await;
    let mails = app.take_mails().await;
    let mut to: Vec<_> = mails.iter().map(|mail| (mail.to.as_str(), mail.written.subject.as_str())).collect();
    to.sort_unstable();
    assert_eq!(to, [("sam@staff.example", "owner-approval-off"), ("stella@staff.example", "owner-approval-off")]);
    ended(&app, &w, &change, "no second admin is needed any more").await;
    need_two(&app.app, w.stella, true).await;
    ended(&app, &w, &change, "no second admin is needed any more").await;
    need_two(&app.app, w.stella, false).await;
    assert!(matches!(press(&app.app, w.stella, w.acme, w.mia).await, Ok(Ownership::Changed)), "one is enough");
    assert_eq!(owner_of(&app.app, w.acme).await, w.mia);
    app.take_mails().await;
}
