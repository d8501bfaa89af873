//! Several nodes share one outbox: each mail is sent by one of them, and by another when that one dies.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use latchkey_core::access::System;
use latchkey_core::mail::State;
use latchkey_core::outbox::{self, Topic};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;
use tokio::sync::Notify;

use crate::mail_server::{MailServer, Script, Seen};
use crate::world::{Staff, Workers};

#[on_both_databases]
async fn two_nodes_send_each_mail_once(app: TestApp) {
    let staff = Staff::of(&app).await;
    let second = app.second_node();
    let mut server = MailServer::start([]);
    let nodes = [Workers::sending_to(&app.app, server.port), Workers::sending_to(&second, server.port)];
    for number in 0..30 {
        let node = if number % 2 == 0 { &app.app } else { &second };
        staff.send_mail(node, &format!("{number}@example.org")).await;
    }
    let mut recipients = BTreeSet::new();
    for _ in 0..30 {
        recipients.extend(server.mail().await.to);
    }
    for node in nodes {
        node.stop().await;
    }
    assert_eq!(recipients.len(), 30, "{recipients:?}");
    assert_eq!(server.rest(), []);
    let mails = staff.mails(&app.app).await;
    assert!(mails.iter().all(|(_, state)| matches!(state, State::Sent { .. })), "{mails:?}");
}

#[on_both_databases]
async fn what_a_dead_worker_held_is_sent_by_another_when_its_lease_has_ended(app: TestApp) {
    let staff = Staff::of(&app).await;
    staff.send_mail(&app.app, "held@example.org").await;
    let lease = Duration::from_mins(2);
    let request = app.request();
    let claimed = app.app.write(&request, move |tx| outbox::claim(tx, &System::named("dead"), Topic::Mail, 20, lease));
    assert_eq!(claimed.await.unwrap().len(), 1);

    let mut server = MailServer::start([]);
    let workers = Workers::sending_to(&app.second_node(), server.port);
    staff.send_mail(&app.app, "new@example.org").await;
    assert_eq!(server.mail().await.to, ["TO:<new@example.org>"]);
    workers.stop().await;
    assert_eq!(server.rest(), [], "the lease has not ended");

    app.clock.advance(lease);
    let workers = Workers::sending_to(&app.second_node(), server.port);
    assert_eq!(server.mail().await.to, ["TO:<held@example.org>"]);
    workers.stop().await;
    assert_eq!(server.rest(), []);
}

#[on_both_databases]
async fn workers_that_stop_finish_what_they_have_begun(app: TestApp) {
    let staff = Staff::of(&app).await;
    let may_answer = Arc::new(Notify::new());
    let mut server = MailServer::start([Script::Wait(".", Arc::clone(&may_answer))]);
    let workers = Workers::sending_to(&app.app, server.port);
    staff.send_mail(&app.app, "jo@example.org").await;
    assert_eq!(server.next().await, Seen::Step("."));
    let stopping = tokio::spawn(workers.stop());
    tokio::task::yield_now().await;
    may_answer.notify_one();
    stopping.await.unwrap();
    assert!(matches!(staff.state(&app.app).await, State::Sent { .. }));
}
