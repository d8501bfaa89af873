//! Templates that the operator keeps ready, and the messages that other systems make of them.

use latchkey_core::access::{BuiltInRole, ConfigureSystem, Denied, EditAccounts};
use latchkey_core::contact::Category;
use latchkey_core::error::{HasKind, Kind};
use latchkey_core::id::{AccountId, AdminId, MailTemplateId};
use latchkey_core::mail_template::{self, Details, Error, MAX_TEMPLATES, MailTemplate, bundled};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

fn details(name: &str, subject: &str, message: &str) -> Details {
    Details::parse(name, "general", subject, message).unwrap()
}

async fn create(app: &TestApp, admin: AdminId, new: Details) -> Result<MailTemplateId, Error> {
    as_staff::<ConfigureSystem, _, _>(&app.app, admin, move |tx, by| mail_template::create(tx, by, &new)).await
}

async fn update(app: &TestApp, admin: AdminId, id: MailTemplateId, new: Details) -> Result<(), Error> {
    as_staff::<ConfigureSystem, _, _>(&app.app, admin, move |tx, by| mail_template::update(tx, by, id, &new)).await
}

async fn list(app: &TestApp, admin: AdminId) -> Vec<MailTemplate> {
    as_staff::<ConfigureSystem, _, Error>(&app.app, admin, |tx, by| Ok(mail_template::list(tx, by)?)).await.unwrap()
}

/// Sends the template of this name, with what the caller brings along.
async fn send(app: &TestApp, admin: AdminId, account: AccountId, name: &str, custom: &[(&str, &str)]) -> Result<usize, Error> {
    let (name, custom): (_, Vec<_>) =
        (name.to_owned(), custom.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
    as_staff::<EditAccounts, _, _>(&app.app, admin, move |tx, by| {
        let template = mail_template::by_name(tx, by, &name)?.ok_or(Error::NotFound)?;
        mail_template::send(tx, by, account, &template.details, custom.clone())
    })
    .await
}

#[on_both_databases]
async fn a_template_is_made_changed_and_deleted_and_each_is_an_event(app: TestApp) {
    let stella = staff(&app).await;
    let seen = events(&app).await.len();
    let id = create(&app, stella, details("Welcome", "Hello", "A text.")).await.unwrap();
    let taken = create(&app, stella, details("ＷＥＬＣＯＭＥ", "Hello", "A text.")).await;
    assert!(matches!(taken, Err(Error::NameTaken)), "whatever the case");
    assert!(matches!(taken.unwrap_err().kind(), Kind::Invalid(fields) if fields[0].field == "name"));
    let other = create(&app, stella, details("Other", "Hello", "A text.")).await.unwrap();
    assert!(matches!(update(&app, stella, other, details("welcome", "Hello", "A text.")).await, Err(Error::NameTaken)));
    update(&app, stella, id, details("Welcome", "Hello", "A text.")).await.unwrap();
    update(&app, stella, id, Details { category: Category::Invoice, ..details("Welcome!", "Hello", "Another text.") })
        .await
        .unwrap();
    let names: Vec<String> = list(&app, stella).await.into_iter().map(|template| template.details.name).collect();
    assert_eq!(names, ["Other", "Welcome!"]);
    let gone = as_staff::<ConfigureSystem, _, Error>(&app.app, stella, move |tx, by| mail_template::delete(tx, by, id));
    assert_eq!(gone.await.unwrap(), "Welcome!");
    assert!(matches!(update(&app, stella, id, details("x", "y", "z")).await, Err(Error::NotFound)));
    let told: Vec<String> =
        events(&app).await.into_iter().skip(seen).map(|event| format!("{} {}", event.kind, event.detail)).collect();
    assert_eq!(
        told,
        [
            "mail-template-created Welcome",
            "mail-template-created Other",
            "mail-template-updated Welcome: name: “Welcome” → “Welcome!”; type: “general” → “invoice”; message",
            "mail-template-deleted Welcome!",
        ]
    );
}

#[on_both_databases]
async fn templates_are_those_who_may_change_settings_to_change(app: TestApp) {
    staff(&app).await;
    let support = staff_as(&app, "Sue", BuiltInRole::Support).await;
    let before = dump(&app).await;
    let denied = create(&app, support, details("Welcome", "Hello", "A text.")).await;
    assert!(matches!(denied, Err(Error::Denied(Denied::MissingAdmin { .. }))));
    assert!(changed(&before, &dump(&app).await).is_empty());
}

#[on_both_databases]
async fn the_bundled_ones_come_on_demand_and_leave_what_is_there(app: TestApp) {
    let stella = staff(&app).await;
    assert!(list(&app, stella).await.is_empty());
    create(&app, stella, details("client signup email", "Ours", "Our own words.")).await.unwrap();
    let add = async || as_staff::<ConfigureSystem, _, Error>(&app.app, stella, mail_template::add_bundled).await.unwrap();
    assert_eq!(add().await, bundled().len() - 1);
    assert_eq!(add().await, 0);
    let ours = list(&app, stella).await.into_iter().find(|template| template.details.name == "client signup email");
    assert_eq!(ours.unwrap().details.subject, "Ours");
    assert_eq!(
        number(&app, "select count(*) from events where kind = 'mail-template-created'").await,
        i64::try_from(bundled().len()).unwrap()
    );
}

#[on_both_databases]
async fn there_is_a_limit_to_templates(app: TestApp) {
    let stella = staff(&app).await;
    let row = |number: i64| format!("('T{number}', 't{number}', 'general', 's', 'm', 1, 1)");
    let rows = (0..MAX_TEMPLATES).map(row).collect::<Vec<_>>().join(", ");
    let insert = "insert into mail_templates (name, name_key, category, subject, message, created_at, updated_at) values";
    sql(&app, &format!("{insert} {rows}")).await.unwrap();
    assert!(matches!(create(&app, stella, details("Welcome", "Hello", "A text.")).await, Err(Error::TooMany)));
}

#[on_both_databases]
async fn a_template_is_sent_with_its_fields_filled_in_to_whoever_wants_such_mail(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let stella = staff(&app).await;
    sql(&app, &format!("update accounts set first_name = 'Olivia', contact_email = 'acme@example.com' where id = {acme}"))
        .await
        .unwrap();
    let new =
        details("Welcome", "{first_name}, {$invoice_num}", "Dear {$client_name} of {account_name},\n\n{$invoice_num} {unknown}");
    create(&app, stella, new).await.unwrap();
    assert_eq!(send(&app, stella, acme, " WELCOME ", &[("invoice_num", "17 <b>")]).await.unwrap(), 1);
    let [mail] = app.take_mails().await.try_into().unwrap_or_else(|_| panic!("one mail"));
    assert_eq!(mail.to, "acme@example.com");
    let queued = events(&app).await.into_iter().find(|event| event.kind == "message-queued").unwrap();
    assert_eq!(
        (queued.kind.as_str(), queued.detail.as_str(), queued.account_id),
        ("message-queued", "Olivia, 17 <b>", Some(acme.0))
    );
    // Nobody, when the account wants none of that kind.
    let invoice = Details { category: Category::Invoice, ..details("Invoice", "An invoice", "A text.") };
    create(&app, stella, invoice).await.unwrap();
    sql(&app, &format!("update accounts set mail_categories = 'general' where id = {acme}")).await.unwrap();
    let before = dump(&app).await;
    assert!(matches!(send(&app, stella, acme, "invoice", &[]).await, Err(Error::NoRecipient)));
    assert!(matches!(send(&app, stella, AccountId(NOWHERE), "welcome", &[]).await, Err(Error::NoSuchAccount)));
    assert!(matches!(send(&app, stella, acme, "nothing", &[]).await, Err(Error::NotFound)));
    assert!(changed(&before, &dump(&app).await).is_empty());
}

#[on_both_databases]
async fn v1_2_5_no_value_begins_a_header_and_none_is_read_as_a_template(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let stella = staff(&app).await;
    create(&app, stella, details("Welcome", "Hello {$who}", "Hello {$who}")).await.unwrap();
    let before = dump(&app).await;
    let long = "x".repeat(30_000);
    for value in ["a\r\nBcc: victim@example.com", "a\nb", "a\u{202e}b", long.as_str()] {
        let refused = send(&app, stella, acme, "welcome", &[("who", value)]).await;
        assert!(matches!(refused, Err(Error::Message(_))), "{value:.20}");
    }
    assert!(changed(&before, &dump(&app).await).is_empty());
    let code = "{first_name} {{ 7 * 7 }} {% include 'x' %} {php}echo 1;{/php}";
    send(&app, stella, acme, "welcome", &[("who", code)]).await.unwrap();
    let queued = events(&app).await.pop().unwrap();
    assert_eq!(queued.detail, format!("Hello {code}"), "as it is");
    app.take_mails().await;
}
