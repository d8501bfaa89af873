//! Calls that may be sent twice and happen once: the answer to a call with an *idempotency key* is kept for a day, in the same
//! transaction as what the call did.
//!
//! Of two calls at once with the same key one waits for the other (for its row, or for the one writer) and gets the kept answer.
//! A call that was refused did nothing and keeps nothing: it may be sent again with the same key. Answers hold what is shown once,
//! so they are sealed under the server's key.

mod ops;
mod sql;

use std::time::Duration;

use ring::digest::{SHA256, digest};

use crate::access::Denied;
use crate::error::{Fault, HasKind, Invalid, Kind};

pub use ops::{begin, keep, sweep};

/// How long an answer is kept.
pub const KEPT_FOR: Duration = Duration::from_hours(24);

/// Longest key, in characters.
pub const MAX_KEY: usize = 255;

/// A key, and what was asked with it.
#[derive(Clone, Debug)]
pub struct Once {
    key: String,
    fingerprint: Vec<u8>,
}

impl Once {
    /// Reads the key of a call that consists of these parts (method, path, body). A key is 1 to [`MAX_KEY`] visible ASCII
    /// characters, in quotation marks or without.
    ///
    /// # Errors
    /// The key of the message when it is no such key.
    pub fn parse(key: &str, parts: &[&[u8]]) -> Result<Self, &'static str> {
        let key = key.trim();
        let bare = key.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(key);
        if bare.is_empty() || bare.len() > MAX_KEY || !bare.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("error-idempotency-key");
        }
        // The length in front of each part: what ends one never begins the next.
        let all: Vec<u8> = parts.iter().flat_map(|part| [&part.len().to_be_bytes()[..], part].concat()).collect();
        Ok(Self { key: bare.to_owned(), fingerprint: digest(&SHA256, &all).as_ref().to_vec() })
    }
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key was used with another call.
    #[error("the idempotency key was used with another call")]
    OtherCall,
    /// The answer was sealed under another server's key.
    #[error("the answer to the call that had this idempotency key can no longer be read")]
    Lost,
    /// The credential may no longer do what the call did.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::OtherCall => Kind::Invalid(vec![Invalid::new("Idempotency-Key", "error-idempotency-other")]),
            Self::Lost => Kind::Conflict("error-idempotency-lost"),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_of_bounded_length() {
        for good in ["a", "\"a\"", "8e03978e-40d5-43dd-bc93-6894a57f9324", &"x".repeat(MAX_KEY)] {
            assert!(Once::parse(good, &[]).is_ok(), "{good}");
        }
        for bad in ["", "\"\"", "a b", "é", "a\0", &"x".repeat(MAX_KEY + 1)] {
            assert_eq!(Once::parse(bad, &[]).err(), Some("error-idempotency-key"), "{bad:?}");
        }
        assert_eq!(Once::parse("\"a\"", &[]).unwrap().key, Once::parse("a", &[]).unwrap().key);
    }

    #[test]
    fn what_ends_one_part_never_begins_the_next() {
        let of = |parts: &[&[u8]]| Once::parse("k", parts).unwrap().fingerprint;
        assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
        assert_eq!(of(&[b"ab", b"c"]), of(&[b"ab", b"c"]));
    }
}
