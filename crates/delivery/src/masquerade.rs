//! Ends masquerades whose time is over, so that the log says when, whoever comes by afterwards.

use std::time::Duration;

use latchkey_core::app::{App, Tx};
use latchkey_core::error::Fault;
use latchkey_core::masquerade;
use latchkey_core::outbox::{self, Claimed, Topic};

use crate::worker::{LEASE_MARGIN, Work, system, write_down};

/// The work of the topic `Masquerade`.
pub(crate) struct EndMasquerades;

impl Work for EndMasquerades {
    type Piece = Claimed;
    const NAME: &'static str = "masquerades";
    const AT_ONCE: usize = 1;

    fn lease(&self) -> Duration {
        LEASE_MARGIN
    }

    fn claim(tx: &Tx<'_>, limit: i64, lease: Duration) -> Result<Vec<Claimed>, Fault> {
        outbox::claim(tx, &system(), Topic::Masquerade, limit, lease)
    }

    async fn perform(&self, app: &App, piece: Claimed) -> Result<(), Fault> {
        write_down(app, move |tx| masquerade::time_is_up(tx, &system(), piece)).await
    }
}
