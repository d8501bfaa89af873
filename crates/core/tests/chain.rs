//! The feed and the chain: sealed events are numbered without gaps, in the order of commits, and nothing of them can be changed unseen.

use std::time::Duration;

use latchkey_core::access::{System, ViewLog};
use latchkey_core::app::App;
use latchkey_core::event::EventKind;
use latchkey_core::event::{self, Broken, BrokenLink, FeedError, FeedFilter, FeedPage, Sealing};
use latchkey_core::id::AdminId;
use latchkey_core::testing::TestApp;
use latchkey_core::user;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

async fn seal(app: &TestApp) {
    event::seal_all(&app.app, &app.system()).await.unwrap();
}

async fn feed(app: &App, admin: AdminId, after: i64, limit: i64, filter: FeedFilter) -> FeedPage {
    let read = app.read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewLog>(admin).unwrap();
        event::feed(snapshot, &by, after, limit, &filter)
    });
    read.await.unwrap()
}

/// Everything after a number, as a reader catches up.
async fn catch_up(app: &App, admin: AdminId, mut after: i64, limit: i64) -> Vec<i64> {
    let mut read = Vec::new();
    loop {
        let page = feed(app, admin, after, limit, FeedFilter::default()).await;
        read.extend(page.events.iter().map(|sealed| sealed.seq));
        after = page.next;
        if after >= page.head {
            return read;
        }
    }
}

#[on_both_databases]
async fn what_was_recorded_before_is_sealed_at_the_first_run(app: TestApp) {
    let admin = staff(&app).await;
    acme(&app).await;
    let recorded = number(&app, "select count(*) from events").await;
    assert_eq!(feed(&app.app, admin, 0, 100, FeedFilter::default()).await.head, 0, "nothing is told before it is sealed");
    seal(&app).await;
    assert_eq!(catch_up(&app.app, admin, 0, 2).await, (1..=recorded).collect::<Vec<_>>());
    assert_eq!(event::seal(&app.app, &app.system()).await.unwrap(), Sealing::Done(0));
}

/// Two nodes are told of one event: whoever comes second leaves the chain as it is.
#[on_both_databases]
async fn who_is_told_of_what_another_node_has_sealed_meanwhile_changes_nothing(app: TestApp) {
    let admin = staff(&app).await;
    acme(&app).await;
    let recorded = usize::try_from(number(&app, "select count(*) from events").await).unwrap();
    assert_eq!(event::seal_recorded(&app.second_node(), &app.system()).await.unwrap(), Sealing::Done(recorded));
    let head = app.app.read(event::head).await.unwrap();
    assert_eq!(event::seal_recorded(&app.app, &app.system()).await.unwrap(), Sealing::Done(0));
    assert_eq!(app.app.read(event::head).await.unwrap(), head);
    assert_eq!(feed(&app.app, admin, 0, 100, FeedFilter::default()).await.head, i64::try_from(recorded).unwrap());
}

#[on_both_databases]
async fn a_filter_narrows_and_a_reader_still_gets_forward(app: TestApp) {
    let admin = staff(&app).await;
    let (olivia, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    remove(&app.app, olivia, acme, mia).await.unwrap();
    person(&app, "Sam").await;
    seal(&app).await;
    let only = |kinds: &[EventKind]| FeedFilter { kinds: kinds.to_vec(), ..FeedFilter::default() };
    let removed = feed(&app.app, admin, 0, 100, only(&[EventKind::MembershipRemoved])).await;
    assert_eq!(removed.events.len(), 1);
    assert_eq!((removed.events[0].event.user_id, removed.next), (Some(mia), removed.head));
    let none = feed(&app.app, admin, 0, 100, only(&[EventKind::BanAdded])).await;
    assert!(none.events.is_empty() && none.next == none.head, "what is not wanted need not be asked for again");
    let of_mia = feed(&app.app, admin, 0, 100, FeedFilter { user: Some(mia), ..FeedFilter::default() }).await;
    let kinds: Vec<&str> = of_mia.events.iter().map(|sealed| sealed.event.kind.as_str()).collect();
    assert_eq!(kinds, ["user-created", "membership-created", "membership-removed"]);
    let in_acme = FeedFilter { account: Some(acme), kinds: vec![EventKind::MembershipCreated], user: Some(mia) };
    assert_eq!(feed(&app.app, admin, 0, 100, in_acme).await.events.len(), 1);
    let beyond = feed(&app.app, admin, 1_000_000, 100, FeedFilter::default()).await;
    assert_eq!((beyond.events.len(), beyond.next), (0, 1_000_000));
}

/// Many write at the same time while two nodes seal and a reader reads: it gets 1, 2, 3 … and every event once.
#[on_both_databases]
async fn the_feed_has_no_gap_and_no_event_twice_whoever_writes_and_seals(app: TestApp) {
    let admin = staff(&app).await;
    let nodes = [app.app.clone(), app.second_node()];
    let write = |node: App, writer: usize| async move {
        for turn in 0..15 {
            let name = user::PersonName { first: format!("W{writer}"), last: format!("T{turn}") };
            let new = user::NewUser { name, email: email(&format!("w{writer}t{turn}@example.com")), password: None };
            let asked = request();
            let made = node.write(&asked, move |tx| user::create(tx, &system(), &new));
            made.await.unwrap();
        }
    };
    let writers: Vec<_> = (0..4).map(|writer| tokio::spawn(write(nodes[writer % 2].clone(), writer))).collect();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let sealers: Vec<_> = nodes
        .iter()
        .map(|node| {
            let (node, stopped) = (node.clone(), stopped.clone());
            tokio::spawn(async move {
                while !*stopped.borrow() {
                    event::seal(&node, &System::named("sealer")).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let mut read = Vec::new();
    while writers.iter().any(|writer| !writer.is_finished()) {
        let after = i64::try_from(read.len()).unwrap();
        read.extend(catch_up(&app.app, admin, after, 7).await);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    stop.send(true).unwrap();
    for sealer in sealers {
        sealer.await.unwrap();
    }
    seal(&app).await;
    let after = i64::try_from(read.len()).unwrap();
    read.extend(catch_up(&app.app, admin, after, 7).await);
    let recorded = number(&app, "select count(*) from events").await;
    assert_eq!(read, (1..=recorded).collect::<Vec<_>>());
    assert_eq!(event::verify(&app.app, &app.system(), None).await.unwrap().broken, None);
    let in_turn = "select count(*) from events a join events b on a.actor_name = b.actor_name and a.user_name < b.user_name
        where a.kind = 'user-created' and b.kind = 'user-created' and length(a.user_name) = length(b.user_name)
        and substr(a.user_name, 1, 2) = substr(b.user_name, 1, 2) and a.seq > b.seq";
    assert_eq!(number(&app, in_turn).await, 0, "what one writer did first stands first");
}

/// A transaction that took its id early and commits late is not passed over.
#[tokio::test]
async fn what_commits_late_gets_a_later_number_on_postgres() {
    let app = TestApp::postgres().await;
    let admin = staff(&app).await;
    seal(&app).await;
    let before = feed(&app.app, admin, 0, 100, FeedFilter::default()).await.head;
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let (recorded, mut has_recorded) = tokio::sync::mpsc::unbounded_channel();
    let node = app.app.clone();
    let slow = tokio::spawn(async move {
        let new = user::NewUser {
            name: user::PersonName { first: "Slow".to_owned(), last: String::new() },
            email: email("slow@example.com"),
            password: None,
        };
        let asked = request();
        let made = node.write(&asked, move |tx| {
            let made = user::create(tx, &system(), &new)?;
            tx.myself(made).expect("a statement sends what was put before it");
            recorded.send(()).unwrap();
            wait.recv().unwrap();
            Ok::<_, user::Error>(made)
        });
        made.await.unwrap();
    });
    has_recorded.recv().await.unwrap();
    person(&app, "Quick").await;
    seal(&app).await;
    let quick = catch_up(&app.app, admin, before, 100).await;
    assert_eq!(quick, [before + 1]);
    go_on.send(()).unwrap();
    slow.await.unwrap();
    seal(&app).await;
    let page = feed(&app.app, admin, before + 1, 100, FeedFilter::default()).await;
    assert_eq!(
        page.events.iter().map(|sealed| (sealed.seq, sealed.event.email.as_str())).collect::<Vec<_>>(),
        [(before + 2, "slow@example.com")]
    );
    assert!(
        text(&app, "select 'x' from events a join events b on a.seq < b.seq and a.id > b.id").await.is_some(),
        "the ids were in the other order"
    );
    app.finish().await;
}

#[on_both_databases]
async fn whoever_waits_is_woken_by_what_is_sealed_and_otherwise_gets_nothing(app: TestApp) {
    let admin = staff(&app).await;
    seal(&app).await;
    let head = feed(&app.app, admin, 0, 1, FeedFilter::default()).await.head;
    let poll = |wait: Duration| {
        let app = app.app.clone();
        async move {
            let ticket =
                move |snapshot: &latchkey_core::app::Snapshot<'_>| Ok(snapshot.authorize_admin::<ViewLog>(admin).unwrap());
            event::long_poll::<FeedError>(&app, head, 10, &FeedFilter::default(), wait, ticket).await
        }
    };
    let empty = poll(Duration::from_millis(1)).await.unwrap();
    assert_eq!((empty.events.len(), empty.next), (0, head));
    let waiting = tokio::spawn(poll(Duration::from_secs(30)));
    person(&app, "Nora").await;
    // Sealed by another node: this one sees it when its own sealer looks.
    event::seal_all(&app.second_node(), &app.system()).await.unwrap();
    seal(&app).await;
    let found = waiting.await.unwrap().unwrap();
    assert_eq!(found.events.iter().map(|sealed| sealed.seq).collect::<Vec<_>>(), [head + 1]);
}

async fn broken(app: &TestApp) -> Option<BrokenLink> {
    event::verify(&app.app, &app.system(), None).await.unwrap().broken
}

async fn ten_events(app: &TestApp) {
    for number in 0..10 {
        person(app, &format!("P{number}")).await;
    }
    seal(app).await;
    assert_eq!(broken(app).await, None);
}

#[on_both_databases]
async fn v16_4_2_a_changed_event_is_found(app: TestApp) {
    ten_events(&app).await;
    for change in [
        "update events set detail = 'nothing' where seq = 4",
        "update events set actor_kind = 'nonsense' where seq = 4",
        "update events set at = at + 1 where seq = 4",
        "update events set user_id = null where seq = 4",
        "update events set hash = (select hash from events where seq = 1) where seq = 4",
        "update events set hash = null where seq = 4",
    ] {
        let was = text(&app, "select cast(at as text) || '|' || actor_kind || '|' || detail || '|' || cast(user_id as text) from events where seq = 4").await.unwrap();
        let was: Vec<&str> = was.split('|').collect();
        sql(&app, "create table kept as select hash from events where seq = 4").await.unwrap();
        sql(&app, change).await.unwrap();
        assert_eq!(broken(&app).await, Some(BrokenLink { seq: 4, what: Broken::Changed }), "{change}");
        let back = format!(
            "update events set at = {}, actor_kind = '{}', detail = '{}', user_id = {}, hash = (select hash from kept) where seq = 4; drop table kept",
            was[0], was[1], was[2], was[3]
        );
        sql(&app, &back).await.unwrap();
        assert_eq!(broken(&app).await, None);
    }
}

#[on_both_databases]
async fn v16_4_2_an_event_that_was_taken_out_is_found(app: TestApp) {
    ten_events(&app).await;
    sql(&app, "delete from events where seq = 5").await.unwrap();
    assert_eq!(broken(&app).await, Some(BrokenLink { seq: 5, what: Broken::Missing }));
    sql(&app, "update events set seq = -seq where seq > 5; update events set seq = -seq - 1 where seq < 0").await.unwrap();
    assert_eq!(broken(&app).await, Some(BrokenLink { seq: 5, what: Broken::Changed }), "renumbering does not hide it");
}

#[on_both_databases]
async fn v16_4_2_events_at_the_end_that_were_taken_out_are_found(app: TestApp) {
    ten_events(&app).await;
    sql(&app, "delete from events where seq = 10").await.unwrap();
    assert_eq!(broken(&app).await, Some(BrokenLink { seq: 10, what: Broken::Missing }));
    sql(&app, "update event_chain set seq = 9").await.unwrap();
    assert_eq!(broken(&app).await, Some(BrokenLink { seq: 9, what: Broken::Head }));
}

#[on_both_databases]
async fn v16_4_2_events_that_changed_places_are_found(app: TestApp) {
    ten_events(&app).await;
    sql(&app, "update events set seq = -1 where seq = 3; update events set seq = 3 where seq = 6; update events set seq = 6 where seq = -1")
        .await
        .unwrap();
    assert_eq!(broken(&app).await, Some(BrokenLink { seq: 3, what: Broken::Reordered }));
}

/// Who can write the database can seal a false log anew; an exported head tells.
#[on_both_databases]
async fn v16_4_2_a_log_that_was_sealed_anew_does_not_go_through_an_exported_head(app: TestApp) {
    ten_events(&app).await;
    let head = event::verify(&app.app, &app.system(), None).await.unwrap().head;
    person(&app, "Later").await;
    seal(&app).await;
    let compare = async || event::verify(&app.app, &app.system(), Some(&head)).await.unwrap().broken;
    assert_eq!(compare().await, None, "the log has only grown");
    sql(
        &app,
        "update events set detail = 'false' where seq = 2; update events set seq = null, hash = null;
               update event_chain set seq = 0, hash = cast('' as bytea)"
            .replace("bytea", if matches!(app.location, latchkey_core::db::Location::Sqlite(_)) { "blob" } else { "bytea" })
            .as_str(),
    )
    .await
    .unwrap();
    seal(&app).await;
    assert_eq!(broken(&app).await, None);
    assert_eq!(compare().await, Some(BrokenLink { seq: 10, what: Broken::Head }));
}

/// What a user's deletion takes away stands in other tables; the log is kept as it is, names and all.
#[on_both_databases]
async fn deleting_a_user_leaves_the_chain_whole(app: TestApp) {
    let admin = staff(&app).await;
    let sam = person(&app, "Sam").await;
    seal(&app).await;
    delete_user(&app.app, admin, sam).await.unwrap();
    seal(&app).await;
    assert_eq!(broken(&app).await, None);
    assert_eq!(
        number(&app, "select count(*) from events where email = 'sam@example.com' and user_name = 'Sam Example'").await,
        2
    );
}

/// Figures for docs: thousands a second in batches.
#[on_both_databases]
async fn sealing_keeps_up(app: TestApp) {
    acme(&app).await;
    sql(&app, "insert into events (at, kind, actor_kind, actor_name) with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
               select i, 'login', 'system', 'test' from n").await.unwrap();
    let begun = tokio::time::Instant::now();
    seal(&app).await;
    let took = begun.elapsed();
    eprintln!("10,000 events sealed in {took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(broken(&app).await, None);
}
