//! Where the log begins: with its first event, or behind what was removed from its front when the operator's time for it was over.
//!
//! **Invariants:** only the front goes, only what is sealed, only what is found whole at that moment, and nothing that a webhook still has
//! to send. The place where the chain goes on (number and hash of the last event that was removed) is sealed under the installation's
//! secret key: who can write the database alone cannot shorten the log unseen. That it was shortened is an event.

use super::chain::Head;
use super::{Event, EventKind, sql};
use crate::access::System;
use crate::app::{App, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::DbError;
use crate::error::{Fault, HasKind, Kind};
use crate::settings;
use crate::sweep::AT_ONCE;
use crate::webhook;

const PURPOSE: &str = "beginning of the log";
/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;

/// Where the log begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beginning {
    /// The last event that was removed; number 0 when none was.
    pub last_removed: Head,
    /// When it was removed.
    pub removed_at: Timestamp,
    /// For how many days the log was kept then.
    pub kept_days: i64,
}

impl Beginning {
    /// The number of the first event that is there, or will be.
    pub const fn first(&self) -> i64 {
        self.last_removed.seq + 1
    }

    /// Whether the log was never shortened.
    pub const fn is_whole(&self) -> bool {
        self.last_removed.seq == 0
    }

    fn sealed_text(&self) -> String {
        let Self { last_removed: Head { seq, hash }, removed_at, kept_days } = self;
        format!("latchkey log beginning 1\n{seq}\n{hash}\n{}\n{kept_days}\n", removed_at.as_micros())
    }

    fn is_what(&self, opened: Option<&[u8]>) -> bool {
        *self == Self::default() || opened == Some(self.sealed_text().as_bytes())
    }
}

/// What was asked for is no longer in the log.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// It was removed.
    #[error("the log begins with event {first}: what was before it was removed")]
    Removed {
        /// The first event that is there.
        first: i64,
    },
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for FeedError {
    fn kind(&self) -> Kind {
        match self {
            Self::Removed { first } => Kind::Removed { first: *first },
            Self::Fault(fault) => fault.kind(),
        }
    }
}

/// Where the log begins.
pub fn beginning(snapshot: &Snapshot<'_>) -> Result<Beginning, Fault> {
    sql::beginning(snapshot, "")?.map(|(found, _)| found).ok_or(Fault::Db(DbError::NoRow))
}

/// Where the log begins, and stays so until the transaction ends.
pub(crate) fn hold_beginning(tx: &Tx<'_>) -> Result<Beginning, Fault> {
    sql::beginning(tx, tx.for_share())?.map(|(found, _)| found).ok_or(Fault::Db(DbError::NoRow))
}

/// Where the log begins, and whether this installation said so.
pub(super) fn verified(app: &App, stored: (Beginning, Vec<u8>)) -> (Beginning, bool) {
    let (found, sealed) = stored;
    let is_genuine = found.is_what(app.open_bytes(PURPOSE, &sealed).as_deref());
    (found, is_genuine)
}

/// Removes a bounded number of events from the front of the log when they are older than it is kept, in whole days (UTC), so that this
/// happens once a day. How many there were.
///
/// # Errors
/// [`Fault::BrokenLog`]: what is broken is not removed. It is evidence, and so is everything after it.
pub fn shorten(tx: &Tx<'_>, by: &System) -> Result<u64, Fault> {
    let Some(kept) = settings::retention(tx)?.log else { return Ok(0) };
    // Somebody else is at it, or sends events again.
    let Some((present, sealed)) = sql::beginning(tx, tx.skip_locked())? else { return Ok(0) };
    if !present.is_what(tx.open_bytes(PURPOSE, &sealed).as_deref()) {
        return Err(Fault::BrokenLog(present.first()));
    }
    let (last, removed) = over(tx, &present.last_removed, first_moment_kept(tx.now().before(kept)))?;
    if removed == 0 {
        return Ok(0);
    }
    let kept_days = i64::try_from(kept.as_secs() / 86_400).unwrap_or(i64::MAX);
    let beginning = Beginning { last_removed: last, removed_at: tx.now(), kept_days };
    let Head { seq, hash } = &beginning.last_removed;
    let detail = format!("up to event {seq}, kept for {kept_days} days, hash {hash}");
    tx.record(by.actor(), &Event::new(EventKind::LogShortened).with_detail(detail))?;
    sql::set_beginning(tx, &beginning, &tx.seal_bytes(PURPOSE, beginning.sealed_text().as_bytes())?)?;
    sql::remove_until(tx, *seq)?;
    Ok(removed)
}

/// The first moment of the day.
fn first_moment_kept(moment: Timestamp) -> Timestamp {
    let micros = moment.as_micros();
    Timestamp::from_micros(micros - micros.rem_euclid(DAY))
}

/// The last event at the front that is older than that, whole, and sent to every webhook, and how many there are up to it.
fn over(tx: &Tx<'_>, present: &Head, kept_from: Timestamp) -> Result<(Head, u64), Fault> {
    let (mut last, mut count) = (present.clone(), 0);
    let sent = webhook::sent_by_all(tx)?;
    for (link, entry) in sql::links(tx, present.seq, i64::try_from(AT_ONCE).unwrap_or(i64::MAX))? {
        if entry.at()? >= kept_from || sent.is_some_and(|sent| link.seq > sent) {
            break;
        }
        if link.seq != last.seq + 1 || entry.hash_after(&last.hash) != link.hash {
            // What is whole goes first.
            return if count > 0 { Ok((last, count)) } else { Err(Fault::BrokenLog(last.seq + 1)) };
        }
        (last, count) = (link, count + 1);
    }
    Ok((last, count))
}
