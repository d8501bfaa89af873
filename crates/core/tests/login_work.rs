//! What a login costs, counted: one comparison of a password, whoever it is and whatever was typed (ASVS V6.3.8).

use latchkey_core::access::ManageAdmins;
use latchkey_core::app::App;
use latchkey_core::invitation::{self, LoginAndAccept};
use latchkey_core::password::{Password, PasswordHash};
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::{admin, registration, session};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

/// Comparisons, and Argon2id hashes, that something took.
async fn work(app: &App, of: impl AsyncFnOnce()) -> (usize, usize) {
    let before = app.hasher().work_done();
    of().await;
    let after = app.hasher().work_done();
    (after.0 - before.0, after.1 - before.1)
}

/// Gives Gus a hash, whatever it is.
async fn keep(app: &TestApp, hash: Option<&str>) {
    let hash = hash.map_or("null".to_owned(), |hash| format!("'{hash}'"));
    sql(app, &format!("update users set password_hash = {hash} where email = 'gus@example.com'")).await.unwrap();
}

#[on_both_databases]
async fn v6_3_8_each_login_of_a_user_compares_one_password_exactly(app: TestApp) {
    person(&app, "Gus").await;
    let login = async |email: &str, password: &str| {
        work(&app.app, async || {
            drop(log_in_with(&app.app, &request(), credentials(email, password, false), "").await);
        })
        .await
    };
    assert_eq!(login("gus@example.com", PASSWORD).await, (1, 1), "right");
    assert_eq!(login("gus@example.com", "wrong").await, (1, 1), "wrong");
    assert_eq!(login("nobody@example.com", PASSWORD).await, (1, 1), "unknown");
    assert_eq!(login("no address", "x").await, (1, 1), "no address at all");
    keep(&app, None).await;
    assert_eq!(login("gus@example.com", PASSWORD).await, (1, 1), "without a password");
    keep(&app, Some("a hash of no known form")).await;
    assert_eq!(login("gus@example.com", PASSWORD).await, (1, 1), "broken");
    for (foreign, right) in
        [("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a"), ("5f4dcc3b5aa765d61d8327deb882cf99", "password")]
    {
        assert!(PasswordHash::import(foreign).is_ok());
        keep(&app, Some(foreign)).await;
        assert_eq!(login("gus@example.com", "wrong").await, (1, 1), "{foreign}, wrong");
        assert_eq!(
            login("gus@example.com", right).await,
            (1, 1),
            "{foreign}: compared as it is, and one Argon2id hash to renew it"
        );
        let kept = text(&app, "select password_hash from users where email = 'gus@example.com'").await.unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert_eq!(login("gus@example.com", right).await, (1, 1), "as everybody afterwards");
    }
}

#[on_both_databases]
async fn v6_3_8_each_login_of_an_admin_compares_one_password_exactly(app: TestApp) {
    let stella = staff(&app).await;
    let sam = app.admin("Sam", "sam@staff.example").await;
    let login = async |email: &str, password: &str| {
        work(&app.app, async || {
            drop(admin::login(&app.app, &request(), email, &Password::typed(password), "").await);
        })
        .await
    };
    for (address, password) in
        [("sam@staff.example", PASSWORD), ("sam@staff.example", "wrong"), ("nobody@staff.example", PASSWORD)]
    {
        assert_eq!(login(address, password).await, (1, 1), "{address} {password}");
    }
    let disabled = as_staff::<ManageAdmins, _, _>(&app.app, stella, move |tx, by| {
        admin::set_disabled(tx, by, &confirmed(), sam, true).map(drop)
    });
    disabled.await.unwrap();
    assert_eq!(login("sam@staff.example", PASSWORD).await, (1, 1), "disabled");
}

#[on_both_databases]
async fn v6_3_8_each_login_on_an_invitations_page_compares_one_password_exactly(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    person(&app, "Gus").await;
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    let login = async |address: &str, password: &str| {
        let input = LoginAndAccept { secret: link.clone(), login: credentials(address, password, false) };
        work(&app.app, async || drop(invitation::login_and_accept(&app.app, &request(), input).await)).await
    };
    for (address, password) in [
        ("gus@example.com", "wrong"),
        ("nobody@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("no address", "x"),
        ("gus@example.com", PASSWORD),
    ] {
        assert_eq!(login(address, password).await, (1, 1), "{address} {password}");
    }
}

/// A password is hashed whether or not the address turns out to be taken; once too many were asked for, for none.
#[on_both_databases]
async fn v6_3_8_each_registration_hashes_one_password_whoever_has_the_address(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    person(&app, "Gus").await;
    let (id, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    let register = async |address: &str| {
        let new = newcomer(&link, address);
        work(&app.app, async || drop(registration::register(&app.app, &request(), new).await)).await
    };
    assert_eq!(register("gus@example.com").await, (0, 1), "taken");
    assert_eq!(register("new@example.com").await, (0, 1), "free");
    sql(&app, &format!("update invitations set registrations_asked = 10 where id = {id}")).await.unwrap();
    assert_eq!(register("gus@example.com").await, (0, 0), "taken");
    assert_eq!(register("free@example.com").await, (0, 0), "free");
    app.take_mails().await;
}

/// Whoever has to wait, and whoever has only to be recognised by a passkey, costs no hash at all.
#[on_both_databases]
async fn v6_3_1_a_login_that_is_held_back_compares_nothing(app: TestApp) {
    person(&app, "Gus").await;
    let login = async || {
        let done = log_in_with(&app.app, &request(), credentials("gus@example.com", "wrong", false), "").await;
        matches!(done, Err(session::Error::Guessing(_)))
    };
    for _ in 0..10 {
        assert!(!login().await);
    }
    assert_eq!(work(&app.app, async || assert!(login().await)).await, (0, 0));
}

/// A guess at what is stopped takes as long whether it is right or not: it is compared with nothing.
#[on_both_databases]
async fn v6_3_8_a_password_that_is_stopped_is_compared_with_nothing(app: TestApp) {
    person(&app, "Gus").await;
    keep(&app, Some("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe")).await;
    let login = async |password: &str| {
        work(&app.app, async || {
            let done = log_in_with(&app.app, &request(), credentials("gus@example.com", password, false), "").await;
            assert!(matches!(done, Err(session::Error::WrongCredentials)));
        })
        .await
    };
    login("wrong").await;
    assert_eq!(number(&app, "update guess_failures set strange = 100 returning strange").await, 100);
    assert_eq!(login("a").await, (1, 1), "right: an Argon2id hash like for everybody");
    assert_eq!(login("wrong").await, (1, 1));
    let kept = text(&app, "select password_hash from users where email = 'gus@example.com'").await.unwrap();
    assert!(kept.starts_with("$2a$"), "and not renewed: {kept}");
    app.take_mails().await;
}
