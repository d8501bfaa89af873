//! A change of owner that needs a second admin.

use std::time::Duration;

use latchkey_core::access::{
    AdminGrants, ApiRight, BuiltInApiRole, BuiltInRole, ConfigureSystem, Denied, ManageAdmins, ManageApi, Subject,
    TransferOwnership, ViewOwnerChanges,
};
use latchkey_core::account;
use latchkey_core::admin;
use latchkey_core::admin_role::{self, NewRole};
use latchkey_core::api_credential::{self, Made, Networks, NewCredential};
use latchkey_core::api_role;
use latchkey_core::app::App;
use latchkey_core::id::{AccountId, AdminId, OwnerChangeId, SessionId, UserId};
use latchkey_core::membership::{self, Ownership};
use latchkey_core::owner_change::{self, Error, OwnerChange, VALID_FOR};
use latchkey_core::password::Password;
use latchkey_core::settings::{self, Security, Verification};
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_test_macros::on_both_databases;
use tokio::join;

use crate::races::{ROUNDS, count, ok};
use crate::support::*;

/// Olivia owns Acme, Mia is a member. Stella and Sam are full administrators, and two are needed.
struct World {
    olivia: UserId,
    mia: UserId,
    acme: AccountId,
    stella: AdminId,
    sam: AdminId,
}

async fn world(app: &TestApp) -> World {
    let (olivia, acme) = acme(app).await;
    let mia = member(app, acme, "Mia", "invoices").await;
    let (stella, sam) = (staff(app).await, staff_as(app, "Sam", BuiltInRole::Full).await);
    need_two(&app.app, stella, true).await;
    app.take_mails().await;
    World { olivia, mia, acme, stella, sam }
}

async fn need_two(app: &App, by: AdminId, needed: bool) {
    let security = Security { owner_approval: needed, ..Security::default() };
    as_staff::<ConfigureSystem, _, Denied>(app, by, move |tx, by| Ok(settings::set_security(tx, by, &security)?)).await.unwrap();
}

/// **Make Owner**.
async fn press(app: &App, by: AdminId, account: AccountId, user: UserId) -> Result<Ownership, membership::Error> {
    app.write(&request(), move |tx| {
        membership::make_owner(tx, &tx.authorize_staff::<TransferOwnership>(by, account)?, &confirmed(), user)
    })
    .await
}

/// **Make Owner**, where a second admin is needed.
async fn asked(app: &App, by: AdminId, account: AccountId, user: UserId) -> OwnerChange {
    match press(app, by, account, user).await.unwrap() {
        Ownership::Open(change) => change,
        Ownership::Changed => panic!("one admin was enough"),
    }
}

/// A session in which the admin has just confirmed who it is.
async fn session(app: &TestApp, name: &str) -> SessionId {
    let session = staff_session(app, &format!("{name}@staff.example")).await.1.session;
    app.expect_unsent_mails();
    session
}

async fn approve(
    app: &App,
    by: AdminId,
    session: SessionId,
    account: AccountId,
    id: OwnerChangeId,
) -> Result<OwnerChange, Error> {
    as_confirmed(app, Subject::Admin(by), session, move |tx, confirmed| {
        owner_change::approve(tx, &tx.authorize_staff::<TransferOwnership>(by, account)?, confirmed, id)
    })
    .await
}

async fn refuse(app: &App, by: AdminId, account: AccountId, id: OwnerChangeId) -> Result<OwnerChange, Error> {
    app.write(&request(), move |tx| owner_change::refuse(tx, &tx.authorize_staff::<TransferOwnership>(by, account)?, id)).await
}

async fn disable(app: &App, by: AdminId, admin: AdminId, disabled: bool) -> Result<String, admin::Error> {
    as_staff::<ManageAdmins, _, _>(app, by, move |tx, by| admin::set_disabled(tx, by, &confirmed(), admin, disabled)).await
}

/// The open change of the account, as any admin sees it.
async fn open_in(app: &App, by: AdminId, account: AccountId) -> Option<OwnerChange> {
    let found = app.read(move |snapshot| {
        let found = owner_change::find(snapshot, &snapshot.authorize_staff::<TransferOwnership>(by, account)?)?;
        let all = owner_change::open(snapshot, &snapshot.authorize_admin::<ViewOwnerChanges>(by)?)?;
        assert_eq!(found.is_some(), all.iter().any(|change| change.account == account), "both lists tell the same");
        Ok::<_, Denied>(found)
    });
    found.await.unwrap()
}

/// What the log says of changes and owners.
async fn log(app: &TestApp) -> Vec<String> {
    let told = events(app).await.into_iter().filter(|event| event.kind.starts_with("owner-chang"));
    told.map(|event| format!("{} {}: {}", event.actor_name, event.kind, event.detail)).collect()
}

async fn no_rows(app: &TestApp) -> bool {
    number(app, "select count(*) from owner_changes").await == 0
}

#[on_both_databases]
async fn v2_3_5_another_owner_takes_two_admins_where_the_operator_wants_that(app: TestApp) {
    let w = world(&app).await;
    let change = asked(&app.app, w.stella, w.acme, w.mia).await;
    assert_eq!(owner_of(&app.app, w.acme).await, w.olivia, "nothing has changed yet");
    assert!(told(&app).await.is_empty(), "and nobody is told of what may not come");
    let shown = open_in(&app.second_node(), w.sam, w.acme).await.unwrap();
    assert_eq!((shown.id, shown.user, &*shown.user_name, &*shown.asked_by.name), (change.id, w.mia, "Mia Example", "Stella"));
    assert_eq!(shown.expires_at.since(shown.asked_at), VALID_FOR);
    let session = session(&app, "sam").await;
    app.take_mails().await;
    app.notify(Verification::Off).await;
    approve(&app.app, w.sam, session, w.acme, change.id).await.unwrap();
    assert_eq!(owner_of(&app.app, w.acme).await, w.mia);
    assert_eq!(held(&app.app, w.olivia, w.acme).await.as_deref(), Some(&*latchkey_core::access::Grants::all().to_string()));
    assert_eq!(
        log(&app).await,
        [
            "Stella owner-change-asked: Mia Example, asked for by Stella",
            "Sam owner-changed: Olivia Example → Mia Example, asked for by Stella"
        ]
    );
    assert_eq!(told(&app).await, ["ownership-gained", "ownership-lost"]);
    assert!(no_rows(&app).await);
}

#[on_both_databases]
async fn v2_3_5_who_asked_never_approves_in_whatever_session(app: TestApp) {
    let w = world(&app).await;
    let change = asked(&app.app, w.stella, w.acme, w.mia).await;
    for _ in 0..2 {
        let session = session(&app, "stella").await;
        assert!(matches!(approve(&app.app, w.stella, session, w.acme, change.id).await, Err(Error::Own)));
    }
    let session = session(&app, "sam").await;
    let borrowed = as_confirmed::<_, Error>(&app.app, Subject::Admin(w.sam), session, move |tx, confirmed| {
        owner_change::approve(tx, &tx.authorize_staff(w.stella, w.acme)?, confirmed, change.id)
    });
    assert!(matches!(borrowed.await, Err(Error::Denied(Denied::Unconfirmed))), "whose ticket, whose proof");
    app.clock.advance(Duration::from_mins(11));
    let stale = approve(&app.app, w.sam, session, w.acme, change.id).await;
    assert!(matches!(stale, Err(Error::Denied(Denied::Unconfirmed))));
    assert_eq!(owner_of(&app.app, w.acme).await, w.olivia);
}

async fn credential(app: &App, by: AdminId) -> Made {
    let role = app.read(|snapshot| api_role::built_in(snapshot, BuiltInApiRole::Full)).await.unwrap();
    let new = NewCredential { name: "Shop".to_owned(), role, account: None, networks: Networks::default(), expires_at: None };
    let made = as_staff::<ManageApi, _, api_credential::Error>(app, by, move |tx, by| {
        api_credential::create(tx, by, &confirmed(), &new)
    });
    made.await.unwrap()
}

/// The same by a credential.
async fn asked_by_machine(app: &App, made: &Made, account: AccountId, user: UserId) -> Result<Ownership, membership::Error> {
    let shown = made.shown.clone();
    let caller = app.read(move |snapshot| api_credential::authenticate(snapshot, &shown, request().ip)).await.unwrap();
    let call = caller.using(ApiRight::OwnershipWrite).unwrap();
    app.write(&request(), move |tx| {
        membership::make_owner(tx, &tx.authorize_api::<TransferOwnership>(call, account)?, &call.confirmed(), user)
    })
    .await
}

#[on_both_databases]
async fn v2_3_5_a_credential_asks_for_its_admin_and_approves_nothing(app: TestApp) {
    let w = world(&app).await;
    let made = credential(&app.app, w.stella).await;
    let Ok(Ownership::Open(change)) = asked_by_machine(&app.app, &made, w.acme, w.mia).await else { panic!("asked") };
    assert!(change.is_of(w.stella) && change.asked_by.name == "Shop");
    let own = session(&app, "stella").await;
    assert!(matches!(approve(&app.app, w.stella, own, w.acme, change.id).await, Err(Error::Own)), "it belongs to her");
    // Sam has asked: Stella's credential is not Stella.
    let change = asked(&app.app, w.sam, w.acme, w.mia).await;
    let shown = made.shown.clone();
    let caller = app.app.read(move |snapshot| api_credential::authenticate(snapshot, &shown, request().ip)).await.unwrap();
    let call = caller.using(ApiRight::OwnershipWrite).unwrap();
    let by_machine = as_confirmed::<_, Error>(&app.app, Subject::Admin(w.stella), own, move |tx, confirmed| {
        owner_change::approve(tx, &tx.authorize_api(call, w.acme)?, confirmed, change.id)
    });
    assert!(matches!(by_machine.await, Err(Error::Denied(Denied::Unconfirmed))));
    assert_eq!(owner_of(&app.app, w.acme).await, w.olivia);
    // What a credential asked for that is revoked, because it was stolen perhaps, is not approved any more.
    asked_by_machine(&app.app, &made, w.acme, w.mia).await.unwrap();
    let id = made.id;
    as_staff::<ManageApi, _, _>(&app.app, w.stella, move |tx, by| api_credential::revoke(tx, by, id)).await.unwrap();
    assert!(no_rows(&app).await);
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn a_change_of_owner_is_refused_by_others_and_cancelled_by_who_asked(app: TestApp) {
    let w = world(&app).await;
    let change = asked(&app.app, w.stella, w.acme, w.mia).await;
    refuse(&app.app, w.sam, w.acme, change.id).await.unwrap();
    assert!(matches!(refuse(&app.app, w.sam, w.acme, change.id).await, Err(Error::Gone)));
    let change = asked(&app.app, w.stella, w.acme, w.mia).await;
    refuse(&app.app, w.stella, w.acme, change.id).await.unwrap();
    let session = session(&app, "sam").await;
    assert!(matches!(approve(&app.app, w.sam, session, w.acme, change.id).await, Err(Error::Gone)));
    assert_eq!(log(&app).await[1], "Sam owner-change-refused: Mia Example, asked for by Stella");
    assert_eq!(log(&app).await[3], "Stella owner-change-cancelled: Mia Example, asked for by Stella");
    assert_eq!(owner_of(&app.app, w.acme).await, w.olivia);
    let support = staff_as(&app, "Sue", BuiltInRole::Support).await;
    let denied = refuse(&app.app, support, w.acme, change.id).await;
    assert!(matches!(denied, Err(Error::Denied(Denied::MissingAdmin { .. }))));
}

#[on_both_databases]
async fn an_account_has_one_open_change_and_who_approves_means_the_one_he_saw(app: TestApp) {
    let w = world(&app).await;
    let max = member(&app, w.acme, "Max", "tickets").await;
    let first = asked(&app.app, w.stella, w.acme, w.mia).await;
    let second = asked(&app.app, w.stella, w.acme, max).await;
    assert_eq!(log(&app).await[1], "Stella owner-change-ended: Mia Example, asked for by Stella: another one was asked for");
    let session = session(&app, "sam").await;
    assert!(matches!(approve(&app.app, w.sam, session, w.acme, first.id).await, Err(Error::Gone)), "not Max instead of Mia");
    let other = app.account("Other", w.olivia).await;
    assert!(matches!(approve(&app.app, w.sam, session, other, second.id).await, Err(Error::Gone)), "of another account");
    approve(&app.app, w.sam, session, w.acme, second.id).await.unwrap();
    assert_eq!(owner_of(&app.app, w.acme).await, max);
    app.take_mails().await;
}

#[on_both_databases]
async fn only_members_who_do_not_own_the_account_are_proposed(app: TestApp) {
    let w = world(&app).await;
    let stranger = person(&app, "Nora").await;
    assert!(matches!(press(&app.app, w.stella, w.acme, stranger).await, Err(membership::Error::NotFound)));
    assert!(matches!(press(&app.app, w.stella, w.acme, w.olivia).await, Err(membership::Error::IsOwner)));
    assert!(no_rows(&app).await);
}

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

#[on_both_databases]
async fn what_staff_considers_is_not_in_the_log_of_the_account(app: TestApp) {
    let w = world(&app).await;
    asked(&app.app, w.stella, w.acme, w.mia).await;
    let seen = in_account::<latchkey_core::access::ViewAccountLog, _, Denied>(&app.app, w.olivia, w.acme, |tx, by| {
        Ok(latchkey_core::event::of_account(tx, by, None, 100)?)
    });
    assert!(seen.await.unwrap().iter().all(|event| event.kind != "owner-change-asked"));
    let mia = w.mia;
    let own = as_myself::<_, Denied>(&app.app, mia, |tx, by| Ok(latchkey_core::event::of_myself(tx, by, 100)?)).await.unwrap();
    assert!(own.iter().all(|event| event.kind != "owner-change-asked"));
}

/// Two sessions of two admins who may approve what the first has asked for.
async fn two_who_may(app: &TestApp, w: &World) -> [(AdminId, SessionId); 2] {
    let third = staff_as(app, "Tom", BuiltInRole::Full).await;
    [(w.sam, session(app, "sam").await), (third, session(app, "tom").await)]
}

#[on_both_databases]
async fn v15_4_2_of_two_approvals_at_once_and_of_an_approval_beside_a_refusal_one_counts(app: TestApp) {
    let w = world(&app).await;
    let (second, [(sam, sams), (tom, toms)]) = (app.second_node(), two_who_may(&app, &w).await);
    for round in 0..ROUNDS {
        let change = asked(&app.app, w.stella, w.acme, w.mia).await;
        let approved = approve(&app.app, sam, sams, w.acme, change.id);
        let outcomes = match round % 3 {
            0 => {
                let (approved, other) = join!(approved, approve(&second, tom, toms, w.acme, change.id));
                [ok(&approved), ok(&other)]
            }
            1 => {
                let (approved, other) = join!(approved, refuse(&second, tom, w.acme, change.id));
                [ok(&approved), ok(&other)]
            }
            _ => {
                let (approved, other) = join!(approved, refuse(&second, w.stella, w.acme, change.id));
                [ok(&approved), ok(&other)]
            }
        };
        assert_eq!(count(outcomes), 1, "round {round}");
        assert_eq!(owner_of(&app.app, w.acme).await == w.mia, outcomes[0] || round % 3 == 0);
        if owner_of(&app.app, w.acme).await == w.mia {
            let back = asked(&app.app, w.stella, w.acme, w.olivia).await;
            approve(&app.app, sam, sams, w.acme, back.id).await.unwrap();
        }
    }
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn v15_4_2_an_approval_does_not_collide_with_what_takes_its_ground_away(app: TestApp) {
    let w = world(&app).await;
    let second = app.second_node();
    let tom = staff_as(&app, "Tom", BuiltInRole::Full).await;
    for round in 0..ROUNDS {
        let change = asked(&app.app, tom, w.acme, w.mia).await;
        let approved = approve(&app.app, w.sam, session(&app, "sam").await, w.acme, change.id);
        let approved = match round % 4 {
            0 => {
                let (approved, removed) = join!(approved, remove(&second, w.olivia, w.acme, w.mia));
                assert_eq!(count([ok(&approved), ok(&removed)]), 1, "round {round}");
                approved
            }
            1 => {
                let (approved, disabled) = join!(approved, disable(&second, w.stella, tom, true));
                assert!(ok(&disabled));
                disable(&second, w.stella, tom, false).await.unwrap();
                approved
            }
            2 => {
                let (approved, ()) = join!(approved, need_two(&second, w.stella, false));
                need_two(&second, w.stella, true).await;
                approved
            }
            _ => {
                app.clock.advance(VALID_FOR);
                let session = session(&app, "sam").await;
                let late = approve(&app.app, w.sam, session, w.acme, change.id);
                join!(late, swept(&second, owner_change::sweep)).0
            }
        };
        assert_eq!(owner_of(&app.app, w.acme).await == w.mia, ok(&approved), "round {round}");
        assert!(no_rows(&app).await, "round {round}");
        // As it was: Olivia owns Acme, Mia is a member.
        if approved.is_ok() {
            let back = asked(&app.app, w.stella, w.acme, w.olivia).await;
            approve(&app.app, w.sam, session(&app, "sam").await, w.acme, back.id).await.unwrap();
        } else if held(&app.app, w.mia, w.acme).await.is_none() {
            associate(&app.app, w.acme, w.mia, "invoices").await.unwrap();
        }
    }
    app.expect_unsent_mails();
}
