//! What narrows a list, and what a list holds at its ends.

use serde_json::Value;

use super::{CLIENT, Shop, credential, owner_made};
use crate::support::tables::number;
use crate::support::{TestApp, on_both_databases};

/// One field of each row.
fn each<'a>(rows: &'a Value, field: &str) -> Vec<&'a str> {
    rows.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap()).collect()
}

#[on_both_databases]
async fn v8_2_2_contacts_are_listed_to_a_credential_of_one_account_and_no_others(app: TestApp) {
    let shop = Shop::open(app).await;
    let other = shop.app.account("Elsewhere", shop.mia).await.to_string();
    let client = shop.client();
    for (client, email) in [(&client, "carl@example.com"), (&client, "cora@example.com"), (&other, "else@example.com")] {
        shop.done("AddContact", &[("clientid", client), ("email", email), ("city", "Rome")]).await;
    }
    let bound = credential(&shop.app, shop.stella, "full", Some(shop.acme), "").await;
    let owners = owner_made(&shop.app, "olivia@example.com", shop.olivia, shop.acme).await;
    for shown in [&bound, &owners] {
        let list = async |fields: &[(&str, &str)]| -> Value {
            let answer = shop.ask(shown, "GetContacts", fields).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            serde_json::from_slice(&answer.body).unwrap()
        };
        let all = list(&[]).await;
        assert_eq!(each(&all["contacts"]["contact"], "email"), ["carl@example.com", "cora@example.com"]);
        assert_eq!((all["result"].as_str(), all["totalresults"].as_i64()), (Some("success"), Some(2)));
        assert_eq!(list(&[("userid", &client), ("limitnum", "1")]).await["numreturned"], 1);
        for foreign in [("userid", other.as_str()), ("email", "else@example.com"), ("userid", "999")] {
            let none = list(&[foreign]).await;
            assert_eq!((&none["contacts"]["contact"], &none["totalresults"]), (&serde_json::json!([]), &0.into()), "{foreign:?}");
        }
    }
    let elsewhere =
        owner_made(&shop.app, "mia@example.com", shop.mia, latchkey_core::id::AccountId(other.parse().unwrap())).await;
    let text = shop.ask(&elsewhere, "GetContacts", &[("userid", &client)]).await.text();
    assert!(!text.contains("carl@"), "{text}");
    shop.app.finish().await;
}

#[on_both_databases]
async fn the_log_is_narrowed_by_who_from_where_when_and_whose(app: TestApp) {
    let shop = Shop::open(app).await;
    let client = shop.client();
    shop.done("UpdateClient", &[("clientid", &client), ("email", "billing@acme.example")]).await;
    shop.done("LogActivity", &[("description", "Invoice 7 paid"), ("clientid", &client)]).await;
    shop.done("LogActivity", &[("description", "Cron done")]).await;
    shop.done(
        "ValidateLogin",
        &[("email", "mia@example.com"), ("password2", crate::support::PASSWORD), ("clientip", "198.51.100.7")],
    )
    .await;
    let staff = format!(
        "insert into events (at, kind, actor_kind, actor_id, actor_name, detail) values ({}, 'line-written', 'admin', {}, 'Stella \
         Staff', 'by hand') returning id",
        shop.app.clock.now().as_micros(),
        shop.stella
    );
    number(&shop.app, &staff).await;
    let texts = async |fields: &[(&str, &str)]| {
        let found = shop.done("GetActivityLog", fields).await;
        let entries = found["activity"]["entry"].clone();
        assert_eq!(found["totalresults"].as_u64(), Some(entries.as_array().unwrap().len() as u64));
        each(&entries, "description").join("\n")
    };
    let of_client = texts(&[("user", "Billing@acme.example")]).await;
    assert!(of_client.contains("Invoice 7 paid") && !of_client.contains("Cron done"), "{of_client}");
    assert_eq!(texts(&[("clientid", &client)]).await, of_client);
    assert_eq!(texts(&[("userid", &client)]).await, of_client, "as it was called before there were users");
    let of_user = shop.done("GetActivityLog", &[("user", "mia@example.com")]).await;
    let of_user: Vec<i64> =
        of_user["activity"]["entry"].as_array().unwrap().iter().map(|row| row["userId"].as_i64().unwrap()).collect();
    assert!(!of_user.is_empty() && of_user.iter().all(|id| *id == shop.mia.0), "{of_user:?}");
    let of_admin = texts(&[("user", "STELLA@staff.example"), ("description", "by hand")]).await;
    assert_eq!(of_admin.lines().count(), 1, "{of_admin}");
    assert!(texts(&[("user", "Stella Staff")]).await.contains("by hand"), "a name is found, too");
    assert_eq!(texts(&[("user", "nobody@example.com")]).await, "");
    let from_there = shop.done("GetActivityLog", &[("ipaddress", "198.51.100.7")]).await["activity"]["entry"].clone();
    assert!(each(&from_there, "ipaddress").iter().all(|ip| *ip == "198.51.100.7") && from_there[0].is_object());
    assert_eq!(texts(&[("ipaddress", "198.51.100.70")]).await, "");
    let total = shop.done("GetActivityLog", &[]).await["totalresults"].clone();
    for date in ["24/11/2026", "2026-11-24"] {
        assert_eq!(shop.done("GetActivityLog", &[("date", date)]).await["totalresults"], total);
    }
    assert_eq!(texts(&[("date", "23/11/2026")]).await, "");
    assert_eq!(shop.refused("GetActivityLog", &[("date", "soon")]).await, "Invalid date");
    shop.app.finish().await;
}

#[on_both_databases]
async fn a_full_address_finds_exactly_one(app: TestApp) {
    let shop = Shop::open(app).await;
    shop.done("AddClient", &CLIENT).await;
    let longer = CLIENT.map(|(name, value)| if name == "email" { (name, "ada@example.network") } else { (name, value) });
    shop.done("AddClient", &longer).await;
    for (search, count) in
        [("ada@example.net", 1), ("ADA@Example.net", 1), ("ada@example.ne", 2), ("ada@example.network", 1), ("ada", 2)]
    {
        let users = shop.done("GetUsers", &[("search", search)]).await;
        assert_eq!((users["totalresults"].as_i64(), &users["numreturned"]), (Some(count), &count.into()), "{search}");
        let clients = shop.done("GetClients", &[("search", search)]).await;
        assert_eq!(clients["totalresults"].as_i64(), Some(count), "{search}");
    }
    assert_eq!(shop.done("GetUsers", &[("search", "ada@example.net")]).await["users"][0]["email"], "ada@example.net");
    assert_eq!(shop.done("GetClientsDetails", &[("email", "ada@example.net")]).await["client"]["email"], "ada@example.net");
    shop.app.expect_unsent_mails();
    shop.app.finish().await;
}

#[on_both_databases]
async fn admins_are_found_by_role_address_and_whether_they_are_disabled(app: TestApp) {
    let shop = Shop::open(app).await;
    let steve = shop.app.admin("Steve Staff", "steve@staff.example").await;
    let gone = shop.app.admin("Gina Gone", "gina@staff.example").await;
    number(&shop.app, &format!("update admins set role_id = 2 where id = {steve} returning id")).await;
    number(&shop.app, &format!("update admins set disabled_at = 1 where id = {gone} returning id")).await;
    let names = async |fields: &[(&str, &str)]| {
        let found = shop.done("GetAdminUsers", fields).await;
        let names = each(&found["admin_users"], "username").join(" ");
        assert_eq!(found["count"].as_u64(), Some(found["admin_users"].as_array().unwrap().len() as u64));
        names
    };
    assert_eq!(names(&[]).await, "stella@staff.example steve@staff.example");
    assert_eq!(names(&[("roleid", "2")]).await, "steve@staff.example");
    assert_eq!(names(&[("roleid", "999")]).await, "");
    assert_eq!(names(&[("email", "STEVE@")]).await, "steve@staff.example", "a part of the address");
    assert_eq!(names(&[("include_disabled", "true")]).await.split(' ').count(), 3);
    assert_eq!(names(&[("include_disabled", "1"), ("email", "gina")]).await, "gina@staff.example");
    assert_eq!(names(&[("include_disabled", "false"), ("email", "gina")]).await, "");
    shop.app.finish().await;
}

#[on_both_databases]
async fn lists_end_and_one_stays_a_list(app: TestApp) {
    let shop = Shop::open(app).await;
    let client = shop.client();
    shop.done("AddContact", &[("clientid", &client), ("email", "carl@example.com")]).await;
    let message = [("id", client.as_str()), ("customtype", "general"), ("customsubject", "Hello"), ("custommessage", "Hello")];
    shop.done("SendEmail", &message).await;
    shop.done("LogActivity", &[("description", "The only one")]).await;
    for (action, place, fields) in [
        ("GetContacts", "/contacts/contact", [("userid", client.as_str())]),
        ("GetEmails", "/emails/email", [("clientid", &client)]),
        ("GetActivityLog", "/activity/entry", [("description", "The only one")]),
    ] {
        let one = shop.done(action, &fields).await;
        assert_eq!(one.pointer(place).unwrap().as_array().map(Vec::len), Some(1), "{action}: {one}");
        let end = shop.done(action, &[fields.as_slice(), &[("limitstart", "50")]].concat()).await;
        assert_eq!(end.pointer(place), Some(&serde_json::json!([])), "{action}: {end}");
        let counts = ["totalresults", "startnumber", "numreturned"].map(|name| end[name].as_i64().unwrap());
        assert_eq!(counts, [1, 50, 0], "{action}");
    }
    assert_eq!(shop.done("GetEmails", &[("clientid", &client), ("subject", "nothing")]).await["numreturned"], 0);
    shop.app.expect_unsent_mails();
    shop.app.finish().await;
}

#[on_both_databases]
async fn oauth_credentials_are_listed_by_type_in_order_and_up_to_a_limit(app: TestApp) {
    let shop = Shop::open(app).await;
    let with_code = |name| [("grantType", "authorization_code"), ("scope", "openid"), ("name", name)];
    for name in ["Beta", "Alpha"] {
        let made = shop.done("CreateOAuthCredential", &with_code(name)).await;
        let (company, random) = made["clientIdentifier"].as_str().unwrap().split_once('.').unwrap();
        assert_eq!((company, random.len(), random.ends_with("==")), ("LATCHKEY", 24, true), "the documented form");
    }
    shop.done("CreateOAuthCredential", &[("grantType", "single_sign_on"), ("scope", "clientarea:sso"), ("serviceId", "7")]).await;
    let names = async |fields: &[(&str, &str)]| {
        let found = shop.done("ListOAuthCredentials", fields).await;
        each(&found["clients"], "name").join(",")
    };
    assert_eq!(names(&[]).await, "Beta,Alpha,");
    assert_eq!(names(&[("grantType", "authorization_code")]).await, "Beta,Alpha");
    assert_eq!(names(&[("grantType", "single_sign_on")]).await, "");
    assert_eq!(names(&[("sortField", "name")]).await, ",Alpha,Beta");
    assert_eq!(names(&[("sortField", "name"), ("sortOrder", "DESC"), ("limit", "2")]).await, "Beta,Alpha");
    assert_eq!(names(&[("sortOrder", "desc")]).await, ",Alpha,Beta");
    assert_eq!(names(&[("limit", "1")]).await, "Beta");
    let wrong = shop.refused("ListOAuthCredentials", &[("grantType", "implicit")]).await;
    assert_eq!(wrong, "The requested grant type \"implicit\" is invalid.");
    shop.app.finish().await;
}
