//! After a hundred failures in a row an authenticator is of no use until it is bound anew (NIST SP 800-63B-4, 3.2.2): authenticator apps,
//! recovery codes, passkeys, and what links stand for. Passwords at the login are in `guessing`.

use std::time::Duration;

use latchkey_core::access::Subject;
use latchkey_core::admin;
use latchkey_core::app::Request;
use latchkey_core::factor::{self, Second, Shown};
use latchkey_core::guessing::MAX_FAILURES;
use latchkey_core::id::UserId;
use latchkey_core::invitation::{self, LoginAndAccept};
use latchkey_core::passkey::soft::{SoftKey, Told};
use latchkey_core::passkey::{self, Answer, Purpose};
use latchkey_core::reset::{self, Logins};
use latchkey_core::session::{self, Started};
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_test_macros::on_both_databases;

use crate::factor::{STEP, answer, code, enrol, gus, session_id, waits, word};
use crate::guessing::with_device;
use crate::passkey::{Me, URL, add, asked, browser, last_event, log_in, login_challenge, present};
use crate::support::*;

const GUS: &str = "gus@example.com";

/// Shows something wrong so often, each time at a login that has just begun and when it is heard again.
async fn fail(app: &TestApp, times: i64, wrong: impl Fn() -> Shown) {
    fail_from(app, &request(), times, wrong).await;
}

async fn fail_from(app: &TestApp, from: &Request, times: i64, wrong: impl Fn() -> Shown) {
    for number in 0..times {
        app.clock.advance(Duration::from_hours(1));
        assert!(second_from(app, from, wrong()).await.is_none(), "{number}");
    }
    app.clock.advance(Duration::from_hours(4));
}

/// A second step with this.
async fn second(app: &TestApp, shown: Shown) -> Option<Started> {
    second_from(app, &request(), shown).await
}

async fn second_from(app: &TestApp, from: &Request, shown: Shown) -> Option<Started> {
    let token = waits(&app.app, GUS).await;
    match app.app.write(from, move |tx| session::second_step(tx, &token, &shown)).await.unwrap() {
        Second::Session(started, _) => Some(started),
        Second::Wrong => None,
        Second::Over => panic!("the login still waits"),
    }
}

async fn stopped(app: &TestApp) -> Vec<String> {
    let events = events(app).await.into_iter();
    events.filter(|event| event.kind == "password-stopped").map(|event| event.detail).collect()
}

#[on_both_databases]
async fn nist_3_2_2_v16_3_3_after_a_hundred_wrong_codes_the_app_is_of_no_use_until_it_is_set_up_anew(app: TestApp) {
    let (user, _, codes) = gus(&app).await;
    fail(&app, MAX_FAILURES - 1, wrong_code).await;
    assert!(second(&app, code(&app, user).await).await.is_some(), "success clears");
    fail(&app, MAX_FAILURES, wrong_code).await;
    assert_eq!(stopped(&app).await, ["totp"]);
    assert!(second(&app, code(&app, user).await).await.is_none(), "right, and answered as wrong");
    let session = second(&app, Shown::Recovery(codes[0].clone())).await.expect("a recovery code still opens");
    let (subject, id) = (Subject::User(user), session_id(&app, &session).await);
    let totp = app.app.read(move |snapshot| factor::list(snapshot, subject)).await.unwrap()[0].id;
    as_confirmed(&app.app, subject, id, move |tx, by| factor::remove(tx, by, totp)).await.unwrap();
    enrol(&app, subject, id).await;
    assert!(second(&app, code(&app, user).await).await.is_some(), "bound anew");
    app.take_mails().await;
}

fn wrong_code() -> Shown {
    Shown::Code("000000".to_owned())
}

async fn shown_as_stopped(app: &TestApp, user: UserId) -> bool {
    app.app.read(move |snapshot| factor::totp_is_stopped(snapshot, Subject::User(user))).await.unwrap()
}

/// Somebody has the password and guesses at codes: the owner's own device does not suffer for it.
#[on_both_databases]
async fn v6_1_1_a_hundred_wrong_codes_of_strangers_stop_the_app_on_no_known_device(app: TestApp) {
    let (user, started, _) = gus(&app).await;
    let known = with_device(&started.device);
    assert!(!shown_as_stopped(&app, user).await);
    fail(&app, MAX_FAILURES, wrong_code).await;
    assert_eq!(stopped(&app).await, ["totp"]);
    assert!(shown_as_stopped(&app, user).await);
    assert!(second(&app, code(&app, user).await).await.is_none(), "strangers are stopped");
    app.clock.advance(STEP);
    assert!(second_from(&app, &known, code(&app, user).await).await.is_some(), "the owner gets in");
    app.clock.advance(STEP);
    assert!(second(&app, code(&app, user).await).await.is_none(), "and that does not let strangers in again");
    app.take_mails().await;
}

#[on_both_databases]
async fn nist_3_2_2_failures_of_strangers_and_of_known_devices_are_no_hundred_together(app: TestApp) {
    let (user, started, _) = gus(&app).await;
    let known = with_device(&started.device);
    fail(&app, MAX_FAILURES / 2, wrong_code).await;
    fail_from(&app, &known, MAX_FAILURES / 2, wrong_code).await;
    assert!(stopped(&app).await.is_empty() && !shown_as_stopped(&app, user).await);
    assert!(second(&app, code(&app, user).await).await.is_some(), "a stranger's");
    fail(&app, MAX_FAILURES / 2, wrong_code).await;
    fail_from(&app, &known, MAX_FAILURES / 2, wrong_code).await;
    assert!(second_from(&app, &known, code(&app, user).await).await.is_some(), "a known device's");
    app.take_mails().await;
}

#[on_both_databases]
async fn nist_3_2_2_a_hundred_wrong_codes_of_known_devices_stop_the_app_there_and_that_is_told(app: TestApp) {
    let (user, started, _) = gus(&app).await;
    let known = with_device(&started.device);
    fail_from(&app, &known, MAX_FAILURES, wrong_code).await;
    assert_eq!(stopped(&app).await, ["totp, known devices"]);
    assert!(shown_as_stopped(&app, user).await);
    assert!(second_from(&app, &known, code(&app, user).await).await.is_none(), "right, and answered as wrong");
    assert!(told(&app).await.contains(&"password-stopped".to_owned()));
}

#[on_both_databases]
async fn nist_3_2_2_after_a_hundred_wrong_recovery_codes_the_set_is_of_no_use_until_a_new_one_is_made(app: TestApp) {
    let (user, _, codes) = gus(&app).await;
    let wrong = || Shown::Recovery("aaaa-bbbb-cccc-dddd-eeee-ffff".to_owned());
    fail(&app, MAX_FAILURES - 1, wrong).await;
    assert!(second(&app, Shown::Recovery(codes[0].clone())).await.is_some(), "success clears");
    fail(&app, MAX_FAILURES, wrong).await;
    assert_eq!(stopped(&app).await, ["recovery-code"]);
    for code in &codes[1..3] {
        assert!(second(&app, Shown::Recovery(code.clone())).await.is_none(), "right, and answered as wrong");
    }
    let session = second(&app, code(&app, user).await).await.expect("the authenticator app still opens");
    let (subject, id) = (Subject::User(user), session_id(&app, &session).await);
    let fresh = as_confirmed(&app.app, subject, id, factor::new_recovery_codes).await.unwrap();
    app.clock.advance(STEP);
    assert!(second(&app, Shown::Recovery(codes[1].clone())).await.is_none(), "the old set is dead");
    assert!(second(&app, Shown::Recovery(fresh[0].clone())).await.is_some(), "bound anew");
    app.take_mails().await;
}

/// Pia, who has a passkey, a session, and recovery codes.
async fn pia(app: &TestApp) -> (UserId, Me, SoftKey, Vec<String>) {
    let (user, me) = crate::passkey::user(app, "Pia").await;
    let key = add(&app.app, &me, "Key").await;
    let (subject, session) = (me.subject, me.session);
    let codes = as_confirmed(&app.app, subject, session, factor::new_recovery_codes).await.unwrap();
    (user, me, key, codes)
}

/// The password, and then a passkey.
async fn with_password(app: &TestApp, me: &Me, key: &SoftKey, count: u32) -> bool {
    let token = waits(&app.app, "pia@example.com").await;
    let (waiting, browser) = (token.clone(), me.browser.clone());
    let options = app.app.write(&request(), move |tx| passkey::begin_second_step(tx, &waiting, &browser)).await.unwrap();
    let response = key.sign(&Told::get(URL, &asked(&options, &["challenge"]), count)).response();
    let shown = Shown::Passkey(Answer { purpose: Purpose::SecondStep, browser: me.browser.clone(), response });
    word(&answer(&app.app, &token, shown).await) == "in"
}

#[on_both_databases]
async fn nist_3_2_2_after_a_hundred_failures_passkeys_are_of_no_use_until_one_is_added_anew(app: TestApp) {
    let (user, mut me, key, codes) = pia(&app).await;
    let mine = browser(&app);
    // Signed with another key than the one that is kept under this id.
    let forged = async |times: i64| {
        for number in 0..times {
            app.clock.advance(Duration::from_hours(1));
            let challenge = login_challenge(&app.app, &mine).await;
            let mut assertion = key.sign(&Told::get(URL, &challenge, 2));
            assertion.signature = SoftKey::es256(b"another").sign(&Told::get(URL, &challenge, 2)).signature;
            assert!(matches!(present(&app.app, &mine, &assertion).await, Err(passkey::Error::Refused)), "{number}");
        }
        app.clock.advance(Duration::from_hours(4));
    };
    forged(MAX_FAILURES - 1).await;
    assert!(log_in(&app.app, &mine, &key, 3).await.is_ok(), "success clears");
    forged(MAX_FAILURES).await;
    assert_eq!(stopped(&app).await, ["passkey"]);
    assert!(matches!(log_in(&app.app, &mine, &key, 4).await, Err(passkey::Error::Refused)), "right, and answered as wrong");
    assert_eq!(last_event(&app).await, ("passkey-refused".to_owned(), "too many failures in a row".to_owned()));
    app.clock.advance(Duration::from_hours(4));
    assert!(!with_password(&app, &me, &key, 5).await, "nor beside the password");
    let token = waits(&app.app, "pia@example.com").await;
    let Second::Session(started, _) = answer(&app.app, &token, Shown::Recovery(codes[0].clone())).await else {
        panic!("a recovery code still opens")
    };
    assert_eq!(started.user, user);
    me.session = session_id(&app, &started).await;
    let fresh = add(&app.app, &me, "Another").await;
    assert!(log_in(&app.app, &mine, &fresh, 2).await.is_ok() && with_password(&app, &me, &fresh, 3).await, "bound anew");
    app.take_mails().await;
}

#[on_both_databases]
async fn nist_3_2_2_a_passkey_of_staff_is_stopped_like_any_other(app: TestApp) {
    let (_, me) = crate::passkey::admin(&app).await;
    let key = add(&app.app, &me, "Key").await;
    let mine = browser(&app);
    let log_in = async |flags: u8, count: u32| {
        let browser = mine.clone();
        let options = app.app.write(&request(), move |tx| passkey::begin_admin_login(tx, &browser)).await.unwrap();
        let told = Told::get(URL, &asked(&options, &["challenge"]), count);
        let told = if flags == 0 { told } else { Told { flags, ..told } };
        let started = passkey::admin_login(&app.app, &request(), mine.clone(), key.sign(&told).response()).await;
        app.clock.advance(Duration::from_hours(1));
        started.map(|_: admin::Started| ())
    };
    assert!(log_in(0, 2).await.is_ok());
    for number in 0..MAX_FAILURES {
        assert!(matches!(log_in(1, 3).await, Err(passkey::Error::Refused)), "{number}: nobody was recognised");
    }
    assert!(matches!(log_in(0, 4).await, Err(passkey::Error::Refused)));
    assert_eq!(stopped(&app).await, ["passkey, admin Stella"]);
    app.take_mails().await;
}

/// The password that is typed on an invitation's page is the login's: it fails in one row with it, and the link of a reset binds it anew.
#[on_both_databases]
async fn nist_3_2_2_a_password_that_fails_by_an_invitations_link_is_stopped_and_a_resets_link_binds_it_anew(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    person(&app, "Gus").await;
    for round in 0..2 {
        let (_, link) = invite(&app, owner, acme, &format!("nr{round}@example.org"), "invoices").await;
        for _ in 0..MAX_FAILURES / 2 {
            let input = LoginAndAccept { secret: link.clone(), login: credentials(GUS, "wrong", false) };
            let refused = invitation::login_and_accept(&app.app, &request(), input).await;
            assert!(matches!(refused, Err(invitation::Error::Login(session::Error::WrongCredentials))));
            app.clock.advance(Duration::from_hours(1));
        }
    }
    assert_eq!(stopped(&app).await, ["password"]);
    app.take_mails().await;
    let tried = async |password: &str| log_in_with(&app.app, &request(), credentials(GUS, password, false), "").await;
    assert!(matches!(tried(PASSWORD).await, Err(session::Error::WrongCredentials)), "right, and answered as wrong");
    ask_for_reset(&app, GUS).await;
    let link = latest_link(&app).await;
    choose(&app.app, &link, "another password altogether").await.unwrap();
    assert!(tried("another password altogether").await.is_ok(), "bound anew");
    app.take_mails().await;
}

/// A wrong link is nobody's: a hundred of them in a row are heard more and more slowly, stop nobody's link, and are told to nobody.
#[on_both_databases]
async fn nist_3_2_2_a_hundred_wrong_links_in_a_row_are_slowed_and_stop_no_link(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    person(&app, "Gus").await;
    let (_, invited) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    ask_for_reset(&app, GUS).await;
    let choosing = latest_link(&app).await;
    let mut heard = (0, 0);
    for _ in 0..MAX_FAILURES {
        let forged = || app.app.random().secret().unwrap();
        let reset = reset::try_link(&app.app, &request(), Logins::Users, &forged()).await;
        let invitation = invitation::try_link(&app.app, &request(), &forged()).await;
        heard.0 += i64::from(matches!(reset, Err(reset::Error::Gone)));
        heard.1 += i64::from(matches!(invitation, Err(invitation::Error::Gone)));
    }
    assert!(heard.0 < MAX_FAILURES && heard.1 < MAX_FAILURES, "{heard:?}");
    assert!(reset::try_link(&app.app, &request(), Logins::Users, &choosing).await.is_ok());
    assert!(invitation::try_link(&app.app, &request(), &invited).await.is_ok());
    assert_eq!(stopped(&app).await, Vec::<String>::new());
    choose(&app.app, &choosing, "another password altogether").await.unwrap();
    app.take_mails().await;
}
