//! The address book of an account.

use latchkey_core::access::{Denied, EditDetails, ManageContacts, ViewContacts, ViewStaffArea};
use latchkey_core::account;
use latchkey_core::contact::{self, Categories, Category, Contact, Details, Error, Filter, MAX_PER_ACCOUNT, NewContact};
use latchkey_core::id::{AccountId, AdminId, ContactId, UserId};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

async fn add(app: &TestApp, by: UserId, account: AccountId, new: NewContact) -> Result<ContactId, Error> {
    in_account::<ManageContacts, _, _>(&app.app, by, account, move |tx, by| contact::add(tx, by, &new)).await
}

/// A contact of this last name, with an address of its own.
async fn add_named(app: &TestApp, by: UserId, account: AccountId, last: &str) -> Result<ContactId, Error> {
    add(app, by, account, new_contact("Carl", last, &format!("{}@example.org", last.to_lowercase()), &["invoice"])).await
}

async fn update(app: &TestApp, by: UserId, account: AccountId, id: ContactId, new: NewContact) -> Result<(), Error> {
    in_account::<ManageContacts, _, _>(&app.app, by, account, move |tx, by| contact::update(tx, by, id, &new)).await
}

async fn delete(app: &TestApp, by: UserId, account: AccountId, id: ContactId) -> Result<(), Error> {
    in_account::<ManageContacts, _, _>(&app.app, by, account, move |tx, by| contact::delete(tx, by, id)).await
}

async fn book(app: &TestApp, by: UserId, account: AccountId) -> Result<Vec<Contact>, Error> {
    in_account::<ViewContacts, _, _>(&app.app, by, account, |tx, by| Ok(contact::of_account(tx, by)?)).await
}

async fn list(app: &TestApp, admin: AdminId, filter: Filter, limit: i64) -> (Vec<ContactId>, i64) {
    let listed = as_staff::<ViewStaffArea, _, Error>(&app.app, admin, move |tx, by| {
        Ok((contact::list(tx, by, &filter, limit)?, contact::count(tx, by, &filter)?))
    });
    let (contacts, total) = listed.await.unwrap();
    (contacts.into_iter().map(|contact| contact.id).collect(), total)
}

/// Something in every field.
fn full() -> Details {
    let text = |text: &str| text.to_owned();
    Details {
        first_name: text("Ada"),
        last_name: text("Lovelace"),
        company: text("Analytical Engines"),
        email: text("ada@engines.example"),
        address1: text("12 St James’s Square"),
        address2: text("Second floor"),
        city: text("London"),
        state: text("Greater London"),
        postcode: text("SW1Y 4JH"),
        country: text("gb"),
        phone: text("+44 1632 960001"),
        tax_id: text("GB 123"),
        categories: [Category::Domain, Category::General].into_iter().collect(),
    }
}

#[on_both_databases]
async fn contacts_are_kept_by_those_who_may(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (keeper, mia) = (member(&app, acme, "Kim", "contacts").await, member(&app, acme, "Mia", "invoices").await);
    add_named(&app, owner, acme, "Zuse").await.unwrap();
    let first = add_named(&app, keeper, acme, "Abel").await.unwrap();
    let names: Vec<_> = book(&app, keeper, acme).await.unwrap().into_iter().map(|contact| contact.details.name()).collect();
    assert_eq!(names, ["Carl Abel", "Carl Zuse"]);
    let missing = |error| matches!(error, Error::Denied(Denied::Missing { .. }));
    assert!(missing(add_named(&app, mia, acme, "No").await.unwrap_err()));
    assert!(missing(update(&app, mia, acme, first, new_contact("No", "No", "no@example.org", &[])).await.unwrap_err()));
    assert!(missing(delete(&app, mia, acme, first).await.unwrap_err()));
    assert!(missing(book(&app, mia, acme).await.unwrap_err()));
    delete(&app, keeper, acme, first).await.unwrap();
    assert_eq!(book(&app, owner, acme).await.unwrap().len(), 1);
}

#[on_both_databases]
async fn somebody_of_an_account_always_gets_mail_about_domains(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let set = async |own: Categories| {
        in_account::<EditDetails, _, _>(&app.app, owner, acme, move |tx, by| {
            let before = account::find(tx, acme)?.unwrap().details;
            account::update(tx, by, &account::Details { categories: own.clone(), ..before })
        })
        .await
    };
    let general = || Categories::from_iter([Category::General]);
    assert!(matches!(set(general()).await, Err(account::Error::DomainRecipient)));
    let of = |keys: &[&str]| new_contact("Hugo", "Host", "hugo@example.org", keys);
    let hugo = add(&app, owner, acme, of(&["general"])).await.unwrap();
    assert!(matches!(set(general()).await, Err(account::Error::DomainRecipient)), "other mail does not count");
    update(&app, owner, acme, hugo, of(&["domain"])).await.unwrap();
    set(general()).await.unwrap();
    assert!(matches!(update(&app, owner, acme, hugo, of(&[])).await, Err(Error::DomainRecipient)));
    assert!(matches!(delete(&app, owner, acme, hugo).await, Err(Error::LastDomainRecipient)));
    let second = add(&app, owner, acme, new_contact("Dora", "Domain", "dora@example.org", &["domain"])).await.unwrap();
    update(&app, owner, acme, hugo, of(&["domain", "support"])).await.unwrap();
    // Of two who stop at the same moment one is refused.
    let (one, two) = tokio::join!(delete(&app, owner, acme, second), update(&app, owner, acme, hugo, of(&[])));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    set(general()).await.unwrap();
    set(Categories::all()).await.unwrap();
    for contact in book(&app, owner, acme).await.unwrap() {
        delete(&app, owner, acme, contact.id).await.unwrap();
    }
    assert_eq!(book(&app, owner, acme).await.unwrap().len(), 0);
}

#[on_both_databases]
async fn a_contact_keeps_every_field_and_knows_when_it_changed(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let id = add(&app, owner, acme, Details::parse(&full()).unwrap()).await.unwrap();
    let made = book(&app, owner, acme).await.unwrap().remove(0);
    assert_eq!(made.details, Details { country: "GB".to_owned(), ..full() });
    assert_eq!((made.account, made.created_at), (acme, made.updated_at));
    app.clock.advance(std::time::Duration::from_mins(1));
    let fewer = Details { city: "Paris".to_owned(), categories: Categories::none(), ..full() };
    update(&app, owner, acme, id, Details::parse(&fewer).unwrap()).await.unwrap();
    let changed = book(&app, owner, acme).await.unwrap().remove(0);
    assert_eq!((changed.details.city.as_str(), changed.details.categories.keys().as_str()), ("Paris", ""));
    assert!(changed.updated_at > made.updated_at && changed.created_at == made.created_at);
    let event = events(&app).await.pop().unwrap();
    assert_eq!((event.kind.as_str(), event.detail.as_str()), ("contact-updated", "city, mail"));
    let before = dump(&app).await;
    update(&app, owner, acme, id, Details::parse(&fewer).unwrap()).await.unwrap();
    assert_eq!(before, dump(&app).await, "the same again is no change");
}

#[on_both_databases]
async fn an_address_stands_once_in_an_address_book(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let other = app.account("Other", owner).await;
    let carl = || new_contact("Carl", "Zuse", "carl@example.org", &[]);
    add(&app, owner, acme, carl()).await.unwrap();
    let shouted = add(&app, owner, acme, new_contact("Carla", "Z", "CARL@EXAMPLE.ORG", &[])).await;
    assert!(matches!(shouted, Err(Error::EmailTaken)));
    let second = add_named(&app, owner, acme, "Abel").await.unwrap();
    assert!(matches!(update(&app, owner, acme, second, carl()).await, Err(Error::EmailTaken)));
    add(&app, owner, other, carl()).await.unwrap();
}

#[on_both_databases]
async fn an_address_book_is_full_at_its_limit(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    for number in 0..MAX_PER_ACCOUNT {
        sql(
            &app,
            &format!(
                "insert into contacts (account_id, first_name, last_name, email, email_key, created_at, updated_at)
             values ({acme}, 'C', 'D', 'c{number}@example.org', 'c{number}@example.org', 0, 0)"
            ),
        )
        .await
        .unwrap();
    }
    assert!(matches!(add_named(&app, owner, acme, "Zuse").await, Err(Error::TooMany)));
    let first = book(&app, owner, acme).await.unwrap().first().unwrap().id;
    delete(&app, owner, acme, first).await.unwrap();
    add_named(&app, owner, acme, "Zuse").await.unwrap();
    assert!(matches!(add_named(&app, owner, acme, "Abel").await, Err(Error::TooMany)));
}

/// Narrows a filter by one field.
type Set = fn(&mut Filter, String);

#[on_both_databases]
async fn every_filter_finds_exactly_what_it_names(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (admin, other) = (staff(&app).await, app.account("Other", owner).await);
    let ada = add(&app, owner, acme, Details::parse(&full()).unwrap()).await.unwrap();
    let carl = add_named(&app, owner, acme, "Zuse").await.unwrap();
    let elsewhere = add_named(&app, owner, other, "Zuse").await.unwrap();
    assert_eq!(list(&app, admin, Filter::default(), 10).await, (vec![ada, carl, elsewhere], 3));
    let mine = Filter { account: Some(acme), ..Filter::default() };
    assert_eq!(list(&app, admin, mine, 10).await, (vec![ada, carl], 2));
    let details = Details { country: "GB".to_owned(), ..full() };
    let set: [(&str, Set, &str); 11] = [
        ("first name", |filter, value| filter.first_name = Some(value), &details.first_name),
        ("last name", |filter, value| filter.last_name = Some(value), &details.last_name),
        ("company", |filter, value| filter.company = Some(value), &details.company),
        ("email", |filter, value| filter.email = Some(value), "ada@engines.EXAMPLE"),
        ("address1", |filter, value| filter.address1 = Some(value), &details.address1),
        ("address2", |filter, value| filter.address2 = Some(value), &details.address2),
        ("city", |filter, value| filter.city = Some(value), &details.city),
        ("state", |filter, value| filter.state = Some(value), &details.state),
        ("postcode", |filter, value| filter.postcode = Some(value), &details.postcode),
        ("country", |filter, value| filter.country = Some(value), &details.country),
        ("phone", |filter, value| filter.phone = Some(value), &details.phone),
    ];
    for (name, narrow, value) in set {
        let mut filter = Filter::default();
        narrow(&mut filter, value.to_owned());
        assert_eq!(list(&app, admin, filter, 10).await, (vec![ada], 1), "{name}");
        let mut filter = Filter::default();
        narrow(&mut filter, value.chars().skip(1).collect());
        assert_eq!(list(&app, admin, filter, 10).await, (vec![], 0), "{name}");
    }
}

#[on_both_databases]
async fn paging_through_contacts_leaves_no_gap_and_repeats_nothing(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(add_named(&app, owner, acme, &format!("Name{number}")).await.unwrap());
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let (page, total) = list(&app, admin, Filter { account: Some(acme), after, ..Filter::default() }, 3).await;
        assert_eq!(total, 7, "the total is of all pages, at every page");
        let Some(last) = page.last() else { break };
        after = Some(*last);
        seen.extend(page.iter().copied());
        // What comes and goes between two pages moves none of the others.
        if seen.len() == 3 {
            delete(&app, owner, acme, made[2]).await.unwrap();
            delete(&app, owner, acme, made[0]).await.unwrap();
            add_named(&app, owner, acme, "Late").await.unwrap();
            add_named(&app, owner, acme, "Later").await.unwrap();
        }
    }
    assert_eq!(seen.len(), 9);
    assert_eq!(seen[..7], made);
}

#[on_both_databases]
async fn a_contact_of_another_account_is_not_found(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let rival = person(&app, "Rival").await;
    let theirs = app.account("Theirs", rival).await;
    let id = add_named(&app, owner, acme, "Zuse").await.unwrap();
    for id in [id, ContactId(NOWHERE)] {
        assert!(matches!(delete(&app, rival, theirs, id).await, Err(Error::NotFound)));
        let changed = update(&app, rival, theirs, id, new_contact("My", "Own", "own@example.org", &[])).await;
        assert!(matches!(changed, Err(Error::NotFound)));
        let found = in_account::<ViewContacts, _, Error>(&app.app, rival, theirs, move |tx, by| Ok(contact::find(tx, by, id)?));
        assert!(found.await.unwrap().is_none());
    }
    assert!(matches!(delete(&app, rival, acme, id).await, Err(Error::Denied(Denied::NoSuchAccount))));
    assert!(book(&app, rival, theirs).await.unwrap().is_empty());
    assert_eq!(book(&app, owner, acme).await.unwrap().len(), 1);
    assert_eq!(app.app.read(move |snapshot| contact::account_of(snapshot, id)).await.unwrap(), Some(acme));
}

#[test]
fn what_is_typed_is_checked_field_by_field() {
    let long = || "x".repeat(300);
    let wrong = Details {
        first_name: "Ca\0rl".to_owned(),
        last_name: "Zu\nse".to_owned(),
        company: long(),
        email: "nowhere".to_owned(),
        address1: long(),
        address2: long(),
        city: long(),
        state: long(),
        postcode: long(),
        country: "XX".to_owned(),
        phone: "1".repeat(41),
        tax_id: long(),
        categories: Categories::none(),
    };
    let fields: Vec<_> = Details::parse(&wrong).unwrap_err().iter().map(|invalid| invalid.field).collect();
    let all = [
        "first_name",
        "last_name",
        "company",
        "email",
        "address1",
        "address2",
        "city",
        "state",
        "postcode",
        "country",
        "phone",
        "tax_id",
    ];
    assert_eq!(fields, all);
    assert!(Categories::choose(&["everything".to_owned()]).is_err());
}

#[test]
fn a_contact_is_called_by_the_best_that_is_known_of_it() {
    let named = |first: &str, last: &str, company: &str| {
        let text = |text: &str| text.to_owned();
        Details { first_name: text(first), last_name: text(last), company: text(company), ..full() }.name()
    };
    assert_eq!(named("Ada", "Lovelace", "Engines"), "Ada Lovelace");
    assert_eq!(named("", "Lovelace", "Engines"), "Lovelace");
    assert_eq!(named("", "", "Engines"), "Engines");
    assert_eq!(named("", "", ""), "ada@engines.example");
}
