//! A change of owner that needs a second admin.

use std::time::Duration;

use latchkey_core::access::{
    ApiRight, BuiltInApiRole, BuiltInRole, ConfigureSystem, Denied, ManageAdmins, ManageApi, Subject, TransferOwnership,
    ViewOwnerChanges,
};
use latchkey_core::admin;
use latchkey_core::api_credential::{self, Made, Networks, NewCredential};
use latchkey_core::api_role;
use latchkey_core::app::App;
use latchkey_core::id::{AccountId, AdminId, OwnerChangeId, SessionId, UserId};
use latchkey_core::membership::{self, Ownership};
use latchkey_core::owner_change::{self, Error, OwnerChange, VALID_FOR};
use latchkey_core::settings::{self, Security, Verification};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

/// Olivia owns Acme, Mia is a member. Stella and Sam are full administrators, and two are needed.
pub(crate) struct World {
    pub(crate) olivia: UserId,
    pub(crate) mia: UserId,
    pub(crate) acme: AccountId,
    pub(crate) stella: AdminId,
    pub(crate) sam: AdminId,
}

pub(crate) async fn world(app: &TestApp) -> World {
    let (olivia, acme) = acme(app).await;
    let mia = member(app, acme, "Mia", "invoices").await;
    let (stella, sam) = (staff(app).await, staff_as(app, "Sam", BuiltInRole::Full).await);
    need_two(&app.app, stella, true).await;
    app.take_mails().await;
    World { olivia, mia, acme, stella, sam }
}

pub(crate) async fn need_two(app: &App, by: AdminId, needed: bool) {
    let security = Security { owner_approval: needed, ..Security::default() };
    as_staff::<ConfigureSystem, _, Denied>(app, by, move |tx, by| Ok(settings::set_security(tx, by, &security)?)).await.unwrap();
}

/// **Make Owner**.
pub(crate) async fn press(app: &App, by: AdminId, account: AccountId, user: UserId) -> Result<Ownership, membership::Error> {
    app.write(&request(), move |tx| {
        membership::make_owner(tx, &tx.authorize_staff::<TransferOwnership>(by, account)?, &confirmed(), user)
    })
    .await
}

/// **Make Owner**, where a second admin is needed.
pub(crate) async fn asked(app: &App, by: AdminId, account: AccountId, user: UserId) -> OwnerChange {
    match press(app, by, account, user).await.unwrap() {
        Ownership::Open(change) => change,
        Ownership::Changed => panic!("one admin was enough"),
    }
}

/// A session in which the admin has just confirmed who it is.
pub(crate) async fn session(app: &TestApp, name: &str) -> SessionId {
    let session = staff_session(app, &format!("{name}@staff.example")).await.1.session;
    app.expect_unsent_mails();
    session
}

pub(crate) async fn approve(
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

pub(crate) async fn refuse(app: &App, by: AdminId, account: AccountId, id: OwnerChangeId) -> Result<OwnerChange, Error> {
    app.write(&request(), move |tx| owner_change::refuse(tx, &tx.authorize_staff::<TransferOwnership>(by, account)?, id)).await
}

pub(crate) async fn disable(app: &App, by: AdminId, admin: AdminId, disabled: bool) -> Result<String, admin::Error> {
    as_staff::<ManageAdmins, _, _>(app, by, move |tx, by| admin::set_disabled(tx, by, &confirmed(), admin, disabled)).await
}

/// The open change of the account, as any admin sees it.
pub(crate) async fn open_in(app: &App, by: AdminId, account: AccountId) -> Option<OwnerChange> {
    let found = app.read(move |snapshot| {
        let found = owner_change::find(snapshot, &snapshot.authorize_staff::<TransferOwnership>(by, account)?)?;
        let all = owner_change::open(snapshot, &snapshot.authorize_admin::<ViewOwnerChanges>(by)?)?;
        assert_eq!(found.is_some(), all.iter().any(|change| change.account == account), "both lists tell the same");
        Ok::<_, Denied>(found)
    });
    found.await.unwrap()
}

/// What the log says of changes and owners.
pub(crate) async fn log(app: &TestApp) -> Vec<String> {
    let told = events(app).await.into_iter().filter(|event| event.kind.starts_with("owner-chang"));
    told.map(|event| format!("{} {}: {}", event.actor_name, event.kind, event.detail)).collect()
}

pub(crate) async fn no_rows(app: &TestApp) -> bool {
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

/// Whom the mails that wait tell of a change of owner, and what.
async fn told_of_changes(app: &TestApp) -> Vec<String> {
    let mails = app.take_mails().await.into_iter().filter(|mail| mail.written.subject == "owner-change-asked");
    let mut told: Vec<String> = mails.map(|mail| format!("{}: {} {}", mail.to, mail.written.text, mail.written.html)).collect();
    told.sort_unstable();
    told
}

#[on_both_databases]
async fn the_others_who_can_approve_a_change_of_owner_are_told_that_it_waits(app: TestApp) {
    let w = world(&app).await;
    staff_as(&app, "Sue", BuiltInRole::Support).await;
    let (tom, gone) = (staff_as(&app, "Tom", BuiltInRole::Full).await, staff_as(&app, "Gone", BuiltInRole::Full).await);
    disable(&app.app, w.stella, gone, true).await.unwrap();
    let made = credential(&app.app, tom).await;
    let untold = asked(&app.app, w.stella, w.acme, w.mia).await;
    assert!(told_of_changes(&app).await.is_empty(), "switched off");
    refuse(&app.app, w.stella, w.acme, untold.id).await.unwrap();
    app.notify(Verification::Off).await;
    asked(&app.app, w.stella, w.acme, w.mia).await;
    let mail = |to: &str, by: &str| {
        let name = format!("{}{}", to[..1].to_uppercase(), &to[1..]);
        let page = format!("http://latchkey.example/admin/clients/{}/users", w.acme);
        format!("{to}@staff.example: {name}|Acme|{by}|Mia Example (mia@example.com) {page}")
    };
    assert_eq!(number(&app, "select count(account_id) from mails where kind = 'owner-change-asked'").await, 0, "none of Acme's");
    assert_eq!(told_of_changes(&app).await, [mail("sam", "Stella"), mail("tom", "Stella")]);
    asked_by_machine(&app.app, &made, w.acme, w.mia).await.unwrap();
    assert_eq!(told_of_changes(&app).await, [mail("sam", "Shop"), mail("stella", "Shop")], "its own admin asked");
    make_owner(&app.app, w.acme, w.mia).await.unwrap();
    assert_eq!(told_of_changes(&app).await.len(), 3, "the machine is none of them");
}

#[on_both_databases]
async fn what_only_may_come_changes_nobodys_access(app: TestApp) {
    let w = world(&app).await;
    let notes = async || number(&app, "select coalesce(max(seq), 0) from access_changes").await;
    let before = notes().await;
    let change = asked(&app.app, w.stella, w.acme, w.mia).await;
    refuse(&app.app, w.sam, w.acme, change.id).await.unwrap();
    let change = asked(&app.app, w.stella, w.acme, w.mia).await;
    asked(&app.app, w.sam, w.acme, w.mia).await;
    assert!(refuse(&app.app, w.stella, w.acme, change.id).await.is_err());
    let change = open_in(&app.app, w.sam, w.acme).await.unwrap();
    refuse(&app.app, w.stella, w.acme, change.id).await.unwrap();
    assert_eq!(notes().await, before, "no copy of who may do what is dropped for it");
    let session = session(&app, "sam").await;
    let change = asked(&app.app, w.stella, w.acme, w.mia).await;
    approve(&app.app, w.sam, session, w.acme, change.id).await.unwrap();
    assert!(notes().await > before, "the approval is noted");
    app.expect_unsent_mails();
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

pub(crate) async fn credential(app: &App, by: AdminId) -> Made {
    let role = app.read(|snapshot| api_role::built_in(snapshot, BuiltInApiRole::Full)).await.unwrap();
    let new = NewCredential { name: "Shop".to_owned(), role, account: None, networks: Networks::default(), expires_at: None };
    let made = as_staff::<ManageApi, _, api_credential::Error>(app, by, move |tx, by| {
        api_credential::create(tx, by, &confirmed(), &new)
    });
    made.await.unwrap()
}

/// The same by a credential.
pub(crate) async fn asked_by_machine(
    app: &App,
    made: &Made,
    account: AccountId,
    user: UserId,
) -> Result<Ownership, membership::Error> {
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
async fn asking_again_for_the_same_change_of_owner_leaves_it_open_and_tells_nobody_again(app: TestApp) {
    let w = world(&app).await;
    app.notify(Verification::Off).await;
    let first = asked(&app.app, w.stella, w.acme, w.mia).await;
    assert_eq!(told_of_changes(&app).await.len(), 1);
    app.clock.advance(VALID_FOR / 2);
    let again = asked(&app.app, w.stella, w.acme, w.mia).await;
    assert_eq!((again.id, again.expires_at), (first.id, first.expires_at));
    assert!(told_of_changes(&app).await.is_empty());
    let others = asked(&app.app, w.sam, w.acme, w.mia).await;
    assert_ne!(others.id, first.id, "who asks approves nothing, so another's is another one");
    assert_eq!(told_of_changes(&app).await.len(), 1);
    app.clock.advance(VALID_FOR);
    assert_ne!(asked(&app.app, w.sam, w.acme, w.mia).await.id, others.id, "its time is over");
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
