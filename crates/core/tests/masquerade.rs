//! **Login as Owner**: what an admin may do as an owner, for how long, and what it leaves behind.

use std::time::Duration;

use latchkey_core::access::{
    BuiltInRole, Denied, EditDetails, Enter, ManageAdmins, ManageUsers, Masquerade, OnBehalf, RequireTwoFactor, Subject,
    ViewAccountLog, Who,
};
use latchkey_core::account::{self, Details};
use latchkey_core::admin;
use latchkey_core::app::{App, Request, Tx};
use latchkey_core::event;
use latchkey_core::id::{AccountId, AdminId};
use latchkey_core::mail::Notice;
use latchkey_core::masquerade::{self, ABSOLUTE, Error};
use latchkey_core::outbox::{self, Topic};
use latchkey_core::secret::Secret;
use latchkey_core::session::{self, Resolved};
use latchkey_core::settings::{Notifications, Security, Verification};
use latchkey_core::testing::TestApp;
use latchkey_core::{admin_role, membership, settings};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

const MOMENT: Duration = Duration::from_micros(1);

pub(crate) async fn begin(app: &App, staff: &admin::Resolved, account: AccountId, reason: &str) -> Result<Secret, Error> {
    let (staff, reason) = (staff.clone(), reason.to_owned());
    as_staff::<Masquerade, _, _>(app, staff.admin.id, move |tx, by| {
        masquerade::start(tx, by, &confirmed(), &staff, account, &reason).map(|started| started.secret)
    })
    .await
}

/// A request of the admin who acts for the user.
fn asking(found: &Resolved) -> Request {
    Request { on_behalf: found.acting.as_ref().map(|acting| acting.behalf.clone()), ..request() }
}

fn behalf(found: &Resolved) -> &OnBehalf {
    &found.acting.as_ref().expect("an admin acts").behalf
}

#[on_both_databases]
async fn an_admin_acts_for_the_owner_for_an_hour_and_not_a_moment_longer(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let (_, session) = staff_session(&app, "stella@staff.example").await;
    let secret = begin(&app.app, &session, acme, "Ticket 7").await.unwrap();
    let found = resolved(&app.app, &secret).await.unwrap();
    assert_eq!((found.user.id, behalf(&found).admin(), behalf(&found).account()), (owner, stella, acme));
    assert_eq!(number(&app, "select count(*) from users where last_login_at is not null").await, 0, "no login of the owner");
    for _ in 0..5 {
        app.clock.advance(Duration::from_mins(10));
        let found = resolved(&app.app, &secret).await.expect("work in the Client Area keeps the admin's session awake");
        let request = request();
        app.app.write(&request, move |tx| session::touch(tx, &found)).await.unwrap();
    }
    app.clock.advance(ABSOLUTE - Duration::from_mins(50) - MOMENT);
    assert!(is_alive(&app.app, &secret).await);
    app.clock.advance(MOMENT);
    assert!(!is_alive(&app.app, &secret).await);
    app.take_mails().await;
}

async fn ended(app: &TestApp) -> Vec<String> {
    let ended = events(app).await.into_iter().filter(|event| event.kind == "masquerade-ended");
    ended.map(|event| format!("{} {} {}", event.actor_name, event.user_name, event.detail)).collect()
}

#[on_both_databases]
async fn rule_10_that_it_ended_by_the_clock_is_one_event(app: TestApp) {
    let (_, acme) = acme(&app).await;
    staff(&app).await;
    let (_, session) = staff_session(&app, "stella@staff.example").await;
    begin(&app.app, &session, acme, "Ticket 7").await.unwrap();
    let claim = async |app: &App| {
        let lease = Duration::from_mins(1);
        let claim = move |tx: &Tx<'_>| outbox::claim(tx, &system(), Topic::Masquerade, 5, lease);
        app.write(&Request::default(), claim).await.unwrap()
    };
    assert_eq!(claim(&app.app).await, [], "it is not due");
    app.clock.advance(ABSOLUTE);
    assert_eq!(number(&app, "select count(*) from sessions").await, 1, "nobody has come by");
    let [work] = claim(&app.app).await.try_into().unwrap();
    let second = app.second_node();
    let (machine, look) = (Request::default(), Request::default());
    // The worker and a login at the same moment, on two nodes.
    let (one, other) = tokio::join!(
        app.app.write(&machine, move |tx| masquerade::time_is_up(tx, &system(), work)),
        second.write(&look, move |tx| masquerade::time_is_up(tx, &system(), work)),
    );
    assert!(one.is_ok() && other.is_ok());
    person(&app, "Gus").await;
    login(&app.app, "gus@example.com").await;
    assert_eq!(ended(&app).await, ["Stella Olivia Example time over"]);
    assert_eq!(number(&app, "select count(*) from outbox where topic = 'masquerade'").await, 0);
    app.take_mails().await;
}

#[on_both_databases]
async fn rule_10_that_it_ended_with_a_rest_of_the_admin_is_an_event_at_its_next_login_or_by_the_clock(app: TestApp) {
    let (_, acme) = acme(&app).await;
    staff(&app).await;
    for reason in ["Ticket 7", "Ticket 8"] {
        let (_, session) = staff_session(&app, "stella@staff.example").await;
        begin(&app.app, &session, acme, reason).await.unwrap();
        app.clock.advance(Security::default().admin_idle);
    }
    assert_eq!(ended(&app).await.len(), 1, "the admin's own next login");
    app.clock.advance(Security::default().admin_absolute);
    app.app.write(&request(), |tx| session::sweep(tx, &system())).await.unwrap();
    assert_eq!(ended(&app).await.len(), 2, "or the clock, whichever comes first");
    app.take_mails().await;
}

#[on_both_databases]
async fn v7_4_1_it_ends_with_the_admins_own_session_at_once_on_every_node(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let (stella, sam) = (staff(&app).await, app.admin("Sam", "sam@staff.example").await);
    let second = app.second_node();
    app.expect_unsent_mails();

    // Logout.
    let (_, session) = staff_session(&app, "sam@staff.example").await;
    let secret = begin(&app.app, &session, acme, "a").await.unwrap();
    as_staff(&app.app, sam, move |tx, by| admin::logout(tx, by, &session)).await.unwrap();
    assert!(!is_alive(&second, &secret).await);

    // Rest.
    let (_, session) = staff_session(&app, "sam@staff.example").await;
    let secret = begin(&app.app, &session, acme, "a").await.unwrap();
    app.clock.advance(Security::default().admin_idle);
    assert!(!is_alive(&second, &secret).await);

    // The permission is lost, and given back.
    let (_, session) = staff_session(&app, "sam@staff.example").await;
    let secret = begin(&app.app, &session, acme, "a").await.unwrap();
    for role in [BuiltInRole::Support, BuiltInRole::Full] {
        as_staff::<ManageAdmins, _, admin::Error>(&app.app, stella, move |tx, by| {
            admin::set_role(tx, by, &confirmed(), sam, admin_role::built_in(tx, role)?)
        })
        .await
        .unwrap();
        assert!(!is_alive(&second, &secret).await, "{role:?}");
    }

    // Disabling.
    let (_, session) = staff_session(&app, "sam@staff.example").await;
    let secret = begin(&app.app, &session, acme, "a").await.unwrap();
    as_staff::<ManageAdmins, _, admin::Error>(&app.app, stella, move |tx, by| {
        admin::set_disabled(tx, by, &confirmed(), sam, true)
    })
    .await
    .unwrap();
    assert!(!is_alive(&second, &secret).await);
    as_staff::<ManageAdmins, _, admin::Error>(&app.app, stella, move |tx, by| {
        admin::set_disabled(tx, by, &confirmed(), sam, false)
    })
    .await
    .unwrap();
    assert!(!is_alive(&second, &secret).await, "it does not wake up");
}

#[on_both_databases]
async fn it_ends_when_the_account_closes_or_gets_another_owner_and_when_the_admin_returns(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let stella = staff(&app).await;
    let (_, session) = staff_session(&app, "stella@staff.example").await;
    app.expect_unsent_mails();
    let first = begin(&app.app, &session, acme, "a").await.unwrap();
    let secret = begin(&app.app, &session, acme, "a").await.unwrap();
    assert!(!is_alive(&app.app, &first).await, "one at a time");
    as_staff(&app.app, stella, move |tx, by| account::close(tx, by, acme)).await.unwrap();
    assert!(!is_alive(&app.app, &secret).await);
    assert!(matches!(begin(&app.app, &session, acme, "a").await, Err(Error::AccountClosed)));
    as_staff(&app.app, stella, move |tx, by| account::reopen(tx, by, acme)).await.unwrap();
    assert!(!is_alive(&app.app, &secret).await, "it does not wake up");
    let secret = begin(&app.app, &session, acme, "a").await.unwrap();
    machine_in_account(&app.app, acme, move |tx, by| membership::make_owner(tx, by, &confirmed(), mia).map(drop)).await.unwrap();
    assert!(!is_alive(&app.app, &secret).await);
    let secret = begin(&app.app, &session, acme, "a").await.unwrap();
    let acting = resolved(&app.app, &secret).await.unwrap().acting.unwrap();
    let back = app.app.write(&request(), move |tx| masquerade::end(tx, &acting)).await.unwrap();
    assert_eq!(back, acme);
    assert!(!is_alive(&app.app, &secret).await);
}

#[on_both_databases]
async fn v8_3_3_every_event_names_the_admin_and_the_user(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let (_, session) = staff_session(&app, "stella@staff.example").await;
    let secret = begin(&app.app, &session, acme, "Ticket 7").await.unwrap();
    let found = resolved(&app.app, &secret).await.unwrap();
    let asked = asking(&found);
    let details = Details { name: "Acme 2".to_owned(), ..Details::default() };
    let changed = app.app.write(&asked, move |tx| {
        account::update(tx, &tx.authorize::<EditDetails>(Who::without_second_factor(owner), acme)?, &details)
    });
    changed.await.unwrap();
    let sent = app.app.write(&asked, move |tx| {
        let new =
            latchkey_core::invitation::NewInvitation { role: None, email: email("x@example.org"), grants: grants("invoices") };
        latchkey_core::invitation::send(tx, &tx.authorize::<ManageUsers>(Who::without_second_factor(owner), acme)?, &new)
    });
    sent.await.unwrap();
    let log = app.app.read(move |snapshot| {
        let by = snapshot.authorize::<ViewAccountLog>(Who::without_second_factor(owner), acme)?;
        Ok::<_, Denied>(event::of_account(snapshot, &by, None, 3)?)
    });
    let log = log.await.unwrap();
    let said: Vec<_> = log
        .iter()
        .map(|event| (event.kind.as_str(), event.actor.name.as_str(), event.actor.id, event.on_behalf_of.as_deref()))
        .collect();
    assert_eq!(
        said,
        [
            ("invitation-sent", "Stella", Some(stella.0), Some("Olivia Example")),
            ("account-updated", "Stella", Some(stella.0), Some("Olivia Example")),
            ("masquerade-started", "Stella", Some(stella.0), None),
        ]
    );
    assert_eq!(log[2].detail, "Ticket 7");
    let mine =
        app.app.read(move |snapshot| Ok::<_, Denied>(event::of_myself(snapshot, &snapshot.myself(owner)?, 9)?)).await.unwrap();
    assert!(mine.iter().any(|event| event.on_behalf_of.is_some()), "the owner sees what was done in its name");
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn v8_3_3_the_admin_enters_that_account_only_and_nothing_of_the_users_own(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let other = app.account("Other", owner).await;
    let mia = member(&app, acme, "Mia", "users invoices").await;
    staff(&app).await;
    let (_, session) = staff_session(&app, "stella@staff.example").await;
    let secret = begin(&app.app, &session, acme, "a").await.unwrap();
    let found = resolved(&app.app, &secret).await.unwrap();
    let (asking, olivia, session_of_it) = (asking(&found), found.who(), found.session.id);
    let tries = app.app.write(&asking, move |tx| {
        Ok::<_, Denied>((
            tx.authorize::<Enter>(olivia, acme).is_ok(),
            matches!(tx.authorize::<Enter>(olivia, other), Err(Denied::NoSuchAccount)),
            matches!(tx.authorize::<Enter>(Who::without_second_factor(mia), acme), Err(Denied::NoSuchAccount)),
            matches!(tx.authorize::<RequireTwoFactor>(olivia, acme), Err(Denied::OnBehalf)),
            matches!(tx.myself(owner), Err(Denied::OnBehalf)),
            matches!(tx.confirmed(Subject::User(owner), session_of_it), Err(Denied::OnBehalf)),
        ))
    });
    assert_eq!(tries.await.unwrap(), (true, true, true, true, true, true));
    let entered = app.app.write(&asking, move |tx| membership::enter(tx, &tx.authorize::<Enter>(olivia, acme)?, owner));
    entered.await.unwrap();
    assert_eq!(number(&app, "select count(*) from memberships where last_entered_at is not null").await, 0);
    let shown =
        as_myself::<_, Denied>(&app.app, owner, move |tx, by| Ok(session::list(tx, by, latchkey_core::id::SessionId(0))?.len()));
    assert_eq!(shown.await.unwrap(), 0, "it is none of the user's own sessions");
    app.take_mails().await;
}

#[on_both_databases]
async fn it_needs_the_permission_a_reason_and_an_account(app: TestApp) {
    let (_, acme) = acme(&app).await;
    staff(&app).await;
    staff_as(&app, "Rita", BuiltInRole::Support).await;
    let (_, stella) = staff_session(&app, "stella@staff.example").await;
    let (_, rita) = staff_session(&app, "rita@staff.example").await;
    let refused = begin(&app.app, &rita, acme, "a").await;
    assert!(matches!(refused, Err(Error::Denied(Denied::MissingAdmin { permission })) if permission.key() == "masquerade"));
    for reason in ["", "  ", "a\r\nb", &"x".repeat(201)] {
        assert!(matches!(begin(&app.app, &stella, acme, reason).await, Err(Error::Reason(_))), "{reason:?}");
    }
    assert!(matches!(begin(&app.app, &stella, AccountId(NOWHERE), "a").await, Err(Error::NotFound)));
    assert_eq!(number(&app, "select count(*) from sessions").await, 0);
}

#[on_both_databases]
async fn the_owner_is_told_by_mail_unless_that_is_switched_off(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let stella: AdminId = staff(&app).await;
    let (_, session) = staff_session(&app, "stella@staff.example").await;
    let told = Notifications::default();
    as_staff::<_, _, Denied>(&app.app, stella, move |tx, by| Ok(settings::set_notifications(tx, by, &told)?)).await.unwrap();
    begin(&app.app, &session, acme, "Ticket 7").await.unwrap();
    let mails = app.take_mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].to.as_str(), mails[0].written.text.as_str()),
        ("olivia@example.com", "Olivia Example|Acme|Stella|Ticket 7")
    );
    let quiet = Notifications { off: vec![Notice::Masquerade], ..Notifications::default() };
    as_staff::<_, _, Denied>(&app.app, stella, move |tx, by| Ok(settings::set_notifications(tx, by, &quiet)?)).await.unwrap();
    begin(&app.app, &session, acme, "Ticket 8").await.unwrap();
    assert!(app.take_mails().await.is_empty());
}

#[on_both_databases]
async fn v6_3_3_where_the_account_requires_two_factor_the_admins_own_counts(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    staff(&app).await;
    app.expect_unsent_mails();
    let (_, bare) = staff_session(&app, "stella@staff.example").await;
    let secret = begin(&app.app, &bare, acme, "Ticket 7").await.unwrap();
    let (olivia, asked) = (Who::without_second_factor(owner), request());
    let required = app.app.write(&asked, move |tx| {
        let by = tx.authorize::<RequireTwoFactor>(olivia, acme)?;
        account::require_two_factor(tx, &by, true)
    });
    required.await.unwrap();
    let may_enter = async |secret: &Secret| {
        let who = resolved(&app.app, secret).await.unwrap().who();
        app.app.read(move |snapshot| snapshot.authorize::<Enter>(who, acme).map(drop)).await
    };
    assert!(matches!(may_enter(&secret).await, Err(Denied::SecondFactor)), "what had begun stays outside, too");
    assert!(matches!(begin(&app.app, &bare, acme, "Ticket 7").await, Err(Error::Denied(Denied::SecondFactor))));
    let shown = format!("update admin_sessions set second_factor_at = created_at where id = {}", bare.session);
    sql(&app, &shown).await.unwrap();
    assert!(may_enter(&secret).await.is_ok());
    let shown = admin::Resolved { second_factor_at: Some(app.app.now()), ..bare };
    assert!(begin(&app.app, &shown, acme, "Ticket 7").await.is_ok());
}

#[on_both_databases]
async fn nobody_enters_for_an_owner_who_could_not(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let (_, session) = staff_session(&app, "stella@staff.example").await;
    let strict = Notifications { verification: Verification::Required, ..Notifications::default() };
    as_staff::<_, _, Denied>(&app.app, stella, move |tx, by| Ok(settings::set_notifications(tx, by, &strict)?)).await.unwrap();
    sql(&app, "update users set verified_at = null").await.unwrap();
    assert!(matches!(begin(&app.app, &session, acme, "Ticket 7").await, Err(Error::NotVerified)));
    assert_eq!(number(&app, "select count(*) from sessions").await, 0);
}
