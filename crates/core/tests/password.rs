//! Passwords as they are kept: hashes of other systems, peppers, breaches, and time.

use std::path::PathBuf;
use std::time::Duration;

use latchkey_core::app::App;
use latchkey_core::error::{HasKind, Invalid, Kind};
use latchkey_core::id::{SessionId, UserId};
use latchkey_core::password::{Breached, Busy, Hasher, Password, PasswordHash, Peppers, Rules};
use latchkey_core::registration::{self, New};
use latchkey_core::session::{Error, Started};
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::user::{self, NewUser, PersonName};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

async fn try_login(app: &App, password: &str) -> Result<Started, Error> {
    let begun = log_in_with(app, &request(), credentials("gus@example.com", password, false), "").await?;
    Ok(begun.session().expect("nothing else is asked for"))
}

async fn kept(app: &TestApp) -> String {
    text(app, "select password_hash from users where email = 'gus@example.com'").await.unwrap()
}

async fn gus(app: &TestApp, hash: PasswordHash) -> UserId {
    let name = PersonName { first: "Gus".to_owned(), last: "Example".to_owned() };
    let new = NewUser { name, email: email("gus@example.com"), password: Some(hash) };
    app.app.write(&request(), move |tx| user::create(tx, &system(), &new)).await.unwrap()
}

#[on_both_databases]
async fn a_foreign_hash_verifies_once_and_is_replaced(app: TestApp) {
    let gus = gus(&app, PasswordHash::import("5f4dcc3b5aa765d61d8327deb882cf99").unwrap()).await;
    for (foreign, password) in [
        ("$2y$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a"),
        ("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a"),
        ("f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8:key", "The quick brown fox jumps over the lazy dog"),
        ("5f4dcc3b5aa765d61d8327deb882cf99", "password"),
    ] {
        sql(&app, &format!("update users set password_hash = '{foreign}' where id = {}", gus.0)).await.unwrap();
        assert!(matches!(try_login(&app.app, "wrong").await, Err(Error::WrongCredentials)));
        assert_eq!(kept(&app).await, foreign, "a wrong password changes nothing");
        try_login(&app.app, password).await.unwrap();
        assert!(kept(&app).await.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{foreign}");
        try_login(&app.app, password).await.unwrap();
    }
}

#[on_both_databases]
async fn v6_3_8_every_kind_of_hash_that_is_kept_is_told_by_its_beginning(app: TestApp) {
    const TAIL: &str = "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    staff(&app).await;
    let hashes = [
        "$2y$10$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe".to_owned(),
        "$2b$12$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe".to_owned(),
        "5f4dcc3b5aa765d61d8327deb882cf99".to_owned(),
        format!("$argon2id$v=19$m=65536,t=4,p=1${TAIL}"),
        format!("$argon2id$v=19$m=262144,t=16,p=4${TAIL}"),
        format!("pepper:a-rather-long-name$argon2id$v=19$m=19456,t=2,p=1${TAIL}"),
        format!("pepper:x$argon2id$v=19$m=47104,t=1,p=1${TAIL}"),
        "pepper:".to_owned(),
    ];
    for (number, hash) in hashes.iter().enumerate() {
        let id = person(&app, &format!("Gus{number}")).await;
        sql(&app, &format!("update users set password_hash = '{hash}' where id = {}", id.0)).await.unwrap();
    }
    sql(&app, &format!("update admins set password_hash = '$argon2id$v=19$m=12288,t=3,p=1${TAIL}'")).await.unwrap();
    let mut kinds = app.app.read(user::kinds_of_hashes).await.unwrap();
    kinds.sort_unstable();
    let expected = [
        "$2b$12$",
        "$2y$10$",
        "$argon2id$v=19$m=12288,t=3,p=1",
        "$argon2id$v=19$m=262144,t=16,p",
        "$argon2id$v=19$m=65536,t=4,p=1",
        "pepper:a-rather-long-name$argon2id$v=19$m=19456,t=2,p=1",
        "pepper:x$argon2id$v=19$m=47104,t=1,p=1",
    ];
    assert_eq!(kinds, expected);
}

#[on_both_databases]
async fn a_foreign_hash_is_replaced_by_a_change_of_password_too(app: TestApp) {
    let gus = gus(&app, PasswordHash::import("5f4dcc3b5aa765d61d8327deb882cf99").unwrap()).await;
    let (old, new) = (Password::typed("password"), Password::typed("another password"));
    user::change_password(&app.app, &request(), gus, SessionId(1), &old, &new).await.unwrap();
    assert!(kept(&app).await.starts_with("$argon2id$"));
    try_login(&app.app, "another password").await.unwrap();
    assert_eq!(told(&app).await, ["password-changed"]);
}

#[on_both_databases]
async fn what_is_no_hash_logs_nobody_in_and_looks_like_a_wrong_password(app: TestApp) {
    person(&app, "Gus").await;
    for unknown in ["", "plain", PASSWORD, "$1$abc$def", "$2x$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "5f4d:"]
    {
        sql(&app, &format!("update users set password_hash = '{unknown}'")).await.unwrap();
        let before = events(&app).await.len();
        for typed in [PASSWORD, "", unknown, "plain"] {
            assert!(matches!(try_login(&app.app, typed).await, Err(Error::WrongCredentials)), "{unknown:?} {typed:?}");
        }
        assert_eq!(kinds_after(&app, before).await, ["login-failed"; 4]);
        app.clock.advance(Duration::from_hours(1));
    }
}

fn peppered(lines: &[&str]) -> Hasher {
    let lines: Vec<String> = lines.iter().map(|id| format!("{id}:{}", hash_of(id))).collect();
    Hasher::cheap().with_peppers(Peppers::parse(&lines.join("\n")).unwrap())
}

/// A key for each id.
fn hash_of(id: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, id.as_bytes()))
}

#[on_both_databases]
async fn peppers_are_rotated_by_logins(app: TestApp) {
    person(&app, "Gus").await;
    assert!(kept(&app).await.starts_with("$argon2id$"));
    let first = app.node_with(peppered(&["one"]));
    assert!(matches!(try_login(&first, "wrong").await, Err(Error::WrongCredentials)));
    try_login(&first, PASSWORD).await.unwrap();
    assert!(kept(&app).await.starts_with("pepper:one$argon2id$"), "a hash without one is renewed");
    let rotated = app.node_with(peppered(&["two", "one"]));
    try_login(&rotated, PASSWORD).await.unwrap();
    assert!(kept(&app).await.starts_with("pepper:two$argon2id$"), "a hash of an older one is renewed");
    let alone = app.node_with(peppered(&["two"]));
    try_login(&alone, PASSWORD).await.unwrap();
    assert!(matches!(try_login(&alone, "wrong").await, Err(Error::WrongCredentials)));
}

#[on_both_databases]
async fn a_lost_pepper_keeps_out_without_blaming_the_password(app: TestApp) {
    person(&app, "Gus").await;
    try_login(&app.node_with(peppered(&["one"])), PASSWORD).await.unwrap();
    let before = dump(&app).await;
    for node in [app.second_node(), app.node_with(peppered(&["two"]))] {
        for typed in [PASSWORD, "wrong"] {
            let refused = try_login(&node, typed).await.err().unwrap();
            assert_eq!(refused.kind(), Kind::Internal, "it is logged as an error, and the page says to try later");
            assert!(refused.to_string().contains("pepper one"), "{refused}");
        }
    }
    assert_eq!(before, dump(&app).await, "no wrong password is noted");
}

/// A file of the Pwned Passwords format that holds these.
struct BreachedFile(PathBuf);

impl BreachedFile {
    fn of(passwords: &[&str]) -> Self {
        let sha1 = |password: &&str| {
            let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
            format!("{}:3\r\n", hex(digest.as_ref()).to_uppercase())
        };
        let mut lines: Vec<String> = passwords.iter().map(sha1).collect();
        lines.sort();
        let path = std::env::temp_dir().join(format!("latchkey_pwned_{}_{}", std::process::id(), hash_of(passwords[0])));
        std::fs::write(&path, lines.concat()).unwrap();
        Self(path)
    }
}

impl Drop for BreachedFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[on_both_databases]
async fn v6_2_12_a_breached_password_cannot_be_chosen_and_an_old_one_still_works(app: TestApp) {
    const BREACHED: &str = "seven green bicycles at noon";
    let (gus, (owner, acme)) = (person(&app, "Gus").await, acme(&app).await);
    let file = BreachedFile::of(&[BREACHED, PASSWORD]);
    let node = app.node_with(Hasher::cheap().with_breached(Breached::open(&file.0).unwrap()));
    // Who has one is not locked out.
    let stored = number(&app, "select count(*) from users").await;
    try_login(&node, PASSWORD).await.unwrap();
    let chosen = |text: &str| Password::choose(text, &Rules::default()).unwrap();
    let change = async |new: &str| {
        user::change_password(&node, &request(), gus, SessionId(1), &Password::typed(PASSWORD), &chosen(new)).await
    };
    let refused = change(BREACHED).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Invalid(vec![Invalid::new("new", "error-password-leaked")]));
    let (_, secret) = invite(&app, owner, acme, "nora@example.com", "invoices").await;
    let register = async |address: &str, text: &str| {
        let new = New { password: chosen(text), ..newcomer(&secret, address) };
        registration::register(&node, &request(), new).await.map(drop)
    };
    for address in ["nora@example.com", "another@example.com"] {
        let refused = register(address, BREACHED).await.err().unwrap();
        assert!(matches!(refused, registration::Error::Busy(Busy::Breached)), "{refused}");
        assert_eq!(refused.kind(), Kind::Invalid(vec![Invalid::new("password", "error-password-leaked")]));
    }
    assert_eq!(number(&app, "select count(*) from users").await, stored);
    register("nora@example.com", "seven green bicycles at midnight").await.unwrap();
    change("seven green bicycles at midnight").await.unwrap();
    assert_eq!(told(&app).await, ["password-changed"]);
}

/// NIST SP 800-63B-4, 3.1.1.2: no change without a sign of compromise.
#[on_both_databases]
async fn v6_2_10_a_password_of_two_years_ago_still_logs_in_and_asks_for_nothing(app: TestApp) {
    person(&app, "Gus").await;
    let before = kept(&app).await;
    app.clock.advance(Duration::from_hours(24 * 731));
    let started = login(&app.app, "gus@example.com").await;
    assert!(is_alive(&app.app, &started.secret).await);
    assert_eq!(kept(&app).await, before);
}

/// No table has a column for a hint or for a question and its answer.
#[on_both_databases]
async fn v6_4_2_the_schema_knows_no_hints_and_no_secret_questions(app: TestApp) {
    let columns = match app.location {
        latchkey_core::db::Location::Sqlite(_) => {
            "select group_concat(lower(m.name || '.' || c.name)) from sqlite_schema m join pragma_table_info(m.name) c where m.type = 'table'"
        }
        latchkey_core::db::Location::Postgres(_) => {
            "select string_agg(table_name || '.' || column_name, ',') from information_schema.columns where table_schema = current_schema()"
        }
    };
    let columns = text(&app, columns).await.unwrap();
    assert!(columns.split(',').any(|column| column == "users.password_hash"), "{columns}");
    for word in ["hint", "question", "reminder", "maiden"] {
        assert!(!columns.contains(word), "{word}: {columns}");
    }
}
