//! Writes down that invitations have expired. Nothing else depends on it: whether one is still open is asked of its times.

use std::time::Duration;

use latchkey_core::app::{App, Request};
use latchkey_core::error::Fault;
use latchkey_core::invitation;
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
        let rest = match tell(app).await {
            // There may be more.
            Ok(told) if i64::try_from(told) == Ok(BATCH) => Duration::ZERO,
            Ok(_) => LOOK_EVERY,
            Err(fault) => {
                tracing::warn!(%fault, "expired invitations cannot be written down");
                LOOK_EVERY
            }
        };
        tokio::select! {
            () = stopped(&mut shutdown) => return,
            () = sleep(rest) => {}
        }
    }
}

async fn tell(app: &App) -> Result<usize, Fault> {
    app.write(&Request::default(), |tx| invitation::tell_expired(tx, &system(), BATCH)).await
}
