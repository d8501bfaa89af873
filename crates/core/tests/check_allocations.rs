//! What a check costs that a node answers from its own copies: it waits for nothing, and asks for next to no memory.
//!
//! The allocator counts what the thread of a test asks for; tests that run beside it are not counted.

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use latchkey_core::access::{BuiltInApiRole, Permission};
use latchkey_core::api_credential::{self, NewCredential, Shown};
use latchkey_core::api_role;
use latchkey_core::app::App;
use latchkey_core::check::{self, Answer, Question};
use latchkey_core::testing::TestApp;

use crate::support::*;

/// Its answer, if it has one at once.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("a warm check waits for something"),
    }
}

async fn credential(app: &TestApp) -> Shown {
    let (admin, system, from) = (staff(app).await, app.system(), request());
    let made = app.app.write(&from, move |tx| {
        let role = api_role::built_in(tx, BuiltInApiRole::ReadOnly)?;
        let new = NewCredential::parse("Billing", Some(role), None, "", None).unwrap();
        let made = api_credential::create_by_system(tx, &system, admin, &new)?;
        // Once it is noted that it was used, it is remembered.
        api_credential::touch(tx, &api_credential::authenticate(tx, &made.shown, None)?)?;
        Ok::<_, api_credential::Error>(made.shown)
    });
    made.await.unwrap()
}

/// What the door does for each request: whether the copies are fresh, who asks, and the answers.
async fn ask(
    app: &App,
    shown: &Shown,
    asked: &[Question],
    at_least: &BTreeMap<latchkey_core::id::AccountId, i64>,
) -> Vec<Answer> {
    let fresh = check::fresh(app).await.unwrap();
    let known = check::recognise(app, &fresh, Some(shown), None).await.unwrap();
    check::check(app, &fresh, known.scope, asked, at_least).await.unwrap()
}

#[tokio::test]
async fn a_warm_check_waits_for_nothing_and_allocates_a_handful_of_times_however_much_is_asked() {
    let app = TestApp::sqlite().await;
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices products@service:17").await;
    let shown = credential(&app).await;
    let question = |index: usize| Question {
        user: if index.is_multiple_of(2) { mia } else { owner },
        account: acme,
        permission: Permission::GRANTABLE[index % Permission::GRANTABLE.len()],
        resource: None,
    };
    let (one, many): (Vec<_>, Vec<_>) = (vec![question(0)], (0..1_000).map(question).collect());
    let on_a_resource =
        vec![Question { permission: Permission::Products, resource: Some("service:17".to_owned()), ..question(0) }];
    let at_least = BTreeMap::from([(acme, 1)]);
    ask(&app.app, &shown, &many, &at_least).await;
    let unknown = Shown { identifier: "0".repeat(32), secret: shown.secret.clone() };
    let fresh = check::fresh(&app.app).await.unwrap();
    assert!(check::recognise(&app.app, &fresh, Some(&unknown), None).await.is_err(), "a secret is known beside its identifier");
    for asked in [&one, &many, &on_a_resource] {
        let mut answers = Vec::new();
        let used = measure(|| answers = at_once(ask(&app.app, &shown, asked, &at_least)));
        assert_eq!(answers.len(), asked.len());
        // The list of answers is ours; two are of the library's, which looks its statement up and lays it back.
        assert!(used.count_total <= 3, "{} questions: {used:?}", asked.len());
    }
    app.finish().await;
}
