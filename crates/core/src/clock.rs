//! Time as Latchkey keeps it, and where it comes from.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::db::{DbError, FromValue, Nullable, ToValue, Value};

/// A moment: microseconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since 1970 in UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970 in UTC.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The moment `span` later; the end of time when there is none.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros(span)))
    }

    /// The moment `span` earlier; the beginning of time when there is none.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros(span)))
    }

    /// As RFC 3339 in UTC, with microseconds: `2026-11-24T08:00:00.000000Z`.
    pub fn to_rfc3339(self) -> String {
        let second = self.0.div_euclid(1_000_000);
        let (day, of_day) = (second.div_euclid(86_400), second.rem_euclid(86_400));
        let (year, month, day) = civil(day);
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:06}Z", self.0.rem_euclid(1_000_000))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Year, month and day of a day since 1970, by eras of 400 years that begin in March.
const fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

impl ToValue for Timestamp {
    fn to_value(&self) -> Value {
        Value::Int(Some(self.0))
    }
}

impl Nullable for Timestamp {
    fn null() -> Value {
        Value::Int(None)
    }
}

impl FromValue for Timestamp {
    fn from_value(value: Value) -> Result<Self, DbError> {
        i64::from_value(value).map(Self)
    }
}

/// Where `now` comes from. Nothing else in core reads a clock; clippy's `disallowed-methods` sees to it.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that is set and moved by hand: for tests, and for the demo's past.
    pub fn set(start: Timestamp) -> Self {
        Self(Source::Set(Arc::new(AtomicI64::new(start.0))))
    }

    /// Moves a set clock forward; the machine's clock takes no notice.
    pub fn advance(&self, span: Duration) {
        if let Source::Set(now) = &self.0 {
            now.fetch_add(micros(span), Ordering::SeqCst);
        }
    }

    /// The present moment.
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp(micros(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())),
            Source::Set(now) => Timestamp(now.load(Ordering::SeqCst)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_rfc_3339() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_795_507_200_000_001, "2026-11-24T08:00:00.000001Z"),
            (4_107_542_399_000_000, "2100-02-28T23:59:59.000000Z"),
        ] {
            assert_eq!(Timestamp(micros).to_rfc3339(), text);
        }
    }
}
