//! Moments as the API writes them: RFC 3339 in UTC.

use latchkey_core::clock::Timestamp;

/// A moment as text.
pub(crate) fn at(moment: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(moment.as_micros()).map(|moment| moment.to_string()).unwrap_or_default()
}

/// A moment that may not have come.
pub(crate) fn maybe(moment: Option<Timestamp>) -> Option<String> {
    moment.map(at)
}

/// Reads a moment with its offset.
pub(crate) fn parse(text: &str) -> Result<Timestamp, &'static str> {
    let moment: jiff::Timestamp = text.trim().parse().map_err(|_| "error-time")?;
    Ok(Timestamp::from_micros(moment.as_microsecond()))
}
