//! Times as the protocol writes them, in UTC.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use latchkey_core::clock::Timestamp;

/// The earliest time there is, for what never happened.
pub(super) const NEVER: &str = "0000-00-00 00:00:00";

/// `2026-11-24 08:00:00`.
pub(super) fn date_time(at: Timestamp) -> String {
    format(at, "%Y-%m-%d %H:%M:%S")
}

/// `2026-11-24`.
pub(super) fn date(at: Timestamp) -> String {
    format(at, "%Y-%m-%d")
}

/// `24/11/2026 08:00`.
pub(super) fn day_and_minute(at: Timestamp) -> String {
    format(at, "%d/%m/%Y %H:%M")
}

/// `24th November 2026 8:00:00am`.
pub(super) fn in_words(at: Timestamp) -> String {
    let day = format(at, "%-d");
    let suffix = match day.as_str() {
        "1" | "21" | "31" => "st",
        "2" | "22" => "nd",
        "3" | "23" => "rd",
        _ => "th",
    };
    format!("{day}{suffix} {}{}", format(at, "%B %Y %-I:%M:%S"), format(at, "%p").to_lowercase())
}

fn format(at: Timestamp, pattern: &str) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros()).map(|at| at.strftime(pattern).to_string()).unwrap_or_default()
}

/// Reads `2026-11-24 08:00:00`.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime("%Y-%m-%d %H:%M:%S", text.trim()).ok()?;
    Some(Timestamp::from_micros(TimeZone::UTC.to_timestamp(civil).ok()?.as_microsecond()))
}

/// The day of `24/11/2026`, `2026-11-24` or a moment of it: its first moment, and the first after it.
pub(super) fn day(text: &str) -> Option<(Timestamp, Timestamp)> {
    let text = text.trim();
    let day = Date::strptime("%d/%m/%Y", text).or_else(|_| Date::strptime("%Y-%m-%d", text.get(..10).unwrap_or(text))).ok()?;
    let first = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()?.as_microsecond();
    Some((Timestamp::from_micros(first), Timestamp::from_micros(first + 86_400_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read_in_utc() {
        let at = Timestamp::from_micros(1_795_507_200_000_000);
        assert_eq!((date_time(at).as_str(), date(at).as_str()), ("2026-11-24 08:00:00", "2026-11-24"));
        assert_eq!((day_and_minute(at).as_str(), in_words(at).as_str()), ("24/11/2026 08:00", "24th November 2026 8:00:00am"));
        assert_eq!(moment("2026-11-24 08:00:00"), Some(at));
        assert_eq!(day("24/11/2026"), day("2026-11-24"));
        assert!(day("2026-11-24 23:59:59").is_some_and(|(from, until)| from < at && at < until));
        assert_eq!((moment("soon"), day("31/02/2026"), day("")), (None, None, None));
    }
}
