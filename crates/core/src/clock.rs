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

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
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
