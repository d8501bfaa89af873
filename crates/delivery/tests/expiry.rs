//! What is over goes by itself.

use std::time::Duration;

use latchkey_core::access::System;
use latchkey_core::app::Tx;
use latchkey_core::error::Fault;
use latchkey_core::password::Password;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::{admin, guessing, passkey, session};
use latchkey_test_macros::on_both_databases;

use crate::world::{NoHosts, Staff, Workers, hardly_ever};

/// A session, one of an admin, a challenge and a limit, all of which end by the clock.
async fn begin_and_wait(app: &TestApp) {
    app.log_in("jo@example.com").await;
    admin::login(&app.app, &app.request(), "ada@example.com", &Password::typed(PASSWORD), "").await.unwrap();
    let browser = app.app.random().secret().unwrap();
    app.app.write(&app.request(), move |tx| passkey::begin_login(tx, &browser)).await.map(drop).unwrap();
    app.clock.advance(Duration::from_hours(24));
}

type Sweep = fn(&Tx<'_>, &System) -> Result<u64, Fault>;

/// How many of each were still there.
async fn left(app: &TestApp) -> [u64; 4] {
    let sweeps: [Sweep; 4] = [session::sweep, admin::sweep, passkey::sweep, guessing::sweep_buckets];
    let mut left = [0; 4];
    for (number, sweep) in sweeps.into_iter().enumerate() {
        let system = app.system();
        left[number] = app.app.write(&app.request(), move |tx| sweep(tx, &system)).await.unwrap();
    }
    left
}

#[on_both_databases]
async fn what_is_over_is_removed_without_anybody_asking(app: TestApp) {
    let _ = (Staff::of(&app).await, app.user("Jo", "Doe", "jo@example.com").await);
    begin_and_wait(&app).await;
    assert!(left(&app).await.iter().all(|left| *left > 0), "it stays until somebody sweeps");
    begin_and_wait(&app).await;
    Workers::start(&app.app, None, hardly_ever(), NoHosts).stop().await;
    assert_eq!(left(&app).await, [0; 4]);
}
