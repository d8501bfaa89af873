//! Hashes that other systems kept. They verify as those systems verified, and are replaced by
//! Argon2id at the first login. What is of no known form logs nobody in.

use std::str::FromStr;

use bcrypt::HashParts;
use md5::{Digest, Md5};
use ring::hmac::{self, HMAC_SHA256};
use subtle::ConstantTimeEq;

/// The costliest bcrypt hash that is compared: each step doubles the work, and at 14 it is about a second.
pub const MAX_BCRYPT_COST: u32 = 14;
/// Fewest passes of bcrypt, as its definition has it.
const MIN_BCRYPT_COST: u32 = 4;
/// Longest hash that is taken over, in bytes.
const MAX_TEXT: usize = 512;

/// Why a hash cannot be taken over.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotImported {
    /// Nothing was given.
    #[error("there is no hash")]
    Empty,
    /// Of none of the known forms.
    #[error(
        "this is no hash of a known form: $2a$…, $2b$… or $2y$… (bcrypt), 64 hex digits:key (HMAC-SHA256), 32 hex digits:salt or 32 hex digits (MD5), $argon2id$…"
    )]
    Unknown,
    /// It begins like bcrypt, and goes on otherwise.
    #[error("this is no complete bcrypt hash: it has 60 characters, a cost of two digits, 22 characters of salt and 31 of hash")]
    BcryptMalformed,
    /// To compare it would take too long.
    #[error("the bcrypt cost {0} is outside of {MIN_BCRYPT_COST} to {MAX_BCRYPT_COST}")]
    BcryptCost(u32),
}

/// A hash of another system.
pub(super) enum Foreign<'a> {
    /// `$2a$`, `$2b$` or `$2y$`, 60 characters.
    Bcrypt { text: &'a str, cost: u32 },
    /// `hash:key`, hex of HMAC-SHA256.
    HmacSha256 { digest: [u8; 32], key: &'a str },
    /// `hash:salt`, hex of MD5 over salt and password; plain MD5 has no salt.
    Md5 { digest: [u8; 16], salt: &'a str },
}

impl<'a> Foreign<'a> {
    /// Recognises a hash by its form.
    pub(super) fn parse(text: &'a str) -> Result<Self, NotImported> {
        if text.is_empty() {
            return Err(NotImported::Empty);
        }
        if text.len() > MAX_TEXT {
            return Err(NotImported::Unknown);
        }
        if ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix)) {
            return bcrypt(text);
        }
        let (digest, added) = match text.split_once(':') {
            Some((_, "")) => return Err(NotImported::Unknown),
            Some((digest, added)) => (digest, added),
            None => (text, ""),
        };
        if let Some(digest) = from_hex(digest) {
            return Ok(Self::Md5 { digest, salt: added });
        }
        match from_hex(digest) {
            Some(digest) if !added.is_empty() => Ok(Self::HmacSha256 { digest, key: added }),
            _ => Err(NotImported::Unknown),
        }
    }

    /// What comparing costs, where it costs anything: each step doubles it.
    pub(super) fn bcrypt_cost(&self) -> Option<u32> {
        match self {
            Self::Bcrypt { cost, .. } => Some(*cost),
            Self::HmacSha256 { .. } | Self::Md5 { .. } => None,
        }
    }

    /// Whether this is the password. Bcrypt looks at the first 72 bytes alone, as it always has. The empty
    /// password is nobody's.
    pub(super) fn is_of(&self, password: &[u8]) -> bool {
        let equal = match self {
            Self::Bcrypt { text, .. } => bcrypt::verify(password, text).unwrap_or(false),
            Self::HmacSha256 { digest, key } => {
                let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, key.as_bytes()), password);
                tag.as_ref().ct_eq(digest).into()
            }
            Self::Md5 { digest, salt } => {
                let made = Md5::new().chain_update(salt.as_bytes()).chain_update(password).finalize();
                made.as_slice().ct_eq(digest).into()
            }
        };
        equal && !password.is_empty()
    }
}

/// What comparing costs, by the beginning of a bcrypt hash: `$2y$10$`.
pub(super) fn cost_of(beginning: &str) -> Option<u32> {
    let cost = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| beginning.strip_prefix(prefix))?;
    cost.get(..2)?.parse().ok().filter(|cost| (MIN_BCRYPT_COST..=MAX_BCRYPT_COST).contains(cost))
}

fn bcrypt(text: &str) -> Result<Foreign<'_>, NotImported> {
    let parts = HashParts::from_str(text).map_err(|_| NotImported::BcryptMalformed)?;
    let cost = parts.get_cost();
    if !(MIN_BCRYPT_COST..=MAX_BCRYPT_COST).contains(&cost) {
        return Err(NotImported::BcryptCost(cost));
    }
    Ok(Foreign::Bcrypt { text, cost })
}

/// Exactly so many bytes in hexadecimal digits, large or small.
pub(super) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let digit = |character: u8| char::from(character).to_digit(16);
        *byte = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_of(text: &str, password: &str) -> bool {
        Foreign::parse(text).unwrap().is_of(password.as_bytes())
    }

    /// jBCrypt's vectors, and what Python's hashlib and hmac make.
    const KNOWN: [(&str, &str); 9] = [
        ("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a"),
        ("$2a$08$aTsUwsyowQuzRrDqFflhgekJ8d9/7Z3GV3UcgvzQW3J5zMyrTvlz.", "abcdefghijklmnopqrstuvwxyz"),
        ("$2b$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a"),
        ("$2y$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a"),
        ("5f4dcc3b5aa765d61d8327deb882cf99", "password"),
        ("5F4DCC3B5AA765D61D8327DEB882CF99", "password"),
        // md5("NaCl" + "password")
        ("62d19f7e7ddcb5946728776d25e410ed:NaCl", "password"),
        // RFC 4231 has no text keys; this is HMAC-SHA256 of "The quick brown fox jumps over the lazy dog" under "key".
        ("f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8:key", "The quick brown fox jumps over the lazy dog"),
        ("b92a242c0e42358d78cf76fd0c2bf4458990018122bf66642fa0a17bf6fd09c8:a:b", "password"),
    ];

    #[test]
    fn foreign_hashes_verify_as_their_systems_did() {
        for (text, password) in KNOWN {
            assert!(is_of(text, password), "{text}");
            for wrong in ["", "Password", "password ", "b"] {
                assert!(!is_of(text, wrong), "{text} {wrong:?}");
            }
        }
    }

    #[test]
    fn bcrypt_looks_at_72_bytes() {
        let hash = bcrypt::hash_with_salt("x".repeat(80), 4, [7; 16]).unwrap().format_for_version(bcrypt::Version::TwoY);
        assert!(is_of(&hash, &"x".repeat(72)) && is_of(&hash, &format!("{}y", "x".repeat(72))));
        assert!(!is_of(&hash, &"x".repeat(71)));
    }

    #[test]
    fn what_is_malformed_is_said() {
        let bcrypt = KNOWN[0].0;
        let costly = bcrypt.replace("$06$", "$15$");
        for (text, error) in [
            ("", NotImported::Empty),
            (&bcrypt[..59], NotImported::BcryptMalformed),
            ("$2y$xx$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", NotImported::BcryptMalformed),
            ("$2y$06$mäCrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfx", NotImported::BcryptMalformed),
            (&costly, NotImported::BcryptCost(15)),
            (&bcrypt.replace("$06$", "$03$"), NotImported::BcryptCost(3)),
            (&bcrypt.replace("$2a$", "$2x$"), NotImported::Unknown),
            ("5f4dcc3b5aa765d61d8327deb882cf9", NotImported::Unknown),
            ("5f4dcc3b5aa765d61d8327deb882cf9g", NotImported::Unknown),
            ("5f4dcc3b5aa765d61d8327deb882cf99:", NotImported::Unknown),
            ("f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8", NotImported::Unknown),
            ("plain text", NotImported::Unknown),
            (&"a".repeat(513), NotImported::Unknown),
        ] {
            assert_eq!(Foreign::parse(text).err(), Some(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_a_panic_and_an_unknown_one_is_no_hash(text in any::<String>(), password in any::<String>()) {
            if let Ok(foreign) = Foreign::parse(&text) {
                let well_formed = foreign.bcrypt_cost().is_none() || text.len() == 60;
                prop_assert!(well_formed);
                prop_assert!(!foreign.is_of(password.as_bytes()));
            }
        }

        #[test]
        fn texts_that_look_like_hashes_are_parsed_without_a_panic(text in r"\$2[abxy]\$[0-9+-]{2}\$[./A-Za-z0-9é]{50,56}|[0-9a-fA-Fg]{30,66}:?.{0,5}") {
            if let Ok(foreign) = Foreign::parse(&text) {
                let accepted = foreign.bcrypt_cost().is_none() && foreign.is_of(b"x");
                prop_assert!(!accepted);
            }
        }
    }
}
