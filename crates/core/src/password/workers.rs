//! Threads for work that takes long, one per core, at a lower priority than the threads that answer requests: a page is not
//! kept waiting by logins, and what the pages leave of the processor is theirs.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// How much nicer they are than the rest of the process: three to one while both have work (`nice(2)`).
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

type Job = Box<dyn FnOnce() + Send>;

/// They end when this is dropped.
pub(super) struct Workers(Sender<Job>);

impl Workers {
    /// Starts so many threads. One that cannot be started is missing; without any, [`Workers::run`] answers nothing.
    pub(super) fn start(count: NonZeroUsize) -> Self {
        let (jobs, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..count.get() {
            let waiting = Arc::clone(&waiting);
            // What cannot be started is missing: then hashing is a fault, and the door that asked for it says so.
            let _ = std::thread::Builder::new().name("password".to_owned()).spawn(move || work(&waiting));
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

fn work(waiting: &Mutex<Receiver<Job>>) {
    // On Linux this is of the calling thread alone. Where it is refused, passwords are hashed at the priority of pages.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICENESS);
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // The caller hears of a panic by the answer that never comes.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_ends_neither_its_thread_nor_other_work() {
        let workers = Workers::start(NonZeroUsize::MIN);
        assert_eq!(workers.run(|| -> u8 { panic!("on purpose") }).await, None);
        assert_eq!(workers.run(|| 7).await, Some(7));
    }
}
