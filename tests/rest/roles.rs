//! Roles of members: made by the operator's programs, given with memberships and invitations, named by the explanation of a check.

use serde_json::json;

use super::{Rest, problem, read};
use crate::support::{TestApp, on_both_databases};

#[on_both_databases]
async fn a_role_is_made_given_changed_and_names_itself_as_the_reason(app: TestApp) {
    let rest = Rest::new(app).await;
    let made = rest
        .call("POST", "/api/v1/roles", Some(&json!({"name": "Accounting", "description": "Pays", "permissions": ["quotes"]})))
        .await;
    let role = read(&made);
    let path = format!("/api/v1/roles/{}", role["id"]);
    assert_eq!((made.status, made.header("location")), (201, Some(path.as_str())));
    assert_eq!((&role["account"], &role["permissions"], &role["revision"]), (&json!(null), &json!(["quotes"]), &json!(1)));
    let again = rest.call("POST", "/api/v1/roles", Some(&json!({"name": "ACCOUNTING", "permissions": ["quotes"]}))).await;
    assert_eq!(problem(&again), json!([422, "invalid", [["name", "role-name-taken"]]]));

    let member = rest.acme(&format!("/memberships/{}", rest.mia));
    let changed = read(&rest.call("PATCH", &member, Some(&json!({"role": role["id"]}))).await);
    assert_eq!(changed["role"], json!({"id": role["id"], "name": "Accounting"}));
    assert_eq!((&changed["permissions"], &changed["single_permissions"]), (&json!(["invoices", "quotes"]), &json!(["invoices"])));
    let alone = read(&rest.call("PATCH", &member, Some(&json!({"permissions": []}))).await);
    assert_eq!((&alone["permissions"], &alone["role"]["name"]), (&json!(["quotes"]), &json!("Accounting")));

    let question = json!({"user": rest.mia.0, "account": rest.acme.0, "permission": "quotes", "explain": true});
    let answer = rest.post("/api/v1/check", question).await;
    assert_eq!(answer["reason"], "role");
    assert_eq!(answer["role"], json!({"id": role["id"], "name": "Accounting"}));

    let held = rest.call("DELETE", &path, None).await;
    assert_eq!(problem(&held), json!([409, "conflict", []]));
    let wider = read(&rest.call("PATCH", &path, Some(&json!({"permissions": ["tickets"]}))).await);
    assert_eq!(
        (&wider["permissions"], &wider["name"], &wider["revision"]),
        (&json!(["tickets"]), &json!("Accounting"), &json!(2))
    );
    assert_eq!(rest.get(&member).await["permissions"], json!(["tickets"]));
    let none = rest.call("PATCH", &member, Some(&json!({"role": null}))).await;
    assert_eq!(none.status, 200, "{}", none.text());
    assert_eq!(read(&none)["role"], json!(null));
    assert_eq!(rest.call("DELETE", &path, None).await.status, 204);
}

#[on_both_databases]
async fn an_invitation_offers_a_role_of_its_account_and_no_other(app: TestApp) {
    let rest = Rest::new(app).await;
    let own = json!({"name": "Own", "permissions": ["tickets"], "account": rest.acme.0});
    let own = rest.post("/api/v1/roles", own).await;
    assert_eq!(rest.get(&rest.acme("/roles")).await["items"], json!([own]));
    let person = json!({"first_name": "Nora", "last_name": "New", "email": "nora@example.com"});
    let other = rest.post("/api/v1/accounts", json!({"name": "Other", "country": "NL", "new_owner": person})).await;
    let theirs = rest.post("/api/v1/roles", json!({"name": "Own", "permissions": ["tickets"], "account": other["id"]})).await;
    let listed = rest.get(&format!("/api/v1/roles?account={}", other["id"])).await;
    assert_eq!(listed["items"], json!([theirs]));
    let invite = async |role: &serde_json::Value| {
        let new = json!({"email": "new@example.org", "permissions": [], "role": role, "send_mail": false});
        rest.call("POST", &rest.acme("/invitations"), Some(&new)).await
    };
    assert_eq!(problem(&invite(&theirs["id"]).await), json!([422, "invalid", [["role", "role-unknown"]]]));
    let sent = read(&invite(&own["id"]).await);
    assert_eq!((&sent["permissions"], &sent["role"]["name"]), (&json!(["tickets"]), &json!("Own")));
}

#[on_both_databases]
async fn who_is_let_in_at_once_can_have_a_role(app: TestApp) {
    let rest = Rest::new(app).await;
    let role = rest.post("/api/v1/roles", json!({"name": "Helpers", "permissions": ["tickets"]})).await;
    let path = rest.acme("/memberships");
    let person = json!({"first_name": "Nora", "last_name": "New", "email": "nora@example.com"});
    let made = rest.post(&path, json!({"new_user": person, "permissions": [], "role": role["id"]})).await;
    assert_eq!(made["role"], json!({"id": role["id"], "name": "Helpers"}));
    assert_eq!((&made["permissions"], &made["single_permissions"]), (&json!(["tickets"]), &json!([])));
    let user = rest.post("/api/v1/users", json!({"first_name": "Ned", "last_name": "New", "email": "ned@example.com"})).await;
    let made = rest.post(&path, json!({"user": user["id"], "permissions": ["orders"], "role": role["id"]})).await;
    assert_eq!((&made["permissions"], &made["role"]["name"]), (&json!(["tickets", "orders"]), &json!("Helpers")));
    let nobody = json!({"first_name": "Nils", "last_name": "New", "email": "nils@example.com"});
    let unknown = rest.call("POST", &path, Some(&json!({"new_user": nobody, "permissions": [], "role": 999_999}))).await;
    assert_eq!(problem(&unknown), json!([422, "invalid", [["role", "role-unknown"]]]));
    let bare = rest.call("POST", &path, Some(&json!({"new_user": nobody, "permissions": []}))).await;
    assert_eq!(bare.status, 422, "without a role at least one permission is chosen: {}", bare.text());
}
