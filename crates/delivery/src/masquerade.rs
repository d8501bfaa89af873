//! Ends masquerades whose time is over, so that the log says when, whoever comes by afterwards.

use std::time::Duration;

use latchkey_core::app::App;
use latchkey_core::error::Fault;
use latchkey_core::masquerade;
use latchkey_core::outbox::{Claimed, Topic};

use crate::worker::{LEASE_MARGIN, Work, system, write_down};

/// The work of the topic `Masquerade`.
pub(crate) struct EndMasquerades;

impl Work for EndMasquerades {
    const TOPIC: Topic = Topic::Masquerade;
    const AT_ONCE: usize = 1;

    fn lease(&self) -> Duration {
        LEASE_MARGIN
    }

    async fn perform(&self, app: &App, piece: Claimed) -> Result<(), Fault> {
        write_down(app, move |tx| masquerade::time_is_up(tx, &system(), piece)).await
    }
}
