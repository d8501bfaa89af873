//! How calls are read, and in which words they are refused.

use base64::{Engine, engine::general_purpose::STANDARD};
use latchkey_core::access::{ConfigureSystem, Denied};
use latchkey_core::password::{Breached, Hasher};
use latchkey_core::settings::{self, Security};

use super::{CLIENT, FORM, PATH, Shop, credential};
use crate::password::BREACHED;
use crate::support::binary::Folder;
use crate::support::http::encoded;
use crate::support::tables::number;
use crate::support::{Ask, TestApp, on_both_databases};

/// The fields of a call with a credential.
fn with<'a>(action: &'a str, identifier: &'a str, secret: &'a str) -> [(&'a str, &'a str); 3] {
    [("action", action), ("identifier", identifier), ("secret", secret)]
}

#[on_both_databases]
async fn credentials_and_actions_are_refused_in_the_documented_words(app: TestApp) {
    let shop = Shop::open(app).await;
    let (identifier, secret) = (shop.full.identifier.as_str(), shop.full.secret.reveal());
    let wrong = "A".repeat(43);
    let outline = async |fields: &[(&str, &str)]| {
        let answer = shop.send(fields).await;
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((body["result"].as_str(), answer.header("content-type")), (Some("error"), Some("application/json")));
        format!("{} {}", answer.status, body["message"].as_str().unwrap())
    };
    assert_eq!(outline(&[]).await, "400 Empty action request");
    assert_eq!(outline(&with(" ", identifier, &secret)).await, "400 Empty action request");
    assert_eq!(outline(&with("GetClients", "", " ")).await, "403 Invalid or missing credentials");
    assert_eq!(outline(&with("GetClients", identifier, &wrong)).await, "403 Authentication Failed");
    assert_eq!(outline(&with("GetClients", &"0".repeat(32), &secret)).await, "403 Authentication Failed");
    assert_eq!(outline(&with("GetInvoices", identifier, &secret)).await, "404 The requested API action could not be found");
    assert_eq!(outline(&with("users:read", identifier, &secret)).await, "404 The requested API action could not be found");
    let elsewhere = credential(&shop.app, shop.stella, "full", None, "192.0.2.0/24").await;
    assert_eq!(outline(&with("GetClients", &elsewhere.identifier, &elsewhere.secret.reveal())).await, "403 Invalid IP 127.0.0.1");
    let reads = credential(&shop.app, shop.stella, "read-only", None, "").await;
    assert_eq!(
        outline(&with("CloseClient", &reads.identifier, &reads.secret.reveal())).await,
        "403 Invalid Permissions: API action \"closeclient\" is not allowed"
    );
    shop.app.finish().await;
}

#[on_both_databases]
async fn calls_are_read_as_client_libraries_send_them(app: TestApp) {
    let shop = Shop::open(app).await;
    let (identifier, secret) = (shop.full.identifier.as_str(), shop.full.secret.reveal());
    // Name and password, with everything else blank, and any case.
    let old = [
        ("username", identifier),
        ("password", &secret),
        ("accesskey", ""),
        ("identifier", ""),
        ("secret", ""),
        ("action", "gEtCliEnts"),
    ];
    assert_eq!(shop.send(&old).await.status, 200);
    // The action in the address, the rest in the body; and the body wins.
    let path = format!("{PATH}?action=GetUsers&limitnum=1&secret=wrong");
    let body = encoded(&[("identifier", identifier), ("secret", &secret), ("limitnum", "2")]);
    let answer = Ask::new("POST", &path).body(FORM, body).send(shop.at).await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer["result"].as_str(), answer["numreturned"].as_i64()), (Some("success"), Some(2)));
    // In parts, as PHP's curl sends an array.
    let part =
        |(name, value): &(&str, &str)| format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let fields = [("identifier", identifier), ("secret", &secret), ("action", "GetClients"), ("anything", "else")];
    let body: String = fields.iter().map(part).chain(["--X--\r\n".to_owned()]).collect();
    let answer = Ask::new("POST", PATH).body("multipart/form-data; boundary=X", body).send(shop.at).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let large = "x".repeat(1024 * 1024 + 1);
    assert_eq!(Ask::new("POST", PATH).body(FORM, large).send(shop.at).await.unwrap().status, 413);
    shop.app.finish().await;
}

#[on_both_databases]
async fn get_is_heard_from_networks_that_the_operator_names_and_from_nowhere_else(app: TestApp) {
    let shop = Shop::open(app.clone()).await;
    let fields = [
        ("identifier", shop.full.identifier.clone()),
        ("secret", shop.full.secret.reveal()),
        ("action", "GetClients".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let path = format!("{PATH}?{}", encoded(&fields));
    let answer = Ask::new("GET", &path).send(shop.at).await.unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (405, Some("application/json")));
    let allowed = super::serve(&app, &["127.0.0.0/8"]).await;
    assert_eq!(Ask::new("GET", &path).send(allowed).await.unwrap().status, 200);
    let other = super::serve(&app, &["192.0.2.0/24"]).await;
    assert_eq!(Ask::new("GET", &path).send(other).await.unwrap().status, 405);
    app.finish().await;
}

#[on_both_databases]
async fn v6_2_11_and_v6_2_12_passwords_near_the_company_or_breached_are_refused_with_their_reason(mut app: TestApp) {
    let folder = Folder::new();
    let path = folder.path().join("breached.txt");
    std::fs::write(&path, BREACHED).unwrap();
    app.app = app.node_with(Hasher::cheap().with_breached(Breached::open(&path).unwrap()));
    let shop = Shop::open(app).await;
    let user = [("firstname", "Uma"), ("lastname", "User"), ("email", "uma@example.com")];
    for action in ["AddUser", "AddClient"] {
        let fields = [&user[..], &[("skipvalidation", "1"), ("password2", "quiet harbour, seven lanterns")]].concat();
        let breached = shop.refused(action, &fields).await;
        assert!(breached.contains("lists of stolen passwords"), "{action}: {breached}");
    }
    let company = [("skipvalidation", "1"), ("companyname", "Quillfeather"), ("password2", "quillfeather-quillfeather-1")];
    let near = shop.refused("AddClient", &[&user[..], &company].concat()).await;
    assert!(near.contains("close to a name"), "{near}");
    shop.app.finish().await;
}

#[on_both_databases]
async fn users_are_refused_in_the_documented_words(app: TestApp) {
    let shop = Shop::open(app).await;
    let good = [
        ("firstname", "Uma"),
        ("lastname", "User"),
        ("email", "uma@example.com"),
        ("password2", "quiet harbour, seven lanterns"),
    ];
    for (missing, words) in [
        ("firstname", "You did not enter a first name"),
        ("lastname", "You did not enter a last name"),
        ("email", "You did not enter an email address"),
        ("password2", "You did not enter a password"),
    ] {
        let fields: Vec<_> = good.iter().copied().filter(|(name, _)| *name != missing).collect();
        assert_eq!(shop.refused("AddUser", &fields).await, words);
    }
    let with = |name: &'static str, value: &'static str| -> Vec<_> {
        good.iter().map(|(known, old)| if *known == name { (*known, value) } else { (*known, *old) }).collect()
    };
    assert_eq!(shop.refused("AddUser", &with("email", "uma")).await, "The email address entered is not valid");
    assert_eq!(shop.refused("AddUser", &with("email", "MIA@example.com")).await, "A user already exists with that email address");
    let weak = shop.refused("AddUser", &with("password2", "password")).await;
    assert!(weak.contains("15"), "v6.2.1: the rules hold here too: {weak}");
    let near = shop.refused("AddUser", &with("password2", "uma-user-uma-user-1")).await;
    assert!(near.contains("close to a name"), "v6.2.11: {near}");
    let (stella, request) = (shop.stella, shop.app.request());
    let everybody = shop.app.app.write(&request, move |tx| {
        let by = tx.authorize_admin::<ConfigureSystem>(stella)?;
        Ok::<_, Denied>(settings::set_security(tx, &by, &Security { everybody: true, ..Security::default() })?)
    });
    everybody.await.unwrap();
    let weak = shop.refused("AddUser", &with("password2", "vq8Zr1m")).await;
    assert!(weak.contains("at least 8"), "v6.2.1: where a second factor is required of everybody: {weak}");
    let enough = [("firstname", "Eve"), ("lastname", "Eight"), ("email", "eve@example.com"), ("password2", "vq8Zr1mT")];
    shop.done("AddUser", &enough).await;
    let mia = shop.mia.to_string();
    assert_eq!(shop.refused("UpdateUser", &[("user_id", "999"), ("firstname", "X")]).await, "Invalid User ID requested");
    assert_eq!(
        shop.refused("UpdateUser", &[("user_id", &mia), ("firstname", " ")]).await,
        "One of email, firstname, lastname, or language is required"
    );
    assert_eq!(
        shop.refused("UpdateUser", &[("user_id", &mia), ("email", "olivia@example.com")]).await,
        "A user already exists with that email address"
    );
    assert_eq!(shop.refused("DeleteUser", &[("user_id", &mia)]).await, "User is associated with one or more clients");
    assert_eq!(shop.refused("DeleteUser", &[("user_id", "999")]).await, "Invalid User ID requested");
    assert_eq!(shop.refused("DeleteUser", &[]).await, "Invalid User ID requested");
    assert_eq!(shop.refused("ResetPassword", &[]).await, "Please enter the email address or provide the id");
    assert_eq!(shop.refused("ResetPassword", &[("email", "x")]).await, "Please provide a valid email address");
    assert_eq!(shop.refused("ResetPassword", &[("email", "nobody@example.com")]).await, "User Not Found");
    shop.app.finish().await;
}

#[on_both_databases]
async fn members_and_invites_are_refused_in_the_documented_words(app: TestApp) {
    let shop = Shop::open(app).await;
    let (client, olivia, mia) = (shop.client(), shop.olivia.to_string(), shop.mia.to_string());
    let of = |client: &'static str, user: &str| vec![("client_id", client.to_owned()), ("user_id", user.to_owned())];
    let sam = shop.app.user("Sam", "Stranger", "sam@example.com").await.to_string();
    for action in ["DeleteUserClient", "GetUserPermissions", "UpdateUserPermissions"] {
        for (fields, words) in [
            (of("1", "999"), "Invalid user id"),
            (of("999", &mia), "Invalid client id"),
            (of("", &mia), "Invalid client id"),
            (of("1", &sam), "User is not associated with client"),
        ] {
            let mut fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            fields.push(("permissions", "invoices"));
            assert_eq!(shop.refused(action, &fields).await, words, "{action}");
        }
    }
    let owner = [("client_id", client.as_str()), ("user_id", &olivia)];
    assert_eq!(shop.refused("DeleteUserClient", &owner).await, "You cannot remove the account owner");
    let set = |permissions: &'static str, user| [("client_id", "1"), ("user_id", user), ("permissions", permissions)];
    assert_eq!(
        shop.refused("UpdateUserPermissions", &set("invoices", &olivia)).await,
        "Permissions cannot be set on a client owner"
    );
    assert_eq!(shop.refused("UpdateUserPermissions", &set("", &mia)).await, "Missing permissions definition");
    shop.done("UpdateUserPermissions", &set("tickets, profile", &mia)).await;
    let held = shop.done("GetUserPermissions", &[("client_id", "1"), ("user_id", &mia)]).await;
    assert_eq!(held["permissions"]["permission"], serde_json::json!(["profile", "tickets"]));
    let all = shop.done("GetUserPermissions", &owner).await;
    assert_eq!(all["permissions"]["permission"].as_array().unwrap().len(), 13, "rule 1: the owner holds everything");
    let invite = |email, permissions| [("client_id", "1"), ("email", email), ("permissions", permissions)];
    for (fields, words) in [
        (invite("", "invoices"), "Email is required"),
        (invite("x", "invoices"), "The email address entered is not valid"),
        (invite("new@example.com", ""), "User permissions are required"),
        (invite("mia@example.com", "invoices"), "User already associated with client"),
    ] {
        assert_eq!(shop.refused("CreateClientInvite", &fields).await, words);
    }
    shop.done("CreateClientInvite", &invite("new@example.com", "invoices")).await;
    assert_eq!(shop.app.take_mails().await.len(), 1, "the invite, and nothing of what was refused");
    shop.app.finish().await;
}

#[on_both_databases]
async fn lists_keep_their_shapes_whatever_they_hold(app: TestApp) {
    let shop = Shop::open(app).await;
    let one = shop.done("GetClients", &[("search", "acme")]).await;
    assert!(one["clients"]["client"].is_array() && one["numreturned"] == 1);
    let none = shop.done("GetClients", &[("search", "nobody")]).await;
    assert_eq!((none["clients"]["client"].clone(), none["totalresults"].as_i64()), (serde_json::json!([]), Some(0)));
    let end = shop.done("GetUsers", &[("limitstart", "50")]).await;
    assert_eq!(
        (end["numreturned"].as_i64(), end["totalresults"].as_i64(), end["startnumber"].as_i64()),
        (Some(0), Some(2), Some(50))
    );
    let found = shop.done("GetUsers", &[("search", "mia@example.com")]).await;
    assert_eq!((found["totalresults"].as_i64(), found["users"][0]["id"].as_i64()), (Some(1), Some(shop.mia.0)));
    assert_eq!(shop.done("GetUsers", &[("search", "Mia Mem")]).await["totalresults"], 1);
    let newest = shop.done("GetUsers", &[("sorting", "DESC"), ("limitnum", "1")]).await;
    assert_eq!(newest["users"][0]["id"].as_i64(), Some(shop.mia.0));
    shop.done("AddClient", &CLIENT).await;
    let ordered = shop.done("GetClients", &[("orderby", "firstname"), ("sorting", "DESC")]).await;
    let names: Vec<&str> =
        ordered["clients"]["client"].as_array().unwrap().iter().map(|row| row["firstname"].as_str().unwrap()).collect();
    assert_eq!(names, ["Olivia", "Ada"]);
    assert_eq!(shop.done("GetClients", &[("status", "Closed")]).await["totalresults"], 0);
    shop.app.expect_unsent_mails();
    shop.app.finish().await;
}

#[on_both_databases]
async fn clients_are_made_changed_and_refused_as_documented(app: TestApp) {
    let shop = Shop::open(app).await;
    for (missing, words) in [
        ("address1", "You did not enter your address (line 1)"),
        ("country", "Valid country required"),
        ("password2", "You did not enter a password"),
    ] {
        let fields: Vec<_> = CLIENT.iter().copied().filter(|(name, _)| *name != missing).collect();
        assert_eq!(shop.refused("AddClient", &fields).await, words);
    }
    let with = |name: &'static str, value: &'static str| {
        CLIENT.map(|(known, old)| if known == name { (known, value) } else { (known, old) })
    };
    assert_eq!(shop.refused("AddClient", &with("email", "x")).await, "The email address you entered was not valid");
    assert_eq!(shop.refused("AddClient", &with("country", "XX")).await, "Valid country required");
    assert_eq!(
        shop.refused("AddClient", &with("email", "mia@example.com")).await,
        "A user already exists with that email address"
    );
    let owned = [CLIENT.as_slice(), &[("owner_user_id", "999")]].concat();
    assert_eq!(shop.refused("AddClient", &owned).await, "Invalid Owner User ID");
    assert_eq!(number(&shop.app, "select count(*) from accounts").await, 1, "what is refused leaves nothing behind");
    let fields = STANDARD.encode("a:1:{i:1;s:3:\"VAT\";}");
    let made = shop
        .done("AddClient", &[CLIENT.as_slice(), &[("customfields", &fields), ("notes", "VIP"), ("noemail", "true")]].concat())
        .await;
    assert_eq!(made["warning"], "Not kept: customfields");
    let id = made["clientid"].to_string();
    let shown = shop.done("GetClientsDetails", &[("email", "ADA@example.net")]).await;
    assert_eq!(shown["client"]["companyname"], "Engines & <Sons>");
    assert_eq!(
        (shown["client"]["notes"].as_str(), shown["phonecc"].as_i64(), shown["countryname"].as_str()),
        (Some("VIP"), Some(44), Some("United Kingdom"))
    );
    let changes = [
        ("clientemail", "ada@example.net"),
        ("city", ""),
        ("skipvalidation", "true"),
        ("email_preferences[invoice]", "0"),
        ("status", "Inactive"),
        ("language", "german"),
    ];
    assert_eq!(shop.done("UpdateClient", &changes).await["clientid"].to_string(), format!("\"{id}\""));
    let shown = shop.done("GetClientsDetails", &[("clientid", &id)]).await["client"].clone();
    assert_eq!(
        (shown["city"].as_str(), shown["address1"].as_str(), shown["status"].as_str()),
        (Some(""), Some("1 Engine Way"), Some("Inactive"))
    );
    assert_eq!(
        (
            shown["email_preferences"]["invoice"].as_str(),
            shown["email_preferences"]["general"].as_str(),
            shown["language"].as_str()
        ),
        (Some("0"), Some("1"), Some("german"))
    );
    let contact = [("clientid", id.as_str()), ("email", "carl@example.net"), ("generalemails", "1")];
    shop.done("AddContact", &contact).await;
    assert_eq!(shop.refused("AddContact", &contact).await, "Duplicate Email Address");
    shop.app.finish().await;
}

#[on_both_databases]
async fn what_is_not_there_is_said_in_the_documented_words(app: TestApp) {
    let shop = Shop::open(app).await;
    for (action, fields, words) in [
        ("UpdateClient", vec![("clientid", "999")], "Client ID Not Found"),
        ("UpdateClient", vec![], "Client ID Not Found"),
        ("GetClientsDetails", vec![], "Either clientid Or email Is Required"),
        ("GetClientsDetails", vec![("clientid", "999")], "Client Not Found"),
        ("CloseClient", vec![("clientid", "999")], "Client ID Not Found"),
        ("DeleteClient", vec![], "Client ID Not Found"),
        ("AddClientNote", vec![("userid", "999"), ("notes", "x")], "Client ID not found"),
        ("AddClientNote", vec![("userid", "1"), ("notes", " ")], "Notes can not be empty."),
        ("GetEmails", vec![("clientid", "999")], "Client ID Not Found"),
        ("AddContact", vec![("clientid", "999"), ("email", "c@example.com")], "Client ID Not Found"),
        ("UpdateContact", vec![("contactid", "999")], "Contact ID Not Found"),
        ("DeleteContact", vec![], "Contact ID Not Found"),
    ] {
        assert_eq!(shop.refused(action, &fields).await, words, "{action} {fields:?}");
    }
    shop.app.finish().await;
}

#[on_both_databases]
async fn a_credential_of_one_account_sees_and_changes_that_account_alone(app: TestApp) {
    let shop = Shop::open(app).await;
    let other = shop.app.account("Elsewhere", shop.mia).await.to_string();
    let bound = credential(&shop.app, shop.stella, "full", Some(shop.acme), "").await;
    let client = shop.client();
    let ask = async |action: &str, fields: &[(&str, &str)]| {
        let answer = shop.ask(&bound, action, fields).await;
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        (answer.status, body["message"].as_str().unwrap_or("success").to_owned())
    };
    assert_eq!(ask("GetClientsDetails", &[("clientid", &client)]).await.1, "success");
    assert_eq!(ask("UpdateClient", &[("clientid", &client), ("city", "Rome")]).await.1, "success");
    assert_eq!(ask("GetClientsDetails", &[("clientid", &other)]).await.1, "Client Not Found");
    assert_eq!(ask("UpdateClient", &[("clientid", &other), ("city", "Rome")]).await.1, "Client ID Not Found");
    assert_eq!(ask("UpdateClient", &[("clientid", &client), ("status", "Closed")]).await.0, 403, "that is staff's to say");
    assert_eq!(
        ask("GetUserPermissions", &[("client_id", &client), ("user_id", "999")]).await.1,
        "User is not associated with client"
    );
    for action in ["GetClients", "GetUsers", "AddUser", "CreateSsoToken", "GetActivityLog"] {
        let fields =
            [("client_id", client.as_str()), ("firstname", "A"), ("lastname", "B"), ("email", "a@b.example"), ("password2", "x")];
        assert_eq!(ask(action, &fields).await.0, 403, "{action}");
    }
    shop.app.finish().await;
}

#[on_both_databases]
async fn oauth_credentials_are_checked_and_their_secret_is_shown_once(app: TestApp) {
    let shop = Shop::open(app).await;
    for (fields, words) in [
        (vec![], "A valid grant type is required."),
        (vec![("grantType", "implicit")], "The requested grant type \"implicit\" is invalid."),
        (vec![("grantType", "authorization_code"), ("scope", "openid")], "A name for the Client Credential is required."),
        (
            vec![("grantType", "single_sign_on"), ("scope", "clientarea:sso")],
            "A service ID is required for the single sign-on grant type.",
        ),
        (vec![("grantType", "authorization_code"), ("name", "App")], "At least one valid scope is required."),
        (
            vec![("grantType", "authorization_code"), ("name", "App"), ("scope", "openid all")],
            "The requested scope \"all\" is invalid.",
        ),
    ] {
        assert_eq!(shop.refused("CreateOAuthCredential", &fields).await, words);
    }
    let app = [("grantType", "authorization_code"), ("name", "App"), ("scope", "openid email")];
    let bad = [app.as_slice(), &[("redirectUri", "javascript:alert(1)")]].concat();
    shop.refused("CreateOAuthCredential", &bad).await;
    let made = shop.done("CreateOAuthCredential", &app).await;
    let secret = made["clientSecret"].as_str().unwrap();
    let listed = shop.done("ListOAuthCredentials", &[]).await;
    assert!(!listed.to_string().contains(secret));
    let update = |name, value| [("credentialId", "1"), (name, value)];
    shop.done("UpdateOAuthCredential", &update("name", "Other")).await;
    let again = shop.done("UpdateOAuthCredential", &update("resetSecret", "true")).await;
    assert_ne!(again["newClientSecret"].as_str(), Some(secret));
    assert_eq!(shop.done("ListOAuthCredentials", &[]).await["clients"][0]["name"], "Other");
    assert_eq!(shop.refused("UpdateOAuthCredential", &[]).await, "A Credential ID or Client Identifier is required.");
    assert_eq!(
        shop.refused("UpdateOAuthCredential", &[("clientApiIdentifier", "x")]).await,
        "Invalid Client Identifier provided."
    );
    assert_eq!(shop.refused("UpdateOAuthCredential", &[("credentialId", "9")]).await, "Invalid Credential ID provided.");
    for ((name, value), words) in [
        (("name", " "), "A name for the Client Credential is required."),
        (("grantType", "implicit"), "The requested grant type \"implicit\" is invalid."),
        (("grantType", "single_sign_on"), "A service ID is required for the single sign-on grant type."),
        (("scope", "openid all"), "The requested scope \"all\" is invalid."),
    ] {
        assert_eq!(shop.refused("UpdateOAuthCredential", &update(name, value)).await, words);
    }
    let service = [("grantType", "single_sign_on"), ("scope", "clientarea:sso"), ("serviceId", "0")];
    assert_eq!(shop.refused("CreateOAuthCredential", &service).await, "A valid Service ID is required.");
    let identifier = made["clientIdentifier"].as_str().unwrap();
    let by_identifier = [("clientApiIdentifier", identifier), ("name", "By name")];
    assert_eq!(shop.done("UpdateOAuthCredential", &by_identifier).await["credentialId"], 1);
    assert_eq!(shop.refused("DeleteOAuthCredential", &[("credentialId", "9")]).await, "Invalid Credential ID provided.");
    shop.app.finish().await;
}
