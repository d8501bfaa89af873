//! Search as you type, and paging through what it finds.

use latchkey_core::access::{ViewLog, ViewStaffArea};
use latchkey_core::account::{self, Details, NewOwner};
use latchkey_core::event::{self, Filter, Recorded, Wanted};
use latchkey_core::id::{AccountId, AdminId, UserId};
use latchkey_core::paging::Slice;
use latchkey_core::session::Error;
use latchkey_core::testing::TestApp;
use latchkey_core::user;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

async fn log(app: &TestApp, admin: AdminId, filter: Filter, limit: i64) -> Vec<Recorded> {
    let found = as_staff::<ViewLog, _, Error>(&app.app, admin, move |tx, by| Ok(event::list(tx, by, &filter, limit)?));
    found.await.unwrap()
}

async fn users(app: &TestApp, admin: AdminId, query: &str) -> Vec<UserId> {
    let query = query.to_owned();
    let found = as_staff::<ViewStaffArea, _, Error>(&app.app, admin, move |tx, by| Ok(user::list(tx, by, &query, None, 50)?));
    found.await.unwrap().into_iter().map(|listed| listed.user.id).collect()
}

async fn accounts(app: &TestApp, admin: AdminId, filter: account::Filter, limit: i64) -> Vec<AccountId> {
    let found = as_staff::<ViewStaffArea, _, Error>(&app.app, admin, move |tx, by| Ok(account::list(tx, by, &filter, limit)?));
    found.await.unwrap().into_iter().map(|listed| listed.account.id).collect()
}

fn words(query: &str) -> account::Filter {
    account::Filter { query: query.to_owned(), ..account::Filter::default() }
}

#[on_both_databases]
async fn users_are_found_by_words_prefixes_parts_of_the_address_and_id(app: TestApp) {
    let admin = staff(&app).await;
    let zoe = app.user("Zoë", "O'Neil-Smith", "first.last+tag@mail.example.org").await;
    app.user("Other", "Person", "other@elsewhere.example").await;
    for query in [
        "Zoë",
        "zo",
        "ZOË",
        "zoe\u{308}",
        "ＺＯË",
        "o'neil",
        "neil",
        "smith zoë",
        "zo nei fir",
        "first.last+tag@mail.example.org",
        "first.last",
        "last",
        "tag",
        "mail.example.org",
        "mail.exa",
        "  zoë  ",
    ] {
        assert_eq!(users(&app, admin, query).await, [zoe], "{query}");
    }
    assert!(users(&app, admin, &zoe.to_string()).await.contains(&zoe));
    for query in ["zoo", "zoë person", "oë", "%", "_", "z%", "\\", "'", "zoë\0", "\u{10ffff}", "zoë & or"] {
        assert_eq!(users(&app, admin, query).await, [], "{query:?}");
    }
}

#[on_both_databases]
async fn accounts_are_found_by_name_company_and_contact(app: TestApp) {
    let admin = staff(&app).await;
    let owner = person(&app, "Olivia").await;
    let details = Details {
        name: "Smith & Sons".to_owned(),
        company: "Bäckerei 李小龙 GmbH".to_owned(),
        contact_email: "office@bakery.example".to_owned(),
        ..Details::default()
    };
    let made = as_staff(&app.app, admin, move |tx, by| account::create(tx, by, &details, &NewOwner::Existing(owner))).await;
    let bakery = made.unwrap();
    app.account("Elsewhere", person(&app, "Rival").await).await;
    for query in
        ["smith", "SONS", "&", "bäck", "李小", "gmbh smith", "office@bakery", "bakery.example", "olivia", "example olivia sons"]
    {
        assert_eq!(accounts(&app, admin, words(query), 50).await, [bakery], "{query}");
    }
    for query in ["ole", "smithson", "smith elsewhere"] {
        assert_eq!(accounts(&app, admin, words(query), 50).await, [], "{query}");
    }
}

#[on_both_databases]
async fn what_is_renamed_is_found_by_its_new_name_only(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let details = Details { name: "Zenith".to_owned(), ..Details::default() };
    in_account(&app.app, owner, acme, move |tx, by| account::update(tx, by, &details)).await.unwrap();
    assert_eq!(accounts(&app, admin, words("acme"), 50).await, []);
    assert_eq!(accounts(&app, admin, words("zenith"), 50).await, [acme]);
    as_staff(&app.app, admin, move |tx, by| account::delete(tx, by, &confirmed(), acme)).await.unwrap();
    assert_eq!(accounts(&app, admin, words("zenith"), 50).await, []);
}

#[on_both_databases]
async fn accounts_can_be_narrowed_by_status_and_group(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let other = app.account("Acme Two", owner).await;
    let gold = client_group(&app, admin, "Gold").await;
    as_staff(&app.app, admin, move |tx, by| account::classify(tx, by, other, Some(gold), false)).await.unwrap();
    let narrowed = |status: Option<account::Status>, group| account::Filter { status, group, ..words("acme") };
    assert_eq!(accounts(&app, admin, narrowed(None, None), 50).await, [other, acme]);
    assert_eq!(accounts(&app, admin, narrowed(Some(account::Status::Active), None), 50).await, [acme]);
    assert_eq!(accounts(&app, admin, narrowed(None, Some(gold)), 50).await, [other]);
    assert_eq!(accounts(&app, admin, narrowed(Some(account::Status::Closed), Some(gold)), 50).await, []);
}

#[on_both_databases]
async fn paging_through_accounts_and_users_leaves_no_gap_and_repeats_nothing(app: TestApp) {
    let admin = staff(&app).await;
    let mut made = (Vec::new(), Vec::new());
    for number in 0..11 {
        let user = app.user("Page", &format!("Number{number}"), &format!("page{number}@example.com")).await;
        made.0.insert(0, user);
        made.1.insert(0, app.account(&format!("Page {number}"), user).await);
    }
    let (mut seen_users, mut seen_accounts): (Vec<UserId>, Vec<AccountId>) = (Vec::new(), Vec::new());
    loop {
        let before = seen_users.last().copied();
        let page = as_staff::<ViewStaffArea, _, Error>(&app.app, admin, move |tx, by| Ok(user::list(tx, by, "page", before, 4)?));
        let page = page.await.unwrap();
        let accounts = accounts(&app, admin, account::Filter { before: seen_accounts.last().copied(), ..words("page") }, 4).await;
        assert_eq!(page.len(), accounts.len());
        assert!(page.iter().all(|listed| listed.accounts == 1));
        if page.is_empty() {
            break;
        }
        seen_users.extend(page.iter().map(|listed| listed.user.id));
        seen_accounts.extend(accounts);
    }
    assert_eq!((seen_users, seen_accounts), made);
}

#[on_both_databases]
async fn paging_through_events_leaves_no_gap_and_repeats_nothing(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    for number in 0..9 {
        invite(&app, owner, acme, &format!("guest{number}@example.org"), "invoices").await;
    }
    let mut all: Vec<_> = events(&app).await.into_iter().map(|event| event.id).collect();
    all.reverse();
    let mut seen = Vec::new();
    loop {
        let filter = Filter { before: seen.last().copied(), ..Filter::default() };
        let page = log(&app, admin, filter, 4).await;
        if page.is_empty() {
            break;
        }
        seen.extend(page.into_iter().map(|event| event.id));
    }
    assert_eq!(seen.iter().map(|id| id.0).collect::<Vec<_>>(), all);
}

#[on_both_databases]
async fn events_are_narrowed_by_what_was_asked(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (admin, mia) = (staff(&app).await, member(&app, acme, "Mia", "invoices").await);
    app.clock.advance(std::time::Duration::from_mins(1));
    set_grants(&app.app, owner, acme, mia, "tickets").await.unwrap();
    let found = async |filter| log(&app, admin, filter, 50).await.into_iter().map(|event| event.kind).collect::<Vec<_>>();
    let now = app.app.now();
    let none = Filter::default;
    let changed = "membership-permissions-changed";
    assert_eq!(found(Filter { from: Some(now), ..none() }).await, [changed]);
    assert!(!found(Filter { until: Some(now), ..none() }).await.contains(&changed.to_owned()));
    assert_eq!(found(Filter { kind: Some(changed.to_owned()), ..none() }).await, [changed]);
    assert_eq!(found(Filter { actor: Some("Olivia Example".to_owned()), ..none() }).await, [changed]);
    assert_eq!(found(Filter { user: Some(mia), ..none() }).await, [changed, "membership-created", "user-created"]);
    assert_eq!(found(Filter { account: Some(acme), kind: Some("account-created".to_owned()), ..none() }).await.len(), 1);
    assert_eq!(found(Filter { ip: Some("192.0.2.7".to_owned()), ..none() }).await.len(), events(&app).await.len());
    assert_eq!(found(Filter { ip: Some("nul\0".to_owned()), ..none() }).await.len(), 0);
}

#[on_both_databases]
async fn suggestions_are_few_and_none_for_an_empty_query(app: TestApp) {
    let admin = staff(&app).await;
    for number in 0..12 {
        app.user("Sugar", &format!("Number{number}"), &format!("sugar{number}@example.com")).await;
    }
    for (query, expected) in [("sug", 8), ("", 0), ("   ", 0), ("number11", 1)] {
        let found = as_staff::<ViewStaffArea, _, Error>(&app.app, admin, move |tx, by| Ok(user::suggestions(tx, by, query)?));
        assert_eq!(found.await.unwrap().len(), expected, "{query:?}");
    }
}

#[on_both_databases]
async fn a_page_of_a_full_address_holds_that_one_and_no_longer_one(app: TestApp) {
    let admin = staff(&app).await;
    let short = app.user("Ada", "Byron", "ada@example.net").await;
    let long = app.user("Ada", "Lovelace", "ada@example.network").await;
    for (owner, email) in [(short, "ada@example.net"), (long, "ada@example.network")] {
        let details = Details { name: "Ada".to_owned(), contact_email: email.to_owned(), ..Details::default() };
        let request = request();
        let made =
            app.app.write(&request, move |tx| account::create_by_system(tx, &system(), &details, &NewOwner::Existing(owner)));
        made.await.unwrap();
    }
    for (query, found) in [
        ("ada@example.net", vec![short]),
        (" ADA@example.net ", vec![short]),
        ("ada@example.network", vec![long]),
        ("ada@example.ne", vec![short, long]),
        ("ada ada@example.net", vec![short, long]),
    ] {
        let owned = query.to_owned();
        let page = as_staff::<ViewStaffArea, _, Error>(&app.app, admin, move |tx, by| {
            let slice = Slice::new(0, 25, false);
            let wanted = account::Wanted { query: owned.clone(), ..account::Wanted::default() };
            Ok((user::part(tx, by, &owned, slice)?, account::part(tx, by, &wanted, slice)?))
        });
        let (users, accounts) = page.await.unwrap();
        assert_eq!(users.rows.iter().map(|row| row.user.id).collect::<Vec<_>>(), found, "{query}");
        assert_eq!(accounts.rows.iter().map(|row| row.owner.id).collect::<Vec<_>>(), found, "{query}");
        assert_eq!(
            (users.total, accounts.total),
            (i64::try_from(found.len()).unwrap(), i64::try_from(found.len()).unwrap()),
            "{query}"
        );
    }
}

#[on_both_databases]
async fn the_log_is_narrowed_to_whose_address_it_is(app: TestApp) {
    let (admin, owner) = (staff(&app).await, app.user("Olga", "Owner", "olga@example.org").await);
    let typed = Details { name: "Acme".to_owned(), contact_email: "billing@acme.example".to_owned(), ..Details::default() };
    let request = request();
    let made = app.app.write(&request, move |tx| account::create_by_system(tx, &system(), &typed, &NewOwner::Existing(owner)));
    let acme = made.await.unwrap();
    app.user("Nobody", "Else", "else@example.org").await;
    client_group(&app, admin, "Friends").await;
    let by = async |who: &str| {
        let wanted = Wanted { who: Some(who.to_owned()), ..Wanted::default() };
        let part = as_staff::<ViewLog, _, user::Error>(&app.app, admin, move |tx, by| {
            Ok(event::part(tx, by, &wanted, Slice::new(0, 50, false))?)
        });
        let part = part.await.unwrap();
        assert_eq!(part.total, i64::try_from(part.rows.len()).unwrap());
        part.rows
    };
    let of_user = by("OLGA@example.org").await;
    assert!(!of_user.is_empty() && of_user.iter().all(|line| line.user == Some(owner)));
    let of_account = by("billing@acme.example").await;
    assert!(!of_account.is_empty() && of_account.iter().all(|line| line.account == Some(acme)));
    let of_admin = by("stella@staff.example").await;
    assert!(of_admin.iter().any(|line| line.kind == "client-group-created"), "{of_admin:?}");
    assert!(by("Stella").await.iter().any(|line| line.kind == "client-group-created"), "a name is found, too");
    assert!(by("gone@example.org").await.is_empty());
}
