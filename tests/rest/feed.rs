//! The feed and webhooks, as programs use them.

use std::time::Duration;

use latchkey_core::event;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{Rest, problem, read};
use crate::support::tables::{number, texts};
use crate::support::{TestApp, on_both_databases};

/// Seals what was committed, as the worker of a server does.
async fn seal(rest: &Rest) {
    event::seal_all(&rest.app.app, &rest.app.system()).await.unwrap();
}

#[on_both_databases]
async fn a_reader_that_keeps_its_place_is_told_of_each_event_once_and_in_order(app: TestApp) {
    let rest = Rest::new(app).await;
    let (mut after, mut told) = (0, Vec::new());
    for round in 0..4 {
        rest.post(&rest.acme("/contacts"), json!({"email": format!("contact{round}@example.com")})).await;
        seal(&rest).await;
        loop {
            let page = rest.get(&format!("/api/v1/events?after={after}&limit=3")).await;
            told.extend(page["items"].as_array().unwrap().iter().map(|item| item["seq"].as_i64().unwrap()));
            after = page["after"].as_i64().unwrap();
            if page["head"] == page["after"] {
                break;
            }
        }
    }
    let count = number(&rest.app, "select count(*) from events").await;
    assert_eq!(told, (1..=count).collect::<Vec<_>>());
    let contacts = rest.get("/api/v1/events?after=0&kind=contact.added&limit=100").await;
    assert_eq!(contacts["items"].as_array().unwrap().len(), 4);
    assert_eq!(contacts["after"], contacts["head"], "what the filter does not want is behind the reader, too");
    for wrong in ["after=0&cursor=x", "after=0&from=2026-11-24T08:00:00Z"] {
        let field = wrong.split(['&', '=']).nth(2).unwrap();
        let answer = rest.call("GET", &format!("/api/v1/events?{wrong}"), None).await;
        assert_eq!(problem(&answer), json!([422, "invalid", [[field, "feed-parameter"]]]));
    }
    let wrong = problem(&rest.call("GET", "/api/v1/events?wait=3", None).await);
    assert_eq!(wrong, json!([422, "invalid", [["wait", "feed-wait"]]]));
}

#[on_both_databases]
async fn a_reader_of_what_was_removed_is_told_where_the_log_begins(app: TestApp) {
    let rest = Rest::new(app).await;
    let keep = "insert into settings (key, value, updated_at) values ('retention.log_days', '90', 0) returning key";
    texts(&rest.app.location, keep).await;
    seal(&rest).await;
    let last = rest.get("/api/v1/events?after=0&limit=1").await["head"].as_i64().unwrap();
    rest.app.clock.advance(Duration::from_hours(91 * 24));
    let system = rest.app.system();
    rest.app.app.write(&rest.app.request(), move |tx| event::shorten(tx, &system)).await.unwrap();
    seal(&rest).await;
    for wait in ["", "&wait=1"] {
        let refused = rest.call("GET", &format!("/api/v1/events?after={}{wait}", last - 1), None).await;
        assert_eq!(problem(&refused), json!([410, "log-shortened", []]));
        let document = read(&refused);
        assert_eq!(document["first"], last + 1);
        assert!(document["detail"].as_str().unwrap().contains(&format!("event {}:", last + 1)), "{document}");
    }
    for after in [0, last] {
        let page = rest.get(&format!("/api/v1/events?after={after}")).await;
        assert_eq!(
            (page["items"][0]["seq"].as_i64(), page["items"][0]["kind"].as_str()),
            (Some(last + 1), Some("log.shortened"))
        );
    }
}

#[on_both_databases]
async fn a_reader_that_waits_is_answered_when_something_happens(app: TestApp) {
    let rest = Rest::new(app).await;
    seal(&rest).await;
    let head = rest.get("/api/v1/events?after=0&limit=1").await["head"].as_i64().unwrap();
    let path = format!("/api/v1/events?after={head}&wait=30");
    let waits = rest.get(&path);
    let happens = async {
        // The reader is on its way first; if it were not, it would find the event all the same.
        sleep(Duration::from_millis(100)).await;
        rest.post(&rest.acme("/contacts"), json!({"email": "carl@example.com"})).await;
        seal(&rest).await;
    };
    let (page, ()) =
        timeout(Duration::from_secs(25), async { tokio::join!(waits, happens) }).await.expect("before its time is over");
    assert_eq!((page["items"][0]["seq"].as_i64(), page["items"][0]["kind"].as_str()), (Some(head + 1), Some("contact.added")));
}

#[on_both_databases]
async fn a_webhook_is_made_changed_and_deleted_and_its_secret_is_told_once(app: TestApp) {
    let rest = Rest::new(app).await;
    let made = rest.post("/api/v1/webhooks", json!({"url": "https://hooks.example.com/in", "kinds": ["contact.added"]})).await;
    let path = format!("/api/v1/webhooks/{}", made["webhook"]["id"]);
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let shown = rest.call("GET", &path, None).await;
    assert!(!shown.text().contains("whsec_"));
    let tag = shown.header("etag").unwrap().to_owned();
    let stopped = rest.call("PATCH", &path, Some(&json!({"enabled": false, "description": "Billing"}))).await;
    assert_eq!((read(&stopped)["enabled"].as_bool(), read(&stopped)["kinds"].clone()), (Some(false), json!(["contact.added"])));
    assert_eq!(rest.get(&format!("{path}/state")).await["disabled_because"], "staff");
    let lost = super::asked(&rest.full, "PATCH", &path, Some(&json!({"enabled": true}))).with("if-match", &tag);
    assert_eq!(problem(&rest.send(&lost).await), json!([412, "precondition", []]));
    let rotated = rest.post(&format!("{path}/rotate"), json!({"overlap": "none"})).await;
    assert_ne!(rotated["secret"], made["secret"]);
    let wrong = [
        ("url", json!({"url": "http://hooks.example.com/in"})),
        ("kinds", json!({"url": "https://hooks.example.com/in", "kinds": ["nonsense"]})),
        ("kinds", json!({"url": "https://hooks.example.com/in", "kinds": ["contact-added"]})),
    ];
    for (field, body) in wrong {
        let refused = rest.call("POST", "/api/v1/webhooks", Some(&body)).await;
        assert_eq!(problem(&refused)[2][0][0], field);
    }
    let both = rest.call("POST", &format!("{path}/replay"), Some(&json!({"seq": 1, "after": 0}))).await;
    assert_eq!(problem(&both)[2][0], json!(["seq", "replay-one"]));
    assert_eq!(rest.call("DELETE", &path, None).await.status, 204);
    assert_eq!(rest.call("GET", &path, None).await.status, 404);
    assert_eq!(rest.get("/api/v1/webhooks").await["items"], Value::Array(Vec::new()));
}
