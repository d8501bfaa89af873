//! Inviting admins: the same rules as for users (PRODUCT rules 3 and 5), and nobody chooses another's password (ASVS V6.4.6).

use std::time::Duration;

use latchkey_core::access::{BuiltInRole, ManageAdmins};
use latchkey_core::admin_invitation::{self, Accept, Error, NewInvitation, VALID_FOR};
use latchkey_core::app::App;
use latchkey_core::id::{AdminId, AdminInvitationId};
use latchkey_core::password::Password;
use latchkey_core::secret::Secret;
use latchkey_core::testing::{PASSWORD, TestApp, link_secret};
use latchkey_core::{admin, admin_role};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

const MOMENT: Duration = Duration::from_micros(1);

async fn send(app: &App, by: AdminId, address: &str, role: BuiltInRole) -> Result<AdminInvitationId, Error> {
    let address = email(address);
    as_staff::<ManageAdmins, _, _>(app, by, move |tx, by| {
        let new = NewInvitation { name: String::new(), email: address.clone(), role: admin_role::built_in(tx, role)? };
        admin_invitation::send(tx, by, &confirmed(), &new)
    })
    .await
}

async fn invited(app: &TestApp, by: AdminId, address: &str) -> (AdminInvitationId, Secret) {
    let id = send(&app.app, by, address, BuiltInRole::Support).await.unwrap();
    (id, link_secret(app.take_mails().await.last().unwrap()))
}

async fn resend(app: &App, by: AdminId, id: AdminInvitationId) -> Result<(), Error> {
    as_staff::<ManageAdmins, _, _>(app, by, move |tx, by| admin_invitation::resend(tx, by, &confirmed(), id).map(drop)).await
}

async fn cancel(app: &App, by: AdminId, id: AdminInvitationId) -> Result<(), Error> {
    as_staff::<ManageAdmins, _, _>(app, by, move |tx, by| admin_invitation::cancel(tx, by, id).map(drop)).await
}

async fn accept(app: &App, secret: &Secret) -> Result<admin::Started, Error> {
    let input = Accept { secret: secret.clone(), name: "Nora".to_owned(), password: Password::typed(PASSWORD) };
    admin_invitation::accept(app, &request(), input).await
}

async fn is_open(app: &App, secret: &Secret) -> bool {
    let secret = secret.clone();
    app.read(move |snapshot| admin_invitation::open(snapshot, &secret).map(drop)).await.is_ok()
}

#[on_both_databases]
async fn rule_3_an_admin_link_makes_one_admin_with_the_offered_role_once(app: TestApp) {
    let stella = staff(&app).await;
    let (_, link) = invited(&app, stella, "nora@staff.example").await;
    let before = dump(&app).await;
    assert!(is_open(&app.app, &link).await);
    assert_eq!(before, dump(&app).await, "opening it changes nothing");
    let started = accept(&app.app, &link).await.unwrap();
    assert!(admin_is_alive(&app.app, &started.secret).await);
    let nora = started.admin;
    assert!(app.app.read(move |snapshot| snapshot.authorize_admin::<ManageAdmins>(nora).map(drop)).await.is_err());
    admin_login(&app.app, "nora@staff.example").await.unwrap();
    assert!(matches!(accept(&app.app, &link).await, Err(Error::Gone)), "a used link is dead");
    assert!(!is_open(&app.second_node(), &link).await);
    let (taken, seen) = (
        send(&app.app, stella, "NORA@staff.example", BuiltInRole::Support).await,
        number(&app, "select count(*) from admins").await,
    );
    assert!(matches!(taken, Err(Error::EmailTaken)) && seen == 2);
}

#[on_both_databases]
async fn rule_3_an_admin_link_works_for_seven_days(app: TestApp) {
    let stella = staff(&app).await;
    let (id, link) = invited(&app, stella, "nora@staff.example").await;
    app.clock.advance(VALID_FOR - MOMENT);
    assert!(is_open(&app.app, &link).await);
    app.clock.advance(MOMENT);
    assert!(!is_open(&app.app, &link).await && matches!(accept(&app.app, &link).await, Err(Error::Gone)));
    resend(&app.app, stella, id).await.unwrap();
    let fresh = link_secret(app.take_mails().await.last().unwrap());
    assert!(is_open(&app.app, &fresh).await && !is_open(&app.app, &link).await);
    accept(&app.app, &fresh).await.unwrap();
}

#[on_both_databases]
async fn rule_5_resending_and_cancelling_retire_the_link_and_its_mail(app: TestApp) {
    let stella = staff(&app).await;
    let (id, old) = invited(&app, stella, "nora@staff.example").await;
    assert!(matches!(send(&app.app, stella, "nora@staff.example", BuiltInRole::Full).await, Err(Error::AlreadyPending)));
    resend(&app.app, stella, id).await.unwrap();
    resend(&app.app, stella, id).await.unwrap();
    let mails = app.take_mails().await;
    assert_eq!(mails.len(), 1, "the mail of the middle link was withdrawn");
    let fresh = link_secret(&mails[0]);
    assert!(!is_open(&app.app, &old).await && is_open(&app.app, &fresh).await);
    cancel(&app.app, stella, id).await.unwrap();
    assert!(!is_open(&app.app, &fresh).await && matches!(accept(&app.app, &fresh).await, Err(Error::Gone)));
    assert!(matches!(cancel(&app.app, stella, id).await, Err(Error::NotFound)));
    assert!(matches!(resend(&app.app, stella, id).await, Err(Error::NotFound)));
    send(&app.app, stella, "nora@staff.example", BuiltInRole::Full).await.unwrap();
    app.take_mails().await;
}

#[on_both_databases]
async fn v2_3_4_an_admin_invitation_accepted_twice_in_parallel_on_two_nodes_makes_one_admin(app: TestApp) {
    let stella = staff(&app).await;
    let second = app.second_node();
    for round in 0..10 {
        let (_, link) = invited(&app, stella, &format!("n{round}@staff.example")).await;
        let (one, two) = tokio::join!(accept(&app.app, &link), accept(&second, &link));
        for result in [&one, &two] {
            assert!(result.as_ref().err().is_none_or(|error| matches!(error, Error::Gone)));
        }
        assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
    }
    assert_eq!(number(&app, "select count(*) from admins").await, 11);
}

#[on_both_databases]
async fn what_an_admin_sent_ends_when_it_may_no_longer_manage_admins(app: TestApp) {
    let (stella, sam) = (staff(&app).await, app.admin("Sam", "sam@staff.example").await);
    let (_, link) = invited(&app, sam, "nora@staff.example").await;
    as_staff::<ManageAdmins, _, admin::Error>(&app.app, stella, move |tx, by| {
        admin::set_disabled(tx, by, &confirmed(), sam, true)
    })
    .await
    .unwrap();
    assert!(!is_open(&app.app, &link).await);
    as_staff::<ManageAdmins, _, admin::Error>(&app.app, stella, move |tx, by| {
        admin::set_disabled(tx, by, &confirmed(), sam, false)
    })
    .await
    .unwrap();
    let (_, link) = invited(&app, sam, "nora@staff.example").await;
    as_staff::<ManageAdmins, _, admin::Error>(&app.app, stella, move |tx, by| {
        admin::set_role(tx, by, &confirmed(), sam, admin_role::built_in(tx, BuiltInRole::Support)?)
    })
    .await
    .unwrap();
    assert!(!is_open(&app.app, &link).await);
}

#[on_both_databases]
async fn the_database_holds_the_hash_and_a_sealed_secret_only_while_the_mail_waits(app: TestApp) {
    let stella = staff(&app).await;
    let (_, link) = invited(&app, stella, "nora@staff.example").await;
    let text = format!("{:?}", dump(&app).await);
    assert!(!text.contains(&link.reveal()));
    assert_eq!(number(&app, "select count(*) from mails where sealed_secret is not null").await, 0);
}

#[on_both_databases]
async fn v16_2_1_whoever_copies_the_link_that_makes_an_admin_is_in_the_log(app: TestApp) {
    let stella = staff(&app).await;
    let id = send(&app.app, stella, "nora@staff.example", BuiltInRole::Support).await.unwrap();
    let copied = as_staff::<ManageAdmins, _, _>(&app.app, stella, move |tx, by| admin_invitation::link(tx, by, &confirmed(), id));
    let (to, url) = copied.await.unwrap();
    let secret = link_secret(app.take_mails().await.last().unwrap());
    assert_eq!((to.as_str(), url), ("nora@staff.example", format!("http://latchkey.example/admin/invite/{}", secret.reveal())));
    let logged = events(&app).await;
    let shown = logged.iter().find(|event| event.kind == "mail-link-shown").unwrap();
    assert_eq!(
        (shown.actor_name.as_str(), shown.email.as_str(), shown.detail.as_str()),
        ("Stella", "nora@staff.example", "admin-invitation")
    );
}
