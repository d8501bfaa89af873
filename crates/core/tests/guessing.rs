//! Guessing is slowed down, told to nobody, and never locks out whoever is known.

use std::net::IpAddr;
use std::time::Duration;

use latchkey_core::access::Subject;
use latchkey_core::app::{App, Request};
use latchkey_core::email::EmailKey;
use latchkey_core::error::{HasKind, Kind as ErrorKind};
use latchkey_core::guessing::{self, Authenticator, Guess, Kind, MAX_FAILURES, Standing};
use latchkey_core::id::{SessionId, UserId};
use latchkey_core::password::{Busy, Password};
use latchkey_core::reset::{self, Logins};
use latchkey_core::secret::Secret;
use latchkey_core::session::{self, Error, Started};
use latchkey_core::settings::Verification;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::{admin, user};
use latchkey_test_macros::on_both_databases;

use crate::device::new_devices;
use crate::support::*;

pub(crate) const GUS: &str = "gus@example.com";
const NOBODY: &str = "nobody@example.com";

/// A request from the nth of many addresses, each in a network of its own.
pub(crate) fn from_nth(number: u32) -> Request {
    let [_, high, low, _] = number.to_be_bytes().map(|byte| byte);
    let last = u8::try_from(number % 256).unwrap();
    Request { ip: Some(IpAddr::from([198, high.wrapping_add(low), last, 1])), ..request() }
}

pub(crate) fn with_device(device: &Secret) -> Request {
    Request { device: Some(device.clone()), ..request() }
}

pub(crate) async fn try_from(app: &App, from: &Request, email: &str, password: &str) -> Result<Started, Error> {
    let begun = log_in_with(app, from, credentials(email, password, false), "").await?;
    Ok(begun.session().expect("no second factor is set up"))
}

pub(crate) fn wait_of<T, E: HasKind>(result: &Result<T, E>) -> Option<Duration> {
    match result.as_ref().err().map(HasKind::kind) {
        Some(ErrorKind::Limited { retry_after }) => Some(retry_after),
        _ => None,
    }
}

/// Tries wrong passwords, each as soon as it is heard, and returns how long it had to wait before each.
async fn fail_patiently(app: &TestApp, from: &Request, times: usize) -> Vec<Duration> {
    let mut waits = Vec::new();
    for _ in 0..times {
        let mut waited = Duration::ZERO;
        loop {
            let result = try_from(&app.app, from, GUS, "wrong").await;
            let Some(wait) = wait_of(&result) else {
                assert!(matches!(result, Err(Error::WrongCredentials)));
                break;
            };
            app.clock.advance(wait);
            waited += wait;
        }
        waits.push(waited);
    }
    waits
}

#[on_both_databases]
async fn v6_1_1_v6_3_1_a_thousand_tries_are_held_back_and_the_owner_gets_in(app: TestApp) {
    person(&app, "Gus").await;
    let device = login(&app.app, GUS).await.device;
    let mut heard = 0;
    for number in 0..1_000 {
        let result = try_from(&app.app, &from_nth(number), GUS, "wrong").await;
        heard += usize::from(wait_of(&result).is_none());
    }
    assert_eq!(heard, 10, "of a thousand tries from a thousand addresses");
    let owner = try_from(&app.app, &with_device(&device), GUS, PASSWORD).await;
    assert!(owner.is_ok(), "a known device is never locked out by strangers");
    let stranger = try_from(&app.app, &from_nth(5_000), GUS, PASSWORD).await;
    assert!(wait_of(&stranger).is_some_and(|wait| wait <= Duration::from_secs(30)), "slowed down, not locked");
    app.clock.advance(Duration::from_secs(30));
    assert!(try_from(&app.app, &from_nth(5_000), GUS, PASSWORD).await.is_ok(), "patience gets in");
}

#[on_both_databases]
async fn v6_1_1_who_comes_with_a_known_device_logs_in_while_strangers_fill_the_queue(app: TestApp) {
    person(&app, "Gus").await;
    staff(&app).await;
    let device = login(&app.app, GUS).await.device;
    let staff_device = admin_login(&app.app, "stella@staff.example").await.unwrap().device;
    let _flood = app.app.hasher().flooded();
    let refused = try_from(&app.app, &request(), GUS, PASSWORD).await;
    assert!(matches!(refused, Err(Error::Busy(Busy::Full))), "a stranger");
    let not_theirs = try_from(&app.app, &with_device(&staff_device), GUS, PASSWORD).await;
    assert!(matches!(not_theirs, Err(Error::Busy(Busy::Full))), "somebody else's device");
    assert!(try_from(&app.app, &with_device(&device), GUS, PASSWORD).await.is_ok());
    let password = Password::typed(PASSWORD);
    assert!(admin::login(&app.app, &request(), "stella@staff.example", &password, "").await.is_err());
    admin::login(&app.app, &with_device(&staff_device), "stella@staff.example", &password, "").await.unwrap();
}

#[on_both_databases]
async fn v6_3_8_an_address_that_nobody_has_is_limited_exactly_like_a_known_one(app: TestApp) {
    person(&app, "Gus").await;
    let mut answers = Vec::new();
    for email in [GUS, NOBODY] {
        let mut seen = Vec::new();
        for number in 0..30 {
            let error = try_from(&app.app, &from_nth(number), email, "wrong").await.err().unwrap();
            seen.push((error.kind(), error.to_string()));
            app.clock.advance(Duration::from_secs(3));
        }
        app.clock.advance(Duration::from_hours(24));
        answers.push(seen);
    }
    assert_eq!(answers[0], answers[1]);
    let held_back = |seen: &[(ErrorKind, String)]| seen.iter().filter(|(kind, _)| *kind != ErrorKind::Unauthenticated).count();
    assert!(held_back(&answers[0]) > 5);
}

#[on_both_databases]
async fn limits_survive_a_restart_and_hold_on_every_node(app: TestApp) {
    person(&app, "Gus").await;
    let second = app.second_node();
    for number in 0..10 {
        let node = if number % 2 == 0 { &app.app } else { &second };
        assert!(matches!(try_from(node, &from_nth(number), GUS, "wrong").await, Err(Error::WrongCredentials)));
    }
    for node in [&app.app, &second, &app.second_node()] {
        assert!(wait_of(&try_from(node, &from_nth(99), GUS, PASSWORD).await).is_some());
    }
}

#[on_both_databases]
async fn many_who_succeed_from_one_address_are_not_held_back(app: TestApp) {
    app.notify(Verification::Off).await;
    person(&app, "Gus").await;
    for number in 0..150 {
        assert!(try_from(&app.app, &request(), GUS, PASSWORD).await.is_ok(), "{number}");
    }
    assert_eq!(number(&app, "select count(*) from guess_buckets").await, 1, "the notices of new devices alone");
    assert_eq!(number(&app, "select count(*) from devices").await, 20, "devices are bounded");
    assert_eq!(new_devices(&app).await.len(), 5, "and so are notices");
}

#[on_both_databases]
async fn an_address_that_tries_many_logins_is_held_back_with_its_block(app: TestApp) {
    for number in 0..50 {
        let result = try_from(&app.app, &request(), &format!("nr{number}@example.com"), "wrong").await;
        assert!(matches!(result, Err(Error::WrongCredentials)), "{number}");
    }
    assert!(wait_of(&try_from(&app.app, &request(), "another@example.com", "wrong").await).is_some());
    let neighbour = Request { ip: Some([192, 0, 2, 8].into()), ..request() };
    assert!(wait_of(&try_from(&app.app, &neighbour, "another@example.com", "wrong").await).is_none());
}

/// Fails so often from one address, each time at another login that nobody has.
async fn fail_from(app: &TestApp, ip: IpAddr, times: std::ops::Range<u32>) {
    let from = Request { ip: Some(ip), ..Request::default() };
    let failed = app.app.write(&from, move |tx| {
        times
            .clone()
            .into_iter()
            .try_for_each(|number| guessing::failed(tx, &Guess::login(&EmailKey::of(&format!("nr{number}@x.example")), None)))
    });
    failed.await.unwrap();
}

/// How long somebody who comes from there for the first time has to wait.
async fn wait_from(app: &TestApp, ip: IpAddr) -> Option<Duration> {
    let from = Request { ip: Some(ip), ..Request::default() };
    let guess = Guess::login(&EmailKey::of("one.more@example.com"), None);
    wait_of(&app.app.read(move |snapshot| guessing::admit(snapshot, &from, &guess)).await)
}

#[on_both_databases]
async fn v6_3_1_a_block_of_addresses_is_heard_so_often_together_and_no_more(app: TestApp) {
    let v4 = |block: u8, host: u32| IpAddr::from([198, 51, block, u8::try_from(host).unwrap()]);
    let v6 = |block: u16, net: u32| IpAddr::from([0x2001, 0xdb8, block, u16::try_from(net).unwrap(), 0, 0, 0, 1]);
    for (which, of) in [("/24", &v4 as &dyn Fn(u8, u32) -> IpAddr), ("/48", &|block, net| v6(block.into(), net))] {
        for host in 0..10 {
            fail_from(&app, of(1, host), host * 25..host * 25 + 24).await;
        }
        fail_from(&app, of(1, 10), 300..309).await;
        assert_eq!(wait_from(&app, of(1, 99)).await, None, "{which}: 249 have failed");
        fail_from(&app, of(1, 10), 309..310).await;
        assert_eq!(wait_from(&app, of(1, 99)).await, Some(Duration::from_secs(2)), "{which}: 250 have failed");
        assert_eq!(wait_from(&app, of(2, 99)).await, None, "{which}: another block is heard");
        app.clock.advance(Duration::from_hours(1));
    }
}

#[on_both_databases]
async fn v6_1_1_v6_3_1_all_together_are_heard_so_often_and_a_known_device_is_let_in(app: TestApp) {
    person(&app, "Gus").await;
    let device = login(&app.app, GUS).await.device;
    let of = |block: u8| IpAddr::from([203, 0, block, 1]);
    for block in 0..39 {
        fail_from(&app, of(block), u32::from(block) * 50..u32::from(block) * 50 + 50).await;
    }
    fail_from(&app, of(100), 5_000..5_049).await;
    assert_eq!(wait_from(&app, of(200)).await, None, "1,999 have failed");
    fail_from(&app, of(100), 5_049..5_050).await;
    assert_eq!(wait_from(&app, of(200)).await, Some(Duration::from_secs(1)), "2,000 have failed");
    let stranger = Request { ip: Some(of(200)), ..request() };
    assert!(wait_of(&try_from(&app.app, &stranger, GUS, PASSWORD).await).is_some());
    assert!(try_from(&app.app, &with_device(&device), GUS, PASSWORD).await.is_ok(), "strangers never lock the owner out");
    app.clock.advance(Duration::from_secs(1));
    assert!(try_from(&app.app, &stranger, GUS, PASSWORD).await.is_ok(), "slowed down, not locked");
    app.take_mails().await;
}

#[on_both_databases]
async fn the_pause_grows_gently_and_is_bounded(app: TestApp) {
    person(&app, "Gus").await;
    let waits = fail_patiently(&app, &request(), 400).await;
    let (early, late) = (waits[12], waits[399]);
    assert!(waits[..10].iter().all(Duration::is_zero));
    assert!(early >= Duration::from_secs(29) && early <= Duration::from_mins(1), "{early:?}");
    assert!(late > early && late <= Duration::from_mins(15), "{late:?}");
    assert!(waits[10..].windows(2).all(|pair| pair[1] <= pair[0] + Duration::from_secs(31)), "gently");
    app.clock.advance(Duration::from_hours(3));
    assert!(swept(&app.app, guessing::sweep_buckets).await > 0);
    assert_eq!(number(&app, "select count(*) from guess_buckets").await, 0, "full buckets are removed by the clock");
    assert!(try_from(&app.app, &request(), NOBODY, "wrong").await.is_err());
    swept(&app.app, guessing::sweep_failures).await;
    assert_eq!(number(&app, "select count(*) from guess_failures").await, 2, "Gus's stay");
    app.clock.advance(Duration::from_hours(30 * 24));
    assert_eq!(swept(&app.app, guessing::sweep_failures).await, 1, "nobody's are forgotten after 30 days");
    assert_eq!(told(&app).await, ["password-stopped"]);
}

#[on_both_databases]
async fn failures_at_a_login_that_nobody_has_count_for_thirty_days_and_no_longer(app: TestApp) {
    let guess = || Guess::login(&EmailKey::of(NOBODY), None);
    let fail = async || app.app.write(&request(), move |tx| guessing::failed(tx, &guess())).await.unwrap();
    let standing = async || app.app.read(move |snapshot| guessing::admit(snapshot, &request(), &guess())).await.unwrap();
    for _ in 0..MAX_FAILURES {
        fail().await;
        app.clock.advance(Duration::from_mins(15));
    }
    assert_eq!(standing().await.standing, Standing::Stopped);
    app.clock.advance(Duration::from_hours(30 * 24));
    assert_eq!(standing().await.standing, Standing::Works, "though nobody has swept");
    fail().await;
    assert_eq!(number(&app, "select strange from guess_failures").await, 1, "the count begins anew");
}

#[on_both_databases]
async fn nist_3_2_2_after_a_hundred_failures_in_a_row_the_password_must_be_set_anew(app: TestApp) {
    let gus = person(&app, "Gus").await;
    let known = login(&app.app, GUS).await;
    let current = resolved(&app.app, &known.secret).await.unwrap().session.id;
    fail_patiently(&app, &request(), 99).await;
    app.clock.advance(Duration::from_hours(4));
    assert_eq!(count_events(&app, "password-stopped").await, 0);
    fail_patiently(&app, &request(), 1).await;
    assert_eq!(count_events(&app, "password-stopped").await, 1, "the user is told");
    app.clock.advance(Duration::from_hours(4));
    let right = try_from(&app.app, &request(), GUS, PASSWORD).await;
    assert!(matches!(right, Err(Error::WrongCredentials)), "right, and answered as wrong");
    assert!(try_from(&app.app, &with_device(&known.device), GUS, PASSWORD).await.is_ok(), "strangers stop only strangers");
    assert!(try_from(&app.app, &request(), GUS, PASSWORD).await.is_err(), "and that does not let them in again");
    let (old, new) = (Password::typed(PASSWORD), Password::typed("another password"));
    user::change_password(&app.app, &with_device(&known.device), gus, current, &old, &new).await.unwrap();
    app.clock.advance(Duration::from_hours(4));
    assert!(try_from(&app.app, &request(), GUS, "another password").await.is_ok());
    assert_eq!(told(&app).await, ["password-stopped", "password-changed"]);
}

#[on_both_databases]
async fn nist_3_2_2_success_clears_the_count(app: TestApp) {
    person(&app, "Gus").await;
    for _ in 0..2 {
        fail_patiently(&app, &request(), 60).await;
        app.clock.advance(Duration::from_hours(4));
        assert!(try_from(&app.app, &request(), GUS, PASSWORD).await.is_ok());
    }
    assert_eq!(number(&app, "select count(*) from guess_failures").await, 0);
}

#[on_both_databases]
async fn nist_3_2_2_failures_of_a_known_device_are_counted_by_themselves(app: TestApp) {
    person(&app, "Gus").await;
    let device = login(&app.app, GUS).await.device;
    fail_patiently(&app, &with_device(&device), 100).await;
    app.clock.advance(Duration::from_hours(4));
    assert!(matches!(try_from(&app.app, &with_device(&device), GUS, PASSWORD).await, Err(Error::WrongCredentials)));
    assert_eq!(count_events(&app, "password-stopped").await, 1);
    assert_eq!(told(&app).await, ["password-stopped"]);
}

#[on_both_databases]
async fn nist_3_2_2_the_count_is_exact_when_two_nodes_race(app: TestApp) {
    let gus = person(&app, "Gus").await;
    let nodes = [app.app.clone(), app.second_node()];
    let guess = Guess::of_user(Kind::Totp, gus);
    // Both nodes fail at the same moments.
    let mut tries = Vec::new();
    for number in 0..240_u32 {
        let (node, guess) = (nodes[number as usize % 2].clone(), guess.clone());
        tries.push(tokio::spawn(async move {
            let from = Request { ip: None, ..Request::default() };
            node.write(&from, move |tx| guessing::failed(tx, &guess)).await
        }));
        if number % 20 == 19 {
            app.clock.advance(Duration::from_hours(5));
        }
    }
    let mut counted = 0;
    for one in tries {
        let result = one.await.unwrap();
        assert!(!matches!(&result, Err(error) if is_internal(error)), "{result:?}");
        counted += i64::from(result.is_ok());
    }
    assert_eq!(number(&app, "select strange from guess_failures").await, counted, "none is lost, none counted twice");
}

/// Of the hundredth failure and a success at the same moment on two nodes, the one that comes second knows of the first.
#[on_both_databases]
async fn nist_3_2_2_no_success_is_heard_after_the_hundredth_failure_even_when_two_nodes_race(app: TestApp) {
    let gus = person(&app, "Gus").await;
    let second = app.second_node();
    let guess = Guess::of_user(Kind::Totp, gus);
    let fail = async |node: &App| {
        let guess = guess.clone();
        node.write(&request(), move |tx| guessing::failed(tx, &guess)).await
    };
    let succeed = async |node: &App| {
        let guess = guess.clone();
        node.write(&request(), move |tx| guessing::succeeded(tx, &guess)).await
    };
    let strange = async || number(&app, "select coalesce(max(strange), 0) from guess_failures").await;
    for round in 0..12 {
        let owner = Subject::User(gus);
        app.app.write(&request(), move |tx| guessing::rebound(tx, Authenticator::Totp, owner)).await.unwrap();
        fail(&app.app).await.unwrap();
        sql(&app, &format!("update guess_failures set strange = {}", MAX_FAILURES - 1)).await.unwrap();
        app.clock.advance(Duration::from_hours(4));
        let (failed, heard) = tokio::join!(fail(&app.app), succeed(&second));
        failed.unwrap();
        match heard {
            Ok(()) => assert_eq!(strange().await, 1, "{round}: it came first, and the count began anew"),
            Err(guessing::Error::Stopped) => assert_eq!(strange().await, MAX_FAILURES, "{round}"),
            Err(error) => panic!("{round}: {error}"),
        }
    }
    sql(&app, &format!("update guess_failures set strange = {}", MAX_FAILURES - 1)).await.unwrap();
    app.clock.advance(Duration::from_hours(4));
    fail(&second).await.unwrap();
    for node in [&app.app, &second] {
        assert!(matches!(succeed(node).await, Err(guessing::Error::Stopped)), "once a hundred are counted, none is heard");
    }
    assert_eq!(strange().await, MAX_FAILURES);
    app.take_mails().await;
}

#[on_both_databases]
async fn a_right_guess_that_races_past_the_limit_learns_nothing(app: TestApp) {
    person(&app, "Gus").await;
    let login = credentials(GUS, PASSWORD, false);
    let proven = session::authenticate(&app.app, &request(), &login).await.unwrap();
    for number in 0..10 {
        assert!(try_from(&app.app, &from_nth(number), GUS, "wrong").await.is_err());
    }
    let late = app.app.write(&request(), move |tx| session::start(tx, &proven, false, "")).await;
    assert!(wait_of(&late).is_some(), "it was compared before the others failed, and is answered after");
}

#[on_both_databases]
async fn v6_6_3_codes_are_limited_for_each_user(app: TestApp) {
    let (gus, mia) = (person(&app, "Gus").await, person(&app, "Mia").await);
    let fail = async |user: UserId, kind| {
        let guess = Guess::of_user(kind, user);
        app.app.write(&request(), move |tx| guessing::failed(tx, &guess)).await
    };
    for kind in [Kind::Totp, Kind::RecoveryCode, Kind::Passkey, Kind::StepUp] {
        let mut heard = 0;
        while fail(gus, kind).await.is_ok() {
            heard += 1;
        }
        assert!((5..=10).contains(&heard), "{kind:?}: {heard}");
        let guess = Guess::of_user(kind, gus);
        let asked = app.app.read(move |snapshot| guessing::admit(snapshot, &request(), &guess)).await;
        assert!(wait_of(&asked).is_some());
        assert!(fail(mia, kind).await.is_ok(), "{kind:?}: somebody else is not held back");
    }
}

#[on_both_databases]
async fn v2_4_1_invitations_are_sent_so_often_and_no_more(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mut sent = 0;
    let refused = loop {
        match send(&app.app, owner, acme, &format!("nr{sent}@example.org"), "invoices").await {
            Ok(_) => sent += 1,
            Err(error) => break Err::<(), _>(error),
        }
        assert!(sent <= 200, "nothing holds back");
    };
    let wait = wait_of(&refused).expect("told when to come again");
    assert_eq!(sent, 200);
    app.clock.advance(wait);
    send(&app.app, owner, acme, "later@example.org", "invoices").await.unwrap();
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn v6_3_8_resets_are_limited_by_what_is_typed_and_never_by_who_has_it(app: TestApp) {
    person(&app, "Gus").await;
    let ask = async |from: Request, address: &str| {
        let address = email(address);
        app.app.write(&from, move |tx| reset::ask(tx, Logins::Users, &address)).await
    };
    let mut answers = Vec::new();
    for (address, first) in [(GUS, 0), (NOBODY, 100)] {
        let mut seen = Vec::new();
        for number in 0..8 {
            seen.push(wait_of(&ask(from_nth(first + number), address).await));
        }
        assert!(seen[..5].iter().all(Option::is_none) && seen[5..].iter().all(Option::is_some), "{seen:?}");
        answers.push(seen);
    }
    assert_eq!(answers[0], answers[1]);
    assert!(wait_of(&ask(from_nth(0), "GUS@example.com").await).is_some(), "however it is written");
    app.clock.advance(answers[0][7].unwrap());
    assert!(ask(from_nth(0), GUS).await.is_ok(), "slowed down, not locked");
    app.resolve_resets().await;
    assert_eq!(told(&app).await, ["password-reset"]);
}

#[on_both_databases]
async fn v2_4_1_a_network_asks_for_resets_so_often_and_no_more(app: TestApp) {
    let ask = async |from: Request, number: u32| {
        let address = email(&format!("nr{number}@example.com"));
        app.app.write(&from, move |tx| reset::ask(tx, Logins::Users, &address)).await
    };
    for number in 0..50 {
        assert!(ask(request(), number).await.is_ok(), "{number}");
    }
    assert!(wait_of(&ask(request(), 50).await).is_some());
    assert!(ask(from_nth(1), 50).await.is_ok(), "somebody elsewhere is not held back");
    app.resolve_resets().await;
}

#[on_both_databases]
async fn the_present_password_cannot_be_guessed_with_a_stolen_session(app: TestApp) {
    let gus = person(&app, "Gus").await;
    let new = Password::typed("another password");
    for number in 0..12 {
        let tried = user::change_password(&app.app, &request(), gus, SessionId(1), &Password::typed("wrong"), &new).await;
        assert_eq!(wait_of(&tried).is_some(), number >= 10, "{number}");
    }
}

#[on_both_databases]
async fn admins_are_guarded_like_users(app: TestApp) {
    staff(&app).await;
    let device = admin_login(&app.app, "stella@staff.example").await.unwrap().device;
    let wrong = async |from: Request, email: &'static str| {
        admin::login(&app.app, &from, email, &Password::typed("wrong"), "").await.map(|_| ())
    };
    for number in 0..20 {
        let known = wrong(from_nth(number), "stella@staff.example").await;
        let unknown = wrong(from_nth(number), NOBODY).await;
        assert_eq!(wait_of(&known), wait_of(&unknown));
        assert_eq!(wait_of(&known).is_some(), number >= 10);
    }
    let owner = admin::login(&app.app, &with_device(&device), "stella@staff.example", &Password::typed(PASSWORD), "").await;
    assert!(owner.is_ok());
}

#[on_both_databases]
async fn a_new_password_brings_an_authenticator_back(app: TestApp) {
    let gus = person(&app, "Gus").await;
    let guess = Guess::login(&EmailKey::of(GUS), Some(gus));
    for _ in 0..MAX_FAILURES {
        let failing = guess.clone();
        app.app.write(&Request::default(), move |tx| guessing::failed(tx, &failing)).await.unwrap();
        app.clock.advance(Duration::from_hours(1));
    }
    let standing = async || {
        let guess = guess.clone();
        app.app.read(move |snapshot| guessing::admit(snapshot, &Request::default(), &guess)).await.unwrap()
    };
    assert_eq!(standing().await.standing, Standing::Stopped);
    let owner = Subject::User(gus);
    app.app.write(&request(), move |tx| guessing::rebound(tx, Authenticator::Password, owner)).await.unwrap();
    assert_eq!(standing().await.standing, Standing::Works);
    assert_eq!(told(&app).await, ["password-stopped"]);
}
