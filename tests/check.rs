//! The doors for permission checks: `/api/v1/check`, its lists, and `/api/v1/session/check`.

use latchkey_core::access::{BuiltInApiRole, Grants, ManageApi};
use latchkey_core::api_credential;
use latchkey_core::id::{AdminId, ApiCredentialId};
use serde_json::{Value, json};

use crate::forward::people;
use crate::support::doors::{Doors, token};
use crate::support::tables::number;
use crate::support::{Answer, TestApp, on_both_databases};

async fn stella(app: &TestApp) -> AdminId {
    app.admin("Stella", "stella@staff.example").await
}

fn read(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{} {}", answer.status, answer.text()))
}

#[on_both_databases]
async fn questions_are_answered_one_by_one_and_a_thousand_at_a_time(app: TestApp) {
    let people = people(&app).await;
    let admin = stella(&app).await;
    let doors = Doors::start(&app, latchkey_api::forward::Settings::default()).await;
    let token = token(&app, admin, BuiltInApiRole::ReadOnly, None).await;
    let ask = async |body: Value| doors.call(&token, "POST", "/api/v1/check", &body.to_string()).await;
    let (mia, acme) = (people.mia.0, people.acme.0);
    let one = ask(json!({ "user": mia, "account": acme, "permission": "invoices" })).await;
    assert_eq!((one.status, read(&one)["allowed"].clone()), (200, json!(true)));
    assert!(read(&one)["revision"].is_i64() && read(&one).get("reason").is_none());
    let many = ask(json!({ "explain": true, "checks": [
        { "user": people.olivia.0, "account": acme, "permission": "users" },
        { "user": mia, "account": acme, "permission": "products", "resource": "service:17" },
        { "user": mia, "account": acme, "permission": "domains" },
        { "user": 999_999, "account": acme, "permission": "domains" },
    ]}))
    .await;
    let reasons: Vec<Value> = read(&many)["answers"].as_array().unwrap().iter().map(|answer| answer["reason"].clone()).collect();
    assert_eq!(reasons, [json!("owner"), json!("grant"), json!("not-held"), json!("unknown-user")]);
    assert_eq!(read(&ask(json!({ "checks": [] })).await), json!({ "answers": [] }));
    let question = json!({ "user": mia, "account": acme, "permission": "invoices" });
    let thousand = ask(json!({ "checks": vec![question.clone(); 1_000] })).await;
    assert_eq!(read(&thousand)["answers"].as_array().unwrap().len(), 1_000);
    let revision = read(&one)["revision"].as_i64().unwrap();
    let mut at_least = question.clone();
    at_least["at_least"] = json!({ acme.to_string(): revision });
    assert_eq!(ask(at_least.clone()).await.status, 200);
    at_least["at_least"] = json!({ acme.to_string(): revision + 1 });
    let missed = ask(at_least).await;
    assert_eq!((missed.status, read(&missed)["type"].clone()), (412, json!("/api/docs#problem-revision-too-old")));
    people.grant(&app, "tickets").await;
    assert_eq!(read(&ask(question.clone()).await)["allowed"], json!(false));
    let other = Doors::second_node(&app).await;
    people.grant(&app, "invoices").await;
    let there = other.call(&token, "POST", "/api/v1/check", &question.to_string()).await;
    assert_eq!(read(&there)["allowed"], json!(true));
}

#[on_both_databases]
async fn what_cannot_be_taken_is_said_field_by_field(app: TestApp) {
    people(&app).await;
    let admin = stella(&app).await;
    let doors = Doors::start(&app, latchkey_api::forward::Settings::default()).await;
    let token = token(&app, admin, BuiltInApiRole::ReadOnly, None).await;
    let ask = async |body: &str| doors.call(&token, "POST", "/api/v1/check", body).await;
    let fields = |answer: &Answer| -> Vec<String> {
        let found = read(answer);
        let errors = found["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    };
    let empty = ask("{}").await;
    assert_eq!((empty.status, fields(&empty)), (422, vec!["user".to_owned(), "account".to_owned(), "permission".to_owned()]));
    let good = r#"{"user":1,"account":1,"permission":"invoices"}"#;
    let wrong = ask(&format!(r#"{{"checks":[{good},{{"user":1,"account":1,"permission":"everything"}}]}}"#)).await;
    assert_eq!((wrong.status, fields(&wrong)), (422, vec!["checks.1.permission".to_owned()]));
    let many = format!(r#"{{"checks":[{}]}}"#, vec![good; 1_001].join(","));
    assert_eq!(fields(&ask(&many).await), ["checks"]);
    let revisions: Vec<String> = (1..=1_001).map(|account| format!(r#""{account}":1"#)).collect();
    assert_eq!(fields(&ask(&format!(r#"{{"checks":[{good}],"at_least":{{{}}}}}"#, revisions.join(","))).await), ["at_least"]);
    let elsewhere = ask(&format!(r#"{{"checks":[{good},{good}],"at_least":{{"1":1,"2":1,"3":1}}}}"#)).await;
    assert_eq!((elsewhere.status, fields(&elsewhere)), (422, vec!["at_least.2".to_owned(), "at_least.3".to_owned()]));
    for malformed in ["", "{", r#"{"at_least":{"acme":1}}"#] {
        let answer = ask(malformed).await;
        assert_eq!(answer.status, 400, "{malformed}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{malformed}");
    }
    let of_a_wrong_kind = [
        ("[]", ""),
        (r#"{"user":"x"}"#, "user"),
        (r#"{"user":1.5,"account":1,"permission":"invoices"}"#, "user"),
        (r#"{"user":1,"account":1,"permission":"invoices","resorce":"service:17"}"#, "resorce"),
        (r#"{"checks":[{"user":1,"account":1,"permission":7}]}"#, "checks.0.permission"),
        (r#"{"user":1,"account":1,"permission":"invoices","at_least":{"1":"x"}}"#, "at_least.1"),
    ];
    for (body, field) in of_a_wrong_kind {
        let answer = ask(body).await;
        assert_eq!((answer.status, fields(&answer)), (422, vec![field.to_owned()]), "{body}");
    }
    let both = format!(r#"{{"user":1,"checks":[{good}]}}"#);
    assert_eq!(ask(&both).await.status, 400);
    let form = crate::support::Ask::new("POST", "/api/v1/check").body("text/plain", good);
    let answer = form.with("authorization", &format!("Bearer {token}")).send(doors.address).await.unwrap();
    assert_eq!(answer.status, 415);
}

/// What is remembered of a credential holds no longer than the credential.
#[on_both_databases]
async fn v8_3_2_a_credential_that_no_longer_works_gets_no_answer_from_any_node(app: TestApp) {
    let people = people(&app).await;
    let admin = stella(&app).await;
    let doors = Doors::start(&app, latchkey_api::forward::Settings::default()).await;
    let other = Doors::second_node(&app).await;
    let token = token(&app, admin, BuiltInApiRole::ReadOnly, None).await;
    let body = json!({ "user": people.mia.0, "account": people.acme.0, "permission": "invoices" }).to_string();
    let ask = async |node: &Doors, token: &str| node.call(token, "POST", "/api/v1/check", &body).await.status;
    for _ in 0..3 {
        assert_eq!((ask(&doors, &token).await, ask(&other, &token).await), (200, 200));
    }
    assert_eq!(ask(&doors, "lk_nonsense").await, 401);
    let id = ApiCredentialId(number(&app, "select max(id) from api_credentials").await);
    let request = app.request();
    let revoked = app.app.write(&request, move |tx| api_credential::revoke(tx, &tx.authorize_admin::<ManageApi>(admin)?, id));
    revoked.await.unwrap();
    assert_eq!((ask(&doors, &token).await, ask(&other, &token).await), (401, 401));
}

#[on_both_databases]
async fn the_lists_are_paged_and_who_is_bound_to_an_account_sees_that_one(app: TestApp) {
    let people = people(&app).await;
    let admin = stella(&app).await;
    let umbrella = app.account("Umbrella", people.olivia).await;
    app.member(umbrella, people.mia, Grants::parse("orders")).await;
    let doors = Doors::start(&app, latchkey_api::forward::Settings::default()).await;
    let everywhere = token(&app, admin, BuiltInApiRole::ReadOnly, None).await;
    let bound = token(&app, admin, BuiltInApiRole::ReadOnly, Some(people.acme)).await;
    let get = async |token: &str, path: &str| doors.call(token, "GET", path, "").await;
    let accounts = format!("/api/v1/users/{}/accounts", people.mia);
    let first = read(&get(&everywhere, &format!("{accounts}?limit=1")).await);
    assert_eq!(first["items"][0]["permissions"], json!(["invoices"]));
    assert_eq!(first["items"][0]["resources"], json!(["products@service:17"]));
    let second = get(&everywhere, first["next"].as_str().unwrap()).await;
    assert_eq!((read(&second)["items"][0]["account"].clone(), read(&second)["next"].clone()), (json!(umbrella.0), Value::Null));
    assert_eq!((second.header("link"), second.header("ratelimit").is_some()), (None, true));
    let only = read(&get(&bound, &accounts).await);
    assert_eq!((only["items"].as_array().unwrap().len(), only["items"][0]["account"].clone()), (1, json!(people.acme.0)));
    let users = read(&get(&everywhere, &format!("/api/v1/accounts/{}/users?permission=invoices", people.acme)).await);
    let ids: Vec<Value> = users["items"].as_array().unwrap().iter().map(|row| row["user"].clone()).collect();
    assert_eq!(ids, [json!(people.olivia.0), json!(people.mia.0)]);
    assert_eq!(get(&bound, &format!("/api/v1/accounts/{umbrella}/users")).await.status, 404);
    assert_eq!(get(&everywhere, &format!("/api/v1/accounts/{umbrella}/users?permission=x")).await.status, 422);
    assert_eq!(get(&everywhere, &format!("{accounts}?limit=101")).await.status, 422);
    assert_eq!(get("lk_nonsense", &accounts).await.status, 401);
}

#[on_both_databases]
async fn a_session_is_told_as_long_as_it_lives(app: TestApp) {
    let people = people(&app).await;
    let admin = stella(&app).await;
    let doors = Doors::start(&app, latchkey_api::forward::Settings::default()).await;
    let everywhere = token(&app, admin, BuiltInApiRole::ReadOnly, None).await;
    let mia = doors.browser().log_in("mia@example.com").await;
    let session = mia.cookie("latchkey_session").unwrap();
    let ask = async |body: Value| read(&doors.call(&everywhere, "POST", "/api/v1/session/check", &body.to_string()).await);
    let told = ask(json!({ "token": session })).await;
    assert_eq!(told["user"], json!({ "id": people.mia.0, "name": "Mia Mëmber", "email": "mia@example.com" }));
    assert_eq!((told["active"].clone(), told["second_factor"].clone()), (json!(true), json!(false)));
    assert_eq!(told["accounts"][0]["permissions"], json!(["invoices"]));
    let by_cookie = ask(json!({ "cookie": format!("a=b; latchkey_session={session}"), "account": people.acme.0 })).await;
    assert_eq!(by_cookie["accounts"][0]["account"], json!(people.acme.0));
    let beside = ask(json!({ "cookie": format!("x=ü; latchkey_session={session}") })).await;
    assert_eq!(beside["active"], json!(true), "another host's cookie hides none of ours");
    let elsewhere = ask(json!({ "token": session, "account": 999_999 })).await;
    assert_eq!(elsewhere["accounts"], json!([]));
    let umbrella = app.account("Umbrella", people.olivia).await;
    let bound = token(&app, admin, BuiltInApiRole::ReadOnly, Some(umbrella)).await;
    let stranger = doors.call(&bound, "POST", "/api/v1/session/check", &json!({ "token": session }).to_string()).await;
    assert_eq!(read(&stranger), json!({ "active": false }), "no member there: nothing is told");
    let set = async |setting: &str, value: &str| {
        let put = "on conflict (key) do update set value = excluded.value returning updated_at";
        number(&app, &format!("insert into settings (key, value, updated_at) values ('{setting}', '{value}', 1) {put}")).await
    };
    for (setting, on, off) in [("security.two_factor_everybody", "yes", "no"), ("verification.policy", "required", "off")] {
        set(setting, on).await;
        assert_eq!(
            ask(json!({ "token": session })).await,
            json!({ "active": false }),
            "{setting}: something stands before everything"
        );
        set(setting, off).await;
        assert_eq!(ask(json!({ "token": session })).await["active"], json!(true), "{setting}");
    }
    mia.press("/logout").await;
    assert_eq!(ask(json!({ "token": session })).await, json!({ "active": false }));
    assert_eq!(ask(json!({ "token": "nonsense" })).await, json!({ "active": false }));
    assert_eq!(ask(json!({ "tokn": "nonsense" })).await["errors"][0]["field"], json!("tokn"));
}
