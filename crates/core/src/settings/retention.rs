//! How long what is over is kept.

use std::time::Duration;

use super::{get, put};
use crate::access::{AllowedAdmin, ConfigureSystem};
use crate::app::{Snapshot, Tx};
use crate::error::{Fault, Fields, Invalid};
use crate::event::{Event, EventKind};

const DAY: u64 = 86_400;
/// The most that can be set, in days: a hundred years.
const MOST: u64 = 36_500;

/// One kind of data: its key, its field, how it is without a setting, and the fewest days that can be set.
struct Keep {
    key: &'static str,
    field: &'static str,
    default: Option<u64>,
    fewest: u64,
    refused: &'static str,
}

const MAILS: Keep =
    Keep { key: "retention.mail_days", field: "mail_days", default: Some(365), fewest: 1, refused: "error-keep-days" };
const LOG: Keep =
    Keep { key: "retention.log_days", field: "log_days", default: None, fewest: 90, refused: "error-keep-log-days" };

impl Keep {
    fn allows(&self, days: u64) -> bool {
        (self.fewest..=MOST).contains(&days)
    }

    /// What was typed: whole days; nothing or 0 is for ever.
    fn take(&self, typed: &str, fields: &mut Fields) -> Option<u64> {
        let parsed = match typed.trim() {
            "" | "0" => Ok(0),
            typed => typed.parse().ok().filter(|days| self.allows(*days)).ok_or(self.refused),
        };
        fields.take(self.field, parsed)
    }

    /// What is stored; what cannot be, counts as not set.
    fn read(&self, snapshot: &Snapshot<'_>) -> Result<Option<Duration>, Fault> {
        let stored = get(snapshot, self.key)?.and_then(|stored| stored.parse().ok());
        let stored = stored.filter(|days| *days == 0 || self.allows(*days));
        Ok(stored.or(self.default).and_then(span))
    }
}

/// So many days; none for 0, which is for ever.
fn span(days: u64) -> Option<Duration> {
    (days > 0).then(|| Duration::from_secs(days * DAY))
}

/// Whole days; 0 is for ever.
fn days(span: Option<Duration>) -> u64 {
    span.map_or(0, |span| span.as_secs() / DAY)
}

/// How long things are kept; `None` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Mails, from the moment when they were sent, given up or taken back.
    pub mails: Option<Duration>,
    /// The log, from its end back.
    pub log: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { mails: MAILS.default.and_then(span), log: LOG.default.and_then(span) }
    }
}

impl Retention {
    /// Reads what was typed: whole days, nothing or 0 for ever.
    pub fn parse(mail_days: &str, log_days: &str) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let (mails, log) = (MAILS.take(mail_days, &mut fields), LOG.take(log_days, &mut fields));
        fields.finish()?;
        mails.zip(log).map(|(mails, log)| Self { mails: span(mails), log: span(log) }).ok_or_else(Vec::new)
    }
}

/// How long things are kept.
pub fn retention(snapshot: &Snapshot<'_>) -> Result<Retention, Fault> {
    Ok(Retention { mails: MAILS.read(snapshot)?, log: LOG.read(snapshot)? })
}

/// Changes how long things are kept, where that is another time than before.
pub fn set_retention(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, chosen: &Retention) -> Result<(), Fault> {
    let present = retention(tx)?;
    for (keep, before, after) in [(MAILS, present.mails, chosen.mails), (LOG, present.log, chosen.log)] {
        if before != after {
            put(tx, keep.key, &days(after).to_string())?;
            let detail = format!("{} {} → {}", keep.key, days(before), days(after));
            tx.record(by.actor(), &Event::new(EventKind::SettingsChanged).with_detail(detail))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_for_ever_and_what_cannot_be_is_refused() {
        assert_eq!(Retention::parse("365", ""), Ok(Retention::default()));
        for for_ever in ["", " ", "0"] {
            assert_eq!(Retention::parse(for_ever, for_ever), Ok(Retention { mails: None, log: None }));
        }
        assert_eq!(Retention::parse(" 1 ", "90"), Ok(Retention { mails: span(1), log: span(90) }));
        for refused in ["-1", "x", "1.5", "36501", "99999999999999999999"] {
            assert_eq!(Retention::parse(refused, ""), Err(vec![Invalid::new("mail_days", "error-keep-days")]), "{refused}");
        }
        assert_eq!(Retention::parse("", "89"), Err(vec![Invalid::new("log_days", "error-keep-log-days")]));
    }
}
