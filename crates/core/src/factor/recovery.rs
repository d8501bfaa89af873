//! Recovery codes: for the day the phone is gone (NIST SP 800-63B-4, 4.2.1).

use super::totp::base32;
use crate::app::Tx;
use crate::error::Fault;
use crate::secret::SecretHash;

/// Codes in a set.
pub const CODES: usize = 10;
/// Random bytes in a code: 120 bits, more than the 112 from which a plain hash suffices without a salt.
const BYTES: usize = 15;
/// Characters in a group.
const GROUP: usize = 4;

/// A new code, as it is shown: six groups of four.
pub(super) fn fresh(tx: &Tx<'_>) -> Result<String, Fault> {
    let text = base32(&tx.random::<BYTES>()?).to_lowercase();
    let characters: Vec<char> = text.chars().collect();
    let groups: Vec<String> = characters.chunks(GROUP).map(|group| group.iter().collect()).collect();
    Ok(groups.join("-"))
}

/// What the database holds of a code, however it was typed.
pub(super) fn hash(typed: &str) -> SecretHash {
    let plain: String = typed.chars().filter(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect();
    SecretHash::of(plain.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        assert_eq!(hash("abcd-efgh-2345"), hash(" ABCD EFGH 2345\n"));
        assert_ne!(hash("abcd-efgh-2345"), hash("abcd-efgh-2346"));
    }
}
