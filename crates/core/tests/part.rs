//! Accounts, contacts, facts and mails by page number, and lines and messages of other systems: what the action API is made of.

use latchkey_core::access::{BuiltInRole, Denied, EditAccounts, ManageContacts, ViewLog, ViewStaffArea, WriteNotes};
use latchkey_core::account::{self, Order, Status};
use latchkey_core::clock::Timestamp;
use latchkey_core::contact::{self, Category, Filter};
use latchkey_core::event;
use latchkey_core::id::{AccountId, AdminId};
use latchkey_core::mail::{self, Message, MessageError};
use latchkey_core::paging::{MAX_ROWS, Slice};
use latchkey_core::session::Error;
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

fn slice(offset: i64, limit: i64) -> Slice {
    Slice::new(offset, limit, false)
}

/// The names on a page of accounts, and how many there are in all.
async fn accounts(app: &TestApp, admin: AdminId, wanted: account::Wanted, slice: Slice) -> (Vec<String>, i64) {
    let part = as_staff::<ViewStaffArea, _, Error>(&app.app, admin, move |tx, by| Ok(account::part(tx, by, &wanted, slice)?));
    let part = part.await.unwrap();
    (part.rows.into_iter().map(|account| account.details.name).collect(), part.total)
}

#[on_both_databases]
async fn accounts_come_page_by_page_in_every_order_and_each_once(app: TestApp) {
    let stella = staff(&app).await;
    let owner = person(&app, "Olivia").await;
    for name in ["Carrot", "Apple", "Banana", "Apricot", "Date"] {
        let id = app.account(name, owner).await;
        let status = if name == "Date" { "closed" } else { "active" };
        // The same in every column that is sorted by, but for the name: the number decides.
        sql(
            &app,
            &format!("update accounts set company = '{}', status = '{status}' where id = {id}", name.chars().next().unwrap()),
        )
        .await
        .unwrap();
    }
    let orders =
        [Order::Id, Order::FirstName, Order::LastName, Order::Company, Order::Email, Order::Group, Order::Created, Order::Status];
    for order in orders {
        for descending in [false, true] {
            let mut seen = Vec::new();
            for offset in [0, 2, 4, 6] {
                let wanted = account::Wanted { order, ..account::Wanted::default() };
                let (names, total) = accounts(&app, stella, wanted, Slice::new(offset, 2, descending)).await;
                assert_eq!(total, 5, "however many are asked for");
                seen.extend(names);
            }
            seen.sort();
            assert_eq!(seen, ["Apple", "Apricot", "Banana", "Carrot", "Date"], "{order:?} {descending}");
        }
    }
    let wanted = || account::Wanted { order: Order::Company, ..account::Wanted::default() };
    let (forth, _) = accounts(&app, stella, wanted(), slice(0, MAX_ROWS)).await;
    assert_eq!(forth, ["Apple", "Apricot", "Banana", "Carrot", "Date"]);
    let (back, _) = accounts(&app, stella, wanted(), Slice::new(0, MAX_ROWS, true)).await;
    assert_eq!(back, ["Date", "Carrot", "Banana", "Apricot", "Apple"]);
    let closed = account::Wanted { status: Some(Status::Closed), ..account::Wanted::default() };
    assert_eq!(accounts(&app, stella, closed, slice(0, 10)).await, (vec!["Date".to_owned()], 1));
    let beginning = account::Wanted { query: "ap".to_owned(), ..account::Wanted::default() };
    assert_eq!(accounts(&app, stella, beginning, slice(1, 1)).await, (vec!["Apricot".to_owned()], 2));
    assert_eq!(accounts(&app, stella, wanted(), slice(5, 10)).await, (Vec::new(), 5), "past the end");
}

#[on_both_databases]
async fn an_account_is_found_by_its_whole_address_alone(app: TestApp) {
    let owner = person(&app, "Olivia").await;
    let (first, second) = (app.account("Acme", owner).await, app.account("Umbrella", owner).await);
    for (id, address) in [(first, "Billing@Acme.example"), (second, "billing@acme.example.org")] {
        let set = format!("update accounts set contact_email = '{address}' where id = {id}");
        sql(&app, &set).await.unwrap();
    }
    let stella = staff(&app).await;
    // As an edit does it: what an account is found by follows its data.
    for (id, address) in [(first, "Billing@Acme.example"), (second, "billing@acme.example.org")] {
        let found = app.app.read(move |snapshot| account::find(snapshot, id)).await.unwrap().unwrap().details;
        let details = account::Details { contact_email: address.to_owned(), company: format!("{} Ltd", found.name), ..found };
        let asked = request();
        let edited = app.app.write(&asked, move |tx| account::update(tx, &tx.authorize_staff(stella, id)?, &details));
        edited.await.unwrap();
    }
    let find = async |address: &str| {
        let address = address.to_owned();
        app.app.read(move |snapshot| account::by_contact_email(snapshot, &address)).await.unwrap()
    };
    assert_eq!(find(" billing@acme.EXAMPLE ").await, Some(first));
    assert_eq!(find("billing@acme.example.org").await, Some(second));
    for nobody in ["billing@acme", "illing@acme.example", "", "%", "billing@acme.example.or"] {
        assert_eq!(find(nobody).await, None, "{nobody:?}");
    }
}

#[on_both_databases]
async fn contacts_come_page_by_page_and_get_the_mail_they_want(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let umbrella = app.account("Umbrella", owner).await;
    let stella = staff(&app).await;
    for (account, last, gets) in [
        (acme, "Adams", &["invoice"][..]),
        (acme, "Brown", &[][..]),
        (umbrella, "Adams", &["invoice", "support"][..]),
        (acme, "Clark", &["invoice"][..]),
    ] {
        let new = new_contact("Carl", last, &format!("{last}{account}@example.org"), gets);
        in_account::<ManageContacts, _, contact::Error>(&app.app, owner, account, move |tx, by| contact::add(tx, by, &new))
            .await
            .unwrap();
    }
    let part = async |filter: Filter, slice: Slice| {
        let part =
            as_staff::<ViewStaffArea, _, Error>(&app.app, stella, move |tx, by| Ok(contact::part(tx, by, &filter, slice)?));
        let part = part.await.unwrap();
        (part.rows.into_iter().map(|contact| contact.details.last_name).collect::<Vec<_>>().join(" "), part.total)
    };
    assert_eq!(part(Filter::default(), slice(0, 10)).await, ("Adams Brown Adams Clark".to_owned(), 4));
    assert_eq!(part(Filter::default(), slice(1, 2)).await, ("Brown Adams".to_owned(), 4));
    let of_acme = || Filter { account: Some(acme), ..Filter::default() };
    assert_eq!(part(of_acme(), slice(2, 10)).await, ("Clark".to_owned(), 3));
    let adams = Filter { last_name: Some("Adams".to_owned()), ..Filter::default() };
    assert_eq!(part(adams, slice(0, 0)).await, (String::new(), 2));
    assert_eq!(part(of_acme(), slice(9, 10)).await, (String::new(), 3));
}

#[on_both_databases]
async fn facts_are_found_by_what_is_asked_for_and_patterns_are_taken_literally(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let write = async |account, line: &str| {
        let line = line.to_owned();
        as_staff::<WriteNotes, _, Error>(&app.app, stella, move |tx, by| Ok(event::write_line(tx, by, account, &line)?)).await
    };
    let began = app.app.now();
    app.clock.advance(std::time::Duration::from_secs(1));
    for line in ["100% paid", "1000 paid", "a_b", "axb", "back\\slash"] {
        assert!(write(Some(acme), line).await.unwrap().is_some());
    }
    assert!(write(None, "about nobody").await.unwrap().is_some());
    let before = dump(&app).await;
    assert!(write(Some(AccountId(NOWHERE)), "about nothing").await.unwrap().is_none());
    assert!(changed(&before, &dump(&app).await).is_empty());
    let find = async |wanted: event::Wanted, slice: Slice| {
        let part = as_staff::<ViewLog, _, Error>(&app.app, stella, move |tx, by| Ok(event::part(tx, by, &wanted, slice)?));
        let part = part.await.unwrap();
        (part.rows.into_iter().map(|line| line.detail).collect::<Vec<_>>(), part.total)
    };
    let with = |text: &str| event::Wanted { text: Some(text.to_owned()), ..event::Wanted::default() };
    for (text, found) in [("100%", "100% paid"), ("a_b", "a_b"), ("\\", "back\\slash"), ("nobody", "about nobody")] {
        assert_eq!(find(with(text), slice(0, 10)).await, (vec![found.to_owned()], 1), "{text}");
    }
    let lines = || event::Wanted { account: Some(acme), who: Some("Stella".to_owned()), ..event::Wanted::default() };
    let (rows, total) = find(lines(), slice(1, 2)).await;
    assert_eq!((rows, total), (vec!["axb".to_owned(), "a_b".to_owned()], 5), "newest first");
    let between = |from: Timestamp, until: Timestamp| event::Wanted { between: Some((from, until)), ..with("paid") };
    let now = app.app.now();
    assert_eq!(find(between(began, now), slice(0, 10)).await.1, 0, "until is not part of it");
    assert_eq!(find(between(now, now.after(std::time::Duration::from_micros(1))), slice(0, 10)).await.1, 2);
    let from = |ip: &str| event::Wanted { ip: Some(ip.to_owned()), ..with("paid") };
    assert_eq!(find(from("192.0.2.7"), slice(0, 10)).await.1, 2);
    assert_eq!(find(from("192.0.2.70"), slice(0, 10)).await.1, 0);
    let read_only = staff_as(&app, "Rita", BuiltInRole::ReadOnly).await;
    let denied = as_staff::<WriteNotes, _, Error>(&app.app, read_only, move |tx, by| Ok(event::write_line(tx, by, None, "x")?));
    assert!(matches!(denied.await, Err(Error::Denied(Denied::MissingAdmin { .. }))));
}

async fn send(app: &TestApp, admin: AdminId, account: AccountId, category: Category) -> Result<usize, MessageError> {
    let message = Message::parse("Invoice 17", "It is ready.\n\nThank you.").unwrap();
    as_staff::<EditAccounts, _, _>(&app.app, admin, move |tx, by| mail::send_message(tx, by, account, category, &message)).await
}

#[on_both_databases]
async fn a_message_goes_to_whoever_wants_such_mail_and_to_each_address_once(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let stella = staff(&app).await;
    for (last, address, gets) in [
        ("Adams", "books@example.org", &["invoice"][..]),
        ("Brown", "olivia@EXAMPLE.com", &["invoice", "support"][..]),
        ("Clark", "help@example.org", &["support"][..]),
    ] {
        let new = new_contact("Carl", last, address, gets);
        in_account::<ManageContacts, _, contact::Error>(&app.app, owner, acme, move |tx, by| contact::add(tx, by, &new))
            .await
            .unwrap();
    }
    sql(&app, &format!("update accounts set contact_email = '' where id = {acme}")).await.unwrap();
    assert_eq!(send(&app, stella, acme, Category::Invoice).await.unwrap(), 2, "the owner's address stands twice");
    let to = |mails: Vec<mail::Outgoing>| {
        let mut to: Vec<String> = mails.into_iter().map(|mail| mail.to).collect();
        to.sort();
        to
    };
    assert_eq!(to(app.take_mails().await), ["books@example.org", "olivia@example.com"]);
    sql(&app, &format!("update accounts set contact_email = 'acme@example.com', mail_categories = 'support' where id = {acme}"))
        .await
        .unwrap();
    send(&app, stella, acme, Category::Support).await.unwrap();
    assert_eq!(to(app.take_mails().await), ["acme@example.com", "help@example.org", "olivia@example.com"]);
    send(&app, stella, acme, Category::Invoice).await.unwrap();
    assert_eq!(to(app.take_mails().await), ["books@example.org", "olivia@example.com"], "the account itself wants none");
    let queued: Vec<_> = events(&app).await.into_iter().filter(|event| event.kind == "message-queued").collect();
    assert!(queued.len() == 3 && queued.iter().all(|event| event.detail == "Invoice 17" && event.account_id == Some(acme.0)));
}

#[on_both_databases]
async fn a_message_that_reaches_nobody_or_is_undone_leaves_nothing(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let read_only = staff_as(&app, "Rita", BuiltInRole::ReadOnly).await;
    sql(&app, &format!("update accounts set mail_categories = 'general' where id = {acme}")).await.unwrap();
    let before = dump(&app).await;
    assert!(matches!(send(&app, stella, acme, Category::Domain).await, Err(MessageError::NoRecipient)));
    assert!(matches!(send(&app, stella, AccountId(NOWHERE), Category::General).await, Err(MessageError::NotFound)));
    let denied = send(&app, read_only, acme, Category::General).await;
    assert!(matches!(denied, Err(MessageError::Denied(Denied::MissingAdmin { .. }))));
    let message = Message::parse("Invoice 17", "It is ready.").unwrap();
    let undone = as_staff::<EditAccounts, (), MessageError>(&app.app, stella, move |tx, by| {
        mail::send_message(tx, by, acme, Category::General, &message)?;
        Err(MessageError::NotFound)
    });
    assert!(undone.await.is_err());
    assert!(changed(&before, &dump(&app).await).is_empty());
    assert!(app.take_mails().await.is_empty());
}

#[on_both_databases]
async fn mails_of_an_account_come_page_by_page_and_hold_no_secret(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    send(&app, stella, acme, Category::General).await.unwrap();
    app.take_mails().await;
    let part = async |account, subject: Option<&str>, slice: Slice| {
        let wanted = mail::Wanted { subject: subject.map(str::to_owned), between: None };
        let part =
            as_staff::<ViewStaffArea, _, Error>(&app.app, stella, move |tx, by| Ok(mail::part(tx, by, account, &wanted, slice)?));
        part.await.unwrap()
    };
    let all = part(acme, None, slice(0, 10)).await.unwrap();
    assert_eq!((all.total, all.rows.len()), (2, 2));
    assert!(all.rows.iter().all(|page| !page.html.contains(&link.reveal()) && !page.html.contains(mail::SECRET_MARK)));
    assert_eq!(part(acme, None, slice(1, 10)).await.unwrap().rows.len(), 1);
    assert_eq!(part(acme, Some("%"), slice(0, 10)).await.unwrap().total, 0, "a pattern is taken literally");
    assert!(part(AccountId(NOWHERE), None, slice(0, 10)).await.is_none());
}
