//! Roles: named sets of permissions that members have beside what they hold singly.

use latchkey_core::access::{Associate, BuiltInRole, ConfigureSystem, Denied, Grants, ManageUsers, Permission, ViewUsers};
use latchkey_core::app::App;
use latchkey_core::check::{self, Answer, Question, Reason, Scope};
use latchkey_core::id::{AccountId, AdminId, RoleId, UserId};
use latchkey_core::invitation::{self, NewInvitation};
use latchkey_core::membership::{self, Member};
use latchkey_core::role::{self, Details, Error};
use latchkey_core::settings::Verification;
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

fn details(name: &str, keys: &str) -> Details {
    Details { name: name.to_owned(), description: String::new(), grants: Grants::parse(keys) }
}

async fn create(app: &TestApp, admin: AdminId, account: Option<AccountId>, name: &str, keys: &str) -> Result<RoleId, Error> {
    let new = details(name, keys);
    as_staff::<ConfigureSystem, _, _>(&app.app, admin, move |tx, by| role::create(tx, by, account, &new)).await
}

async fn change(app: &TestApp, admin: AdminId, id: RoleId, name: &str, keys: &str) -> Result<(), Error> {
    let new = details(name, keys);
    as_staff::<ConfigureSystem, _, _>(&app.app, admin, move |tx, by| role::update(tx, by, id, &new)).await
}

async fn delete(app: &TestApp, admin: AdminId, id: RoleId) -> Result<String, Error> {
    as_staff::<ConfigureSystem, _, _>(&app.app, admin, move |tx, by| role::delete(tx, by, id)).await
}

async fn give(
    app: &App,
    by: UserId,
    account: AccountId,
    to: UserId,
    role: Option<RoleId>,
    keys: &str,
) -> Result<(), membership::Error> {
    let held = Grants::parse(keys);
    in_account::<ManageUsers, _, _>(app, by, account, move |tx, by| membership::set_held(tx, by, to, role, &held)).await
}

async fn member_of(app: &App, by: UserId, account: AccountId, user: UserId) -> Member {
    in_account::<ViewUsers, _, membership::Error>(app, by, account, move |tx, by| membership::find(tx, by, user)).await.unwrap()
}

async fn ask(app: &App, user: UserId, account: AccountId, permission: Permission) -> Answer {
    let asked = [Question { user, account, permission, resource: None }];
    let scope = Scope::machine(&system());
    check::check(app, &check::fresh(app).await.unwrap(), scope, &asked, &[].into()).await.unwrap()[0]
}

#[on_both_databases]
async fn a_member_holds_what_its_role_gives_and_what_it_holds_singly_and_the_answer_says_which(app: TestApp) {
    app.expect_unsent_mails();
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "domains").await;
    let admin = staff(&app).await;
    let accounting = create(&app, admin, None, "Accounting", "invoices quotes").await.unwrap();
    give(&app.app, owner, acme, mia, Some(accounting), "domains").await.unwrap();
    for node in [&app.app, &app.second_node()] {
        assert_eq!(ask(node, mia, acme, Permission::Invoices).await.reason, Reason::Role(accounting));
        assert_eq!(ask(node, mia, acme, Permission::Domains).await.reason, Reason::Grant);
        assert_eq!(ask(node, mia, acme, Permission::Tickets).await.reason, Reason::NotHeld);
    }
    let held = member_of(&app.app, owner, acme, mia).await;
    assert_eq!((held.grants, held.single), (Grants::parse("invoices quotes domains"), Grants::parse("domains")));
    assert_eq!(held.role.map(|role| role.name), Some("Accounting".to_owned()));
    give(&app.app, owner, acme, mia, None, "domains").await.unwrap();
    assert_eq!(ask(&app.app, mia, acme, Permission::Invoices).await.reason, Reason::NotHeld);
}

#[on_both_databases]
async fn rule_11_a_changed_role_counts_at_once_for_everybody_who_has_it_on_every_node(app: TestApp) {
    app.expect_unsent_mails();
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "domains").await;
    let admin = staff(&app).await;
    let helpers = create(&app, admin, None, "Helpers", "invoices tickets").await.unwrap();
    give(&app.app, owner, acme, mia, Some(helpers), "").await.unwrap();
    let there = app.second_node();
    for node in [&app.app, &there] {
        assert!(ask(node, mia, acme, Permission::Invoices).await.allowed);
    }
    let before = revision(&app.app, acme).await;
    app.notify(Verification::Off).await;
    change(&app, admin, helpers, "Helpers", "tickets").await.unwrap();
    for node in [&there, &app.app] {
        assert!(!ask(node, mia, acme, Permission::Invoices).await.allowed);
        assert!(ask(node, mia, acme, Permission::Tickets).await.allowed);
    }
    assert_eq!(revision(&app.app, acme).await, before + 1);
    let told = app.take_mails().await;
    assert_eq!(told.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["mia@example.com"], "who has it is told");
    change(&app, admin, helpers, "Support", "tickets").await.unwrap();
    assert_eq!(revision(&app.app, acme).await, before + 1, "a name changes nobody's access");
}

#[on_both_databases]
async fn rule_7_nobody_gives_by_a_role_what_he_does_not_hold(app: TestApp) {
    app.expect_unsent_mails();
    let (_, acme) = acme(&app).await;
    let manager = member(&app, acme, "Max", "users invoices").await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let admin = staff(&app).await;
    let wide = create(&app, admin, None, "Wide", "invoices domains").await.unwrap();
    let narrow = create(&app, admin, None, "Narrow", "invoices").await.unwrap();
    let refused = give(&app.app, manager, acme, mia, Some(wide), "").await;
    assert!(matches!(refused, Err(membership::Error::BeyondOwn)), "{refused:?}");
    let new = NewInvitation { email: email("new@example.com"), grants: Grants::none(), role: Some(wide) };
    let sent = in_account::<ManageUsers, _, _>(&app.app, manager, acme, move |tx, by| invitation::send(tx, by, &new)).await;
    assert!(matches!(sent, Err(invitation::Error::BeyondOwn)));
    give(&app.app, manager, acme, mia, Some(narrow), "").await.unwrap();
}

#[on_both_databases]
async fn a_role_of_one_account_is_none_in_another(app: TestApp) {
    app.expect_unsent_mails();
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let other_owner = person(&app, "Olga").await;
    let other = app.account("Other", other_owner).await;
    let admin = staff(&app).await;
    let theirs = create(&app, admin, Some(other), "Theirs", "tickets").await.unwrap();
    let ours = create(&app, admin, Some(acme), "Theirs", "tickets").await.unwrap();
    let refused = give(&app.app, owner, acme, mia, Some(theirs), "").await;
    assert!(matches!(refused, Err(membership::Error::NoSuchRole)), "{refused:?}");
    give(&app.app, owner, acme, mia, Some(ours), "").await.unwrap();
    let names =
        in_account::<ViewUsers, _, Error>(&app.app, owner, acme, |tx, by| Ok(role::of_account(tx, by)?.answer()?)).await.unwrap();
    assert_eq!(names.iter().map(|role| role.id).collect::<Vec<_>>(), [ours]);
}

#[on_both_databases]
async fn an_invitation_offers_a_role_and_who_accepts_has_it(app: TestApp) {
    app.expect_unsent_mails();
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let helpers = create(&app, admin, None, "Helpers", "tickets").await.unwrap();
    let others = create(&app, admin, None, "Others", "domains").await.unwrap();
    let sam = person(&app, "Sam").await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    give(&app.app, owner, acme, mia, Some(others), "invoices").await.unwrap();
    app.take_mails().await;
    for (user, to) in [(sam, "sam.invited@example.org"), (mia, "mia.invited@example.org")] {
        let new = NewInvitation { email: email(to), grants: Grants::parse("quotes"), role: Some(helpers) };
        in_account::<ManageUsers, _, _>(&app.app, owner, acme, move |tx, by| invitation::send(tx, by, &new)).await.unwrap();
        let link = latest_link(&app).await;
        accept(&app.app, user, &link).await.unwrap();
        app.take_mails().await;
    }
    let held = member_of(&app.app, owner, acme, sam).await;
    assert_eq!((held.role.map(|role| role.id), held.single), (Some(helpers), Grants::parse("quotes")));
    // Who has another role keeps it and loses nothing (PRODUCT rule 6).
    let held = member_of(&app.app, owner, acme, mia).await;
    assert_eq!((held.role.map(|role| role.id), held.single), (Some(others), Grants::parse("invoices quotes tickets")));
}

#[on_both_databases]
async fn a_role_that_somebody_has_or_is_offered_is_not_deleted(app: TestApp) {
    app.expect_unsent_mails();
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let admin = staff(&app).await;
    let held = create(&app, admin, None, "Held", "tickets").await.unwrap();
    let offered = create(&app, admin, None, "Offered", "tickets").await.unwrap();
    give(&app.app, owner, acme, mia, Some(held), "").await.unwrap();
    let new = NewInvitation { email: email("new@example.org"), grants: Grants::none(), role: Some(offered) };
    let sent = in_account::<ManageUsers, _, _>(&app.app, owner, acme, move |tx, by| invitation::send(tx, by, &new)).await;
    for id in [held, offered] {
        assert!(matches!(delete(&app, admin, id).await, Err(Error::InUse)));
    }
    cancel(&app.app, owner, acme, sent.unwrap()).await.unwrap();
    assert_eq!(delete(&app, admin, offered).await.unwrap(), "Offered");
    give(&app.app, owner, acme, mia, None, "invoices").await.unwrap();
    delete(&app, admin, held).await.unwrap();
    assert!(matches!(delete(&app, admin, held).await, Err(Error::NotFound)));
}

#[on_both_databases]
async fn who_manages_users_by_a_role_that_no_longer_does_leaves_no_open_invitation(app: TestApp) {
    app.expect_unsent_mails();
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let admin = staff(&app).await;
    let managers = create(&app, admin, None, "Managers", "users invoices").await.unwrap();
    give(&app.app, owner, acme, mia, Some(managers), "").await.unwrap();
    app.take_mails().await;
    let (_, link) = invite(&app, mia, acme, "new@example.org", "invoices").await;
    open(&app.app, &link).await.unwrap();
    change(&app, admin, managers, "Managers", "users invoices tickets").await.unwrap();
    open(&app.app, &link).await.expect("who may give more takes nothing back");
    change(&app, admin, managers, "Managers", "users tickets").await.unwrap();
    assert!(
        matches!(open(&app.app, &link).await, Err(invitation::Error::Gone)),
        "what one may give no more is not got by a link"
    );
    app.take_mails().await;
    let (_, link) = invite(&app, mia, acme, "newer@example.org", "tickets").await;
    change(&app, admin, managers, "Managers", "tickets").await.unwrap();
    assert!(matches!(open(&app.app, &link).await, Err(invitation::Error::Gone)));
}

#[on_both_databases]
async fn v8_2_1_roles_are_made_by_who_configures_and_two_never_look_the_same(app: TestApp) {
    let admin = staff(&app).await;
    let id = create(&app, admin, None, "Support", "tickets").await.unwrap();
    assert!(matches!(create(&app, admin, None, "SUPPORT", "tickets").await, Err(Error::NameTaken)));
    assert!(matches!(create(&app, admin, Some(AccountId(NOWHERE)), "Own", "tickets").await, Err(Error::NoSuchAccount)));
    for (name, built_in) in [("Sue", BuiltInRole::Support), ("Ron", BuiltInRole::ReadOnly)] {
        let other = staff_as(&app, name, built_in).await;
        let refused = create(&app, other, None, "Another", "tickets").await;
        assert!(matches!(refused, Err(Error::Denied(Denied::MissingAdmin { .. }))), "{refused:?}");
        assert!(change(&app, other, id, "Support", "domains").await.is_err());
        assert!(delete(&app, other, id).await.is_err());
    }
}

#[on_both_databases]
async fn a_user_is_associated_with_a_role_of_the_account_and_no_other(app: TestApp) {
    app.expect_unsent_mails();
    let (owner, acme) = acme(&app).await;
    let other = app.account("Other", owner).await;
    let admin = staff(&app).await;
    let ours = create(&app, admin, Some(acme), "Ours", "tickets").await.unwrap();
    let theirs = create(&app, admin, Some(other), "Theirs", "tickets").await.unwrap();
    let mia = person(&app, "Mia").await;
    let let_in = |role: RoleId| {
        machine_in_account::<Associate, _, _>(&app.app, acme, move |tx, by| {
            membership::associate(tx, by, mia, Some(role), &Grants::parse("domains"))
        })
    };
    let refused = let_in(theirs).await;
    assert!(matches!(refused, Err(membership::Error::NoSuchRole)), "{refused:?}");
    let_in(ours).await.unwrap();
    let held = member_of(&app.app, owner, acme, mia).await;
    assert_eq!((held.grants, held.role.map(|role| role.id)), (Grants::parse("tickets domains"), Some(ours)));
}

#[on_both_databases]
async fn everybody_who_has_a_role_is_told_of_its_change_by_a_mail_of_its_own(app: TestApp) {
    const HOLDERS: usize = 103;
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let helpers = create(&app, admin, None, "Helpers", "invoices tickets").await.unwrap();
    let mut wanted = Vec::new();
    for number in 0..HOLDERS {
        let mia = member(&app, acme, &format!("Mia{number}"), "domains").await;
        give(&app.app, owner, acme, mia, Some(helpers), "").await.unwrap();
        wanted.push(format!("mia{number}@example.com"));
    }
    change(&app, admin, helpers, "Helpers", "invoices").await.unwrap();
    assert!(app.take_mails().await.is_empty(), "the operator has switched it off");
    app.notify(Verification::Off).await;
    change(&app, admin, helpers, "Helpers", "tickets").await.unwrap();
    let told = app.take_mails().await;
    assert_eq!(told.iter().map(|mail| mail.to.clone()).collect::<Vec<_>>(), wanted);
    assert!(told.iter().all(|mail| mail.written.subject == told[0].written.subject));
}

#[on_both_databases]
async fn the_names_of_many_roles_are_found_at_once(app: TestApp) {
    let admin = staff(&app).await;
    let mut made = Vec::new();
    for number in 0..101 {
        let name = format!("Role {number}");
        made.push((create(&app, admin, None, &name, "invoices").await.unwrap(), name));
    }
    for count in [0, 1, 2, 100, 101] {
        let expected = made[..count].to_vec();
        let asked: Vec<RoleId> = expected.iter().map(|(id, _)| *id).chain([RoleId(NOWHERE)]).collect();
        let mut found = app.app.read(move |snapshot| role::names(snapshot, &asked)).await.unwrap();
        found.sort();
        assert_eq!(found, expected, "each once, and nothing of one that is not there");
    }
}

#[on_both_databases]
async fn what_happens_to_a_role_of_one_account_is_told_of_that_account(app: TestApp) {
    app.expect_unsent_mails();
    let (_, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let seen = events(&app).await.len();
    let own = create(&app, admin, Some(acme), "Own", "invoices").await.unwrap();
    change(&app, admin, own, "Own", "tickets").await.unwrap();
    delete(&app, admin, own).await.unwrap();
    let everybodys = create(&app, admin, None, "Everybody's", "invoices").await.unwrap();
    delete(&app, admin, everybodys).await.unwrap();
    let logged: Vec<_> = events(&app).await.into_iter().skip(seen).map(|event| (event.kind, event.account_name)).collect();
    let told = [
        ("role-created", "Acme"),
        ("role-updated", "Acme"),
        ("role-deleted", "Acme"),
        ("role-created", ""),
        ("role-deleted", ""),
    ];
    assert_eq!(logged, told.map(|(kind, account)| (kind.to_owned(), account.to_owned())));
}
