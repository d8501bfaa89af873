//! Addresses confirmed by mail.

use std::time::Duration;

use latchkey_core::access::{CONFIRMED_FOR, ChangeLogins, Denied, EditUsers, Enter, Subject, ViewStaffArea};
use latchkey_core::id::{SessionId, UserId};
use latchkey_core::password::Password;
use latchkey_core::secret::Secret;
use latchkey_core::settings::Verification;
use latchkey_core::testing::{PASSWORD, TestApp, link_secret};
use latchkey_core::user::{self, AdminChange, PersonName};
use latchkey_core::verification::{self, Error, MAX_MAILS, Pending, VALID_FOR};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

async fn change(app: &TestApp, user: UserId, to: &str) -> Result<(), Error> {
    change_address(app, &app.app, user, to).await
}

async fn confirm(app: &TestApp, secret: &Secret) -> Result<Pending, Error> {
    let secret = secret.clone();
    app.app.write(&request(), move |tx| verification::confirm(tx, &secret)).await
}

/// The link in the one mail to this address among those that wait, and what else is told to whom.
async fn link_to(app: &TestApp, address: &str) -> (Option<Secret>, Vec<(String, String)>) {
    let (mut link, mut others) = (None, Vec::new());
    for mail in app.take_mails().await {
        if mail.to == address && mail.written.text.contains("/verify/") {
            assert!(link.replace(link_secret(&mail)).is_none(), "one link");
        } else {
            others.push((mail.to, mail.written.subject));
        }
    }
    (link, others)
}

fn pair(to: &str, subject: &str) -> (String, String) {
    (to.to_owned(), subject.to_owned())
}

async fn address_of(app: &TestApp, user: UserId) -> (String, bool) {
    let found = app.app.read(move |snapshot| user::find(snapshot, user)).await.unwrap().unwrap();
    (found.email.to_string(), found.verified_at.is_some())
}

/// The address that pages ask the user to confirm.
async fn to_confirm(app: &TestApp, user: UserId) -> String {
    let asked = app.app.read(move |snapshot| {
        let found = user::find(snapshot, user)?.unwrap();
        verification::to_confirm(snapshot, &found)
    });
    asked.await.unwrap()
}

#[on_both_databases]
async fn who_registers_is_asked_and_the_invitation_verifies_nothing(app: TestApp) {
    app.notify(Verification::Ask).await;
    let (owner, acme) = acme(&app).await;
    let (_, secret) = invite(&app, owner, acme, "nina@example.org", "invoices").await;
    let nina = register(&app.app, &secret, "nina@example.org").await.unwrap().started.user;
    assert!(!address_of(&app, nina).await.1, "accepting is not verification (rule 4)");
    assert!(can_enter(&app.app, nina, acme).await, "nothing depends on it");
    let (link, others) = link_to(&app, "nina@example.org").await;
    assert_eq!(others, [pair("nina@example.org", "access-given"), pair("olivia@example.com", "invitation-accepted")]);
    confirm(&app, &link.unwrap()).await.unwrap();
    assert!(address_of(&app, nina).await.1);
}

#[on_both_databases]
async fn v6_4_1_a_link_confirms_once_within_24_hours_and_the_newest_only(app: TestApp) {
    app.notify(Verification::Ask).await;
    let gus = person(&app, "Gus").await;
    let resend = async || as_myself(&app.app, gus, verification::resend).await;
    resend().await.unwrap();
    let first = link_to(&app, "gus@example.com").await.0.unwrap();
    resend().await.unwrap();
    let second = link_to(&app, "gus@example.com").await.0.unwrap();
    assert!(matches!(confirm(&app, &first).await, Err(Error::Gone)), "the newest only");
    app.clock.advance(VALID_FOR);
    assert!(matches!(confirm(&app, &second).await, Err(Error::Gone)), "24 hours");
    resend().await.unwrap();
    let third = link_to(&app, "gus@example.com").await.0.unwrap();
    app.clock.advance(VALID_FOR - Duration::from_micros(1));
    confirm(&app, &third).await.unwrap();
    assert!(matches!(confirm(&app, &third).await, Err(Error::Gone)), "once");
    assert!(matches!(resend().await, Err(Error::NothingPending)));
}

#[on_both_databases]
async fn v6_3_7_another_address_takes_effect_when_it_is_confirmed_and_the_old_one_is_told(app: TestApp) {
    let gus = person(&app, "Gus").await;
    let unconfirmed = as_confirmed(&app.app, Subject::User(gus), SessionId(NOWHERE), |_, _| Ok::<_, Error>(())).await;
    assert!(matches!(unconfirmed, Err(Error::Denied(Denied::Unconfirmed))));
    assert!(matches!(change(&app, gus, "gus@example.com").await, Err(Error::SameAddress)));
    change(&app, gus, "new@example.org").await.unwrap();
    let (link, others) = link_to(&app, "new@example.org").await;
    assert_eq!(others, [pair("gus@example.com", "email-change-asked")]);
    assert_eq!(address_of(&app, gus).await.0, "gus@example.com");
    login(&app.app, "gus@example.com").await;
    confirm(&app, &link.unwrap()).await.unwrap();
    assert_eq!(address_of(&app, gus).await, ("new@example.org".to_owned(), true));
    login(&app.app, "new@example.org").await;
    let others = link_to(&app, "").await.1;
    assert_eq!(others, [pair("gus@example.com", "email-changed"), pair("new@example.org", "email-changed")]);
}

#[on_both_databases]
async fn v6_3_7_v7_5_1_an_address_that_staff_asks_for_waits_for_its_link_and_for_a_fresh_proof(app: TestApp) {
    let (admin, gus) = (staff(&app).await, person(&app, "Gus").await);
    person(&app, "Mia").await;
    let session = staff_session(&app, "stella@staff.example").await.1.session;
    let ask = async |first: &str, address: &str| {
        let name = PersonName { first: first.to_owned(), last: "Example".to_owned() };
        let change = AdminChange { name, email: email(address) };
        as_staff::<EditUsers, _, _>(&app.app, admin, move |tx, by| user::update(tx, by, session, gus, &change)).await
    };
    assert!(matches!(ask("Gus", "mia@example.com").await, Err(user::Error::EmailTaken)));
    assert_eq!(ask("Gustav", "new@example.org").await.unwrap(), Some(email("new@example.org")));
    let found = app.app.read(move |snapshot| user::find(snapshot, gus)).await.unwrap().unwrap();
    assert_eq!((found.name.full().as_str(), found.email.as_str()), ("Gustav Example", "gus@example.com"));
    let pending = async || {
        let looked = as_staff::<ViewStaffArea, _, Denied>(&app.app, admin, move |tx, by| {
            Ok(verification::pending_change(tx, by, gus)?.map(|pending| pending.email))
        });
        looked.await.unwrap()
    };
    assert_eq!(pending().await.as_deref(), Some("new@example.org"));
    let (link, others) = link_to(&app, "new@example.org").await;
    assert_eq!(others, [pair("gus@example.com", "email-change-asked")]);
    login(&app.app, "gus@example.com").await;
    confirm(&app, &link.unwrap()).await.unwrap();
    assert_eq!((address_of(&app, gus).await, pending().await), (("new@example.org".to_owned(), true), None));
    let others = link_to(&app, "").await.1;
    assert_eq!(others, [pair("gus@example.com", "email-changed"), pair("new@example.org", "email-changed")]);

    ask("Gustav", "wrong@example.org").await.unwrap();
    let link = link_to(&app, "wrong@example.org").await.0.unwrap();
    let cancel = async || {
        let cancelled = as_staff::<ChangeLogins, _, _>(&app.app, admin, move |tx, by| verification::cancel_by_staff(tx, by, gus));
        cancelled.await
    };
    cancel().await.unwrap();
    assert!(matches!(cancel().await, Err(Error::NothingPending)));
    assert!(matches!(confirm(&app, &link).await, Err(Error::Gone)), "what staff has taken back");
    app.clock.advance(CONFIRMED_FOR);
    let before = dump(&app).await;
    assert!(matches!(ask("Gus", "late@example.org").await, Err(user::Error::Denied(Denied::Unconfirmed))));
    assert_eq!(changed(&before, &dump(&app).await), Vec::<String>::new());
    assert_eq!(ask("Gus", "new@example.org").await.unwrap(), None, "a name alone asks for no proof");
}

#[on_both_databases]
async fn a_change_that_is_cancelled_leaves_a_dead_link(app: TestApp) {
    let gus = person(&app, "Gus").await;
    change(&app, gus, "new@example.org").await.unwrap();
    let link = link_to(&app, "new@example.org").await.0.unwrap();
    as_myself(&app.app, gus, verification::cancel).await.unwrap();
    assert!(matches!(confirm(&app, &link).await, Err(Error::Gone)));
    assert!(matches!(as_myself(&app.app, gus, verification::cancel).await, Err(Error::NothingPending)));
}

#[on_both_databases]
async fn a_change_whose_link_has_expired_waits_no_more_and_resend_is_for_the_present_address(app: TestApp) {
    let gus = person(&app, "Gus").await;
    change(&app, gus, "new@example.org").await.unwrap();
    app.take_mails().await;
    app.clock.advance(VALID_FOR - Duration::from_micros(1));
    assert_eq!(to_confirm(&app, gus).await, "new@example.org");
    assert_eq!(as_myself(&app.app, gus, verification::resend).await.unwrap(), "new@example.org", "as long as it waits");
    let expired = link_to(&app, "new@example.org").await.0.unwrap();
    app.clock.advance(VALID_FOR);
    assert_eq!(to_confirm(&app, gus).await, "gus@example.com");
    assert_eq!(as_myself(&app.app, gus, verification::resend).await.unwrap(), "gus@example.com");
    let (link, others) = link_to(&app, "gus@example.com").await;
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(number(&app, "select count(*) from verifications").await, 1, "it stands where the expired one stood");
    assert_eq!(text(&app, "select email from verifications").await.as_deref(), Some("gus@example.com"));
    assert!(matches!(confirm(&app, &expired).await, Err(Error::Gone)));
    confirm(&app, &link.unwrap()).await.unwrap();
    assert_eq!(address_of(&app, gus).await, ("gus@example.com".to_owned(), true));

    let mia = person(&app, "Mia").await;
    sql(&app, &format!("update users set verified_at = 1 where id = {mia}")).await.unwrap();
    change(&app, mia, "mia@example.org").await.unwrap();
    app.take_mails().await;
    app.clock.advance(VALID_FOR);
    let refused = as_myself(&app.app, mia, verification::resend).await;
    assert!(matches!(refused, Err(Error::NothingPending)), "the present address is confirmed: {refused:?}");
    assert!(app.take_mails().await.is_empty());
}

#[on_both_databases]
async fn v6_3_8_a_taken_address_is_answered_alike_and_its_holder_told(app: TestApp) {
    let (gus, _) = (person(&app, "Gus").await, person(&app, "Mia").await);
    let mut seen = Vec::new();
    for address in ["free@example.com", "mia@example.com", "m\u{456}\u{430}@example.com"] {
        change(&app, gus, address).await.unwrap();
        let pending = as_myself::<_, Denied>(&app.app, gus, |tx, by| Ok(verification::pending(tx, by)?)).await.unwrap().unwrap();
        assert!(pending.is_change && pending.email == address);
        seen.push(kinds_after(&app, 0).await.into_iter().rev().take(2).collect::<Vec<_>>());
        let (link, others) = link_to(&app, address).await;
        assert_eq!(link.is_some(), address == "free@example.com");
        let holder = if link.is_some() { None } else { Some(pair("mia@example.com", "email-in-use")) };
        let expected: Vec<_> = holder.into_iter().chain([pair("gus@example.com", "email-change-asked")]).collect();
        assert_eq!(others, expected, "{address}");
    }
    assert!(seen.iter().all(|kinds| kinds == &seen[0]), "the log that one sees tells nothing: {seen:?}");
}

#[on_both_databases]
async fn an_address_that_somebody_has_got_meanwhile_stays_with_that_user(app: TestApp) {
    let gus = person(&app, "Gus").await;
    change(&app, gus, "mia@example.com").await.unwrap();
    let link = link_to(&app, "mia@example.com").await.0.unwrap();
    person(&app, "Mia").await;
    assert!(matches!(confirm(&app, &link).await, Err(Error::Gone)));
    assert_eq!(address_of(&app, gus).await.0, "gus@example.com");
}

#[on_both_databases]
async fn so_many_links_within_an_hour(app: TestApp) {
    let gus = person(&app, "Gus").await;
    for number in 0..MAX_MAILS {
        change(&app, gus, &format!("new{number}@example.org")).await.unwrap();
    }
    assert!(matches!(change(&app, gus, "one.more@example.org").await, Err(Error::TooMany)));
    app.clock.advance(Duration::from_hours(1));
    change(&app, gus, "one.more@example.org").await.unwrap();
    app.take_mails().await;
}

#[on_both_databases]
async fn where_it_is_required_nobody_enters_an_account_before_not_even_the_owner(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    app.notify(Verification::Required).await;
    for user in [owner, mia] {
        let denied = in_account::<Enter, _, Denied>(&app.app, user, acme, |_, _| Ok(())).await;
        assert!(matches!(denied, Err(Denied::NotVerified)), "{denied:?}");
    }
    as_myself(&app.app, owner, verification::resend).await.unwrap();
    confirm(&app, &link_to(&app, "olivia@example.com").await.0.unwrap()).await.unwrap();
    assert!(can_enter(&app.app, owner, acme).await && !can_enter(&app.app, mia, acme).await);
    app.notify(Verification::Ask).await;
    assert!(can_enter(&app.app, mia, acme).await);
}

#[on_both_databases]
async fn look_alikes_of_an_address_make_no_second_user(app: TestApp) {
    let (admin, gus) = (staff(&app).await, person(&app, "Gus").await);
    person(&app, "Mia").await;
    app.user("Nikos", "Example", "νικος@example.com").await;
    for taken in [
        "MIA@EXAMPLE.COM",
        "ｍia@example.com",
        "m\u{456}\u{430}@example.com",
        "mia@\u{435}\u{445}\u{430}mple.com",
        "ΝΙΚΟΣ@example.com",
    ] {
        let change = AdminChange { name: PersonName { first: "Gus".to_owned(), last: "G".to_owned() }, email: email(taken) };
        let refused =
            as_staff::<EditUsers, _, _>(&app.app, admin, move |tx, by| user::update_at_once(tx, by, &confirmed(), gus, &change))
                .await;
        assert!(matches!(refused, Err(user::Error::EmailTaken)), "{taken}");
    }
}

#[on_both_databases]
async fn keys_of_older_rules_are_renewed_once(app: TestApp) {
    app.user("Vera", "Example", "вера@example.com").await;
    sql(&app, "update users set email_key = 'вера@example.com'").await.unwrap();
    let rekey = async || app.app.write(&request(), |tx| user::rekey(tx, &system())).await.unwrap();
    rekey().await;
    login(&app.app, "вера@example.com").await;
    sql(&app, "update users set email_key = 'left alone'").await.unwrap();
    rekey().await;
    assert_eq!(text(&app, "select email_key from users").await.as_deref(), Some("left alone"));
}

/// The database of an older Latchkey: its addresses have been brought up to the rules of then.
const OLDER_RULES: &str = "insert into settings (key, value, updated_at) values ('email_key.rules', '2', 0)";

#[on_both_databases]
async fn addresses_of_older_rules_are_shown_in_small_letters(app: TestApp) {
    app.notify(Verification::Ask).await;
    let vera = app.user("Vera", "Example", "vera@example.com").await;
    as_myself(&app.app, vera, verification::resend).await.unwrap();
    let link = link_to(&app, "vera@example.com").await.0.unwrap();
    let stella = staff(&app).await;
    let older = "update users set email = 'ВЕРА@ВМТ.example', email_key = 'older';
        update verifications set email = 'ВЕРА@ВМТ.example';
        update admins set email = 'СТЕЛЛА@ВМТ.example', email_key = 'older'";
    sql(&app, &format!("{OLDER_RULES}; {older}")).await.unwrap();
    app.app.write(&request(), |tx| user::rekey(tx, &system())).await.unwrap();
    assert_eq!(address_of(&app, vera).await, ("вера@вмт.example".to_owned(), false));
    assert_eq!(login(&app.app, "ВЕРА@ВМТ.example").await.user, vera);
    let admin = app.app.read(|snapshot| latchkey_core::admin::by_email(snapshot, &email("стелла@вмт.example").key()));
    assert_eq!(admin.await.unwrap(), Some(stella));
    assert_eq!(text(&app, "select email from admins").await.as_deref(), Some("стелла@вмт.example"));
    let pending = confirm(&app, &link).await.unwrap();
    assert_eq!((pending.email.as_str(), pending.is_change), ("вера@вмт.example", false), "it is the same address");
    assert_eq!(address_of(&app, vera).await, ("вера@вмт.example".to_owned(), true));
    let told = link_to(&app, "").await.1;
    assert!(told.iter().all(|(_, subject)| subject != "email-changed"), "it is no other address: {told:?}");
}

#[on_both_databases]
async fn of_two_addresses_that_have_become_one_the_later_keeps_its_key(app: TestApp) {
    let first = app.user("Nikos", "First", "first@example.com").await;
    let second = app.user("Nikos", "Second", "second@example.com").await;
    let older = format!(
        "update users set email = 'ΝΙΚΟΣ@example.com', email_key = 'one' where id = {first};
         update users set email = 'νικος@example.com', email_key = 'two' where id = {second}"
    );
    sql(&app, &format!("{OLDER_RULES}; {older}")).await.unwrap();
    app.app.write(&request(), |tx| user::rekey(tx, &system())).await.unwrap();
    assert_eq!(login(&app.app, "νικος@example.com").await.user, first);
    assert_eq!(address_of(&app, first).await.0, "νικοσ@example.com");
    let kept = format!("select email || ' ' || email_key from users where id = {second}");
    assert_eq!(text(&app, &kept).await.as_deref(), Some("νικος@example.com two"));
}

/// Whoever knew the old password may have asked for it, and would get in again by it (ASVS V7.4.3).
#[on_both_databases]
async fn v7_4_3_with_a_new_password_the_address_that_waits_is_given_up(app: TestApp) {
    for (name, by_reset) in [("Gus", true), ("Mia", false)] {
        let (user, address) = (person(&app, name).await, format!("{}@example.com", name.to_lowercase()));
        let thief = login(&app.app, &address).await.secret;
        change(&app, user, "thief@example.net").await.unwrap();
        let (link, _) = link_to(&app, "thief@example.net").await;
        if by_reset {
            ask_for_reset(&app, &address).await;
            let link = latest_link(&app).await;
            choose(&app.app, &link, "another password altogether").await.unwrap();
        } else {
            let own = resolved(&app.app, &login(&app.app, &address).await.secret).await.unwrap().session.id;
            let (old, new) = (Password::typed(PASSWORD), Password::typed("another password altogether"));
            user::change_password(&app.app, &request(), user, own, &old, &new).await.unwrap();
        }
        assert!(!is_alive(&app.app, &thief).await);
        assert!(matches!(confirm(&app, &link.unwrap()).await, Err(Error::Gone)), "{name}");
        assert_eq!(address_of(&app, user).await.0, address);
        assert_eq!(count_events(&app, "email-change-cancelled").await, if by_reset { 1 } else { 2 });
    }
    // The link that confirms the address one has is no door for anybody else.
    app.take_mails().await;
    app.notify(Verification::Ask).await;
    let (owner, acme) = acme(&app).await;
    let (_, secret) = invite(&app, owner, acme, "nina@example.org", "invoices").await;
    register(&app.app, &secret, "nina@example.org").await.unwrap();
    let (link, _) = link_to(&app, "nina@example.org").await;
    ask_for_reset(&app, "nina@example.org").await;
    let reset = app.take_mails().await.iter().find(|mail| mail.written.text.contains("/password/reset/")).map(link_secret);
    choose(&app.app, &reset.unwrap(), "another password altogether").await.unwrap();
    confirm(&app, &link.unwrap()).await.unwrap();
    app.take_mails().await;
}
