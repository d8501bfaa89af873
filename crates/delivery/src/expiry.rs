//! Writes down that invitations and masquerades have expired, and removes sessions that have. Nothing else depends on it: whether one
//! is still open is asked of its times.

use std::time::Duration;

use latchkey_core::app::{App, Request};
use latchkey_core::error::Fault;
use latchkey_core::{invitation, session};
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
        let rest = match look(app).await {
            Ok(Found::More) => Duration::ZERO,
            Ok(Found::All) => LOOK_EVERY,
            Err(fault) => {
                tracing::warn!(%fault, "what has expired cannot be written down");
                LOOK_EVERY
            }
        };
        tokio::select! {
            () = stopped(&mut shutdown) => return,
            () = sleep(rest) => {}
        }
    }
}

enum Found {
    /// There may be more.
    More,
    All,
}

async fn look(app: &App) -> Result<Found, Fault> {
    let told = app.write(&Request::default(), |tx| invitation::tell_expired(tx, &system(), BATCH)).await?;
    let removed = app.write(&Request::default(), |tx| session::sweep(tx, &system())).await?;
    Ok(if i64::try_from(told) == Ok(BATCH) || removed == session::SWEPT { Found::More } else { Found::All })
}
