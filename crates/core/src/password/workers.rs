//! Threads for work that takes long, one per core, at a lower priority than the threads that answer requests: a page is not
//! kept waiting by logins, and what the pages leave of the processor is theirs. In quiet times they let go of what they hold.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// How much nicer they are than the rest of the process: three to one while both have work (`nice(2)`).
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

type Job = Box<dyn FnOnce() + Send>;

/// They end when this is dropped.
pub(super) struct Workers(Sender<Job>);

impl Workers {
    /// Starts so many threads, and calls `rest` when there was no work for so long. One that cannot be started is missing; without any, [`Workers::run`] answers nothing.
    pub(super) fn start(count: NonZeroUsize, quiet: Duration, rest: impl Fn() + Send + Sync + 'static) -> Self {
        let (jobs, waiting) = channel();
        let shared = Arc::new((Mutex::new(waiting), rest));
        for _ in 0..count.get() {
            let shared = Arc::clone(&shared);
            // What cannot be started is missing: then hashing is a fault, and the door that asked for it says so.
            let _ = std::thread::Builder::new().name("password".to_owned()).spawn(move || work(&shared.0, quiet, &shared.1));
        }
        Self(jobs)
    }

    /// The work's result; `None` when it panicked. Work whose caller has gone away before its turn is not begun.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let job = move || {
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        };
        self.0.send(Box::new(job)).ok()?;
        answered.await.ok()
    }
}

fn work(waiting: &Mutex<Receiver<Job>>, quiet: Duration, rest: &dyn Fn()) {
    // On Linux this is of the calling thread alone. Where it is refused, passwords are hashed at the priority of pages.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICENESS);
    loop {
        let Some(job) = next(waiting, quiet, rest) else { return };
        // The caller hears of a panic by the answer that never comes.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

/// The next job; `None` when there will be no more.
fn next(waiting: &Mutex<Receiver<Job>>, quiet: Duration, rest: &dyn Fn()) -> Option<Job> {
    // Whoever has the lock waits for all of them: when nothing comes for so long, none of them has anything to do.
    let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    match waiting.recv_timeout(quiet) {
        Err(RecvTimeoutError::Timeout) => {
            rest();
            waiting.recv().ok()
        }
        job => job.ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn work_that_panics_ends_neither_its_thread_nor_other_work() {
        let workers = Workers::start(NonZeroUsize::MIN, QUIET, || {});
        assert_eq!(workers.run(|| -> u8 { panic!("on purpose") }).await, None);
        assert_eq!(workers.run(|| 7).await, Some(7));
    }

    #[tokio::test]
    async fn they_rest_once_when_nothing_comes_and_work_again_when_something_does() {
        let (rested, mut rests) = tokio::sync::mpsc::unbounded_channel();
        let three = NonZeroUsize::new(3).unwrap();
        let workers = Workers::start(three, Duration::from_millis(5), move || rested.send(()).unwrap());
        rests.recv().await.unwrap();
        assert_eq!(workers.run(|| 7).await, Some(7));
        rests.recv().await.unwrap();
    }
}
