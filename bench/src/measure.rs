//! Rounds, samples, and what is said of several of them.
#![allow(clippy::cast_precision_loss, reason = "counts and times are far below 2^52")]

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use tokio::task::JoinSet;

/// How long and how often things are measured.
pub(crate) struct Plan {
    /// Rounds; each measures the bare limit and all that is compared with it, one after the other.
    pub(crate) rounds: usize,
    /// How long one thing is measured in one round.
    pub(crate) slot: Duration,
    /// The same for things that happen less than a hundred times a second.
    pub(crate) long_slot: Duration,
    /// The same for a page that is asked for some sixty times a second: of all rounds' pages the slowest hundredth must be many.
    pub(crate) page_slot: Duration,
}

impl Plan {
    pub(crate) const FULL: Self = Self {
        rounds: 5,
        slot: Duration::from_millis(500),
        long_slot: Duration::from_millis(1500),
        page_slot: Duration::from_secs(8),
    };
    pub(crate) const QUICK: Self = Self {
        rounds: 2,
        slot: Duration::from_millis(250),
        long_slot: Duration::from_secs(1),
        page_slot: Duration::from_secs(4),
    };
}

/// A stopwatch.
#[allow(clippy::disallowed_methods, reason = "measuring is what this program is for")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// What one slot gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    /// How often per second.
    pub(crate) per_second: f64,
    /// How long each took; empty where nobody looked.
    pub(crate) latencies: Vec<Duration>,
    /// Processor time of the server; nothing where nobody looked.
    pub(crate) processor: Duration,
}

impl Sample {
    pub(crate) fn counted(count: usize, took: Duration) -> Self {
        Self { per_second: count as f64 / took.as_secs_f64(), ..Self::default() }
    }

    pub(crate) fn timed(latencies: Vec<Duration>, took: Duration) -> Self {
        let counted = Self::counted(latencies.len(), took);
        Self { latencies, ..counted }
    }

    /// The same of what was asked for over many connections at once, each with its latency and when it was answered. An answer counts the
    /// less the nearer it is to either end of the span, within a quarter of it: whether one comes just before the end or just
    /// after it makes no difference, however few there are, nor does it matter that nothing was half done at the beginning.
    pub(crate) fn answered(answers: &[(Duration, Duration)], span: Duration) -> Self {
        let ramp = span.as_secs_f64() / 4.0;
        let weight = |at: Duration| {
            let inside = (at.min(span.saturating_sub(at)).as_secs_f64() / ramp).min(1.0);
            // Without a corner at either end of the slope, where an answer more or less would count.
            inside * inside * (3.0 - 2.0 * inside)
        };
        let count: f64 = answers.iter().map(|(_, at)| weight(*at)).sum();
        Self {
            per_second: count / (span.as_secs_f64() - ramp),
            latencies: answers.iter().map(|(latency, _)| *latency).collect(),
            ..Self::default()
        }
    }
}

/// The samples of all rounds of one thing.
#[derive(Default)]
pub(crate) struct Series(Vec<Sample>);

impl Series {
    pub(crate) fn push(&mut self, sample: Sample) {
        self.0.push(sample);
    }

    pub(crate) fn per_second(&self) -> Spread {
        Spread::of(self.0.iter().map(|sample| sample.per_second))
    }

    /// Between each sample and the next: what the machine did just before and just after something else.
    pub(crate) fn between(&self) -> Self {
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        let middle = |(before, after): (&Sample, &Sample)| f64::midpoint(before.per_second, after.per_second);
        Self(pairs.map(middle).map(|per_second| Sample { per_second, ..Sample::default() }).collect())
    }

    /// `units` of this for each of the other, round by round.
    pub(crate) fn share_of(&self, limit: &Self, units: f64) -> Spread {
        Spread::of(self.0.iter().zip(&limit.0).map(|(own, bare)| own.per_second * units / bare.per_second))
    }

    /// Processor time of the server for each request, in milliseconds.
    pub(crate) fn processor_time(&self) -> f64 {
        let (used, count) = self
            .0
            .iter()
            .fold((Duration::ZERO, 0), |(used, count), sample| (used + sample.processor, count + sample.latencies.len()));
        used.as_secs_f64() * 1000.0 / count as f64
    }

    /// The latency that this share of all requests of all rounds stayed below, in milliseconds.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let mut all: Vec<Duration> = self.0.iter().flat_map(|sample| sample.latencies.iter().copied()).collect();
        all.sort_unstable();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
        let index = (all.len() as f64 * share) as usize;
        all.get(index.min(all.len().saturating_sub(1))).copied().unwrap_or_default().as_secs_f64() * 1000.0
    }
}

/// The middle of several values, and how far they lie apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let (half, last) = (values.len() / 2, values.len().saturating_sub(1));
        let median = if values.len().is_multiple_of(2) { f64::midpoint(at(half.wrapping_sub(1)), at(half)) } else { at(half) };
        Self { median, min: at(0), max: at(last) }
    }
}

/// Does what each worker does, again and again, each on a thread of its own, until the time is over.
pub(crate) fn on_threads<W: FnMut() -> anyhow::Result<()> + Send>(workers: Vec<W>, span: Duration) -> anyhow::Result<Sample> {
    let begun = now();
    let rates = std::thread::scope(|scope| {
        let count = |mut worker: W| {
            move || {
                let mut count = 0;
                while begun.elapsed() < span {
                    worker()?;
                    count += 1;
                }
                // Each by its own clock: none waits for the last.
                Ok::<f64, anyhow::Error>(Sample::counted(count, begun.elapsed()).per_second)
            }
        };
        let threads: Vec<_> = workers.into_iter().map(|worker| scope.spawn(count(worker))).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a worker panicked"))?).collect::<Result<Vec<_>, _>>()
    })?;
    Ok(Sample { per_second: rates.iter().sum(), ..Sample::default() })
}

/// Does what each worker does, again and again, each in a task of its own, until the time is over.
pub(crate) async fn in_tasks<W, F>(workers: Vec<W>, span: Duration) -> anyhow::Result<Sample>
where
    W: FnMut() -> F + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let begun = now();
    let mut tasks = JoinSet::new();
    for mut worker in workers {
        tasks.spawn(async move {
            let mut count = 0;
            while begun.elapsed() < span {
                worker().await?;
                count += 1;
            }
            Ok::<usize, anyhow::Error>(count)
        });
    }
    let mut count = 0;
    while let Some(ended) = tasks.join_next().await {
        count += ended.context("a worker panicked")??;
    }
    Ok(Sample::counted(count, begun.elapsed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle() {
        let odd = Spread::of([3.0, 1.0, 2.0]);
        assert_eq!((odd.median, odd.min, odd.max), (2.0, 1.0, 3.0));
        assert!((Spread::of([1.0, 2.0, 3.0, 10.0]).median - 2.5).abs() < f64::EPSILON);
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let series = |rates: [f64; 3]| Series(rates.map(|per_second| Sample { per_second, ..Sample::default() }).to_vec());
        // The machine was half as fast in the second round; the share is the same.
        let share = series([10.0, 5.0, 10.0]).share_of(&series([100.0, 50.0, 100.0]), 2.0);
        assert!((share.min - 0.2).abs() < 1e-9 && (share.max - 0.2).abs() < 1e-9);
    }

    #[test]
    fn between_two_samples_stands_their_middle() {
        let series = |rates: &[f64]| Series(rates.iter().map(|rate| Sample { per_second: *rate, ..Sample::default() }).collect());
        let share = series(&[9.0, 9.0]).share_of(&series(&[10.0, 8.0, 10.0]).between(), 1.0);
        assert!((share.min - 1.0).abs() < 1e-9 && (share.max - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_answered_after_the_span_has_a_latency_and_no_rate_and_near_its_ends_less_of_one() {
        let millis = Duration::from_millis;
        let rate = |at: u64| Sample::answered(&[(millis(99), millis(at))], millis(1000)).per_second;
        let full = 1.0 / 0.75;
        for (at, expected) in [(0, 0.0), (125, full / 2.0), (250, full), (750, full), (875, full / 2.0), (1000, 0.0)] {
            assert!((rate(at) - expected).abs() < 1e-9, "{at}: {}", rate(at));
        }
        assert_eq!(Sample::answered(&[(millis(99), millis(1300))], millis(1000)).latencies, [millis(99)]);
        assert!(Sample::answered(&[], millis(1000)).per_second.abs() < 1e-9);
    }

    /// Two cores that begin at once and need this long for each do two in that time, wherever the span ends.
    #[test]
    fn what_is_half_done_at_the_end_is_made_up_for_by_what_began_unfinished() {
        let span = Duration::from_millis(1500);
        for period in 94..165_u32 {
            let ends = (1..=40).flat_map(|n| [Duration::from_millis(u64::from(period * n)); 2]);
            let rate = Sample::answered(&ends.map(|at| (at, at)).collect::<Vec<_>>(), span).per_second;
            let share = rate / (2000.0 / f64::from(period));
            assert!((share - 1.0).abs() < 0.003, "{period} ms: {share}");
        }
    }

    #[test]
    fn percentiles_are_of_all_rounds() {
        let sample =
            |millis: std::ops::Range<u64>| Sample { latencies: millis.map(Duration::from_millis).collect(), ..Sample::default() };
        let series = Series(vec![sample(50..100), sample(0..50)]);
        assert!((series.percentile(0.5) - 50.0).abs() < 1e-9);
        assert!((series.percentile(0.99) - 99.0).abs() < 1e-9);
    }
}
