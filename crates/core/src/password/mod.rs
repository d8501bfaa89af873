//! Passwords: what may be one, how it is kept, and the pool that does the costly work.

mod hasher;
mod rules;

use std::fmt;

use unicode_normalization::UnicodeNormalization;

pub use hasher::{Busy, Hasher, Verdict};
pub use rules::{MIN_LENGTH, Strength, strength};

use crate::db::{DbError, FromValue, Nullable, ToValue, Value};

/// Longest password, in characters (NIST SP 800-63B-4, 3.1.1.2 asks for at least 64).
pub const MAX_LENGTH: usize = 256;

/// A password as it was typed, in NFKC, compared exactly: nothing is trimmed or cut (ASVS V6.2.8).
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// What somebody types to log in: anything at all, as long as its length is bounded.
    pub fn typed(input: &str) -> Self {
        Self(input.chars().take(MAX_LENGTH + 1).nfkc().collect())
    }

    /// A password that somebody chooses. `context` are words it must not be close to: the person's
    /// name and address, the product's name (ASVS V6.1.2, V6.2.11).
    ///
    /// At least 15 characters, since it is the only factor (NIST SP 800-63B-4, 3.1.1.2); any
    /// character, no composition rules.
    pub fn choose(input: &str, context: &[&str]) -> Result<Self, &'static str> {
        rules::check(input, context)?;
        Ok(Self(input.nfkc().collect()))
    }

    fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A password as the database holds it, in the PHC string format with its parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

impl ToValue for PasswordHash {
    fn to_value(&self) -> Value {
        self.0.to_value()
    }
}

impl FromValue for PasswordHash {
    fn from_value(value: Value) -> Result<Self, DbError> {
        String::from_value(value).map(Self)
    }
}

impl Nullable for PasswordHash {
    fn null() -> Value {
        Value::Text(None)
    }
}
