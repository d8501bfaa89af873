//! Whether two requests can be told apart by how long they take.

use std::time::{Duration, Instant};

use super::World;

/// What is posted: where, and the fields.
pub(crate) type Posted<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// Asks both in turn, as a stranger: their middle times differ by less than what one of them differs from itself. Both are answered
/// with this status every time, so that neither is one that something else held back.
#[allow(clippy::disallowed_methods, reason = "it measures how long an answer takes")]
pub(crate) async fn assert_alike_in_time(world: &World, what: &str, status: u16, asked: [Posted<'_>; 2]) {
    let somebody = world.server.anonymous();
    somebody.token(asked[0].0).await;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..120 {
        // Nobody is held back: that is another test.
        world.app.clock.advance(Duration::from_mins(30));
        for (times, (path, fields)) in times.iter_mut().zip(asked) {
            let begun = Instant::now();
            let answer = somebody.post(path, fields).await;
            let took = begun.elapsed();
            assert_eq!(answer.status, status, "{what}: {}", answer.text());
            if round >= 20 {
                times.push(took);
            }
        }
    }
    for times in &mut times {
        times.sort();
    }
    let [one, other] = times.map(|times| [25, 50, 75].map(|percent| times[times.len() * percent / 100]));
    let spread = one[2].max(other[2]).abs_diff(one[0].min(other[0]));
    let difference = one[1].abs_diff(other[1]);
    assert!(
        difference <= spread.max(Duration::from_micros(500)),
        "{what}: {difference:?} between the medians, spread {spread:?}"
    );
}
