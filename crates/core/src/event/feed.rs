//! The feed: sealed events by number. Whoever keeps the number it was told last and asks for what comes after misses nothing and gets
//! nothing twice.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::seal::head;
use super::{ChainHash, EventKind, FeedError, Recorded, beginning, sql};
use crate::access::{AllowedAdmin, ViewLog};
use crate::app::{App, Snapshot};
use crate::error::Fault;
use crate::id::{AccountId, UserId};

/// Most events of one page.
pub const MAX_PAGE: i64 = 1_000;
/// Longest wait of a long poll.
pub const MAX_WAIT: Duration = Duration::from_secs(30);
/// Numbers that one page looks through for what the filter wants.
const SCAN: i64 = 20_000;

/// Which events are wanted. What is `None` or empty does not narrow.
#[derive(Clone, Debug, Default)]
pub struct FeedFilter {
    /// Of one of these kinds.
    pub kinds: Vec<EventKind>,
    /// In this account.
    pub account: Option<AccountId>,
    /// Concerning this user, or done by it.
    pub user: Option<UserId>,
}

/// A sealed event.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Its number: 1, 2, 3 … without gaps, in the order in which they were committed.
    pub seq: i64,
    /// Its link of the chain.
    pub hash: ChainHash,
    /// What happened.
    pub event: Recorded,
}

/// Some of the feed.
#[derive(Clone, Debug)]
pub struct FeedPage {
    /// What the filter found, in order.
    pub events: Vec<Sealed>,
    /// What to ask after the next time: the last event's number, or a later one when the filter wants nothing up to there.
    pub next: i64,
    /// The number of the last sealed event. There is more to read as long as `next` is below it.
    pub head: i64,
}

/// The events after number `after` that the filter wants, at most `limit` and never more than [`MAX_PAGE`].
///
/// A page can be empty and still have a `next` to go on from: a page looks through a bounded number of events. Number 0 is the
/// beginning, wherever that is.
///
/// # Errors
/// [`FeedError::Removed`] when some of what comes after this number is no longer there: a reader that has fallen behind has to know.
pub fn feed(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewLog>,
    after: i64,
    limit: i64,
    filter: &FeedFilter,
) -> Result<FeedPage, FeedError> {
    let beginning = beginning(snapshot)?;
    let after = if after <= 0 { beginning.last_removed.seq } else { after };
    if after < beginning.last_removed.seq {
        return Err(FeedError::Removed { first: beginning.first() });
    }
    Ok(page(snapshot, after, limit, filter)?)
}

/// The same for the machine's own readers.
pub(crate) fn page(snapshot: &Snapshot<'_>, after: i64, limit: i64, filter: &FeedFilter) -> Result<FeedPage, Fault> {
    let head = head(snapshot)?.seq;
    let (after, limit) = (after.max(0), limit.clamp(1, MAX_PAGE));
    let until = head.min(after.saturating_add(SCAN));
    if until <= after {
        return Ok(FeedPage { events: Vec::new(), next: after, head });
    }
    let events = sql::feed(snapshot, after, until, limit, filter)?;
    let is_full = i64::try_from(events.len()) == Ok(limit);
    let next = events.last().filter(|_| is_full).map_or(until, |last| last.seq);
    Ok(FeedPage { events, next, head })
}

/// Like [`feed`], and while there is nothing waits for events, `at_most` so long and never longer than [`MAX_WAIT`]; then the page
/// is empty. `ticket` is asked before each look, so that whoever loses the right while waiting is told nothing more.
///
/// Events that another node seals are seen as soon as this node's sealer looks: some second later.
pub async fn long_poll<E>(
    app: &App,
    after: i64,
    limit: i64,
    filter: &FeedFilter,
    at_most: Duration,
    ticket: impl Fn(&Snapshot<'_>) -> Result<AllowedAdmin<ViewLog>, E> + Clone + Send + 'static,
) -> Result<FeedPage, E>
where
    E: From<Fault> + From<FeedError> + Send + 'static,
{
    let deadline = Instant::now() + at_most.min(MAX_WAIT);
    let mut after = after;
    loop {
        let (ticket, filter) = (ticket.clone(), filter.clone());
        let read = app.read(move |snapshot| Ok::<_, E>(feed(snapshot, &ticket(snapshot)?, after, limit, &filter)?));
        let page = read.await?;
        after = page.next;
        if !page.events.is_empty() {
            return Ok(page);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if page.next >= page.head && !wait_for_sealed(app, page.next, left).await || left.is_zero() {
            return Ok(page);
        }
    }
}

/// Waits until an event after this number is sealed, or for `at_most`; whether there is one.
pub async fn wait_for_sealed(app: &App, after: i64, at_most: Duration) -> bool {
    let mut heads = app.sealed();
    timeout(at_most, heads.wait_for(|head| *head > after)).await.is_ok_and(|found| found.is_ok())
}
