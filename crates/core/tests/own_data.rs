//! What is held about a user, and its end.

use latchkey_core::access::{CONFIRMED_FOR, Denied, ManageUsers, Who};
use latchkey_core::contact;
use latchkey_core::db::Location;
use latchkey_core::id::{SessionId, UserId};
use latchkey_core::invitation::{self, NewInvitation};
use latchkey_core::own_data::{self, Error, Held};
use latchkey_core::password::Password;
use latchkey_core::session::Resolved;
use latchkey_core::settings::Verification;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::user;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

async fn ask(app: &TestApp, user: UserId, password: &str) -> Result<(), Error> {
    own_data::ask_for_deletion(&app.app, &request(), user, SessionId(0), &Password::typed(password)).await
}

/// What somebody gets who has just logged in and shown no factor.
async fn download(app: &TestApp, user: UserId) -> Held {
    let address = text(app, &format!("select email from users where id = {user}")).await.unwrap();
    let secret = login(&app.app, &address).await.secret;
    download_in(app, &resolved(&app.app, &secret).await.unwrap()).await.unwrap()
}

async fn download_in(app: &TestApp, session: &Resolved) -> Result<Held, Error> {
    let who = session.who();
    as_confirmed(&app.app, session.subject(), session.session.id, move |tx, by| own_data::download(tx, who, by)).await
}

#[on_both_databases]
async fn v7_5_3_what_is_held_is_handed_out_to_whom_has_just_confirmed_who_it_is(app: TestApp) {
    acme(&app).await;
    let started = login(&app.app, "olivia@example.com").await;
    let session = resolved(&app.app, &started.secret).await.unwrap();
    download_in(&app, &session).await.unwrap();
    app.clock.advance(CONFIRMED_FOR);
    let refused = download_in(&app, &session).await;
    assert!(matches!(refused, Err(Error::Denied(Denied::Unconfirmed))), "{refused:?}");
}

/// An account that asks for more than the session has shown keeps what it says, closed or not; that it is owned is told.
#[on_both_databases]
async fn v6_3_3_an_account_that_requires_two_factor_is_not_handed_out_without_one(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let other = app.account("Other", owner).await;
    for (account, last) in [(acme, "Closed"), (other, "Open")] {
        let new = new_contact("Some", last, "somebody@books.example", &["invoice"]);
        app.app
            .write(&request(), move |tx| contact::add(tx, &tx.authorize(Who::without_second_factor(owner), account)?, &new))
            .await
            .unwrap();
        sql(&app, &format!("update accounts set tax_id = 'tax of {account}' where id = {account}")).await.unwrap();
    }
    sql(&app, &format!("update accounts set two_factor_required_at = 1 where id = {acme}")).await.unwrap();
    let secret = login(&app.app, "olivia@example.com").await.secret;
    let handed_out = async || {
        let held = download_in(&app, &resolved(&app.app, &secret).await.unwrap()).await.unwrap();
        serde_json::to_string(&held).unwrap()
    };
    let is_left_out = async |state: &str| {
        let text = handed_out().await;
        for (word, is_told) in [
            ("\"accounts_left_out\":[\"Acme\"]", true),
            (&format!("tax of {other}"), true),
            ("\"last_name\":\"Open\"", true),
            (&format!("tax of {acme}"), false),
            ("\"last_name\":\"Closed\"", false),
        ] {
            assert_eq!(text.contains(word), is_told, "{state}, {word}: {text}");
        }
    };
    is_left_out("open").await;
    sql(&app, &format!("update accounts set status = 'closed' where id = {acme}")).await.unwrap();
    is_left_out("closed").await;
    sql(&app, &format!("update accounts set status = 'active' where id = {acme}")).await.unwrap();
    app.notify(Verification::Required).await;
    is_left_out("waiting for a confirmed address").await;
    sql(&app, &format!("update sessions set second_factor_at = {}", app.app.now().as_micros())).await.unwrap();
    let text = handed_out().await;
    assert!(text.contains("\"last_name\":\"Closed\"") && text.contains("\"accounts_left_out\":[]"), "{text}");
    sql(&app, &format!("update accounts set two_factor_required_at = null, status = 'closed' where id = {acme}")).await.unwrap();
    assert!(handed_out().await.contains("\"last_name\":\"Closed\""), "what is closed is still one's own");
}

#[on_both_databases]
async fn a_closed_account_that_no_link_of_another_system_opens_is_not_handed_out_after_one(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let change = format!("update accounts set tax_id = 'tax of Acme', allow_sso = 0, status = 'closed' where id = {acme}");
    sql(&app, &change).await.unwrap();
    let secret = login(&app.app, "olivia@example.com").await.secret;
    let session = resolved(&app.app, &secret).await.unwrap();
    for (who, is_told) in [(session.who(), true), (session.who().begun_by_link(), false)] {
        let (subject, id) = (session.subject(), session.session.id);
        let held = as_confirmed(&app.app, subject, id, move |tx, by| own_data::download(tx, who, by)).await;
        let text = serde_json::to_string(&held.unwrap()).unwrap();
        assert_eq!(text.contains("tax of Acme"), is_told, "{text}");
        assert_eq!(text.contains("\"accounts_left_out\":[\"Acme\"]"), !is_told, "{text}");
    }
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
    download(&app, owner).await;
    assert_eq!(kinds_after(&app, 0).await.last().map(String::as_str), Some("data-downloaded"));
    let held = download(&app, owner).await;
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

/// Columns of the user, of the accounts it owns, and of the address that waits, that are not handed out: keys and what they are
/// compared with, and how often something changed.
const KEPT: [&str; 8] = [
    "users.id",
    "users.email_key",
    "users.password_hash",
    "accounts.owner_id",
    "accounts.revision",
    "verifications.user_id",
    "verifications.email_key",
    "verifications.token_hash",
];

async fn columns(app: &TestApp, table: &str) -> Vec<String> {
    let query = match app.location {
        Location::Sqlite(_) => format!("select group_concat(name) from pragma_table_info('{table}')"),
        Location::Postgres(_) => format!(
            "select string_agg(column_name, ',') from information_schema.columns
             where table_schema = current_schema() and table_name = '{table}'"
        ),
    };
    text(app, &query).await.unwrap().split(',').map(str::to_owned).collect()
}

/// Fills every column with something of its own and looks for it, so that none is forgotten that is added later.
#[on_both_databases]
async fn every_column_about_the_user_and_its_accounts_is_handed_out(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let group =
        "insert into client_groups (name, name_key, colour, discount_basis_points, suspend_terminate_exempt, separate_invoices)
        values ('Resellers', 'resellers', '#64748b', 0, 0, 0)";
    sql(&app, group).await.unwrap();
    change_address(&app, &app.app, owner, "waits@example.org").await.unwrap();
    app.take_mails().await;
    let secret = login(&app.app, "olivia@example.com").await.secret;
    sql(&app, &format!("update sessions set second_factor_at = {}", app.app.now().as_micros())).await.unwrap();
    let mut wanted = Vec::new();
    for table in ["users", "accounts", "verifications"] {
        for (number, column) in columns(&app, table).await.into_iter().enumerate() {
            let name = format!("{table}.{column}");
            if name == "accounts.id" {
                wanted.push((name, format!("\"accounts\":[{{\"id\":{acme},")));
                continue;
            }
            if KEPT.contains(&name.as_str()) {
                continue;
            }
            let (value, shown) = match column.as_str() {
                "group_id" => ("1".to_owned(), "\"Resellers\"".to_owned()),
                "status" => ("'inactive'".to_owned(), "\"inactive\"".to_owned()),
                "marketing_opt_in" => ("1".to_owned(), "\"marketing_opt_in\":true".to_owned()),
                "allow_sso" => ("0".to_owned(), "\"allow_sso\":false".to_owned()),
                "mail_categories" => ("'invoice'".to_owned(), "\"mail\":\"invoice\"".to_owned()),
                "email" => (format!("'{table}@held.example'"), format!("\"{table}@held.example\"")),
                _ if column.ends_with("_at") => {
                    (format!("77{number:02}{:02}", table.len()), format!(":77{number:02}{:02}", table.len()))
                }
                _ => (format!("'held {name}'"), format!("\"held {name}\"")),
            };
            sql(&app, &format!("update {table} set {column} = {value}")).await.unwrap();
            wanted.push((name, shown));
        }
    }
    assert!(wanted.len() > 30, "{wanted:?}");
    let held = download_in(&app, &resolved(&app.app, &secret).await.unwrap()).await.unwrap();
    let text = serde_json::to_string(&held).unwrap();
    let missing: Vec<_> = wanted.iter().filter(|(_, shown)| !text.contains(shown)).collect();
    assert!(missing.is_empty(), "{missing:?} in {text}");
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
    let sent = format!("{:?}", download(&app, owner).await);
    for offered in ["invoices tickets orders", "invoices tickets"] {
        let wanted = format!("permissions: \"{offered}\", role: Some(\"Helpers\")");
        assert!(sent.contains(&wanted), "{wanted}: {sent}");
    }
    let held = format!("{:?}", download(&app, mia).await);
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
