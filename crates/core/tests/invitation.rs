//! Links that open an account: once, for seven days, for whoever holds them.

use std::time::Duration;

use latchkey_core::access::{ManageUsers, ViewStaffArea};
use latchkey_core::id::{AccountId, AdminId, InvitationId, UserId};
use latchkey_core::invitation::{self, Accepted, Error, LoginAndAccept, VALID_FOR};
use latchkey_core::membership::Joined;
use latchkey_core::secret::{Random, Secret};
use latchkey_core::session::Started;
use latchkey_core::testing::{PASSWORD, TestApp, link_secret};
use latchkey_core::{mail, registration, session};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

const MOMENT: Duration = Duration::from_micros(1);

#[on_both_databases]
async fn rule_3_a_link_works_once(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (gus, other) = (person(&app, "Gus").await, person(&app, "Other").await);
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    let accepted = accept(&app.app, gus, &link).await.unwrap();
    assert_eq!((accepted.account, accepted.joined), (acme, Joined::New));
    assert_eq!(held(&app.app, gus, acme).await.as_deref(), Some("invoices"));
    assert!(matches!(accept(&app.app, other, &link).await, Err(Error::Gone)));
    assert!(matches!(accept(&app.app, gus, &link).await, Err(Error::Gone)), "not even for the same user");
    assert!(!can_enter(&app.app, other, acme).await);
}

#[on_both_databases]
async fn rule_3_a_link_works_for_seven_days_and_not_a_moment_longer(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (gus, late) = (person(&app, "Gus").await, person(&app, "Late").await);
    let (_, first) = invite(&app, owner, acme, "first@example.org", "invoices").await;
    let (_, second) = invite(&app, owner, acme, "second@example.org", "invoices").await;
    app.clock.advance(VALID_FOR - MOMENT);
    accept(&app.app, gus, &first).await.unwrap();
    app.clock.advance(MOMENT);
    assert!(matches!(open(&app.app, &second).await, Err(Error::Gone)));
    assert!(matches!(accept(&app.app, late, &second).await, Err(Error::Gone)));
    assert!(matches!(decline(&app.app, &second).await, Err(Error::Gone)));
}

#[on_both_databases]
async fn rule_3_any_address_may_accept_and_both_are_recorded(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let gus = person(&app, "Gus").await;
    let (id, link) = invite(&app, owner, acme, "invited@example.org", "invoices").await;
    accept(&app.app, gus, &link).await.unwrap();
    let kept = text(&app, &format!("select email || ' ' || accepted_as from invitations where id = {id}")).await;
    assert_eq!(kept.as_deref(), Some("invited@example.org gus@example.com"));
    let log = events(&app).await;
    let event = log.iter().find(|event| event.kind == "invitation-accepted").expect("an event");
    assert_eq!(event.email, "invited@example.org");
    assert!(event.detail.contains("gus@example.com"), "{}", event.detail);
    assert_eq!((event.account_id, event.user_id), (Some(acme.0), Some(gus.0)));
}

#[on_both_databases]
async fn rule_3_opening_a_link_changes_nothing(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    let before = dump(&app).await;
    for _ in 0..3 {
        open(&app.app, &link).await.unwrap();
    }
    assert_eq!(before, dump(&app).await);
}

#[on_both_databases]
async fn rule_4_accepting_is_no_verification_and_no_login_and_resets_nothing(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let gus = person(&app, "Gus").await;
    let (_, link) = invite(&app, owner, acme, "gus@example.com", "invoices").await;
    let before = dump(&app).await;
    accept(&app.app, gus, &link).await.unwrap();
    let after = dump(&app).await;
    assert_eq!(before["users"], after["users"], "neither verified nor reset, though the address is the invited one");
    assert_eq!(after["sessions"], Vec::<String>::new());
    assert_eq!(number(&app, "select count(*) from users where verified_at is not null").await, 0);
}

#[on_both_databases]
async fn rule_4_registering_on_the_page_verifies_no_address(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (_, link) = invite(&app, owner, acme, "new@example.org", "invoices").await;
    register(&app.app, &link, "new@example.org").await.unwrap();
    assert_eq!(number(&app, "select count(*) from users where verified_at is not null").await, 0);
}

/// A link of each kind that no longer works, or never did.
async fn dead_links(app: &TestApp, owner: UserId, acme: AccountId) -> Vec<(&'static str, Secret)> {
    let gus = person(app, "Gus").await;
    let (_, expired) = invite(app, owner, acme, "expired@example.org", "invoices").await;
    app.clock.advance(VALID_FOR);
    let (_, used) = invite(app, owner, acme, "used@example.org", "invoices").await;
    accept(&app.app, gus, &used).await.unwrap();
    let (id, cancelled) = invite(app, owner, acme, "cancelled@example.org", "invoices").await;
    cancel(&app.app, owner, acme, id).await.unwrap();
    let (_, declined) = invite(app, owner, acme, "declined@example.org", "invoices").await;
    decline(&app.app, &declined).await.unwrap();
    let (id, retired) = invite(app, owner, acme, "retired@example.org", "invoices").await;
    resend(&app.app, owner, acme, id).await.unwrap();
    latest_link(app).await;
    let unknown = Random::seeded(77_777).secret().unwrap();
    vec![
        ("expired", expired),
        ("used", used),
        ("cancelled", cancelled),
        ("declined", declined),
        ("retired", retired),
        ("unknown", unknown),
    ]
}

#[on_both_databases]
async fn rule_5_every_dead_link_gets_the_same_answer(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let stranger = person(&app, "Stranger").await;
    for (name, link) in dead_links(&app, owner, acme).await {
        let before = dump(&app).await;
        let answers = [
            open(&app.app, &link).await.unwrap_err(),
            accept(&app.app, stranger, &link).await.unwrap_err(),
            decline(&app.app, &link).await.unwrap_err(),
            login_and_accept(&app, &link, "stranger@example.com", PASSWORD).await.err().unwrap(),
        ];
        for answer in answers {
            assert!(matches!(answer, Error::Gone), "{name}: {answer:?}");
        }
        let answer = ask(&app.app, &link, "fresh@example.org").await.unwrap_err();
        assert!(matches!(answer, registration::Error::Invitation(Error::Gone)), "{name}: {answer:?}");
        assert_eq!(before, dump(&app).await, "{name}: a dead link changes nothing");
    }
}

#[on_both_databases]
async fn rule_5_resending_makes_a_fresh_link_with_a_fresh_seven_days(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let gus = person(&app, "Gus").await;
    let (id, old) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    app.clock.advance(VALID_FOR - MOMENT);
    resend(&app.app, owner, acme, id).await.unwrap();
    let fresh = latest_link(&app).await;
    assert!(matches!(accept(&app.app, gus, &old).await, Err(Error::Gone)), "the old link is dead");
    app.clock.advance(VALID_FOR - MOMENT);
    accept(&app.app, gus, &fresh).await.unwrap();
}

#[on_both_databases]
async fn rule_5_an_expired_invitation_can_be_resent(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let gus = person(&app, "Gus").await;
    let (id, _) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    app.clock.advance(VALID_FOR * 3);
    resend(&app.app, owner, acme, id).await.unwrap();
    accept(&app.app, gus, &latest_link(&app).await).await.unwrap();
}

#[on_both_databases]
async fn rule_5_the_unsent_mail_of_a_retired_link_is_not_sent(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let id = send(&app.app, owner, acme, "somebody@example.org", "invoices").await.unwrap();
    resend(&app.app, owner, acme, id).await.unwrap();
    open(&app.app, &latest_link(&app).await).await.unwrap();
    assert_eq!(states(&app, acme).await, ["sent", "cancelled"]);
}

#[on_both_databases]
async fn rule_5_the_unsent_mail_of_a_cancelled_or_declined_invitation_is_not_sent(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let id = send(&app.app, owner, acme, "somebody@example.org", "invoices").await.unwrap();
    cancel(&app.app, owner, acme, id).await.unwrap();
    assert!(app.take_mails().await.is_empty());
    assert_eq!(number(&app, "select count(*) from mails where sealed_secret is not null").await, 0, "no link is kept");
}

#[on_both_databases]
async fn rule_5_the_unsent_mail_of_an_invitation_that_expired_and_was_replaced_is_not_sent(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    send(&app.app, owner, acme, "somebody@example.org", "invoices").await.unwrap();
    app.clock.advance(VALID_FOR);
    send(&app.app, owner, acme, "somebody@example.org", "invoices").await.unwrap();
    open(&app.app, &latest_link(&app).await).await.unwrap();
}

async fn states(app: &TestApp, account: AccountId) -> Vec<&'static str> {
    let admin = staff(app).await;
    let mails = as_staff::<ViewStaffArea, _, mail_error::Error>(&app.app, admin, move |tx, by| {
        Ok(mail::list(tx, by, Some(account), 50)?)
    });
    let name = |state: &mail::State| match state {
        mail::State::Queued { .. } => "queued",
        mail::State::Sent { .. } => "sent",
        mail::State::Failed { .. } => "failed",
        mail::State::Cancelled => "cancelled",
    };
    mails.await.unwrap().iter().map(|mail| name(&mail.state)).collect()
}

/// Any error that knows both a refused ticket and a fault.
mod mail_error {
    pub(super) use latchkey_core::session::Error;
}

#[on_both_databases]
async fn rule_6_accepting_when_a_member_never_lowers_what_is_held(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices tickets backups products@service:17").await;
    let (_, link) = invite(&app, owner, acme, "second-address@example.org", "domains").await;
    let accepted = accept(&app.app, mia, &link).await.unwrap();
    assert_eq!(accepted.joined, Joined::AlreadyMember);
    assert_eq!(held(&app.app, mia, acme).await.as_deref(), Some("domains invoices tickets backups products@service:17"));
}

#[on_both_databases]
async fn rule_6_the_owner_can_open_a_link_and_loses_nothing(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let gus = person(&app, "Gus").await;
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    let before = dump(&app).await;
    open(&app.app, &link).await.unwrap();
    assert!(matches!(accept(&app.app, owner, &link).await, Err(Error::IsOwner)));
    assert_eq!(before, dump(&app).await, "the link is not consumed");
    accept(&app.app, gus, &link).await.unwrap();
}

#[on_both_databases]
async fn rule_8_nobody_is_invited_into_a_closed_account(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let (id, _) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    close(&app.app, admin, acme).await;
    assert!(matches!(send(&app.app, owner, acme, "other@example.org", "invoices").await, Err(Error::Denied(_))));
    assert!(matches!(staff_send(&app, admin, acme).await, Err(Error::AccountClosed)), "nor by staff");
    assert!(matches!(staff_resend(&app, admin, acme, id).await, Err(Error::AccountClosed)));
}

async fn staff_send(app: &TestApp, admin: AdminId, account: AccountId) -> Result<InvitationId, Error> {
    let new = invitation::NewInvitation { role: None, email: email("third@example.org"), grants: grants("invoices") };
    app.app.write(&request(), move |tx| invitation::send(tx, &tx.authorize_staff(admin, account)?, &new)).await
}

async fn staff_resend(app: &TestApp, admin: AdminId, account: AccountId, id: InvitationId) -> Result<(), Error> {
    app.app.write(&request(), move |tx| invitation::resend(tx, &tx.authorize_staff(admin, account)?, id).map(drop)).await
}

#[on_both_databases]
async fn rule_8_a_link_into_a_closed_account_waits_until_it_is_open_again(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (admin, gus) = (staff(&app).await, person(&app, "Gus").await);
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    close(&app.app, admin, acme).await;
    assert!(matches!(accept(&app.app, gus, &link).await, Err(Error::AccountClosed)));
    for address in ["somebody@example.org", "new@example.org"] {
        let registered = registration::register(&app.app, &request(), newcomer(&link, address)).await.map(drop);
        assert!(matches!(registered, Err(registration::Error::Invitation(Error::AccountClosed))));
        assert!(nobody_has(&app, address).await);
    }
    reopen(&app.app, admin, acme).await;
    accept(&app.app, gus, &link).await.unwrap();
}

#[on_both_databases]
async fn a_second_invitation_to_the_same_address_names_the_first(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (first, _) = invite(&app, owner, acme, "Anna@Example.org", "invoices").await;
    for same in ["anna@example.org", "ANNA@EXAMPLE.ORG", "ａnna@example.org"] {
        let again = send(&app.app, owner, acme, same, "tickets").await;
        assert!(matches!(again, Err(Error::AlreadyPending(id)) if id == first), "{same}: {again:?}");
    }
    let other = app.account("Other", owner).await;
    invite(&app, owner, other, "anna@example.org", "invoices").await;
}

#[on_both_databases]
async fn an_expired_declined_or_cancelled_invitation_makes_room_for_a_new_one(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (_, expired) = invite(&app, owner, acme, "anna@example.org", "invoices").await;
    app.clock.advance(VALID_FOR);
    let (_, link) = invite(&app, owner, acme, "anna@example.org", "invoices").await;
    assert!(matches!(open(&app.app, &expired).await, Err(Error::Gone)));
    decline(&app.app, &link).await.unwrap();
    let (id, _) = invite(&app, owner, acme, "anna@example.org", "invoices").await;
    cancel(&app.app, owner, acme, id).await.unwrap();
    let (_, link) = invite(&app, owner, acme, "anna@example.org", "invoices").await;
    open(&app.app, &link).await.unwrap();
}

#[on_both_databases]
async fn a_member_cannot_be_invited_again(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    member(&app, acme, "Mia", "invoices").await;
    for same in ["mia@example.com", "MIA@example.COM", "olivia@example.com"] {
        assert!(matches!(send(&app.app, owner, acme, same, "tickets").await, Err(Error::AlreadyMember)), "{same}");
    }
}

#[on_both_databases]
async fn the_answer_does_not_tell_whether_an_address_has_a_user(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    person(&app, "Known").await;
    let mut seen = Vec::new();
    for to in ["known@example.com", "unknown@example.com"] {
        let before = events(&app).await.len();
        send(&app.app, owner, acme, to, "invoices").await.unwrap();
        let mails = app.take_mails().await;
        let secret = link_secret(&mails[0]).reveal();
        let written = mails[0].written.text.replace(&secret, "…").replace(to, "…");
        seen.push((kinds_after(&app, before).await, mails.len(), mails[0].written.subject.clone(), written));
    }
    assert_eq!(seen[0], seen[1]);
}

#[on_both_databases]
async fn declining_kills_the_link_and_lets_nobody_in(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let gus = person(&app, "Gus").await;
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    decline(&app.app, &link).await.unwrap();
    assert!(matches!(accept(&app.app, gus, &link).await, Err(Error::Gone)));
    assert!(!can_enter(&app.app, gus, acme).await);
}

#[on_both_databases]
async fn an_invitation_that_is_over_cannot_be_resent_or_cancelled(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let gus = person(&app, "Gus").await;
    let (accepted, link) = invite(&app, owner, acme, "a@example.org", "invoices").await;
    accept(&app.app, gus, &link).await.unwrap();
    let (declined, link) = invite(&app, owner, acme, "b@example.org", "invoices").await;
    decline(&app.app, &link).await.unwrap();
    let (cancelled, _) = invite(&app, owner, acme, "c@example.org", "invoices").await;
    cancel(&app.app, owner, acme, cancelled).await.unwrap();
    for id in [accepted, declined, cancelled, InvitationId(NOWHERE)] {
        assert!(matches!(resend(&app.app, owner, acme, id).await, Err(Error::NotFound)), "resend {id}");
        assert!(matches!(cancel(&app.app, owner, acme, id).await, Err(Error::NotFound)), "cancel {id}");
    }
}

#[on_both_databases]
async fn an_invitation_of_another_account_is_not_found(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let rival = person(&app, "Rival").await;
    let theirs = app.account("Theirs", rival).await;
    let (id, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    assert!(matches!(resend(&app.app, rival, theirs, id).await, Err(Error::NotFound)));
    assert!(matches!(cancel(&app.app, rival, theirs, id).await, Err(Error::NotFound)));
    let listed =
        in_account::<ManageUsers, _, Error>(&app.app, rival, theirs, |tx, by| Ok(invitation::pending(tx, by)?.answer()?));
    assert!(listed.await.unwrap().is_empty());
    let admin = staff(&app).await;
    assert!(matches!(copy_link(&app, admin, theirs, id).await, Err(Error::NotFound)));
    open(&app.app, &link).await.unwrap();
}

async fn copy_link(app: &TestApp, admin: AdminId, account: AccountId, id: InvitationId) -> Result<(String, String), Error> {
    let by = app.app.read(move |snapshot| snapshot.authorize_staff(admin, account)).await?;
    invitation::link(&app.app, by, id).await
}

#[on_both_databases]
async fn staff_can_copy_a_link_until_a_server_has_taken_its_mail(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let id = send(&app.app, owner, acme, "somebody@example.org", "invoices").await.unwrap();
    let (to, url) = copy_link(&app, admin, acme, id).await.unwrap();
    let sent = latest_link(&app).await;
    assert_eq!((to.as_str(), url), ("somebody@example.org", format!("http://latchkey.example/invite/{}", sent.reveal())));
    assert!(matches!(copy_link(&app, admin, acme, id).await, Err(Error::NotFound)));
}

#[on_both_databases]
async fn pending_lists_expired_ones_too_and_nothing_that_is_over(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (_, over) = invite(&app, owner, acme, "over@example.org", "invoices").await;
    decline(&app.app, &over).await.unwrap();
    let (expired, _) = invite(&app, owner, acme, "expired@example.org", "invoices").await;
    app.clock.advance(VALID_FOR);
    let (pending, _) = invite(&app, owner, acme, "pending@example.org", "invoices").await;
    let listed = in_account::<ManageUsers, _, Error>(&app.app, owner, acme, |tx, by| Ok(invitation::pending(tx, by)?.answer()?));
    let listed: Vec<_> = listed.await.unwrap().into_iter().map(|invitation| invitation.id).collect();
    assert_eq!(listed, [pending, expired]);
}

// Log in and accept: both or neither.

async fn login_and_accept(app: &TestApp, link: &Secret, address: &str, password: &str) -> Result<(Started, Accepted), Error> {
    let input = LoginAndAccept { secret: link.clone(), login: credentials(address, password, false) };
    let begun = invitation::login_and_accept(&app.app, &request(), input).await?;
    Ok(begun.session().expect("no second factor is asked for"))
}

#[on_both_databases]
async fn whoever_logs_in_is_inside(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let gus = person(&app, "Gus").await;
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    let (started, accepted) = login_and_accept(&app, &link, "gus@example.com", PASSWORD).await.unwrap();
    assert_eq!((started.user, accepted.joined), (gus, Joined::New));
    assert!(is_alive(&app.app, &started.secret).await && can_enter(&app.app, gus, acme).await);
}

#[on_both_databases]
async fn a_wrong_password_leaves_the_link_open(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let gus = person(&app, "Gus").await;
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    for address in ["gus@example.com", "nobody@example.com"] {
        let refused = login_and_accept(&app, &link, address, "not-the-password").await;
        assert!(matches!(refused, Err(Error::Login(session::Error::WrongCredentials))), "{address}");
    }
    assert!(!can_enter(&app.app, gus, acme).await);
    login_and_accept(&app, &link, "gus@example.com", PASSWORD).await.unwrap();
}

#[on_both_databases]
async fn the_owner_who_logs_in_on_the_page_gets_no_half_login(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    let before = dump(&app).await;
    assert!(matches!(login_and_accept(&app, &link, "olivia@example.com", PASSWORD).await, Err(Error::IsOwner)));
    assert_eq!(before, dump(&app).await);
}

#[on_both_databases]
async fn a_user_who_was_deleted_meanwhile_cannot_accept(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (admin, gus) = (staff(&app).await, person(&app, "Gus").await);
    let (_, link) = invite(&app, owner, acme, "somebody@example.org", "invoices").await;
    delete_user(&app.app, admin, gus).await.unwrap();
    assert!(matches!(accept(&app.app, gus, &link).await, Err(Error::Denied(_))));
    open(&app.app, &link).await.unwrap();
}
