//! Devices that are known by a login, and logins with others.

use latchkey_core::access::Subject;
use latchkey_core::device;
use latchkey_core::id::UserId;
use latchkey_core::mail::Outgoing;
use latchkey_core::secret::Secret;
use latchkey_core::session::Error;
use latchkey_core::settings::Verification;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_test_macros::on_both_databases;

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
    assert_eq!(new_devices(&app).await.len(), 0, "the first has nothing to be compared with");
    let again = try_from(&app.app, &with_device(&first.device), GUS, PASSWORD).await.unwrap();
    assert!(again.device == first.device && new_devices(&app).await.is_empty());
    let forged = app.app.random().secret().unwrap();
    let other = try_from(&app.app, &with_device(&forged), GUS, PASSWORD).await.unwrap();
    assert!(other.device != forged, "a cookie that nobody was given is not taken over");
    let waiting = new_devices(&app).await;
    assert_eq!(waiting.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [GUS]);
    assert_eq!(count_events(&app, "device-new").await, 1);
    let mia = person(&app, "Mia").await;
    let shared = try_from(&app.app, &with_device(&first.device), "mia@example.com", PASSWORD).await.unwrap();
    assert!(shared.device == first.device, "two people may use one browser");
    let listed = app.app.read(move |snapshot| Ok::<_, Error>(device::list(snapshot, &snapshot.myself(gus)?)?)).await.unwrap();
    assert_eq!(listed.len(), 2);
    app.app
        .write(&with_device(&first.device), move |tx| Ok::<_, Error>(device::forget_others(tx, &tx.myself(gus)?)?))
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
        move |snapshot| Ok::<_, Error>(device::mine(snapshot, &snapshot.myself(gus)?, &from)?.unwrap())
    });
    let id = id.await.unwrap();
    let forget = async |user: UserId| as_myself(&app.app, user, move |tx, by| device::forget(tx, by, id)).await;
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
async fn v6_3_5_who_has_logged_in_before_is_told_of_the_next_login_even_when_no_device_is_known(app: TestApp) {
    app.notify(Verification::Off).await;
    person(&app, "Gus").await;
    login(&app.app, GUS).await;
    ask_for_reset(&app, GUS).await;
    let link = latest_link(&app).await;
    choose(&app.app, &link, "another password altogether").await.unwrap();
    assert_eq!(number(&app, "select count(*) from devices").await, 0, "a reset from elsewhere forgets all");
    app.take_mails().await;
    try_from(&app.app, &request(), GUS, "another password altogether").await.unwrap();
    assert_eq!(new_devices(&app).await.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [GUS]);
    staff(&app).await;
    for told in [0, 1] {
        admin_login(&app.app, "stella@staff.example").await.unwrap();
        sql(&app, "delete from devices").await.unwrap();
        assert_eq!(new_devices(&app).await.len(), told, "an admin, whose first login is compared with nothing");
    }
}
