//! Seals what is committed, so that readers of the feed and webhooks get it.
//!
//! What is recorded within a tenth of a second is sealed at once rather than each event by itself: on SQLite every transaction waits for
//! the disk.

use std::time::Duration;

use latchkey_core::app::App;
use latchkey_core::event::{self, Sealing};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use crate::stopped;
use crate::worker::system;

/// How long the sealer rests between two runs, so that it does not write as often as everybody else together.
const REST: Duration = Duration::from_millis(100);

/// While the database is away, the longest rest is this many ordinary looks.
const LONGEST_REST: u32 = 30;

/// Seals until it is time to stop. `sealed` is told when there is something new; `look_every` is for what other nodes record.
pub(crate) async fn run(app: &App, sealed: &Notify, look_every: Duration, mut shutdown: watch::Receiver<bool>) {
    let mut failures = 0_u32;
    loop {
        let rest = match tokio::spawn(try_once(app.clone())).await {
            Ok(Ok(sealing)) => {
                failures = 0;
                if !matches!(sealing, Sealing::Done(0) | Sealing::Busy) {
                    sealed.notify_one();
                }
                if matches!(sealing, Sealing::More(_)) { Duration::ZERO } else { REST }
            }
            failed => {
                failures = failures.saturating_add(1);
                tracing::warn!(?failed, failures, "events cannot be sealed");
                look_every.saturating_mul(failures.min(LONGEST_REST))
            }
        };
        let next = async {
            sleep(rest).await;
            if !rest.is_zero() && failures == 0 {
                tokio::select! {
                    () = app.events_recorded() => {}
                    () = sleep(look_every) => {}
                }
            }
        };
        tokio::select! {
            () = stopped(&mut shutdown) => return,
            () = next => {}
        }
    }
}

/// In a task of its own: a panic in there ends the task and not the sealer.
async fn try_once(app: App) -> Result<Sealing, latchkey_core::error::Fault> {
    event::seal(&app, &system()).await
}
