use std::time::Duration;

use super::work::{Claimed, Outcome};
use super::{Attempt, Because, MAX_ATTEMPTS, Message, NewWebhook, SecretInfo, Webhook};
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row};
use crate::error::Fault;
use crate::event::EventKind;
use crate::id::WebhookId;
use crate::params;

const COLUMNS: &str = "id, url, description, kinds, created_at, disabled_at, disabled_because, delivered_seq, last_delivered_at, \
     failing_since, failures, not_before, (select seq from event_chain where event_chain.id = 1) - delivered_seq";

fn webhook(row: &mut Row) -> Result<Webhook, DbError> {
    let (id, url, description, kinds, created_at) = (row.take()?, row.take()?, row.take()?, row.take::<String>()?, row.take()?);
    let (disabled_at, because): (Option<Timestamp>, String) = (row.take()?, row.take()?);
    let because = if because == Because::Failures.key() { Because::Failures } else { Because::Staff };
    let (delivered_seq, last_delivered_at, failing_since) = (row.take()?, row.take()?, row.take::<Option<Timestamp>>()?);
    let (failures, not_before): (i64, Timestamp) = (row.take()?, row.take()?);
    Ok(Webhook {
        id,
        url,
        description,
        kinds: read_kinds(&kinds),
        created_at,
        disabled: disabled_at.map(|at| (at, because)),
        delivered_seq,
        last_delivered_at,
        failing_since,
        failures,
        next_try_at: failing_since.map(|_| not_before),
        behind: row.take()?,
    })
}

pub(super) fn read_kinds(text: &str) -> Vec<EventKind> {
    text.split(' ').filter_map(EventKind::from_key).collect()
}

fn write_kinds(kinds: &[EventKind]) -> String {
    kinds.iter().map(|kind| kind.key()).collect::<Vec<_>>().join(" ")
}

pub(super) fn count(snapshot: &Snapshot<'_>) -> Result<i64, Fault> {
    snapshot.one("select count(*) from webhooks", &[], Row::take)
}

pub(super) fn list(snapshot: &Snapshot<'_>) -> Result<Vec<Webhook>, Fault> {
    snapshot.all(&format!("select {COLUMNS} from webhooks order by id"), &[], webhook)
}

pub(super) fn page(snapshot: &Snapshot<'_>, after: Option<WebhookId>, limit: i64) -> Result<Vec<Webhook>, Fault> {
    let sql = format!("select {COLUMNS} from webhooks where id > $1 order by id limit $2");
    snapshot.all(&sql, params![after.map_or(0, |id| id.0), limit], webhook)
}

pub(super) fn find(snapshot: &Snapshot<'_>, id: WebhookId, lock: &str) -> Result<Option<Webhook>, Fault> {
    snapshot.optional(&format!("select {COLUMNS} from webhooks where id = $1{lock}"), params![id], webhook)
}

pub(super) fn insert(tx: &Tx<'_>, new: &NewWebhook, delivered_seq: i64) -> Result<WebhookId, Fault> {
    tx.one(
        "insert into webhooks (url, description, kinds, created_at, delivered_seq) values ($1, $2, $3, $4, $5) returning id",
        params![new.url, new.description, write_kinds(&new.kinds), tx.now(), delivered_seq],
        Row::take,
    )
}

/// What a worker is doing with the endpoint at this moment counts no more: it is done again as things are now.
const TAKE_BACK: &str = "lease = lease + 1, lease_until = 0, not_before = 0";

pub(super) fn update(tx: &Tx<'_>, id: WebhookId, new: &NewWebhook) -> Result<(), Fault> {
    tx.execute(
        &format!("update webhooks set url = $1, description = $2, kinds = $3, {TAKE_BACK} where id = $4"),
        params![new.url, new.description, write_kinds(&new.kinds), id],
    )?;
    Ok(())
}

pub(super) fn disable(tx: &Tx<'_>, id: WebhookId, because: Because) -> Result<(), Fault> {
    tx.execute(
        &format!("update webhooks set disabled_at = $1, disabled_because = $2, {TAKE_BACK} where id = $3"),
        params![tx.now(), because.key(), id],
    )?;
    Ok(())
}

pub(super) fn enable(tx: &Tx<'_>, id: WebhookId) -> Result<(), Fault> {
    tx.execute(
        &format!(
            "update webhooks set disabled_at = null, disabled_because = '', failing_since = null, failures = 0, {TAKE_BACK}
             where id = $1"
        ),
        params![id],
    )?;
    Ok(())
}

pub(super) fn go_on_after(tx: &Tx<'_>, id: WebhookId, seq: i64) -> Result<(), Fault> {
    tx.execute(
        &format!("update webhooks set delivered_seq = $1, failing_since = null, failures = 0, {TAKE_BACK} where id = $2"),
        params![seq, id],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, id: WebhookId) -> Result<(), Fault> {
    tx.execute("delete from webhooks where id = $1", params![id])?;
    Ok(())
}

pub(super) fn insert_secret(tx: &Tx<'_>, id: WebhookId, sealed: &[u8]) -> Result<(), Fault> {
    tx.execute(
        "insert into webhook_secrets (webhook_id, sealed, created_at) values ($1, $2, $3)",
        params![id, sealed, tx.now()],
    )?;
    Ok(())
}

/// The secrets without an end get one, and those that have ended are forgotten.
pub(super) fn end_secrets(tx: &Tx<'_>, id: WebhookId, ends_at: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "update webhook_secrets set ends_at = $1 where webhook_id = $2 and (ends_at is null or ends_at > $1)",
        params![ends_at, id],
    )?;
    tx.execute("delete from webhook_secrets where webhook_id = $1 and ends_at <= $2", params![id, tx.now()])?;
    Ok(())
}

/// Forgets the oldest secrets beyond so many.
pub(super) fn keep_secrets(tx: &Tx<'_>, id: WebhookId, kept: i64) -> Result<(), Fault> {
    tx.execute(
        "delete from webhook_secrets where webhook_id = $1
         and id not in (select id from webhook_secrets where webhook_id = $1 order by id desc limit $2)",
        params![id, kept],
    )?;
    Ok(())
}

/// The secrets that count now, latest first, sealed.
pub(super) fn secrets(snapshot: &Snapshot<'_>, id: WebhookId) -> Result<Vec<(Vec<u8>, SecretInfo)>, Fault> {
    snapshot.all(
        "select sealed, created_at, ends_at from webhook_secrets
         where webhook_id = $1 and (ends_at is null or ends_at > $2) order by id desc",
        params![id, snapshot.now()],
        |row| Ok((row.take()?, SecretInfo { created_at: row.take()?, ends_at: row.take()? })),
    )
}

pub(super) fn insert_extra(tx: &Tx<'_>, id: WebhookId, seq: Option<i64>) -> Result<(), Fault> {
    tx.execute("insert into webhook_extras (webhook_id, seq, asked_at) values ($1, $2, $3)", params![id, seq, tx.now()])?;
    Ok(())
}

pub(super) fn extras(snapshot: &Snapshot<'_>, id: WebhookId, limit: i64) -> Result<Vec<(i64, Option<i64>, Timestamp)>, Fault> {
    snapshot.all(
        "select id, seq, asked_at from webhook_extras where webhook_id = $1 order by id limit $2",
        params![id, limit],
        |row| Ok((row.take()?, row.take()?, row.take()?)),
    )
}

pub(super) fn count_extras(snapshot: &Snapshot<'_>, id: WebhookId) -> Result<i64, Fault> {
    snapshot.one("select count(*) from webhook_extras where webhook_id = $1", params![id], Row::take)
}

pub(super) fn delete_extra(tx: &Tx<'_>, extra: i64) -> Result<(), Fault> {
    tx.execute("delete from webhook_extras where id = $1", params![extra])?;
    Ok(())
}

/// The lowest place of all endpoints but those that were disabled by then, and of what is asked for out of turn.
pub(super) fn sent_by_all(snapshot: &Snapshot<'_>, disabled_by: Timestamp) -> Result<Option<i64>, Fault> {
    snapshot.one(
        "select min(place) from (select min(delivered_seq) as place from webhooks where disabled_at is null or disabled_at > $1
             union all select min(seq) - 1 from webhook_extras where seq is not null) places",
        params![disabled_by],
        Row::take,
    )
}

/// Endpoints that have something to be sent, leased.
pub(super) fn claim(tx: &Tx<'_>, limit: i64, until: Timestamp) -> Result<Vec<Claimed>, Fault> {
    let sql = format!(
        "update webhooks set lease = lease + 1, lease_until = $1 where id in (
             select w.id from webhooks w where w.lease_until <= $2 and (
                 w.disabled_at is null and w.not_before <= $2 and w.delivered_seq < (select c.seq from event_chain c where c.id = 1)
                 or exists (select 1 from webhook_extras e where e.webhook_id = w.id))
             order by w.not_before, w.id limit $3{})
         returning id, url, lease",
        tx.skip_locked()
    );
    tx.all(&sql, params![until, tx.now(), limit], |row| Ok(Claimed { id: row.take()?, url: row.take()?, lease: row.take()? }))
}

/// The endpoint, as long as the lease counts.
pub(super) fn leased(snapshot: &Snapshot<'_>, claimed: &Claimed, lock: &str) -> Result<Option<(Webhook, Timestamp)>, Fault> {
    snapshot.optional(
        &format!("select {COLUMNS}, not_before from webhooks where id = $1 and lease = $2{lock}"),
        params![claimed.id, claimed.lease],
        |row| Ok((webhook(row)?, row.take()?)),
    )
}

/// Nobody works on it any more.
pub(super) fn release(tx: &Tx<'_>, claimed: &Claimed) -> Result<(), Fault> {
    tx.execute("update webhooks set lease_until = 0 where id = $1 and lease = $2", params![claimed.id, claimed.lease])?;
    Ok(())
}

/// The place moves forward, and what failed before is forgotten.
pub(super) fn took(tx: &Tx<'_>, id: WebhookId, seq: i64, until: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "update webhooks set delivered_seq = $1, last_delivered_at = $2, failing_since = null, failures = 0, not_before = 0,
                lease_until = $3 where id = $4",
        params![seq, tx.now(), until, id],
    )?;
    Ok(())
}

/// It took something out of turn: it seems to be there again, so what waits is tried now.
pub(super) fn took_extra(tx: &Tx<'_>, id: WebhookId) -> Result<(), Fault> {
    tx.execute("update webhooks set last_delivered_at = $1, not_before = 0 where id = $2", params![tx.now(), id])?;
    Ok(())
}

pub(super) fn extend(tx: &Tx<'_>, id: WebhookId, until: Timestamp) -> Result<(), Fault> {
    tx.execute("update webhooks set lease_until = $1 where id = $2", params![until, id])?;
    Ok(())
}

pub(super) fn advance(tx: &Tx<'_>, claimed: &Claimed, seq: i64) -> Result<(), Fault> {
    tx.execute(
        "update webhooks set delivered_seq = $1 where id = $2 and lease = $3 and delivered_seq < $1",
        params![seq, claimed.id, claimed.lease],
    )?;
    Ok(())
}

pub(super) fn put_off(tx: &Tx<'_>, id: WebhookId, since: Timestamp, failures: i64, pause: Duration) -> Result<(), Fault> {
    tx.execute(
        "update webhooks set failing_since = $1, failures = $2, not_before = $3, lease_until = 0 where id = $4",
        params![since, failures, tx.now().after(pause), id],
    )?;
    Ok(())
}

pub(super) fn insert_attempt(tx: &Tx<'_>, id: WebhookId, message: &Message, outcome: &Outcome) -> Result<(), Fault> {
    tx.execute(
        "insert into webhook_attempts (webhook_id, message, kind, seq, at, status, took_ms, error)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            id,
            message.id,
            message.kind,
            message.seq,
            outcome.at,
            outcome.status.map(i64::from),
            i64::try_from(outcome.took.as_millis()).unwrap_or(i64::MAX),
            outcome.error
        ],
    )?;
    tx.execute(
        "delete from webhook_attempts where webhook_id = $1
         and id <= (select id from webhook_attempts where webhook_id = $1 order by id desc limit 1 offset $2)",
        params![id, MAX_ATTEMPTS],
    )?;
    Ok(())
}

pub(super) fn attempts(snapshot: &Snapshot<'_>, id: WebhookId, before: Option<i64>, limit: i64) -> Result<Vec<Attempt>, Fault> {
    snapshot.all(
        "select id, message, kind, seq, at, status, took_ms, error from webhook_attempts
         where webhook_id = $1 and id < $2 order by id desc limit $3",
        params![id, before.unwrap_or(i64::MAX), limit],
        |row| {
            Ok(Attempt {
                id: row.take()?,
                message: row.take()?,
                kind: row.take()?,
                seq: row.take()?,
                at: row.take()?,
                status: row.take()?,
                took_ms: row.take()?,
                error: row.take()?,
            })
        },
    )
}
