//! Whether two requests can be told apart by how long they take.

use std::time::{Duration, Instant};

use super::World;

/// What is posted: where, and the fields.
pub(crate) type Posted<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// Differences below this are not seen over a network.
const UNSEEN: Duration = Duration::from_micros(500);

/// Asks both in turn, as a stranger: their middle times differ by less than what one of them differs from itself. Both are answered
/// with this status every time, so that neither is one that something else held back. A difference that is there is there in each
/// series; what else the machine does is not.
pub(crate) async fn assert_alike_in_time(world: &World, what: &str, status: u16, asked: [Posted<'_>; 2]) {
    let somebody = world.server.anonymous();
    somebody.token(asked[0].0).await;
    let mut differences = Vec::new();
    while differences.len() < 3 {
        match difference(series(world, &somebody, status, asked).await) {
            Some(difference) => differences.push(difference),
            None => return,
        }
    }
    panic!("{what}: {differences:?} between the medians of three series");
}

#[allow(clippy::disallowed_methods, reason = "it measures how long an answer takes")]
async fn series(world: &World, by: &super::Actor, status: u16, asked: [Posted<'_>; 2]) -> [Vec<Duration>; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..120 {
        // Nobody is held back: that is another test.
        world.app.clock.advance(Duration::from_mins(30));
        for (times, (path, fields)) in times.iter_mut().zip(asked) {
            let begun = Instant::now();
            let answer = by.post(path, fields).await;
            let took = begun.elapsed();
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
            if round >= 20 {
                times.push(took);
            }
        }
    }
    times
}

/// The difference between the medians, where it is more than the middle half of either is wide.
fn difference(mut times: [Vec<Duration>; 2]) -> Option<Duration> {
    for times in &mut times {
        times.sort();
    }
    let [one, other] = times.map(|times| [25, 50, 75].map(|percent| times[times.len() * percent / 100]));
    let difference = one[1].abs_diff(other[1]);
    let spread = one[2].abs_diff(one[0]).max(other[2].abs_diff(other[0]));
    (difference > spread.max(UNSEEN)).then_some(difference)
}

#[test]
fn what_takes_longer_is_told_from_what_varies() {
    let times = |from: u64| (from..from + 1_000).step_by(10).map(Duration::from_micros).collect::<Vec<_>>();
    assert_eq!(difference([times(4_000), times(4_000)]), None);
    assert_eq!(difference([times(4_000), times(4_400)]), None, "less than each varies by itself");
    assert_eq!(difference([times(4_000), times(4_600)]), Some(Duration::from_micros(600)));
    assert_eq!(difference([times(9_000), times(4_000)]), Some(Duration::from_millis(5)));
}
