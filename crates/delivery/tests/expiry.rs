//! What is over goes by itself.

use std::time::Duration;

use latchkey_core::password::Password;
use latchkey_core::sweep::{AT_ONCE, SWEEPS};
use latchkey_core::testing::tables::number;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::{admin, passkey};
use latchkey_test_macros::on_both_databases;

use crate::world::{NoHosts, Staff, Workers, eventually, hardly_ever};

/// A session, one of an admin, a challenge and a limit, all of which end by the clock.
async fn begin_and_wait(app: &TestApp) {
    app.log_in("jo@example.com").await;
    admin::login(&app.app, &app.request(), "ada@example.com", &Password::typed(PASSWORD), "").await.unwrap();
    let browser = app.app.random().secret().unwrap();
    app.app.write(&app.request(), move |tx| passkey::begin_login(tx, &browser)).await.map(drop).unwrap();
    app.clock.advance(Duration::from_hours(24));
}

/// How many of each were still there.
async fn left(app: &TestApp) -> Vec<(&'static str, u64)> {
    let mut left = Vec::new();
    for (name, sweep) in SWEEPS {
        let system = app.system();
        left.push((name, app.app.write(&app.request(), move |tx| sweep(tx, &system)).await.unwrap()));
    }
    left.retain(|(_, left)| *left > 0);
    left
}

#[on_both_databases]
async fn what_is_over_is_removed_without_anybody_asking(app: TestApp) {
    let _ = (Staff::of(&app).await, app.user("Jo", "Doe", "jo@example.com").await);
    begin_and_wait(&app).await;
    let over = ["sessions", "sessions of admins", "challenges of passkeys", "limits"];
    assert_eq!(left(&app).await.iter().map(|(name, _)| *name).collect::<Vec<_>>(), over, "it stays until somebody sweeps");
    begin_and_wait(&app).await;
    Workers::start(&app.app, None, hardly_ever(), NoHosts).stop().await;
    assert_eq!(left(&app).await, []);
}

#[on_both_databases]
async fn one_look_goes_on_until_nothing_is_left(app: TestApp) {
    let browser = app.app.random().secret().unwrap();
    for _ in 0..=2 * AT_ONCE {
        let browser = browser.clone();
        app.app.write(&app.request(), move |tx| passkey::begin_login(tx, &browser)).await.map(drop).unwrap();
        // Nobody may begin so often without a pause.
        app.clock.advance(Duration::from_secs(10));
    }
    app.clock.advance(Duration::from_hours(24));
    let workers = Workers::start(&app.app, None, hardly_ever(), NoHosts);
    eventually("the challenges are gone", async || number(&app, "select count(*) from passkey_challenges").await == 0).await;
    workers.stop().await;
}
