//! The log is kept for so many days: its front goes, what is left proves itself, and nobody misses anything unawares.

use std::time::Duration;

use latchkey_core::access::{ConfigureSystem, ConfirmedAdmin, ManageApi, ViewLog};
use latchkey_core::admin::Error;
use latchkey_core::app::Tx;
use latchkey_core::error::{Fault, HasKind, Kind};
use latchkey_core::event::{self, Broken, BrokenLink, FeedError, FeedFilter, FeedPage, Verified};
use latchkey_core::id::{AdminId, WebhookId};
use latchkey_core::settings::{self, Retention};
use latchkey_core::sweep::AT_ONCE;
use latchkey_core::testing::TestApp;
use latchkey_core::webhook::{self, GIVE_UP_AFTER, NewWebhook, Replay};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

const DAYS: Duration = Duration::from_hours(24);

async fn seal(app: &TestApp) {
    event::seal_all(&app.app, &app.system()).await.unwrap();
}

async fn keep_for_90_days(app: &TestApp, admin: AdminId) {
    let chosen = Retention { log: Some(90 * DAYS), ..Retention::default() };
    as_staff::<ConfigureSystem, _, Error>(&app.app, admin, move |tx, by| Ok(settings::set_retention(tx, by, &chosen)?))
        .await
        .unwrap();
}

async fn shorten(app: &TestApp) -> u64 {
    swept(&app.app, event::shorten).await
}

async fn verify(app: &TestApp) -> Verified {
    event::verify(&app.app, &app.system(), None).await.unwrap()
}

async fn feed(app: &TestApp, admin: AdminId, after: i64) -> Result<FeedPage, FeedError> {
    let read = app.app.read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewLog>(admin).unwrap();
        event::feed(snapshot, &by, after, 100, &FeedFilter::default())
    });
    read.await
}

/// Ten events and more of long ago and one of today, in a log that is kept for 90 days. The number of the last old one.
async fn long_ago(app: &TestApp) -> (AdminId, i64) {
    let admin = staff(app).await;
    (admin, fill(app, admin).await)
}

async fn fill(app: &TestApp, admin: AdminId) -> i64 {
    keep_for_90_days(app, admin).await;
    for number in 0..10 {
        person(app, &format!("P{number}")).await;
    }
    seal(app).await;
    let last = verify(app).await.head.seq;
    app.clock.advance(90 * DAYS + DAYS);
    person(app, "Today").await;
    seal(app).await;
    last
}

#[on_both_databases]
async fn v14_2_7_the_front_of_the_log_is_removed_and_the_rest_proves_itself(app: TestApp) {
    let admin = staff(&app).await;
    keep_for_90_days(&app, admin).await;
    person(&app, "Old").await;
    seal(&app).await;
    let old = verify(&app).await.head;
    app.clock.advance(90 * DAYS);
    person(&app, "Young").await;
    seal(&app).await;
    let young = verify(&app).await.head;
    assert_eq!(shorten(&app).await, 0, "the day has to be over");
    app.clock.advance(DAYS);
    assert_eq!(shorten(&app).await, old.seq.unsigned_abs());
    assert_eq!(shorten(&app).await, 0);
    seal(&app).await;
    let found = verify(&app).await;
    assert_eq!((found.broken, found.beginning.last_removed.clone(), found.beginning.kept_days), (None, old.clone(), 90));
    assert_eq!(number(&app, "select min(seq) from events").await, old.seq + 1);
    let said = text(&app, "select detail from events where kind = 'log-shortened'").await.unwrap();
    assert_eq!(said, format!("up to event {}, kept for 90 days, hash {}", old.seq, old.hash), "it is an event itself");
    for (head, too_old) in [(&young, false), (&old, false), (&event::Head { seq: 1, ..event::Head::default() }, true)] {
        let compared = event::verify(&app.app, &app.system(), Some(head)).await.unwrap();
        assert_eq!((compared.broken, compared.is_too_old(head)), (None, too_old), "{head:?}");
    }
    let other = event::Head { seq: old.seq, hash: young.hash };
    let compared = event::verify(&app.app, &app.system(), Some(&other)).await.unwrap();
    assert_eq!(
        compared.broken,
        Some(BrokenLink { seq: old.seq, what: Broken::Head }),
        "the last that was removed is still known"
    );
    assert!(events(&app).await.iter().all(|event| event.id > old.seq), "no number comes twice");
}

#[on_both_databases]
async fn the_log_is_kept_for_ever_where_nothing_is_set(app: TestApp) {
    person(&app, "Old").await;
    seal(&app).await;
    app.clock.advance(10_000 * DAYS);
    assert_eq!(shorten(&app).await, 0);
    assert!(verify(&app).await.beginning.is_whole());
}

#[on_both_databases]
async fn what_is_sealed_goes_a_part_at_a_time_on_whichever_node_and_stays_whole_between(app: TestApp) {
    let admin = staff(&app).await;
    let many = 2 * AT_ONCE;
    sql(
        &app,
        &format!(
            "insert into events (at, kind, actor_kind, actor_name) with recursive n(i) as (select 1 union all select i + 1 from n where i < {many})
             select i, 'login', 'system', 'test' from n"
        ),
    )
    .await
    .unwrap();
    keep_for_90_days(&app, admin).await;
    assert_eq!(shorten(&app).await, 0, "what is not sealed yet has no place that could be kept");
    sql(&app, "delete from events where at > 1000000").await.unwrap();
    seal(&app).await;
    let second = app.second_node();
    let (one, other) = tokio::join!(swept(&app.app, event::shorten), swept(&second, event::shorten));
    assert!([(AT_ONCE, 0), (0, AT_ONCE), (AT_ONCE, AT_ONCE)].contains(&(one, other)), "{one} {other}");
    assert_eq!(verify(&app).await.broken, None, "the power may go between two parts");
    while shorten(&app).await > 0 {}
    seal(&app).await;
    let found = verify(&app).await;
    assert_eq!((found.broken, found.beginning.last_removed.seq), (None, i64::try_from(many).unwrap()));
}

#[on_both_databases]
async fn v16_4_2_what_is_broken_is_not_removed(app: TestApp) {
    let (_, last) = long_ago(&app).await;
    sql(&app, "update events set detail = 'false' where seq = 4").await.unwrap();
    assert_eq!(shorten(&app).await, 3, "what is whole goes");
    let refused = app.app.write(&request(), |tx| event::shorten(tx, &system())).await;
    assert!(matches!(refused, Err(Fault::BrokenLog(4))), "{refused:?}");
    assert_eq!(verify(&app).await.broken, Some(BrokenLink { seq: 4, what: Broken::Changed }));
    assert_eq!(number(&app, &format!("select count(*) from events where seq <= {last}")).await, last - 3);
}

/// Who can write the database, and has no key, takes the front away and says that it was us.
#[on_both_databases]
async fn v16_4_2_a_log_that_somebody_else_has_shortened_is_found(app: TestApp) {
    long_ago(&app).await;
    let cut =
        "update event_beginning set seq = 5, hash = (select hash from events where seq = 5); delete from events where seq <= 5";
    sql(&app, cut).await.unwrap();
    assert_eq!(verify(&app).await.broken, Some(BrokenLink { seq: 6, what: Broken::Beginning }));
    let refused = app.app.write(&request(), |tx| event::shorten(tx, &system())).await;
    assert!(matches!(refused, Err(Fault::BrokenLog(6))), "nor do we make it ours: {refused:?}");
    sql(&app, "update event_beginning set seq = 0, hash = sealed").await.unwrap();
    assert_eq!(verify(&app).await.broken, Some(BrokenLink { seq: 1, what: Broken::Missing }));
}

#[on_both_databases]
async fn v16_4_2_an_older_beginning_does_not_pass_for_the_present_one(app: TestApp) {
    long_ago(&app).await;
    sql(&app, "create table kept as select * from event_beginning").await.unwrap();
    shorten(&app).await;
    sql(&app, "delete from event_beginning; insert into event_beginning select * from kept").await.unwrap();
    assert_eq!(verify(&app).await.broken, Some(BrokenLink { seq: 1, what: Broken::Missing }));
}

#[on_both_databases]
async fn a_reader_that_has_fallen_behind_is_told_and_one_that_begins_begins(app: TestApp) {
    let (admin, last) = long_ago(&app).await;
    shorten(&app).await;
    for after in [1, last - 1] {
        let refused = feed(&app, admin, after).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Removed { first: last + 1 }, "{after}");
    }
    for after in [0, last] {
        let page = feed(&app, admin, after).await.unwrap();
        assert_eq!(page.events.first().map(|sealed| sealed.seq), Some(last + 1), "{after}");
    }
}

async fn hook(app: &TestApp, admin: AdminId) -> WebhookId {
    let new = NewWebhook::parse("https://hooks.example/in", "Billing", &[], false).unwrap();
    let confirmed = ConfirmedAdmin::machine(&app.system());
    let made = as_staff(&app.app, admin, move |tx, by| webhook::create(tx, by, &tx.authorize_admin(admin)?, &confirmed, &new));
    made.await.unwrap().0
}

async fn with_hook<T: Send + 'static>(
    app: &TestApp,
    admin: AdminId,
    work: impl Fn(&Tx<'_>, &latchkey_core::access::AllowedAdmin<ManageApi>) -> Result<T, webhook::Error> + Send + 'static,
) -> Result<T, webhook::Error> {
    as_staff(&app.app, admin, work).await
}

#[on_both_databases]
async fn what_a_webhook_has_yet_to_get_stays_and_what_it_will_not_get_is_said(app: TestApp) {
    let admin = staff(&app).await;
    let id = hook(&app, admin).await;
    let last = fill(&app, admin).await;
    assert_eq!(shorten(&app).await, 0, "it has got nothing yet");
    with_hook(&app, admin, move |tx, by| webhook::disable(tx, by, id)).await.unwrap();
    app.clock.advance(GIVE_UP_AFTER - Duration::from_micros(1));
    assert_eq!(shorten(&app).await, 0, "nor while it may be enabled again");
    app.clock.advance(Duration::from_micros(1));
    assert_eq!(shorten(&app).await, last.unsigned_abs());
    with_hook(&app, admin, move |tx, by| webhook::enable(tx, by, &tx.authorize_admin(admin)?, id)).await.unwrap();
    let said = text(&app, "select detail from events where kind = 'webhook-enabled'").await.unwrap();
    assert_eq!(said, format!("Billing, hooks.example: events 1 to {last} are no longer in the log and are not sent"));
    let place = with_hook(&app, admin, move |tx, by| webhook::find(tx, by, id)).await.unwrap().delivered_seq;
    assert_eq!(place, last);
    let confirmed = || ConfirmedAdmin::machine(&latchkey_core::access::System::named("test"));
    let replay = async |what: Replay| {
        let confirmed = confirmed();
        let log = move |tx: &Tx<'_>, by: &_| webhook::replay(tx, by, &tx.authorize_admin(admin)?, &confirmed, id, what).map(drop);
        with_hook(&app, admin, log).await
    };
    for gone in [Replay::One(last), Replay::After(last - 1)] {
        assert!(matches!(replay(gone).await, Err(webhook::Error::NoSuchEvent)), "{gone:?}");
    }
    replay(Replay::After(last)).await.unwrap();
    replay(Replay::One(last + 1)).await.unwrap();
    app.clock.advance(100 * DAYS);
    seal(&app).await;
    assert_eq!(shorten(&app).await, 0, "what was asked for again stays, too");
}
