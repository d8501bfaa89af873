//! Passkeys: whose they are, what they open, and that a ceremony is answered once.

use std::time::Duration;

use latchkey_core::access::Subject;
use latchkey_core::app::App;
use latchkey_core::factor::{self, Shown};
use latchkey_core::id::{AdminId, PasskeyId, SessionId, UserId};
use latchkey_core::passkey::soft::{Assertion, SoftKey, Told};
use latchkey_core::passkey::{self, Added, Answer, Error, MAX_PER_PERSON, Passkey, Purpose};
use latchkey_core::secret::Secret;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::{admin, session};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

pub(crate) const URL: &str = "http://latchkey.example";

/// What a browser shows of itself; two are never the same.
pub(crate) fn browser(app: &TestApp) -> Secret {
    app.app.random().secret().unwrap()
}

/// Somebody who has just logged in.
pub(crate) struct Me {
    pub(crate) subject: Subject,
    pub(crate) session: SessionId,
    pub(crate) browser: Secret,
}

pub(crate) async fn user(app: &TestApp, first: &str) -> (UserId, Me) {
    let user = person(app, first).await;
    let started = login(&app.app, &format!("{}@example.com", first.to_lowercase())).await;
    let session = resolved(&app.app, &started.secret).await.unwrap().session.id;
    (user, Me { subject: Subject::User(user), session, browser: browser(app) })
}

pub(crate) async fn admin(app: &TestApp) -> (AdminId, Me) {
    let id = staff(app).await;
    let started = admin_login(&app.app, "stella@staff.example").await.unwrap();
    let secret = started.secret.clone();
    let session = app.app.read(move |snapshot| admin::resolve(snapshot, &secret)).await.unwrap().unwrap().session;
    (id, Me { subject: Subject::Admin(id), session, browser: browser(app) })
}

/// A member of what the browser is asked.
pub(crate) fn asked(options: &impl serde::Serialize, path: &[&str]) -> String {
    let json = serde_json::to_value(options).unwrap();
    path.iter().fold(&json, |json, name| &json[*name]).as_str().unwrap().to_owned()
}

fn bytes(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// What the browser is asked to add a passkey: the challenge and the handle.
async fn begin(app: &App, me: &Me) -> Result<(String, Vec<u8>), Error> {
    let (subject, session, browser) = (me.subject, me.session, me.browser.clone());
    let options = app.write(&request(), move |tx| passkey::begin_adding(tx, &tx.confirmed(subject, session)?, &browser)).await?;
    Ok((asked(&options, &["challenge"]), bytes(&asked(&options, &["user", "id"]))))
}

async fn send(app: &App, me: &Me, browser: &Secret, name: &str, key: &SoftKey, told: &Told) -> Result<Option<Added>, Error> {
    let (subject, session, browser, name) = (me.subject, me.session, browser.clone(), name.to_owned());
    let response = key.register(told).response();
    app.write(&request(), move |tx| passkey::add(tx, &tx.confirmed(subject, session)?, &browser, &name, &response)).await
}

pub(crate) async fn add(app: &App, me: &Me, name: &str) -> SoftKey {
    let (challenge, handle) = begin(app, me).await.unwrap();
    let key = SoftKey::es256(&handle);
    send(app, me, &me.browser, name, &key, &Told::create(URL, &challenge)).await.unwrap().expect("the passkey is added");
    key
}

async fn list(app: &App, subject: Subject) -> Vec<Passkey> {
    app.read(move |snapshot| passkey::list(snapshot, subject)).await.unwrap()
}

async fn names(app: &App, subject: Subject) -> Vec<String> {
    list(app, subject).await.into_iter().map(|passkey| passkey.name).collect()
}

async fn remove(app: &App, me: &Me, id: PasskeyId) -> Result<(), Error> {
    let (subject, session) = (me.subject, me.session);
    app.write(&request(), move |tx| passkey::remove(tx, &tx.confirmed(subject, session)?, id)).await
}

pub(crate) async fn login_challenge(app: &App, browser: &Secret) -> String {
    let browser = browser.clone();
    let options = app.write(&request(), move |tx| passkey::begin_login(tx, &browser)).await.unwrap();
    let json = serde_json::to_value(&options).unwrap();
    assert_eq!(json["allowCredentials"], serde_json::json!([]), "nobody learns who has a passkey");
    assert_eq!(json["userVerification"], "required");
    asked(&options, &["challenge"])
}

pub(crate) async fn present(app: &App, browser: &Secret, assertion: &Assertion) -> Result<session::Started, Error> {
    passkey::login(app, &request(), browser.clone(), assertion.response(), false).await
}

/// A whole login with a passkey alone.
pub(crate) async fn log_in(app: &App, browser: &Secret, key: &SoftKey, sign_count: u32) -> Result<session::Started, Error> {
    let challenge = login_challenge(app, browser).await;
    present(app, browser, &key.sign(&Told::get(URL, &challenge, sign_count))).await
}

pub(crate) async fn last_event(app: &TestApp) -> (String, String) {
    let event = events(app).await.pop().unwrap();
    (event.kind, event.detail)
}

#[on_both_databases]
async fn a_passkey_is_added_told_by_mail_and_opens_the_login_alone(app: TestApp) {
    let (user, me) = user(&app, "Pia").await;
    let key = add(&app.app, &me, " My laptop ").await;
    let mails = app.take_mails().await;
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["pia@example.com"]);
    let event = events(&app).await.into_iter().find(|event| event.kind == "passkey-added").unwrap();
    assert_eq!((event.detail.as_str(), event.actor_id, event.user_id), ("My laptop", Some(user.0), Some(user.0)));
    let [kept]: [Passkey; 1] = list(&app.app, me.subject).await.try_into().unwrap();
    assert_eq!((kept.name.as_str(), kept.last_used_at, kept.user_verified), ("My laptop", None, true));
    assert!(app.app.read(move |snapshot| factor::enrolled(snapshot, Subject::User(user))).await.unwrap());

    app.clock.advance(Duration::from_mins(1));
    let started = log_in(&app.app, &browser(&app), &key, 2).await.unwrap();
    assert_eq!(started.user, user);
    assert!(is_alive(&app.app, &started.secret).await);
    let event = events(&app).await.into_iter().rfind(|event| event.kind == "login").unwrap();
    assert_eq!(event.detail, "passkey");
    assert_eq!(number(&app, "select count(*) from sessions where second_factor_at is not null").await, 2);
    let [kept]: [Passkey; 1] = list(&app.app, me.subject).await.try_into().unwrap();
    assert_eq!(kept.last_used_at, Some(app.app.now()));
    assert_eq!(number(&app, "select count(*) from passkey_challenges").await, 0);
    app.take_mails().await;
}

#[on_both_databases]
async fn v6_6_2_a_challenge_works_once_on_every_node_in_its_browser_for_its_purpose_and_for_five_minutes(app: TestApp) {
    let (_, me) = user(&app, "Pia").await;
    let key = add(&app.app, &me, "Key").await;
    app.take_mails().await;
    let mine = browser(&app);
    let told = |challenge: &str, count| Told::get(URL, challenge, count);
    let refused = |outcome: Result<session::Started, Error>| matches!(outcome, Err(Error::Refused));

    // Once, and not on another node either.
    let challenge = login_challenge(&app.app, &mine).await;
    let assertion = key.sign(&told(&challenge, 2));
    assert!(present(&app.app, &mine, &assertion).await.is_ok());
    assert!(refused(present(&app.app, &mine, &assertion).await));
    assert!(refused(present(&app.second_node(), &mine, &key.sign(&told(&challenge, 3))).await));
    assert_eq!(last_event(&app).await, ("passkey-refused".to_owned(), "wrong challenge".to_owned()));
    // A challenge is used up by what is refused, too.
    let challenge = login_challenge(&app.app, &mine).await;
    assert!(refused(present(&app.app, &mine, &SoftKey::es256(b"x").sign(&told(&challenge, 4))).await));
    assert!(refused(present(&app.app, &mine, &key.sign(&told(&challenge, 4))).await));
    // Another browser.
    let challenge = login_challenge(&app.app, &mine).await;
    assert!(refused(present(&app.app, &browser(&app), &key.sign(&told(&challenge, 5))).await));
    // Five minutes.
    app.clock.advance(Duration::from_mins(5));
    assert!(refused(present(&app.app, &mine, &key.sign(&told(&challenge, 6))).await));
    // Another purpose, and one that nobody made.
    let (challenge, _) = begin(&app.app, &Me { browser: mine.clone(), ..me }).await.unwrap();
    assert!(refused(present(&app.app, &mine, &key.sign(&told(&challenge, 7))).await));
    assert!(refused(present(&app.app, &mine, &key.sign(&told(&browser(&app).reveal(), 8))).await));
    assert!(log_in(&app.app, &mine, &key, 9).await.is_ok());
    app.take_mails().await;
}

#[on_both_databases]
async fn v6_3_8_unknown_removed_and_foreign_passkeys_are_answered_alike(app: TestApp) {
    let (_, me) = user(&app, "Pia").await;
    let (_, staff) = admin(&app).await;
    let key = add(&app.app, &me, "Key").await;
    let of_staff = add(&app.app, &staff, "Staff's").await;
    let mine = browser(&app);
    let mut outcomes = vec![
        log_in(&app.app, &mine, &SoftKey::ed25519(b"nobody"), 2).await,
        // A passkey of staff opens nothing in the Client Area.
        log_in(&app.app, &mine, &of_staff, 2).await,
    ];
    // One that did not recognise its owner is no login of its own.
    let challenge = login_challenge(&app.app, &mine).await;
    outcomes.push(present(&app.app, &mine, &key.sign(&Told { flags: 1, ..Told::get(URL, &challenge, 3) })).await);
    assert_eq!(last_event(&app).await, ("passkey-refused".to_owned(), "nobody was verified".to_owned()));
    // One that says it is somebody else's, or nobody's.
    for handle in [b"somebody else".to_vec(), Vec::new()] {
        let challenge = login_challenge(&app.app, &mine).await;
        let assertion = Assertion { user_handle: handle, ..key.sign(&Told::get(URL, &challenge, 4)) };
        outcomes.push(present(&app.app, &mine, &assertion).await);
        assert_eq!(last_event(&app).await.1, "wrong user handle");
    }
    let id = list(&app.app, me.subject).await[0].id;
    remove(&app.app, &me, id).await.unwrap();
    outcomes.push(log_in(&app.app, &mine, &key, 5).await);
    assert_eq!(last_event(&app).await, ("passkey-refused".to_owned(), "unknown passkey".to_owned()));
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(Error::Refused))));
    assert_eq!(app.take_mails().await.len(), 3);
}

#[on_both_databases]
async fn a_signature_count_that_goes_back_is_refused_and_recorded(app: TestApp) {
    let (_, me) = user(&app, "Pia").await;
    let key = add(&app.app, &me, "Key").await;
    app.take_mails().await;
    let mine = browser(&app);
    assert!(log_in(&app.app, &mine, &key, 10).await.is_ok());
    for count in [10, 9, 0] {
        assert!(matches!(log_in(&app.app, &mine, &key, count).await, Err(Error::Refused)));
        assert_eq!(last_event(&app).await, ("passkey-refused".to_owned(), "the signature count went back".to_owned()));
    }
    assert!(log_in(&app.app, &mine, &key, 11).await.is_ok());
}

#[on_both_databases]
async fn staff_logs_in_with_a_passkey_unless_it_is_disabled(app: TestApp) {
    let (id, me) = admin(&app).await;
    let key = add(&app.app, &me, "Key").await;
    app.take_mails().await;
    let mine = browser(&app);
    for (count, enabled) in [(2, true), (3, false)] {
        if !enabled {
            sql(&app, &format!("update admins set disabled_at = 1 where id = {id}")).await.unwrap();
        }
        let browser = mine.clone();
        let options = app.app.write(&request(), move |tx| passkey::begin_admin_login(tx, &browser)).await.unwrap();
        let assertion = key.sign(&Told::get(URL, &asked(&options, &["challenge"]), count));
        let started = passkey::admin_login(&app.app, &request(), mine.clone(), assertion.response()).await;
        assert_eq!(started.is_ok(), enabled);
    }
}

#[on_both_databases]
async fn a_passkey_is_the_second_step_of_a_login_and_confirms_who_it_is(app: TestApp) {
    let (user, me) = user(&app, "Pia").await;
    let (_, other) = self::user(&app, "Otto").await;
    let key = add(&app.app, &me, "Key").await;
    let foreign = add(&app.app, &other, "Otto's").await;
    app.take_mails().await;
    let typed = credentials("pia@example.com", PASSWORD, false);
    let begun = log_in_with(&app.app, &request(), typed, "").await.unwrap();
    let factor::Begun::SecondFactor(token) = begun else { panic!("a password alone is not enough") };
    let mine = browser(&app);
    let answer = async |key: &SoftKey, count: u32| {
        let (waiting, browser) = (token.clone(), mine.clone());
        let asked_for = app.app.write(&request(), move |tx| passkey::begin_second_step(tx, &waiting, &browser)).await.unwrap();
        let json = serde_json::to_value(&asked_for).unwrap();
        assert_eq!(json["allowCredentials"].as_array().unwrap().len(), 1);
        // A touch is enough beside a password.
        let told = Told { flags: 1, ..Told::get(URL, &asked(&asked_for, &["challenge"]), count) };
        let shown =
            Shown::Passkey(Answer { purpose: Purpose::SecondStep, browser: mine.clone(), response: key.sign(&told).response() });
        let token = token.clone();
        app.app.write(&request(), move |tx| session::second_step(tx, &token, &shown)).await.unwrap()
    };
    assert!(matches!(answer(&foreign, 2).await, factor::Second::Wrong), "a passkey of somebody else");
    let factor::Second::Session(started, _) = answer(&key, 2).await else { panic!("the passkey is right") };
    assert_eq!(started.user, user);

    app.clock.advance(Duration::from_mins(10));
    assert!(matches!(begin(&app.app, &me).await, Err(Error::Denied(_))), "v7_5_1: who it is has to be confirmed again");
    let (subject, browser) = (me.subject, mine.clone());
    let options = app.app.write(&request(), move |tx| passkey::begin_confirming(tx, subject, &browser)).await.unwrap();
    let told = Told::get(URL, &asked(&options, &["challenge"]), 3);
    let answer = Answer { purpose: Purpose::Confirm, browser: mine.clone(), response: key.sign(&told).response() };
    let with = factor::Confirmation::Shown(Shown::Passkey(answer));
    assert!(session::confirm(&app.app, &request(), user, me.session, with).await.unwrap().is_some());
    assert!(begin(&app.app, &me).await.is_ok());
}

#[on_both_databases]
async fn v7_5_1_nist_5_1_2_passkeys_are_changed_only_by_their_owner_who_has_just_confirmed_who_it_is(app: TestApp) {
    let (_, me) = user(&app, "Pia").await;
    let (_, other) = self::user(&app, "Otto").await;
    add(&app.app, &me, "Key").await;
    let id = list(&app.app, me.subject).await[0].id;
    assert!(matches!(remove(&app.app, &other, id).await, Err(Error::NotFound)));
    let (subject, session) = (other.subject, other.session);
    let rename_as = async |subject: Subject, session: SessionId, name: &'static str| {
        app.app.write(&request(), move |tx| passkey::rename(tx, &tx.confirmed(subject, session)?, id, name)).await
    };
    assert!(matches!(rename_as(subject, session, "Mine now").await, Err(Error::NotFound)));
    let rename = async |name| rename_as(me.subject, me.session, name).await;
    rename("Blue key").await.unwrap();
    assert!(matches!(rename("  ").await, Err(Error::Name(_))) && matches!(rename("a\nb").await, Err(Error::Name(_))));
    assert_eq!(names(&app.app, me.subject).await, ["Blue key"]);
    app.clock.advance(Duration::from_mins(10));
    assert!(matches!(remove(&app.app, &me, id).await, Err(Error::Denied(_))));
    assert!(matches!(rename("Late").await, Err(Error::Denied(_))));
    assert_eq!(names(&app.app, me.subject).await, ["Blue key"]);
    app.take_mails().await;
}

#[on_both_databases]
async fn nobody_adds_a_passkey_that_somebody_has_or_more_than_twenty(app: TestApp) {
    let (_, me) = user(&app, "Pia").await;
    let (_, other) = self::user(&app, "Otto").await;
    let key = add(&app.app, &me, "Key").await;
    let (challenge, _) = begin(&app.app, &other).await.unwrap();
    let added = send(&app.app, &other, &other.browser, "Copy", &key, &Told::create(URL, &challenge)).await.unwrap();
    assert!(added.is_none());
    assert_eq!(last_event(&app).await, ("passkey-refused".to_owned(), "the id is taken".to_owned()));
    // What was not asked of this browser is not taken either.
    let (challenge, handle) = begin(&app.app, &other).await.unwrap();
    let fresh = SoftKey::ed25519(&handle);
    let told = Told::create(URL, &challenge);
    assert!(send(&app.app, &other, &me.browser, "Elsewhere", &fresh, &told).await.unwrap().is_none());
    assert!(list(&app.app, other.subject).await.is_empty());
    for number in 1..MAX_PER_PERSON {
        add(&app.app, &me, &format!("Key {number}")).await;
    }
    assert!(matches!(begin(&app.app, &me).await, Err(Error::TooMany)));
    app.take_mails().await;
}

#[on_both_databases]
async fn with_the_last_passkey_recovery_codes_go_and_with_the_first_they_come(app: TestApp) {
    let (_, me) = user(&app, "Pia").await;
    let left = async || {
        let subject = me.subject;
        app.app.read(move |snapshot| factor::recovery_codes_left(snapshot, subject)).await.unwrap()
    };
    add(&app.app, &me, "One").await;
    add(&app.app, &me, "Two").await;
    assert_eq!(left().await, 10);
    for passkey in list(&app.app, me.subject).await {
        assert_eq!(left().await, 10);
        remove(&app.app, &me, passkey.id).await.unwrap();
    }
    assert_eq!(left().await, 0);
    assert_eq!(app.take_mails().await.len(), 4, "each change is told");
}

/// What authenticators know a person by is random, the same for all of its passkeys, and tells nothing.
#[on_both_databases]
async fn the_user_handle_is_random_and_stays(app: TestApp) {
    let (_, me) = user(&app, "Pia").await;
    let (_, other) = self::user(&app, "Otto").await;
    let (_, first) = begin(&app.app, &me).await.unwrap();
    let (_, second) = begin(&app.app, &me).await.unwrap();
    let (_, others) = begin(&app.app, &other).await.unwrap();
    assert_eq!((first.len(), &first), (64, &second));
    assert_ne!(first, others);
}
