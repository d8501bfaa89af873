//! Writes down that invitations and masquerades have expired, and removes what is over: sessions, links, limits and what else ends
//! with time. Nothing else depends on it: whether something is still open is asked of its times.

use std::time::Duration;

use latchkey_core::app::{App, Request};
use latchkey_core::error::Fault;
use latchkey_core::invitation;
use latchkey_core::sweep::{AT_ONCE, SWEEPS};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::stopped;
use crate::worker::system;

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// Invitations that one transaction writes down.
const BATCH: i64 = 100;

/// Looks until it is time to stop.
pub(crate) async fn run(app: &App, mut shutdown: watch::Receiver<bool>) {
    loop {
        let rest = if look(app).await { Duration::ZERO } else { LOOK_EVERY };
        tokio::select! {
            () = stopped(&mut shutdown) => return,
            () = sleep(rest) => {}
        }
    }
}

/// Whether there may be more.
async fn look(app: &App) -> bool {
    let told = app.write(&Request::default(), |tx| invitation::tell_expired(tx, &system(), BATCH)).await;
    let mut more = was_full("invitations", told.map(|told| i64::try_from(told) == Ok(BATCH)));
    for (what, sweep) in SWEEPS {
        let removed = app.write(&Request::default(), move |tx| sweep(tx, &system())).await;
        more |= was_full(what, removed.map(|removed| removed == AT_ONCE));
    }
    more
}

/// What fails is tried again at the next look, and does not keep the rest from being removed.
fn was_full(what: &str, done: Result<bool, Fault>) -> bool {
    done.unwrap_or_else(|fault| {
        tracing::warn!(%fault, what, "what has expired stays");
        false
    })
}
