//! A worker: claims the work of one kind, does some of it at the same time, and never ends by itself.
//!
//! A worker claims no more than it can begin at once, so that nothing waits under a lease that is
//! running out. A piece that fails or panics keeps its lease and is due again when that ends; a
//! database that is away makes the worker wait, not end.

use std::sync::Arc;
use std::time::Duration;

use latchkey_core::access::System;
use latchkey_core::app::{App, Request, Tx};
use latchkey_core::error::Fault;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use crate::stopped;

/// Pauses between the tries to write down what has been done, while the database is away.
const WRITE_AGAIN_AFTER: [Duration; 5] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8), Duration::from_secs(15)];

/// How much longer than its work a lease lasts: writing down what happened fits in, tries included.
pub(crate) const LEASE_MARGIN: Duration = Duration::from_mins(1);

/// While the database is away, the longest pause is this many ordinary ones.
const LONGEST_PAUSE: u32 = 12;

/// What a worker does.
pub(crate) trait Work: Send + Sync + 'static {
    /// What it claims.
    type Piece: Send + 'static;
    /// How the log calls this work.
    const NAME: &'static str;
    /// How many pieces it does at the same time.
    const AT_ONCE: usize;

    /// How long a piece belongs to this worker; longer than it can take.
    fn lease(&self) -> Duration;

    /// Claims up to `limit` pieces that are due.
    fn claim(tx: &Tx<'_>, limit: i64, lease: Duration) -> Result<Vec<Self::Piece>, Fault>;

    /// Does one piece and writes down what came of it. After an error the piece is due again when
    /// its lease ends.
    fn perform(&self, app: &App, piece: Self::Piece) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// The ticket of this crate.
pub(crate) fn system() -> System {
    System::named("delivery")
}

/// Works until it is time to stop, then finishes what is under way.
pub(crate) async fn run<W: Work>(app: &App, work: W, filled: &Notify, poll_every: Duration, mut shutdown: watch::Receiver<bool>) {
    let mut worker = Worker { app: app.clone(), work: Arc::new(work), under_way: JoinSet::new(), failures: 0 };
    // An interval of nothing is none.
    let poll_every = poll_every.max(Duration::from_millis(1));
    let mut poll = interval(poll_every);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut look = false;
    loop {
        if look {
            look = worker.fill().await;
            worker.back_off(&mut poll, poll_every);
        }
        tokio::select! {
            biased;
            () = stopped(&mut shutdown) => break,
            Some(ended) = worker.under_way.join_next() => worker.report(ended),
            () = filled.notified() => look = true,
            _ = poll.tick() => look = true,
        }
    }
    while let Some(ended) = worker.under_way.join_next().await {
        worker.report(ended);
    }
}

struct Worker<W> {
    app: App,
    work: Arc<W>,
    under_way: JoinSet<Result<(), Fault>>,
    /// How often the database has failed in a row.
    failures: u32,
}

impl<W: Work> Worker<W> {
    /// Begins as much work as there is room for, and tells whether there may be more.
    async fn fill(&mut self) -> bool {
        let room = W::AT_ONCE.saturating_sub(self.under_way.len());
        if room == 0 {
            return true;
        }
        let Some(claimed) = self.claim(room).await else { return false };
        let more = claimed.len() == room;
        for piece in claimed {
            let (app, work) = (self.app.clone(), Arc::clone(&self.work));
            self.under_way.spawn(async move { work.perform(&app, piece).await });
        }
        more
    }

    /// Up to `room` pieces that are due; `None` when the database fails.
    async fn claim(&mut self, room: usize) -> Option<Vec<W::Piece>> {
        let (app, lease) = (self.app.clone(), self.work.lease());
        let limit = i64::try_from(room).unwrap_or(1);
        let claim = async move { app.write(&Request::default(), move |tx| W::claim(tx, limit, lease)).await };
        // In a task of its own: a panic in there ends the task and not the worker.
        let why = match tokio::spawn(claim).await {
            Ok(Ok(claimed)) => {
                self.failures = 0;
                return Some(claimed);
            }
            Ok(Err(fault)) => fault.to_string(),
            Err(ended) => ended.to_string(),
        };
        self.failures = self.failures.saturating_add(1);
        tracing::warn!(work = W::NAME, failures = self.failures, why, "what is promised cannot be read");
        None
    }

    /// While the database is away, it is asked less and less often.
    fn back_off(&self, poll: &mut Interval, poll_every: Duration) {
        if self.failures > 0 {
            poll.reset_after(poll_every.saturating_mul(self.failures.min(LONGEST_PAUSE)));
        }
    }

    fn report(&self, ended: Result<Result<(), Fault>, JoinError>) {
        let why = match ended {
            Ok(Ok(())) => return,
            Ok(Err(fault)) => fault.to_string(),
            Err(ended) => ended.to_string(),
        };
        let again_after = self.work.lease();
        tracing::error!(work = W::NAME, why, ?again_after, "a promise could not be kept and will be tried again");
    }
}

/// Writes down what was done. It was done, so a database that is away for a moment is asked again:
/// what is not written down is done a second time.
pub(crate) async fn write_down<T: Send + 'static>(
    app: &App,
    write: impl Fn(&Tx<'_>) -> Result<T, Fault> + Clone + Send + 'static,
) -> Result<T, Fault> {
    for pause in WRITE_AGAIN_AFTER {
        match app.write(&Request::default(), write.clone()).await {
            Ok(written) => return Ok(written),
            Err(fault) => tracing::warn!(%fault, "what was done cannot be written down yet"),
        }
        sleep(pause).await;
    }
    app.write(&Request::default(), write).await
}

/// A random byte; without randomness the middle.
pub(crate) fn jitter(app: &App) -> u8 {
    let mut byte = [0];
    app.random().fill(&mut byte).map_or(127, |()| u8::from_be_bytes(byte))
}
