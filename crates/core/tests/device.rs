//! Devices that are known by a login, and logins with others.

use latchkey_core::access::{BeStaff, Subject};
use latchkey_core::app::Request;
use latchkey_core::device;
use latchkey_core::id::UserId;
use latchkey_core::mail::Outgoing;
use latchkey_core::secret::Secret;
use latchkey_core::session::Error;
use latchkey_core::settings::Verification;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_test_macros::on_both_databases;

use crate::admin::{set_up, setup_link};
use crate::guessing::{GUS, try_from, with_device};
use crate::support::*;

/// The notices of new devices that wait.
pub(crate) async fn new_devices(app: &TestApp) -> Vec<Outgoing> {
    let mails = app.take_mails().await;
    mails.into_iter().filter(|mail| mail.written.subject == "new-device").collect()
}

#[on_both_databases]
async fn v6_3_5_a_login_with_a_new_device_is_told_by_mail(app: TestApp) {
    app.notify(Verification::Off).await;
    let gus = person(&app, "Gus").await;
    let first = login(&app.app, GUS).await;
    assert_eq!(new_devices(&app).await.len(), 1, "the first one, too: somebody else may have been quicker");
    let again = try_from(&app.app, &with_device(&first.device), GUS, PASSWORD).await.unwrap();
    assert!(again.device == first.device && new_devices(&app).await.is_empty());
    let forged = app.app.random().secret().unwrap();
    let other = try_from(&app.app, &with_device(&forged), GUS, PASSWORD).await.unwrap();
    assert!(other.device != forged, "a cookie that nobody was given is not taken over");
    let waiting = new_devices(&app).await;
    assert_eq!(waiting.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [GUS]);
    assert_eq!(count_events(&app, "device-new").await, 2);
    let mia = person(&app, "Mia").await;
    let shared = try_from(&app.app, &with_device(&first.device), "mia@example.com", PASSWORD).await.unwrap();
    assert!(shared.device == first.device, "two people may use one browser");
    assert_eq!(new_devices(&app).await.len(), 1, "which is new to the second");
    let listed =
        app.app.read(move |snapshot| Ok::<_, Error>(device::list(snapshot, &(&snapshot.myself(gus)?).into())?)).await.unwrap();
    assert_eq!(listed.len(), 2);
    app.app
        .write(&with_device(&first.device), move |tx| Ok::<_, Error>(device::forget_others(tx, &(&tx.myself(gus)?).into())?))
        .await
        .unwrap();
    let known = async |user: UserId, secret: Secret| {
        app.app.read(move |snapshot| device::known(snapshot, Some(Subject::User(user)), &secret)).await.unwrap().is_some()
    };
    assert!(known(gus, first.device.clone()).await && known(mia, first.device.clone()).await);
    assert!(!known(gus, other.device).await, "the other devices are forgotten");
    app.clock.advance(device::LIVES);
    assert!(!known(gus, first.device).await, "no device is known for ever");
}

#[on_both_databases]
async fn a_device_that_was_forgotten_is_a_new_one_and_its_session_goes_on(app: TestApp) {
    app.notify(Verification::Off).await;
    let (gus, mia) = (person(&app, "Gus").await, person(&app, "Mia").await);
    let first = login(&app.app, GUS).await;
    let second = try_from(&app.app, &request(), GUS, PASSWORD).await.unwrap();
    app.take_mails().await;
    let id = app.app.read({
        let from = with_device(&second.device);
        move |snapshot| Ok::<_, Error>(device::mine(snapshot, &(&snapshot.myself(gus)?).into(), &from)?.unwrap())
    });
    let id = id.await.unwrap();
    let forget = async |user: UserId| as_myself(&app.app, user, move |tx, by| device::forget(tx, &by.into(), id)).await;
    assert!(matches!(forget(mia).await, Err(device::Error::NotFound)), "somebody else's");
    forget(gus).await.unwrap();
    assert!(matches!(forget(gus).await, Err(device::Error::NotFound)));
    let session = resolved(&app.app, &second.secret).await.expect("its session goes on").session;
    assert!(!session.of_known_device);
    assert!(resolved(&app.app, &first.secret).await.unwrap().session.of_known_device);
    try_from(&app.app, &with_device(&second.device), GUS, PASSWORD).await.unwrap();
    assert_eq!(new_devices(&app).await.len(), 1, "the next login with it is told");
    assert_eq!(count_events(&app, "device-forgotten").await, 1);
    ask_for_reset(&app, GUS).await;
    let link = latest_link(&app).await;
    choose(&app.app, &link, "another password altogether").await.unwrap();
    assert_eq!(number(&app, "select count(*) from devices").await, 0, "a reset from elsewhere forgets all");
    app.take_mails().await;
}

#[on_both_databases]
async fn v6_3_5_the_next_login_is_told_even_when_no_device_is_known(app: TestApp) {
    app.notify(Verification::Off).await;
    person(&app, "Gus").await;
    ask_for_reset(&app, GUS).await;
    let link = latest_link(&app).await;
    choose(&app.app, &link, "another password altogether").await.unwrap();
    assert_eq!(number(&app, "select count(*) from devices").await, 0, "a reset from elsewhere forgets all");
    app.take_mails().await;
    try_from(&app.app, &request(), GUS, "another password altogether").await.unwrap();
    assert_eq!(new_devices(&app).await.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [GUS]);
    staff(&app).await;
    for _ in 0..2 {
        admin_login(&app.app, "stella@staff.example").await.unwrap();
        sql(&app, "delete from devices").await.unwrap();
        let told = new_devices(&app).await;
        assert_eq!(told.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["stella@staff.example"]);
    }
}

/// Nobody else can sit before the browser in which a login is made.
#[on_both_databases]
async fn v6_3_5_the_browser_in_which_one_registers_is_known_and_told_to_nobody(app: TestApp) {
    app.notify(Verification::Off).await;
    let (owner, acme) = acme(&app).await;
    let (_, link) = invite(&app, owner, acme, "nina@example.org", "invoices").await;
    let nina = register(&app.app, &link, "nina@example.org").await.unwrap().started;
    let link = setup_link(&app).await;
    let stella = set_up(&app, &link, "stella@staff.example").await.unwrap();
    assert_eq!(new_devices(&app).await.len(), 0);
    for (subject, device) in [(Subject::User(nina.user), nina.device), (Subject::Admin(stella.admin), stella.device)] {
        assert!(app.app.read(move |snapshot| device::known(snapshot, Some(subject), &device)).await.unwrap().is_some());
    }
}

#[on_both_databases]
async fn admins_see_and_forget_their_own_devices_as_users_do(app: TestApp) {
    app.notify(Verification::Off).await;
    let stella = staff(&app).await;
    let first = admin_login(&app.app, "stella@staff.example").await.unwrap();
    admin_login(&app.app, "stella@staff.example").await.unwrap();
    let gus = person(&app, "Gus").await;
    login(&app.app, GUS).await;
    app.take_mails().await;
    let listed = async |from: Request| {
        let read = app.app.read(move |snapshot| {
            let by = (&snapshot.authorize_admin::<BeStaff>(stella)?).into();
            Ok::<_, device::Error>((device::list(snapshot, &by)?, device::mine(snapshot, &by, &from)?))
        });
        let (devices, this) = read.await.unwrap();
        (devices.into_iter().map(|device| device.id).collect::<Vec<_>>(), this)
    };
    let (devices, this) = listed(with_device(&first.device)).await;
    let other = devices.iter().copied().find(|id| Some(*id) != this).unwrap();
    assert!(devices.len() == 2 && devices.contains(&this.unwrap()));
    let forgotten = as_myself(&app.app, gus, move |tx, by| device::forget(tx, &by.into(), other)).await;
    assert!(matches!(forgotten, Err(device::Error::NotFound)), "somebody else's");
    as_staff::<BeStaff, _, _>(&app.app, stella, move |tx, by| device::forget(tx, &by.into(), other)).await.unwrap();
    assert_eq!(listed(with_device(&first.device)).await, (vec![this.unwrap()], this));
    admin_login(&app.app, "stella@staff.example").await.unwrap();
    assert_eq!(new_devices(&app).await.len(), 1, "the next login with it is told");
    let from = with_device(&first.device);
    let others = app.app.write(&from, move |tx| {
        let by = (&tx.authorize_admin::<BeStaff>(stella)?).into();
        Ok::<_, device::Error>(device::forget_others(tx, &by)?)
    });
    assert_eq!(others.await.unwrap(), 1);
    assert_eq!(listed(with_device(&first.device)).await, (vec![this.unwrap()], this));
    assert_eq!(number(&app, "select count(*) from devices where user_id is not null").await, 1, "a user's stay");
    assert_eq!(number(&app, "select count(*) from events where kind = 'device-forgotten' and actor_kind = 'admin'").await, 2);
}
