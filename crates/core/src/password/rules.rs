//! What may be a password.

use serde::Serialize;

use super::MAX_LENGTH;

/// Fewest characters of a password that is the only factor (NIST SP 800-63B-4, 3.1.1.2).
pub const MIN_LENGTH: usize = 15;

/// Below this many guesses a password falls to an ordinary word list, however long it is.
const MIN_GUESSES_LOG10: f64 = 8.0;

/// The product's own words, which nobody may build a password from (ASVS V6.2.11).
const OWN_WORDS: [&str; 2] = ["latchkey", "client area"];

pub(super) fn check(input: &str, context: &[&str]) -> Result<(), &'static str> {
    let length = input.chars().count();
    if length == 0 {
        return Err("error-required");
    }
    if length < MIN_LENGTH {
        return Err("error-password-too-short");
    }
    if length > MAX_LENGTH {
        return Err("error-password-too-long");
    }
    if estimate(input, context).guesses_log10() < MIN_GUESSES_LOG10 {
        return Err("error-password-too-weak");
    }
    Ok(())
}

fn estimate(input: &str, context: &[&str]) -> zxcvbn::Entropy {
    // The estimate costs time that grows with the length; past a hundred characters it says nothing new.
    let bounded: String = input.chars().take(100).collect();
    let words: Vec<&str> = context.iter().copied().chain(OWN_WORDS).filter(|word| !word.is_empty()).collect();
    zxcvbn::zxcvbn(&bounded, &words)
}

/// How well a password would stand guessing, for the meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Strength {
    /// 0 (hopeless) to 4 (very strong).
    pub score: u8,
    /// The key of what is wrong with it, when it would be refused.
    pub refused: Option<&'static str>,
}

/// Estimates a password while it is typed.
pub fn strength(input: &str, context: &[&str]) -> Strength {
    let refused = check(input, context).err();
    let score = u8::from(estimate(input, context).score());
    Strength { score: if refused.is_some() { score.min(1) } else { score }, refused }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn v6_2_1_fifteen_characters_are_enough_and_fourteen_are_not() {
        assert_eq!(check("vq8Zr1mT4kLw0x", &[]), Err("error-password-too-short"));
        assert_eq!(check("vq8Zr1mT4kLw0xB", &[]), Ok(()));
        assert_eq!(check(&"é🗝".repeat(8), &[]), Err("error-password-too-weak"));
        assert_eq!(check(&"vq8Zr1mT".repeat(33), &[]), Err("error-password-too-long"));
    }

    #[test]
    fn v6_2_4_common_values_and_v6_2_11_own_words_are_refused() {
        for easy in ["passwordpassword", "aaaaaaaaaaaaaaaaaaaa", "123456789012345678", "latchkeylatchkey"] {
            assert_eq!(check(easy, &[]), Err("error-password-too-weak"), "{easy}");
        }
        let context = ["Penelope", "Featherstonehaugh", "penelope@example.com"];
        assert_eq!(check("penelopefeatherstonehaugh", &context), Err("error-password-too-weak"));
    }

    proptest! {
        /// V6.2.5: no composition rules. Any mixture of one class of characters passes when it is random and long.
        #[test]
        fn v6_2_5_no_class_of_characters_is_demanded(lower in "[a-z]{24,40}", digits in "[0-9]{40,60}", other in "[αβγδεζηθικλμνξ]{24,40}") {
            for password in [lower, digits, other] {
                prop_assume!(estimate(&password, &[]).guesses_log10() >= MIN_GUESSES_LOG10);
                prop_assert_eq!(check(&password, &[]), Ok(()));
            }
        }
    }
}
