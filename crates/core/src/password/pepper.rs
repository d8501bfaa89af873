//! The optional keyed step before a hash: what is hashed is HMAC-SHA256 of the password under a key
//! that is not in the database, so a stolen database alone gives nothing to guess against
//! (NIST SP 800-63B-4, 3.1.1.2).

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac::{self, HMAC_SHA256};

/// Bytes of a pepper.
const LENGTH: usize = 32;
/// Longest id, in characters.
const MAX_ID: usize = 32;

/// The peppers of this installation: the first hashes, all of them verify.
#[derive(Clone, Default)]
pub struct Peppers(Arc<Vec<Pepper>>);

/// One of them.
pub(super) struct Pepper {
    id: String,
    key: hmac::Key,
}

/// Why a file holds no peppers. Nothing of its content is repeated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPeppers {
    /// Nothing in it.
    #[error("it holds no pepper: one line id:key is needed, the key 32 bytes in base64url")]
    Empty,
    /// This line is of another form.
    #[error("line {0} is not id:key (id: letters, digits, - and _, at most 32; key: 32 bytes in base64url, 43 characters)")]
    Malformed(usize),
    /// Two lines have the same id.
    #[error("line {0} has the id of another line")]
    Twice(usize),
}

impl Peppers {
    /// Reads the lines `id:key`, newest first. Empty lines and those that begin with `#` are passed over.
    pub fn parse(text: &str) -> Result<Self, NoPeppers> {
        let mut peppers: Vec<Pepper> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let (line, number) = (line.trim(), index + 1);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let pepper = Pepper::parse(line).ok_or(NoPeppers::Malformed(number))?;
            if peppers.iter().any(|other| other.id == pepper.id) {
                return Err(NoPeppers::Twice(number));
            }
            peppers.push(pepper);
        }
        if peppers.is_empty() { Err(NoPeppers::Empty) } else { Ok(Self(Arc::new(peppers))) }
    }

    /// The one that hashes.
    pub(super) fn newest(&self) -> Option<&Pepper> {
        self.0.first()
    }

    pub(super) fn find(&self, id: &str) -> Option<&Pepper> {
        self.0.iter().find(|pepper| pepper.id == id)
    }
}

impl Pepper {
    fn parse(line: &str) -> Option<Self> {
        let (id, key) = line.split_once(':')?;
        let key = URL_SAFE_NO_PAD.decode(key.trim().trim_end_matches('=')).ok()?;
        let pepper = Self { id: id.trim().to_owned(), key: hmac::Key::new(HMAC_SHA256, &key) };
        (key.len() == LENGTH && is_id(&pepper.id)).then_some(pepper)
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// What is hashed instead of the password.
    pub(super) fn apply(&self, password: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key, password).as_ref().to_vec()
    }
}

/// Whether this can be a pepper's id.
pub(super) fn is_id(text: &str) -> bool {
    let fits = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    !text.is_empty() && text.len() <= MAX_ID && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, byte: u8) -> String {
        format!("{id}:{}", URL_SAFE_NO_PAD.encode([byte; LENGTH]))
    }

    #[test]
    fn the_first_line_is_the_newest_and_all_are_found() {
        let text = format!("# rotated in autumn\r\n{}=\r\n\n  {}  \n", line("2026-11", 2), line("2025", 1));
        let peppers = Peppers::parse(&text).unwrap();
        assert_eq!(peppers.newest().map(Pepper::id), Some("2026-11"));
        let apply = |id| peppers.find(id).map(|pepper| pepper.apply(b"x"));
        assert!(apply("2025").is_some() && apply("2025") != apply("2026-11") && apply("2024").is_none());
        assert_eq!(apply("2025").unwrap().len(), 32);
    }

    #[test]
    fn what_is_wrong_with_the_file_is_said_with_the_line() {
        let good = line("a", 1);
        for (text, error) in [
            (String::new(), NoPeppers::Empty),
            ("# only a note\n".to_owned(), NoPeppers::Empty),
            ("s3cret".to_owned(), NoPeppers::Malformed(1)),
            (format!("{good}\nb:AAAA"), NoPeppers::Malformed(2)),
            (line("a$b", 1), NoPeppers::Malformed(1)),
            (line(&"a".repeat(33), 1), NoPeppers::Malformed(1)),
            (line("", 1), NoPeppers::Malformed(1)),
            (format!("{good}\n{}", line("a", 2)), NoPeppers::Twice(2)),
        ] {
            let refused = Peppers::parse(&text).err().unwrap();
            assert!(!refused.to_string().contains("s3cret"));
            assert_eq!(refused, error, "{text}");
        }
    }
}
