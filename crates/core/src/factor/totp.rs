//! One-time codes of an authenticator app (RFC 6238: SHA-1, six digits, thirty seconds).
//!
//! Its own few lines on ring's HMAC: `totp-rs` would bring a second implementation of HMAC and of three hashes
//! along, and what is hard about it (a code that is used once, on every node) is the database's to hold.

use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
use subtle::ConstantTimeEq;

use crate::clock::Timestamp;

/// Bytes in a secret (RFC 4226, 4: 160 bits are recommended).
pub(super) const SECRET: usize = 20;
/// Microseconds in a step.
const STEP: i64 = 30_000_000;
/// Steps before and after the present one whose code is taken: clocks differ, and typing takes its time.
const WINDOW: i64 = 1;
const DIGITS: usize = 6;

fn code(secret: &[u8], step: i64) -> String {
    let tag = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret), &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = tag.last().map_or(0, |last| usize::from(last & 0xf));
    let four = tag.iter().skip(offset).take(4).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    format!("{:06}", (four & 0x7fff_ffff) % 1_000_000)
}

/// The step whose code this is, if it is one of those that are taken now and later than `after`.
pub(super) fn step_of(secret: &[u8], typed: &str, now: Timestamp, after: Option<i64>) -> Option<i64> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if typed.len() != DIGITS {
        return None;
    }
    let present = now.as_micros() / STEP;
    let mut steps = (present - WINDOW..=present + WINDOW).filter(|step| after.is_none_or(|last| *step > last));
    steps.rfind(|step| bool::from(code(secret, *step).as_bytes().ct_eq(typed.as_bytes())))
}

/// The code of this moment, for tests that play the authenticator app.
#[cfg(feature = "testing")]
pub(super) fn now(secret: &[u8], now: Timestamp) -> String {
    code(secret, now.as_micros() / STEP)
}

/// RFC 4648 base32 without padding: how secrets are written for people and apps.
pub(super) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: [char; 32] = [
        'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X',
        'Y', 'Z', '2', '3', '4', '5', '6', '7',
    ];
    let bit = |index: usize| bytes.get(index / 8).map_or(0, |byte| usize::from(byte >> (7 - index % 8) & 1));
    let groups = (bytes.len() * 8).div_ceil(5);
    let character = |group: usize| (0..5).fold(0, |number, place| (number << 1) | bit(group * 5 + place));
    (0..groups).filter_map(|group| ALPHABET.get(character(group))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// RFC 6238, appendix B (SHA-1), the last six of its eight digits.
    #[test]
    fn the_vectors_of_rfc_6238() {
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(SEED, seconds / 30), expected, "{seconds}");
            assert_eq!(step_of(SEED, expected, at(seconds), None), Some(seconds / 30));
        }
    }

    /// RFC 4648, 10.
    #[test]
    fn the_vectors_of_rfc_4648() {
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn v6_5_5_a_code_lives_for_thirty_seconds_and_is_taken_one_step_early_or_late() {
        let code = code(SEED, 100);
        for (seconds, taken) in [(2_969, false), (2_970, true), (3_000, true), (3_029, true), (3_059, true), (3_060, false)] {
            assert_eq!(step_of(SEED, &code, at(seconds), None).is_some(), taken, "{seconds}");
        }
    }

    #[test]
    fn v6_5_1_a_step_that_was_used_and_all_before_it_are_dead() {
        let typed = code(SEED, 100);
        assert_eq!(step_of(SEED, &typed, at(3_000), Some(99)), Some(100));
        assert_eq!(step_of(SEED, &typed, at(3_000), Some(100)), None);
        assert_eq!(step_of(SEED, &typed, at(3_000), Some(101)), None);
        assert_eq!(step_of(SEED, &format!(" {typed} "), at(3_000), None), Some(100), "blanks are no mistake");
        for wrong in ["", "12345", "1234567", "abcdef", "１２３４５６"] {
            assert_eq!(step_of(SEED, wrong, at(3_000), None), None);
        }
    }
}
