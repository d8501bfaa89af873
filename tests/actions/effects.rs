//! What fields of a call change, what is said of those that change nothing, and what is refused.

use base64::{Engine, engine::general_purpose::STANDARD};
use latchkey_core::settings::Verification;

use super::{CLIENT, Shop};
use crate::support::tables::{number, texts};
use crate::support::world::need_second_admin;
use crate::support::{TestApp, on_both_databases};

/// The call that makes a client, with other fields.
fn client_with<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = CLIENT.into_iter().filter(|(name, _)| !fields.iter().any(|(other, _)| other == name));
    kept.chain(fields.iter().copied()).collect()
}

async fn group(shop: &Shop) -> String {
    let insert = "insert into client_groups (name, name_key, colour, discount_basis_points, suspend_terminate_exempt, \
                  separate_invoices) values ('Friends', 'friends', '#b45309', 0, 0, 0) returning id";
    number(&shop.app, insert).await.to_string()
}

#[on_both_databases]
async fn v2_3_5_set_client_owner_says_that_a_second_admin_has_to_approve(app: TestApp) {
    let shop = Shop::open(app).await;
    need_second_admin(&shop.app, shop.stella).await;
    let (client, mia) = (shop.client(), shop.mia.to_string());
    let answer = shop.done("SetClientOwner", &[("client_id", client.as_str()), ("user_id", &mia)]).await;
    assert_eq!(
        (answer["owner_user_id"].as_i64(), answer["pending_owner_user_id"].as_i64()),
        (Some(shop.olivia.0), Some(shop.mia.0))
    );
    assert_eq!(answer["warning"], "The owner has not changed yet: a second admin has to approve this within seven days");
    let olivia = shop.olivia.to_string();
    let refused = shop.refused("SetClientOwner", &[("client_id", client.as_str()), ("user_id", &olivia)]).await;
    assert_eq!(refused, "User is already the account owner");
}

#[on_both_databases]
async fn somebody_of_a_client_always_gets_mail_about_domains(app: TestApp) {
    let shop = Shop::open(app).await;
    let client = shop.client();
    let of_client = [("clientid", client.as_str()), ("email_preferences[domain]", "0")];
    let icann = "You must have at least one email address enabled to receive domain related notifications as required by ICANN. ";
    let for_client =
        format!("{icann}To disable domain notifications, please create an alternative contact that is set to receive them");
    let for_contact = format!(
        "{icann}To disable domain notifications, please enable domain notifications for the primary account holder or another contact"
    );
    assert_eq!(shop.refused("UpdateClient", &of_client).await, for_client);
    shop.done("AddContact", &[("clientid", &client), ("email", "books@example.com"), ("email_preferences[invoice]", "1")]).await;
    assert_eq!(shop.refused("UpdateClient", &of_client).await, for_client, "a contact for other mail does not count");
    shop.done("AddContact", &[("clientid", &client), ("email", "host@example.com"), ("email_preferences[domain]", "1")]).await;
    shop.done("UpdateClient", &of_client).await;
    let stops = [("contactid", "2"), ("email_preferences[domain]", "0")];
    assert_eq!(shop.refused("UpdateContact", &stops).await, for_contact);
    assert_eq!(shop.refused("UpdateContact", &[("contactid", "2"), ("domainemails", "0")]).await, for_contact);
    assert_eq!(shop.refused("DeleteContact", &[("contactid", "2")]).await, for_contact);
    assert_eq!(number(&shop.app, "select count(*) from contacts").await, 2);
    shop.done("UpdateContact", &[("contactid", "2"), ("city", "Rome")]).await;
    shop.done("DeleteContact", &[("contactid", "1")]).await;
    shop.done("UpdateClient", &[("clientid", &client), ("email_preferences[domain]", "1")]).await;
    shop.done("UpdateContact", &stops).await;
    shop.done("DeleteContact", &[("contactid", "2")]).await;
    shop.app.finish().await;
}

#[on_both_databases]
async fn what_is_sent_and_not_kept_is_named(app: TestApp) {
    let shop = Shop::open(app).await;
    let client = shop.client();
    let switches = ["latefeeoveride", "overideduenotices", "taxexempt", "separateinvoices", "disableautocc", "overrideautoclose"];
    for switch in switches {
        let on = shop.done("UpdateClient", &[("clientid", &client), (switch, "1")]).await;
        assert_eq!(on["warning"], format!("Not kept: {switch}"));
        let off = shop.done("UpdateClient", &[("clientid", &client), (switch, "false")]).await;
        assert_eq!(off.get("warning"), None, "{switch} is off, as asked");
        assert_eq!(shop.done("GetClientsDetails", &[("clientid", &client)]).await["client"][switch], false);
    }
    let fields = ["paymentmethod", "clearcreditcard", "clientip", "cardnum", "securityqid", "securityqans", "password2"];
    for field in fields {
        let answer = shop.done("UpdateClient", &[("clientid", &client), (field, "1")]).await;
        assert_eq!(answer["warning"], format!("Not kept: {field}"));
    }
    let several = [("clientid", client.as_str()), ("cvv", "1"), ("taxexempt", "on"), ("currency", "7"), ("city", "Rome")];
    assert_eq!(shop.done("UpdateClient", &several).await["warning"], "Not kept: currency, cvv, taxexempt");
    let made = shop.done("AddClient", &client_with(&[("clientip", "192.0.2.1"), ("currency", "1")])).await;
    assert_eq!(made["warning"], "Not kept: clientip");
    let mia = shop.mia.to_string();
    assert_eq!(shop.done("UpdateUser", &[("user_id", &mia), ("language", "german")]).await["warning"], "Not kept: language");
    assert_eq!(shop.done("UpdateUser", &[("user_id", &mia), ("lastname", "M")]).await.get("warning"), None);
    let new = [("firstname", "U"), ("lastname", "V"), ("email", "u@example.com"), ("password2", "quiet harbour, seven lanterns")];
    let with_language = [new.as_slice(), &[("language", "german")]].concat();
    assert_eq!(shop.done("AddUser", &with_language).await["warning"], "Not kept: language");
    shop.app.expect_unsent_mails();
    shop.app.finish().await;
}

#[on_both_databases]
async fn custom_fields_that_cannot_be_read_are_an_error(app: TestApp) {
    let shop = Shop::open(app).await;
    let client = shop.client();
    let words = "The custom fields you provided are invalid.";
    let object = STANDARD.encode("O:8:\"stdClass\":0:{}");
    let nested = STANDARD.encode("a:1:{i:1;a:0:{}}");
    for bad in ["not base64!", "VAT", &object, &nested] {
        let update = [("clientid", client.as_str()), ("city", "Rome"), ("customfields", bad)];
        assert_eq!(shop.refused("UpdateClient", &update).await, words, "{bad}");
        assert_eq!(shop.refused("AddClient", &client_with(&[("customfields", bad)])).await, words, "{bad}");
    }
    assert_eq!(texts(&shop.app.location, "select city from accounts").await, [""], "nothing was changed or made");
    let empty = STANDARD.encode("a:0:{}");
    let answer = shop.done("UpdateClient", &[("clientid", &client), ("customfields", &empty)]).await;
    assert_eq!(answer.get("warning"), None);
    shop.app.finish().await;
}

#[on_both_databases]
async fn clients_are_made_into_a_group_for_a_user_and_without_all_fields(app: TestApp) {
    let shop = Shop::open(app).await;
    let (group, mia) = (group(&shop).await, shop.mia.to_string());
    let shown = async |made: &serde_json::Value| {
        shop.done("GetClientsDetails", &[("clientid", &made["clientid"].to_string())]).await["client"].clone()
    };
    // Who owns it exists: no password, and the mail address is the client's own.
    let fields = [("owner_user_id", mia.as_str()), ("password2", ""), ("groupid", &group), ("marketingoptin", "true")];
    let made = shop.done("AddClient", &client_with(&fields)).await;
    assert_eq!(made["owner_id"].as_i64(), Some(shop.mia.0));
    let client = shown(&made).await;
    assert_eq!((client["groupid"].to_string(), client["owner_user_id"].as_i64()), (group.clone(), Some(shop.mia.0)));
    assert_eq!((&client["isOptedInToMarketingEmails"], &client["emailoptout"]), (&true.into(), &false.into()));
    assert_eq!(number(&shop.app, "select count(*) from users").await, 2);
    let made = shop.done("AddClient", &client_with(&[("email", "eva@example.net")])).await;
    assert_eq!((&shown(&made).await["groupid"], &shown(&made).await["isOptedInToMarketingEmails"]), (&0.into(), &false.into()));
    let few = [
        ("firstname", "Few"),
        ("lastname", "Fields"),
        ("email", "few@example.net"),
        ("password2", "quiet harbour, seven lanterns"),
    ];
    assert_eq!(shop.refused("AddClient", &few).await, "You did not enter your address (line 1)");
    shop.done("AddClient", &[few.as_slice(), &[("skipvalidation", "true"), ("email", "few@example.net")]].concat()).await;
    let without: Vec<_> = few.into_iter().filter(|(name, _)| *name != "password2").chain([("skipvalidation", "1")]).collect();
    assert_eq!(shop.refused("AddClient", &without).await, "You did not enter a password", "a new user needs one all the same");
    assert_eq!(shop.refused("AddClient", &client_with(&[("phonenumber", "call me")])).await, "Invalid telephone phone number");
    assert_eq!(
        shop.refused("AddClient", &client_with(&[("groupid", "999"), ("email", "g@example.net")])).await,
        "Invalid client group ID"
    );
    assert_eq!(number(&shop.app, "select count(*) from users where email = 'g@example.net'").await, 0);
    shop.app.expect_unsent_mails();
    shop.app.finish().await;
}

#[on_both_databases]
async fn a_change_moves_a_client_between_groups_and_empties_nothing_that_is_required(app: TestApp) {
    let shop = Shop::open(app).await;
    let (group, client) = (group(&shop).await, shop.client());
    let of = async |field: &str| shop.done("GetClientsDetails", &[("clientid", &client)]).await["client"][field].to_string();
    shop.done("UpdateClient", &[("clientid", &client), ("groupid", &group), ("city", "Rome"), ("phonenumber", "+39.0612345")])
        .await;
    assert_eq!(of("groupid").await, group);
    shop.done("UpdateClient", &[("clientid", &client), ("firstname", "Olive")]).await;
    assert_eq!(of("groupid").await, group, "what is not sent stays");
    assert_eq!(shop.refused("UpdateClient", &[("clientid", &client), ("groupid", "999")]).await, "Invalid client group ID");
    shop.done("UpdateClient", &[("clientid", &client), ("groupid", "0")]).await;
    assert_eq!(of("groupid").await, "0");
    for (field, words) in [
        ("city", "You did not enter your city"),
        ("firstname", "You did not enter your first name"),
        ("phonenumber", "You did not enter your phone number"),
    ] {
        assert_eq!(shop.refused("UpdateClient", &[("clientid", &client), (field, " ")]).await, words);
        shop.done("UpdateClient", &[("clientid", &client), (field, ""), ("skipvalidation", "true")]).await;
        assert_eq!(of(field).await, "\"\"");
        shop.done("UpdateClient", &[("clientid", &client), (field, "")]).await;
    }
    let bad_phone = [("clientid", client.as_str()), ("phonenumber", "call me")];
    assert_eq!(shop.refused("UpdateClient", &bad_phone).await, "Invalid telephone phone number");
    shop.app.finish().await;
}

#[on_both_databases]
async fn a_deleted_client_takes_users_along_where_that_is_asked_for(app: TestApp) {
    let shop = Shop::open(app).await;
    let mias = shop.app.account("Mia's", shop.mia).await.to_string();
    let client = shop.client();
    let users = async || texts(&shop.app.location, "select email from users order by id").await;
    shop.done("DeleteClient", &[("clientid", &client), ("deleteusers", "true")]).await;
    assert_eq!(users().await, ["mia@example.com"], "rule 9: Mia has another client");
    shop.done("DeleteClient", &[("clientid", &mias)]).await;
    assert_eq!(users().await, ["mia@example.com"], "nobody asked for her to go");
    assert_eq!(number(&shop.app, "select count(*) from accounts").await, 0);
    shop.app.expect_unsent_mails();
    shop.app.finish().await;
}

#[on_both_databases]
async fn notes_and_lines_of_the_log_stand_where_they_were_put(app: TestApp) {
    let shop = Shop::open(app).await;
    let client = shop.client();
    let notes = async || shop.done("GetClientsDetails", &[("clientid", &client)]).await["client"]["notes"].clone();
    shop.done("AddClientNote", &[("userid", &client), ("notes", "Called back."), ("sticky", "0")]).await;
    assert_eq!(notes().await, "");
    shop.done("AddClientNote", &[("userid", &client), ("notes", "Pays late."), ("sticky", "1")]).await;
    assert_eq!(notes().await, "Pays late.", "what is sticky is pinned");
    assert_eq!(number(&shop.app, &format!("select count(*) from notes where account_id = {client}")).await, 2);
    for field in ["clientid", "userid"] {
        shop.done("LogActivity", &[("description", "Invoice 7 paid"), (field, &client)]).await;
    }
    shop.done("LogActivity", &[("description", "Invoice 7 paid")]).await;
    let found = shop.done("GetActivityLog", &[("description", "Invoice 7")]).await["activity"]["entry"].clone();
    let clients: Vec<&serde_json::Value> = found.as_array().unwrap().iter().map(|entry| &entry["clientId"]).collect();
    assert_eq!(clients, [&0.into(), &serde_json::json!(shop.acme.0), &serde_json::json!(shop.acme.0)], "newest first");
    assert_eq!(shop.refused("LogActivity", &[("description", "x"), ("clientid", "999")]).await, "Client ID Not Found");
    assert_eq!(shop.refused("LogActivity", &[]).await, "A description is required");
    shop.app.finish().await;
}

#[on_both_databases]
async fn addresses_are_banned_for_days_or_until_a_moment(app: TestApp) {
    let shop = Shop::open(app).await;
    let ban = |ip: &'static str, field: &'static str, value: &'static str| [("ip", ip), ("reason", "Spam"), (field, value)];
    let banned = shop.done("AddBannedIp", &ban("203.0.113.9", "expires", "2026-12-24 18:30:00")).await["banid"].to_string();
    let ends = number(&shop.app, &format!("select ends_at from bans where id = {banned}")).await;
    assert_eq!(ends, 1_798_137_000_000_000);
    let both = [ban("203.0.113.10", "days", "2").as_slice(), &[("expires", "2026-12-24 18:30:00")]].concat();
    let banned = shop.done("AddBannedIp", &both).await["banid"].to_string();
    let ends = number(&shop.app, &format!("select ends_at from bans where id = {banned}")).await;
    assert_eq!(ends - shop.app.clock.now().as_micros(), 2 * 86_400_000_000, "days count before a moment");
    for (fields, words) in [
        (vec![("reason", "Spam"), ("days", "1")], "An IP address is required"),
        (ban("nowhere", "days", "1").to_vec(), "Invalid IP address"),
        (vec![("ip", "203.0.113.11"), ("days", "1")], "A reason is required"),
        (vec![("ip", "203.0.113.11"), ("reason", "Spam")], "The number of days is required"),
        (ban("203.0.113.11", "days", "0").to_vec(), "Invalid number of days"),
        (ban("203.0.113.11", "days", "soon").to_vec(), "Invalid number of days"),
        (ban("203.0.113.11", "expires", "soon").to_vec(), "Invalid expiry date"),
        (ban("203.0.113.9", "days", "1").to_vec(), "The IP address is banned already"),
    ] {
        assert_eq!(shop.refused("AddBannedIp", &fields).await, words, "{fields:?}");
    }
    assert_eq!(number(&shop.app, "select count(*) from bans").await, 2);
    shop.app.finish().await;
}

#[on_both_databases]
async fn settings_are_read_by_name_and_others_are_refused_in_the_documented_words(app: TestApp) {
    let shop = Shop::open(app).await;
    let found = shop.done("GetConfigurationValue", &[("setting", "companyname")]).await;
    assert_eq!((&found["setting"], &found["value"]), (&"companyname".into(), &"Latchkey".into()));
    assert_eq!(shop.refused("GetConfigurationValue", &[]).await, "Parameter setting is required");
    assert_eq!(shop.refused("GetConfigurationValue", &[("setting", " ")]).await, "Parameter setting is required");
    assert_eq!(shop.refused("GetConfigurationValue", &[("setting", "SMTPPassword")]).await, "Invalid name for parameter setting");
    shop.app.finish().await;
}

#[on_both_databases]
async fn errors_are_written_as_xml_too(app: TestApp) {
    let shop = Shop::open(app).await;
    let head = |action: &str| {
        format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<whmcsapi version=\"9.0.0\">\n<action>{action}</action>\n")
    };
    let error = |words: &str| format!("<result>error</result>\n<message>{words}</message>\n</whmcsapi>\n");
    let xml = ("responsetype", "xml");
    let answer = shop.ask(&shop.full, "CloseClient", &[("clientid", "999"), xml]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/xml; charset=utf-8")));
    assert_eq!(answer.text(), head("closeclient") + &error("Client ID Not Found"));
    let answer = shop.send(&[("action", "GetClients"), xml]).await;
    assert_eq!((answer.status, answer.header("content-type")), (403, Some("application/xml; charset=utf-8")));
    assert_eq!(answer.text(), head("getclients") + &error("Invalid or missing credentials"));
    let answer = shop.ask(&shop.full, "<Bad&\"", &[xml]).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.text(), head("&lt;bad&amp;&quot;") + &error("The requested API action could not be found"));
    let answer = shop.send(&[xml]).await;
    assert_eq!((answer.status, answer.text()), (400, head("") + &error("Empty action request")));
    shop.app.finish().await;
}

#[on_both_databases]
async fn an_owner_who_has_a_login_is_told_of_the_client_and_one_who_is_made_for_it_is_not(app: TestApp) {
    let shop = Shop::open(app).await;
    shop.app.notify(Verification::Off).await;
    shop.done("AddClient", &client_with(&[("email", "eva@example.net")])).await;
    assert!(shop.app.take_mails().await.is_empty());
    let mia = shop.mia.to_string();
    shop.done("AddClient", &client_with(&[("owner_user_id", &mia)])).await;
    let mails = shop.app.take_mails().await;
    let told: Vec<_> = mails.iter().map(|mail| (mail.to.as_str(), mail.written.subject.as_str())).collect();
    assert_eq!(told, [("mia@example.com", "ownership-gained")]);
    shop.app.finish().await;
}
