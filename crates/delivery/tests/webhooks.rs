//! Events reach other systems: in order, signed, at least once, and only where they may lead.

use std::net::IpAddr;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use latchkey_core::access::{ConfirmedAdmin, ManageApi, System};
use latchkey_core::app::{App, Request};
use latchkey_core::id::{AdminId, WebhookId};
use latchkey_core::testing::TestApp;
use latchkey_core::webhook::{self, Attempt, Error, NewWebhook};
use latchkey_delivery::{DeliverySettings, LookUp, run_with};
use latchkey_test_macros::on_both_databases;
use ring::hmac;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::receiver::{OK, Receiver};
use crate::world::eventually;

/// Every name has these addresses.
struct Names(Vec<IpAddr>);

impl LookUp for Names {
    async fn names(&self, _: IpAddr) -> Vec<String> {
        Vec::new()
    }

    async fn addresses(&self, _: &str) -> Vec<IpAddr> {
        self.0.clone()
    }
}

struct Workers {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Workers {
    fn start(app: &App, allowed: &[&str], names: &[&str]) -> Self {
        let (stop, stopped) = watch::channel(false);
        let settings = DeliverySettings {
            poll_every: Duration::from_millis(50),
            webhook_allow: allowed.iter().map(|network| network.parse().unwrap()).collect(),
            ..DeliverySettings::default()
        };
        let names = Names(names.iter().map(|address| address.parse().unwrap()).collect());
        Self { stop, task: tokio::spawn(run_with(app.clone(), settings, names, stopped)) }
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
    }
}

const LOOPBACK: &[&str] = &["127.0.0.0/8"];

async fn hook(app: &TestApp, admin: AdminId, url: &str, kinds: &[&str]) -> (WebhookId, String) {
    let kinds: Vec<String> = kinds.iter().map(|&kind| kind.to_owned()).collect();
    let new = NewWebhook::parse(url, "", &kinds, true).unwrap();
    let request = Request::default();
    let made = app.app.write(&request, move |tx| {
        let by = tx.authorize_admin::<ManageApi>(admin)?;
        webhook::create(tx, &by, &tx.authorize_admin(admin)?, &ConfirmedAdmin::machine(&System::named("test")), &new)
    });
    made.await.unwrap()
}

async fn attempts(app: &TestApp, admin: AdminId, id: WebhookId) -> Vec<Attempt> {
    let read = app.app.read(move |snapshot| {
        let by = snapshot.authorize_admin::<ManageApi>(admin)?;
        Ok::<_, Error>(webhook::attempts(snapshot, &by, id, 100)?)
    });
    read.await.unwrap()
}

async fn test(app: &TestApp, admin: AdminId, id: WebhookId) {
    let request = Request::default();
    let asked = app.app.write(&request, move |tx| {
        let by = tx.authorize_admin::<ManageApi>(admin)?;
        webhook::send_test(tx, &by, id)
    });
    asked.await.unwrap();
}

/// What a receiver does that has no library.
fn verify(secret: &str, got: &crate::receiver::Got) {
    let secret = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let signed = format!("{}.{}.{}", got.headers["webhook-id"], got.headers["webhook-timestamp"], got.body);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), signed.as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(tag));
    assert!(got.headers["webhook-signature"].split(' ').any(|signature| signature == expected));
}

#[on_both_databases]
async fn v16_4_3_events_arrive_signed_in_order_and_over_one_connection(app: TestApp) {
    let admin = app.admin("Ada Admin", "ada@example.com").await;
    let receiver = Receiver::start(&[]).await;
    let url = format!("http://hooks.example:{}/in?key=1", receiver.address.port());
    let (id, secret) = hook(&app, admin, &url, &["user.created"]).await;
    for number in 0..20 {
        app.user("Uma", &format!("User {number}"), &format!("u{number}@example.com")).await;
    }
    let workers = Workers::start(&app.app, LOOPBACK, &["127.0.0.1"]);
    eventually("twenty messages arrive", async || receiver.got().len() == 20).await;
    app.user("Uma", "Last", "last@example.com").await;
    eventually("what happens later arrives", async || receiver.got().len() == 21).await;
    workers.stop().await;
    let got = receiver.got();
    let mut before = 0;
    for (number, message) in got.iter().enumerate() {
        verify(&secret, message);
        assert_eq!(message.line, "POST /in?key=1 HTTP/1.1");
        assert_eq!(message.headers["host"], format!("hooks.example:{}", receiver.address.port()));
        assert_eq!(message.headers["content-type"], "application/json");
        let name = if number == 20 { "Uma Last".to_owned() } else { format!("Uma User {number}") };
        assert!(
            message.body.starts_with(r#"{"type":"user.created","timestamp":"2026-11-24T08:00:00.000000Z","data":{"seq":"#),
            "{}",
            message.body
        );
        assert!(message.body.contains(&format!("\"name\":\"{name}\"")), "{}", message.body);
        let seq: i64 = message.headers["webhook-id"].strip_prefix(&format!("evt_{id}_")).unwrap().parse().unwrap();
        assert!(seq > before);
        before = seq;
    }
    assert!(receiver.connections() <= 2, "{} connections", receiver.connections());
    assert_eq!(attempts(&app, admin, id).await.len(), 21);
}

#[on_both_databases]
async fn v15_3_2_only_a_2xx_status_is_success_and_redirects_are_not_followed(app: TestApp) {
    let admin = app.admin("Ada Admin", "ada@example.com").await;
    let elsewhere = Receiver::start(&[]).await;
    let redirect =
        format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://{}/\r\nContent-Length: 0\r\n\r\n", elsewhere.address);
    let large = format!("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{}", "x".repeat(1_000_000));
    let answers = [
        redirect.as_str(),
        "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n",
        "nonsense\r\n\r\n",
        large.as_str(),
        OK,
    ];
    let receiver = Receiver::start(&answers).await;
    let (id, _) = hook(&app, admin, &format!("http://{}/", receiver.address), &["ban.added"]).await;
    let workers = Workers::start(&app.app, LOOPBACK, &[]);
    for number in 1..=answers.len() {
        test(&app, admin, id).await;
        eventually("the test was tried", async || attempts(&app, admin, id).await.len() == number).await;
    }
    workers.stop().await;
    let statuses: Vec<Option<i64>> = attempts(&app, admin, id).await.iter().rev().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(307), Some(500), Some(410), None, Some(200), Some(204)]);
    assert!(elsewhere.got().is_empty());
}

#[on_both_databases]
async fn v1_3_6_nothing_is_sent_where_a_webhook_may_not_lead(app: TestApp) {
    let admin = app.admin("Ada Admin", "ada@example.com").await;
    let receiver = Receiver::start(&[]).await;
    let port = receiver.address.port();
    // The configuration allows nothing; each name leads to this machine and to a public address.
    let workers = Workers::start(&app.app, &[], &["1.1.1.1", "127.0.0.1"]);
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://hooks.example:{port}/"),
    ] {
        let (id, _) = hook(&app, admin, &url, &["ban.added"]).await;
        test(&app, admin, id).await;
        eventually("it was tried", async || !attempts(&app, admin, id).await.is_empty()).await;
        let attempt = attempts(&app, admin, id).await.remove(0);
        assert!(attempt.status.is_none() && attempt.error.contains("private"), "{url}: {attempt:?}");
    }
    workers.stop().await;
    assert_eq!(receiver.connections(), 0, "not even a connection");
}

#[on_both_databases]
async fn several_nodes_send_each_event_once(app: TestApp) {
    let admin = app.admin("Ada Admin", "ada@example.com").await;
    let receiver = Receiver::start(&[]).await;
    for _ in 0..3 {
        hook(&app, admin, &format!("http://{}/", receiver.address), &["user.created"]).await;
    }
    let nodes = [Workers::start(&app.app, LOOPBACK, &[]), Workers::start(&app.second_node(), LOOPBACK, &[])];
    for number in 0..10 {
        app.user("Uma", &format!("User {number}"), &format!("u{number}@example.com")).await;
    }
    eventually("all arrive", async || receiver.got().len() >= 30).await;
    for node in nodes {
        node.stop().await;
    }
    let mut ids: Vec<String> = receiver.got().iter().map(|got| got.headers["webhook-id"].clone()).collect();
    for hook in 1..=3 {
        let of_one: Vec<i64> =
            ids.iter().filter_map(|id| id.strip_prefix(&format!("evt_{hook}_"))).map(|seq| seq.parse().unwrap()).collect();
        assert!(of_one.is_sorted() && of_one.len() == 10, "{of_one:?}");
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 30, "none twice as long as nobody dies");
}

#[tokio::test(start_paused = true)]
async fn who_never_answers_is_left_after_fifteen_seconds() {
    let app = TestApp::sqlite().await;
    let admin = app.admin("Ada Admin", "ada@example.com").await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (id, _) = hook(&app, admin, &format!("http://{}/", silent.local_addr().unwrap()), &["ban.added"]).await;
    let workers = Workers::start(&app.app, LOOPBACK, &[]);
    test(&app, admin, id).await;
    eventually("it was given up", async || !attempts(&app, admin, id).await.is_empty()).await;
    let attempt = attempts(&app, admin, id).await.remove(0);
    assert_eq!((attempt.status, attempt.error.as_str()), (None, "no answer within 15 seconds"));
    assert!((15_000..16_000).contains(&attempt.took_ms), "{}", attempt.took_ms);
    workers.stop().await;
}
