//! Client groups: made by who configures the system, given by who edits clients.

use latchkey_core::access::{BuiltInRole, ConfigureSystem, Denied, EditAccounts};
use latchkey_core::account;
use latchkey_core::client_group::{self, Details, Error, Typed};
use latchkey_core::id::{AccountId, AdminId, ClientGroupId};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

fn typed(name: &str) -> Details {
    let typed = Typed { name, colour: "#C0FFEE", discount: "12.5", suspend_terminate_exempt: true, separate_invoices: false };
    Details::parse(&typed).unwrap()
}

async fn create(app: &TestApp, admin: AdminId, name: &str) -> Result<ClientGroupId, Error> {
    let details = typed(name);
    as_staff(&app.app, admin, move |tx, by| client_group::create(tx, by, &details)).await
}

async fn update(app: &TestApp, admin: AdminId, id: ClientGroupId, details: Details) -> Result<(), Error> {
    as_staff(&app.app, admin, move |tx, by| client_group::update(tx, by, id, &details)).await
}

async fn delete(app: &TestApp, admin: AdminId, id: ClientGroupId) -> Result<String, Error> {
    as_staff(&app.app, admin, move |tx, by| client_group::delete(tx, by, id)).await
}

async fn put(app: &TestApp, admin: AdminId, account: AccountId, group: Option<ClientGroupId>) -> Result<(), account::Error> {
    as_staff(&app.app, admin, move |tx, by| account::classify(tx, by, account, group, true)).await
}

async fn listed(app: &TestApp, admin: AdminId) -> Vec<(String, i64)> {
    let listed = as_staff::<ConfigureSystem, _, Error>(&app.app, admin, |tx, by| Ok(client_group::list(tx, by)?)).await.unwrap();
    listed.into_iter().map(|listed| (listed.group.details.name, listed.accounts)).collect()
}

#[on_both_databases]
async fn a_group_is_kept_as_it_was_typed_and_listed_by_name_with_its_accounts(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let silver = create(&app, admin, "Silver").await.unwrap();
    let gold = create(&app, admin, "gold").await.unwrap();
    put(&app, admin, acme, Some(silver)).await.unwrap();
    assert_eq!(listed(&app, admin).await, [("gold".to_owned(), 0), ("Silver".to_owned(), 1)]);
    let found = app.app.read(move |snapshot| client_group::find(snapshot, gold)).await.unwrap().unwrap();
    assert_eq!(found.details, typed("gold"));
    assert_eq!(
        (found.details.colour.to_string(), found.details.discount.to_string()),
        ("#c0ffee".to_owned(), "12.50".to_owned())
    );
    let all = app.app.read(client_group::all).await.unwrap();
    assert_eq!(all.iter().map(|group| group.id).collect::<Vec<_>>(), [gold, silver]);
}

#[on_both_databases]
async fn two_groups_never_look_the_same(app: TestApp) {
    let admin = staff(&app).await;
    create(&app, admin, "Gold").await.unwrap();
    assert!(matches!(create(&app, admin, "GOLD").await, Err(Error::NameTaken)));
    let other = create(&app, admin, "Silver").await.unwrap();
    assert!(matches!(update(&app, admin, other, typed("gold")).await, Err(Error::NameTaken)));
    update(&app, admin, other, typed("SILVER")).await.unwrap();
}

#[on_both_databases]
async fn a_group_that_clients_are_in_is_not_deleted(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let gold = create(&app, admin, "Gold").await.unwrap();
    put(&app, admin, acme, Some(gold)).await.unwrap();
    assert!(matches!(delete(&app, admin, gold).await, Err(Error::InUse)));
    put(&app, admin, acme, None).await.unwrap();
    assert_eq!(delete(&app, admin, gold).await.unwrap(), "Gold");
    assert!(matches!(delete(&app, admin, gold).await, Err(Error::NotFound)));
    assert!(matches!(update(&app, admin, gold, typed("Gold")).await, Err(Error::NotFound)));
    assert!(matches!(put(&app, admin, acme, Some(gold)).await, Err(account::Error::NoSuchGroup)));
}

#[on_both_databases]
async fn v8_2_1_groups_are_made_by_who_configures_and_given_by_who_edits_clients(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let support = staff_as(&app, "Support", BuiltInRole::Support).await;
    let reader = staff_as(&app, "Reader", BuiltInRole::ReadOnly).await;
    let gold = create(&app, admin, "Gold").await.unwrap();
    for who in [support, reader] {
        assert!(matches!(create(&app, who, "Mine").await, Err(Error::Denied(Denied::MissingAdmin { .. }))));
        assert!(matches!(update(&app, who, gold, typed("Mine")).await, Err(Error::Denied(Denied::MissingAdmin { .. }))));
        assert!(matches!(delete(&app, who, gold).await, Err(Error::Denied(Denied::MissingAdmin { .. }))));
    }
    put(&app, support, acme, Some(gold)).await.unwrap();
    let refused =
        as_staff::<EditAccounts, _, account::Error>(&app.app, reader, move |tx, by| account::classify(tx, by, acme, None, true));
    assert!(matches!(refused.await, Err(account::Error::Denied(Denied::MissingAdmin { .. }))));
}

#[on_both_databases]
async fn the_log_says_what_became_of_a_group_and_of_who_is_in_it(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let gold = create(&app, admin, "Gold").await.unwrap();
    put(&app, admin, acme, Some(gold)).await.unwrap();
    let less =
        Typed { name: "Platinum", colour: "#c0ffee", discount: "20", suspend_terminate_exempt: true, separate_invoices: true };
    update(&app, admin, gold, Details::parse(&less).unwrap()).await.unwrap();
    put(&app, admin, acme, None).await.unwrap();
    delete(&app, admin, gold).await.unwrap();
    let told: Vec<_> = events(&app).await.into_iter().map(|event| (event.kind, event.detail)).collect();
    let told: Vec<_> = told.iter().rev().take(5).rev().map(|(kind, detail)| (kind.as_str(), detail.as_str())).collect();
    assert_eq!(
        told,
        [
            ("client-group-created", "Gold"),
            ("account-updated", "group: “” → “Gold”"),
            (
                "client-group-updated",
                "Gold: name: “Gold” → “Platinum”; discount: “12.50” → “20.00”; separate invoices: “no” → “yes”"
            ),
            ("account-updated", "group: “Platinum” → “”"),
            ("client-group-deleted", "Platinum"),
        ]
    );
}

#[test]
fn what_is_typed_of_a_group_is_checked_field_by_field() {
    for colour in ["", "red", "c0ffee", "#c0ffe", "#c0ffeeg", "#c0ffé", "#c0ff eef"] {
        let wrong = Details::parse(&Typed { name: " ", colour, discount: "101", ..Typed::default() }).unwrap_err();
        let fields: Vec<_> = wrong.iter().map(|invalid| invalid.field).collect();
        assert_eq!(fields, ["name", "colour", "discount"], "{colour}");
    }
}
