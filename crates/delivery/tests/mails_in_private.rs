//! Encryption and logging in: nothing is said to a server that cannot be trusted with it.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use latchkey_core::testing::TestApp;
use latchkey_delivery::SmtpSettings;
use latchkey_test_macros::on_both_databases;

use crate::mail_server::{MailServer, Script, Seen};
use crate::world::{NoHosts, Staff, Workers, eventually, often};

const FROM: &str = "mail@acme.example";

#[on_both_databases]
async fn a_refused_login_is_a_wrong_setting_and_no_end_of_the_mail(app: TestApp) {
    let staff = Staff::of(&app).await;
    let mut server = MailServer::start([Script::Say("AUTH", "535 5.7.8 authentication failed")]);
    let smtp = SmtpSettings::parse(&format!("smtp://jo:p%40ss%2Fword@127.0.0.1:{}", server.port), FROM).unwrap();
    staff.send_mail(&app.app, "jo@example.org").await;

    let workers = Workers::start(&app.app, Some(smtp.clone()), often(), NoHosts);
    assert_eq!(server.next().await, Seen::Step("AUTH"));
    workers.stop().await;
    let answer = staff.answer(&app.app).await;
    assert!(answer.ends_with("does not let us log in: 535 5.7.8 authentication failed"), "{answer}");
    assert!(!answer.contains("p@ss"), "{answer}");

    app.clock.advance(Duration::from_secs(12));
    let workers = Workers::start(&app.app, Some(smtp), often(), NoHosts);
    server.mail().await;
    workers.stop().await;
    let login = format!("AUTH PLAIN {}", STANDARD.encode("\0jo\0p@ss/word"));
    let commands = server.commands.lock().unwrap().clone();
    assert_eq!(commands.iter().filter(|line| **line == login).count(), 2, "{commands:?}");
}

#[on_both_databases]
async fn nothing_is_said_without_the_encryption_that_was_asked_for(app: TestApp) {
    let staff = Staff::of(&app).await;
    let server = MailServer::start([]);
    staff.send_mail(&app.app, "jo@example.org").await;
    for (url, words) in [
        (format!("smtp://jo:secret@127.0.0.1:{}?tls=required", server.port), "cannot be talked to in private"),
        (format!("smtps://jo:secret@127.0.0.1:{}", server.port), "cannot be reached"),
    ] {
        let smtp = SmtpSettings::parse(&url, FROM).unwrap();
        let before = staff.state(&app.app).await;
        let workers = Workers::start(&app.app, Some(smtp), often(), NoHosts);
        eventually("the mail is tried", async || staff.state(&app.app).await != before).await;
        workers.stop().await;
        let answer = staff.answer(&app.app).await;
        assert!(answer.contains(words), "{answer} should say {words}");
        app.clock.advance(Duration::from_hours(2));
    }
    let commands = server.commands.lock().unwrap().clone();
    assert!(!commands.iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")), "{commands:?}");

    // When the server is on the same machine, opportunistic means that plain will do.
    let smtp = SmtpSettings::parse(&format!("smtp://127.0.0.1:{}?tls=opportunistic", server.port), FROM).unwrap();
    let workers = Workers::start(&app.app, Some(smtp), often(), NoHosts);
    let mut server = server;
    server.mail().await;
    workers.stop().await;
}
