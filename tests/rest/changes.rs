//! Changes that rest on what somebody has read.

use serde_json::json;

use super::{Rest, asked, problem, read};
use crate::support::{TestApp, on_both_databases};

const OTHERS: [&str; 4] = ["tickets", "orders", "quotes", "domains"];

#[on_both_databases]
async fn a_change_is_made_to_the_version_that_was_read_and_to_no_other(app: TestApp) {
    let rest = Rest::new(app).await;
    let path = rest.acme("");
    let seen = rest.call("GET", &path, None).await;
    let tag = seen.header("etag").unwrap().to_owned();
    let change = |city: &str, tag: &str| asked(&rest.full, "PATCH", &path, Some(&json!({"city": city}))).with("if-match", tag);
    let first = rest.send(&change("Utrecht", &tag)).await;
    assert_eq!(first.status, 200, "{}", first.text());
    assert_ne!(first.header("etag").unwrap(), tag);
    let lost = rest.send(&change("Gouda", &tag)).await;
    assert_eq!(problem(&lost), json!([412, "precondition", []]));
    assert_eq!(rest.get(&path).await["city"], "Utrecht");
    let weak = format!("W/{}", first.header("etag").unwrap());
    assert_eq!(rest.send(&change("Gouda", &weak)).await.status, 412);
    let several = format!("\"other\", {}", first.header("etag").unwrap());
    assert_eq!(rest.send(&change("Gouda", &several)).await.status, 200);
    assert_eq!(rest.send(&change("Delft", "*")).await.status, 200);
    let deleted = rest.send(&asked(&rest.full, "DELETE", &path, None).with("if-match", &tag)).await;
    assert_eq!(deleted.status, 412);
    assert_eq!(rest.get(&path).await["city"], "Delft");
    assert_eq!(rest.send(&change("Gouda", "\"é\"")).await.status, 412, "what cannot be read is no version");
    assert_eq!(rest.get(&path).await["city"], "Delft");
}

#[on_both_databases]
async fn of_many_who_change_one_version_at_once_one_succeeds(app: TestApp) {
    let rest = Rest::new(app).await;
    let node = super::serve(&rest.app, rest.app.second_node(), 1_000_000).await;
    for path in [rest.acme(""), format!("/api/v1/users/{}", rest.mia), rest.acme(&format!("/memberships/{}", rest.mia))] {
        let tag = rest.call("GET", &path, None).await.header("etag").unwrap().to_owned();
        let calls = (0..8).map(|index| {
            let body = match path.rsplit('/').nth(1) {
                Some("users") => json!({"last_name": format!("Name {index}")}),
                Some("accounts") => json!({"city": format!("City {index}")}),
                _ => json!({"permissions": ["emails", OTHERS[index % 4]]}),
            };
            let ask = asked(&rest.full, "PATCH", &path, Some(&body)).with("if-match", &tag);
            let to = if index % 2 == 0 { rest.address } else { node };
            tokio::spawn(async move { ask.send(to).await.unwrap().status })
        });
        let calls: Vec<_> = calls.collect();
        let mut statuses = Vec::new();
        for call in calls {
            statuses.push(call.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412], "{path}");
    }
}

#[on_both_databases]
async fn a_user_who_was_changed_since_it_was_read_is_not_deleted(app: TestApp) {
    let rest = Rest::new(app).await;
    let node = super::serve(&rest.app, rest.app.second_node(), 1_000_000).await;
    for round in 0..20 {
        let user = rest.app.user("Tom", "Target", &format!("tom{round}@example.com")).await;
        let path = format!("/api/v1/users/{user}");
        let tag = rest.call("GET", &path, None).await.header("etag").unwrap().to_owned();
        let change = asked(&rest.full, "PATCH", &path, Some(&json!({"last_name": "More"}))).with("if-match", &tag);
        let delete = asked(&rest.full, "DELETE", &path, None).with("if-match", &tag);
        let (changed, deleted) = tokio::join!(change.send(node), rest.send(&delete));
        let statuses = (changed.unwrap().status, deleted.status);
        assert!(matches!(statuses, (200, 412) | (404, 204)), "{statuses:?}");
    }
}

#[on_both_databases]
async fn what_was_read_of_a_session_a_credential_and_an_offer_is_what_is_deleted(app: TestApp) {
    let rest = Rest::new(app).await;
    let made = async |path: &str, body| rest.post(path, body).await;
    let offer = made("/api/v1/admin-invitations", json!({"email": "steve@staff.example", "role": 2})).await;
    let credential = made("/api/v1/api-credentials", json!({"name": "Shop", "role": 2})).await;
    let paths = [
        format!("/api/v1/users/{}/sessions/{}", rest.olivia, rest.session().await),
        format!("/api/v1/api-credentials/{}", credential["credential"]["id"]),
        format!("/api/v1/admin-invitations/{}", offer["id"]),
    ];
    for path in paths {
        let tag = rest.call("GET", &path, None).await.header("etag").unwrap_or_else(|| panic!("{path}")).to_owned();
        let delete = |tag: &str| asked(&rest.full, "DELETE", &path, None).with("if-match", tag);
        let other = problem(&rest.send(&delete("\"other\"")).await);
        assert_eq!(other, json!([412, "precondition", []]), "{path}");
        assert_eq!(rest.send(&delete(&tag)).await.status, 204, "{path}");
        assert_eq!(rest.call("GET", &path, None).await.status, 404, "{path}");
    }
}

#[on_both_databases]
async fn what_is_left_out_of_a_change_stays(app: TestApp) {
    let rest = Rest::new(app).await;
    let details =
        json!({"company": "Acme Ltd.", "country": "NL", "mail_categories": ["invoice", "domain"], "two_factor_required": true});
    let changed = rest.call("PATCH", &rest.acme(""), Some(&details)).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let changed = read(&rest.call("PATCH", &rest.acme(""), Some(&json!({"city": "Utrecht", "active": false}))).await);
    assert_eq!(changed["company"], "Acme Ltd.");
    assert_eq!(changed["country"], "NL");
    assert_eq!(changed["mail_categories"], json!(["invoice", "domain"]));
    assert_eq!(changed["two_factor_required"], true);
    assert_eq!(changed["status"], "inactive");
    assert_eq!(changed["name"], "Acme");
}
