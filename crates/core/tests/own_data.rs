//! What is held about a user, and its end.

use latchkey_core::access::{Denied, ManageUsers, Who};
use latchkey_core::contact;
use latchkey_core::id::{SessionId, UserId};
use latchkey_core::invitation::{self, NewInvitation};
use latchkey_core::own_data::{self, Error};
use latchkey_core::password::Password;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::user;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

async fn ask(app: &TestApp, user: UserId, password: &str) -> Result<(), Error> {
    own_data::ask_for_deletion(&app.app, &request(), user, SessionId(0), &Password::typed(password)).await
}

#[on_both_databases]
async fn what_is_handed_out_is_an_event_and_holds_no_secret(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let session = login(&app.app, "olivia@example.com").await;
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    let elsewhere = app.account("Elsewhere", person(&app, "Rival").await).await;
    app.member(elsewhere, owner, grants("contacts")).await;
    for (account, mail) in [(acme, "carl@books.example"), (elsewhere, "nobody@else.example")] {
        let new = new_contact("Carl", "Zuse", mail, &["invoice"]);
        app.app
            .write(&request(), move |tx| contact::add(tx, &tx.authorize(Who::without_second_factor(owner), account)?, &new))
            .await
            .unwrap();
    }
    ask_for_reset(&app, "olivia@example.com").await;
    let reset = latest_link(&app).await;
    as_myself(&app.app, owner, own_data::download).await.unwrap();
    assert_eq!(kinds_after(&app, 0).await.last().map(String::as_str), Some("data-downloaded"));
    let held = as_myself(&app.app, owner, own_data::download).await.unwrap();
    let text = format!("{held:?}");
    for wanted in [
        "Olivia",
        "Acme",
        "somebody@example.org",
        "192.0.2.7",
        "password-reset",
        "login",
        "Zuse",
        "devices: [Device {",
        "recovery_codes_left: 0",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert_eq!(text.matches("Zuse").count(), 1, "the address book of another's account is not one's own");
    for secret in ["argon2", "$", &session.secret.reveal(), &link.reveal(), &reset.reveal(), "/invite/"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[on_both_databases]
async fn what_roles_give_is_handed_out_with_what_is_held_and_offered_singly_once_and_in_one_order(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = person(&app, "Mia").await;
    let helpers = role(&app, staff(&app).await, "Helpers", "tickets invoices").await;
    for (to, keys) in [("mia@example.org", "orders invoices"), ("new@example.org", "")] {
        let new = NewInvitation { email: email(to), grants: grants(keys), role: Some(helpers) };
        in_account::<ManageUsers, _, _>(&app.app, owner, acme, move |tx, by| invitation::send(tx, by, &new)).await.unwrap();
        if keys.is_empty() {
            app.take_mails().await;
        } else {
            accept(&app.app, mia, &latest_link(&app).await).await.unwrap();
            app.take_mails().await;
        }
    }
    let sent = format!("{:?}", as_myself(&app.app, owner, own_data::download).await.unwrap());
    for offered in ["invoices tickets orders", "invoices tickets"] {
        let wanted = format!("permissions: \"{offered}\", role: Some(\"Helpers\")");
        assert!(sent.contains(&wanted), "{wanted}: {sent}");
    }
    let held = format!("{:?}", as_myself(&app.app, mia, own_data::download).await.unwrap());
    let wanted = "permissions: \"invoices tickets orders\", role: Some(\"Helpers\")";
    assert_eq!(held.matches(wanted).count(), 2, "the membership and the invitation that led to it: {held}");
}

#[on_both_databases]
async fn rule_9_who_owns_accounts_cannot_ask_to_be_deleted(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    assert!(matches!(ask(&app, owner, PASSWORD).await, Err(Error::OwnsAccounts(names)) if names == ["Acme"]));
    assert!(matches!(ask(&app, mia, "wrong password").await, Err(Error::WrongPassword)));
    ask(&app, mia, PASSWORD).await.unwrap();
    as_myself(&app.app, mia, own_data::cancel_deletion).await.unwrap();
    let asked = app.app.read(move |snapshot| own_data::deletion_asked_at(snapshot, mia)).await.unwrap();
    assert_eq!(asked, None);
}

#[on_both_databases]
async fn who_asked_is_deleted_with_its_memberships_and_who_did_not_is_not(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    assert!(matches!(delete_user(&app.app, admin, mia).await, Err(user::Error::HasAccounts)));
    ask(&app, mia, PASSWORD).await.unwrap();
    assert!(can_enter(&app.app, mia, acme).await, "until staff deletes the user");
    let before = revision(&app.app, acme).await;
    delete_user(&app.app, admin, mia).await.unwrap();
    assert!(revision(&app.app, acme).await > before);
    let gone = app.app.read(move |snapshot| snapshot.myself(mia).map(drop)).await;
    assert!(matches!(gone, Err(Denied::NoSuchUser)));
    // A request from before does not let go of what is owned since.
    let gus = member(&app, acme, "Gus", "invoices").await;
    ask(&app, gus, PASSWORD).await.unwrap();
    make_owner(&app.app, acme, gus).await.unwrap();
    assert!(matches!(delete_user(&app.app, admin, gus).await, Err(user::Error::HasAccounts)));
    assert!(can_enter(&app.app, gus, acme).await && can_enter(&app.app, owner, acme).await);
}
