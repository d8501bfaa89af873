//! Two transactions that wait for each other: PostgreSQL ends one of them, which is then done again. SQLite has one writer, who
//! waits for nobody. The other tests do without that, so that they see it when the order in which rows are taken is wrong.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use latchkey_core::access::EditDetails;
use latchkey_core::account;
use latchkey_core::app::App;
use latchkey_core::id::{AccountId, AdminId};
use latchkey_core::settings::Verification;
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;
use tokio::join;

use crate::races::ok;
use crate::support::*;

/// Takes one account and then the other, which somebody else has taken meanwhile.
struct Crossing {
    admin: AdminId,
    met: Arc<Barrier>,
    runs: Arc<AtomicUsize>,
    when_ended: WhenEnded,
}

/// What the work makes of it that the second account was not to be had.
#[derive(Clone, Copy)]
enum WhenEnded {
    Fail,
    GoOn,
}

impl Crossing {
    /// Notes another city in the first account, and has both then.
    async fn change(&self, node: &App, first: AccountId, then: AccountId) -> Result<(), account::Error> {
        let (admin, met, runs, tries) = (self.admin, Arc::clone(&self.met), Arc::clone(&self.runs), AtomicUsize::new(0));
        let when_ended = self.when_ended;
        let request = request();
        let changed = node.write(&request, move |tx| {
            runs.fetch_add(1, Ordering::SeqCst);
            let by = tx.authorize_staff::<EditDetails>(admin, first)?;
            let before = account::find(tx, first)?.expect("it is there").details;
            account::update(tx, &by, &account::Details { city: format!("{} again", before.city), ..before })?;
            if tries.fetch_add(1, Ordering::SeqCst) == 0 {
                met.wait();
            }
            match (tx.authorize_staff::<EditDetails>(admin, then), when_ended) {
                (Err(denied), WhenEnded::Fail) => Err(denied.into()),
                _ => Ok(()),
            }
        });
        changed.await
    }
}

/// How many of the two accounts were changed once, whether both were told that it was done, and how often the work ran.
async fn cross(app: &TestApp, nodes: [App; 2], when_ended: WhenEnded) -> (i64, [bool; 2], usize) {
    let admin = staff(app).await;
    let (_, acme) = acme(app).await;
    let max = person(app, "Max").await;
    let other = app.account("Other", max).await;
    let crossing = Crossing { admin, met: Arc::new(Barrier::new(2)), runs: Arc::default(), when_ended };
    let [one, two] = &nodes;
    let (one, two) = join!(crossing.change(one, acme, other), crossing.change(two, other, acme));
    for result in [&one, &two] {
        assert!(result.as_ref().err().is_none_or(is_internal), "{result:?}");
    }
    let changed = number(app, "select count(*) from accounts where city = ' again'").await;
    (changed, [one.is_ok(), two.is_ok()], crossing.runs.load(Ordering::SeqCst))
}

#[tokio::test]
async fn what_was_ended_is_done_again_from_its_beginning_on_postgres() {
    let app = TestApp::postgres().await;
    let nodes = [app.persistent_node(), app.persistent_node()];
    assert_eq!(cross(&app, nodes, WhenEnded::Fail).await, (2, [true, true], 3), "both are done, once each, and one ran twice");
    app.finish().await;
}

/// As when the last statements go out with the commit, and only there it is seen that the transaction has been ended.
#[tokio::test]
async fn what_was_ended_is_done_again_when_that_is_noticed_at_the_commit_on_postgres() {
    let app = TestApp::postgres().await;
    let nodes = [app.persistent_node(), app.persistent_node()];
    assert_eq!(cross(&app, nodes, WhenEnded::GoOn).await, (2, [true, true], 3), "both are done, once each, and one ran twice");
    app.finish().await;
}

#[tokio::test]
async fn of_what_is_not_done_again_nothing_is_left_on_postgres() {
    let app = TestApp::postgres().await;
    let nodes = [app.second_node(), app.second_node()];
    let (changed, done, runs) = cross(&app, nodes, WhenEnded::Fail).await;
    assert_eq!((changed, done.iter().filter(|done| **done).count(), runs), (1, 1, 2));
    app.finish().await;
}

#[on_both_databases]
async fn two_owners_accept_each_others_invitations_at_once(app: TestApp) {
    let (olivia, acme) = acme(&app).await;
    let max = person(&app, "Max").await;
    let other = app.account("Other", max).await;
    app.notify(Verification::Off).await;
    let (first, second) = (app.persistent_node(), app.persistent_node());
    for round in 0..5 {
        let to_max = invite(&app, olivia, acme, &format!("max{round}@example.org"), "invoices").await.1;
        let to_olivia = invite(&app, max, other, &format!("olivia{round}@example.org"), "invoices").await.1;
        let (one, two) = join!(accept(&first, max, &to_max), accept(&second, olivia, &to_olivia));
        assert!(ok(&one) && ok(&two), "{one:?} {two:?}");
        app.expect_unsent_mails();
        app.take_mails().await;
    }
}
