//! Looks up which user, or which admin, has the address for which a password reset was asked: beside the request, which is to take the same time
//! whether anybody has it or not.

use std::time::Duration;

use latchkey_core::app::{App, Tx};
use latchkey_core::error::Fault;
use latchkey_core::outbox::{self, Claimed, Topic};
use latchkey_core::{admin_reset, reset};

use crate::worker::{LEASE_MARGIN, Work, system, write_down};

/// The work of the topic `Reset`.
pub(crate) struct ResolveResets;

impl Work for ResolveResets {
    type Piece = Claimed;
    const NAME: &'static str = "password resets";
    const AT_ONCE: usize = 2;

    fn lease(&self) -> Duration {
        LEASE_MARGIN
    }

    fn claim(tx: &Tx<'_>, limit: i64, lease: Duration) -> Result<Vec<Claimed>, Fault> {
        outbox::claim(tx, &system(), Topic::Reset, limit, lease)
    }

    async fn perform(&self, app: &App, piece: Claimed) -> Result<(), Fault> {
        write_down(app, move |tx| reset::resolve(tx, &system(), piece)).await
    }
}

/// The work of the topic `AdminReset`.
pub(crate) struct ResolveAdminResets;

impl Work for ResolveAdminResets {
    type Piece = Claimed;
    const NAME: &'static str = "admins' password resets";
    const AT_ONCE: usize = 1;

    fn lease(&self) -> Duration {
        LEASE_MARGIN
    }

    fn claim(tx: &Tx<'_>, limit: i64, lease: Duration) -> Result<Vec<Claimed>, Fault> {
        outbox::claim(tx, &system(), Topic::AdminReset, limit, lease)
    }

    async fn perform(&self, app: &App, piece: Claimed) -> Result<(), Fault> {
        write_down(app, move |tx| admin_reset::resolve(tx, &system(), piece)).await
    }
}
