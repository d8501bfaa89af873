//! Seals what is committed, so that readers of the feed and webhooks get it.
//!
//! An event that comes alone is sealed at once; what follows within a quarter of a second is sealed together: on SQLite every transaction
//! waits for the disk, and on PostgreSQL sealing each by itself was a quarter of all that was asked while people logged in.

use std::time::Duration;

use latchkey_core::app::App;
use latchkey_core::event::{self, Sealing};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use crate::stopped;
use crate::worker::system;

/// The rest between two runs.
const REST: Duration = Duration::from_millis(250);

/// While the database is away, the longest rest is this many ordinary looks.
const MOST_LOOKS: u32 = 30;

/// Seals until it is time to stop. `sealed` is told when there is something new; `look_every` is for what other nodes record.
pub(crate) async fn run(app: &App, sealed: &Notify, look_every: Duration, mut shutdown: watch::Receiver<bool>) {
    let (mut failures, mut recorded) = (0_u32, false);
    loop {
        let rest = match tokio::spawn(try_once(app.clone(), recorded)).await {
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
                look_every.saturating_mul(failures.min(MOST_LOOKS))
            }
        };
        let next = async {
            sleep(rest).await;
            if rest.is_zero() || failures > 0 {
                return false;
            }
            tokio::select! {
                () = app.events_recorded() => true,
                () = sleep(look_every) => false,
            }
        };
        recorded = tokio::select! {
            () = stopped(&mut shutdown) => return,
            recorded = next => recorded,
        };
    }
}

/// In a task of its own: a panic in there ends the task and not the sealer.
async fn try_once(app: App, recorded: bool) -> Result<Sealing, latchkey_core::error::Fault> {
    if recorded { event::seal_recorded(&app, &system()).await } else { event::seal(&app, &system()).await }
}
