//! Writes down that invitations and masquerades have expired, and removes what is over: sessions, links, limits and what else ends
//! with time. Nothing else depends on it: whether something is still open is asked of its times.

use std::time::Duration;

use latchkey_core::app::{App, Request};
use latchkey_core::invitation;
use latchkey_core::sweep::{AT_ONCE, SWEEPS, Sweep};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::stopped;
use crate::worker::system;

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// How long to let others at the database while there is more to do.
const PAUSE: Duration = Duration::from_millis(20);
/// Invitations that one transaction writes down.
const BATCH: i64 = 100;

/// What is done, what it is called where that fails, and how much one transaction does of it.
type Job = (&'static str, Sweep, u64);

fn jobs() -> Vec<Job> {
    let tell: Sweep = |tx, by| invitation::tell_expired(tx, by, BATCH);
    let sweeps = SWEEPS.into_iter().map(|(what, sweep)| (what, sweep, AT_ONCE));
    [("invitations", tell, BATCH.unsigned_abs())].into_iter().chain(sweeps).collect()
}

/// Looks until it is time to stop.
pub(crate) async fn run(app: &App, mut shutdown: watch::Receiver<bool>) {
    let mut due = jobs();
    loop {
        due = look(app, due).await;
        let rest = if due.is_empty() { LOOK_EVERY } else { PAUSE };
        tokio::select! {
            () = stopped(&mut shutdown) => return,
            () = sleep(rest) => {}
        }
        if due.is_empty() {
            due = jobs();
        }
    }
}

/// Does some of each, and returns those of which there may be more. What fails is tried again at the next look, and does not keep
/// the rest from being done.
async fn look(app: &App, due: Vec<Job>) -> Vec<Job> {
    let mut more = Vec::new();
    for job in due {
        let (what, run, most) = job;
        match app.write(&Request::default(), move |tx| run(tx, &system())).await {
            Ok(done) if done >= most => more.push(job),
            Ok(_) => {}
            Err(fault) => tracing::warn!(%fault, what, "what has expired stays"),
        }
    }
    more
}
