//! Whether forms of strangers ask for a proof of work, and how much of it.

use std::time::Duration;

use crate::error::{Fields, Invalid};

/// When a puzzle is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// Never.
    #[default]
    Never,
    /// After a few failures from the same address.
    AfterFailures,
    /// Always.
    Always,
}

impl When {
    /// Every choice, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Never, Self::AfterFailures, Self::Always];

    /// The key in the database and in forms.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::AfterFailures => "after-failures",
            Self::Always => "always",
        }
    }
}

const BITS: std::ops::RangeInclusive<u32> = 8..=20;
const WAIT_SECONDS: std::ops::RangeInclusive<u64> = 1..=60;

/// What is asked of a browser before a form of a stranger is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Puzzles {
    /// When.
    pub when: When,
    /// Zero bits in front of the hash: one more doubles the work.
    pub bits: u32,
    /// How long who runs no scripts waits instead.
    pub wait: Duration,
}

impl Default for Puzzles {
    fn default() -> Self {
        Self { when: When::Never, bits: 15, wait: Duration::from_secs(5) }
    }
}

pub(super) const WHEN: &str = "security.puzzle_when";
pub(super) const BITS_KEY: &str = "security.puzzle_bits";
pub(super) const WAIT_KEY: &str = "security.puzzle_wait_seconds";

impl Puzzles {
    /// Reads what was typed: the key of a [`When`], bits and seconds.
    pub fn parse(when: &str, bits: &str, wait: &str) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let chosen = When::ALL.into_iter().find(|choice| choice.key() == when);
        let when = fields.take("puzzle_when", chosen.ok_or("error-puzzle-when-unknown"));
        let bits = bits.trim().parse().ok().filter(|bits| BITS.contains(bits));
        let bits = fields.take("puzzle_bits", bits.ok_or("error-puzzle-bits"));
        let wait = wait.trim().parse().ok().filter(|seconds| WAIT_SECONDS.contains(seconds));
        let wait = fields.take("puzzle_wait", wait.ok_or("error-puzzle-wait"));
        fields.finish()?;
        match (when, bits, wait) {
            (Some(when), Some(bits), Some(wait)) => Ok(Self { when, bits, wait: Duration::from_secs(wait) }),
            _ => Err(Vec::new()),
        }
    }

    /// Reads a stored value; what cannot be, counts as not set.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        match key {
            WHEN => self.when = When::ALL.into_iter().find(|choice| choice.key() == value).unwrap_or_default(),
            BITS_KEY => self.bits = value.parse().ok().filter(|bits| BITS.contains(bits)).unwrap_or(self.bits),
            WAIT_KEY => {
                let seconds = value.parse().ok().filter(|seconds| WAIT_SECONDS.contains(seconds));
                self.wait = seconds.map_or(self.wait, Duration::from_secs);
            }
            _ => {}
        }
    }

    /// The rows that hold it.
    pub(super) fn rows(&self) -> [(&'static str, String); 3] {
        [(WHEN, self.when.key().to_owned()), (BITS_KEY, self.bits.to_string()), (WAIT_KEY, self.wait.as_secs().to_string())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_and_wait_have_bounds() {
        assert_eq!(Puzzles::parse("never", "15", "5"), Ok(Puzzles::default()));
        for (when, bits, wait, field, message) in [
            ("sometimes", "15", "5", "puzzle_when", "error-puzzle-when-unknown"),
            ("always", "7", "5", "puzzle_bits", "error-puzzle-bits"),
            ("always", "21", "5", "puzzle_bits", "error-puzzle-bits"),
            ("always", "15", "0", "puzzle_wait", "error-puzzle-wait"),
            ("always", "15", "61", "puzzle_wait", "error-puzzle-wait"),
        ] {
            assert_eq!(Puzzles::parse(when, bits, wait), Err(vec![Invalid::new(field, message)]));
        }
    }

    #[test]
    fn a_stored_value_comes_back_and_one_that_cannot_be_counts_as_none() {
        let chosen = Puzzles { when: When::AfterFailures, bits: 9, wait: Duration::from_secs(7) };
        let mut read = Puzzles::default();
        for (key, value) in chosen.rows() {
            read.set(key, &value);
        }
        assert_eq!(read, chosen);
        for (key, value) in [(BITS_KEY, "99"), (BITS_KEY, "x"), (WAIT_KEY, "0"), (WAIT_KEY, "-1")] {
            read.set(key, value);
        }
        assert_eq!(read, chosen);
    }
}
