//! What people are told by mail.

use latchkey_core::access::ConfigureSystem;
use latchkey_core::mail::Notice;
use latchkey_core::password::Password;
use latchkey_core::settings::{self, Notifications, Verification};
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::{account, own_data};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

async fn told_to(app: &TestApp) -> Vec<String> {
    app.take_mails().await.into_iter().map(|mail| format!("{} {}", mail.to, mail.written.subject)).collect()
}

#[on_both_databases]
async fn access_and_ownership_are_told_to_whom_they_concern(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = person(&app, "Mia").await;
    app.notify(Verification::Off).await;
    associate(&app.app, acme, mia, "invoices").await.unwrap();
    assert_eq!(told_to(&app).await, ["mia@example.com access-given"]);
    set_grants(&app.app, owner, acme, mia, "invoices").await.unwrap();
    assert_eq!(told_to(&app).await, Vec::<String>::new(), "nothing changed");
    set_grants(&app.app, owner, acme, mia, "tickets").await.unwrap();
    assert_eq!(told_to(&app).await, ["mia@example.com access-changed"]);
    make_owner(&app.app, acme, mia).await.unwrap();
    assert_eq!(told_to(&app).await, ["mia@example.com ownership-gained", "olivia@example.com ownership-lost"]);
    remove(&app.app, mia, acme, owner).await.unwrap();
    assert_eq!(told_to(&app).await, ["olivia@example.com access-removed"]);
    let guest = person(&app, "Gus").await;
    let (_, link) = invite(&app, mia, acme, "somebody@example.org", "invoices").await;
    accept(&app.app, guest, &link).await.unwrap();
    assert_eq!(told_to(&app).await, ["gus@example.com access-given", "mia@example.com invitation-accepted"]);
}

#[on_both_databases]
async fn who_leaves_is_told_to_the_owner_and_a_deleted_account_to_all_who_could_enter_it(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let (mia, _) = (member(&app, acme, "Mia", "invoices").await, member(&app, acme, "Gus", "invoices").await);
    app.notify(Verification::Off).await;
    leave(&app.app, mia, acme).await.unwrap();
    assert_eq!(told_to(&app).await, ["olivia@example.com member-left"]);
    let ned = member(&app, acme, "Ned", "tickets").await;
    own_data::ask_for_deletion(&app.app, &request(), ned, latchkey_core::id::SessionId(0), &Password::typed(PASSWORD))
        .await
        .unwrap();
    app.take_mails().await;
    delete_user(&app.app, stella, ned).await.unwrap();
    assert_eq!(told_to(&app).await, ["olivia@example.com member-left"]);
    as_staff(&app.app, stella, move |tx, by| account::delete_with_orphans(tx, by, &confirmed(), acme)).await.unwrap();
    let mut told = told_to(&app).await;
    told.sort();
    assert_eq!(told, ["gus@example.com account-deleted", "olivia@example.com account-deleted"]);
}

#[on_both_databases]
async fn v6_3_7_the_operator_switches_off_what_the_standard_allows_and_no_more(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let chosen = Notifications::parse("ask", &["access-removed".to_owned(), "no-such-notice".to_owned()]).unwrap();
    assert!(chosen.off.contains(&Notice::AccessChanged) && !chosen.off.contains(&Notice::PasswordChanged));
    let kept = chosen.clone();
    as_staff::<ConfigureSystem, _, latchkey_core::access::Denied>(&app.app, admin, move |tx, by| {
        Ok(settings::set_notifications(tx, by, &chosen)?)
    })
    .await
    .unwrap();
    assert_eq!(app.app.read(settings::notifications).await.unwrap(), kept);
    set_grants(&app.app, owner, acme, mia, "tickets").await.unwrap();
    remove(&app.app, owner, acme, mia).await.unwrap();
    assert_eq!(told_to(&app).await, ["mia@example.com access-removed"]);
    // Whatever somebody logs in with is not among them: password, address, factors, recovery codes (NIST SP 800-63B-4, 4.6).
    let can_be_off: Vec<&str> = Notice::ALL.iter().filter(|notice| !notice.is_always_told()).map(|notice| notice.key()).collect();
    assert_eq!(
        can_be_off,
        [
            "access-given",
            "access-changed",
            "access-removed",
            "credential-made",
            "new-device",
            "invitation-accepted",
            "member-left",
            "account-deleted",
            "ownership-gained",
            "ownership-lost",
            "owner-change-asked",
            "masquerade",
            "webhook-disabled",
        ]
    );
}

#[on_both_databases]
async fn an_event_that_is_rolled_back_tells_nobody(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    app.notify(Verification::Off).await;
    assert!(remove(&app.app, owner, acme, owner).await.is_err());
    assert_eq!(number(&app, "select count(*) from mails").await, 0);
}
