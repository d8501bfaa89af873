//! Looks up who has the address for which a password reset was asked: beside the request, which is to take the same time
//! whether anybody has it or not.

use std::time::Duration;

use latchkey_core::app::App;
use latchkey_core::error::Fault;
use latchkey_core::outbox::{Claimed, Topic};
use latchkey_core::reset;

use crate::worker::{LEASE_MARGIN, Work, system, write_down};

/// The work of the topic `Reset`.
pub(crate) struct ResolveResets;

impl Work for ResolveResets {
    const TOPIC: Topic = Topic::Reset;
    const AT_ONCE: usize = 2;

    fn lease(&self) -> Duration {
        LEASE_MARGIN
    }

    async fn perform(&self, app: &App, piece: Claimed) -> Result<(), Fault> {
        write_down(app, move |tx| reset::resolve(tx, &system(), piece)).await
    }
}
