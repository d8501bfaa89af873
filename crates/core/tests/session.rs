//! Logins of users and how long they last.

use std::num::NonZeroUsize;
use std::time::Duration;

use latchkey_core::access::EditUsers;
use latchkey_core::admin::{self, NewAdmin};
use latchkey_core::app::App;
use latchkey_core::id::{SessionId, UserId};
use latchkey_core::outbox::{self, Topic};
use latchkey_core::password::{HashCost, Hasher, Password, PasswordHash};
use latchkey_core::secret::Secret;
use latchkey_core::session::{self, Error, Started, TOUCH_EVERY};
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::user::{self, NewUser, PersonName};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

const MOMENT: Duration = Duration::from_micros(1);
// What holds without a setting.
const ABSOLUTE: Duration = Duration::from_hours(12);
const IDLE: Duration = Duration::from_hours(1);
const REMEMBERED: Duration = Duration::from_hours(30 * 24);

async fn remembered(app: &TestApp, email: &str) -> Started {
    log_in_with(&app.app, &request(), credentials(email, PASSWORD, true), "")
        .await
        .unwrap()
        .session()
        .expect("no second factor is asked for")
}

/// Uses a session as a door does.
async fn touch(app: &TestApp, secret: &Secret) {
    let found = resolved(&app.app, secret).await.expect("the session lives");
    app.app.write(&request(), move |tx| session::touch(tx, &found)).await.unwrap();
}

async fn id_of(app: &TestApp, started: &Started) -> SessionId {
    resolved(&app.app, &started.secret).await.expect("the session lives").session.id
}

#[on_both_databases]
async fn a_session_ends_when_it_rests_for_an_hour(app: TestApp) {
    person(&app, "Gus").await;
    let started = login(&app.app, "gus@example.com").await;
    assert_eq!(started.cookie_lives, None);
    app.clock.advance(IDLE - MOMENT);
    assert!(is_alive(&app.app, &started.secret).await);
    touch(&app, &started.secret).await;
    app.clock.advance(IDLE - MOMENT);
    assert!(is_alive(&app.app, &started.secret).await);
    app.clock.advance(MOMENT);
    assert!(!is_alive(&app.app, &started.secret).await);
}

#[on_both_databases]
async fn a_session_ends_after_twelve_hours_however_busy(app: TestApp) {
    person(&app, "Gus").await;
    let started = login(&app.app, "gus@example.com").await;
    let step = Duration::from_mins(45);
    for _ in 0..15 {
        app.clock.advance(step);
        touch(&app, &started.secret).await;
    }
    app.clock.advance(ABSOLUTE - step * 15 - MOMENT);
    assert!(is_alive(&app.app, &started.secret).await);
    app.clock.advance(MOMENT);
    assert!(!is_alive(&app.app, &started.secret).await);
}

#[on_both_databases]
async fn a_remembered_session_rests_as_it_likes_and_ends_after_thirty_days(app: TestApp) {
    person(&app, "Gus").await;
    let started = remembered(&app, "gus@example.com").await;
    assert_eq!(started.cookie_lives, Some(REMEMBERED));
    app.clock.advance(REMEMBERED - MOMENT);
    assert!(is_alive(&app.app, &started.secret).await);
    app.clock.advance(MOMENT);
    assert!(!is_alive(&app.app, &started.secret).await);
}

#[on_both_databases]
async fn a_session_is_noted_as_used_at_most_once_a_minute(app: TestApp) {
    person(&app, "Gus").await;
    let started = login(&app.app, "gus@example.com").await;
    let before = dump(&app).await;
    app.clock.advance(TOUCH_EVERY - MOMENT);
    touch(&app, &started.secret).await;
    assert_eq!(before, dump(&app).await);
    app.clock.advance(MOMENT);
    touch(&app, &started.secret).await;
    assert_eq!(changed(&before, &dump(&app).await), ["sessions"]);
}

#[on_both_databases]
async fn a_use_that_is_noted_late_takes_no_later_one_back(app: TestApp) {
    person(&app, "Gus").await;
    staff(&app).await;
    let late = app.node_at(app.clock.now().after(2 * TOUCH_EVERY));
    let secret = login(&app.app, "gus@example.com").await.secret;
    let user = resolved(&app.app, &secret).await.unwrap();
    let (_, admin) = staff_session(&app, "stella@staff.example").await;
    let touch = async |node: &App| {
        let (user, admin) = (user.clone(), admin.clone());
        node.write(&request(), move |tx| session::touch(tx, &user).and_then(|()| admin::touch(tx, &admin))).await.unwrap();
    };
    app.clock.advance(5 * TOUCH_EVERY);
    let before = dump(&app).await;
    touch(&app.app).await;
    let noted = dump(&app).await;
    assert_eq!(changed(&before, &noted), ["admin_sessions", "sessions"]);
    touch(&late).await;
    assert_eq!(noted, dump(&app).await);
}

#[on_both_databases]
async fn every_login_makes_a_new_session(app: TestApp) {
    person(&app, "Gus").await;
    let (first, second) = (login(&app.app, "gus@example.com").await, login(&app.app, "gus@example.com").await);
    assert_ne!(first.secret.reveal(), second.secret.reveal());
    assert!(is_alive(&app.app, &first.secret).await && is_alive(&app.app, &second.secret).await);
}

#[on_both_databases]
async fn logout_ends_the_session_at_once_on_every_node(app: TestApp) {
    let gus = person(&app, "Gus").await;
    let second = app.second_node();
    let (here, there) = (login(&app.app, "gus@example.com").await, login(&app.app, "gus@example.com").await);
    let id = id_of(&app, &here).await;
    as_myself(&app.app, gus, move |tx, by| session::logout(tx, by, id)).await.unwrap();
    assert!(!is_alive(&second, &here.secret).await && is_alive(&second, &there.secret).await);
}

#[on_both_databases]
async fn who_logs_out_twice_at_once_is_written_down_once(app: TestApp) {
    let gus = person(&app, "Gus").await;
    let id = id_of(&app, &login(&app.app, "gus@example.com").await).await;
    let out = async || as_myself(&app.app, gus, move |tx, by| session::logout(tx, by, id)).await.unwrap();
    tokio::join!(out(), out());
    assert_eq!(number(&app, "select count(*) from events where kind = 'logout'").await, 1);
}

#[on_both_databases]
async fn ending_the_others_spares_this_session_and_other_people(app: TestApp) {
    let gus = person(&app, "Gus").await;
    person(&app, "Mia").await;
    let second = app.second_node();
    let (here, there) = (login(&app.app, "gus@example.com").await, remembered(&app, "gus@example.com").await);
    let mia = login(&app.app, "mia@example.com").await;
    let id = id_of(&app, &here).await;
    let ended = as_myself::<_, Error>(&app.app, gus, move |tx, by| Ok(session::end_others(tx, by, id)?)).await;
    assert_eq!(ended.unwrap(), 1);
    assert!(!is_alive(&second, &there.secret).await);
    assert!(is_alive(&second, &here.secret).await && is_alive(&second, &mia.secret).await);
}

#[on_both_databases]
async fn staff_ends_all_sessions_of_a_user(app: TestApp) {
    let (admin, gus) = (staff(&app).await, person(&app, "Gus").await);
    let second = app.second_node();
    let (here, there) = (login(&app.app, "gus@example.com").await, remembered(&app, "gus@example.com").await);
    let ended = as_staff::<EditUsers, _, _>(&app.app, admin, move |tx, by| session::end_all_of(tx, by, gus)).await;
    assert_eq!(ended.unwrap(), 2);
    assert!(!is_alive(&second, &here.secret).await && !is_alive(&second, &there.secret).await);
    let nobody = as_staff::<EditUsers, _, _>(&app.app, admin, |tx, by| session::end_all_of(tx, by, UserId(NOWHERE))).await;
    assert!(matches!(nobody, Err(Error::NotFound)));
}

#[on_both_databases]
async fn nobody_ends_or_sees_a_session_of_somebody_else(app: TestApp) {
    let gus = person(&app, "Gus").await;
    person(&app, "Mia").await;
    let (own, foreign) = (login(&app.app, "gus@example.com").await, login(&app.app, "mia@example.com").await);
    let (own_id, foreign_id) = (id_of(&app, &own).await, id_of(&app, &foreign).await);
    for id in [foreign_id, SessionId(NOWHERE)] {
        let refused = as_myself(&app.app, gus, move |tx, by| session::end(tx, by, id)).await;
        assert!(matches!(refused, Err(Error::NotFound)));
    }
    as_myself(&app.app, gus, move |tx, by| session::logout(tx, by, foreign_id)).await.unwrap();
    assert!(is_alive(&app.app, &foreign.secret).await);
    let listed = as_myself::<_, Error>(&app.app, gus, move |tx, by| Ok(session::list(tx, by, own_id)?)).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|entry| (entry.session.id, entry.current)).collect();
    assert_eq!(listed, [(own_id, true)]);
}

#[on_both_databases]
async fn a_wrong_password_and_an_unknown_address_look_the_same(app: TestApp) {
    person(&app, "Gus").await;
    let mut seen = Vec::new();
    for email in ["gus@example.com", "nobody@example.com", "not an address", "nul\0@example.com"] {
        let before = events(&app).await.len();
        let refused = log_in_with(&app.app, &request(), credentials(email, "wrong", false), "").await;
        let Err(refused) = refused else { panic!("{email} is let in") };
        seen.push((refused.to_string(), kinds_after(&app, before).await));
    }
    for one in &seen {
        assert_eq!(*one, ("wrong email address or password".to_owned(), vec!["login-failed".to_owned()]));
    }
    assert_eq!(number(&app, "select count(*) from sessions").await, 0);
}

#[on_both_databases]
async fn no_secret_is_stored_anywhere_in_a_readable_form(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    staff(&app).await;
    send(&app.app, owner, acme, "unsent@example.org", "invoices").await.unwrap();
    let while_waiting = dump(&app).await;
    let mut secrets = vec![latest_link(&app).await];
    secrets.push(invite(&app, owner, acme, "sent@example.org", "invoices").await.1);
    secrets.push(login(&app.app, "olivia@example.com").await.secret);
    secrets.push(remembered(&app, "olivia@example.com").await.secret);
    secrets.push(admin_login(&app.app, "stella@staff.example").await.unwrap().secret);
    let url = app.app.write(&request(), |tx| latchkey_core::admin::setup_link(tx, &system())).await.unwrap();
    secrets.push(Secret::parse(url.rsplit('/').next().unwrap()).unwrap());
    let tables = [while_waiting, dump(&app).await].map(|tables| format!("{tables:?}").to_lowercase()).concat();
    for secret in secrets {
        for needle in spellings(&secret) {
            assert!(!tables.contains(&needle), "a secret is stored as {needle}");
        }
    }
    assert!(!tables.contains(PASSWORD));
}

/// How somebody could have stored a secret.
fn spellings(secret: &Secret) -> Vec<String> {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    let bytes = URL_SAFE_NO_PAD.decode(secret.reveal()).unwrap();
    let spelled = [secret.reveal(), STANDARD_NO_PAD.encode(&bytes), hex(&bytes), hex(secret.reveal().as_bytes())];
    spelled.map(|text| text.to_lowercase()).to_vec()
}

#[on_both_databases]
async fn the_look_for_secrets_would_find_one(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    let [text, _, bytes, _] = spellings(&link).try_into().unwrap();
    let raw = match app.location {
        latchkey_core::db::Location::Sqlite(_) => format!("x'{bytes}'"),
        latchkey_core::db::Location::Postgres(_) => format!("'\\x{bytes}'"),
    };
    sql(&app, &format!("update invitations set token_hash = {raw}; update accounts set city = '{text}'")).await.unwrap();
    let tables = format!("{:?}", dump(&app).await);
    assert!(tables.contains(&text) && tables.contains(&bytes));
}

async fn stale_hash(app: &TestApp) -> PasswordHash {
    Hasher::new(NonZeroUsize::MIN, HashCost::default()).hash(app.app.random(), &Password::typed(PASSWORD)).await.unwrap()
}

async fn gus_with_a_stale_hash(app: &TestApp) -> UserId {
    let hash = stale_hash(app).await;
    let name = PersonName { first: "Gus".to_owned(), last: "Example".to_owned() };
    let new = NewUser { name, email: email("gus@example.com"), password: Some(hash) };
    app.app.write(&request(), move |tx| user::create(tx, &system(), &new)).await.unwrap()
}

#[on_both_databases]
async fn a_stale_hash_is_renewed_at_the_next_login(app: TestApp) {
    gus_with_a_stale_hash(&app).await;
    assert_eq!(of_now(&app, "users").await, 0);
    login(&app.app, "gus@example.com").await;
    assert_eq!(of_now(&app, "users").await, 1);
    login(&app.app, "gus@example.com").await;
}

/// How many passwords in a table are hashed with the parameters of now.
async fn of_now(app: &TestApp, table: &str) -> i64 {
    number(app, &format!("select count(*) from {table} where password_hash like '$argon2id$v=19$m=8,t=1,p=1$%'")).await
}

#[on_both_databases]
async fn a_stale_hash_of_an_admin_is_renewed_at_the_next_login(app: TestApp) {
    let new = NewAdmin { name: "Stella".to_owned(), email: email("stella@staff.example"), password: stale_hash(&app).await };
    app.app.write(&request(), move |tx| admin::create_by_system(tx, &system(), &new)).await.unwrap();
    let wrong = admin::login(&app.app, &request(), "stella@staff.example", &Password::typed("wrong"), "").await;
    assert!(wrong.is_err() && of_now(&app, "admins").await == 0, "only who knows the password has it renewed");
    admin_login(&app.app, "stella@staff.example").await.unwrap();
    assert_eq!(of_now(&app, "admins").await, 1);
    assert_eq!(number(&app, "select count(*) from admins where password_changed_at is null").await, 1, "it is the same password");
    admin_login(&app.app, "stella@staff.example").await.unwrap();
}

#[on_both_databases]
async fn two_logins_at_once_with_a_stale_hash_both_succeed(app: TestApp) {
    gus_with_a_stale_hash(&app).await;
    let second = app.second_node();
    let (here, there) = tokio::join!(login(&app.app, "gus@example.com"), login(&second, "gus@example.com"));
    assert!(is_alive(&app.app, &here.secret).await && is_alive(&app.app, &there.secret).await);
    login(&app.app, "gus@example.com").await;
}

#[on_both_databases]
async fn sessions_that_rested_too_long_are_not_listed(app: TestApp) {
    let gus = person(&app, "Gus").await;
    login(&app.app, "gus@example.com").await;
    let remembered = remembered(&app, "gus@example.com").await;
    app.clock.advance(IDLE);
    let here = login(&app.app, "gus@example.com").await;
    let (here, remembered) = (id_of(&app, &here).await, id_of(&app, &remembered).await);
    let listed = as_myself::<_, Error>(&app.app, gus, move |tx, by| Ok(session::list(tx, by, here)?)).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|entry| entry.session.id).collect();
    assert_eq!(listed, [here, remembered]);
}

#[on_both_databases]
async fn a_login_that_a_password_change_overtakes_gets_nowhere(app: TestApp) {
    let gus = gus_with_a_stale_hash(&app).await;
    let old = credentials("gus@example.com", PASSWORD, false);
    let proven = session::authenticate(&app.app, &request(), &old).await.unwrap();
    app.clock.advance(MOMENT);
    let new = Password::typed("another password");
    user::change_password(&app.app, &request(), gus, SessionId(1), &old.password, &new).await.unwrap();
    let late = app.app.write(&request(), move |tx| session::start(tx, &proven, false, "")).await;
    assert!(matches!(late, Err(Error::WrongCredentials)), "{:?}", late.err());
    log_in_with(&app.app, &request(), credentials("gus@example.com", "another password", false), "").await.unwrap();
    assert_eq!(told(&app).await, ["password-changed"]);
}

#[on_both_databases]
async fn a_login_that_a_deletion_overtakes_gets_nowhere(app: TestApp) {
    let (admin, gus) = (staff(&app).await, person(&app, "Gus").await);
    let old = credentials("gus@example.com", PASSWORD, false);
    let proven = session::authenticate(&app.app, &request(), &old).await.unwrap();
    delete_user(&app.app, admin, gus).await.unwrap();
    let late = app.app.write(&request(), move |tx| session::start(tx, &proven, false, "")).await;
    assert!(late.is_err_and(|error| !is_internal(&error)));
}

#[on_both_databases]
async fn the_host_of_a_login_is_looked_up_and_shown(app: TestApp) {
    let gus = person(&app, "Gus").await;
    let started = login(&app.app, "gus@example.com").await;
    let system = || system();
    let claimed = app.app.write(&request(), move |tx| outbox::claim(tx, &system(), Topic::Hostname, 9, IDLE)).await.unwrap();
    let [work] = claimed.try_into().unwrap();
    let ip = app.app.read(move |snapshot| session::to_look_up(snapshot, &system(), work)).await.unwrap();
    assert_eq!(ip, Some([192, 0, 2, 7].into()));
    app.app.write(&request(), move |tx| session::hostname_found(tx, &system(), work, Some("host.example"))).await.unwrap();
    assert_eq!(resolved(&app.app, &started.secret).await.unwrap().session.host.as_deref(), Some("host.example"));
    let found = app.app.read(move |snapshot| user::find(snapshot, gus)).await.unwrap().unwrap();
    assert_eq!(found.last_login.host.as_deref(), Some("host.example"));
    assert_eq!(found.last_login.at, Some(app.app.now()));
}

#[on_both_databases]
async fn a_host_that_was_looked_up_lately_is_not_looked_up_again(app: TestApp) {
    let system = || system();
    let claim =
        async || app.app.write(&request(), move |tx| outbox::claim(tx, &system(), Topic::Hostname, 9, IDLE)).await.unwrap();
    let (gus, _) = (person(&app, "Gus").await, person(&app, "Hal").await);
    login(&app.app, "gus@example.com").await;
    let [work] = claim().await.try_into().unwrap();
    app.app.write(&request(), move |tx| session::hostname_found(tx, &system(), work, Some("host.example"))).await.unwrap();
    for who in ["gus@example.com", "hal@example.com"] {
        let again = login(&app.app, who).await;
        assert_eq!(resolved(&app.app, &again.secret).await.unwrap().session.host.as_deref(), Some("host.example"), "{who}");
    }
    let found = app.app.read(move |snapshot| user::find(snapshot, gus)).await.unwrap().unwrap();
    assert_eq!(found.last_login.host.as_deref(), Some("host.example"));
    assert!(claim().await.is_empty(), "known from the first time");
    app.clock.advance(Duration::from_mins(10));
    let late = login(&app.app, "gus@example.com").await;
    assert_eq!(resolved(&app.app, &late.secret).await.unwrap().session.host, None, "it may be another by now");
    assert_eq!(claim().await.len(), 1);
}

#[on_both_databases]
async fn what_is_over_is_removed_by_the_clock_and_what_lives_stays(app: TestApp) {
    person(&app, "Mia").await;
    staff(&app).await;
    let over = login(&app.app, "mia@example.com").await;
    admin_login(&app.app, "stella@staff.example").await.unwrap();
    app.clock.advance(ABSOLUTE);
    let lives = login(&app.app, "mia@example.com").await;
    let staff = admin_login(&app.app, "stella@staff.example").await.unwrap();
    assert_eq!(number(&app, "select count(*) from sessions").await, 2, "no login removes another one's");
    assert_eq!((swept(&app.app, session::sweep).await, swept(&app.app, admin::sweep).await), (1, 1));
    assert!(is_alive(&app.app, &lives.secret).await && !is_alive(&app.app, &over.secret).await);
    assert!(admin_is_alive(&app.app, &staff.secret).await);
    assert_eq!((swept(&app.app, session::sweep).await, swept(&app.app, admin::sweep).await), (0, 0));
}
