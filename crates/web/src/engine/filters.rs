//! Times as people read them.

use std::time::Duration;

use latchkey_core::clock::{Clock, Timestamp};
use latchkey_core::merge::{self, Piece};
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind};

/// A moment to the minute, as people read it.
pub(crate) const EXACT: &str = "%-d %b %Y, %H:%M UTC";

pub(super) fn add(environment: &mut Environment<'static>, clock: Clock) {
    environment.add_filter("ago", move |at: Value| field_or(at, |micros| Ok(ago(Timestamp::from_micros(micros), clock.now()))));
    environment.add_filter("exact", |at: Value| field_or(at, |micros| written(micros, EXACT)));
    environment.add_filter("iso", |at: Value| field_or(at, |micros| written(micros, "%Y-%m-%dT%H:%M:%SZ")));
    environment.add_filter("day", |at: Value| field_or(at, |micros| written(micros, "%-d %b %Y")));
}

/// A moment in words. A merge field stands for itself: so what a mail's template says is read as words with fields.
fn field_or(at: Value, words: impl Fn(i64) -> Result<String, Error>) -> Result<String, Error> {
    let is_field = |text: &str| matches!(merge::pieces(text).next(), Some(Piece::Field(_)));
    match at.as_str().filter(|text| is_field(text)) {
        Some(field) => Ok(field.to_owned()),
        None => words(i64::try_from(at)?),
    }
}

/// A moment in UTC, by a `strftime` pattern.
pub(crate) fn format(at: Timestamp, pattern: &str) -> Option<String> {
    let moment = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
    Some(moment.strftime(pattern).to_string())
}

/// The first moment of a day written as `2026-11-24`, in UTC.
pub(crate) fn parse_day(text: &str) -> Option<Timestamp> {
    let midnight = format!("{}T00:00:00Z", text.trim()).parse::<jiff::Timestamp>().ok()?;
    Some(Timestamp::from_micros(midnight.as_microsecond()))
}

pub(super) fn written(micros: i64, pattern: &str) -> Result<String, Error> {
    format(Timestamp::from_micros(micros), pattern).ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "no such time"))
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long ago, or in how long: the largest unit that fits.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let (span, ahead) = if at > now { (at.since(now), true) } else { (now.since(at), false) };
    let seconds = (span + Duration::from_millis(500)).as_secs();
    let (count, unit) = match seconds {
        0..45 => return if ahead { "in a moment".to_owned() } else { "just now".to_owned() },
        45..HOUR => ((seconds + 30) / MINUTE, "minute"),
        HOUR..DAY => ((seconds + HOUR / 2) / HOUR, "hour"),
        _ if seconds < 60 * DAY => ((seconds + DAY / 2) / DAY, "day"),
        _ if seconds < 730 * DAY => (seconds / (30 * DAY), "month"),
        _ => (seconds / (365 * DAY), "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if ahead { format!("in {count} {unit}{plural}") } else { format!("{count} {unit}{plural} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_largest_unit_that_fits() {
        let now = Timestamp::from_micros(1_795_507_200_000_000);
        for (seconds, expected) in [
            (3, "just now"),
            (61, "1 minute ago"),
            (50 * 60, "50 minutes ago"),
            (2 * 3600, "2 hours ago"),
            (86_400, "1 day ago"),
            (59 * 86_400, "59 days ago"),
            (100 * 86_400, "3 months ago"),
            (800 * 86_400, "2 years ago"),
        ] {
            assert_eq!(ago(now.before(Duration::from_secs(seconds)), now), expected);
        }
        assert_eq!(ago(now.after(Duration::from_hours(7 * 24)), now), "in 7 days");
        assert_eq!(format(now, EXACT).as_deref(), Some("24 Nov 2026, 08:00 UTC"));
    }
}
