//! Links and challenges are neither guessed at nor asked for without end.

use std::time::Duration;

use latchkey_core::app::Request;
use latchkey_core::passkey::soft::{SoftKey, Told};
use latchkey_core::reset::{self, Logins};
use latchkey_core::settings::Verification;
use latchkey_core::testing::TestApp;
use latchkey_core::{invitation, passkey, verification};
use latchkey_test_macros::on_both_databases;

use crate::guessing::{GUS, from_nth, wait_of, with_device};
use crate::passkey::{URL, add, browser, log_in, login_challenge, user};
use crate::support::*;

#[on_both_databases]
async fn links_that_never_were_are_counted_and_real_ones_work_all_the_same(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    let mut heard = 0;
    loop {
        let forged = app.app.random().secret().unwrap();
        let result = invitation::try_link(&app.app, &request(), &forged).await;
        if wait_of(&result).is_some() {
            break;
        }
        assert!(matches!(result, Err(invitation::Error::Gone)));
        heard += 1;
    }
    assert_eq!(heard, 50);
    assert!(invitation::try_link(&app.app, &request(), &link).await.is_ok(), "who holds a link is not held back");
}

#[on_both_databases]
async fn links_of_resets_and_verifications_are_not_guessed_at_without_end(app: TestApp) {
    app.notify(Verification::Ask).await;
    let gus = person(&app, "Gus").await;
    ask_for_reset(&app, GUS).await;
    let choosing = latest_link(&app).await;
    as_myself(&app.app, gus, verification::resend).await.unwrap();
    let confirming = latest_link(&app).await;
    let forged = || app.app.random().secret().unwrap();
    let (mut choices, mut confirmations) = (0, 0);
    while wait_of(&reset::try_link(&app.app, &request(), Logins::Users, &forged()).await).is_none() {
        choices += 1;
    }
    while wait_of(&verification::try_link(&app.app, &request(), &forged()).await).is_none() {
        confirmations += 1;
    }
    assert_eq!((choices, confirmations), (50, 50));
    assert!(reset::try_link(&app.app, &request(), Logins::Users, &choosing).await.is_ok(), "who holds a link is not held back");
    assert!(verification::try_link(&app.app, &request(), &confirming).await.is_ok());
    assert!(wait_of(&reset::try_link(&app.app, &from_nth(1), Logins::Users, &forged()).await).is_none());
}

#[on_both_databases]
async fn challenges_of_passkeys_are_made_so_often_for_a_network_and_no_more(app: TestApp) {
    let begin = async |from: Request| {
        let browser = app.app.random().secret().unwrap();
        app.app.write(&from, move |tx| passkey::begin_login(tx, &browser)).await.map(drop)
    };
    let mut made = 0;
    let refused = loop {
        let answer = begin(request()).await;
        if answer.is_err() {
            break answer;
        }
        made += 1;
    };
    assert_eq!(made, 300);
    assert_eq!(number(&app, "select count(*) from passkey_challenges").await, made, "what is refused leaves no row");
    assert!(begin(from_nth(1)).await.is_ok());
    app.clock.advance(wait_of(&refused).unwrap());
    assert!(begin(request()).await.is_ok());
    app.clock.advance(Duration::from_mins(5));
    swept(&app.app, passkey::sweep).await;
    assert_eq!(number(&app, "select count(*) from passkey_challenges").await, 0, "what nobody answered is removed by the clock");
}

/// Somebody has a passkey and a browser that is known; then somebody else at the same address makes answers up, as fast as they are heard.
#[on_both_databases]
async fn passkeys_of_nobody_are_refused_and_logged_so_often_for_a_network_and_no_more(app: TestApp) {
    let (_, me) = user(&app, "Pia").await;
    let key = add(&app.app, &me, "Key").await;
    let mine = browser(&app);
    let device = log_in(&app.app, &mine, &key, 2).await.unwrap().device;
    app.take_mails().await;
    let invented = SoftKey::es256(b"nobody");
    let invent = async |from: Request| {
        let answer = invented.sign(&Told::get(URL, &browser(&app).reveal(), 2)).response();
        passkey::login(&app.app, &from, browser(&app), answer, false).await
    };
    for number in 0..300 {
        let answer = invent(request()).await;
        assert!(matches!(answer, Err(passkey::Error::Refused)), "{number}: the login before took nothing");
    }
    let held_back = invent(request()).await;
    assert!(wait_of(&held_back).is_some());
    assert!(wait_of(&invent(with_device(&device)).await).is_some(), "a known browser makes up no more than others");
    assert_eq!(count_events(&app, "passkey-refused").await, 300, "what is held back is not written down");
    assert!(matches!(invent(from_nth(1)).await, Err(passkey::Error::Refused)), "somebody elsewhere is heard");
    assert_eq!(count_events(&app, "passkey-refused").await, 301);

    let challenge = login_challenge(&app.app, &mine).await;
    let right = key.sign(&Told::get(URL, &challenge, 3));
    let present = async |from: Request| passkey::login(&app.app, &from, mine.clone(), right.response(), false).await;
    assert!(wait_of(&present(request()).await).is_some(), "in a browser that nobody knows a right one waits, too");
    let forged = app.app.random().secret().unwrap();
    assert!(wait_of(&present(with_device(&forged)).await).is_some(), "a cookie that nobody was given is none");
    assert!(present(with_device(&device)).await.is_ok(), "strangers never lock a known browser out");
    app.clock.advance(wait_of(&held_back).unwrap());
    assert!(log_in(&app.app, &mine, &key, 4).await.is_ok(), "slowed down, not locked");
}
