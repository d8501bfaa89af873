//! Sealing: committed events get the next number without gaps and their link of the chain.
//!
//! An event's id is taken before its transaction commits, and on PostgreSQL transactions commit in another order than they take ids: who
//! reads by id would miss what commits later. So a number is given only to what is committed, by one sealer at a time, which holds the
//! row of the chain's head. What commits later gets a later number, never one before a number that somebody may have read already.
//!
//! Among what is sealed at once the order is that of the ids. An id is taken when its event is recorded, which is under the locks of what
//! the event is about; so what was committed before another operation began, or before it got the lock, always comes first.

use super::chain::Head;
use super::sql;
use crate::access::System;
use crate::app::{App, Request, Snapshot, Tx};
use crate::db::DbError;
use crate::error::Fault;

/// Events that one transaction seals at most.
const BATCH: i64 = 1_000;

/// What a try to seal came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealing {
    /// So many events were sealed; there may be more.
    More(usize),
    /// Everything that was committed is sealed; so many just now.
    Done(usize),
    /// Another node is at it.
    Busy,
}

/// Seals what has been committed, at most a thousand events, and wakes those who wait for sealed events, whoever sealed them.
pub async fn seal(app: &App, by: &System) -> Result<Sealing, Fault> {
    // Looking needs no writer. In this order: when nothing waits any more, the head is past all that did.
    let look = app.read_committed(|snapshot| {
        let (waits, head) = (sql::ask_has_unsealed(snapshot)?, sql::ask_head(snapshot, "")?);
        Ok::<_, Fault>((waits.answer()?, head.answer()?))
    });
    let (waits, head) = look.await?;
    app.note_sealed(head.ok_or(Fault::Db(DbError::NoRow))?.seq);
    if waits { seal_recorded(app, by).await } else { Ok(Sealing::Done(0)) }
}

/// The same without looking first: for when it is known that something was recorded.
pub async fn seal_recorded(app: &App, _by: &System) -> Result<Sealing, Fault> {
    let (head, sealing) = app.write(&Request::default(), batch).await?;
    if let Some(head) = head {
        app.note_sealed(head.seq);
    }
    Ok(sealing)
}

/// Seals until nothing is left, as a command does that looks at the log; ends when another node is at it.
pub async fn seal_all(app: &App, by: &System) -> Result<(), Fault> {
    while let Sealing::More(_) = seal(app, by).await? {}
    Ok(())
}

/// The last link of the chain.
pub fn head(snapshot: &Snapshot<'_>) -> Result<Head, Fault> {
    sql::ask_head(snapshot, "")?.answer()?.ok_or(Fault::Db(DbError::NoRow))
}

/// The head after it, unless another node is at it.
fn batch(tx: &Tx<'_>) -> Result<(Option<Head>, Sealing), Fault> {
    let (head, entries) = (sql::ask_head(tx, tx.skip_locked())?, sql::ask_unsealed(tx, BATCH)?);
    let Some(mut head) = head.answer()? else { return Ok((None, Sealing::Busy)) };
    let entries = entries.answer()?;
    if entries.is_empty() {
        return Ok((Some(head), Sealing::Done(0)));
    }
    let mut links = Vec::with_capacity(entries.len());
    for entry in &entries {
        head = Head { seq: head.seq + 1, hash: entry.hash_after(&head.hash) };
        links.push((entry.id()?, head.clone()));
    }
    sql::seal(tx, &links)?;
    sql::set_head(tx, &head)?;
    let full = i64::try_from(links.len()) == Ok(BATCH);
    Ok((Some(head), if full { Sealing::More(links.len()) } else { Sealing::Done(links.len()) }))
}
