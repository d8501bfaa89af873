//! What is over is removed by the clock and by nobody's request. Nothing else depends on it: whether something is over is asked of
//! its times.

use crate::access::System;
use crate::app::Tx;
use crate::clock::Timestamp;
use crate::error::Fault;
use crate::{
    admin, event, factor, guessing, idempotency, mail, owner_change, params, passkey, puzzle, registration, session, sso,
};

/// Rows that one transaction removes.
pub const AT_ONCE: u64 = 500;

/// Removes what is over of one kind, [`AT_ONCE`] at most. How many there were.
pub type Sweep = fn(&Tx<'_>, &System) -> Result<u64, Fault>;

/// Everything that is removed, and what it is called where that fails.
pub const SWEEPS: [(&str, Sweep); 13] = [
    ("sessions", session::sweep),
    ("sessions of admins", admin::sweep),
    ("logins that wait for a second factor", factor::sweep),
    ("challenges of passkeys", passkey::sweep),
    ("registrations", registration::sweep),
    ("changes of owners", owner_change::sweep),
    ("links of other systems", sso::sweep),
    ("used puzzles", puzzle::sweep),
    ("answers to calls", idempotency::sweep),
    ("limits", guessing::sweep_buckets),
    ("failures at logins that nobody has", guessing::sweep_failures),
    ("mails", mail::sweep),
    ("events", event::shorten),
];

/// Where rows are that end with time.
pub(crate) struct Place {
    pub(crate) table: &'static str,
    /// The columns of its primary key.
    pub(crate) key: &'static str,
    /// The column of when a row is over.
    pub(crate) due: &'static str,
}

/// Removes the rows that were due by then, the oldest first and [`AT_ONCE`] at most. How many there were.
pub(crate) fn due(tx: &Tx<'_>, place: &Place, by: Timestamp) -> Result<u64, Fault> {
    due_but(tx, place, by, "")
}

/// The same but for rows of which `also` (`and …`) does not hold.
pub(crate) fn due_but(tx: &Tx<'_>, place: &Place, by: Timestamp, also: &str) -> Result<u64, Fault> {
    let Place { table, key, due } = place;
    let skip_locked = tx.skip_locked();
    let sql = format!(
        "delete from {table} where ({key}) in
         (select {key} from {table} where {due} <= $1 {also} order by {due} limit $2{skip_locked})"
    );
    tx.execute(&sql, params![by, i64::try_from(AT_ONCE).unwrap_or(i64::MAX)])
}
