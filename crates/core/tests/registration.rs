//! Registering through an invitation: at once with the invited address, by way of the mailbox with any other.

use std::time::Duration;

use latchkey_core::access::ManageUsers;
use latchkey_core::id::{AccountId, UserId};
use latchkey_core::invitation::{self, NewInvitation};
use latchkey_core::registration::{self, Error, MAX_ASKED, MAX_WRONG, VALID_FOR};
use latchkey_core::secret::Secret;
use latchkey_core::settings::Verification;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::{account, user};
use latchkey_test_macros::on_both_databases;

use crate::guessing::wait_of;
use crate::support::*;

const MOMENT: Duration = Duration::from_micros(1);
const OTHER: &str = "quite-another@example.net";

/// Olivia, Acme, and the link of an invitation of somebody@example.org.
async fn invited(app: &TestApp) -> (UserId, AccountId, Secret) {
    let (owner, acme) = acme(app).await;
    let (_, link) = invite(app, owner, acme, "somebody@example.org", "invoices").await;
    (owner, acme, link)
}

/// The same with a registration that waits, and the link in its mail.
async fn waiting(app: &TestApp) -> (UserId, AccountId, Secret) {
    let (owner, acme, link) = invited(app).await;
    ask(&app.app, &link, OTHER).await.unwrap();
    (owner, acme, registration_link(app).await)
}

async fn is_open(app: &TestApp, link: &Secret) -> bool {
    registration::try_link(&app.app, &request(), link).await.is_ok()
}

#[on_both_databases]
async fn rule_3_with_the_invited_address_whoever_registers_is_inside_and_logged_in(app: TestApp) {
    let (_, acme, link) = invited(&app).await;
    let made = register(&app.app, &link, "Somebody@Example.org").await.unwrap();
    assert_eq!(made.accepted.account, acme);
    assert!(can_enter(&app.app, made.started.user, acme).await && is_alive(&app.app, &made.started.secret).await);
    login(&app.app, "somebody@example.org").await;
}

/// Whoever has the mailbox of a look-alike and lets itself be invited there has shown nothing of the address that it looks like.
#[on_both_databases]
async fn what_only_looks_like_the_invited_address_waits_for_its_own_mailbox(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    for (invited, typed) in
        [("ceo@v\u{131}ctim.example", "ceo@victim.example"), ("\u{441}fo@victim.example", "cfo@victim.example")]
    {
        let (_, link) = invite(&app, owner, acme, invited, "invoices").await;
        assert_eq!(email(invited).key(), email(typed).key(), "they are one login");
        ask(&app.app, &link, typed).await.unwrap();
        assert!(nobody_has(&app, typed).await);
        let mails = app.take_mails().await;
        assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [typed], "its own mailbox");
        register(&app.app, &link, invited).await.unwrap();
    }
}

#[on_both_databases]
async fn with_the_invited_address_it_is_said_that_it_is_taken_and_the_link_stays_open(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    person(&app, "Gus").await;
    let (_, link) = invite(&app, owner, acme, "gus@example.com", "invoices").await;
    let before = dump(&app).await;
    for _ in 0..=MAX_ASKED {
        let refused = register(&app.app, &link, "GUS@example.com").await;
        assert!(matches!(refused, Err(Error::User(user::Error::EmailTaken))), "{:?}", refused.err());
    }
    assert_eq!(before, dump(&app).await);
    open(&app.app, &link).await.unwrap();
}

#[on_both_databases]
async fn rule_3_with_another_address_nothing_is_made_until_its_mailbox_and_the_password_have_been_shown(app: TestApp) {
    app.notify(Verification::Ask).await;
    let (_, acme, link) = invited(&app).await;
    let before = dump(&app).await;
    ask(&app.app, &link, OTHER).await.unwrap();
    let asked = dump(&app).await;
    for table in ["users", "memberships", "sessions", "accounts"] {
        assert_eq!(before[table], asked[table], "{table}");
    }
    let mail = registration_link(&app).await;
    assert!(is_open(&app, &mail).await);
    let made = finish(&app.app, &mail).await.unwrap();
    let nina = made.started.user;
    assert!(can_enter(&app.app, nina, acme).await && is_alive(&app.app, &made.started.secret).await);
    let found = app.app.read(move |snapshot| user::find(snapshot, nina)).await.unwrap().unwrap();
    assert!(found.verified_at.is_some(), "the mailbox is proven, and nobody is asked for it again");
    assert_eq!(told(&app).await, ["access-given", "invitation-accepted"]);
    login(&app.app, OTHER).await;
    app.expect_unsent_mails();
    let kept = "select email || ' ' || accepted_as from invitations";
    assert_eq!(text(&app, kept).await.as_deref(), Some("somebody@example.org quite-another@example.net"));
    assert!(matches!(finish(&app.app, &mail).await, Err(Error::Gone)), "once");
    assert!(matches!(open(&app.app, &link).await, Err(invitation::Error::Gone)));
    assert_eq!(number(&app, "select count(*) from registrations").await, 0);
}

/// Who invites with an API credential and has the link handed out could ask for every address, and make logins with them.
#[on_both_databases]
async fn v6_3_8_where_the_inviters_credential_was_told_the_link_the_invited_address_is_like_any_other(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let new = |address: &str| NewInvitation { email: email(address), grants: grants("invoices"), role: None };
    let without_mail = async |new| {
        let sent =
            in_account::<ManageUsers, _, _>(&app.app, owner, acme, move |tx, by| invitation::send_without_mail(tx, by, &new));
        let (id, link) = sent.await.unwrap();
        (id, invitation::token(link.rsplit('/').next().unwrap()).unwrap())
    };
    let (_, taken) = without_mail(new("olivia+other@example.com")).await;
    app.user("Olivia", "Other", "olivia+other@example.com").await;
    let (id, free) = without_mail(new("nobody@example.com")).await;
    ask(&app.app, &taken, "olivia+other@example.com").await.unwrap();
    ask(&app.app, &free, "nobody@example.com").await.unwrap();
    assert_eq!(told(&app).await, ["registered-already", "registration"]);
    resend(&app.app, owner, acme, id).await.unwrap();
    register(&app.app, &latest_link(&app).await, "nobody@example.com").await.unwrap();
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn opening_the_link_in_the_mail_changes_nothing(app: TestApp) {
    let (_, _, mail) = waiting(&app).await;
    let before = dump(&app).await;
    for _ in 0..3 {
        assert!(is_open(&app, &mail).await);
    }
    assert_eq!(before, dump(&app).await);
}

/// By how many rows each table grows that changes, and what the log says.
async fn traces(app: &TestApp, link: &Secret, address: &str) -> (Vec<(String, usize)>, Vec<String>) {
    let (before, seen) = (dump(app).await, events(app).await.len());
    ask(&app.app, link, address).await.unwrap();
    let after = dump(app).await;
    let rows = changed(&before, &after).into_iter().map(|table| (table.clone(), after[&table].len() - before[&table].len()));
    let log = events(app).await.into_iter().skip(seen);
    let said = log.map(|event| format!("{} {:?} {:?} {}", event.kind, event.account_id, event.user_id, event.detail)).collect();
    (rows.collect(), said)
}

#[on_both_databases]
async fn v6_3_8_a_free_and_a_taken_address_leave_the_same_rows_and_events_and_one_mail_each(app: TestApp) {
    let (_, _, link) = invited(&app).await;
    person(&app, "Gus").await;
    let mut seen = Vec::new();
    // Each replaces one of either kind.
    for address in ["first@example.com", "gus@example.com", "new@example.com", "olivia@example.com"] {
        let traces = traces(&app, &link, address).await;
        let mails = app.take_mails().await;
        assert_eq!((mails.len(), mails[0].to.as_str()), (1, address));
        let is_taken = !nobody_has(&app, address).await;
        assert_eq!(mails[0].written.subject, if is_taken { "registered-already" } else { "registration" });
        assert!(!mails[0].written.text.contains(&link.reveal()), "the secret of the invitation is nobody else's");
        seen.push(traces);
    }
    let [_, taken, free, again] = seen.as_slice() else { unreachable!() };
    assert_eq!(taken, free);
    assert_eq!(taken, again);
    let grown: Vec<_> = free.0.iter().map(|(table, by)| format!("{table} {by}")).collect();
    assert_eq!(grown, ["events 1", "invitations 0", "mails 1", "outbox 1", "registrations 0"]);
}

/// What the account's own log, and so its owner, is told is the same, also once the mail has been sent.
#[on_both_databases]
async fn v6_3_8_the_accounts_log_does_not_tell_whether_the_address_is_taken(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    person(&app, "Gus").await;
    for (invited, typed) in [("a@example.org", "gus@example.com"), ("b@example.org", "new@example.com")] {
        let (_, link) = invite(&app, owner, acme, invited, "invoices").await;
        let seen = events(&app).await.len();
        ask(&app.app, &link, typed).await.unwrap();
        app.take_mails().await;
        let of_account: Vec<_> = events(&app)
            .await
            .into_iter()
            .skip(seen)
            .filter(|event| event.account_id.is_some())
            .map(|event| event.kind)
            .collect();
        assert_eq!(of_account, ["registration-asked"], "{typed}");
    }
}

#[on_both_databases]
async fn v6_3_8_a_taken_address_stays_with_its_holder_whatever_is_tried(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let gus = person(&app, "Gus").await;
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    ask(&app.app, &link, "GUS@example.com").await.unwrap();
    let mails = app.take_mails().await;
    assert_eq!(mails[0].to, "gus@example.com", "at the address that he has");
    assert!(!mails[0].written.text.contains("/register/") && !mails[0].written.html.contains("/register/"));
    assert!(accept(&app.app, gus, &link).await.is_ok(), "whoever has a login still gets in");
}

/// Whoever holds an invitation could register somebody else's address with a password of its own and wait for the holder of the
/// mailbox to press the button.
#[on_both_databases]
async fn who_has_the_mailbox_and_not_the_password_makes_no_login(app: TestApp) {
    let (_, _, mail) = waiting(&app).await;
    let before = dump(&app).await;
    for password in ["", "wrong", "another password of mine"] {
        assert!(matches!(finish_with(&app.app, &mail, password).await, Err(Error::WrongPassword)));
    }
    assert_eq!(changed(&before, &dump(&app).await), ["registrations"]);
    assert!(nobody_has(&app, OTHER).await);
    finish(&app.app, &mail).await.unwrap();
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn ten_wrong_passwords_end_the_link(app: TestApp) {
    let (_, _, mail) = waiting(&app).await;
    for _ in 0..MAX_WRONG {
        assert!(matches!(finish_with(&app.app, &mail, "wrong").await, Err(Error::WrongPassword)));
    }
    for password in ["wrong", PASSWORD] {
        assert!(matches!(finish_with(&app.app, &mail, password).await, Err(Error::Gone)), "{password}");
    }
    assert!(!is_open(&app, &mail).await && nobody_has(&app, OTHER).await);
}

#[on_both_databases]
async fn the_newest_registration_replaces_the_one_before_and_withdraws_its_mail(app: TestApp) {
    let (_, _, link) = invited(&app).await;
    ask(&app.app, &link, OTHER).await.unwrap();
    ask(&app.app, &link, "third@example.net").await.unwrap();
    let mails = app.take_mails().await;
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["third@example.net"]);
    assert_eq!(number(&app, "select count(*) from mails where sealed_secret is not null and sent_at is null").await, 0);
    let third = latchkey_core::testing::link_secret(&mails[0]);
    ask(&app.app, &link, "fourth@example.net").await.unwrap();
    let fourth = registration_link(&app).await;
    assert!(matches!(finish(&app.app, &third).await, Err(Error::Gone)));
    finish(&app.app, &fourth).await.unwrap();
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn ten_may_be_asked_for_through_one_link_and_the_next_is_refused_whoever_has_the_address(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (id, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    for nth in 0..MAX_ASKED {
        ask(&app.app, &link, &format!("new{nth}@example.net")).await.unwrap();
    }
    app.take_mails().await;
    let before = dump(&app).await;
    for typed in ["olivia@example.com", "free@example.com"] {
        assert!(matches!(ask(&app.app, &link, typed).await, Err(Error::TooMany)), "{typed}");
    }
    assert_eq!(before, dump(&app).await);
    resend(&app.app, owner, acme, id).await.unwrap();
    let fresh = latest_link(&app).await;
    ask(&app.app, &fresh, OTHER).await.unwrap();
    finish(&app.app, &registration_link(&app).await).await.unwrap();
    app.expect_unsent_mails();
}

/// However many invitations somebody has: the owner of a mailbox is not flooded.
#[on_both_databases]
async fn one_address_is_written_to_so_often_and_no_more_whether_somebody_has_it_or_not(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    for address in ["olivia@example.com", "nobody@example.com"] {
        let mut heard = 0;
        loop {
            let (_, link) = invite(&app, owner, acme, &format!("guest{heard}+{address}"), "invoices").await;
            let asked = ask(&app.app, &link, address).await;
            if wait_of(&asked).is_some() {
                break;
            }
            asked.unwrap();
            app.take_mails().await;
            heard += 1;
        }
        assert_eq!(heard, 5, "{address}");
    }
}

#[on_both_databases]
async fn a_link_works_for_24_hours_and_not_a_moment_longer(app: TestApp) {
    let (_, _, mail) = waiting(&app).await;
    app.clock.advance(VALID_FOR - MOMENT);
    assert!(is_open(&app, &mail).await);
    app.clock.advance(MOMENT);
    assert!(!is_open(&app, &mail).await);
    assert!(matches!(finish(&app.app, &mail).await, Err(Error::Gone)));
    assert_eq!(swept(&app.app, registration::sweep).await, 1);
}

#[on_both_databases]
async fn a_link_works_no_longer_than_the_invitation(app: TestApp) {
    let (_, _, link) = invited(&app).await;
    app.clock.advance(invitation::VALID_FOR - Duration::from_hours(1));
    ask(&app.app, &link, OTHER).await.unwrap();
    let mail = registration_link(&app).await;
    let waiting = registration::try_link(&app.app, &request(), &mail).await.unwrap();
    assert_eq!(waiting.expires_at, waiting.invitation.times.expires_at);
    app.clock.advance(Duration::from_hours(1));
    assert!(matches!(finish(&app.app, &mail).await, Err(Error::Gone)));
}

#[on_both_databases]
async fn whatever_ends_the_link_of_an_invitation_ends_its_registration(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let gus = person(&app, "Gus").await;
    for nth in 0..5 {
        app.take_mails().await;
        let (id, link) = invite(&app, owner, acme, &format!("guest{nth}@example.org"), "invoices").await;
        ask(&app.app, &link, &format!("new{nth}@example.net")).await.unwrap();
        let mail = registration_link(&app).await;
        match nth {
            0 => cancel(&app.app, owner, acme, id).await.unwrap(),
            1 => decline(&app.app, &link).await.unwrap(),
            2 => resend(&app.app, owner, acme, id).await.unwrap(),
            3 => drop(accept(&app.app, gus, &link).await.unwrap()),
            _ => drop(register(&app.app, &link, "guest4@example.org").await.unwrap()),
        }
        assert!(matches!(finish(&app.app, &mail).await, Err(Error::Gone)), "{nth}");
        assert!(nobody_has(&app, &format!("new{nth}@example.net")).await);
        assert_eq!(number(&app, "select count(*) from registrations").await, 0, "{nth}");
    }
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn with_the_invitation_the_mail_that_still_waits_is_withdrawn(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (id, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    ask(&app.app, &link, OTHER).await.unwrap();
    cancel(&app.app, owner, acme, id).await.unwrap();
    assert_eq!(told(&app).await, Vec::<String>::new());
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    ask(&app.app, &link, OTHER).await.unwrap();
    let admin = staff(&app).await;
    as_staff(&app.app, admin, move |tx, by| account::delete(tx, by, &confirmed(), acme)).await.unwrap();
    assert_eq!(told(&app).await, Vec::<String>::new(), "and of a deleted account");
    assert_eq!(number(&app, "select count(*) from registrations").await, 0);
}

#[on_both_databases]
async fn rule_8_while_the_account_is_closed_nothing_is_finished(app: TestApp) {
    let (_, acme, mail) = waiting(&app).await;
    let admin = staff(&app).await;
    close(&app.app, admin, acme).await;
    assert!(!is_open(&app, &mail).await);
    assert!(matches!(finish(&app.app, &mail).await, Err(Error::Gone)));
    assert!(nobody_has(&app, OTHER).await);
    reopen(&app.app, admin, acme).await;
    finish(&app.app, &mail).await.unwrap();
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn an_address_that_somebody_got_meanwhile_stays_with_that_user_and_nothing_is_half_done(app: TestApp) {
    let (_, acme, mail) = waiting(&app).await;
    let other = app.user("Somebody", "Else", OTHER).await;
    let before = dump(&app).await;
    assert!(matches!(finish(&app.app, &mail).await, Err(Error::Gone)));
    assert_eq!(before, dump(&app).await);
    assert!(!can_enter(&app.app, other, acme).await);
}

#[on_both_databases]
async fn links_that_never_were_are_counted_as_guesses(app: TestApp) {
    let (_, _, mail) = waiting(&app).await;
    let mut heard = 0;
    loop {
        let forged = app.app.random().secret().unwrap();
        let tried = registration::try_link(&app.app, &request(), &forged).await;
        if wait_of(&tried).is_some() {
            break;
        }
        assert!(matches!(tried, Err(Error::Gone)));
        heard += 1;
    }
    assert_eq!(heard, 50);
    assert!(is_open(&app, &mail).await, "who holds a link is not held back");
}

/// Its hash is as secret as a user's: nothing that is handed out holds it.
#[on_both_databases]
async fn the_chosen_password_is_kept_as_a_users_is_and_is_in_no_event(app: TestApp) {
    let (_, _, mail) = waiting(&app).await;
    let kept = text(&app, "select password_hash from registrations").await.unwrap();
    assert!(kept.starts_with("$argon2id$"), "{kept}");
    assert!(!events(&app).await.iter().any(|event| event.detail.contains("argon2") || event.detail.contains(&mail.reveal())));
}
