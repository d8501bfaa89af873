//! Messages that are sent by an action, and the templates of the operator.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::Shop;
use crate::support::tables::number;
use crate::support::{TestApp, on_both_databases};

#[on_both_databases]
async fn messages_reach_those_who_want_them_as_plain_text(app: TestApp) {
    let shop = Shop::open(app).await;
    let id = shop.client();
    shop.done("UpdateClient", &[("clientid", &id), ("email", "acme@example.com"), ("companyname", "Acme")]).await;
    for (email, key) in [("books@example.com", "general"), ("desk@example.com", "support")] {
        let preference = format!("email_preferences[{key}]");
        shop.done("AddContact", &[("clientid", &id), ("email", email), (&preference, "1")]).await;
    }
    let variables = STANDARD.encode("a:1:{s:6:\"number\";s:4:\"<42>\";}");
    let message = [
        ("id", id.as_str()),
        ("customtype", "general"),
        ("customsubject", "Invoice {$number}"),
        ("custommessage", "<p>Dear {$client_company_name},</p><script>alert(1)</script><p>Invoice {$number} is due.</p>"),
        ("customvars", &variables),
    ];
    shop.done("SendEmail", &message).await;
    let mails = shop.app.take_mails().await;
    let to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!(to, ["acme@example.com", "books@example.com"]);
    let shown = shop.done("GetEmails", &[("clientid", &id), ("subject", "Invoice")]).await;
    assert_eq!((shown["totalresults"].as_i64(), shown["emails"]["email"][0]["pending"].as_bool()), (Some(2), Some(false)));
    let without = |name: &str| -> Vec<_> { message.iter().copied().filter(|(known, _)| *known != name).collect() };
    for (fields, words) in [
        (without("customtype"), "You must provide either an existing email template name or a custom message type"),
        (without("customsubject"), "A subject is required for a custom message"),
        (without("custommessage"), "A message body is required for a custom message"),
        (without("id"), "A related ID is required"),
        ([without("customvars"), vec![("customvars", "O:8")]].concat(), "The custom variables you provided are invalid."),
        ([without("customtype"), vec![("customtype", "x")]].concat(), "Invalid message type provided"),
        // The number would be an invoice's, and the mail somebody else's.
        (
            [without("customtype"), vec![("customtype", "invoice")]].concat(),
            "Custom messages are of the type general: services, domains, invoices and tickets are not kept here",
        ),
        (vec![("messagename", "Order Confirmation"), ("id", "1")], "Sending Failed. Please see documentation."),
        (vec![("messagename", "Client Signup Email"), ("id", "1")], "Email Template not found"),
        (vec![("messagename", "Password Reset Validation"), ("id", "1")], "Sending Failed. Please see documentation."),
    ] {
        assert_eq!(shop.refused("SendEmail", &fields).await, words);
    }
    shop.app.finish().await;
}

#[on_both_databases]
async fn templates_of_the_operator_are_sent_by_name_and_run_nothing(app: TestApp) {
    let shop = Shop::open(app).await;
    let id = shop.client();
    shop.done("UpdateClient", &[("clientid", &id), ("email", "acme@example.com"), ("firstname", "Olivia")]).await;
    let admin = shop.browser().log_in_as_admin("stella@staff.example").await;
    assert_eq!(admin.press("/admin/config/templates/bundled").await.status, 303);
    shop.done("SendEmail", &[("messagename", "client signup EMAIL"), ("id", &id)]).await;
    let [mail] = shop.app.take_mails().await.try_into().unwrap_or_else(|_| panic!("one mail"));
    assert_eq!((mail.to.as_str(), mail.written.subject.as_str()), ("acme@example.com", "Welcome to Latchkey"));
    assert!(mail.written.text.contains("Hello Olivia,") && !mail.written.text.contains('{'), "{}", mail.written.text);
    // One that was written for WHMCS.
    let template = [
        ("name", "Invoice Payment Overdue"),
        ("category", "invoice"),
        ("subject", "{$client_name}: {$invoice_num}"),
        ("message", "Dear {$client_first_name},\n\n{$invoice_num} of {$company_name}. {$signature}"),
    ];
    assert_eq!(admin.post("/admin/config/templates", &template).await.status, 303);
    let send = |value: &str| {
        let array = format!("a:1:{{s:11:\"invoice_num\";s:{}:\"{value}\";}}", value.len());
        STANDARD.encode(array)
    };
    let fields = |variables: String| {
        vec![("messagename", "Invoice Payment Overdue".to_owned()), ("id", id.clone()), ("customvars", variables)]
    };
    let code = "<script>alert(1)</script> {first_name} {{ 7 * 7 }} {php}x{/php}";
    let answer = fields(send(code));
    shop.done("SendEmail", &answer.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>()).await;
    let [mail] = shop.app.take_mails().await.try_into().unwrap_or_else(|_| panic!("one mail"));
    assert!(mail.written.text.contains(&format!("{code} of Latchkey. {{$signature}}")), "{}", mail.written.text);
    // What the mail's page makes of it is the engine's: it escapes all there is (see `templates/mail/message.html`).
    assert!(mail.written.subject.contains(code), "{}", mail.written.subject);
    let before = number(&shop.app, "select count(*) from mails").await;
    for (fields, words) in [
        (fields(send("1\r\nBcc: victim@example.com")), None),
        (fields("nonsense".to_owned()), Some("The custom variables you provided are invalid.")),
        (fields(STANDARD.encode("O:8:\"stdClass\":0:{}")), Some("The custom variables you provided are invalid.")),
        (vec![("messagename", "Invoice Payment Overdue".to_owned())], Some("A related ID is required")),
        (vec![("messagename", "Nothing".to_owned()), ("id", id.clone())], Some("Email Template not found")),
        (vec![("messagename", "Invoice Payment Overdue".to_owned()), ("id", "999".to_owned())], Some("Client ID Not Found")),
    ] {
        let told =
            shop.refused("SendEmail", &fields.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>()).await;
        assert!(words.is_none_or(|words| words == told), "{told}");
    }
    assert_eq!(number(&shop.app, "select count(*) from mails").await, before);
    shop.app.finish().await;
}
