//! How much a credential may call, and how much it may send.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Rest, asked, problem};
use crate::support::tables::number;
use crate::support::{Ask, TestApp, on_both_databases};

#[on_both_databases]
async fn v2_4_1_a_credential_that_calls_too_often_has_to_wait(app: TestApp) {
    let rest = Rest::new(app).await;
    let node = super::serve(&rest.app, rest.app.second_node(), 3).await;
    let call = async || asked(&rest.full, "GET", "/api/v1/permissions", None).send(node).await.unwrap();
    for left in ["\"calls\";r=2;t=60", "\"calls\";r=1;t=60", "\"calls\";r=0;t=60"] {
        let answer = call().await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit"), Some(left));
        assert_eq!(answer.header("ratelimit-policy"), Some("\"calls\";q=3;w=60"));
    }
    let refused = call().await;
    assert_eq!(problem(&refused), json!([429, "limited", []]));
    assert_eq!(refused.header("retry-after"), Some("60"));
    let other = asked(&rest.read_only, "GET", "/api/v1/permissions", None).send(node).await.unwrap();
    assert_eq!(other.status, 200, "another credential has a share of its own");
    rest.app.clock.advance(Duration::from_mins(1));
    assert_eq!(call().await.status, 200);
}

/// Checks are counted, too, by themselves: who calls too much may still ask, and the other way round.
#[on_both_databases]
async fn v2_4_1_a_credential_that_asks_too_often_has_to_wait(app: TestApp) {
    let rest = Rest::new(app).await;
    let written = "select count(*) from guess_buckets";
    let before = number(&rest.app, written).await;
    let node = super::serve(&rest.app, rest.app.second_node(), 4).await;
    let question = json!({"user": rest.mia.0, "account": rest.acme.0, "permission": "invoices"});
    let check = |token: &str, body: &Value| asked(token, "POST", "/api/v1/check", Some(body));
    let session = asked(&rest.full, "POST", "/api/v1/session/check", Some(&json!({"token": "nonsense"})));
    let many = json!({"checks": [question, question, question, question, question]});
    let asks = [(check(&rest.full, &question), 200), (session, 200), (check(&rest.full, &json!({})), 422)];
    let asks = asks.into_iter().chain([(check(&rest.full, &many), 200)]);
    for ((ask, status), left) in asks.zip([3, 2, 1, 0]) {
        let answer = ask.send(node).await.unwrap();
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.header("ratelimit"), Some(format!("\"checks\";r={left};t=60").as_str()), "a list is one call");
        assert_eq!(answer.header("ratelimit-policy"), Some("\"checks\";q=4;w=60"));
    }
    let refused = check(&rest.full, &question).send(node).await.unwrap();
    assert_eq!(problem(&refused), json!([429, "limited", []]));
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit")), (Some("60"), Some("\"checks\";r=0;t=60")));
    let call = asked(&rest.full, "GET", "/api/v1/permissions", None).send(node).await.unwrap();
    assert_eq!((call.status, call.header("ratelimit")), (200, Some("\"calls\";r=3;t=60")), "calls have a share of their own");
    let list = asked(&rest.full, "GET", &rest.acme("/users"), None).send(node).await.unwrap();
    assert_eq!(list.header("ratelimit"), Some("\"calls\";r=2;t=60"), "the lists are calls");
    assert_eq!(check(&rest.read_only, &question).send(node).await.unwrap().status, 200, "so has another credential");
    let nobody = check("lk_nonsense", &question).send(node).await.unwrap();
    assert_eq!((nobody.status, nobody.header("ratelimit")), (401, None));
    assert_eq!(rest.send(&check(&rest.full, &question)).await.status, 200, "each node counts for itself");
    assert_eq!(number(&rest.app, written).await, before, "no row is written for it");
    rest.app.clock.advance(Duration::from_mins(1));
    assert_eq!(check(&rest.full, &question).send(node).await.unwrap().status, 200);
}

#[on_both_databases]
async fn bodies_are_json_of_known_fields_and_bounded_length(app: TestApp) {
    let rest = Rest::new(app).await;
    let send = async |body: &str, kind: &str| {
        let ask = asked(&rest.full, "POST", "/api/v1/users", None).body(kind, body.to_owned());
        problem(&rest.send(&ask).await)
    };
    assert_eq!(send("{", "application/json").await, json!([400, "malformed", []]));
    assert_eq!(send("{}", "text/plain").await, json!([415, "media-type", []]));
    assert_eq!(send(&format!("\"{}\"", "x".repeat(1_100_000)), "application/json").await, json!([413, "too-large", []]));
    let check = asked(&rest.full, "POST", "/api/v1/check", None).body("application/json", "x".repeat(1_100_000));
    assert_eq!(problem(&rest.send(&check).await), json!([413, "too-large", []]));
    let typed = json!({"first_name": 1, "email": "x".repeat(300), "admin": true}).to_string();
    let wrong = send(&typed, "application/json; charset=utf-8").await;
    let expected = [["admin", "unknown-field"], ["email", "too-long"], ["first_name", "type"], ["last_name", "required"]];
    assert_eq!(wrong, json!([422, "invalid", expected]));
    let query = problem(&rest.call("GET", "/api/v1/users?limit=0&cursor=x&sort=name", None).await);
    assert_eq!(query, json!([422, "invalid", [["limit", "out-of-range"], ["sort", "unknown-field"]]]));
    let query = problem(&rest.call("GET", "/api/v1/users?limit=1&limit=2", None).await);
    assert_eq!(query, json!([422, "invalid", [["limit", "too-many-items"]]]));
}

#[on_both_databases]
async fn v3_4_2_no_other_origin_may_read_and_methods_are_told(app: TestApp) {
    let rest = Rest::new(app).await;
    let answer = rest.send(&Ask::new("OPTIONS", "/api/v1/users").with("origin", "https://elsewhere.example")).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"));
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let wrong = rest.call("PUT", "/api/v1/users", Some(&json!({}))).await;
    assert_eq!(problem(&wrong), json!([405, "method-not-allowed", []]));
    let head = rest.call("HEAD", "/api/v1/permissions", None).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(problem(&rest.call("GET", "/api/v1/nothing", None).await), json!([404, "not-found", []]));
}
