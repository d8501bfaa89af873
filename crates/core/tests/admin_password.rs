//! An admin's own password: changed, forgotten, chosen anew. Nobody sets another's.

use std::time::Duration;

use latchkey_core::access::{CONFIRMED_FOR, Denied, ManageAdmins, Subject};
use latchkey_core::admin::{self, Error};
use latchkey_core::app::App;
use latchkey_core::factor::{self, Begun, Confirmation, Second, Shown};
use latchkey_core::id::{AdminId, SessionId};
use latchkey_core::password::Password;
use latchkey_core::reset::{self, Logins, Open, VALID_FOR};
use latchkey_core::secret::Secret;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

const NEW: &str = "another password altogether";
const ADDRESS: &str = "stella@staff.example";

async fn change(app: &App, admin: AdminId, session: SessionId, current: &str) -> Result<(), Error> {
    let (current, new) = (Password::typed(current), Password::typed(NEW));
    admin::change_password(app, &request(), admin, session, &current, &new).await
}

async fn log_in(app: &App, password: &str) -> Result<Begun<admin::Started>, Error> {
    admin::login(app, &request(), ADDRESS, &Password::typed(password), "").await
}

/// Sets an authenticator app up.
async fn enrol(app: &TestApp, admin: AdminId, session: SessionId) {
    let (subject, from) = (Subject::Admin(admin), request());
    let offered = app.app.write(&from, move |tx| factor::offer_totp(tx, &tx.confirmed(subject, session)?));
    offered.await.unwrap();
    let code = factor::code_now(&app.app, subject).await.unwrap();
    let made = app.app.write(&from, move |tx| factor::confirm_totp(tx, &tx.confirmed(subject, session)?, &code));
    made.await.unwrap();
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(told(app).await, ["factor-added"]);
}

async fn code(app: &TestApp, admin: AdminId) -> Shown {
    Shown::Code(factor::code_now(&app.app, Subject::Admin(admin)).await.unwrap())
}

async fn ask(app: &TestApp, address: &str) {
    let address = email(address);
    app.app.write(&request(), move |tx| reset::ask(tx, Logins::Admins, &address)).await.unwrap();
    app.resolve_admin_resets().await;
}

async fn choose(app: &App, secret: &Secret) -> Result<(), reset::Error> {
    reset::choose(app, &request(), Logins::Admins, secret.clone(), &Password::typed(NEW)).await
}

async fn opened(app: &TestApp, secret: &Secret) -> Result<Open, reset::Error> {
    let secret = secret.clone();
    app.app.read(move |snapshot| reset::open(snapshot, Logins::Admins, &secret)).await
}

#[on_both_databases]
async fn v6_2_3_an_admin_changes_the_own_password_with_the_present_one_and_other_sessions_end(app: TestApp) {
    let stella = staff(&app).await;
    let (other, _) = staff_session(&app, ADDRESS).await;
    let (here, session) = staff_session(&app, ADDRESS).await;
    assert!(matches!(change(&app.app, stella, session.session, "wrong").await, Err(Error::WrongPassword)));
    assert!(admin_is_alive(&app.app, &other).await, "nothing has happened");
    change(&app.app, stella, session.session, PASSWORD).await.unwrap();
    assert!(admin_is_alive(&app.app, &here).await);
    assert!(!admin_is_alive(&app.second_node(), &other).await);
    assert!(matches!(log_in(&app.app, PASSWORD).await, Err(Error::WrongCredentials)));
    log_in(&app.app, NEW).await.unwrap();
    assert_eq!(told(&app).await, ["password-changed"]);
    let logged = events(&app).await;
    let changed = logged.iter().find(|event| event.kind == "admin-password-changed").unwrap();
    assert_eq!(changed.actor_name, "Stella");
}

#[on_both_databases]
async fn v7_5_1_an_admin_who_has_a_factor_confirms_with_it_before_the_password_is_changed(app: TestApp) {
    let stella = staff(&app).await;
    let (_, session) = staff_session(&app, ADDRESS).await;
    enrol(&app, stella, session.session).await;
    let Begun::SecondFactor(waiting) = log_in(&app.app, PASSWORD).await.unwrap() else { panic!("a factor is asked for") };
    app.clock.advance(CONFIRMED_FOR);
    for current in [PASSWORD, "wrong"] {
        let refused = change(&app.app, stella, session.session, current).await;
        assert!(matches!(refused, Err(Error::Denied(Denied::Unconfirmed))), "{refused:?}");
    }
    assert_eq!(number(&app, "select count(*) from guess_failures").await, 0, "nothing was compared");
    let shown = Confirmation::Shown(code(&app, stella).await);
    assert!(admin::confirm(&app.app, &request(), stella, session.session, shown).await.unwrap().is_some());
    assert!(matches!(change(&app.app, stella, session.session, "wrong").await, Err(Error::WrongPassword)));
    change(&app.app, stella, session.session, PASSWORD).await.unwrap();
    assert_eq!(number(&app, "select count(*) from pending_logins").await, 0, "what waited with the old password is over");
    app.clock.advance(Duration::from_secs(30));
    let shown = code(&app, stella).await;
    let answered = app.app.write(&request(), move |tx| admin::second_step(tx, &waiting, &shown)).await.unwrap();
    assert!(matches!(answered, Second::Over));
    assert_eq!(told(&app).await, ["password-changed"]);
}

#[on_both_databases]
async fn v6_3_1_the_present_password_of_an_admin_cannot_be_guessed_at(app: TestApp) {
    let stella = staff(&app).await;
    let (_, session) = staff_session(&app, ADDRESS).await;
    for _ in 0..10 {
        assert!(matches!(change(&app.app, stella, session.session, "wrong").await, Err(Error::WrongPassword)));
    }
    assert!(matches!(change(&app.app, stella, session.session, PASSWORD).await, Err(Error::Guessing(_))));
}

#[on_both_databases]
async fn v6_4_1_an_admins_reset_link_works_once_and_ends_all_sessions(app: TestApp) {
    staff(&app).await;
    let (secret, _) = staff_session(&app, ADDRESS).await;
    ask(&app, "STELLA@staff.example").await;
    let link = latest_link(&app).await;
    assert_eq!(opened(&app, &link).await.unwrap().name, "Stella");
    assert!(admin_is_alive(&app.app, &secret).await, "asking changes nothing");
    choose(&app.app, &link).await.unwrap();
    assert!(!admin_is_alive(&app.app, &secret).await);
    assert_eq!(number(&app, "select count(*) from admin_sessions").await, 0, "nobody is signed in");
    assert!(matches!(choose(&app.app, &link).await, Err(reset::Error::Gone)));
    assert!(matches!(log_in(&app.app, PASSWORD).await, Err(Error::WrongCredentials)));
    log_in(&app.app, NEW).await.unwrap();
    assert_eq!(told(&app).await, ["reset-done"]);
    let kinds: Vec<String> = events(&app).await.into_iter().map(|event| event.kind).collect();
    for kind in ["admin-password-reset-asked", "admin-password-reset-sent", "admin-password-reset", "session-ended"] {
        assert!(kinds.iter().any(|known| known == kind), "{kind}: {kinds:?}");
    }
}

#[on_both_databases]
async fn v6_4_1_an_admins_reset_link_works_for_60_minutes_and_the_newest_only(app: TestApp) {
    staff(&app).await;
    ask(&app, ADDRESS).await;
    let old = latest_link(&app).await;
    ask(&app, ADDRESS).await;
    ask(&app, ADDRESS).await;
    let new = latest_link(&app).await;
    assert!(matches!(choose(&app.app, &old).await, Err(reset::Error::Gone)));
    app.clock.advance(VALID_FOR - Duration::from_micros(1));
    assert!(opened(&app, &new).await.is_ok());
    app.clock.advance(Duration::from_micros(1));
    assert!(matches!(opened(&app, &new).await, Err(reset::Error::Gone)));
    assert!(matches!(choose(&app.app, &new).await, Err(reset::Error::Gone)));
}

#[on_both_databases]
async fn v6_4_3_an_admins_reset_skips_no_second_factor(app: TestApp) {
    let stella = staff(&app).await;
    let (_, session) = staff_session(&app, ADDRESS).await;
    enrol(&app, stella, session.session).await;
    ask(&app, ADDRESS).await;
    let link = latest_link(&app).await;
    choose(&app.app, &link).await.unwrap();
    assert!(matches!(log_in(&app.app, NEW).await.unwrap(), Begun::SecondFactor(_)));
    assert_eq!(told(&app).await, ["reset-done"]);
}

#[on_both_databases]
async fn v6_3_8_whoever_has_no_admins_address_is_answered_alike_and_gets_no_mail(app: TestApp) {
    let stella = staff(&app).await;
    app.admin("Sam", "sam@staff.example").await;
    person(&app, "Gus").await;
    let by = stella;
    let sam = number(&app, "select id from admins where email = 'sam@staff.example'").await;
    let disabled = as_staff::<ManageAdmins, _, _>(&app.app, by, move |tx, by| {
        admin::set_disabled(tx, by, &confirmed(), AdminId(sam), true).map(drop)
    });
    disabled.await.unwrap();
    for address in ["nobody@staff.example", "gus@example.com", "sam@staff.example"] {
        ask(&app, address).await;
    }
    assert_eq!(number(&app, "select count(*) from admin_resets").await, 0);
    assert!(app.take_mails().await.is_empty());
}

/// Who is kept out meanwhile has a link that opens nothing, also once it is let in again.
#[on_both_databases]
async fn v7_4_2_a_disabled_admin_cannot_use_a_link_that_was_sent_before(app: TestApp) {
    let stella = staff(&app).await;
    let sam = app.admin("Sam", "sam@staff.example").await;
    ask(&app, "sam@staff.example").await;
    let link = latest_link(&app).await;
    for disabled in [true, false] {
        let done = as_staff::<ManageAdmins, _, _>(&app.app, stella, move |tx, by| {
            admin::set_disabled(tx, by, &confirmed(), sam, disabled).map(drop)
        });
        done.await.unwrap();
        assert!(matches!(choose(&app.app, &link).await, Err(reset::Error::Gone)));
    }
}

#[on_both_databases]
async fn v2_3_4_of_two_who_use_an_admins_link_at_once_exactly_one_chooses(app: TestApp) {
    staff(&app).await;
    let second = app.second_node();
    for _ in 0..10 {
        app.clock.advance(Duration::from_hours(2));
        ask(&app, ADDRESS).await;
        let link = latest_link(&app).await;
        let (one, other) = tokio::join!(choose(&app.app, &link), choose(&second, &link));
        let won = [one.is_ok(), other.is_ok()].into_iter().filter(|won| *won).count();
        assert_eq!(won, 1, "{one:?} {other:?}");
        assert_eq!(told(&app).await, ["reset-done"]);
    }
}
