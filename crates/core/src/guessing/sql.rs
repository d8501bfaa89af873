use super::Bucket;
use crate::access::Subject;
use crate::app::{Asked, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{Row, ToValue, Value};
use crate::device;
use crate::error::Fault;
use crate::id::DeviceId;
use crate::params;
use crate::secret::Secret;
use crate::sweep::{self, Place};

/// What stands against a try.
#[derive(Default)]
pub(super) struct Counted {
    /// The known device it is made with.
    pub(super) device: Option<DeviceId>,
    /// Failures in a row of strangers and of known devices, as far as they are remembered.
    pub(super) failures: Option<(i64, i64)>,
}

/// What one row of the answer tells of.
const DEVICE: i64 = 1;
const FAILURES: i64 = 2;

/// The device that is presented, and the failures that are counted under this key; nothing is asked where there is nothing to know.
/// Locked as `lock` says, they stay as they are until the transaction ends.
pub(super) fn counted<'a>(
    snapshot: &'a Snapshot<'_>,
    device: Option<(Option<Subject>, &Secret)>,
    counter: Option<&[u8]>,
    lock: &str,
) -> Result<Asked<'a, Counted>, Fault> {
    let (mut tables, mut rows, mut arguments) = (Vec::new(), Vec::new(), Vec::new());
    if let Some((owner, secret)) = device {
        let condition = device::condition(owner, secret, snapshot.now(), &mut arguments);
        tables.push(format!("d as (select id from devices where {condition}{lock})"));
        rows.push(format!("select {DEVICE}, id, 0 from d"));
    }
    if let Some(key) = counter {
        arguments.extend_from_slice(params![key, snapshot.now()]);
        let (key, now) = (arguments.len() - 1, arguments.len());
        let condition = format!("key = ${key} and (forget_at is null or forget_at > ${now})");
        tables.push(format!("f as (select strange, known from guess_failures where {condition}{lock})"));
        rows.push(format!("select {FAILURES}, strange, known from f"));
    }
    if rows.is_empty() {
        return Ok(Asked::known(Counted::default()));
    }
    let sql = format!("with {} {}", tables.join(", "), rows.join(" union all "));
    let found = snapshot.ask(&sql, &arguments, |row| Ok((row.take::<i64>()?, row.take::<i64>()?, row.take::<i64>()?)))?;
    Ok(found.map(|rows| {
        rows.into_iter().fold(Counted::default(), |counted, row| match row {
            (DEVICE, id, _) => Counted { device: Some(DeviceId(id)), ..counted },
            (_, strange, known) => Counted { failures: Some((strange, known)), ..counted },
        })
    }))
}

/// The keys of buckets that were used, and when each will have run out.
pub(super) type Used = Vec<(Vec<u8>, Timestamp)>;

/// Which of these buckets were used at all.
pub(super) fn full_at<'a>(snapshot: &'a Snapshot<'_>, buckets: &[Bucket]) -> Result<Asked<'a, Used>, Fault> {
    if buckets.is_empty() {
        return Ok(Asked::known(Vec::new()));
    }
    let places: Vec<String> = (1..=buckets.len()).map(|number| format!("${number}")).collect();
    let arguments: Vec<Value> = buckets.iter().map(|bucket| bucket.key.to_value()).collect();
    let sql = format!("select key, full_at from guess_buckets where key in ({})", places.join(", "));
    snapshot.ask(&sql, &arguments, |row| Ok((row.take()?, row.take()?)))
}

/// Takes one token and returns the tries since the bucket was last full; `None` when there was no token.
///
/// The more tries, the longer until the next token, up to a bound: `refill × tries ÷ burst`.
pub(super) fn take(tx: &Tx<'_>, bucket: &Bucket) -> Result<Option<i64>, Fault> {
    let micros = |span: std::time::Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    let rate = bucket.rate;
    tx.optional(
        "insert into guess_buckets (key, tries, full_at) values ($1, 1, $2 + $3)
         on conflict (key) do update set
             tries = case when guess_buckets.full_at <= $2 then 1 else guess_buckets.tries + 1 end,
             full_at = case when guess_buckets.full_at <= $2 then $2 + $3
                 when guess_buckets.tries < $4 then guess_buckets.full_at + $3
                 when $3 * guess_buckets.tries / $4 < $5 then guess_buckets.full_at + $3 * guess_buckets.tries / $4
                 else guess_buckets.full_at + $5 end
         where guess_buckets.full_at <= $6
         returning tries",
        params![bucket.key, tx.now(), micros(rate.refill), rate.burst, micros(rate.slowest), tx.now().after(rate.room())],
        Row::take,
    )
}

/// The tries since a bucket was last full; `None` when it is now.
pub(super) fn tries(snapshot: &Snapshot<'_>, bucket: &Bucket) -> Result<Option<i64>, Fault> {
    let sql = "select tries from guess_buckets where key = $1 and full_at > $2";
    snapshot.optional(sql, params![bucket.key, snapshot.now()], Row::take)
}

pub(super) fn empty(tx: &Tx<'_>, key: &[u8]) -> Result<(), Fault> {
    tx.put("delete from guess_buckets where key = $1", params![key])
}

/// Counts one failure and returns how many there are now, of strangers and of known devices. What is to be forgotten by now counts
/// no more.
pub(super) fn count(tx: &Tx<'_>, key: &[u8], is_known: bool, forget_at: Option<Timestamp>) -> Result<(i64, i64), Fault> {
    tx.one(
        "insert into guess_failures (key, strange, known, forget_at) values ($1, $2, $3, $4)
         on conflict (key) do update set
             strange = case when guess_failures.forget_at <= $5 then 0 else guess_failures.strange end + excluded.strange,
             known = case when guess_failures.forget_at <= $5 then 0 else guess_failures.known end + excluded.known,
             forget_at = excluded.forget_at
         returning strange, known",
        params![key, i64::from(!is_known), i64::from(is_known), forget_at, tx.now()],
        |row| Ok((row.take()?, row.take()?)),
    )
}

pub(super) fn forget(tx: &Tx<'_>, key: &[u8]) -> Result<(), Fault> {
    tx.put("delete from guess_failures where key = $1", params![key])
}

pub(super) fn forget_known(tx: &Tx<'_>, key: &[u8]) -> Result<(), Fault> {
    tx.put("update guess_failures set known = 0 where key = $1", params![key])
}

/// Buckets that are full again.
pub(super) fn sweep_buckets(tx: &Tx<'_>) -> Result<u64, Fault> {
    sweep::due(tx, &Place { table: "guess_buckets", key: "key", due: "full_at" }, tx.now())
}

/// Failures at logins that nobody has.
pub(super) fn sweep_failures(tx: &Tx<'_>) -> Result<u64, Fault> {
    sweep::due(tx, &Place { table: "guess_failures", key: "key", due: "forget_at" }, tx.now())
}
