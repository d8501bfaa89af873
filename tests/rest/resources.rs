//! What each resource does, and what none of them tells.

use latchkey_core::access::ApiRight;
use serde_json::{Value, json};

use super::{Rest, asked, credential_with, problem, read};
use crate::support::tables::texts;
use crate::support::world::need_second_admin;
use crate::support::{TestApp, on_both_databases};

#[on_both_databases]
async fn a_user_is_made_changed_and_deleted(app: TestApp) {
    let rest = Rest::new(app).await;
    let new = json!({"first_name": "Nora", "last_name": "New", "email": "nora@example.com"});
    let made = rest.call("POST", "/api/v1/users", Some(&new)).await;
    let user = read(&made);
    let path = format!("/api/v1/users/{}", user["id"]);
    assert_eq!(made.header("location"), Some(path.as_str()));
    assert_eq!((&user["email"], &user["has_password"]), (&json!("nora@example.com"), &json!(false)));
    assert_eq!(rest.get(&path).await, user);
    let taken = rest.call("POST", "/api/v1/users", Some(&new)).await;
    assert_eq!(problem(&taken), json!([422, "invalid", [["email", "email-taken"]]]));
    let changed = rest.call("PATCH", &path, Some(&json!({"last_name": "Newer"}))).await;
    assert_eq!(read(&changed)["last_name"], "Newer");
    assert_eq!(rest.call("POST", &format!("{path}/password-reset"), None).await.status, 204);
    let busy = rest.call("DELETE", &format!("/api/v1/users/{}", rest.mia), None).await;
    assert_eq!(problem(&busy), json!([409, "conflict", []]));
    assert_eq!(rest.call("DELETE", &path, None).await.status, 204);
    assert_eq!(problem(&rest.call("GET", &path, None).await), json!([404, "not-found", []]));
}

#[on_both_databases]
async fn an_account_is_made_with_its_owner_given_away_closed_and_deleted(app: TestApp) {
    let rest = Rest::new(app).await;
    let person = json!({"first_name": "Nora", "last_name": "New", "email": "nora@example.com"});
    let both = json!({"name": "New", "owner": rest.mia.0, "new_owner": person});
    let refused = rest.call("POST", "/api/v1/accounts", Some(&both)).await;
    assert_eq!(problem(&refused), json!([422, "invalid", [["new_owner", "one-owner"]]]));
    let account = rest.post("/api/v1/accounts", json!({"name": "New", "country": "NL", "new_owner": person})).await;
    let path = format!("/api/v1/accounts/{}", account["id"]);
    assert_eq!((&account["status"], &account["owner"]["email"]), (&json!("active"), &json!("nora@example.com")));
    let stranger = rest.call("POST", &format!("{path}/owner"), Some(&json!({"user": rest.mia.0}))).await;
    assert_eq!(problem(&stranger), json!([404, "not-found", []]));
    rest.post(&format!("{path}/memberships"), json!({"user": rest.mia.0, "permissions": ["invoices"]})).await;
    let given = rest.post(&format!("{path}/owner"), json!({"user": rest.mia.0})).await;
    assert_eq!(given["owner"]["id"], rest.mia.0);
    assert!(given["revision"].as_i64() > account["revision"].as_i64());
    let nora = json!({"user": account["owner"]["id"]});
    need_second_admin(&rest.app, rest.stella).await;
    let open = rest.call("POST", &format!("{path}/owner"), Some(&nora)).await;
    assert_eq!((open.status, &read(&open)["user"], &read(&open)["account"]), (202, &nora["user"], &account["id"]));
    assert_eq!(rest.get(&path).await["owner"]["id"], rest.mia.0, "V2.3.5: a second admin has to approve");
    assert_eq!(rest.post(&format!("{path}/close"), json!({})).await["status"], "closed");
    assert_eq!(rest.post(&format!("{path}/reopen"), json!({})).await["status"], "active");
    assert_eq!(rest.call("DELETE", &format!("{path}?orphans=true"), None).await.status, 204);
    let left = texts(&rest.app.location, "select email from users order by id").await;
    assert!(!left.contains(&"nora@example.com".to_owned()) && left.contains(&"mia@example.com".to_owned()), "{left:?}");
}

#[on_both_databases]
async fn memberships_are_given_changed_and_taken(app: TestApp) {
    let rest = Rest::new(app).await;
    let path = rest.acme(&format!("/memberships/{}", rest.mia));
    assert_eq!(rest.get(&path).await["permissions"], json!(["invoices"]));
    let changed = rest.call("PATCH", &path, Some(&json!({"permissions": ["tickets", "orders"]}))).await;
    assert_eq!(read(&changed)["permissions"], json!(["tickets", "orders"]));
    let again =
        rest.call("POST", &rest.acme("/memberships"), Some(&json!({"user": rest.mia.0, "permissions": ["orders"]}))).await;
    assert_eq!(problem(&again), json!([422, "invalid", [["user", "already-member"]]]));
    let owner = rest.call("DELETE", &rest.acme(&format!("/memberships/{}", rest.olivia)), None).await;
    assert_eq!(problem(&owner), json!([409, "conflict", []]), "rule 1");
    assert_eq!(rest.call("DELETE", &path, None).await.status, 204);
    assert_eq!(rest.call("GET", &path, None).await.status, 404);
}

#[on_both_databases]
async fn an_invitation_is_sent_resent_and_taken_back(app: TestApp) {
    let rest = Rest::new(app).await;
    let made = rest.post(&rest.acme("/invitations"), json!({"email": "nora@example.com", "permissions": ["invoices"]})).await;
    assert_eq!((&made["state"], made.get("link")), (&json!("pending"), None));
    assert_eq!(rest.app.take_mails().await.len(), 1);
    let path = rest.acme(&format!("/invitations/{}", made["id"]));
    let resent = rest.post(&format!("{path}/resend"), json!({"send_mail": false})).await;
    assert!(resent["link"].as_str().unwrap().contains("/invite/"));
    assert!(rest.app.take_mails().await.is_empty(), "no mail was asked for");
    assert_eq!(rest.call("DELETE", &path, None).await.status, 204);
    assert_eq!(rest.get(&path).await["state"], "cancelled");
    assert_eq!(rest.call("DELETE", &path, None).await.status, 404);
    rest.app.expect_unsent_mails();
}

#[on_both_databases]
async fn sessions_are_seen_and_ended(app: TestApp) {
    let rest = Rest::new(app).await;
    let id = rest.session().await;
    rest.session().await;
    let path = format!("/api/v1/users/{}/sessions", rest.olivia);
    let before = rest.get(&path).await["items"].as_array().unwrap().len();
    assert_eq!(rest.call("DELETE", &format!("{path}/{id}"), None).await.status, 204);
    assert_eq!(rest.call("DELETE", &format!("{path}/{id}"), None).await.status, 404);
    assert_eq!(rest.get(&path).await["items"].as_array().unwrap().len(), before - 1);
    assert_eq!(rest.call("DELETE", &path, None).await.status, 204);
    assert_eq!(rest.get(&path).await["items"], json!([]));
}

#[on_both_databases]
async fn contacts_and_notes_are_kept(app: TestApp) {
    let rest = Rest::new(app).await;
    let contact = rest.post(&rest.acme("/contacts"), json!({"email": "carl@example.com", "mail_categories": ["invoice"]})).await;
    let path = rest.acme(&format!("/contacts/{}", contact["id"]));
    let changed = read(&rest.call("PATCH", &path, Some(&json!({"first_name": "Carl"}))).await);
    assert_eq!((&changed["first_name"], &changed["mail_categories"]), (&json!("Carl"), &json!(["invoice"])));
    assert_eq!(rest.call("DELETE", &path, None).await.status, 204);
    let note = rest.post(&rest.acme("/notes"), json!({"text": "Called back."})).await;
    let path = rest.acme(&format!("/notes/{}", note["id"]));
    for _ in 0..2 {
        let pinned = read(&rest.call("PATCH", &path, Some(&json!({"pinned": true}))).await);
        assert_eq!(pinned["pinned"], true);
    }
    assert_eq!(rest.call("DELETE", &path, None).await.status, 204);
    assert_eq!(rest.get(&rest.acme("/notes")).await["items"], json!([]));
}

#[on_both_databases]
async fn v8_2_2_a_credential_hands_on_nothing_beyond_its_own(app: TestApp) {
    let rest = Rest::new(app).await;
    let few = [ApiRight::CredentialsRead, ApiRight::CredentialsWrite, ApiRight::UsersRead];
    let token = credential_with(&rest.app, rest.stella, &few).await;
    let roles = rest.get("/api/v1/api-roles").await;
    let id = |name: &str| roles["items"].as_array().unwrap().iter().find(|role| role["name"] == name).unwrap()["id"].clone();
    let make = async |role: Value| {
        rest.call_as(&token, "POST", "/api/v1/api-credentials", Some(&json!({"name": "More", "role": role}))).await
    };
    assert_eq!(problem(&make(id("Full Access")).await), json!([422, "invalid", [["role", "api-beyond-own"]]]));
    let own = make(id("A few")).await;
    assert_eq!(own.status, 201, "{}", own.text());
    let used = rest.call_as(read(&own)["token"].as_str().unwrap(), "GET", "/api/v1/users", None).await;
    assert_eq!(used.status, 200);
    let role = json!({"name": "More", "rights": ["users:read", "users:write"]});
    let refused = rest.call_as(&token, "POST", "/api/v1/api-roles", Some(&role)).await;
    assert_eq!(problem(&refused), json!([422, "invalid", [["rights", "api-beyond-own"]]]));
    let path = format!("/api/v1/api-roles/{}", id("A few"));
    let refused = rest.call_as(&token, "PATCH", &path, Some(&json!({"rights": ["users:write"]}))).await;
    assert_eq!(problem(&refused), json!([422, "invalid", [["rights", "api-beyond-own"]]]));
}

#[on_both_databases]
async fn a_credential_that_ends_makes_none_that_ends_later_nor_from_elsewhere(app: TestApp) {
    let rest = Rest::new(app).await;
    let new = json!({"name": "Short", "role": 1, "networks": ["127.0.0.1"], "expires_at": "2026-11-25T08:00:00Z"});
    let short = rest.post("/api/v1/api-credentials", new).await;
    let token = short["token"].as_str().unwrap();
    let make = async |body: Value| rest.call_as(token, "POST", "/api/v1/api-credentials", Some(&body)).await;
    let later = make(json!({"name": "Later", "role": 1, "networks": ["127.0.0.1"]})).await;
    assert_eq!(problem(&later), json!([422, "invalid", [["expires_at", "api-beyond-own"]]]));
    let elsewhere = make(json!({"name": "Elsewhere", "role": 1, "expires_at": "2026-11-25T08:00:00Z"})).await;
    assert_eq!(problem(&elsewhere), json!([422, "invalid", [["networks", "api-beyond-own"]]]));
    let wrong = make(json!({"name": "When", "role": 1, "expires_at": "tomorrow"})).await;
    assert_eq!(problem(&wrong), json!([422, "invalid", [["expires_at", "time"]]]));
    let path = format!("/api/v1/api-credentials/{}", short["credential"]["id"]);
    assert_eq!(rest.call("DELETE", &path, None).await.status, 204);
    assert_eq!(make(json!({})).await.status, 401);
}

#[on_both_databases]
async fn admins_are_invited_kept_out_and_never_oneself(app: TestApp) {
    let rest = Rest::new(app).await;
    let steve = rest.another_admin(1).await;
    let path = format!("/api/v1/admins/{steve}");
    let changed = read(&rest.call("PATCH", &path, Some(&json!({"disabled": true}))).await);
    assert!(changed["disabled_at"].is_string());
    let oneself = format!("/api/v1/admins/{}", rest.stella);
    let refused = rest.call("PATCH", &oneself, Some(&json!({"disabled": true}))).await;
    assert_eq!(problem(&refused), json!([409, "conflict", []]));
    let invited = rest.post("/api/v1/admin-invitations", json!({"email": "nora@staff.example", "role": 2})).await;
    assert_eq!(rest.call("POST", &format!("/api/v1/admin-invitations/{}/resend", invited["id"]), None).await.status, 204);
    assert_eq!(rest.call("DELETE", &format!("/api/v1/admin-invitations/{}", invited["id"]), None).await.status, 204);
    assert_eq!(rest.get("/api/v1/admin-invitations").await["items"], json!([]));
}

#[on_both_databases]
async fn no_answer_holds_a_hash_a_token_or_a_secret(app: TestApp) {
    let rest = Rest::new(app).await;
    rest.session().await;
    rest.post("/api/v1/api-credentials", json!({"name": "Shop", "role": 2})).await;
    rest.post(&rest.acme("/invitations"), json!({"email": "nora@example.com", "permissions": ["invoices"]})).await;
    let contact = rest.post(&rest.acme("/contacts"), json!({"email": "carl@example.com"})).await;
    let note = rest.post(&rest.acme("/notes"), json!({"text": "Called back."})).await;
    let webhook = rest.post("/api/v1/webhooks", json!({"url": "https://hooks.example.com/in"})).await;
    let secrets = ["argon2", "\"secret\"", "\"token\"", "_hash", "lk_", "whsec_", "/invite/"];
    let holds_none = |at: &str, text: &str| assert!(!secrets.iter().any(|word| text.contains(word)), "{at}: {text}");
    let numbers = [
        ("{account}", rest.acme.to_string()),
        ("{user}", rest.olivia.to_string()),
        ("{contact}", contact["id"].to_string()),
        ("{note}", note["id"].to_string()),
        ("{webhook}", webhook["webhook"]["id"].to_string()),
    ];
    let ones = ["{admin}", "{role}", "{credential}", "{invitation}", "{session}"].map(|name| (name, "1".to_owned()));
    let mut routes = latchkey_api::table();
    routes.retain(|route| super::is_rest(route.path));
    let mut looked_at = 0;
    for route in routes.iter().filter(|route| route.method == "GET") {
        let path = numbers.iter().chain(&ones).fold(route.path.to_owned(), |path, (name, id)| path.replace(name, id));
        assert!(!path.contains('{'), "{path}: tests do not know what to fill in");
        let answer = rest.send(&asked(&rest.full, "GET", &path, None)).await;
        assert!(answer.status == 200 || path.ends_with("/1"), "{path}: {}", answer.status);
        holds_none(&path, &answer.text());
        looked_at += 1;
    }
    assert!(looked_at > 20, "{looked_at}");
    // What is made says a secret once, where the secret is what it makes.
    let tells = ["/api/v1/api-credentials", "/api/v1/webhooks", "/api/v1/webhooks/{webhook}/rotate"];
    routes.retain(|route| route.method == "POST" && !tells.contains(&route.path));
    routes.sort_by_key(|route| (route.path.ends_with("/owner"), route.path.ends_with("/close"), route.path));
    for (number, route) in routes.into_iter().enumerate() {
        let path = super::matrix::fill(&rest, route.path, 500 + number).await;
        let body = super::matrix::typical(&rest, route, 500 + number);
        let answer = rest.call("POST", &path, body.as_ref()).await;
        assert!((200..300).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
        holds_none(&path, &answer.text());
    }
}
