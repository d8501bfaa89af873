//! A call that is sent twice happens once.

use std::time::Duration;

use latchkey_core::idempotency;
use serde_json::{Value, json};

use super::matrix::{fill, typical};
use super::{Rest, asked, problem, read};
use crate::support::tables::{number, texts};
use crate::support::{Answer, Ask, TestApp, on_both_databases};

fn invite(rest: &Rest, key: &str, email: &str) -> Ask {
    let body = json!({"email": email, "permissions": ["invoices"], "send_mail": false});
    asked(&rest.full, "POST", &rest.acme("/invitations"), Some(&body)).with("idempotency-key", key)
}

/// What a replay gives again: everything but what counts the calls.
fn lasting(answer: &Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let counts = ["date", "ratelimit", "ratelimit-policy"];
    let headers = answer.headers.iter().filter(|(name, _)| !counts.contains(&name.as_str())).cloned().collect();
    (answer.status, headers, answer.body.clone())
}

#[on_both_databases]
async fn the_same_answer_is_given_byte_for_byte_and_nothing_happens_twice(app: TestApp) {
    let rest = Rest::new(app).await;
    let first = rest.send(&invite(&rest, "key-1", "nora@example.com")).await;
    assert_eq!(first.status, 201, "{}", first.text());
    assert!(read(&first)["link"].as_str().unwrap().starts_with("http://latchkey.example/invite/"));
    for _ in 0..2 {
        let again = rest.send(&invite(&rest, "key-1", "nora@example.com")).await;
        assert_eq!(lasting(&again), lasting(&first));
    }
    // In quotation marks it is the same key.
    assert_eq!(lasting(&rest.send(&invite(&rest, "\"key-1\"", "nora@example.com")).await), lasting(&first));
    assert_eq!(number(&rest.app, "select count(*) from invitations").await, 1);
    assert_eq!(number(&rest.app, "select count(*) from events where kind = 'invitation-sent'").await, 1);
}

/// What is kept may hold a link or a secret that is shown once.
#[on_both_databases]
async fn an_answer_is_not_given_again_once_the_admin_may_no_longer_do_that(app: TestApp) {
    let rest = Rest::new(app).await;
    let sent = invite(&rest, "key", "nora@example.com");
    assert_eq!(rest.send(&sent).await.status, 201);
    let role = |built_in| {
        format!(
            "update admins set role_id = (select id from admin_roles where built_in = '{built_in}') where id = {} returning id",
            rest.stella
        )
    };
    number(&rest.app, &role("read-only")).await;
    let again = rest.send(&sent).await;
    assert!(again.status == 403 && !again.text().contains("/invite/"), "{} {}", again.status, again.text());
    number(&rest.app, &role("full")).await;
    assert!(rest.send(&sent).await.text().contains("/invite/"), "the same call may ask again when it may again");
}

#[on_both_databases]
async fn a_key_belongs_to_one_call_of_one_credential(app: TestApp) {
    let rest = Rest::new(app).await;
    assert_eq!(rest.send(&invite(&rest, "key", "nora@example.com")).await.status, 201);
    let other = rest.send(&invite(&rest, "key", "nick@example.com")).await;
    assert_eq!(problem(&other), json!([422, "invalid", [["Idempotency-Key", "idempotency-other"]]]));
    let body = json!({"email": "nick@example.com", "permissions": ["invoices"]});
    let path = rest.acme("/invitations");
    let of_bound = asked(&rest.bound, "POST", &path, Some(&body)).with("idempotency-key", "key");
    assert_eq!(rest.send(&of_bound).await.status, 201);
}

async fn swept(app: &TestApp) -> u64 {
    let system = app.system();
    app.app.write(&app.request(), move |tx| idempotency::sweep(tx, &system)).await.unwrap()
}

#[on_both_databases]
async fn a_key_is_free_again_after_a_day(app: TestApp) {
    let rest = Rest::new(app).await;
    let first = rest.send(&invite(&rest, "key", "nora@example.com")).await;
    rest.app.clock.advance(Duration::from_hours(24) - Duration::from_micros(1));
    assert_eq!(lasting(&rest.send(&invite(&rest, "key", "nora@example.com")).await), lasting(&first));
    rest.app.clock.advance(Duration::from_micros(1));
    let other = rest.send(&invite(&rest, "key", "nick@example.com")).await;
    assert_eq!(other.status, 201, "{}", other.text());
    assert_eq!(rest.send(&invite(&rest, "late", "nils@example.com")).await.status, 201);
    rest.app.clock.advance(Duration::from_hours(24) - Duration::from_micros(1));
    assert_eq!(swept(&rest.app).await, 0);
    rest.app.clock.advance(Duration::from_micros(1));
    assert_eq!(swept(&rest.app).await, 2, "by the clock");
}

#[on_both_databases]
async fn what_was_refused_keeps_nothing_and_may_be_tried_again_with_the_same_key(app: TestApp) {
    let rest = Rest::new(app).await;
    let refused = rest.send(&invite(&rest, "key", "mia@example.com")).await;
    assert_eq!(problem(&refused), json!([422, "invalid", [["email", "already-member"]]]));
    assert_eq!(number(&rest.app, "select count(*) from idempotent_answers").await, 0);
    assert_eq!(rest.send(&invite(&rest, "key", "nora@example.com")).await.status, 201);
}

#[on_both_databases]
async fn an_answer_with_a_secret_waits_sealed(app: TestApp) {
    let rest = Rest::new(app).await;
    let body = json!({"name": "Shop", "role": 2});
    let ask = asked(&rest.full, "POST", "/api/v1/api-credentials", Some(&body)).with("idempotency-key", "key");
    let made = rest.send(&ask).await;
    let secret = read(&made)["secret"].as_str().unwrap().to_owned();
    let dump = crate::support::dump(&rest.app).await;
    let kept = dump["idempotent_answers"].join("\n");
    assert!(kept.contains("key"), "{kept}");
    assert!(dump.values().flatten().all(|row| !row.contains(&secret)));
    let hex = secret.bytes().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    assert!(!kept.contains(&hex), "{kept}");
    assert_eq!(lasting(&rest.send(&ask).await), lasting(&made));
}

#[on_both_databases]
async fn of_many_at_once_with_one_key_one_executes_and_all_get_its_answer(app: TestApp) {
    let rest = Rest::new(app).await;
    let node = super::serve(&rest.app, rest.app.second_node(), 1_000_000).await;
    let calls = (0..12).map(|index| {
        let ask = invite(&rest, "race", "nora@example.com");
        let to = if index % 2 == 0 { rest.address } else { node };
        tokio::spawn(async move { ask.send(to).await.unwrap() })
    });
    let calls: Vec<_> = calls.collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(lasting(&call.await.unwrap()));
    }
    assert_eq!(answers.first().unwrap().0, 201);
    assert!(answers.iter().all(|answer| answer == answers.first().unwrap()), "{answers:?}");
    assert_eq!(texts(&rest.app.location, "select email from invitations").await, ["nora@example.com"]);
}

#[on_both_databases]
async fn a_key_is_visible_ascii_once(app: TestApp) {
    let rest = Rest::new(app).await;
    for key in ["", "a b", &"x".repeat(256)] {
        let answer = rest.send(&invite(&rest, key, "nora@example.com")).await;
        assert_eq!(problem(&answer), json!([422, "invalid", [["Idempotency-Key", "idempotency-key"]]]), "{key:?}");
    }
    assert_eq!(rest.get(&rest.acme("/invitations")).await["items"], Value::Array(Vec::new()));
}

#[on_both_databases]
async fn every_post_takes_a_key_and_answers_the_same_again(app: TestApp) {
    let rest = Rest::new(app).await;
    let document = rest.send(&Ask::new("GET", "/api/openapi.json")).await;
    let document: Value = serde_json::from_slice(&document.body).unwrap();
    let mut routes = latchkey_api::table();
    // A question changes nothing and takes no key.
    routes.retain(|route| route.method == "POST" && super::is_rest(route.path) && !route.path.ends_with("/check"));
    assert!(routes.len() >= 20, "{}", routes.len());
    // What closes the account and gives it away comes last: the others find it open and its owner's.
    routes.sort_by_key(|route| (route.path.ends_with("/owner"), route.path.ends_with("/close"), route.path));
    for (number, route) in routes.into_iter().enumerate() {
        let shown = &document["paths"][route.path]["post"]["parameters"];
        let key = serde_json::json!({"$ref": "#/components/parameters/IdempotencyKey"});
        assert!(shown.as_array().is_some_and(|shown| shown.contains(&key)), "{}: {shown}", route.path);
        let path = fill(&rest, route.path, number).await;
        let body = typical(&rest, route, number);
        let ask = asked(&rest.full, "POST", &path, body.as_ref()).with("idempotency-key", &format!("key-{number}"));
        let first = rest.send(&ask).await;
        assert!((200..300).contains(&first.status), "{path}: {} {}", first.status, first.text());
        let events = texts(&rest.app.location, "select kind from events").await.len();
        assert_eq!(lasting(&rest.send(&ask).await), lasting(&first), "{path}");
        assert_eq!(texts(&rest.app.location, "select kind from events").await.len(), events, "{path}: nothing happens twice");
    }
}
