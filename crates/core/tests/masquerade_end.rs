//! However **Login as Owner** ends, the log says so, once.

use latchkey_core::access::{AdminGrants, BuiltInRole, ConfigureSystem, Denied, ManageAdmins, RequireTwoFactor, Subject, Who};
use latchkey_core::account;
use latchkey_core::admin;
use latchkey_core::admin_role::{self, NewRole};
use latchkey_core::app::App;
use latchkey_core::factor;
use latchkey_core::id::{AccountId, AdminId, UserId};
use latchkey_core::masquerade;
use latchkey_core::password::Password;
use latchkey_core::secret::Secret;
use latchkey_core::session;
use latchkey_core::settings::{self, Security};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::factor::enrol;
use crate::masquerade::begin;
use crate::support::*;

/// Sam acts for Olivia in Acme; Stella can do everything, too.
struct Acted {
    owner: UserId,
    acme: AccountId,
    stella: AdminId,
    sam: AdminId,
    secret: Secret,
    session: admin::Resolved,
}

async fn acted(app: &TestApp) -> Acted {
    let (owner, acme) = acme(app).await;
    let (stella, sam) = (staff(app).await, staff_as(app, "Sam", BuiltInRole::Full).await);
    let (_, session) = staff_session(app, "sam@staff.example").await;
    let secret = begin(&app.app, &session, acme, "Ticket 7").await.unwrap();
    app.expect_unsent_mails();
    Acted { owner, acme, stella, sam, secret, session }
}

/// What the log says of each end.
async fn ends(app: &TestApp) -> Vec<String> {
    let ended = events(app).await.into_iter().filter(|event| event.kind == "masquerade-ended");
    ended.map(|event| format!("{} {}: {}", event.actor_name, event.user_name, event.detail)).collect()
}

async fn over(app: &TestApp, acted: &Acted, why: &str) {
    assert!(!is_alive(&app.second_node(), &acted.secret).await, "{why}");
    assert_eq!(number(app, "select count(*) from sessions where masquerade_session_id is not null").await, 0);
    assert_eq!(ends(app).await, [format!("Sam Olivia Example: {why}")]);
}

async fn log_out(app: &App, session: &admin::Resolved) -> Result<(), admin::Error> {
    let (id, session) = (session.admin.id, session.clone());
    as_staff(app, id, move |tx, by| admin::logout(tx, by, &session)).await
}

#[on_both_databases]
async fn rule_10_it_ends_with_the_admins_logout(app: TestApp) {
    let acted = acted(&app).await;
    log_out(&app.app, &acted.session).await.unwrap();
    over(&app, &acted, "logged out").await;
}

#[on_both_databases]
async fn rule_10_it_ends_when_the_admin_ends_that_session_elsewhere(app: TestApp) {
    let acted = acted(&app).await;
    let (_, here) = staff_session(&app, "sam@staff.example").await;
    as_staff(&app.app, acted.sam, move |tx, by| admin::end_others(tx, by, here.session)).await.unwrap();
    over(&app, &acted, "session ended").await;
}

#[on_both_databases]
async fn rule_10_it_ends_when_the_admin_ends_the_one_session_it_began_in(app: TestApp) {
    let acted = acted(&app).await;
    let (_, here) = staff_session(&app, "sam@staff.example").await;
    as_staff(&app.app, acted.sam, move |tx, by| admin::end(tx, by, here.session)).await.unwrap();
    let (session, stella) = (acted.session.session, acted.stella);
    let not_hers = as_staff(&app.app, stella, move |tx, by| admin::end(tx, by, session)).await;
    assert!(matches!(not_hers, Err(admin::Error::NoSuchSession)));
    as_staff(&app.app, acted.sam, move |tx, by| admin::end(tx, by, session)).await.unwrap();
    over(&app, &acted, "session ended").await;
}

#[on_both_databases]
async fn rule_10_it_ends_when_the_admin_changes_the_password_elsewhere(app: TestApp) {
    let acted = acted(&app).await;
    let (_, here) = staff_session(&app, "sam@staff.example").await;
    let (old, new) = (Password::typed(latchkey_core::testing::PASSWORD), Password::typed("another password altogether"));
    admin::change_password(&app.app, &request(), acted.sam, here.session, &old, &new).await.unwrap();
    over(&app, &acted, "session ended").await;
}

#[on_both_databases]
async fn rule_10_it_ends_when_the_admin_is_disabled(app: TestApp) {
    let acted = acted(&app).await;
    let sam = acted.sam;
    as_staff::<ManageAdmins, _, _>(&app.app, acted.stella, move |tx, by| admin::set_disabled(tx, by, &confirmed(), sam, true))
        .await
        .unwrap();
    over(&app, &acted, "admin disabled").await;
}

#[on_both_databases]
async fn rule_10_it_ends_when_the_admin_is_deleted(app: TestApp) {
    let acted = acted(&app).await;
    let sam = acted.sam;
    as_staff::<ManageAdmins, _, _>(&app.app, acted.stella, move |tx, by| admin::delete(tx, by, &confirmed(), sam)).await.unwrap();
    over(&app, &acted, "admin deleted").await;
}

#[on_both_databases]
async fn rule_10_it_ends_when_the_admin_gets_a_role_without_the_permission(app: TestApp) {
    let acted = acted(&app).await;
    let sam = acted.sam;
    let role = app.app.read(|snapshot| admin_role::built_in(snapshot, BuiltInRole::Support)).await.unwrap();
    as_staff::<ManageAdmins, _, _>(&app.app, acted.stella, move |tx, by| admin::set_role(tx, by, &confirmed(), sam, role))
        .await
        .unwrap();
    over(&app, &acted, "permission taken away").await;
}

#[on_both_databases]
async fn rule_10_it_ends_when_the_admins_role_loses_the_permission(app: TestApp) {
    let acted = acted(&app).await;
    let (stella, sam) = (acted.stella, acted.sam);
    let role = |keys: &str| NewRole { name: "Guides".to_owned(), grants: AdminGrants::choose(keys.split(' ')).unwrap() };
    let (with, without) = (role("view masquerade"), role("view"));
    let given = as_staff::<ManageAdmins, _, admin::Error>(&app.app, stella, move |tx, by| {
        let id = admin_role::create(tx, by, &confirmed(), &with).unwrap();
        admin::set_role(tx, by, &confirmed(), sam, id)?;
        Ok(id)
    });
    let id = given.await.unwrap();
    assert!(is_alive(&app.app, &acted.secret).await, "the permission is still there");
    as_staff::<ManageAdmins, _, _>(&app.app, stella, move |tx, by| admin_role::update(tx, by, &confirmed(), id, &without))
        .await
        .unwrap();
    over(&app, &acted, "permission taken away").await;
}

#[on_both_databases]
async fn rule_10_it_ends_when_the_account_is_closed_or_deleted(app: TestApp) {
    let acted = acted(&app).await;
    close(&app.app, acted.stella, acted.acme).await;
    over(&app, &acted, "account closed").await;
    reopen(&app.app, acted.stella, acted.acme).await;
    begin(&app.app, &acted.session, acted.acme, "Ticket 7").await.unwrap();
    let acme = acted.acme;
    as_staff(&app.app, acted.stella, move |tx, by| account::delete(tx, by, &confirmed(), acme)).await.unwrap();
    assert_eq!(ends(&app).await[1..], ["Sam Olivia Example: account deleted"]);
}

#[on_both_databases]
async fn rule_10_it_ends_when_the_account_gets_another_owner(app: TestApp) {
    let acted = acted(&app).await;
    let mia = member(&app, acted.acme, "Mia", "invoices").await;
    make_owner(&app.app, acted.acme, mia).await.unwrap();
    over(&app, &acted, "another owner").await;
}

#[on_both_databases]
async fn rule_10_it_ends_when_the_owners_sessions_are_ended_and_is_none_of_them(app: TestApp) {
    let acted = acted(&app).await;
    login(&app.app, "olivia@example.com").await;
    let owner = acted.owner;
    let ended = as_staff(&app.app, acted.stella, move |tx, by| session::end_all_of(tx, by, owner)).await.unwrap();
    assert_eq!(ended, 1, "the owner's own");
    over(&app, &acted, "sessions of the user ended").await;
}

#[on_both_databases]
async fn rule_10_another_one_in_the_same_session_ends_the_first(app: TestApp) {
    let acted = acted(&app).await;
    let other = app.account("Other", acted.owner).await;
    begin(&app.app, &acted.session, other, "Ticket 7").await.unwrap();
    assert_eq!(ends(&app).await, ["Sam Olivia Example: another one began"]);
    assert!(!is_alive(&app.app, &acted.secret).await);
}

/// Sam sets an authenticator app up.
async fn enrolled(app: &TestApp, acted: &Acted) {
    enrol(app, Subject::Admin(acted.sam), acted.session.session).await;
}

/// Sam removes what there is.
async fn remove_factor(app: &TestApp, acted: &Acted) {
    let subject = Subject::Admin(acted.sam);
    let factors = app.app.read(move |snapshot| factor::list(snapshot, subject)).await.unwrap();
    let id = factors[0].id;
    as_confirmed(&app.app, subject, acted.session.session, move |tx, by| factor::remove(tx, by, id)).await.unwrap();
    app.take_mails().await;
}

async fn require_of_admins(app: &TestApp, stella: AdminId) {
    as_staff::<ConfigureSystem, _, Denied>(&app.app, stella, |tx, by| {
        let security = Security { admins: true, ..settings::security(tx)? };
        Ok(settings::set_security(tx, by, &security)?)
    })
    .await
    .unwrap();
}

#[on_both_databases]
async fn rule_10_it_ends_when_the_admin_loses_the_factor_that_is_required_of_admins(app: TestApp) {
    let acted = acted(&app).await;
    enrolled(&app, &acted).await;
    require_of_admins(&app, acted.stella).await;
    assert!(is_alive(&app.app, &acted.secret).await, "who has a factor goes on");
    remove_factor(&app, &acted).await;
    over(&app, &acted, "second factor removed").await;
    app.clock.advance(masquerade::ABSOLUTE);
    log_out(&app.app, &acted.session).await.unwrap();
    assert_eq!(ends(&app).await.len(), 1, "and not again by the clock");
}

#[on_both_databases]
async fn rule_10_it_ends_when_the_operator_removes_the_admins_factors(app: TestApp) {
    let acted = acted(&app).await;
    enrolled(&app, &acted).await;
    require_of_admins(&app, acted.stella).await;
    let sam = acted.sam;
    app.app.write(&request(), move |tx| factor::remove_all_of_admin(tx, &system(), sam)).await.unwrap();
    app.take_mails().await;
    over(&app, &acted, "second factor removed").await;
}

#[on_both_databases]
async fn rule_10_it_ends_when_a_factor_is_required_that_the_admin_does_not_have(app: TestApp) {
    let acted = acted(&app).await;
    let (_, other) = staff_session(&app, "stella@staff.example").await;
    enrol(&app, Subject::Admin(acted.stella), other.session).await;
    let elsewhere = app.account("Other", acted.owner).await;
    let kept = begin(&app.app, &other, elsewhere, "Ticket 7").await.unwrap();
    require_of_admins(&app, acted.stella).await;
    assert!(is_alive(&app.app, &kept).await && !is_alive(&app.app, &acted.secret).await);
    assert_eq!(ends(&app).await, ["Sam Olivia Example: second factor required"]);
    app.take_mails().await;
}

#[on_both_databases]
async fn rule_10_it_ends_when_a_factor_is_required_that_was_shown_only_elsewhere(app: TestApp) {
    let acted = acted(&app).await;
    let (_, elsewhere) = staff_session(&app, "sam@staff.example").await;
    enrol(&app, Subject::Admin(acted.sam), elsewhere.session).await;
    assert!(is_alive(&app.app, &acted.secret).await);
    require_of_admins(&app, acted.stella).await;
    over(&app, &acted, "second factor required").await;
}

#[on_both_databases]
async fn rule_10_where_only_the_account_requires_a_factor_only_there_it_ends_with_it(app: TestApp) {
    let acted = acted(&app).await;
    let (_, second) = staff_session(&app, "sam@staff.example").await;
    let other = app.account("Other", acted.owner).await;
    let kept = begin(&app.app, &second, other, "Ticket 7").await.unwrap();
    enrolled(&app, &acted).await;
    let (who, acme) = (Who::without_second_factor(acted.owner), acted.acme);
    let from = request();
    let required = app.app.write(&from, move |tx| {
        let by = tx.authorize::<RequireTwoFactor>(who, acme)?;
        account::require_two_factor(tx, &by, true)
    });
    required.await.unwrap();
    remove_factor(&app, &acted).await;
    assert!(is_alive(&app.app, &kept).await && !is_alive(&app.app, &acted.secret).await);
    assert_eq!(ends(&app).await, ["Sam Olivia Example: second factor removed"]);
}

/// Everything that can end one, at the same moment on two nodes: one event.
#[on_both_databases]
async fn rule_10_of_several_ends_at_once_one_is_written_down(app: TestApp) {
    let acted = acted(&app).await;
    let second = app.second_node();
    let mut expected = 1;
    log_out(&app.app, &acted.session).await.unwrap();
    for _ in 0..15 {
        let (_, session) = staff_session(&app, "sam@staff.example").await;
        let secret = begin(&app.app, &session, acted.acme, "Ticket 7").await.unwrap();
        let acting = resolved(&app.app, &secret).await.unwrap().acting.unwrap();
        let (back, owner, from) = (acting, acted.owner, request());
        let returned = app.app.write(&from, move |tx| masquerade::end(tx, &back).map(drop));
        let ended = as_staff(&second, acted.stella, move |tx, by| session::end_all_of(tx, by, owner));
        let (logged_out, returned, ended) = tokio::join!(log_out(&second, &session), returned, ended);
        assert!(logged_out.is_ok() && returned.is_ok() && ended.is_ok(), "{logged_out:?} {returned:?} {ended:?}");
        expected += 1;
        assert_eq!(ends(&app).await.len(), expected);
    }
}

/// One that begins while its admin logs out is refused, or ends with an event: never is there one that began and did not end.
#[on_both_databases]
async fn rule_10_one_that_begins_beside_a_logout_has_its_end(app: TestApp) {
    let acted = acted(&app).await;
    let second = app.second_node();
    log_out(&app.app, &acted.session).await.unwrap();
    for _ in 0..15 {
        let (_, session) = staff_session(&app, "sam@staff.example").await;
        let (begun, left) = tokio::join!(begin(&app.app, &session, acted.acme, "Ticket 7"), log_out(&second, &session));
        assert!(left.is_ok(), "{left:?}");
        assert!(matches!(begun, Ok(_) | Err(masquerade::Error::Denied(_))), "{:?}", begun.err());
        assert_eq!(number(&app, "select count(*) from sessions").await, 0);
        let started = events(&app).await.into_iter().filter(|event| event.kind == "masquerade-started").count();
        assert_eq!(ends(&app).await.len(), started);
    }
}
