//! Staff: the first admin, logins, and keeping somebody out.

use std::time::Duration;

use latchkey_core::access::{Denied, ManageAdmins, ViewStaffArea};
use latchkey_core::admin::{self, Error, NewAdmin, SETUP_VALID_FOR, Started};
use latchkey_core::id::AdminId;
use latchkey_core::password::Password;
use latchkey_core::secret::Secret;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

const MOMENT: Duration = Duration::from_micros(1);
// What holds without a setting.
const IDLE: Duration = Duration::from_mins(15);

pub(crate) async fn setup_link(app: &TestApp) -> Secret {
    let url = app.app.write(&request(), |tx| admin::setup_link(tx, &system())).await.unwrap();
    Secret::parse(url.strip_prefix("http://latchkey.example/admin/setup/").expect("a link")).unwrap()
}

pub(crate) async fn set_up(app: &TestApp, link: &Secret, address: &str) -> Result<Started, Error> {
    let password = Password::typed(PASSWORD);
    admin::set_up(&app.app, &request(), link.clone(), "Stella".to_owned(), email(address), &password).await
}

async fn setup_is_open(app: &TestApp, link: &Secret) -> bool {
    let link = link.clone();
    app.app.read(move |snapshot| admin::setup_is_open(snapshot, &link)).await.unwrap()
}

async fn disable(app: &TestApp, by: AdminId, id: AdminId, disabled: bool) -> Result<(), Error> {
    as_staff::<ManageAdmins, _, _>(&app.app, by, move |tx, by| admin::set_disabled(tx, by, &confirmed(), id, disabled).map(drop))
        .await
}

#[on_both_databases]
async fn the_set_up_link_makes_the_first_admin_once(app: TestApp) {
    let link = setup_link(&app).await;
    assert!(setup_is_open(&app, &link).await);
    let before = dump(&app).await;
    assert!(setup_is_open(&app, &link).await);
    assert_eq!(before, dump(&app).await, "opening it changes nothing");
    let started = set_up(&app, &link, "stella@staff.example").await.unwrap();
    assert!(admin_is_alive(&app.app, &started.secret).await);
    assert!(!setup_is_open(&app, &link).await);
    assert!(matches!(set_up(&app, &link, "second@staff.example").await, Err(Error::Gone)));
}

#[on_both_databases]
async fn the_set_up_link_works_for_twenty_four_hours(app: TestApp) {
    let link = setup_link(&app).await;
    app.clock.advance(SETUP_VALID_FOR - MOMENT);
    assert!(setup_is_open(&app, &link).await);
    app.clock.advance(MOMENT);
    assert!(!setup_is_open(&app, &link).await);
    assert!(matches!(set_up(&app, &link, "stella@staff.example").await, Err(Error::Gone)));
}

#[on_both_databases]
async fn a_later_set_up_link_kills_the_earlier(app: TestApp) {
    let (first, second) = (setup_link(&app).await, setup_link(&app).await);
    assert!(!setup_is_open(&app, &first).await && setup_is_open(&app, &second).await);
}

#[on_both_databases]
async fn the_set_up_link_is_dead_once_there_is_an_admin(app: TestApp) {
    let link = setup_link(&app).await;
    staff(&app).await;
    assert!(!setup_is_open(&app, &link).await);
    let later = setup_link(&app).await;
    for link in [link, later] {
        assert!(matches!(set_up(&app, &link, "intruder@staff.example").await, Err(Error::Gone)));
    }
    assert_eq!(number(&app, "select count(*) from admins").await, 1);
}

#[on_both_databases]
async fn of_two_who_use_the_set_up_link_at_once_one_gets_in(app: TestApp) {
    let link = setup_link(&app).await;
    let (first, second) = tokio::join!(set_up(&app, &link, "a@staff.example"), set_up(&app, &link, "b@staff.example"));
    assert_eq!(u8::from(first.is_ok()) + u8::from(second.is_ok()), 1);
    assert_eq!(number(&app, "select count(*) from admins").await, 1);
}

#[on_both_databases]
async fn a_disabled_admin_is_out_at_once_on_every_node(app: TestApp) {
    let (stella, sam) = (staff(&app).await, app.admin("Sam", "sam@staff.example").await);
    let session = admin_login(&app.app, "sam@staff.example").await.unwrap();
    disable(&app, stella, sam, true).await.unwrap();
    let second = app.second_node();
    assert!(!admin_is_alive(&second, &session.secret).await);
    assert!(matches!(admin_login(&second, "sam@staff.example").await, Err(Error::WrongCredentials)));
    let ticket = second.read(move |snapshot| snapshot.authorize_admin::<ViewStaffArea>(sam).map(drop)).await;
    assert!(matches!(ticket, Err(Denied::NotStaff)));
    disable(&app, stella, sam, false).await.unwrap();
    assert!(!admin_is_alive(&app.app, &session.secret).await, "the old session stays dead");
    admin_login(&app.app, "sam@staff.example").await.unwrap();
}

#[on_both_databases]
async fn nobody_disables_himself_so_one_always_remains(app: TestApp) {
    let stella = staff(&app).await;
    assert!(matches!(disable(&app, stella, stella, true).await, Err(Error::Oneself)));
    assert!(matches!(disable(&app, stella, AdminId(NOWHERE), true).await, Err(Error::NotFound)));
    admin_login(&app.app, "stella@staff.example").await.unwrap();
}

#[on_both_databases]
async fn two_admins_who_disable_each_other_do_not_both_succeed(app: TestApp) {
    let (stella, sam) = (staff(&app).await, app.admin("Sam", "sam@staff.example").await);
    let cara = app.admin("Cara", "cara@staff.example").await;
    let second = app.second_node();
    for _ in 0..20 {
        let (first, other) = tokio::join!(
            disable(&app, stella, sam, true),
            as_staff::<ManageAdmins, _, Error>(&second, sam, move |tx, by| admin::set_disabled(
                tx,
                by,
                &confirmed(),
                stella,
                true
            )
            .map(drop))
        );
        for result in [&first, &other] {
            assert!(result.as_ref().err().is_none_or(|error| !is_internal(error)), "{result:?}");
        }
        assert_eq!(u8::from(first.is_ok()) + u8::from(other.is_ok()), 1);
        for id in [stella, sam] {
            disable(&app, cara, id, false).await.unwrap();
        }
    }
}

#[on_both_databases]
async fn a_login_beside_the_disabling_leaves_no_session_that_wakes_up_later(app: TestApp) {
    let (stella, sam) = (staff(&app).await, app.admin("Sam", "sam@staff.example").await);
    let second = app.second_node();
    for _ in 0..20 {
        let (login, disabled) = tokio::join!(admin_login(&second, "sam@staff.example"), disable(&app, stella, sam, true));
        disabled.unwrap();
        disable(&app, stella, sam, false).await.unwrap();
        // A login that came too late is a failure; that they come one after the other is not to count.
        app.clock.advance(Duration::from_secs(30));
        match login {
            Ok(started) => assert!(!admin_is_alive(&app.app, &started.secret).await),
            Err(error) => assert!(matches!(error, Error::WrongCredentials), "{error:?}"),
        }
    }
}

#[on_both_databases]
async fn an_admin_session_ends_when_it_rests_and_after_twelve_hours(app: TestApp) {
    staff(&app).await;
    let resting = admin_login(&app.app, "stella@staff.example").await.unwrap();
    app.clock.advance(IDLE - MOMENT);
    assert!(admin_is_alive(&app.app, &resting.secret).await);
    app.clock.advance(MOMENT);
    assert!(!admin_is_alive(&app.app, &resting.secret).await);
    let busy = admin_login(&app.app, "stella@staff.example").await.unwrap();
    let step = Duration::from_mins(12);
    for _ in 0..59 {
        app.clock.advance(step);
        let (secret, request) = (busy.secret.clone(), request());
        let touched = app.app.write(&request, move |tx| match admin::resolve(tx, &secret)? {
            Some(resolved) => admin::touch(tx, &resolved).map(|()| true),
            None => Ok(false),
        });
        assert!(touched.await.unwrap());
    }
    app.clock.advance(step);
    assert!(!admin_is_alive(&app.app, &busy.secret).await);
}

#[on_both_databases]
async fn logout_ends_an_admin_session(app: TestApp) {
    let stella = staff(&app).await;
    let (here, there) = (
        admin_login(&app.app, "stella@staff.example").await.unwrap(),
        admin_login(&app.app, "stella@staff.example").await.unwrap(),
    );
    let secret = here.secret.clone();
    let resolved = app.app.read(move |snapshot| admin::resolve(snapshot, &secret)).await.unwrap().unwrap();
    as_staff(&app.app, stella, move |tx, by| admin::logout(tx, by, &resolved)).await.unwrap();
    assert!(!admin_is_alive(&app.app, &here.secret).await && admin_is_alive(&app.app, &there.secret).await);
}

#[on_both_databases]
async fn failed_admin_logins_look_the_same_and_are_noted(app: TestApp) {
    let (stella, sam) = (staff(&app).await, app.admin("Sam", "sam@staff.example").await);
    disable(&app, stella, sam, true).await.unwrap();
    for (email, password) in [
        ("stella@staff.example", "wrong"),
        ("sam@staff.example", PASSWORD),
        ("nobody@staff.example", PASSWORD),
        ("nul\0@staff.example", PASSWORD),
    ] {
        let before = events(&app).await.len();
        let refused = admin::login(&app.app, &request(), email, &Password::typed(password), "").await;
        assert!(matches!(refused, Err(Error::WrongCredentials)), "{email}");
        assert_eq!(kinds_after(&app, before).await, ["admin-login-failed"], "{email}");
    }
}

#[on_both_databases]
async fn a_user_is_no_admin_and_an_admin_no_user(app: TestApp) {
    person(&app, "Gus").await;
    staff(&app).await;
    assert!(matches!(admin_login(&app.app, "gus@example.com").await, Err(Error::WrongCredentials)));
    let user = login(&app.app, "gus@example.com").await;
    let admin = admin_login(&app.app, "stella@staff.example").await.unwrap();
    assert!(!admin_is_alive(&app.app, &user.secret).await && !is_alive(&app.app, &admin.secret).await);
}

#[on_both_databases]
async fn an_address_belongs_to_one_admin(app: TestApp) {
    staff(&app).await;
    let password = app.app.hasher().hash(app.app.random(), &Password::typed(PASSWORD)).await.unwrap();
    let new = NewAdmin { name: "Copy".to_owned(), email: email("STELLA@staff.example"), password };
    let taken = app.app.write(&request(), move |tx| admin::create_by_system(tx, &system(), &new)).await;
    assert!(matches!(taken, Err(Error::EmailTaken)));
}
