//! Checks at the same moment as changes, on either node.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use latchkey_core::access::Permission;
use latchkey_core::testing::TestApp;

use crate::check::{ask, may};
use crate::support::*;

/// What the one who changes things has been told: granted, then being revoked, then revoked, then being granted.
const PHASES: u64 = 4;

async fn race(app: TestApp) {
    const ROUNDS: u64 = 60;
    app.expect_unsent_mails();
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let phase = Arc::new(AtomicU64::new(0));
    let nodes = [app.app.clone(), app.second_node()];
    let askers: Vec<_> = (0..8)
        .map(|index: usize| {
            let (node, phase) = (nodes[index % 2].clone(), Arc::clone(&phase));
            tokio::spawn(async move {
                let (mut sure, mut asked) = (0_u64, 0_u64);
                loop {
                    let before = phase.load(Ordering::SeqCst);
                    if before >= PHASES * ROUNDS {
                        return (sure, asked);
                    }
                    let allowed = ask(&node, may(mia, acme, Permission::Invoices)).await.allowed;
                    asked += 1;
                    // As whoever asks over the network does.
                    tokio::task::yield_now().await;
                    // Only when nothing was under way at the beginning and nothing has begun since is there one right answer.
                    if phase.load(Ordering::SeqCst) == before && before.is_multiple_of(2) {
                        assert_eq!(allowed, before.is_multiple_of(PHASES), "in phase {before}");
                        sure += 1;
                    }
                }
            })
        })
        .collect();
    for round in 0..ROUNDS {
        let node = &nodes[usize::from(round % 2 == 0)];
        phase.fetch_add(1, Ordering::SeqCst);
        set_grants(node, owner, acme, mia, "tickets").await.unwrap();
        phase.fetch_add(1, Ordering::SeqCst);
        for node in &nodes {
            assert!(!ask(node, may(mia, acme, Permission::Invoices)).await.allowed);
        }
        phase.fetch_add(1, Ordering::SeqCst);
        set_grants(node, owner, acme, mia, "invoices").await.unwrap();
        phase.fetch_add(1, Ordering::SeqCst);
        assert!(ask(node, may(mia, acme, Permission::Invoices)).await.allowed);
    }
    let mut sure = 0;
    for asker in askers {
        sure += asker.await.unwrap().0;
    }
    assert!(sure > ROUNDS, "hardly a question was asked while nothing changed: {sure}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_ask_while_access_is_taken_away_none_gets_an_answer_from_before_sqlite() {
    race(TestApp::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_ask_while_access_is_taken_away_none_gets_an_answer_from_before_postgres() {
    race(TestApp::postgres().await).await;
}
