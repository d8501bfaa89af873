//! Walks the chain and finds the first link that is not what was sealed.

use super::beginning::{self, Beginning};
use super::chain::{ChainHash, Entry, Head};
use super::{seal, sql};
use crate::access::System;
use crate::app::App;
use crate::db::DbError;
use crate::error::Fault;

/// Links that are read at once.
const BATCH: i64 = 1_000;

/// What is wrong with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The event or its hash is not what was sealed, or one right before it was taken out and the rest renumbered.
    Changed,
    /// There is no event of this number.
    Missing,
    /// The event is whole, but stood elsewhere.
    Reordered,
    /// The events are whole, but the head that is kept is not theirs, or the head it was compared with is another's.
    Head,
    /// The log was shortened up to here by somebody else than this installation.
    Beginning,
}

/// The first broken link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenLink {
    /// Its number.
    pub seq: i64,
    /// What is wrong with it.
    pub what: Broken,
}

/// What the walk found.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The head up to which it went.
    pub head: Head,
    /// Where it began.
    pub beginning: Beginning,
    /// The first broken link, if one is.
    pub broken: Option<BrokenLink>,
}

impl Verified {
    /// Whether the events up to this head are no longer there, so that it cannot be compared.
    pub const fn is_too_old(&self, exported: &Head) -> bool {
        exported.seq < self.beginning.last_removed.seq
    }
}

/// Verifies the chain from the first event that is there to the head at the time of the call. With `exported`, a head that was
/// exported earlier, the chain has to go through it, unless it [is too old](Verified::is_too_old).
///
/// Reads in batches, each in a snapshot of its own: a server may run beside it.
pub async fn verify(app: &App, _by: &System, exported: Option<&Head>) -> Result<Verified, Fault> {
    loop {
        let (head, beginning, is_genuine) = ends(app).await?;
        let broken = if is_genuine {
            walk(app, &beginning, &head, exported).await?
        } else {
            Some(BrokenLink { seq: beginning.first(), what: Broken::Beginning })
        };
        // What the walk missed may have been removed under its feet.
        if broken.is_none() || app.read(beginning::beginning).await? == beginning {
            return Ok(Verified { head, beginning, broken });
        }
    }
}

/// Head and beginning of the same moment, and whether this installation has shortened the log up to there.
async fn ends(app: &App) -> Result<(Head, Beginning, bool), Fault> {
    let found = app.read(|snapshot| {
        let stored = sql::beginning(snapshot, "")?.ok_or(Fault::Db(DbError::NoRow))?;
        Ok::<_, Fault>((seal::head(snapshot)?, stored))
    });
    let (head, stored) = found.await?;
    let (beginning, is_genuine) = beginning::verified(app, stored);
    Ok((head, beginning, is_genuine))
}

async fn walk(app: &App, beginning: &Beginning, head: &Head, exported: Option<&Head>) -> Result<Option<BrokenLink>, Fault> {
    let broken = |seq, what| Ok(Some(BrokenLink { seq, what }));
    let mut last = beginning.last_removed.clone();
    if exported.is_some_and(|exported| exported.seq == last.seq && exported.hash != last.hash) {
        return broken(last.seq, Broken::Head);
    }
    while last.seq < head.seq {
        let after = last.seq;
        for (stored, entry) in app.read(move |snapshot| sql::links(snapshot, after, BATCH)).await? {
            if stored.seq > head.seq {
                break;
            }
            if stored.seq != last.seq + 1 {
                return broken(last.seq + 1, Broken::Missing);
            }
            if entry.hash_after(&last.hash) != stored.hash {
                let what = if stands_elsewhere(app, &stored.hash, &entry).await? { Broken::Reordered } else { Broken::Changed };
                return broken(stored.seq, what);
            }
            if exported.is_some_and(|exported| exported.seq == stored.seq && exported.hash != stored.hash) {
                return broken(stored.seq, Broken::Head);
            }
            last = stored;
        }
        if last.seq == after {
            return broken(last.seq + 1, Broken::Missing);
        }
    }
    if last.hash != head.hash {
        return broken(head.seq, Broken::Head);
    }
    match exported {
        Some(exported) if exported.seq > head.seq => broken(head.seq + 1, Broken::Missing),
        _ => Ok(None),
    }
}

/// Whether the event fits its hash behind another event of the chain.
async fn stands_elsewhere(app: &App, hash: &ChainHash, entry: &Entry) -> Result<bool, Fault> {
    if entry.hash_after(&ChainHash::default()) == *hash {
        return Ok(true);
    }
    let mut after = 0;
    loop {
        let links = app.read(move |snapshot| sql::links(snapshot, after, BATCH)).await?;
        if links.iter().any(|(link, _)| entry.hash_after(&link.hash) == *hash) {
            return Ok(true);
        }
        match links.last() {
            Some((link, _)) => after = link.seq,
            None => return Ok(false),
        }
    }
}
