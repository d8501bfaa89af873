//! What a worker does with an endpoint, but for the network.

use std::time::Duration;

use super::message::{Message, Secrets};
use super::ops::purpose;
use super::{Because, Webhook, sql};
use crate::access::{AdminPermission, System};
use crate::admin;
use crate::app::{App, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::error::Fault;
use crate::event::{self, Event, EventKind, FeedFilter};
use crate::id::WebhookId;
use crate::mail::{About, Notice, Person, tell_person};
use crate::secret::Secret;

/// An endpoint is disabled when nothing has got through for so long.
pub const GIVE_UP_AFTER: Duration = Duration::from_hours(5 * 24);

/// Pauses before the tries after the first; the last of them comes again and again.
const PAUSES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// The longest pause that the other system can ask for.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);

/// Messages that are read at once.
const BATCH: i64 = 50;

/// Where staff sees to webhooks.
const PAGE: &str = "/admin/config/webhooks";

/// An endpoint that belongs to this worker until its lease ends.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The endpoint.
    pub id: WebhookId,
    /// Where its messages go.
    pub url: String,
    pub(super) lease: i64,
}

/// What is to be sent to an endpoint, in this order.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The messages.
    pub messages: Vec<Message>,
    /// What signs them.
    pub secrets: Secrets,
    /// Whether the feed has more for this endpoint, wanted or not.
    pub more: bool,
    next: i64,
    /// Asked for, and no longer in the log.
    lost: Vec<i64>,
}

/// What came of a try.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What the other system answered, if it did.
    pub status: Option<u16>,
    /// Why there was no answer, in English; empty when there was one.
    pub error: String,
    /// For how long the other system wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl Outcome {
    /// Whether the other system took it: a 2xx status.
    pub fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// Leases up to `limit` endpoints that have something to be sent, for the length of `lease`.
pub fn claim(tx: &Tx<'_>, _by: &System, limit: i64, lease: Duration) -> Result<Vec<Claimed>, Fault> {
    sql::claim(tx, limit, tx.now().after(lease))
}

/// The last event up to which nothing is left to be sent: to no endpoint that gets events, nor to one that was disabled less than
/// [`GIVE_UP_AFTER`] ago, nor out of turn. `None` where there is nobody to send to.
pub(crate) fn sent_by_all(snapshot: &Snapshot<'_>) -> Result<Option<i64>, Fault> {
    sql::sent_by_all(snapshot, snapshot.now().before(GIVE_UP_AFTER))
}

/// What is to be sent now; `None` when the lease counts no more. What staff asked for out of turn comes first.
pub async fn due(app: &App, _by: &System, claimed: &Claimed) -> Result<Option<Batch>, Fault> {
    let claimed = claimed.clone();
    let found = app.read(move |snapshot| {
        let Some((webhook, not_before)) = sql::leased(snapshot, &claimed, "")? else { return Ok(None) };
        let sealed = sql::secrets(snapshot, webhook.id)?;
        let (mut messages, lost) = extras(snapshot, &webhook)?;
        let (mut next, mut head) = (webhook.delivered_seq, webhook.delivered_seq);
        if messages.is_empty() && webhook.disabled.is_none() && not_before <= snapshot.now() {
            let filter = FeedFilter { kinds: webhook.kinds.clone(), ..FeedFilter::default() };
            let page = event::feed_page(snapshot, webhook.delivered_seq, BATCH, &filter)?;
            (next, head) = (page.next, page.head);
            messages = page.events.iter().map(|sealed| Message::of_event(webhook.id, sealed, None)).collect();
        }
        let more = next < head || messages.iter().any(|message| message.extra.is_some());
        Ok::<_, Fault>(Some((webhook.id, sealed, Batch { messages, secrets: Secrets(Vec::new()), more, next, lost })))
    });
    let Some((id, sealed, batch)) = found.await? else { return Ok(None) };
    let open = |(sealed, _): &(Vec<u8>, _)| app.open_bytes(&purpose(id), sealed).and_then(|bytes| Secret::from_bytes(&bytes));
    Ok(Some(Batch { secrets: Secrets(sealed.iter().filter_map(open).collect()), ..batch }))
}

fn extras(snapshot: &Snapshot<'_>, webhook: &Webhook) -> Result<(Vec<Message>, Vec<i64>), Fault> {
    let (mut messages, mut lost) = (Vec::new(), Vec::new());
    for (extra, seq, asked_at) in sql::extras(snapshot, webhook.id, BATCH)? {
        let Some(seq) = seq else {
            messages.push(Message::of_test(webhook.id, extra, asked_at));
            continue;
        };
        let page = event::feed_page(snapshot, seq - 1, 1, &FeedFilter::default())?;
        match page.events.first().filter(|found| found.seq == seq) {
            Some(sealed) => messages.push(Message::of_event(webhook.id, sealed, Some(extra))),
            None => lost.push(extra),
        }
    }
    Ok((messages, lost))
}

/// Writes down what came of a message, and tells whether to go on with the next one: not after a failure, nor when the lease counts
/// no more. After success the lease lasts for `lease` again. `jitter` makes pauses longer by up to a tenth.
pub fn settle(
    tx: &Tx<'_>,
    by: &System,
    claimed: &Claimed,
    message: &Message,
    outcome: &Outcome,
    lease: Duration,
    jitter: u8,
) -> Result<bool, Fault> {
    let Some((webhook, _)) = sql::leased(tx, claimed, tx.for_update())? else { return Ok(false) };
    sql::insert_attempt(tx, webhook.id, message, outcome)?;
    let until = tx.now().after(lease);
    match (message.extra, message.seq) {
        (Some(extra), _) => {
            sql::delete_extra(tx, extra)?;
            if outcome.is_taken() {
                sql::took_extra(tx, webhook.id)?;
            }
            sql::extend(tx, webhook.id, until)?;
            Ok(true)
        }
        (None, Some(seq)) if outcome.is_taken() => {
            sql::took(tx, webhook.id, seq, until)?;
            Ok(true)
        }
        _ => {
            failed(tx, by, &webhook, outcome, jitter)?;
            Ok(false)
        }
    }
}

/// The endpoint has everything of the batch: what it did not want is behind it as well.
pub fn advance(tx: &Tx<'_>, _by: &System, claimed: &Claimed, batch: &Batch) -> Result<(), Fault> {
    for extra in &batch.lost {
        sql::delete_extra(tx, *extra)?;
    }
    sql::advance(tx, claimed, batch.next)
}

/// Gives an endpoint back.
pub fn release(tx: &Tx<'_>, _by: &System, claimed: &Claimed) -> Result<(), Fault> {
    sql::release(tx, claimed)
}

fn failed(tx: &Tx<'_>, by: &System, webhook: &Webhook, outcome: &Outcome, jitter: u8) -> Result<(), Fault> {
    let since = webhook.failing_since.unwrap_or(outcome.at);
    let left = since.after(GIVE_UP_AFTER).since(tx.now());
    if left.is_zero() {
        return give_up(tx, by, webhook);
    }
    let failures = webhook.failures + 1;
    // The last try comes when the time is over.
    let pause = pause_after(failures, outcome.retry_after, jitter).min(left);
    sql::put_off(tx, webhook.id, since, failures, pause)
}

/// How long an endpoint is left alone after so many failures in a row.
fn pause_after(failures: i64, asked: Option<Duration>, jitter: u8) -> Duration {
    let index = usize::try_from(failures).unwrap_or(0).saturating_sub(1);
    let pause = PAUSES.get(index).copied().unwrap_or(LONGEST_PAUSE);
    let pause = pause * (1000 + 100 * u32::from(jitter) / 255) / 1000;
    pause.max(asked.unwrap_or_default().min(LONGEST_PAUSE))
}

/// Disables an endpoint, and tells the admins who could see to it.
fn give_up(tx: &Tx<'_>, by: &System, webhook: &Webhook) -> Result<(), Fault> {
    sql::disable(tx, webhook.id, Because::Failures)?;
    let label = webhook.label();
    tx.record(by.actor(), &Event::new(EventKind::WebhookDisabled).with_detail(&label))?;
    let about = About::default().what(&label).on_page(PAGE);
    for admin in admin::who_may(tx, AdminPermission::Api)? {
        tell_person(tx, &Person { user: None, name: &admin.name, to: &admin.email }, Notice::WebhookDisabled, &about)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_follow_the_schedule_and_vary_by_a_tenth() {
        let seconds = |failures| pause_after(failures, None, 0).as_secs();
        let schedule: Vec<u64> = (1..=11).map(seconds).collect();
        let hour = 3_600;
        let expected = [5, 300, 1_800, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour, 24 * hour, 24 * hour];
        assert_eq!(schedule, expected);
        assert_eq!(pause_after(2, None, 255), Duration::from_secs(330));
    }

    #[test]
    fn the_other_system_may_ask_for_a_longer_pause_of_a_day_at_most() {
        let pause = |asked| pause_after(1, Some(Duration::from_secs(asked)), 0).as_secs();
        assert_eq!((pause(1), pause(60), pause(10_000_000)), (5, 60, 86_400));
    }
}
