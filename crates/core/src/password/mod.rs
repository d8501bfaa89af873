//! Passwords: what may be one, how it is kept, and the pool that does the costly work.
//!
//! A password is chosen through [`Password::choose`], which holds [`Rules`], and hashed by the
//! [`Hasher`], which looks a chosen one up in the file of breached passwords when there is one: no
//! door can forget it. What is kept is Argon2id; [`PasswordHash::import`] takes what other systems kept.

mod alike;
mod breached;
mod cost;
mod foreign;
mod generate;
mod hasher;
mod near;
mod pepper;
mod rules;
mod stored;
mod workers;

use std::fmt;

use unicode_normalization::UnicodeNormalization;

pub use breached::{Breached, NotBreachedFile};
pub use cost::{HashCost, NoCost};
pub use foreign::{MAX_BCRYPT_COST, NotImported};
pub use generate::{PHRASE_WORDS, RANDOM_LENGTH, phrase, random};
pub(crate) use hasher::BREACHED;
pub use hasher::{Busy, Comer, Hasher, Verdict};
pub use pepper::{NoPeppers, Peppers};
pub use rules::{Length, Rules, Strength, strength};

use crate::db::{DbError, FromValue, Nullable, ToValue, Value};

/// Longest password, in characters (NIST SP 800-63B-4, 3.1.1.2 asks for at least 64).
pub const MAX_LENGTH: usize = 256;

/// A password as it was typed, in NFKC, compared exactly: nothing is trimmed or cut (ASVS V6.2.8).
#[derive(Clone)]
pub struct Password {
    text: String,
    /// What was typed, where NFKC changed it: other systems hashed that.
    raw: Option<String>,
    /// Whether it is to be a new one: only those are looked up among the breached.
    is_chosen: bool,
}

impl Password {
    /// What somebody types to log in: anything at all, as long as its length is bounded.
    pub fn typed(input: &str) -> Self {
        /// More than any other system compared, in characters.
        const MAX_RAW: usize = 4 * MAX_LENGTH;
        let text = normal(input);
        let raw = (text != input).then(|| input.chars().take(MAX_RAW).collect());
        Self { text, raw, is_chosen: false }
    }

    /// A password that somebody chooses: any character, no composition rules, nothing that the rules
    /// refuse. The error is the message's key.
    pub fn choose(input: &str, rules: &Rules) -> Result<Self, &'static str> {
        let text = normal(input);
        rules.check(&text)?;
        Ok(Self { text, raw: None, is_chosen: true })
    }

    fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// What another system would have hashed.
    fn as_typed(&self) -> &[u8] {
        self.raw.as_ref().unwrap_or(&self.text).as_bytes()
    }
}

/// NFKC, bounded to one character more than any password has (NIST SP 800-63B-4, 3.1.1.2).
fn normal(input: &str) -> String {
    input.nfkc().take(MAX_LENGTH + 1).collect()
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A password as the database holds it: in the PHC string format with its parameters, or as another
/// system kept it until the next login. A hash made with a pepper has `pepper:ID` in front.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes over what another system kept: bcrypt, `hmac-sha256:key`, `md5:salt`, plain MD5, or
    /// Argon2id in the PHC string format. It verifies, and is replaced at the first login.
    ///
    /// ```
    /// # use latchkey_core::password::PasswordHash;
    /// assert!(PasswordHash::import("5f4dcc3b5aa765d61d8327deb882cf99").is_ok());
    /// assert!(PasswordHash::import("5f4dcc3b").is_err());
    /// ```
    pub fn import(text: &str) -> Result<Self, NotImported> {
        if !stored::is_plain_argon2id(text) {
            foreign::Foreign::parse(text)?;
        }
        Ok(Self(text.to_owned()))
    }
}

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
