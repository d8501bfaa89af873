//! Who has not shown yet who it is waits for a turn: see [`App::strangers_turn`]. Time stands still here but where everybody waits.

use std::num::NonZeroUsize;
use std::time::Duration;

use latchkey_core::app::App;
use latchkey_core::error::Fault;
use latchkey_core::testing::TestApp;
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, pause, timeout};

use crate::support::*;

/// How long a turn is waited for.
const LONGEST_TURN: Duration = Duration::from_secs(1);

/// A turn, if there is one at once.
async fn at_once(app: &App) -> Option<SemaphorePermit<'_>> {
    timeout(Duration::ZERO, app.strangers_turn()).await.ok().map(|turn| turn.expect("nobody waited"))
}

/// Takes every turn there is.
async fn take_all(app: &App) -> Vec<SemaphorePermit<'_>> {
    let mut taken = Vec::new();
    while let Some(turn) = at_once(app).await {
        taken.push(turn);
    }
    taken
}

/// An app in which Gus and Stella can log in.
async fn app_with_people() -> TestApp {
    let app = TestApp::sqlite().await;
    person(&app, "Gus").await;
    staff(&app).await;
    pause();
    app
}

/// How long something took by the clock that stands still.
async fn waited(of: impl AsyncFnOnce()) -> Duration {
    let begun = Instant::now();
    of().await;
    begun.elapsed()
}

/// A timer is exact to a millisecond.
fn assert_longest_turn(waited: Duration) {
    assert!((LONGEST_TURN..LONGEST_TURN + Duration::from_millis(10)).contains(&waited), "{waited:?}");
}

#[tokio::test]
async fn there_is_a_turn_for_every_second_core_and_who_comes_then_waits_for_one_that_ends() {
    let app = app_with_people().await;
    let mut taken = take_all(&app.app).await;
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    assert_eq!(taken.len(), cores.div_ceil(2));
    let next = app.app.strangers_turn();
    tokio::pin!(next);
    assert!(timeout(LONGEST_TURN / 2, &mut next).await.is_err(), "every turn is taken");
    taken.pop();
    assert_eq!(waited(async || assert!(next.await.is_some())).await, Duration::ZERO, "one has ended");
    app.clone().finish().await;
}

#[tokio::test]
async fn who_has_waited_for_a_second_goes_on_without_a_turn() {
    let app = app_with_people().await;
    let taken = take_all(&app.app).await;
    assert_longest_turn(waited(async || assert!(app.app.strangers_turn().await.is_none())).await);
    drop(taken);
    assert!(at_once(&app.app).await.is_some(), "who went on without one takes none away");
    app.clone().finish().await;
}

#[tokio::test]
async fn a_login_waits_for_its_turn_and_is_let_in_without_one_in_the_end() {
    let app = app_with_people().await;
    let gus = async || {
        login(&app.app, "gus@example.com").await;
    };
    let stella = async || {
        admin_login(&app.app, "stella@staff.example").await.unwrap();
    };
    assert_eq!((waited(gus).await, waited(stella).await), (Duration::ZERO, Duration::ZERO), "nobody else is there");
    let taken = take_all(&app.app).await;
    assert_longest_turn(waited(gus).await);
    assert_longest_turn(waited(stella).await);
    drop(taken);
    app.clone().finish().await;
}

#[tokio::test]
async fn a_login_gives_its_turn_back_also_when_it_is_refused() {
    let app = app_with_people().await;
    let turns = take_all(&app.app).await.len();
    for password in ["wrong", latchkey_core::testing::PASSWORD] {
        let _ = log_in_with(&app.app, &request(), credentials("gus@example.com", password, false), "").await;
        assert_eq!(take_all(&app.app).await.len(), turns, "{password}");
    }
    app.clone().finish().await;
}

#[tokio::test]
async fn who_is_inside_waits_for_no_stranger() {
    let app = app_with_people().await;
    let taken = take_all(&app.app).await;
    let work = async || {
        app.app.read(|_| Ok::<_, Fault>(())).await.unwrap();
        app.app.write(&request(), |_| Ok::<_, Fault>(())).await.unwrap();
    };
    assert_eq!(waited(work).await, Duration::ZERO);
    drop(taken);
    app.clone().finish().await;
}
