//! The chain: each sealed event's hash covers the event and the hash before it, so that nothing can be changed, taken out or
//! put elsewhere without every later hash becoming another.
//!
//! `hash = SHA-256(text("latchkey event 1") ‖ bytes(previous hash) ‖ field …)`, the fields in the order of [`Entry`]. The first
//! event's previous hash has no bytes. A field is one byte, 0 for null (and nothing follows) or 1, then its length in bytes (32 bits,
//! big-endian), then its bytes: text in UTF-8, a number as its decimal digits. The text in front names this encoding; another one would
//! have another name. docs/WEBHOOKS.md tells it to those who verify with a program of their own.

use std::fmt;
use std::str::FromStr;

use ring::digest::{Context, SHA256};

use crate::clock::Timestamp;
use crate::db::{DbError, FromValue, Nullable, Row, ToValue, Value};
use crate::error::Fault;
use crate::id::EventId;

/// The name of the encoding.
const ENCODING: &str = "latchkey event 1";

/// A link's hash: 32 bytes, or none before the first event. As text it is hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainHash(Vec<u8>);

impl ToValue for ChainHash {
    fn to_value(&self) -> Value {
        Value::Bytes(Some(self.0.clone()))
    }
}

impl Nullable for ChainHash {
    fn null() -> Value {
        Value::Bytes(None)
    }
}

impl FromValue for ChainHash {
    fn from_value(value: Value) -> Result<Self, DbError> {
        // A hash that somebody has taken away is a wrong one.
        Ok(Self(Option::<Vec<u8>>::from_value(value)?.unwrap_or_default()))
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ChainHash {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits: Option<Vec<u8>> =
            text.chars().map(|digit| digit.to_digit(16).and_then(|digit| digit.try_into().ok())).collect();
        let digits = digits.filter(|digits| digits.len() == 64 || digits.is_empty()).ok_or(())?;
        Ok(Self(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()))
    }
}

/// A place in the chain: an event's number and its hash. As head of the chain it stands for all events up to there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The number; 0 before the first event.
    pub seq: i64,
    /// The hash.
    pub hash: ChainHash,
}

/// An event as it stands in its row, whatever stands there.
pub(super) struct Entry(Vec<Value>);

/// Columns of an event.
const FIELDS: usize = 15;

impl Entry {
    /// Reads the columns that `sql.rs` names.
    pub(super) fn read(row: &mut Row) -> Result<Self, DbError> {
        (0..FIELDS).map(|_| row.take::<Value>()).collect::<Result<_, _>>().map(Self)
    }

    /// The event's id, which is the first column.
    pub(super) fn id(&self) -> Result<EventId, Fault> {
        Ok(EventId::from_value(self.0.first().cloned().unwrap_or(Value::Int(None)))?)
    }

    /// When it happened.
    pub(super) fn at(&self) -> Result<Timestamp, Fault> {
        Ok(Timestamp::from_value(self.0.get(1).cloned().unwrap_or(Value::Int(None)))?)
    }

    /// The hash of this event when it follows on `previous`.
    pub(super) fn hash_after(&self, previous: &ChainHash) -> ChainHash {
        let mut context = Context::new(&SHA256);
        field(&mut context, Some(ENCODING.as_bytes()));
        field(&mut context, Some(&previous.0));
        for value in &self.0 {
            match value {
                Value::Int(Some(number)) => field(&mut context, Some(number.to_string().as_bytes())),
                Value::Text(Some(text)) => field(&mut context, Some(text.as_bytes())),
                Value::Bytes(Some(bytes)) => field(&mut context, Some(bytes)),
                Value::Int(None) | Value::Text(None) | Value::Bytes(None) => field(&mut context, None),
            }
        }
        ChainHash(context.finish().as_ref().to_vec())
    }
}

fn field(context: &mut Context, bytes: Option<&[u8]>) {
    match bytes {
        None => context.update(&[0]),
        Some(bytes) => {
            context.update(&[1]);
            // Texts in the log are bounded, far below this.
            context.update(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            context.update(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(detail: &str) -> Entry {
        let text = |text: &str| Value::Text(Some(text.to_owned()));
        let (number, none) = (|number| Value::Int(Some(number)), Value::Int(None));
        let fields =
            [number(7), number(1_795_507_200_000_000), text("login"), text("user"), number(3), text("Ada"), none.clone()];
        let more = [none.clone(), text(""), number(3), text("Ada"), text("ada@example.com"), text(detail), none, text("")];
        Entry(fields.into_iter().chain(more).collect())
    }

    #[test]
    fn the_encoding_is_the_documented_one() {
        let first = entry("").hash_after(&ChainHash::default());
        // What the program in docs/WEBHOOKS.md makes of the same event.
        assert_eq!(first.to_string(), "d082feda5eb497a7cde6b97f7afda0d24705bc6a233dcd0e52d68c9dd66f2075");
        let second = entry("x").hash_after(&first);
        assert_eq!(second.to_string(), "d915162b5ef713dffe3967cb0ccfd50a9d4c22fc9f867ac284d5d461c65334a3");
        assert_eq!(second.to_string().parse(), Ok(second));
        assert!("abc".parse::<ChainHash>().is_err() && "zz".repeat(32).parse::<ChainHash>().is_err());
    }

    #[test]
    fn bytes_that_move_from_one_field_to_the_next_change_the_hash() {
        let event = |email: &str, detail: &str| {
            let mut event = entry(detail);
            event.0[11] = Value::Text(Some(email.to_owned()));
            event.hash_after(&ChainHash::default())
        };
        assert_ne!(event("ab", "c"), event("a", "bc"));
        assert_ne!(event("", "abc"), event("abc", ""));
    }
}
