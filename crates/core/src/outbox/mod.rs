//! What was promised: mails to send, hosts to look up. Written in the transaction that promised it,
//! done at least once by a worker that takes a lease.
//!
//! A worker claims rows, works without a transaction, and then either finishes them (the row is
//! gone), or puts them off. A worker that dies leaves its lease to run out.

use std::time::Duration;

use crate::access::System;
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{Row, value_rows};
use crate::error::Fault;
use crate::id::OutboxId;
use crate::params;

/// What kind of work it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A mail to send; the reference is a [`MailId`](crate::id::MailId).
    Mail,
    /// The host of a login to look up; the reference is a [`SessionId`](crate::id::SessionId).
    Hostname,
    /// The same of an admin's login; the reference is a [`SessionId`](crate::id::SessionId) among those.
    AdminHostname,
    /// A password reset that was asked for; the reference is a [`ResetRequestId`](crate::id::ResetRequestId).
    Reset,
    /// A password reset that was asked for at the login of the Admin Area; the reference is a
    /// [`ResetRequestId`](crate::id::ResetRequestId) among those.
    AdminReset,
    /// A masquerade whose time will be over; the reference is a [`SessionId`](crate::id::SessionId).
    Masquerade,
}

impl Topic {
    const fn key(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Hostname => "hostname",
            Self::AdminHostname => "admin-hostname",
            Self::Reset => "reset",
            Self::AdminReset => "admin-reset",
            Self::Masquerade => "masquerade",
        }
    }
}

/// A piece of work that this worker holds until its lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The promise.
    pub id: OutboxId,
    /// What it refers to.
    pub reference: i64,
    /// How often it has been tried, this time included.
    pub attempts: i64,
}

/// Promises a piece of work.
pub(crate) fn promise(tx: &Tx<'_>, topic: Topic, reference: i64) -> Result<(), Fault> {
    promise_all(tx, topic, &[reference])
}

/// Promises pieces of work by one statement; none of them twice.
pub(crate) fn promise_all(tx: &Tx<'_>, topic: Topic, references: &[i64]) -> Result<(), Fault> {
    let arguments: Vec<_> =
        references.iter().flat_map(|reference| params![topic.key(), *reference, tx.now(), tx.now()].to_vec()).collect();
    let sql = format!(
        "insert into outbox (topic, ref_id, created_at, not_before) values {}
         on conflict (topic, ref_id) do update set not_before = excluded.not_before",
        value_rows(references.len(), 4)
    );
    tx.put(&sql, &arguments)?;
    tx.promise();
    Ok(())
}

/// Promises a piece of work for a later moment.
pub(crate) fn promise_at(tx: &Tx<'_>, topic: Topic, reference: i64, at: Timestamp) -> Result<(), Fault> {
    tx.put(
        "insert into outbox (topic, ref_id, created_at, not_before) values ($1, $2, $3, $4)
         on conflict (topic, ref_id) do update set not_before = excluded.not_before",
        params![topic.key(), reference, tx.now(), at],
    )
}

/// Takes back what was promised and is no longer wanted.
pub(crate) fn withdraw(tx: &Tx<'_>, topic: Topic, reference: i64) -> Result<(), Fault> {
    tx.put("delete from outbox where topic = $1 and ref_id = $2", params![topic.key(), reference])
}

/// Takes up to `limit` pieces of work that are due, for the length of `lease`.
pub fn claim(tx: &Tx<'_>, _by: &System, topic: Topic, limit: i64, lease: Duration) -> Result<Vec<Claimed>, Fault> {
    let now = tx.now();
    let sql = format!(
        "update outbox set lease_until = $1, attempts = attempts + 1
         where id in (select id from outbox where topic = $2 and not_before <= $3 and lease_until <= $3
                      order by not_before, id limit $4{})
         returning id, ref_id, attempts",
        tx.skip_locked()
    );
    tx.all(&sql, params![now.after(lease), topic.key(), now, limit], |row| {
        Ok(Claimed { id: row.take()?, reference: row.take()?, attempts: row.take()? })
    })
}

/// The work is done, or will never be. A worker whose lease has run out and been taken over changes nothing.
pub fn finish(tx: &Tx<'_>, _by: &System, work: Claimed) -> Result<(), Fault> {
    tx.put("delete from outbox where id = $1 and attempts = $2", params![work.id, work.attempts])
}

/// The work did not succeed; it is due again after `pause`. A worker whose lease has run out and been taken over changes nothing.
pub fn put_off(tx: &Tx<'_>, _by: &System, work: Claimed, pause: Duration) -> Result<(), Fault> {
    tx.put(
        "update outbox set not_before = $1, lease_until = 0 where id = $2 and attempts = $3",
        params![tx.now().after(pause), work.id, work.attempts],
    )
}

/// How much work of a topic waits.
pub fn waiting(snapshot: &Snapshot<'_>, topic: Topic) -> Result<i64, Fault> {
    snapshot.one("select count(*) from outbox where topic = $1", params![topic.key()], Row::take)
}
