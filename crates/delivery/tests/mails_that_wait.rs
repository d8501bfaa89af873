//! A mail server that is away, slow or asks to wait loses nothing: the mail arrives later (PRODUCT rule 10).

use std::time::Duration;

use latchkey_core::db::Location;
use latchkey_core::mail::{State, Written};
use latchkey_core::testing::{START, TestApp};
use latchkey_test_macros::on_both_databases;
use tokio::time::sleep;

use crate::mail_server::{Down, MailServer, Script, Seen};
use crate::world::{Always, NoHosts, Staff, Workers, another_app, eventually, often, smtp};

/// Longer than the pause after a first try.
const FIRST_PAUSE: Duration = Duration::from_secs(12);

#[on_both_databases]
async fn a_mail_waits_for_a_server_that_is_down(app: TestApp) {
    let staff = Staff::of(&app).await;
    let down = Down::new();
    let workers = Workers::sending_to(&app.app, down.port());
    staff.send_mail(&app.app, "jo@example.org").await;
    staff.tried(&app.app).await;
    let answer = staff.answer(&app.app).await;
    assert!(answer.contains("cannot be reached") && answer.contains("refused"), "{answer}");

    let mut server = down.start();
    app.clock.advance(FIRST_PAUSE);
    assert_eq!(server.mail().await.to, ["TO:<jo@example.org>"]);
    workers.stop().await;
    assert!(matches!(staff.state(&app.app).await, State::Sent { .. }));
    assert_eq!(server.rest(), []);
}

#[on_both_databases]
async fn a_mail_that_was_put_off_comes_back_when_its_time_has_come(app: TestApp) {
    let staff = Staff::of(&app).await;
    let mut server = MailServer::start([Script::Say("RCPT", "451 4.3.0 try later")]);
    let workers = Workers::sending_to(&app.app, server.port);
    staff.send_mail(&app.app, "first@example.org").await;
    assert_eq!(server.next().await, Seen::Step("RCPT"));
    workers.stop().await;
    assert_eq!(staff.answer(&app.app).await, "451 4.3.0 try later");

    app.clock.advance(Duration::from_secs(8));
    let workers = Workers::sending_to(&app.app, server.port);
    staff.send_mail(&app.app, "second@example.org").await;
    assert_eq!(server.mail().await.to, ["TO:<second@example.org>"]);
    workers.stop().await;
    assert_eq!(server.rest(), [], "the first is not due yet");

    app.clock.advance(Duration::from_secs(3));
    let workers = Workers::sending_to(&app.app, server.port);
    assert_eq!(server.mail().await.to, ["TO:<first@example.org>"]);
    workers.stop().await;
    assert_eq!(staff.mails(&app.app).await[0].1, State::Sent { at: START.after(Duration::from_secs(11)) });
}

#[on_both_databases]
async fn whatever_may_pass_is_tried_again_with_the_servers_words(app: TestApp) {
    let staff = Staff::of(&app).await;
    let troubles = [
        (Script::Close("CONNECT"), "closed"),
        (Script::Say("CONNECT", "554 5.3.2 no service"), "554 5.3.2 no service"),
        (Script::Say("CONNECT", "I am no mail server"), "not SMTP"),
        (Script::Say("EHLO", "421 4.3.2 shutting down"), "421 4.3.2 shutting down"),
        (Script::Say("MAIL", "530 5.7.0 authentication required"), "530 5.7.0 authentication required"),
        (Script::Say("DATA", "250 not what was asked"), "250 not what was asked"),
        (Script::Close("DATA"), "closed"),
        (Script::Say(".", "452 4.3.1 disk full"), "452 4.3.1 disk full"),
        (Script::Close("."), "closed"),
    ];
    let mut server = MailServer::start(troubles.clone().map(|(script, _)| script));
    staff.send_mail(&app.app, "jo@example.org").await;
    for (_, words) in troubles {
        let workers = Workers::sending_to(&app.app, server.port);
        assert!(matches!(server.next().await, Seen::Step(_)), "{words}");
        workers.stop().await;
        let answer = staff.answer(&app.app).await;
        assert!(answer.contains(words), "{answer} should say {words}");
        app.clock.advance(Duration::from_hours(2));
    }
    let workers = Workers::sending_to(&app.app, server.port);
    server.mail().await;
    workers.stop().await;
    assert_eq!(server.rest(), []);
}

#[on_both_databases]
async fn a_server_that_never_answers_does_not_hold_a_mail_for_ever(app: TestApp) {
    let staff = Staff::of(&app).await;
    let mut server = MailServer::start(["CONNECT", "RCPT", "."].map(Script::KeepSilent));
    for number in 0..3 {
        staff.send_mail(&app.app, &format!("{number}@example.org")).await;
    }
    let impatient = smtp(server.port).with_timeout(Duration::from_secs(1));
    let workers = Workers::start(&app.app, Some(impatient), often(), NoHosts);
    eventually("all mails are put off", async || {
        let mails = staff.mails(&app.app).await;
        let silent = |answer: &str| answer.contains("did not answer within");
        mails.iter().all(|(_, state)| matches!(state, State::Queued { answer: Some(answer) } if silent(answer)))
    })
    .await;
    workers.stop().await;

    app.clock.advance(FIRST_PAUSE);
    let workers = Workers::sending_to(&app.app, server.port);
    for _ in 0..3 {
        server.mail().await;
    }
    workers.stop().await;
    assert_eq!(server.rest(), []);
}

#[on_both_databases]
async fn a_mail_is_given_up_in_the_end_with_the_last_answer(app: TestApp) {
    let staff = Staff::of(&app).await;
    let mut server = MailServer::start(vec![Script::Say("RCPT", "451 4.3.0 try later"); 100]);
    staff.send_mail(&app.app, "jo@example.org").await;
    let workers = Workers::sending_to(&app.app, server.port);
    for tries in 1..=100 {
        eventually("the mail is tried again", async || staff.tries(&app.app).await == tries).await;
        app.clock.advance(Duration::from_hours(2));
    }
    workers.stop().await;
    let state = staff.state(&app.app).await;
    let expected = "given up after 100 tries; the last answer: 451 4.3.0 try later";
    assert!(matches!(&state, State::Failed { answer, .. } if answer == expected), "{state:?}");
    assert_eq!(server.rest().len(), 100);
}

#[on_both_databases]
async fn without_a_mail_server_mails_wait(app: TestApp) {
    app.expect_unsent_mails();
    let staff = Staff::of(&app).await;
    staff.send_mail(&app.app, "jo@example.org").await;
    let workers = Workers::start(&app.app, None, often(), NoHosts);
    sleep(5 * often()).await;
    workers.stop().await;
    assert_eq!(staff.state(&app.app).await, State::Queued { answer: None });
}

#[tokio::test]
async fn a_database_that_fails_does_not_end_the_worker() {
    let mut app = TestApp::sqlite().await;
    let Location::Sqlite(path) = &app.location else { panic!("this is SQLite") };
    let empty = Location::Sqlite(path.with_file_name("empty.db"));
    let written = Written { subject: "Hi".to_owned(), text: "Hi".to_owned(), html: "Hi".to_owned() };
    let without_tables = another_app(&app, &empty, 1, std::sync::Arc::new(Always(written)));
    let mut server = MailServer::start([]);
    let workers = Workers::sending_to(&without_tables, server.port);
    // Some rounds that fail; that they did is not what the test rests on.
    sleep(10 * often()).await;

    without_tables.database().migrate(START).await.unwrap();
    app.app = without_tables;
    let staff = Staff::of(&app).await;
    staff.send_mail(&app.app, "jo@example.org").await;
    server.mail().await;
    workers.stop().await;
    app.finish().await;
}
