//! Users: their names, logins and passwords, and when they can go.

use latchkey_core::access::{AdminPermission, BuiltInRole, ChangeLogins, Denied, EditUsers};
use latchkey_core::id::{SessionId, UserId};
use latchkey_core::password::Password;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::user::{self, AdminChange, Error, PersonName};
use latchkey_core::{account, session};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

fn name(first: &str, last: &str) -> PersonName {
    PersonName { first: first.to_owned(), last: last.to_owned() }
}

#[on_both_databases]
async fn rule_9_a_user_with_accounts_cannot_be_deleted(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (admin, mia) = (staff(&app).await, member(&app, acme, "Mia", "invoices").await);
    for user in [owner, mia] {
        assert!(matches!(delete_user(&app.app, admin, user).await, Err(Error::HasAccounts)));
    }
    remove(&app.app, owner, acme, mia).await.unwrap();
    delete_user(&app.app, admin, mia).await.unwrap();
    assert!(matches!(delete_user(&app.app, admin, mia).await, Err(Error::NotFound)));
}

#[on_both_databases]
async fn rule_9_a_closed_account_still_keeps_its_users(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    close(&app.app, admin, acme).await;
    assert!(matches!(delete_user(&app.app, admin, owner).await, Err(Error::HasAccounts)));
    as_staff(&app.app, admin, move |tx, by| account::delete(tx, by, &confirmed(), acme)).await.unwrap();
    delete_user(&app.app, admin, owner).await.unwrap();
}

#[on_both_databases]
async fn a_deleted_user_leaves_no_login_behind_but_a_readable_log(app: TestApp) {
    let (admin, gus) = (staff(&app).await, person(&app, "Gus").await);
    let session = login(&app.app, "gus@example.com").await;
    delete_user(&app.app, admin, gus).await.unwrap();
    assert!(!is_alive(&app.app, &session.secret).await);
    assert_eq!(number(&app, "select count(*) from search_terms where kind = 'user'").await, 0);
    assert!(events(&app).await.iter().any(|event| event.kind == "user-deleted" && event.user_name == "Gus Example"));
    person(&app, "Gus").await;
}

#[on_both_databases]
async fn a_login_belongs_to_one_user_whatever_its_case(app: TestApp) {
    let (admin, gus) = (staff(&app).await, person(&app, "Gus").await);
    person(&app, "Mia").await;
    for taken in ["mia@example.com", "MIA@EXAMPLE.COM", "ｍia@example.com"] {
        let change = AdminChange { name: name("Gus", "Example"), email: email(taken) };
        let refused =
            as_staff::<EditUsers, _, _>(&app.app, admin, move |tx, by| user::update_at_once(tx, by, &confirmed(), gus, &change))
                .await;
        assert!(matches!(refused, Err(Error::EmailTaken)), "{taken}");
    }
    let own = AdminChange { name: name("Gustav", "Example"), email: email("GUS@example.com") };
    as_staff::<EditUsers, _, _>(&app.app, admin, move |tx, by| user::update_at_once(tx, by, &confirmed(), gus, &own))
        .await
        .unwrap();
    login(&app.app, "gus@EXAMPLE.com").await;
    assert!(told(&app).await.is_empty(), "it is the address it was");
}

#[on_both_databases]
async fn v8_2_1_support_changes_a_name_and_never_what_somebody_logs_in_with(app: TestApp) {
    let gus = person(&app, "Gus").await;
    let sue = staff_as(&app, "Sue", BuiltInRole::Support).await;
    let change = async |first: &str, address: &str| {
        let change = AdminChange { name: name(first, "Example"), email: email(address) };
        as_staff::<EditUsers, _, _>(&app.app, sue, move |tx, by| user::update_at_once(tx, by, &confirmed(), gus, &change)).await
    };
    let before = dump(&app).await;
    let refused = change("Gustav", "sue@evil.example").await;
    assert!(
        matches!(refused, Err(Error::Denied(Denied::MissingAdmin { permission: AdminPermission::Credentials }))),
        "{refused:?}"
    );
    assert_eq!(changed(&before, &dump(&app).await), Vec::<String>::new());
    change("Gustav", "gus@example.com").await.unwrap();
    let ticket = app.app.read(move |snapshot| snapshot.authorize_admin::<ChangeLogins>(sue)).await;
    assert!(ticket.is_err(), "what takes factors away and copies links that open a login");
}

#[on_both_databases]
async fn a_new_address_is_not_verified(app: TestApp) {
    let (admin, gus) = (staff(&app).await, person(&app, "Gus").await);
    // The second is found like the one before, and may be another mailbox all the same.
    let both = ["email-changed", "email-changed"].as_slice();
    for (address, verified, is_told) in
        [("GUS@example.com", 1, [].as_slice()), ("gus@\u{435}xample.com", 0, both), ("new@example.com", 0, both)]
    {
        sql(&app, "update users set verified_at = 5").await.unwrap();
        let change = AdminChange { name: name("Gus", "Example"), email: email(address) };
        as_staff::<EditUsers, _, _>(&app.app, admin, move |tx, by| user::update_at_once(tx, by, &confirmed(), gus, &change))
            .await
            .unwrap();
        assert_eq!(number(&app, "select count(*) from users where verified_at is not null").await, verified, "{address}");
        assert_eq!(told(&app).await, is_told, "{address}");
    }
}

#[on_both_databases]
async fn somebody_changes_the_own_name_and_nothing_else(app: TestApp) {
    let gus = person(&app, "Gus").await;
    as_myself(&app.app, gus, |tx, by| user::change_own_name(tx, by, &name("Gustave", "Eiffel"))).await.unwrap();
    let found = app.app.read(move |snapshot| user::find(snapshot, gus)).await.unwrap().unwrap();
    assert_eq!((found.name.full().as_str(), found.email.as_str()), ("Gustave Eiffel", "gus@example.com"));
}

#[on_both_databases]
async fn a_change_that_changes_nothing_is_no_event(app: TestApp) {
    let (admin, gus) = (staff(&app).await, person(&app, "Gus").await);
    let before = dump(&app).await;
    as_myself(&app.app, gus, |tx, by| user::change_own_name(tx, by, &name("Gus", "Example"))).await.unwrap();
    let change = AdminChange { name: name("Gus", "Example"), email: email("gus@example.com") };
    as_staff::<EditUsers, _, _>(&app.app, admin, move |tx, by| user::update_at_once(tx, by, &confirmed(), gus, &change))
        .await
        .unwrap();
    assert_eq!(changed(&before, &dump(&app).await), Vec::<String>::new());
}

#[on_both_databases]
async fn a_user_who_does_not_exist_is_not_found(app: TestApp) {
    let admin = staff(&app).await;
    let change = AdminChange { name: name("No", "Body"), email: email("nobody@example.com") };
    let refused = as_staff::<EditUsers, _, _>(&app.app, admin, move |tx, by| {
        user::update_at_once(tx, by, &confirmed(), UserId(NOWHERE), &change)
    })
    .await;
    assert!(matches!(refused, Err(Error::NotFound)));
    assert!(matches!(delete_user(&app.app, admin, UserId(NOWHERE)).await, Err(Error::NotFound)));
}

async fn change_password(app: &TestApp, user: UserId, session: SessionId, current: &str, new: &str) -> Result<(), Error> {
    user::change_password(&app.app, &request(), user, session, &Password::typed(current), &Password::typed(new)).await
}

#[on_both_databases]
async fn a_password_is_changed_with_the_present_one_and_ends_the_other_sessions(app: TestApp) {
    let gus = person(&app, "Gus").await;
    let (here, there) = (login(&app.app, "gus@example.com").await, login(&app.app, "gus@example.com").await);
    let current = resolved(&app.app, &here.secret).await.unwrap().session.id;
    let before = dump(&app).await;
    assert!(matches!(change_password(&app, gus, current, "wrong", "another password").await, Err(Error::WrongPassword)));
    assert_eq!(before, dump(&app).await);
    change_password(&app, gus, current, PASSWORD, "another password").await.unwrap();
    let second = app.second_node();
    assert!(is_alive(&second, &here.secret).await && !is_alive(&second, &there.secret).await);
    let old = log_in_with(&app.app, &request(), credentials("gus@example.com", PASSWORD, false), "").await;
    assert!(matches!(old, Err(session::Error::WrongCredentials)));
    log_in_with(&app.app, &request(), credentials("gus@example.com", "another password", false), "").await.unwrap();
    assert_eq!(told(&app).await, ["password-changed"]);
}

#[on_both_databases]
async fn a_user_without_a_password_cannot_set_one_by_guessing_none(app: TestApp) {
    let gus = person(&app, "Gus").await;
    sql(&app, "update users set password_hash = null").await.unwrap();
    for guess in ["", PASSWORD] {
        assert!(matches!(change_password(&app, gus, SessionId(1), guess, "another password").await, Err(Error::WrongPassword)));
        let refused = log_in_with(&app.app, &request(), credentials("gus@example.com", guess, false), "").await;
        assert!(matches!(refused, Err(session::Error::WrongCredentials)));
    }
}

#[on_both_databases]
async fn a_name_that_changes_beside_an_address_does_not_bring_the_old_address_back(app: TestApp) {
    let (admin, gus) = (staff(&app).await, person(&app, "Gus").await);
    let second = app.second_node();
    for round in 0..20 {
        let wanted = format!("gus{round}@example.com");
        let change = AdminChange { name: name("Gus", "Example"), email: email(&wanted) };
        let (first, second) = tokio::join!(
            as_staff::<EditUsers, _, _>(&app.app, admin, move |tx, by| user::update_at_once(tx, by, &confirmed(), gus, &change)),
            as_myself(&second, gus, move |tx, by| user::change_own_name(tx, by, &name("Gustave", "Eiffel")))
        );
        first.unwrap();
        second.unwrap();
        let found = app.app.read(move |snapshot| user::find(snapshot, gus)).await.unwrap().unwrap();
        assert_eq!(found.email.as_str(), wanted);
        assert_eq!(told(&app).await, ["email-changed", "email-changed"]);
    }
}
