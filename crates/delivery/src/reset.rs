//! Looks up which user, or which admin, has the address for which a password reset was asked: beside the request, which is to take the same time
//! whether anybody has it or not.

use std::time::Duration;

use latchkey_core::app::{App, Tx};
use latchkey_core::error::Fault;
use latchkey_core::outbox::{self, Claimed};
use latchkey_core::reset::{self, Logins};

use crate::worker::{LEASE_MARGIN, Work, system, write_down};

/// Whose resets they are, by a type: each has its own worker.
pub(crate) trait Whose: Send + Sync + 'static {
    const LOGINS: Logins;
    const NAME: &'static str;
    const AT_ONCE: usize;
}

/// Those of users.
pub(crate) struct OfUsers;

impl Whose for OfUsers {
    const LOGINS: Logins = Logins::Users;
    const NAME: &'static str = "password resets";
    const AT_ONCE: usize = 2;
}

/// Those of admins.
pub(crate) struct OfAdmins;

impl Whose for OfAdmins {
    const LOGINS: Logins = Logins::Admins;
    const NAME: &'static str = "admins' password resets";
    const AT_ONCE: usize = 1;
}

/// The work of the topics `Reset` and `AdminReset`.
pub(crate) struct ResolveResets<W>(pub(crate) W);

impl<W: Whose> Work for ResolveResets<W> {
    type Piece = Claimed;
    const NAME: &'static str = W::NAME;
    const AT_ONCE: usize = W::AT_ONCE;

    fn lease(&self) -> Duration {
        LEASE_MARGIN
    }

    fn claim(tx: &Tx<'_>, limit: i64, lease: Duration) -> Result<Vec<Claimed>, Fault> {
        outbox::claim(tx, &system(), W::LOGINS.topic(), limit, lease)
    }

    async fn perform(&self, app: &App, piece: Claimed) -> Result<(), Fault> {
        write_down(app, move |tx| reset::resolve(tx, &system(), W::LOGINS, piece)).await
    }
}
