//! Webhooks, but for the network: places in the feed, retries, secrets, replay.

use std::time::Duration;

use latchkey_core::access::{AllowedAdmin, BuiltInRole, ConfirmedAdmin, ManageApi, System};
use latchkey_core::app::Tx;
use latchkey_core::event;
use latchkey_core::id::{AdminId, WebhookId};
use latchkey_core::testing::{START, TestApp};
use latchkey_core::webhook::{
    self, Batch, Because, Claimed, Error, GIVE_UP_AFTER, MAX_ATTEMPTS, NewWebhook, Outcome, Overlap, Replay, Webhook,
};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

const LEASE: Duration = Duration::from_secs(30);

fn new(kinds: &[&str]) -> NewWebhook {
    let kinds: Vec<String> = kinds.iter().map(|&kind| kind.to_owned()).collect();
    NewWebhook::parse("https://hooks.example/in", "Billing", &kinds, false).unwrap()
}

async fn hook(app: &TestApp, admin: AdminId, kinds: &[&str]) -> (WebhookId, String) {
    seal(app).await;
    let new = new(kinds);
    let confirmed = ConfirmedAdmin::machine(&app.system());
    as_staff(&app.app, admin, move |tx, by| webhook::create(tx, by, &tx.authorize_admin(admin)?, &confirmed, &new)).await.unwrap()
}

async fn seal(app: &TestApp) {
    event::seal_all(&app.app, &app.system()).await.unwrap();
}

async fn claim(app: &TestApp) -> Vec<Claimed> {
    app.app.write(&request(), |tx| webhook::claim(tx, &system(), 10, LEASE)).await.unwrap()
}

async fn due(app: &TestApp, claimed: &Claimed) -> Batch {
    webhook::due(&app.app, &app.system(), claimed).await.unwrap().expect("the lease counts")
}

fn answered(app: &TestApp, status: u16) -> Outcome {
    Outcome { at: app.app.now(), took: Duration::from_millis(7), status: Some(status), error: String::new(), retry_after: None }
}

/// Sends what is due to an endpoint that answers this, and returns the ids of the messages it saw.
async fn deliver(app: &TestApp, answer: impl Fn(&str) -> Outcome) -> Vec<String> {
    let mut seen = Vec::new();
    for claimed in claim(app).await {
        loop {
            let batch = due(app, &claimed).await;
            for message in &batch.messages {
                seen.push(message.id.clone());
                let (claimed, message, outcome) = (claimed.clone(), message.clone(), answer(&message.id));
                let asked = request();
                let settled = app.app.write(&asked, move |tx| {
                    webhook::settle(tx, &System::named("delivery"), &claimed, &message, &outcome, LEASE, 0)
                });
                if !settled.await.unwrap() {
                    return seen;
                }
            }
            let (done, more) = (claimed.clone(), batch.more);
            app.app.write(&request(), move |tx| webhook::advance(tx, &System::named("delivery"), &done, &batch)).await.unwrap();
            if !more {
                break;
            }
        }
        app.app.write(&request(), move |tx| webhook::release(tx, &System::named("delivery"), &claimed)).await.unwrap();
    }
    seen
}

async fn find(app: &TestApp, admin: AdminId, id: WebhookId) -> Webhook {
    as_staff::<ManageApi, _, Error>(&app.app, admin, move |tx, by| webhook::find(tx, by, id)).await.unwrap()
}

#[on_both_databases]
async fn an_endpoint_gets_what_it_wants_from_now_on_in_order_and_once(app: TestApp) {
    let admin = staff(&app).await;
    person(&app, "Before").await;
    let (id, _) = hook(&app, admin, &["user.created"]).await;
    assert!(deliver(&app, |_| answered(&app, 204)).await.is_empty());
    for name in ["Ada", "Bob", "Cid"] {
        person(&app, name).await;
    }
    let (_, _) = acme(&app).await;
    seal(&app).await;
    let first = find(&app, admin, id).await.delivered_seq;
    let seen = deliver(&app, |_| answered(&app, 200)).await;
    // The endpoint's own making, then four users and an account with its membership.
    let expected: Vec<String> = (2..=5).map(|n| format!("evt_{id}_{}", first + n)).collect();
    assert_eq!(seen, expected);
    let found = find(&app, admin, id).await;
    assert_eq!((found.behind, found.failures, found.last_delivered_at), (0, 0, Some(START)), "what it did not want is behind it");
    assert!(deliver(&app, |_| answered(&app, 200)).await.is_empty());
}

#[on_both_databases]
async fn a_failure_holds_the_rest_back_and_is_tried_again_by_the_schedule(app: TestApp) {
    let admin = staff(&app).await;
    let (id, _) = hook(&app, admin, &["user.created"]).await;
    person(&app, "Ada").await;
    person(&app, "Bob").await;
    seal(&app).await;
    let first = deliver(&app, |_| answered(&app, 500)).await;
    assert_eq!(first.len(), 1, "the second waits for the first");
    for seconds in [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000] {
        assert!(claim(&app).await.is_empty(), "not yet");
        app.clock.advance(Duration::from_secs(seconds - 1));
        assert!(claim(&app).await.is_empty(), "not yet after {seconds} seconds less one");
        app.clock.advance(Duration::from_secs(1));
        assert_eq!(deliver(&app, |_| answered(&app, 500)).await, first, "after {seconds} seconds the same again");
    }
    let failing = find(&app, admin, id).await;
    assert_eq!((failing.failures, failing.failing_since), (9, Some(START)));
    app.clock.advance(Duration::from_hours(24));
    let seen = deliver(&app, |_| answered(&app, 200)).await;
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[..1], first[..], "its id is still the same");
    let found = find(&app, admin, id).await;
    assert_eq!((found.failures, found.failing_since, found.next_try_at, found.behind), (0, None, None, 0));
}

#[on_both_databases]
async fn the_other_system_can_ask_for_a_longer_pause(app: TestApp) {
    let admin = staff(&app).await;
    hook(&app, admin, &["user.created"]).await;
    person(&app, "Ada").await;
    seal(&app).await;
    deliver(&app, |_| Outcome { retry_after: Some(Duration::from_secs(90)), ..answered(&app, 503) }).await;
    app.clock.advance(Duration::from_secs(89));
    assert!(claim(&app).await.is_empty());
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(claim(&app).await.len(), 1);
}

#[on_both_databases]
async fn after_five_days_of_failure_it_is_disabled_and_admins_are_told(app: TestApp) {
    let admin = staff(&app).await;
    staff_as(&app, "Rita", BuiltInRole::ReadOnly).await;
    app.notify(latchkey_core::settings::Verification::Off).await;
    let (id, _) = hook(&app, admin, &["user.created"]).await;
    person(&app, "Ada").await;
    seal(&app).await;
    let nothing = |_: &str| Outcome { status: None, error: "no answer".to_owned(), ..answered(&app, 0) };
    let mut tries = 0;
    while find(&app, admin, id).await.disabled.is_none() {
        assert!(app.app.now() <= START.after(GIVE_UP_AFTER), "it ends after five days");
        tries += deliver(&app, nothing).await.len();
        let next = find(&app, admin, id).await.next_try_at;
        if let Some(next) = next.filter(|next| *next > app.app.now()) {
            app.clock.advance(next.since(app.app.now()));
        }
    }
    assert_eq!(app.app.now(), START.after(GIVE_UP_AFTER), "the last try is at the very end");
    // The first, nine by the schedule, one each further day, and the last.
    assert_eq!(tries, 12);
    assert!(claim(&app).await.is_empty());
    let mails = app.take_mails().await;
    assert_eq!(mails.len(), 1, "who may not manage webhooks is not told");
    assert_eq!((mails[0].to.as_str(), mails[0].written.subject.as_str()), ("stella@staff.example", "webhook-disabled"));
    assert!(mails[0].written.text.contains("Billing, hooks.example"));
    let disabled = find(&app, admin, id).await.disabled;
    assert_eq!(disabled.map(|(_, because)| because), Some(Because::Failures));
    assert_eq!(number(&app, "select count(*) from events where kind = 'webhook-disabled' and actor_kind = 'system'").await, 1);
    // Nothing is lost: once enabled it goes on where it stopped.
    as_staff::<ManageApi, _, Error>(&app.app, admin, move |tx, by| webhook::enable(tx, by, &tx.authorize_admin(admin)?, id))
        .await
        .unwrap();
    assert_eq!(deliver(&app, |_| answered(&app, 200)).await.len(), 1);
}

#[on_both_databases]
async fn one_worker_at_a_time_sends_to_an_endpoint_and_who_dies_loses_nothing(app: TestApp) {
    let admin = staff(&app).await;
    let (id, _) = hook(&app, admin, &["user.created"]).await;
    person(&app, "Ada").await;
    seal(&app).await;
    let dead = claim(&app).await.remove(0);
    let sent = due(&app, &dead).await.messages.remove(0);
    assert!(claim(&app).await.is_empty(), "it is held");
    app.clock.advance(LEASE);
    let living = claim(&app).await.remove(0);
    assert_eq!(due(&app, &living).await.messages[0].id, sent.id, "the same event, with the same id");
    let outcome = answered(&app, 200);
    let asked = request();
    let late = app.app.write(&asked, move |tx| webhook::settle(tx, &system(), &dead, &sent, &outcome, LEASE, 0));
    assert!(!late.await.unwrap(), "who comes late changes nothing");
    assert!(find(&app, admin, id).await.behind > 0);
}

#[on_both_databases]
async fn while_it_rotates_messages_are_signed_with_every_secret_that_counts(app: TestApp) {
    let admin = staff(&app).await;
    let (id, first) = hook(&app, admin, &["user.created"]).await;
    let rotate = async |overlap| {
        let confirmed = ConfirmedAdmin::machine(&app.system());
        as_staff(&app.app, admin, move |tx, by| webhook::rotate(tx, by, &confirmed, id, overlap)).await.unwrap()
    };
    let signatures = async || {
        app.clock.advance(LEASE);
        let claimed = claim(&app).await.remove(0);
        let batch = due(&app, &claimed).await;
        batch.secrets.sign(&batch.messages[0], 7).split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    person(&app, "Ada").await;
    seal(&app).await;
    let old = signatures().await;
    assert_eq!(old.len(), 1);
    let second = rotate(Overlap::Day).await;
    assert!(first != second && second.starts_with("whsec_"));
    let both = signatures().await;
    assert_eq!((both.len(), &both[1]), (2, &old[0]), "the new one first, the old one still");
    app.clock.advance(Duration::from_hours(24));
    assert_eq!(signatures().await, both[..1], "the old one has ended");
    for _ in 0..6 {
        rotate(Overlap::Week).await;
    }
    assert_eq!(signatures().await.len(), webhook::MAX_SECRETS);
    rotate(Overlap::None).await;
    assert_eq!(signatures().await.len(), 1);
    let kept = dump(&app).await;
    let secret = second.strip_prefix("whsec_").unwrap();
    assert!(kept.values().flatten().all(|row| !row.contains(secret)), "no secret stands in the clear");
}

#[on_both_databases]
async fn staff_sends_a_test_one_event_again_or_all_after_one(app: TestApp) {
    let admin = staff(&app).await;
    let (id, _) = hook(&app, admin, &["user.created"]).await;
    for name in ["Ada", "Bob"] {
        person(&app, name).await;
    }
    seal(&app).await;
    let sent = deliver(&app, |_| answered(&app, 200)).await;
    let act = async |act: fn(&Tx<'_>, &AllowedAdmin<ManageApi>, WebhookId) -> Result<Webhook, Error>| {
        as_staff::<ManageApi, _, Error>(&app.app, admin, move |tx, by| act(tx, by, id)).await
    };
    let replay = async |one: bool, seq: i64| {
        as_staff::<ManageApi, _, Error>(&app.app, admin, move |tx, by| {
            let log = &tx.authorize_admin(admin)?;
            let which = if one { Replay::One } else { Replay::After };
            webhook::replay(tx, by, log, &confirmed(), id, which(seq))
        })
        .await
    };
    act(webhook::send_test).await.unwrap();
    let tested = deliver(&app, |_| answered(&app, 500)).await;
    assert!(tested.len() == 1 && tested[0].starts_with(&format!("test_{id}_")), "{tested:?}");
    assert!(deliver(&app, |_| answered(&app, 200)).await.is_empty(), "a test is tried once");
    assert_eq!(find(&app, admin, id).await.failing_since, None);
    let seq: i64 = sent[0].rsplit('_').next().unwrap().parse().unwrap();
    replay(true, seq).await.unwrap();
    assert_eq!(deliver(&app, |_| answered(&app, 200)).await, sent[..1]);
    replay(false, seq - 1).await.unwrap();
    assert_eq!(deliver(&app, |_| answered(&app, 200)).await, sent);
    for nowhere in [-1, NOWHERE] {
        assert!(matches!(replay(true, nowhere).await, Err(Error::NoSuchEvent)));
        assert!(matches!(replay(false, nowhere).await, Err(Error::NoSuchEvent)));
    }
    // A disabled one gets tests and nothing else.
    act(webhook::disable).await.unwrap();
    person(&app, "Cid").await;
    seal(&app).await;
    assert!(deliver(&app, |_| answered(&app, 200)).await.is_empty());
    act(webhook::send_test).await.unwrap();
    assert_eq!(deliver(&app, |_| answered(&app, 200)).await.len(), 1);
}

#[on_both_databases]
async fn a_replay_is_not_undone_by_what_is_under_way(app: TestApp) {
    let admin = staff(&app).await;
    let (id, _) = hook(&app, admin, &["user.created"]).await;
    let place = find(&app, admin, id).await.delivered_seq;
    person(&app, "Ada").await;
    seal(&app).await;
    let claimed = claim(&app).await.remove(0);
    let message = due(&app, &claimed).await.messages.remove(0);
    as_staff::<ManageApi, _, Error>(&app.app, admin, move |tx, by| {
        webhook::replay(tx, by, &tx.authorize_admin(admin)?, &confirmed(), id, Replay::After(0))
    })
    .await
    .unwrap();
    let outcome = answered(&app, 200);
    let asked = request();
    let settled = app.app.write(&asked, move |tx| webhook::settle(tx, &system(), &claimed, &message, &outcome, LEASE, 0));
    assert!(!settled.await.unwrap());
    assert_eq!(find(&app, admin, id).await.delivered_seq, 0);
    assert!(place > 0);
}

#[on_both_databases]
async fn what_is_kept_is_bounded(app: TestApp) {
    let admin = staff(&app).await;
    let (id, _) = hook(&app, admin, &["user.created"]).await;
    person(&app, "Ada").await;
    seal(&app).await;
    for _ in 0..MAX_ATTEMPTS + 5 {
        as_staff::<ManageApi, _, Error>(&app.app, admin, move |tx, by| {
            webhook::replay(tx, by, &tx.authorize_admin(admin)?, &confirmed(), id, Replay::After(0))
        })
        .await
        .unwrap();
        deliver(&app, |_| answered(&app, 500)).await;
    }
    assert_eq!(number(&app, "select count(*) from webhook_attempts").await, MAX_ATTEMPTS);
    let shown =
        as_staff::<ManageApi, _, Error>(&app.app, admin, move |tx, by| Ok(webhook::attempts(tx, by, id, 3)?)).await.unwrap();
    assert_eq!((shown.len(), shown[0].status, shown[0].took_ms), (3, Some(500), 7));
    as_staff::<ManageApi, _, Error>(&app.app, admin, move |tx, by| webhook::delete(tx, by, id)).await.unwrap();
    for table in ["webhook_attempts", "webhook_secrets", "webhook_extras"] {
        assert_eq!(number(&app, &format!("select count(*) from {table}")).await, 0, "{table}");
    }
    let new = new(&[]);
    let many = as_staff::<ManageApi, _, Error>(&app.app, admin, move |tx, by| {
        let confirmed = confirmed();
        for _ in 0..webhook::MAX_WEBHOOKS {
            webhook::create(tx, by, &tx.authorize_admin(admin)?, &confirmed, &new)?;
        }
        webhook::create(tx, by, &tx.authorize_admin(admin)?, &confirmed, &new)
    });
    assert!(matches!(many.await, Err(Error::TooMany)));
}
