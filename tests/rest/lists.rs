//! Pages, filters, and lists that are sent.

use serde_json::{Value, json};

use super::{Rest, problem, read};
use crate::support::tables::number;
use crate::support::{TestApp, on_both_databases};

/// All ids of a list, page by page.
async fn walked(rest: &Rest, first: &str, id: &str) -> Vec<i64> {
    let mut ids = Vec::new();
    let mut next = Some(first.to_owned());
    while let Some(path) = next {
        let answer = rest.call("GET", &path, None).await;
        let page = read(&answer);
        ids.extend(page["items"].as_array().unwrap().iter().map(|item| item[id].as_i64().unwrap()));
        next = page["next"].as_str().map(str::to_owned);
        let link = next.as_ref().map(|next| format!("<{next}>; rel=\"next\""));
        assert_eq!(answer.header("link"), link.as_deref());
    }
    ids
}

#[on_both_databases]
async fn every_one_stands_on_one_page(app: TestApp) {
    let rest = Rest::new(app).await;
    for number in 0..5 {
        rest.member(number).await;
    }
    let descending = |mut ids: Vec<i64>| {
        ids.sort_unstable_by(|one, other| other.cmp(one));
        ids.dedup();
        ids
    };
    let users = walked(&rest, "/api/v1/users?limit=3", "id").await;
    assert_eq!(users.len(), 8);
    assert_eq!(users, descending(users.clone()));
    let members = walked(&rest, &rest.acme("/memberships?limit=2"), "user").await;
    assert_eq!(members.len(), 7);
    let found = walked(&rest, "/api/v1/users?query=tom%20targ&limit=2", "id").await;
    assert_eq!(found.len(), 5);
    assert_eq!(walked(&rest, "/api/v1/accounts?query=acme", "id").await, [rest.acme.0]);
    rest.call("POST", &rest.acme("/close"), None).await;
    assert_eq!(walked(&rest, "/api/v1/accounts?status=closed&limit=1", "id").await, [rest.acme.0]);
    let wrong = problem(&rest.call("GET", "/api/v1/accounts?status=gone", None).await);
    assert_eq!(wrong, json!([422, "invalid", [["status", "choice"]]]));
    let wrong = problem(&rest.call("GET", "/api/v1/users?cursor=nonsense", None).await);
    assert_eq!(wrong, json!([422, "invalid", [["cursor", "cursor"]]]));
}

/// What an event must be for a filter.
type Holds<'a> = &'a dyn Fn(&Value) -> bool;

#[on_both_databases]
async fn events_and_accounts_are_narrowed_by_what_is_asked_for(app: TestApp) {
    let rest = Rest::new(app).await;
    let made = rest.post("/api/v1/users", json!({"first_name": "N", "last_name": "N", "email": "nora@example.com"})).await;
    rest.app.clock.advance(std::time::Duration::from_hours(1));
    let other = rest.post("/api/v1/accounts", json!({"name": "Other", "owner": made["id"]})).await;
    rest.post(&rest.acme("/contacts"), json!({"email": "carl@example.com"})).await;
    let all = rest.get("/api/v1/events?limit=100").await["items"].as_array().unwrap().clone();
    let (nora, other) = (made["id"].as_i64().unwrap(), other["id"].as_i64().unwrap());
    let moment = "2026-11-24T09:00:00Z";
    let later = |event: &Value| event["at"].as_str().unwrap() >= moment;
    let filters: [(String, Holds<'_>); 6] = [
        ("kind=contact.added".to_owned(), &|event| event["kind"] == "contact.added"),
        (format!("account={other}"), &|event| event["account"] == other || event["account"]["id"] == other),
        (format!("user={nora}"), &|event| event["user"] == nora || event["user"]["id"] == nora),
        (format!("from={moment}"), &later),
        (format!("until={moment}"), &|event| !later(event)),
        (format!("from={moment}&kind=contact.added&account={}", rest.acme), &|event| event["kind"] == "contact.added"),
    ];
    for (filter, holds) in filters {
        let found = rest.get(&format!("/api/v1/events?limit=100&{filter}")).await["items"].as_array().unwrap().clone();
        let wanted: Vec<Value> = all.iter().filter(|event| holds(event)).cloned().collect();
        assert!(!wanted.is_empty() && wanted.len() < all.len(), "{filter} narrows: {all:?}");
        assert_eq!(found, wanted, "{filter}");
    }
    let wrong = problem(&rest.call("GET", "/api/v1/events?kind=nonsense&from=soon", None).await);
    assert_eq!(wrong[0], 422);
    assert_eq!(rest.get("/api/v1/events?user=999").await["items"], json!([]));
    let insert = "insert into client_groups (name, name_key, colour, discount_basis_points, suspend_terminate_exempt, \
                  separate_invoices) values ('Friends', 'friends', '#b45309', 0, 0, 0) returning id";
    let group = number(&rest.app, insert).await;
    let changed = rest.call("PATCH", &rest.acme(""), Some(&json!({"group": group}))).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(walked(&rest, &format!("/api/v1/accounts?group={group}"), "id").await, [rest.acme.0]);
    assert_eq!(walked(&rest, "/api/v1/accounts?group=999", "id").await, [0; 0]);
}

#[on_both_databases]
async fn somebody_of_an_account_always_gets_mail_about_domains(app: TestApp) {
    let rest = Rest::new(app).await;
    let without = json!({"mail_categories": ["general"]});
    let refused = rest.call("PATCH", &rest.acme(""), Some(&without)).await;
    assert_eq!(problem(&refused), json!([422, "invalid", [["mail_categories", "domain-recipient"]]]));
    let host = rest.post(&rest.acme("/contacts"), json!({"email": "host@example.com", "mail_categories": ["domain"]})).await;
    assert_eq!(rest.call("PATCH", &rest.acme(""), Some(&without)).await.status, 200);
    let path = rest.acme(&format!("/contacts/{}", host["id"]));
    let refused = rest.call("PATCH", &path, Some(&without)).await;
    assert_eq!(problem(&refused), json!([422, "invalid", [["mail_categories", "domain-recipient"]]]));
    assert_eq!(problem(&rest.call("DELETE", &path, None).await), json!([409, "conflict", []]));
}

/// Every list whose rows can be made here, with what makes one more, and whether the newest stands first.
fn makers(rest: &Rest) -> [(String, String, bool); 9] {
    let own = |path: &str, newest_first| (path.to_owned(), path.to_owned(), newest_first);
    [
        (rest.acme("/contacts"), rest.acme("/contacts"), false),
        (rest.acme("/notes"), rest.acme("/notes"), true),
        own("/api/v1/roles", false),
        own("/api/v1/api-roles", false),
        own("/api/v1/admin-invitations", true),
        own("/api/v1/api-credentials", true),
        own("/api/v1/webhooks", false),
        own("/api/v1/users", true),
        own("/api/v1/accounts", true),
    ]
}

fn one_more(rest: &Rest, path: &str, number: usize) -> Value {
    let email = format!("more{number}@example.com");
    match path.rsplit('/').next().unwrap() {
        "contacts" => json!({"email": email}),
        "notes" => json!({"text": format!("Note {number}")}),
        "roles" => json!({"name": format!("Clerk {number}"), "permissions": ["invoices"]}),
        "api-roles" => json!({"name": format!("Role {number}"), "rights": ["users:read"]}),
        "admin-invitations" => json!({"email": email, "role": 2}),
        "api-credentials" => json!({"name": format!("Shop {number}"), "role": 2}),
        "webhooks" => json!({"url": format!("https://hooks.example.com/{number}")}),
        "users" => json!({"first_name": "Max", "last_name": "More", "email": email}),
        _ => json!({"name": format!("Client {number}"), "owner": rest.mia.0}),
    }
}

/// Whoever walks a list meets each row once that was there at the beginning, whatever is added meanwhile.
#[on_both_databases]
async fn a_walk_meets_each_row_once_while_others_are_added(app: TestApp) {
    let rest = Rest::new(app).await;
    for (path, maker, newest_first) in makers(&rest) {
        for number in 0..5 {
            rest.post(&maker, one_more(&rest, &path, number)).await;
        }
        let there = walked(&rest, &format!("{path}?limit=100"), "id").await;
        let (mut met, mut next, mut number) = (Vec::new(), Some(format!("{path}?limit=2")), 5);
        while let Some(at) = next.filter(|_| number < 50) {
            let page = rest.get(&at).await;
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 2, "{path}");
            met.extend(items.iter().map(|item| item["id"].as_i64().unwrap()));
            next = page["next"].as_str().map(str::to_owned);
            // A list whose end moves away is followed for a while only.
            if number < 8 {
                rest.post(&maker, one_more(&rest, &path, number)).await;
            }
            number += 1;
        }
        assert!(met.is_sorted_by(|one, other| if newest_first { one > other } else { one < other }), "{path}: {met:?}");
        let added = met.iter().filter(|id| !there.contains(id)).count();
        assert_eq!(added, if newest_first { 0 } else { 3 }, "{path}: {met:?}");
        assert!(there.iter().all(|id| met.contains(id)), "{path}: {met:?} of {there:?}");
    }
}

#[on_both_databases]
async fn admins_roles_sessions_and_tries_are_paged_too(app: TestApp) {
    let rest = Rest::new(app).await;
    for number in 0..3 {
        rest.another_admin(number).await;
        rest.session().await;
    }
    let sessions = format!("/api/v1/users/{}/sessions", rest.olivia);
    for (path, id) in [("/api/v1/admins", "id"), ("/api/v1/admin-roles", "id"), (&sessions, "id")] {
        let whole = walked(&rest, &format!("{path}?limit=100"), id).await;
        assert!(whole.len() >= 3, "{path}");
        assert_eq!(walked(&rest, &format!("{path}?limit=1"), id).await, whole, "{path}");
    }
    let users = walked(&rest, &format!("{}?limit=1", rest.acme("/users")), "user").await;
    assert_eq!(users, [rest.olivia.0, rest.mia.0]);
    let who_may = walked(&rest, &format!("{}?permission=tickets&limit=1", rest.acme("/users")), "user").await;
    assert_eq!(who_may, [rest.olivia.0]);
    let hook = rest.post("/api/v1/webhooks", json!({"url": "https://hooks.example.com/in"})).await["webhook"]["id"].clone();
    assert_eq!(rest.get(&format!("/api/v1/webhooks/{hook}/attempts?limit=1")).await, json!({"items": [], "next": null}));
    for path in ["/api/v1/admins?limit=0", "/api/v1/webhooks?cursor=x", "/api/v1/api-roles?limit=101"] {
        assert_eq!(rest.call("GET", path, None).await.status, 422, "{path}");
    }
}

fn line(email: &str, permissions: &[&str]) -> Value {
    json!({"email": email, "permissions": permissions})
}

#[on_both_databases]
async fn a_list_of_invitations_is_tried_and_then_sent(app: TestApp) {
    let rest = Rest::new(app).await;
    rest.post(&rest.acme("/invitations"), line("waiting@example.com", &["invoices"])).await;
    let list = json!([
        line("one@example.com", &["invoices"]),
        line("mia@example.com", &["invoices"]),
        line("waiting@example.com", &["invoices"]),
        line("one@example.com", &["tickets"]),
        line("nobody", &["tickets"]),
        line("two@example.com", &["everything"]),
        line("three@example.com", &["users"]),
    ]);
    let path = rest.acme("/invitations/bulk");
    let outcome = |result: &Value| -> Vec<String> {
        let lines = result["lines"].as_array().unwrap().iter();
        lines
            .map(|line| format!("{} {}", line["outcome"].as_str().unwrap(), line["error"]["code"].as_str().unwrap_or("-")))
            .collect()
    };
    let tried = rest.post(&path, json!({"invitations": list, "dry_run": true})).await;
    let refused = [
        "refused already-member",
        "refused already-pending",
        "refused listed-twice",
        "refused email-malformed",
        "refused permission-unknown",
    ];
    assert_eq!(outcome(&tried), [&["possible -"], &refused[..], &["possible -"]].concat());
    assert_eq!(number(&rest.app, "select count(*) from invitations").await, 1);
    let sent = rest.post(&path, json!({"invitations": list, "send_mail": false})).await;
    assert_eq!(outcome(&sent), [&["sent -"], &refused[..], &["sent -"]].concat());
    assert_eq!((&sent["taken"], &sent["refused"]), (&json!(2), &json!(5)));
    assert!(sent["lines"][0]["link"].as_str().unwrap().contains("/invite/"));
    let pending = rest.get(&rest.acme("/invitations?state=pending")).await;
    assert_eq!(pending["items"].as_array().unwrap().len(), 3);
    assert!(pending["items"].as_array().unwrap().iter().all(|item| item.get("link").is_none()), "a link is answered once");
}

#[on_both_databases]
async fn a_list_into_a_closed_account_sends_nothing(app: TestApp) {
    let rest = Rest::new(app).await;
    rest.call("POST", &rest.acme("/close"), None).await;
    let list = json!({"invitations": [line("one@example.com", &["invoices"])]});
    let refused = rest.call("POST", &rest.acme("/invitations/bulk"), Some(&list)).await;
    assert_eq!(problem(&refused), json!([409, "conflict", []]));
    assert_eq!(number(&rest.app, "select count(*) from invitations").await, 0);
}
