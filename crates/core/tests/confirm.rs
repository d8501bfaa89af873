//! *Confirm it's you*: what needs a proof of the last ten minutes, and what ends one before.

use std::time::Duration;

use latchkey_core::access::{BuiltInApiRole, CONFIRMED_FOR, Confirmed, Denied, ManageAccountApi, Subject, Who};
use latchkey_core::api_credential::{self, Networks, NewCredential};
use latchkey_core::app::Tx;
use latchkey_core::factor::{self, Begun, Confirmation, Error, Shown};
use latchkey_core::id::{AccountId, SessionId, UserId};
use latchkey_core::password::Password;
use latchkey_core::secret::Secret;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::{admin, api_role, masquerade, own_data, passkey, session, user, verification};
use latchkey_test_macros::on_both_databases;
use tokio::join;

use crate::factor::{STEP, answer, code, enrol, gus, session_id, word};
use crate::masquerade::begin;
use crate::races::{Nodes, held_beside, nodes};
use crate::support::*;

const MOMENT: Duration = Duration::from_micros(1);

#[on_both_databases]
async fn v7_5_1_factors_change_only_with_a_proof_of_the_last_ten_minutes(app: TestApp) {
    let (user, started, _) = gus(&app).await;
    let (subject, id) = (Subject::User(user), session_id(&app, &started).await);
    let listed = app.app.read(move |snapshot| factor::list(snapshot, subject)).await.unwrap();
    let totp = listed[0].id;
    app.clock.advance(Duration::from_mins(10) - STEP - MOMENT);
    as_confirmed(&app.app, subject, id, factor::new_recovery_codes).await.unwrap();
    app.clock.advance(MOMENT);
    let refused = as_confirmed(&app.app, subject, id, factor::new_recovery_codes).await;
    assert!(matches!(refused, Err(Error::Denied(Denied::Unconfirmed))));
    let refused = as_confirmed(&app.app, subject, id, move |tx, by| factor::remove(tx, by, totp)).await;
    assert!(matches!(refused, Err(Error::Denied(Denied::Unconfirmed))));
    let ask_for_deletion = async || own_data::ask_for_deletion(&app.app, &request(), user, id, &Password::typed(PASSWORD)).await;
    assert!(matches!(ask_for_deletion().await, Err(own_data::Error::Denied(Denied::Unconfirmed))), "the password is not enough");
    let password = || Confirmation::Password(Password::typed(PASSWORD));
    let confirm = async |with| session::confirm(&app.app, &request(), user, id, with).await.unwrap();
    assert!(confirm(password()).await.is_none(), "where there is a factor the password is not enough");
    assert!(confirm(Confirmation::Shown(Shown::Code("000000".to_owned()))).await.is_none());
    let renewed = confirm(Confirmation::Shown(code(&app, user).await)).await.expect("the code is right");
    assert!(!is_alive(&app.app, &started.secret).await, "V7.2.4: the old token is dead");
    assert!(is_alive(&app.app, &renewed.secret).await);
    ask_for_deletion().await.unwrap();
    as_confirmed(&app.app, subject, id, move |tx, by| factor::remove(tx, by, totp)).await.unwrap();
    assert_eq!(app.take_mails().await.last().unwrap().written.subject, "factor-removed");
    assert_eq!(number(&app, "select count(*) from recovery_codes").await, 0);
    login(&app.app, "gus@example.com").await;
    app.clock.advance(Duration::from_mins(10));
    assert!(confirm(Confirmation::Password(Password::typed("wrong"))).await.is_none());
    assert!(confirm(password()).await.is_some(), "without a factor the password confirms");
}

/// Whoever knows the password has logged in elsewhere a moment ago: that is no proof any more, or the new factor would be gone at once.
#[on_both_databases]
async fn v7_5_1_with_the_first_factor_what_the_password_alone_confirmed_elsewhere_is_over(app: TestApp) {
    let (gus, stella) = (person(&app, "Gus").await, staff(&app).await);
    let of_gus = async || session_id(&app, &login(&app.app, "gus@example.com").await).await;
    let of_stella = async || staff_session(&app, "stella@staff.example").await.1.session;
    let (gus_there, stella_there) = (of_gus().await, of_stella().await);
    for (subject, here, there) in
        [(Subject::User(gus), of_gus().await, gus_there), (Subject::Admin(stella), of_stella().await, stella_there)]
    {
        enrol(&app, subject, here).await;
        let totp = app.app.read(move |snapshot| factor::list(snapshot, subject)).await.unwrap()[0].id;
        let removed = as_confirmed(&app.app, subject, there, move |tx, by| factor::remove(tx, by, totp)).await;
        assert!(matches!(removed, Err(Error::Denied(Denied::Unconfirmed))), "{subject}: {removed:?}");
        let made = as_confirmed(&app.app, subject, there, factor::new_recovery_codes).await;
        assert!(matches!(made, Err(Error::Denied(Denied::Unconfirmed))), "{subject}: {made:?}");
        assert!(app.app.read(move |snapshot| factor::enrolled(snapshot, subject)).await.unwrap());
        as_confirmed(&app.app, subject, here, |_, _| Ok::<_, Error>(())).await.expect("here it was shown");
    }
    let (old, new) = (Password::typed(PASSWORD), Password::typed("another password altogether"));
    let changed = user::change_password(&app.app, &request(), gus, gus_there, &old, &new).await;
    assert!(matches!(changed, Err(user::Error::Denied(Denied::Unconfirmed))), "{changed:?}");
    let changed = admin::change_password(&app.app, &request(), stella, stella_there, &old, &new).await;
    assert!(matches!(changed, Err(admin::Error::Denied(Denied::Unconfirmed))), "{changed:?}");
    let masquerading = app.app.read(move |snapshot| snapshot.confirmed_admin(stella, stella_there)).await;
    assert!(matches!(masquerading, Err(Denied::Unconfirmed)));
}

/// A passkey is a first factor like any other; a second one takes back nothing, for everywhere the first one was shown.
#[on_both_databases]
async fn v7_5_1_a_first_passkey_ends_what_was_confirmed_elsewhere_and_a_second_factor_does_not(app: TestApp) {
    let (pia, me) = crate::passkey::user(&app, "Pia").await;
    let subject = Subject::User(pia);
    let elsewhere = session_id(&app, &login(&app.app, "pia@example.com").await).await;
    let confirmed = async |session| {
        as_confirmed(&app.app, subject, session, |_, _| Ok::<_, Error>(())).await.map_err(|error| error.to_string()).is_ok()
    };
    assert!(confirmed(elsewhere).await);
    crate::passkey::add(&app.app, &me, "Key").await;
    assert!(!confirmed(elsewhere).await && confirmed(me.session).await);
    sql(
        &app,
        &format!("update sessions set second_factor_at = 1, confirmed_at = {} where id = {elsewhere}", app.app.now().as_micros()),
    )
    .await
    .unwrap();
    crate::passkey::add(&app.app, &me, "Another").await;
    assert!(confirmed(elsewhere).await && confirmed(me.session).await);
    app.take_mails().await;
}

/// Whoever has lost a factor removes it: who found it, and has confirmed with it a moment ago, sets up none of its own any more.
#[on_both_databases]
async fn what_a_factor_has_confirmed_elsewhere_is_over_when_it_is_removed(app: TestApp) {
    let (pia, me) = crate::passkey::user(&app, "Pia").await;
    let stella = staff(&app).await;
    let of_stella = async || staff_session(&app, "stella@staff.example").await.1.session;
    let (user, admin) = (Subject::User(pia), Subject::Admin(stella));
    let elsewhere = session_id(&app, &login(&app.app, "pia@example.com").await).await;
    for (subject, table, here, there) in
        [(user, "sessions", me.session, elsewhere), (admin, "admin_sessions", of_stella().await, of_stella().await)]
    {
        let confirmed = async |session| as_confirmed(&app.app, subject, session, |_, _| Ok::<_, Error>(())).await.is_ok();
        let confirm = async |session| {
            let now = app.app.now().as_micros();
            sql(&app, &format!("update {table} set second_factor_at = {now}, confirmed_at = {now} where id = {session}"))
                .await
                .unwrap();
        };
        enrol(&app, subject, here).await;
        confirm(there).await;
        assert!(confirmed(there).await, "{subject}");
        let totp = app.app.read(move |snapshot| factor::list(snapshot, subject)).await.unwrap()[0].id;
        as_confirmed(&app.app, subject, here, move |tx, by| factor::remove(tx, by, totp)).await.unwrap();
        assert!(!confirmed(there).await && confirmed(here).await, "{subject}");
        enrol(&app, subject, here).await;
        confirm(there).await;
        match subject {
            Subject::User(user) => {
                let take =
                    as_staff(&app.app, stella, move |tx, by| factor::take_from_user(tx, by, &crate::support::confirmed(), user));
                take.await.unwrap();
            }
            Subject::Admin(admin) => {
                let request = request();
                let take = app.app.write(&request, move |tx| factor::remove_all_of_admin(tx, &system(), admin));
                take.await.unwrap();
            }
        }
        assert!(!confirmed(there).await && !confirmed(here).await, "{subject}");
    }
    app.take_mails().await;
}

#[on_both_databases]
async fn v7_5_1_whoever_has_a_factor_confirms_with_it_before_the_password_is_changed(app: TestApp) {
    let (user, started, _) = gus(&app).await;
    let session = session_id(&app, &started).await;
    let change = async |current: &str| {
        let (current, new) = (Password::typed(current), Password::typed("another password altogether"));
        user::change_password(&app.app, &request(), user, session, &current, &new).await
    };
    app.clock.advance(CONFIRMED_FOR);
    for current in [PASSWORD, "wrong"] {
        let refused = change(current).await;
        assert!(matches!(refused, Err(user::Error::Denied(Denied::Unconfirmed))), "{refused:?}");
    }
    assert_eq!(number(&app, "select count(*) from guess_failures").await, 0, "nothing was compared");
    let shown = Confirmation::Shown(code(&app, user).await);
    assert!(session::confirm(&app.app, &request(), user, session, shown).await.unwrap().is_some());
    assert!(matches!(change("wrong").await, Err(user::Error::WrongPassword)), "the present password is needed all the same");
    change(PASSWORD).await.unwrap();
    assert_eq!(told(&app).await, ["password-changed"]);
}

#[on_both_databases]
async fn v7_5_3_an_admin_confirms_who_it_is_and_logs_in_with_both_steps(app: TestApp) {
    let stella = staff(&app).await;
    let started = admin_login(&app.app, "stella@staff.example").await.unwrap();
    let secret = started.secret.clone();
    let found = app.app.read(move |snapshot| admin::resolve(snapshot, &secret)).await.unwrap().unwrap();
    let (subject, id) = (Subject::Admin(stella), found.session);
    let codes = enrol(&app, subject, id).await;
    let begun = admin::login(&app.app, &request(), "stella@staff.example", &Password::typed(PASSWORD), "/admin").await.unwrap();
    let Begun::SecondFactor(token) = begun else { panic!("a second factor is asked for") };
    let of_users = answer(&app.app, &token, Shown::Recovery(codes[0].clone())).await;
    assert_eq!(word(&of_users), "over", "an admin's login is none of the Client Area");
    let shown = Shown::Code(factor::code_now(&app.app, subject).await.unwrap());
    let second = app.app.write(&request(), move |tx| admin::second_step(tx, &token, &shown)).await.unwrap();
    assert_eq!(word(&second), "in");
    app.clock.advance(Duration::from_mins(10));
    let refused = app.app.read(move |snapshot| snapshot.confirmed_admin(stella, id)).await;
    assert!(matches!(refused, Err(Denied::Unconfirmed)));
    let shown = Confirmation::Shown(Shown::Code(factor::code_now(&app.app, subject).await.unwrap()));
    assert!(admin::confirm(&app.app, &request(), stella, id, shown).await.unwrap().is_some());
    app.app.read(move |snapshot| snapshot.confirmed_admin(stella, id)).await.unwrap();
}

/// What comes of something that begins while the first factor is being added in this session.
async fn beside_first_factor<T>(
    app: &TestApp,
    nodes: &Nodes,
    subject: Subject,
    here: SessionId,
    other: impl Future<Output = T>,
) -> T {
    as_confirmed(&app.app, subject, here, factor::offer_totp).await.unwrap();
    let code = factor::code_now(&app.app, subject).await.unwrap();
    let (held, beside) = held_beside();
    let adding = as_confirmed(&nodes.first, subject, here, move |tx, by| {
        let added = factor::confirm_totp(tx, by, &code);
        held.wait();
        added
    });
    let (added, done) = join!(adding, beside.run(app, other));
    assert!(added.unwrap().is_some(), "the first factor is there");
    done
}

/// What somebody does elsewhere while the first factor is being added, and why not.
type Elsewhere = fn(&Tx<'_>, &Confirmed) -> Option<Denied>;

fn denied<T, E>(done: Result<T, E>, denied: fn(E) -> Option<Denied>) -> Option<Denied> {
    done.err().and_then(denied)
}

fn of_factor(error: Error) -> Option<Denied> {
    if let Error::Denied(denied) = error { Some(denied) } else { None }
}

fn of_passkey(error: passkey::Error) -> Option<Denied> {
    if let passkey::Error::Denied(denied) = error { Some(denied) } else { None }
}

fn of_address(error: verification::Error) -> Option<Denied> {
    if let verification::Error::Denied(denied) = error { Some(denied) } else { None }
}

/// A session elsewhere has its ticket already and waits for the login that the first factor is added to.
#[on_both_databases]
async fn v7_5_1_what_was_confirmed_elsewhere_is_over_even_for_who_waits_for_the_first_factor(app: TestApp) {
    let nodes = nodes(&app).await;
    let tries: [Elsewhere; 4] = [
        |tx, by| denied(factor::offer_totp(tx, by), of_factor),
        |tx, by| denied(factor::new_recovery_codes(tx, by), of_factor),
        |tx, by| denied(passkey::begin_adding(tx, by, &Secret::parse(&"A".repeat(43)).unwrap()), of_passkey),
        |tx, by| denied(verification::change_address(tx, by, &email("thief@example.net")), of_address),
    ];
    for (round, elsewhere) in tries.into_iter().enumerate() {
        let (user, name) = (nodes.guest(&app, round).await, format!("guest{round}@example.com"));
        let subject = Subject::User(user);
        let (here, there) =
            (session_id(&app, &login(&app.app, &name).await).await, session_id(&app, &login(&app.app, &name).await).await);
        let doing = as_confirmed(&nodes.second, subject, there, move |tx, by| match elsewhere(tx, by) {
            Some(denied) => Err(denied.into()),
            None => Ok::<_, Error>(()),
        });
        let done = beside_first_factor(&app, &nodes, subject, here, doing).await;
        assert!(matches!(done, Err(Error::Denied(Denied::Unconfirmed))), "{round}: {done:?}");
        app.clock.advance(STEP);
    }
    app.take_mails().await;
}

/// The same of a password and of API credentials.
#[on_both_databases]
async fn v7_5_1_who_waits_for_the_first_factor_changes_no_password_and_makes_no_credential(app: TestApp) {
    let nodes = nodes(&app).await;
    let by_credential = |there: SessionId, account: AccountId, user: UserId| {
        as_confirmed(&nodes.second, Subject::User(user), there, move |tx, confirmed| {
            let by = tx.authorize::<ManageAccountApi>(Who::without_second_factor(user), account)?;
            let role = api_role::built_in(tx, BuiltInApiRole::ReadOnly)?;
            let new =
                NewCredential { name: "x".to_owned(), role, account: None, networks: Networks::default(), expires_at: None };
            api_credential::create_for_account(tx, &by, confirmed, &new).map(drop)
        })
    };
    for round in 0..2 {
        let (user, name) = (nodes.guest(&app, round).await, format!("guest{round}@example.com"));
        let account = app.account("Own", user).await;
        let subject = Subject::User(user);
        let (here, there) =
            (session_id(&app, &login(&app.app, &name).await).await, session_id(&app, &login(&app.app, &name).await).await);
        let refused = async {
            if round == 0 {
                let (old, new) = (Password::typed(PASSWORD), Password::typed("another password altogether"));
                let changed = user::change_password(&nodes.second, &request(), user, there, &old, &new).await;
                matches!(changed, Err(user::Error::Denied(Denied::Unconfirmed)))
            } else {
                matches!(by_credential(there, account, user).await, Err(api_credential::Error::Denied(Denied::Unconfirmed)))
            }
        };
        assert!(beside_first_factor(&app, &nodes, subject, here, refused).await, "{round}");
        app.clock.advance(STEP);
    }
    app.take_mails().await;
}

/// The same of an admin who logs in as an owner.
#[on_both_databases]
async fn v7_5_3_who_waits_for_an_admins_first_factor_logs_in_as_nobody(app: TestApp) {
    let nodes = nodes(&app).await;
    let subject = Subject::Admin(nodes.admin);
    let (_, here) = staff_session(&app, "stella@staff.example").await;
    let (_, there) = staff_session(&app, "stella@staff.example").await;
    let begins = begin(&nodes.second, &there, nodes.acme, "Ticket 7");
    let begun = beside_first_factor(&app, &nodes, subject, here.session, begins).await;
    assert!(matches!(begun, Err(masquerade::Error::Denied(Denied::Unconfirmed))), "{:?}", begun.err());
    app.take_mails().await;
}
