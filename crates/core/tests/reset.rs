//! Password resets: a link that works once, for 60 minutes, and the newest only.

use std::time::Duration;

use latchkey_core::access::{EditUsers, Grants};
use latchkey_core::app::Request;
use latchkey_core::db::DbError;
use latchkey_core::error::Fault;
use latchkey_core::factor::{Begun, Shown};
use latchkey_core::guessing::{self, Guess, Kind};
use latchkey_core::outbox::{self, Topic};
use latchkey_core::password::Password;
use latchkey_core::reset::{self, Error, Logins, MAX_MAILS, VALID_FOR};
use latchkey_core::secret::Secret;
use latchkey_core::testing::{PASSWORD, TestApp, link_secret};
use latchkey_core::user::{self, NewUser, PersonName};
use latchkey_test_macros::on_both_databases;

use crate::factor::{answer, code, gus, word};
use crate::guessing::{GUS, from_nth, wait_of};
use crate::support::*;

const NEW: &str = "another password altogether";

#[on_both_databases]
async fn v6_4_1_nist_4_2_3_a_reset_link_works_once_and_ends_all_sessions(app: TestApp) {
    person(&app, "Gus").await;
    let here = login(&app.app, "gus@example.com").await;
    ask_for_reset(&app, "GUS@example.com").await;
    let link = latest_link(&app).await;
    assert!(is_alive(&app.app, &here.secret).await, "asking changes nothing");
    choose(&app.app, &link, NEW).await.unwrap();
    assert!(!is_alive(&app.app, &here.secret).await);
    assert!(matches!(choose(&app.app, &link, "yet another password").await, Err(Error::Gone)));
    assert!(log_in_with(&app.app, &request(), credentials("gus@example.com", PASSWORD, false), "").await.is_err());
    log_in_with(&app.app, &request(), credentials("gus@example.com", NEW, false), "").await.unwrap();
    assert_eq!(told(&app).await, ["reset-done"]);
}

/// A reset ends in nothing but a new password: no session, so that whatever a login asks for besides is asked for.
#[on_both_databases]
async fn v6_4_3_nist_4_2_2_a_reset_signs_nobody_in(app: TestApp) {
    person(&app, "Gus").await;
    ask_for_reset(&app, "gus@example.com").await;
    let link = latest_link(&app).await;
    let before = dump(&app).await;
    choose(&app.app, &link, NEW).await.unwrap();
    assert_eq!(number(&app, "select count(*) from sessions").await, 0);
    let changed = changed(&before, &dump(&app).await);
    assert_eq!(changed, ["events", "mails", "outbox", "resets", "users"]);
    assert_eq!(told(&app).await, ["reset-done"]);
}

/// Whoever chooses a new password by a link still needs the factor, and finds it and the recovery codes as they were.
#[on_both_databases]
async fn v6_4_3_a_reset_takes_no_factor_away_and_the_next_login_asks_for_it(app: TestApp) {
    let (user, _, codes) = gus(&app).await;
    ask_for_reset(&app, "gus@example.com").await;
    let link = latest_link(&app).await;
    let before = dump(&app).await;
    choose(&app.app, &link, NEW).await.unwrap();
    let after = dump(&app).await;
    for table in ["authenticators", "recovery_codes"] {
        assert!(!before[table].is_empty() && before[table] == after[table], "{table}");
    }
    assert_eq!(number(&app, "select count(*) from sessions").await, 0);
    for shown in [code(&app, user).await, Shown::Recovery(codes[0].clone())] {
        let begun = log_in_with(&app.app, &request(), credentials("gus@example.com", NEW, false), "").await.unwrap();
        let Begun::SecondFactor(token) = begun else { panic!("the factor is asked for") };
        assert_eq!(word(&answer(&app.app, &token, shown).await), "in");
    }
    assert_eq!(told(&app).await, ["reset-done", "recovery-code-used"]);
}

#[on_both_databases]
async fn v6_4_1_a_reset_link_works_for_60_minutes_and_not_a_moment_longer(app: TestApp) {
    person(&app, "Gus").await;
    ask_for_reset(&app, "gus@example.com").await;
    let link = latest_link(&app).await;
    app.clock.advance(VALID_FOR - Duration::from_micros(1));
    let probe = link.clone();
    app.app.read(move |snapshot| reset::open(snapshot, Logins::Users, &probe).map(drop)).await.unwrap();
    app.clock.advance(Duration::from_micros(1));
    let probe = link.clone();
    let opened = app.app.read(move |snapshot| reset::open(snapshot, Logins::Users, &probe).map(drop)).await;
    assert!(matches!(opened, Err(Error::Gone)));
    assert!(matches!(choose(&app.app, &link, NEW).await, Err(Error::Gone)));
}

#[on_both_databases]
async fn only_the_newest_link_works_and_an_older_mail_that_waits_is_withdrawn(app: TestApp) {
    person(&app, "Gus").await;
    ask_for_reset(&app, "gus@example.com").await;
    let old = latest_link(&app).await;
    ask_for_reset(&app, "gus@example.com").await;
    ask_for_reset(&app, "gus@example.com").await;
    let new = latest_link(&app).await;
    assert!(matches!(choose(&app.app, &old, NEW).await, Err(Error::Gone)));
    choose(&app.app, &new, NEW).await.unwrap();
    assert_eq!(told(&app).await, ["reset-done"]);
    assert_eq!(number(&app, "select count(*) from mails where sealed_secret is not null").await, 0);
}

#[on_both_databases]
async fn v6_3_8_an_unknown_address_is_asked_for_alike_and_gets_no_mail(app: TestApp) {
    person(&app, "Gus").await;
    for address in ["gus@example.com", "nobody@example.com"] {
        let before = dump(&app).await;
        let address = email(address);
        app.app.write(&request(), move |tx| reset::ask(tx, Logins::Users, &address)).await.unwrap();
        assert_eq!(changed(&before, &dump(&app).await), ["outbox", "reset_requests"]);
    }
    app.resolve_resets().await;
    assert_eq!(told(&app).await, ["password-reset"]);
    assert_eq!(number(&app, "select count(*) from reset_requests").await, 0);
}

#[on_both_databases]
async fn an_address_gets_no_more_than_so_many_links_within_an_hour(app: TestApp) {
    let (admin, gus) = (staff(&app).await, person(&app, "Gus").await);
    for _ in 0..MAX_MAILS {
        ask_for_reset(&app, "gus@example.com").await;
    }
    let links = app.take_mails().await;
    assert_eq!(links.len(), 1, "each newer one takes the place of the one before");
    let refused = as_staff::<EditUsers, _, _>(&app.app, admin, move |tx, by| reset::send(tx, by, gus)).await;
    assert!(matches!(refused, Err(Error::TooMany)));
    choose(&app.app, &link_secret(&links[0]), NEW).await.unwrap();
    app.clock.advance(Duration::from_hours(1));
    ask_for_reset(&app, "gus@example.com").await;
    assert_eq!(told(&app).await, ["reset-done", "password-reset"]);
}

#[on_both_databases]
async fn v6_4_6_an_admin_sends_a_link_and_who_has_no_password_sets_the_first_one(app: TestApp) {
    let (admin, (_, acme)) = (staff(&app).await, acme(&app).await);
    let name = PersonName { first: "Pia".to_owned(), last: "Passwordless".to_owned() };
    let new = NewUser { name, email: email("pia@example.com"), password: None };
    let pia = machine_in_account(&app.app, acme, move |tx, by| {
        latchkey_core::membership::associate_new(tx, by, &new, None, &Grants::all())
    });
    let pia = pia.await.unwrap();
    as_staff::<EditUsers, _, _>(&app.app, admin, move |tx, by| reset::send(tx, by, pia)).await.unwrap();
    choose(&app.app, &latest_link(&app).await, NEW).await.unwrap();
    log_in_with(&app.app, &request(), credentials("pia@example.com", NEW, false), "").await.unwrap();
    let logged = events(&app).await;
    assert!(logged.iter().any(|event| event.kind == "password-reset-sent" && event.actor_name == "Stella"));
    assert_eq!(told(&app).await, ["reset-done"]);
}

#[on_both_databases]
async fn a_changed_password_kills_a_link_that_waits(app: TestApp) {
    let gus = person(&app, "Gus").await;
    let session = login(&app.app, "gus@example.com").await;
    ask_for_reset(&app, "gus@example.com").await;
    let link = latest_link(&app).await;
    let session = resolved(&app.app, &session.secret).await.unwrap().session.id;
    let (old, new) = (Password::typed(PASSWORD), Password::typed(NEW));
    user::change_password(&app.app, &request(), gus, session, &old, &new).await.unwrap();
    assert!(matches!(choose(&app.app, &link, "a third password").await, Err(Error::Gone)));
    assert_eq!(told(&app).await, ["password-changed"]);
}

#[on_both_databases]
async fn a_worker_that_fails_asks_again(app: TestApp) {
    person(&app, "Gus").await;
    let address = email("gus@example.com");
    app.app.write(&request(), move |tx| reset::ask(tx, Logins::Users, &address)).await.unwrap();
    let claim = |tx: &latchkey_core::app::Tx<'_>| outbox::claim(tx, &system(), Topic::Reset, 1, Duration::from_mins(1));
    let [work] = app.app.write(&request(), claim).await.unwrap().try_into().unwrap();
    let browser = request();
    let failed = app.app.write(&browser, move |tx| {
        reset::resolve(tx, &system(), Logins::Users, work)?;
        Err::<(), _>(Fault::Db(DbError::NoRow))
    });
    failed.await.unwrap_err();
    app.clock.advance(Duration::from_mins(2));
    app.resolve_resets().await;
    assert_eq!(told(&app).await, ["password-reset"]);
}

/// Asks for 2,000 resets of users, from 40 networks, each for an address of its own.
async fn flood(app: &TestApp) {
    for network in 0..40 {
        let there = from_nth(network);
        let asked = app.app.write(&there, move |tx| {
            (0..50).try_for_each(|number| {
                let address = email(&format!("nr{network}-{number}@example.com"));
                guessing::spend(tx, &Guess::for_address(Kind::Reset, &address.key()))
            })
        });
        asked.await.unwrap();
    }
}

#[on_both_databases]
async fn what_strangers_ask_for_together_holds_back_no_browser_that_is_known_and_no_admin(app: TestApp) {
    person(&app, "Gus").await;
    let device = login(&app.app, GUS).await.device;
    flood(&app).await;
    let from = |device: Option<Secret>| Request { device, ..from_nth(100) };
    let ask = async |from: Request, logins: Logins, address: &str| {
        let address = email(address);
        wait_of(&app.app.write(&from, move |tx| reset::ask(tx, logins, &address)).await)
    };
    let wait = Some(Duration::from_secs(1));
    let forged = app.app.random().secret().unwrap();
    for address in [GUS, "nobody@example.com"] {
        assert_eq!(ask(from(None), Logins::Users, address).await, wait, "{address}: a stranger");
        assert_eq!(ask(from(Some(forged.clone())), Logins::Users, address).await, wait, "{address}: a cookie nobody was given");
        assert_eq!(ask(from(Some(device.clone())), Logins::Users, address).await, None, "{address}: a known browser");
        assert_eq!(ask(from(None), Logins::Admins, address).await, None, "{address}: admins have a limit of their own");
    }
    app.resolve_resets().await;
    app.resolve_admin_resets().await;
    assert_eq!(told(&app).await, ["password-reset"]);
}

/// Whoever has logged in once asks for no more of them at one address, or from one network, than anybody.
#[on_both_databases]
async fn a_known_browser_is_held_to_the_limits_of_the_address_and_of_the_network(app: TestApp) {
    person(&app, "Gus").await;
    let known = Request { device: Some(login(&app.app, GUS).await.device), ..request() };
    let ask = async |address: String| {
        let address = email(&address);
        wait_of(&app.app.write(&known, move |tx| reset::ask(tx, Logins::Users, &address)).await)
    };
    for _ in 0..5 {
        assert_eq!(ask(GUS.to_owned()).await, None);
    }
    assert!(ask(GUS.to_owned()).await.is_some(), "one address");
    for number in 5..50 {
        assert_eq!(ask(format!("nr{number}@example.com")).await, None, "{number}");
    }
    assert!(ask("nr50@example.com".to_owned()).await.is_some(), "one network");
    app.resolve_resets().await;
    assert_eq!(told(&app).await, ["password-reset"]);
}
