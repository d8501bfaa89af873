//! Nobody gets or hands on more than he holds, through a real listener: machines and staff.

use latchkey_core::access::ApiRight;
use serde_json::json;

use crate::rest::{Rest, credential_with, problem};
use crate::support::tables::number;
use crate::support::{TestApp, World, on_both_databases};

/// Gives an admin a role of these permissions alone.
async fn narrow(app: &TestApp, admin: latchkey_core::id::AdminId, permissions: &str) {
    let query = format!(
        "insert into admin_roles (name, name_key, permissions) values ('{permissions}', '{permissions}', '{permissions}') returning id"
    );
    let role = number(app, &query).await;
    number(app, &format!("update admins set role_id = {role} where id = {admin} returning id")).await;
}

#[on_both_databases]
async fn v8_2_1_a_webhook_gets_the_log_so_a_machine_that_makes_one_holds_events_read(app: TestApp) {
    let rest = Rest::new(app).await;
    let hooks = credential_with(&rest.app, rest.stella, &[ApiRight::WebhooksWrite, ApiRight::WebhooksRead]).await;
    let refused = async |method: &str, path: &str, body: serde_json::Value| {
        let answer = rest.call_as(&hooks, method, path, Some(&body)).await;
        assert_eq!(problem(&answer)[1], "right-missing", "{method} {path}: {}", answer.text());
        assert!(answer.text().contains("events:read"), "{}", answer.text());
    };
    refused("POST", "/api/v1/webhooks", json!({"url": "https://hooks.example.com/in"})).await;
    let made = rest.post("/api/v1/webhooks", json!({"url": "https://hooks.example.com/in"})).await;
    let path = format!("/api/v1/webhooks/{}", made["webhook"]["id"]);
    refused("PATCH", &path, json!({"url": "https://elsewhere.example.com/in"})).await;
    refused("POST", &format!("{path}/replay"), json!({"after": 0})).await;
    let stopped = rest.call_as(&hooks, "PATCH", &path, Some(&json!({"enabled": false}))).await;
    assert_eq!(stopped.status, 200, "to stop one shows nothing: {}", stopped.text());
    refused("PATCH", &path, json!({"enabled": true})).await;
    narrow(&rest.app, rest.stella, "view api").await;
    let refused = rest.call("PATCH", &path, Some(&json!({"enabled": true}))).await;
    assert_eq!(refused.status, 403, "its admin may not see the log either: {}", refused.text());
}

#[on_both_databases]
async fn v8_2_1_an_admin_who_may_not_see_the_log_has_no_events_sent(app: TestApp) {
    let world = World::new(app).await;
    let hook = format!("/admin/config/webhooks/{}", world.webhook().await);
    narrow(&world.app, world.stella, "view api").await;
    let form = [("url", "https://elsewhere.example/in"), ("description", "")];
    assert_eq!(world.admin.post(&format!("{hook}/disable"), &[]).await.status, 303);
    for (path, fields) in [
        ("/admin/config/webhooks".to_owned(), &form[..]),
        (hook.clone(), &form[..]),
        (format!("{hook}/enable"), &[]),
        (format!("{hook}/replay"), &[("seq", "1"), ("what", "after")]),
    ] {
        assert_eq!(world.admin.post(&path, fields).await.status, 403, "{path}");
    }
    let kept = "select count(*) from webhooks where disabled_at is not null and url like 'https://hooks.example/%'";
    assert_eq!(number(&world.app, kept).await, 1, "nothing has changed");
}

#[on_both_databases]
async fn v7_5_3_where_events_go_changes_only_after_a_fresh_proof(app: TestApp) {
    let world = World::new(app).await;
    let hook = format!("/admin/config/webhooks/{}", world.webhook().await);
    number(
        &world.app,
        "update admin_sessions set confirmed_at = null where id = (select max(id) from admin_sessions) returning id",
    )
    .await;
    let form = [("url", "https://elsewhere.example/in"), ("description", "")];
    for (path, fields) in [(hook.clone(), &form[..]), (format!("{hook}/replay"), &[("seq", "1"), ("what", "after")])] {
        let led = world.admin.post(&path, fields).await;
        assert_eq!(led.status, 303);
        assert!(led.outline().contains("/admin/confirm"), "{}", led.outline());
    }
    assert_eq!(number(&world.app, "select count(*) from webhooks where url like 'https://hooks.example/%'").await, 1);
}
