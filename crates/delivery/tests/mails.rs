//! A mail is sent when the mail server took it, and its state says what the server said.

use std::sync::Arc;

use latchkey_core::access::{ManageUsers, Who};
use latchkey_core::invitation;
use latchkey_core::mail::{State, Written};
use latchkey_core::secret::Secret;
use latchkey_core::testing::{START, TestApp};
use latchkey_test_macros::on_both_databases;
use tokio::sync::Notify;

use crate::mail_server::{MailServer, Script, Seen};
use crate::world::{Always, NoHosts, Staff, Workers, another_app, hardly_ever, invite, smtp};

#[on_both_databases]
async fn rule_7_sent_means_that_the_mail_server_took_it(app: TestApp) {
    let staff = Staff::of(&app).await;
    let may_answer = Arc::new(Notify::new());
    let mut server = MailServer::start([Script::Wait(".", Arc::clone(&may_answer))]);
    let workers = Workers::sending_to(&app.app, server.port);
    staff.send_mail(&app.app, "jo@example.org").await;

    assert_eq!(server.next().await, Seen::Step("."));
    assert_eq!(staff.state(&app.app).await, State::Queued { answer: None });

    may_answer.notify_one();
    let received = server.mail().await;
    workers.stop().await;
    assert_eq!(staff.state(&app.app).await, State::Sent { at: START });
    assert_eq!(
        (received.from.as_str(), received.to.as_slice()),
        ("FROM:<mail@acme.example>", &["TO:<jo@example.org>".to_owned()][..])
    );
    assert_eq!(received.header("From"), "Acme <mail@acme.example>");
    assert_eq!(received.header("Subject"), "Test");
    assert_eq!(server.rest(), []);
}

#[on_both_databases]
async fn a_refusal_is_final_and_shows_the_servers_words(app: TestApp) {
    let staff = Staff::of(&app).await;
    let refusals = [
        ("MAIL", "550 5.7.1 who are you", "550 5.7.1 who are you"),
        ("RCPT", "550 5.1.1 no such user here", "550 5.1.1 no such user here"),
        ("RCPT", "550-5.1.1 no such user,\r\n550 5.1.1 ask the boss", "550 5.1.1 no such user, ask the boss"),
        ("DATA", "554 no valid recipients", "554 no valid recipients"),
        (".", "554 5.7.1 this is spam", "554 5.7.1 this is spam"),
    ];
    let mut server = MailServer::start(refusals.map(|(step, words, _)| Script::Say(step, words)));
    let workers = Workers::sending_to(&app.app, server.port);
    for (step, _, _) in refusals {
        staff.send_mail(&app.app, "jo@example.org").await;
        assert_eq!(server.next().await, Seen::Step(step));
    }
    workers.stop().await;
    let states: Vec<State> = staff.mails(&app.app).await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, refusals.map(|(_, _, answer)| State::Failed { at: START, answer: answer.to_owned() }));
}

#[on_both_databases]
async fn a_mail_whose_link_cannot_be_opened_is_given_up_at_once(app: TestApp) {
    let (staff, owner) = (Staff::of(&app).await, app.user("Olivia", "Owner", "olivia@example.com").await);
    let acme = app.account("Acme", owner).await;
    invite(&app, owner, acme, "jo@example.org").await;
    let templates = Always(Written { subject: String::new(), text: String::new(), html: String::new() });
    let other_key = another_app(&app, &app.location, 99, Arc::new(templates));

    let mut server = MailServer::start([]);
    let workers = Workers::sending_to(&other_key, server.port);
    staff.tried(&app.app).await;
    workers.stop().await;
    let state = staff.state(&app.app).await;
    assert!(matches!(&state, State::Failed { answer, .. } if answer.contains("another secret key")), "{state:?}");
    assert_eq!(server.rest(), []);
}

#[on_both_databases]
async fn a_hostile_text_is_one_mail_to_one_person(app: TestApp) {
    let staff = Staff::of(&app).await;
    let smuggled =
        "QUIT\r\nMAIL FROM:<x@evil.example>\r\nRCPT TO:<y@evil.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n";
    let written = Written {
        subject: "Hi\r\nBcc: z@evil.example\r\n\r\nan early end\r\n.\r\nQUIT".to_owned(),
        text: format!("one\r\n.\r\n{smuggled}two\n.\n{smuggled}three\r.\r{smuggled}\r\n..four\r\n."),
        html: format!("<p>\r\n.\r\n{smuggled}</p>\n.\n"),
    };
    let hostile = another_app(&app, &app.location, 1, Arc::new(Always(written)));
    staff.send_mail(&hostile, "jo@example.org").await;

    let mut server = MailServer::start([]);
    let workers = Workers::sending_to(&hostile, server.port);
    let received = server.mail().await;
    workers.stop().await;

    assert_eq!(server.rest(), []);
    assert_eq!(received.to, ["TO:<jo@example.org>"]);
    assert_eq!(received.header("Bcc"), "");
    assert_eq!(received.header("Subject"), "Hi Bcc: z@evil.example an early end . QUIT");
    assert!(received.text.contains("\r\none\r\n.\r\nQUIT\r\nMAIL FROM:<x@evil.example>\r\n"), "{}", received.text);
    assert!(received.text.contains("\r\n..four\r\n.\r\n"), "{}", received.text);
    let commands = server.commands.lock().unwrap().clone();
    assert_eq!(commands.iter().filter(|line| line.starts_with("MAIL")).count(), 1, "{commands:?}");
}

#[on_both_databases]
async fn the_old_mail_of_a_cancelled_or_resent_invitation_is_not_sent(app: TestApp) {
    let (staff, owner) = (Staff::of(&app).await, app.user("Olivia", "Owner", "olivia@example.com").await);
    let acme = app.account("Acme", owner).await;
    let cancelled = invite(&app, owner, acme, "cancelled@example.org").await;
    let resent = invite(&app, owner, acme, "resent@example.org").await;
    let request = app.request();
    let changed = app.app.write(&request, move |tx| {
        let by = tx.authorize::<ManageUsers>(Who::without_second_factor(owner), acme)?;
        invitation::cancel(tx, &by, cancelled)?;
        invitation::resend(tx, &by, resent)
    });
    changed.await.unwrap();

    let mut server = MailServer::start([]);
    let workers = Workers::sending_to(&app.app, server.port);
    let received = server.mail().await;
    staff.send_mail(&app.app, "last@example.org").await;
    assert_eq!(server.mail().await.to, ["TO:<last@example.org>"]);
    workers.stop().await;

    assert_eq!(received.to, ["TO:<resent@example.org>"]);
    let (_, link) = received.text.split_once("/invite/").unwrap();
    let secret = Secret::parse(link.split_whitespace().next().unwrap()).unwrap();
    let offered = app.app.read(move |snapshot| invitation::open(snapshot, &secret)).await.unwrap();
    assert_eq!(offered.id, resent);
    let states: Vec<_> = staff.mails(&app.app).await.into_iter().map(|(_, state)| state).collect();
    let sent = State::Sent { at: START };
    assert_eq!(states, [State::Cancelled, State::Cancelled, sent.clone(), sent]);
}

#[on_both_databases]
async fn a_backlog_is_sent_without_waiting_for_the_next_round(app: TestApp) {
    let staff = Staff::of(&app).await;
    for number in 0..15 {
        staff.send_mail(&app.app, &format!("{number}@example.org")).await;
    }
    let mut server = MailServer::start([]);
    let workers = Workers::start(&app.app, Some(smtp(server.port)), hardly_ever(), NoHosts);
    for _ in 0..15 {
        server.mail().await;
    }
    workers.stop().await;
}
