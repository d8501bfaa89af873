//! Route × credential: what every kind of credential gets on every route, from the router's own table. The reviewed answers are in
//! `snapshots/rest.txt`; a route that is not in there fails.

use std::collections::BTreeMap;
use std::fmt::Write;

use latchkey_core::access::BuiltInApiRole;
use latchkey_web::Route;
use serde_json::{Value, json};

use super::{Rest, asked, credential, read};
use crate::support::snapshot::assert_reviewed;
use crate::support::tables::number;
use crate::support::{Answer, TestApp};

/// Who calls. Those who may most come last: they change things.
const CREDENTIALS: [&str; 11] = [
    "none",
    "wrong secret",
    "expired",
    "revoked",
    "disabled admin's",
    "foreign network",
    "elsewhere",
    "read-only",
    "owner's",
    "bound here",
    "full",
];

/// Credentials that no longer work, or not from here.
async fn dead(rest: &Rest) -> BTreeMap<&'static str, String> {
    let leaver = rest.app.admin("Larry Left", "larry@staff.example").await;
    let made = async |admin| credential(&rest.app, admin, BuiltInApiRole::Full, None).await;
    let tokens = [
        ("expired", made(rest.stella).await),
        ("revoked", made(rest.stella).await),
        ("disabled admin's", made(leaver).await),
        ("foreign network", made(rest.stella).await),
    ];
    for (name, change) in [
        ("expired", "update api_credentials set expires_at = 1"),
        ("revoked", "delete from api_credentials"),
        ("foreign network", "update api_credentials set networks = '192.0.2.0/24'"),
    ] {
        let token = &tokens.iter().find(|(known, _)| *known == name).unwrap().1;
        let identifier = token.get(3..35).unwrap();
        number(&rest.app, &format!("{change} where identifier = '{identifier}' returning id")).await;
    }
    number(&rest.app, &format!("update admins set disabled_at = 1 where id = {leaver} returning id")).await;
    tokens.into_iter().collect()
}

fn token(rest: &Rest, dead: &BTreeMap<&str, String>, credential: &str) -> String {
    if let Some(token) = dead.get(credential) {
        return token.clone();
    }
    match credential {
        "none" => String::new(),
        "wrong secret" => format!("{}A", rest.full.get(..rest.full.len() - 1).unwrap()),
        "elsewhere" => rest.elsewhere.clone(),
        "read-only" => rest.read_only.clone(),
        "owner's" => rest.owners.clone(),
        "bound here" => rest.bound.clone(),
        _ => rest.full.clone(),
    }
}

/// Something typical in every body.
pub(super) fn typical(rest: &Rest, route: Route, number: usize) -> Option<Value> {
    let email = format!("new{number}@example.com");
    let person = json!({"first_name": "Nora", "last_name": "New", "email": email});
    let body = match (route.method, route.path) {
        ("POST", "/api/v1/users") => person,
        ("PATCH", "/api/v1/users/{user}") => json!({"first_name": "Renamed"}),
        ("POST", "/api/v1/accounts") => json!({"name": "New Client", "new_owner": person}),
        ("PATCH", "/api/v1/accounts/{account}") => json!({"city": "Utrecht"}),
        ("POST", "/api/v1/accounts/{account}/owner") => json!({"user": rest.mia.0}),
        ("POST", "/api/v1/accounts/{account}/memberships") => json!({"new_user": person, "permissions": ["invoices"]}),
        ("PATCH", "/api/v1/accounts/{account}/memberships/{user}") => json!({"permissions": ["tickets"]}),
        ("POST", "/api/v1/accounts/{account}/invitations") => json!({"email": email, "permissions": ["invoices"]}),
        ("POST", "/api/v1/accounts/{account}/invitations/bulk") => {
            json!({"invitations": [{"email": email, "permissions": ["invoices"]}], "dry_run": true})
        }
        ("POST", "/api/v1/accounts/{account}/contacts") => json!({"email": email}),
        ("PATCH", "/api/v1/accounts/{account}/contacts/{contact}") => json!({"city": "Gouda"}),
        ("POST", "/api/v1/accounts/{account}/notes") => json!({"text": "Called back."}),
        ("PATCH", "/api/v1/accounts/{account}/notes/{note}") => json!({"pinned": true}),
        ("PATCH", "/api/v1/admins/{admin}") => json!({"disabled": true}),
        ("POST", "/api/v1/admin-invitations") => json!({"email": email, "role": 2}),
        ("POST", "/api/v1/api-roles") => json!({"name": format!("Role {number}"), "rights": ["users:read"]}),
        ("PATCH", "/api/v1/api-roles/{role}") => json!({"rights": ["users:read"]}),
        ("POST", "/api/v1/roles") => json!({"name": format!("Clerk {number}"), "permissions": ["invoices"]}),
        ("PATCH", "/api/v1/roles/{role}") => json!({"permissions": ["quotes"]}),
        ("POST", "/api/v1/api-credentials") => json!({"name": "Shop", "role": 2}),
        ("POST", "/api/v1/check") => json!({"user": rest.mia.0, "account": rest.acme.0, "permission": "invoices"}),
        ("POST", "/api/v1/session/check") => json!({"token": "nonsense", "account": rest.acme.0}),
        ("POST", "/api/v1/webhooks") => json!({"url": "https://hooks.example.com/in"}),
        ("PATCH", "/api/v1/webhooks/{webhook}") => json!({"description": "Billing"}),
        ("POST", "/api/v1/webhooks/{webhook}/rotate") => json!({"overlap": "week"}),
        ("POST", "/api/v1/webhooks/{webhook}/replay") => json!({"after": 0}),
        _ => return None,
    };
    Some(body)
}

/// The path of a row, its variables filled in with something that is there, made just now.
pub(super) async fn fill(rest: &Rest, path: &str, number: usize) -> String {
    let mut filled = path.replace("{account}", &rest.acme.to_string());
    filled = filled.replace("/users/{user}/accounts", &format!("/users/{}/accounts", rest.mia));
    if filled.contains("/memberships/{user}") {
        filled = filled.replace("{user}", &rest.member(number).await);
    }
    if filled.contains("{session}") {
        filled = filled.replace("{user}", &rest.olivia.to_string()).replace("{session}", &rest.session().await);
    }
    if filled.contains("{user}") {
        let email = format!("loner{number}@example.com");
        let made = rest.post("/api/v1/users", json!({"first_name": "Lena", "last_name": "Loner", "email": email})).await;
        filled = filled.replace("{user}", &made["id"].to_string());
    }
    if filled.contains("/admin-roles/{role}") {
        filled = filled.replace("{role}", "1");
    }
    let makers: [(&str, String, Value); 8] = [
        ("/v1/roles/{role}", "/api/v1/roles".to_owned(), json!({"name": format!("Made {number}"), "permissions": ["invoices"]})),
        (
            "/admin-invitations/{invitation}",
            "/api/v1/admin-invitations".to_owned(),
            json!({"email": format!("staff{number}@staff.example"), "role": 2}),
        ),
        (
            "{invitation}",
            rest.acme("/invitations"),
            json!({"email": format!("invited{number}@example.com"), "permissions": ["invoices"]}),
        ),
        ("{contact}", rest.acme("/contacts"), json!({"email": format!("contact{number}@example.com")})),
        ("{note}", rest.acme("/notes"), json!({"text": "A note."})),
        ("{role}", "/api/v1/api-roles".to_owned(), json!({"name": format!("Made {number}"), "rights": ["users:read"]})),
        ("{credential}", "/api/v1/api-credentials".to_owned(), json!({"name": "Made", "role": 2})),
        ("{webhook}", "/api/v1/webhooks".to_owned(), json!({"url": "https://hooks.example.com/made"})),
    ];
    for (variable, at, body) in makers {
        if filled.contains(variable) {
            let made = rest.post(&at, body).await;
            let id =
                [&made["id"], &made["credential"]["id"], &made["webhook"]["id"]].into_iter().find(|id| !id.is_null()).unwrap();
            let name = variable.rsplit('/').next().unwrap();
            filled = filled.replace(name, &id.to_string());
        }
    }
    if filled.contains("{admin}") {
        filled = filled.replace("{admin}", &rest.another_admin(number).await);
    }
    assert!(!filled.contains('{'), "{filled}: tests do not know what to fill in; teach `fill`");
    filled
}

/// Status, and what is wrong.
fn outline(answer: &Answer) -> String {
    if answer.status < 400 {
        return answer.status.to_string();
    }
    let document = read(answer);
    let name = document["type"].as_str().unwrap_or_default().replace("/api/docs#problem-", "");
    let fields = document["errors"].as_array().into_iter().flatten();
    let fields: Vec<&str> = fields.map(|error| error["field"].as_str().unwrap_or_default()).collect();
    format!("{} {name} {}", answer.status, fields.join(" ")).trim().to_owned()
}

async fn answers(fresh: &impl AsyncFn() -> Rest, routes: &[Route]) -> String {
    let mut text = String::new();
    let reading = fresh().await;
    let reading_dead = dead(&reading).await;
    for (row, route) in routes.iter().enumerate() {
        let changing;
        let (rest, dead) = if route.method == "GET" {
            (&reading, &reading_dead)
        } else {
            let rest = fresh().await;
            let dead = dead(&rest).await;
            changing = (rest, dead);
            (&changing.0, &changing.1)
        };
        let mut by_answer: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (column, credential) in CREDENTIALS.into_iter().enumerate() {
            // No two ask for the same address.
            let number = row * CREDENTIALS.len() + column;
            let path = fill(rest, route.path, number).await;
            let body = typical(rest, *route, number);
            let answer = rest.send(&asked(&token(rest, dead, credential), route.method, &path, body.as_ref())).await;
            assert!(answer.status < 500, "{} {path} as {credential}: {}", route.method, answer.text());
            by_answer.entry(outline(&answer)).or_default().push(credential);
        }
        let _ = writeln!(text, "{} {}", route.method, route.path);
        for (answer, credentials) in by_answer {
            let _ = writeln!(text, "    {answer:<34} {}", credentials.join(", "));
        }
    }
    text
}

async fn reviewed_on(fresh: impl AsyncFn() -> TestApp) {
    let mut routes = latchkey_api::table();
    routes.retain(|route| super::is_rest(route.path));
    routes.sort();
    let text = answers(&async || Rest::new(fresh().await).await, &routes).await;
    assert_reviewed("rest.txt", &text);
}

#[tokio::test]
async fn v8_2_1_every_credential_gets_the_reviewed_answer_on_every_route_on_sqlite() {
    reviewed_on(TestApp::sqlite).await;
}

#[tokio::test]
async fn v8_2_1_every_credential_gets_the_reviewed_answer_on_every_route_on_postgres() {
    reviewed_on(TestApp::postgres).await;
}
