//! What the operator keeps for so many days, and no longer.

use std::time::Duration;

use latchkey_core::access::{BuiltInRole, ConfigureSystem, ManageAdmins};
use latchkey_core::admin::Error;
use latchkey_core::admin_invitation::{self, NewInvitation};
use latchkey_core::id::AdminId;
use latchkey_core::settings::{self, Retention};
use latchkey_core::sweep::AT_ONCE;
use latchkey_core::testing::TestApp;
use latchkey_core::{admin_role, mail};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

const fn days(days: u64) -> Duration {
    Duration::from_hours(24 * days)
}

async fn keep(app: &TestApp, admin: AdminId, retention: Retention) {
    as_staff::<ConfigureSystem, _, Error>(&app.app, admin, move |tx, by| Ok(settings::set_retention(tx, by, &retention)?))
        .await
        .unwrap();
}

/// To whom there are mails, by the alphabet.
async fn mails(app: &TestApp) -> String {
    let list = match app.location {
        latchkey_core::db::Location::Sqlite(_) => "group_concat(to_address, ' ')",
        latchkey_core::db::Location::Postgres(_) => "string_agg(to_address, ' ')",
    };
    let addresses = "(select to_address from mails order by to_address) found";
    text(app, &format!("select {list} from {addresses}")).await.unwrap_or_default()
}

#[on_both_databases]
async fn v14_2_7_sent_mails_are_kept_for_so_many_days(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    assert_eq!(app.app.read(settings::retention).await.unwrap(), Retention::default());
    keep(&app, admin, Retention { mails: Some(days(3)), ..Retention::default() }).await;
    assert_eq!(app.second_node().read(settings::retention).await.unwrap().mails, Some(days(3)));
    send(&app.app, owner, acme, "open@example.org", "invoices").await.unwrap();
    let taken_back = send(&app.app, owner, acme, "gone@example.org", "invoices").await.unwrap();
    cancel(&app.app, owner, acme, taken_back).await.unwrap();
    as_staff::<ManageAdmins, _, _>(&app.app, admin, |tx, by| {
        let role = admin_role::built_in(tx, BuiltInRole::Support)?;
        let new = NewInvitation { name: String::new(), email: email("new@staff.example"), role };
        admin_invitation::send(tx, by, &confirmed(), &new)
    })
    .await
    .unwrap();
    ask_for_reset(&app, "olivia@example.com").await;
    assert_eq!(app.take_mails().await.len(), 3);
    send(&app.app, owner, acme, "waits@example.org", "invoices").await.unwrap();
    app.clock.advance(days(3) - Duration::from_micros(1));
    assert_eq!(swept(&app.app, mail::sweep).await, 0);
    app.clock.advance(Duration::from_micros(1));
    assert_eq!(swept(&app.app, mail::sweep).await, 2, "the one that was taken back, and the one that was sent");
    assert_eq!(mails(&app).await, "new@staff.example open@example.org waits@example.org", "open invitations show theirs");
    assert_eq!(number(&app, "select count(*) from resets where mail_id is null").await, 1, "the link itself stays");
    app.clock.advance(days(4));
    assert_eq!(swept(&app.app, mail::sweep).await, 2, "now they are open no more");
    assert_eq!(mails(&app).await, "waits@example.org", "what waits is never removed");
    assert_eq!(number(&app, "select count(*) from admin_invitations where mail_id is null").await, 1);
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn mails_are_kept_for_ever_where_that_is_set_and_removed_a_part_at_a_time_where_not(app: TestApp) {
    let admin = staff(&app).await;
    let many = AT_ONCE + 1;
    let filled = format!(
        "insert into mails (kind, to_address, subject, text_body, html_body, queued_at, sent_at)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < {many})
         select 'test', '', '', '', '', i, i from n"
    );
    sql(&app, &filled).await.unwrap();
    keep(&app, admin, Retention { mails: None, ..Retention::default() }).await;
    assert_eq!(swept(&app.app, mail::sweep).await, 0);
    keep(&app, admin, Retention::default()).await;
    let second = app.second_node();
    let (one, other) = tokio::join!(swept(&app.app, mail::sweep), swept(&second, mail::sweep));
    assert!(one.max(other) == AT_ONCE && one + other >= AT_ONCE, "{one} {other}");
    assert_eq!(one + other + swept(&app.app, mail::sweep).await, many);
    assert_eq!(mails(&app).await, "");
    let said = "select count(*) from events where kind = 'settings-changed' and detail like 'retention.mail_days %'";
    keep(&app, admin, Retention::default()).await;
    assert_eq!(number(&app, said).await, 2, "what is set as it was is no change");
}
