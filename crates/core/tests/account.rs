//! Client accounts: made, closed, opened again, deleted.

use latchkey_core::access::{ChooseSso, Denied, EditAccounts, EditDetails, Who};
use latchkey_core::account::{self, Details, Error, NewOwner, Status};
use latchkey_core::contact::Categories;
use latchkey_core::id::{AccountId, AdminId, ClientGroupId, UserId};
use latchkey_core::settings::Verification;
use latchkey_core::testing::TestApp;
use latchkey_core::user::{self, NewUser, PersonName};
use latchkey_core::{contact, membership, outbox};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

async fn create(app: &TestApp, admin: AdminId, owner: NewOwner) -> Result<AccountId, Error> {
    let details = Details { name: "New".to_owned(), ..Details::default() };
    as_staff(&app.app, admin, move |tx, by| account::create(tx, by, &details, &owner)).await
}

async fn classify(app: &TestApp, admin: AdminId, id: AccountId, group: Option<ClientGroupId>, active: bool) -> Result<(), Error> {
    as_staff(&app.app, admin, move |tx, by| account::classify(tx, by, id, group, active)).await
}

async fn status(app: &TestApp, id: AccountId) -> Status {
    app.app.read(move |snapshot| account::find(snapshot, id)).await.unwrap().unwrap().status
}

async fn delete(app: &TestApp, admin: AdminId, id: AccountId) -> Result<(), Error> {
    as_staff(&app.app, admin, move |tx, by| account::delete(tx, by, &confirmed(), id)).await
}

async fn delete_with_orphans(app: &TestApp, admin: AdminId, id: AccountId) -> Result<i64, Error> {
    as_staff(&app.app, admin, move |tx, by| account::delete_with_orphans(tx, by, &confirmed(), id)).await
}

async fn exists(app: &TestApp, id: UserId) -> bool {
    app.app.read(move |snapshot| user::find(snapshot, id)).await.unwrap().is_some()
}

#[on_both_databases]
async fn rule_1_a_new_account_has_one_owner_who_is_a_member(app: TestApp) {
    let (admin, olivia) = (staff(&app).await, person(&app, "Olivia").await);
    let of_olivia = create(&app, admin, NewOwner::Existing(olivia)).await.unwrap();
    let name = PersonName { first: "Nina".to_owned(), last: "New".to_owned() };
    let nina = NewUser { name, email: email("nina@example.com"), password: None };
    let of_nina = create(&app, admin, NewOwner::New(nina.clone())).await.unwrap();
    for account in [of_olivia, of_nina] {
        let owner = owner_of(&app.app, account).await;
        assert!(can_enter(&app.app, owner, account).await);
    }
    let before = dump(&app).await;
    assert!(matches!(create(&app, admin, NewOwner::Existing(UserId(NOWHERE))).await, Err(Error::NoSuchOwner)));
    assert!(matches!(create(&app, admin, NewOwner::New(nina)).await, Err(Error::Owner(user::Error::EmailTaken))));
    assert_eq!(before, dump(&app).await);
}

#[on_both_databases]
async fn rule_8_a_closed_account_cannot_be_entered_by_anybody(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (admin, mia) = (staff(&app).await, member(&app, acme, "Mia", "invoices users").await);
    let other = app.account("Other", mia).await;
    close(&app.app, admin, acme).await;
    for user in [owner, mia] {
        let refused =
            app.second_node().read(move |s| s.authorize::<EditDetails>(Who::without_second_factor(user), acme).map(drop)).await;
        assert!(matches!(refused, Err(Denied::Closed(name)) if name == "Acme"));
    }
    assert!(can_enter(&app.app, mia, other).await, "other accounts are unaffected");
    reopen(&app.app, admin, acme).await;
    assert!(can_enter(&app.app, owner, acme).await && can_enter(&app.app, mia, acme).await);
}

#[on_both_databases]
async fn rule_8_a_closed_account_stays_in_the_switcher_at_the_end(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let other = app.account("Zebra", owner).await;
    close(&app.app, admin, acme).await;
    let mine = app.app.read(move |snapshot| membership::accounts_of(snapshot, owner)).await.unwrap();
    let seen: Vec<_> = mine.iter().map(|mine| (mine.account, mine.is_closed)).collect();
    assert_eq!(seen, [(other, false), (acme, true)]);
}

#[on_both_databases]
async fn a_closed_account_stays_closed_when_it_is_classified(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let admin = staff(&app).await;
    close(&app.app, admin, acme).await;
    let gold = client_group(&app, admin, "Gold").await;
    classify(&app, admin, acme, Some(gold), true).await.unwrap();
    assert_eq!(status(&app, acme).await, Status::Closed);
}

#[on_both_databases]
async fn reopening_what_is_not_closed_changes_nothing(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let admin = staff(&app).await;
    classify(&app, admin, acme, None, false).await.unwrap();
    let before = dump(&app).await;
    reopen(&app.app, admin, acme).await;
    assert_eq!(status(&app, acme).await, Status::Inactive);
    let after = dump(&app).await;
    assert_eq!(before["events"], after["events"]);
}

#[on_both_databases]
async fn rule_9_deleting_an_account_leaves_its_users(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (admin, mia) = (staff(&app).await, member(&app, acme, "Mia", "invoices").await);
    delete(&app, admin, acme).await.unwrap();
    assert!(exists(&app, owner).await && exists(&app, mia).await);
    assert!(!can_enter(&app.app, owner, acme).await);
    assert!(matches!(delete(&app, admin, acme).await, Err(Error::NotFound)));
}

#[on_both_databases]
async fn rule_9_deleting_an_account_with_orphans_spares_users_of_other_accounts(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (admin, mia) = (staff(&app).await, member(&app, acme, "Mia", "invoices").await);
    let shared = member(&app, acme, "Sam", "invoices").await;
    let other = app.account("Other", person(&app, "Rival").await).await;
    app.member(other, shared, grants("tickets")).await;
    let session = login(&app.app, "mia@example.com").await;
    assert_eq!(delete_with_orphans(&app, admin, acme).await.unwrap(), 2);
    assert!(!exists(&app, owner).await && !exists(&app, mia).await);
    assert!(exists(&app, shared).await && can_enter(&app.app, shared, other).await);
    assert!(!is_alive(&app.app, &session.secret).await);
    assert!(matches!(delete_with_orphans(&app, admin, acme).await, Err(Error::NotFound)));
}

#[on_both_databases]
async fn a_deleted_account_takes_its_invitations_and_unsent_mails_along(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (admin, gus) = (staff(&app).await, person(&app, "Gus").await);
    let (_, link) = invite(&app, owner, acme, "a@example.org", "invoices").await;
    send(&app.app, owner, acme, "b@example.org", "invoices").await.unwrap();
    let carl = new_contact("Carl", "Zuse", "carl@example.org", &["invoice"]);
    in_account(&app.app, owner, acme, move |tx, by| contact::add(tx, by, &carl)).await.unwrap();
    delete(&app, admin, acme).await.unwrap();
    assert!(accept(&app.app, gus, &link).await.is_err());
    assert!(app.take_mails().await.is_empty());
    assert_eq!(app.app.read(|snapshot| outbox::waiting(snapshot, outbox::Topic::Mail)).await.unwrap(), 0);
    for table in ["invitations", "memberships", "contacts", "mails", "search_terms where kind = 'account'"] {
        assert_eq!(number(&app, &format!("select count(*) from {table}")).await, 0, "{table}");
    }
    assert!(events(&app).await.iter().any(|event| event.account_name == "Acme"), "the log stays readable");
}

#[on_both_databases]
async fn details_are_changed_by_those_who_may_and_the_log_says_what(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let details = Details { name: "Acme & Söhne".to_owned(), city: "Köln".to_owned(), ..Details::default() };
    let refused = details.clone();
    let refused = in_account::<EditDetails, _, _>(&app.app, mia, acme, move |tx, by| account::update(tx, by, &refused)).await;
    assert!(matches!(refused, Err(Error::Denied(Denied::Missing { .. }))));
    let wanted = details.clone();
    in_account::<EditDetails, _, _>(&app.app, owner, acme, move |tx, by| account::update(tx, by, &wanted)).await.unwrap();
    let found = app.app.read(move |snapshot| account::find(snapshot, acme)).await.unwrap().unwrap();
    assert_eq!(found.details, details);
    let event = events(&app).await.pop().unwrap();
    assert_eq!(
        event.detail,
        "name: “Acme” → “Acme & Söhne”; first name: “Olivia” → “”; last name: “Example” → “”; city: “” → “Köln”"
    );
}

#[on_both_databases]
async fn accounts_are_counted_and_found_by_staff_only(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    app.account("Plain", owner).await;
    invite(&app, owner, acme, "a@example.org", "invoices").await;
    assert_eq!(app.app.read(account::count).await.unwrap(), (2, 1, 1));
    let nobody = as_staff::<EditAccounts, _, Error>(&app.app, AdminId(NOWHERE), move |tx, by| account::close(tx, by, acme)).await;
    assert!(matches!(nobody, Err(Error::Denied(Denied::NotStaff))));
    let missing = as_staff(&app.app, admin, |tx, by| account::close(tx, by, AccountId(NOWHERE))).await;
    assert!(matches!(missing, Err(Error::NotFound)));
    assert!(matches!(classify(&app, admin, AccountId(NOWHERE), None, true).await, Err(Error::NotFound)));
}

async fn found(app: &TestApp, id: AccountId) -> account::Account {
    app.app.read(move |snapshot| account::find(snapshot, id)).await.unwrap().unwrap()
}

#[on_both_databases]
async fn an_account_is_addressed_to_its_owner_until_it_says_otherwise(app: TestApp) {
    let admin = staff(&app).await;
    let owner = person(&app, "Olivia").await;
    let by_owner = create(&app, admin, NewOwner::Existing(owner)).await.unwrap();
    let details = found(&app, by_owner).await.details;
    assert_eq!((details.first_name.as_str(), details.last_name.as_str()), ("Olivia", "Example"));
    assert!(details.categories == Categories::all() && !details.marketing_opt_in);
    let details = Details { name: "Other".to_owned(), last_name: "Buchhaltung".to_owned(), ..Details::default() };
    let made =
        as_staff(&app.app, admin, move |tx, by| account::create(tx, by, &details, &NewOwner::Existing(owner))).await.unwrap();
    let details = found(&app, made).await.details;
    assert_eq!((details.first_name.as_str(), details.last_name.as_str()), ("", "Buchhaltung"));
}

#[on_both_databases]
async fn what_an_account_says_of_itself_is_kept_field_by_field(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let typed = Details {
        name: "Acme".to_owned(),
        first_name: " Ada ".to_owned(),
        last_name: "Lovelace".to_owned(),
        tax_id: "DE 123".to_owned(),
        language: "PT-br".to_owned(),
        categories: Categories::choose(&["invoice".to_owned(), "domain".to_owned()]).unwrap(),
        marketing_opt_in: true,
        ..Details::default()
    };
    let checked = Details::parse(&typed).unwrap();
    let wanted = checked.clone();
    in_account::<EditDetails, _, _>(&app.app, owner, acme, move |tx, by| account::update(tx, by, &wanted)).await.unwrap();
    let details = found(&app, acme).await.details;
    assert_eq!(details, checked);
    assert_eq!((details.first_name.as_str(), details.language.as_str()), ("Ada", "pt-BR"));
    assert_eq!(details.categories.keys(), "invoice domain");
    let wrong = Details { language: "klingon".to_owned(), currency: "EURO".to_owned(), tax_id: "x".repeat(51), ..typed };
    let wrong: Vec<_> = Details::parse(&wrong).unwrap_err().into_iter().map(|invalid| invalid.field).collect();
    assert_eq!(wrong, ["tax_id", "language", "currency"]);
}

#[on_both_databases]
async fn the_currency_is_chosen_by_staff_and_not_by_users(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let billed_in = |currency: &str| {
        Details::parse(&Details { name: "Acme".to_owned(), currency: currency.to_owned(), ..Details::default() }).unwrap()
    };
    let euros = billed_in("eur");
    app.app
        .write(&request(), move |tx| account::update(tx, &tx.authorize_staff::<EditDetails>(admin, acme)?, &euros))
        .await
        .unwrap();
    let dollars = billed_in("USD");
    in_account::<EditDetails, _, _>(&app.app, owner, acme, move |tx, by| account::update(tx, by, &dollars)).await.unwrap();
    assert_eq!(found(&app, acme).await.details.currency, "EUR");
}

#[on_both_databases]
async fn single_sign_on_is_the_owners_to_forbid(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "users profile").await;
    assert!(found(&app, acme).await.allow_sso);
    let choose = |user: UserId, allowed: bool| {
        in_account::<ChooseSso, _, Error>(&app.app, user, acme, move |tx, by| account::allow_sso(tx, by, allowed))
    };
    assert!(matches!(choose(mia, false).await, Err(Error::Denied(Denied::OwnerOnly))));
    choose(owner, false).await.unwrap();
    assert!(!found(&app, acme).await.allow_sso);
    let before = events(&app).await.len();
    choose(owner, false).await.unwrap();
    assert_eq!(events(&app).await.len(), before, "what is so already is no event");
    choose(owner, true).await.unwrap();
    let kinds: Vec<_> = events(&app).await.into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds[kinds.len() - 2..], ["sso-forbidden", "sso-allowed"]);
}

#[on_both_databases]
async fn a_user_who_is_given_an_account_is_told_and_one_who_is_made_for_it_is_not(app: TestApp) {
    app.notify(Verification::Off).await;
    let (admin, olivia) = (staff(&app).await, person(&app, "Olivia").await);
    let name = PersonName { first: "Nora".to_owned(), last: "New".to_owned() };
    let new = |address: &str| NewUser { name: name.clone(), email: email(address), password: None };
    create(&app, admin, NewOwner::New(new("nora@example.com"))).await.unwrap();
    let made = new("nils@example.com");
    let made = app.app.write(&request(), move |tx| user::create(tx, &system(), &made)).await.unwrap();
    create(&app, admin, NewOwner::Made(made)).await.unwrap();
    assert_eq!(told(&app).await, Vec::<String>::new());
    create(&app, admin, NewOwner::Existing(olivia)).await.unwrap();
    let mails = app.take_mails().await;
    let told: Vec<_> = mails.iter().map(|mail| (mail.to.as_str(), mail.written.subject.as_str())).collect();
    assert_eq!(told, [("olivia@example.com", "ownership-gained")]);
}
