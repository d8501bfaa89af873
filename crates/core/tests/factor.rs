//! Second factors: enrolled with a fresh proof, asked for after the password, used once.

use std::time::Duration;

use latchkey_core::access::{Denied, Enter, RequireTwoFactor, Subject, Who};
use latchkey_core::app::App;
use latchkey_core::factor::{self, Begun, CODES, Confirmation, Error, MAX_TRIES, Second, Shown};
use latchkey_core::id::{SessionId, UserId};
use latchkey_core::password::Password;
use latchkey_core::secret::Secret;
use latchkey_core::session::{self, Started};
use latchkey_core::settings::{self, Security};
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::{account, admin};
use latchkey_test_macros::on_both_databases;
use tokio::join;

use crate::support::*;

pub(crate) const STEP: Duration = Duration::from_secs(30);
const MOMENT: Duration = Duration::from_micros(1);

pub(crate) async fn session_id(app: &TestApp, started: &Started) -> SessionId {
    resolved(&app.app, &started.secret).await.unwrap().session.id
}

/// Sets up an authenticator app; the recovery codes.
pub(crate) async fn enrol(app: &TestApp, subject: Subject, session: SessionId) -> Vec<String> {
    as_confirmed(&app.app, subject, session, factor::offer_totp).await.unwrap();
    let code = factor::code_now(&app.app, subject).await.unwrap();
    let codes = as_confirmed(&app.app, subject, session, move |tx, by| factor::confirm_totp(tx, by, &code)).await.unwrap();
    app.clock.advance(STEP);
    assert_eq!(app.take_mails().await.last().unwrap().written.subject, "factor-added");
    codes.expect("the first factor brings recovery codes")
}

/// Gus, enrolled, with his first session and his recovery codes.
pub(crate) async fn gus(app: &TestApp) -> (UserId, Started, Vec<String>) {
    let gus = person(app, "Gus").await;
    let started = login(&app.app, "gus@example.com").await;
    let codes = enrol(app, Subject::User(gus), session_id(app, &started).await).await;
    (gus, started, codes)
}

/// The password is right; what waits for the second factor.
pub(crate) async fn waits(app: &App, email: &str) -> Secret {
    match log_in_with(app, &request(), credentials(email, PASSWORD, false), "/a/7").await.unwrap() {
        Begun::SecondFactor(token) => token,
        Begun::Session(_) => panic!("a second factor is asked for"),
    }
}

pub(crate) async fn answer(app: &App, token: &Secret, shown: Shown) -> Second<Started> {
    let token = token.clone();
    app.write(&request(), move |tx| session::second_step(tx, &token, &shown)).await.unwrap()
}

pub(crate) fn word<S>(second: &Second<S>) -> &'static str {
    match second {
        Second::Session(..) => "in",
        Second::Wrong => "wrong",
        Second::Over => "over",
    }
}

pub(crate) async fn code(app: &TestApp, user: UserId) -> Shown {
    Shown::Code(factor::code_now(&app.app, Subject::User(user)).await.unwrap())
}

#[on_both_databases]
async fn v7_2_4_a_login_with_a_factor_is_a_session_only_after_both_steps(app: TestApp) {
    let (user, before, _) = gus(&app).await;
    let token = waits(&app.app, "gus@example.com").await;
    assert!(!is_alive(&app.app, &token).await, "what waits is no session");
    assert_eq!(number(&app, "select count(*) from sessions").await, 1);
    let shown = code(&app, user).await;
    let Second::Session(started, next) = answer(&app.app, &token, shown).await else { panic!("the code is right") };
    assert_eq!(next, "/a/7");
    assert!(started.secret != token && started.secret != before.secret, "a new token");
    let found = resolved(&app.app, &started.secret).await.unwrap();
    assert_eq!(found.session.second_factor_at, Some(app.app.now()));
    assert_eq!(word(&answer(&app.app, &token, Shown::Code("1".to_owned())).await), "over", "what waited is gone");
}

#[on_both_databases]
async fn v6_5_1_a_code_opens_once_even_on_two_nodes_at_the_same_moment(app: TestApp) {
    let (user, ..) = gus(&app).await;
    let second = app.second_node();
    for _ in 0..8 {
        let (here, there) = (waits(&app.app, "gus@example.com").await, waits(&second, "gus@example.com").await);
        let (one, two) = (code(&app, user).await, code(&app, user).await);
        let (one, two) = join!(answer(&app.app, &here, one), answer(&second, &there, two));
        let mut words = [word(&one), word(&two)];
        words.sort_unstable();
        assert_eq!(words, ["in", "wrong"]);
        app.clock.advance(STEP);
    }
}

#[on_both_databases]
async fn v6_5_1_nist_3_1_2_a_recovery_code_opens_once_even_on_two_nodes_at_the_same_moment(app: TestApp) {
    let (_, _, codes) = gus(&app).await;
    let second = app.second_node();
    for code in codes.iter().take(4) {
        let (here, there) = (waits(&app.app, "gus@example.com").await, waits(&second, "gus@example.com").await);
        let typed = code.to_uppercase().replace('-', " ");
        let (one, two) =
            join!(answer(&app.app, &here, Shown::Recovery(code.clone())), answer(&second, &there, Shown::Recovery(typed)));
        let mut words = [word(&one), word(&two)];
        words.sort_unstable();
        assert_eq!(words, ["in", "wrong"]);
        assert_eq!(app.take_mails().await.last().unwrap().written.subject, "recovery-code-used");
    }
}

#[on_both_databases]
async fn v6_5_2_to_4_nist_4_2_1_recovery_codes_are_random_and_kept_as_hashes_and_secrets_sealed(app: TestApp) {
    let (user, started, codes) = gus(&app).await;
    assert_eq!(codes.len(), CODES);
    let distinct: std::collections::BTreeSet<&String> = codes.iter().collect();
    assert_eq!(distinct.len(), CODES);
    for code in &codes {
        let characters = code.replace('-', "");
        assert!(characters.len() * 5 >= 112, "{} bits", characters.len() * 5);
        assert!(characters.chars().all(|c| c.is_ascii_lowercase() || ('2'..='7').contains(&c)));
    }
    let id = session_id(&app, &started).await;
    let (again, subject) = (person(&app, "Mia").await, Subject::User(user));
    assert!(matches!(as_confirmed(&app.app, subject, id, factor::offer_totp).await, Err(Error::AlreadyEnrolled)));
    let mia = session_id(&app, &login(&app.app, "mia@example.com").await).await;
    as_confirmed(&app.app, Subject::User(again), mia, factor::offer_totp).await.unwrap();
    let offered = factor::offered_totp(&app.app, Subject::User(again), mia).await.unwrap();
    assert!(offered.uri.starts_with("otpauth://totp/Latchkey:mia@example.com?secret="), "{}", offered.uri);
    assert_eq!(offered.secret.len(), 32, "160 bits");
    let waiting = waits(&app.app, "gus@example.com").await;
    let everything = dump(&app).await.into_values().flatten().collect::<Vec<_>>().join("\n").to_lowercase();
    for code in codes {
        assert!(!everything.contains(&code) && !everything.contains(&code.replace('-', "")));
    }
    assert!(!everything.contains(&offered.secret.to_lowercase()));
    assert!(!everything.contains(&waiting.reveal().to_lowercase()) && !everything.contains("/a/7"));
}

#[on_both_databases]
async fn v6_6_2_wrong_codes_are_few_for_each_login_and_a_code_is_of_its_own_user(app: TestApp) {
    let (user, ..) = gus(&app).await;
    let mia = person(&app, "Mia").await;
    let session = session_id(&app, &login(&app.app, "mia@example.com").await).await;
    let of_mia = enrol(&app, Subject::User(mia), session).await;
    let token = waits(&app.app, "gus@example.com").await;
    assert_eq!(word(&answer(&app.app, &token, Shown::Recovery(of_mia[0].clone())).await), "wrong");
    let others = code(&app, mia).await;
    assert_eq!(word(&answer(&app.app, &token, others).await), "wrong");
    for tried in 3..=MAX_TRIES {
        let expected = if tried == MAX_TRIES { "over" } else { "wrong" };
        assert_eq!(word(&answer(&app.app, &token, Shown::Code("000000".to_owned())).await), expected);
    }
    let right = code(&app, user).await;
    assert_eq!(word(&answer(&app.app, &token, right.clone()).await), "over", "the right code comes too late");
    let token = waits(&app.app, "gus@example.com").await;
    assert_eq!(word(&answer(&app.app, &token, right).await), "in");
    let token = waits(&app.app, "gus@example.com").await;
    app.clock.advance(Duration::from_mins(10));
    let right = code(&app, user).await;
    assert_eq!(word(&answer(&app.app, &token, right).await), "over", "a login waits for ten minutes");
    waits(&app.app, "gus@example.com").await;
    swept(&app.app, factor::sweep).await;
    assert_eq!(number(&app, "select count(*) from pending_logins").await, 1, "what is over is removed by the clock");
}

#[on_both_databases]
async fn a_second_step_that_a_password_change_overtakes_gets_nowhere(app: TestApp) {
    let (user, started, _) = gus(&app).await;
    let token = waits(&app.app, "gus@example.com").await;
    let id = session_id(&app, &started).await;
    let (old, new) = (Password::typed(PASSWORD), Password::typed("another password"));
    latchkey_core::user::change_password(&app.app, &request(), user, id, &old, &new).await.unwrap();
    let right = code(&app, user).await;
    assert_eq!(word(&answer(&app.app, &token, right).await), "over");
    assert_eq!(told(&app).await, ["password-changed"]);
}

#[on_both_databases]
async fn v6_3_7_new_recovery_codes_are_told_to_whose_they_are(app: TestApp) {
    let (gus, stella) = (person(&app, "Gus").await, staff(&app).await);
    let of_gus = session_id(&app, &login(&app.app, "gus@example.com").await).await;
    let of_stella = staff_session(&app, "stella@staff.example").await.1.session;
    for (subject, session, address) in
        [(Subject::User(gus), of_gus, "gus@example.com"), (Subject::Admin(stella), of_stella, "stella@staff.example")]
    {
        enrol(&app, subject, session).await;
        as_confirmed(&app.app, subject, session, factor::new_recovery_codes).await.unwrap();
        let mails = app.take_mails().await.into_iter().map(|mail| (mail.to, mail.written.subject)).collect::<Vec<_>>();
        assert_eq!(mails, [(address.to_owned(), "recovery-codes-made".to_owned())]);
    }
}

#[on_both_databases]
async fn an_admins_login_that_waits_ends_when_the_password_is_changed(app: TestApp) {
    let stella = staff(&app).await;
    let secret = admin_login(&app.app, "stella@staff.example").await.unwrap().secret;
    let found = app.app.read(move |snapshot| admin::resolve(snapshot, &secret)).await.unwrap().unwrap();
    enrol(&app, Subject::Admin(stella), found.session).await;
    for is_changed in [false, true] {
        let begun = admin::login(&app.app, &request(), "stella@staff.example", &Password::typed(PASSWORD), "").await.unwrap();
        let Begun::SecondFactor(token) = begun else { panic!("a second factor is asked for") };
        if is_changed {
            sql(&app, "update admins set password_changed_at = 7").await.unwrap();
        }
        let shown = Shown::Code(factor::code_now(&app.app, Subject::Admin(stella)).await.unwrap());
        let second = app.app.write(&request(), move |tx| admin::second_step(tx, &token, &shown)).await.unwrap();
        assert_eq!(word(&second), if is_changed { "over" } else { "in" });
        app.clock.advance(STEP);
    }
    app.take_mails().await;
}

#[on_both_databases]
async fn v6_5_6_nist_4_6_staff_takes_a_factor_away_and_the_user_is_told(app: TestApp) {
    let (user, ..) = gus(&app).await;
    let stella = staff(&app).await;
    let waiting = waits(&app.app, "gus@example.com").await;
    let take = async || as_staff(&app.app, stella, move |tx, by| factor::take_from_user(tx, by, &confirmed(), user)).await;
    take().await.unwrap();
    let mail = app.take_mails().await.pop().unwrap();
    assert_eq!((mail.to.as_str(), mail.written.subject.as_str()), ("gus@example.com", "factor-taken"));
    assert_eq!(word(&answer(&app.app, &waiting, Shown::Code("1".to_owned())).await), "over");
    login(&app.app, "gus@example.com").await;
    assert!(matches!(take().await, Err(Error::NoFactor)));
    let logged = events(&app).await;
    let removed = logged.iter().find(|event| event.kind == "factor-removed").unwrap();
    assert_eq!((removed.actor_name.as_str(), removed.user_id), ("Stella", Some(user.0)));
}

async fn require(app: &TestApp, owner: Who, account: latchkey_core::id::AccountId, required: bool) -> Result<(), account::Error> {
    app.app
        .write(&request(), move |tx| {
            account::require_two_factor(tx, &tx.authorize::<RequireTwoFactor>(owner, account)?, required)
        })
        .await
}

#[on_both_databases]
async fn v6_3_3_an_account_that_requires_two_factor_opens_with_a_recent_one_only(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let elsewhere = app.account("Elsewhere", owner).await;
    let mia = member(&app, acme, "Mia", "users invoices").await;
    let revision_before = revision(&app.app, acme).await;
    let bare = Who::without_second_factor;
    let refused = require(&app, bare(mia), acme, true).await;
    assert!(matches!(refused, Err(account::Error::Denied(Denied::OwnerOnly))), "{refused:?}");
    require(&app, bare(owner), acme, true).await.unwrap();
    assert!(revision(&app.app, acme).await > revision_before);
    let enter = async |node: &App, who: Who, account| {
        node.read(move |snapshot| snapshot.authorize::<Enter>(who, account).map(drop)).await
    };
    let second = app.second_node();
    assert!(matches!(enter(&second, bare(mia), acme).await, Err(Denied::SecondFactor)), "at once, on every node");
    assert!(matches!(enter(&app.app, bare(owner), acme).await, Err(Denied::SecondFactor)), "the owner too");
    enter(&app.app, bare(owner), elsewhere).await.unwrap();
    assert!(require(&app, bare(owner), acme, false).await.is_err(), "nor is it switched off without one");
    let session = session_id(&app, &login(&app.app, "olivia@example.com").await).await;
    enrol(&app, Subject::User(owner), session).await;
    let token = waits(&app.app, "olivia@example.com").await;
    let shown = code(&app, owner).await;
    let Second::Session(started, _) = answer(&app.app, &token, shown).await else { panic!("the code is right") };
    let who = resolved(&app.app, &started.secret).await.unwrap().who();
    enter(&app.app, who, acme).await.unwrap();
    app.clock.advance(Duration::from_hours(24) - MOMENT);
    enter(&app.app, who, acme).await.unwrap();
    app.clock.advance(MOMENT);
    assert!(matches!(enter(&app.app, who, acme).await, Err(Denied::SecondFactor)), "after 24 hours it is asked for again");
}

#[on_both_databases]
async fn v6_3_3_where_everybody_needs_a_factor_who_has_none_enters_nothing(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let set = Security { everybody: true, ..Security::default() };
    as_staff::<_, _, account::Error>(&app.app, stella, move |tx, by| Ok(settings::set_security(tx, by, &set)?)).await.unwrap();
    let started = login(&app.app, "olivia@example.com").await;
    let found = resolved(&app.app, &started.secret).await.unwrap();
    assert!(found.must_show_factor);
    for who in [found.who(), started.who] {
        let refused = app.app.read(move |snapshot| snapshot.authorize::<Enter>(who, acme).map(drop)).await;
        assert!(matches!(refused, Err(Denied::SecondFactor)));
    }
    enrol(&app, found.subject(), found.session.id).await;
    let found = resolved(&app.app, &started.secret).await.unwrap();
    assert!(!found.must_show_factor);
    let who = found.who();
    app.app.read(move |snapshot| snapshot.authorize::<Enter>(who, acme).map(drop)).await.unwrap();
}

async fn set(app: &TestApp, by: latchkey_core::id::AdminId, set: Security) {
    as_staff::<_, _, account::Error>(&app.app, by, move |tx, by| Ok(settings::set_security(tx, by, &set)?)).await.unwrap();
}

/// A login with the password alone is worth no more once a factor is set up elsewhere: it shows it, like one that begins now.
#[on_both_databases]
async fn v6_3_3_what_began_with_the_password_alone_shows_the_factor_that_was_set_up_elsewhere(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let (here, there) = (login(&app.app, "olivia@example.com").await, login(&app.app, "olivia@example.com").await);
    let (_, first) = staff_session(&app, "stella@staff.example").await;
    let (token, second) = staff_session(&app, "stella@staff.example").await;
    set(&app, stella, Security { everybody: true, admins: true, ..Security::default() }).await;
    enrol(&app, Subject::User(owner), session_id(&app, &here).await).await;
    let found = resolved(&app.app, &there.secret).await.unwrap();
    assert!(found.must_show_factor && !resolved(&app.app, &here.secret).await.unwrap().must_show_factor);
    let enter = async |who: Who| app.app.read(move |snapshot| snapshot.authorize::<Enter>(who, acme).map(drop)).await;
    assert!(matches!(enter(found.who()).await, Err(Denied::SecondFactor)));
    enter(resolved(&app.app, &here.secret).await.unwrap().who()).await.unwrap();
    let shown = Confirmation::Shown(code(&app, owner).await);
    let renewed = session::confirm(&app.app, &request(), owner, found.session.id, shown).await.unwrap().unwrap();
    let found = resolved(&app.app, &renewed.secret).await.unwrap();
    assert!(!found.must_show_factor);
    enter(found.who()).await.unwrap();

    let subject = Subject::Admin(stella);
    enrol(&app, subject, first.session).await;
    let staff = async |secret: Secret| app.app.read(move |snapshot| admin::resolve(snapshot, &secret)).await.unwrap().unwrap();
    assert!(staff(token).await.must_show_factor);
    let shown = Confirmation::Shown(Shown::Code(factor::code_now(&app.app, subject).await.unwrap()));
    let renewed = admin::confirm(&app.app, &request(), stella, second.session, shown).await.unwrap().unwrap();
    assert!(!staff(renewed).await.must_show_factor);
}

/// What was shown counts as long as there is a factor, and not again with another one that somebody sets up elsewhere.
#[on_both_databases]
async fn v6_3_3_who_has_no_factor_any_more_enters_nothing_that_requires_one(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let stella = staff(&app).await;
    require(&app, Who::without_second_factor(owner), acme, true).await.unwrap();
    let subject = Subject::User(owner);
    let started = login(&app.app, "olivia@example.com").await;
    let id = session_id(&app, &started).await;
    let enter = async || {
        let who = resolved(&app.app, &started.secret).await.unwrap().who();
        app.app.read(move |snapshot| snapshot.authorize::<Enter>(who, acme).map(drop)).await
    };
    enrol(&app, subject, id).await;
    enter().await.unwrap();
    let totp = app.app.read(move |snapshot| factor::list(snapshot, subject)).await.unwrap()[0].id;
    as_confirmed(&app.app, subject, id, move |tx, by| factor::remove(tx, by, totp)).await.unwrap();
    assert!(matches!(enter().await, Err(Denied::SecondFactor)), "removed");
    let elsewhere = session_id(&app, &login(&app.app, "olivia@example.com").await).await;
    app.take_mails().await;
    enrol(&app, subject, elsewhere).await;
    assert!(matches!(enter().await, Err(Denied::SecondFactor)), "another one was never shown here");
    let shown = Confirmation::Shown(code(&app, owner).await);
    let renewed = session::confirm(&app.app, &request(), owner, id, shown).await.unwrap().unwrap();
    let started = Started { secret: renewed.secret, ..started };
    let enter = async || {
        let who = resolved(&app.app, &started.secret).await.unwrap().who();
        app.app.read(move |snapshot| snapshot.authorize::<Enter>(who, acme).map(drop)).await
    };
    enter().await.unwrap();
    as_staff(&app.app, stella, move |tx, by| factor::take_from_user(tx, by, &confirmed(), owner)).await.unwrap();
    assert!(matches!(enter().await, Err(Denied::SecondFactor)), "taken away by staff");
    app.take_mails().await;
}

/// The same of staff, where an admin's own factor counts in an account that requires one.
#[on_both_databases]
async fn v6_3_3_what_an_admin_has_shown_counts_as_long_as_there_is_a_factor(app: TestApp) {
    let stella = staff(&app).await;
    let (secret, found) = staff_session(&app, "stella@staff.example").await;
    enrol(&app, Subject::Admin(stella), found.session).await;
    let shown = async || {
        let secret = secret.clone();
        app.app.read(move |snapshot| admin::resolve(snapshot, &secret)).await.unwrap().unwrap().second_factor_at
    };
    assert!(shown().await.is_some());
    app.app.write(&request(), move |tx| factor::remove_all_of_admin(tx, &system(), stella)).await.unwrap();
    assert_eq!(shown().await, None);
    app.take_mails().await;
}

#[on_both_databases]
async fn v7_3_1_and_v7_3_2_limits_that_were_lowered_hold_for_the_sessions_there_are(app: TestApp) {
    person(&app, "Gus").await;
    let stella = staff(&app).await;
    let started = login(&app.app, "gus@example.com").await;
    let mut set = Security { absolute: Duration::from_hours(2), idle: Duration::from_mins(5), ..Security::default() };
    as_staff::<_, _, account::Error>(&app.app, stella, move |tx, by| Ok(settings::set_security(tx, by, &set)?)).await.unwrap();
    app.clock.advance(Duration::from_mins(5) - MOMENT);
    assert!(is_alive(&app.app, &started.secret).await);
    app.clock.advance(MOMENT);
    assert!(!is_alive(&app.app, &started.secret).await && !is_alive(&app.second_node(), &started.secret).await);
    set.idle = Duration::from_hours(1);
    as_staff::<_, _, account::Error>(&app.app, stella, move |tx, by| Ok(settings::set_security(tx, by, &set)?)).await.unwrap();
    sql(&app, "update sessions set last_seen_at = last_seen_at + 7200000000").await.unwrap();
    app.clock.advance(Duration::from_hours(2) - Duration::from_mins(5) - MOMENT);
    assert!(is_alive(&app.app, &started.secret).await);
    app.clock.advance(MOMENT);
    assert!(!is_alive(&app.app, &started.secret).await);
}
