//! What may be a password.
//!
//! NIST SP 800-63B-4, 3.1.1.2 asks for a length and a block list, and forbids composition rules. The
//! block list has three parts: passwords that many people use, near-misses of words from around the
//! person, and what `zxcvbn` guesses in few tries because it repeats, counts or walks over the keyboard. The last
//! is a list too long to write down, and no demand for classes of characters: its bar is so low that
//! random characters of any one class pass.

use passwords::analyzer::is_common_password;
use serde::Serialize;
use zxcvbn::matching::patterns::MatchPattern;

use super::{MAX_LENGTH, near, normal};

/// The product's own words, which nobody may build a password from (ASVS V6.2.11).
const OWN_WORDS: [&str; 3] = ["Latchkey", "Client Area", "Admin Area"];

/// Names that are looked at: of a person with more accounts than this the first ones.
const MAX_CONTEXT: usize = 20;
/// So much of each name is looked at, in characters.
const MAX_NAME: usize = 200;

/// How long a password must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Length {
    /// It is the only factor: 15 characters (NIST SP 800-63B-4, 3.1.1.2).
    #[default]
    OnlyFactor,
    /// A second factor is required beside it: 8 characters.
    WithSecondFactor,
}

impl Length {
    /// Fewest characters.
    pub const fn characters(self) -> usize {
        match self {
            Self::OnlyFactor => 15,
            Self::WithSecondFactor => 8,
        }
    }

    const fn too_short(self) -> &'static str {
        match self {
            Self::OnlyFactor => "error-password-too-short",
            Self::WithSecondFactor => "error-password-too-short-with-factor",
        }
    }

    /// Below this many guesses a password falls to an ordinary word list, however long it is. Eight random
    /// characters are no more than 10⁸ guesses to `zxcvbn`, so the bar is lower where they are enough.
    const fn fewest_guesses_log10(self) -> f64 {
        match self {
            Self::OnlyFactor => 8.0,
            Self::WithSecondFactor => 6.0,
        }
    }
}

/// What a chosen password is held to: a length, and the names around the person.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    length: Length,
    context: Vec<String>,
}

impl Rules {
    /// Rules for a password that is the only factor. `names` are what it must not be close to: the person's
    /// name and address, its accounts, the brand (ASVS V6.1.2, V6.2.11). The product's own words are added.
    pub fn around<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        let names = names.into_iter().map(|name| name.into().chars().take(MAX_NAME).collect());
        let names = names.filter(|name: &String| !name.trim().is_empty());
        Self { length: Length::default(), context: names.take(MAX_CONTEXT).collect() }
    }

    /// The same for another length.
    #[must_use]
    pub fn with_length(self, length: Length) -> Self {
        Self { length, ..self }
    }

    /// Checks a password that is in NFKC. The error is the message's key.
    pub(super) fn check(&self, text: &str) -> Result<(), &'static str> {
        self.look_up(text)?;
        self.judge(&self.estimate(text))
    }

    /// What needs no estimate: the length and the lists.
    fn look_up(&self, text: &str) -> Result<(), &'static str> {
        let length = text.chars().count();
        if length == 0 {
            return Err("error-required");
        }
        if length < self.length.characters() {
            return Err(self.length.too_short());
        }
        if length > MAX_LENGTH {
            return Err("error-password-too-long");
        }
        if is_common(text) {
            return Err("error-password-common");
        }
        if near::is_near(text, self.names()) {
            return Err("error-password-own-words");
        }
        Ok(())
    }

    fn judge(&self, estimate: &zxcvbn::Entropy) -> Result<(), &'static str> {
        if is_one_word(estimate) {
            return Err("error-password-common");
        }
        if estimate.guesses_log10() < self.length.fewest_guesses_log10() {
            return Err("error-password-too-weak");
        }
        Ok(())
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        OWN_WORDS.into_iter().chain(self.context.iter().map(String::as_str))
    }

    fn estimate(&self, text: &str) -> zxcvbn::Entropy {
        let words: Vec<&str> = self.names().flat_map(|name| name.split_whitespace().chain([name])).collect();
        zxcvbn::zxcvbn(&affordable(text), &words)
    }
}

/// Signs that `zxcvbn` reads as letters, where there is a choice: several signs for one letter, or several letters for one sign.
const DISGUISES: [(&str, &str); 7] =
    [("a", "4@"), ("c", "({[<"), ("g", "69"), ("i", "1!|"), ("l", "1|7"), ("s", "$5"), ("t", "+7")];

/// Ways to read signs as letters that are looked at.
const MAX_READINGS: usize = 8;

/// The text with no more ways to read its signs as letters than are affordable. `zxcvbn` looks every part of the text up once for each, and
/// with all signs there are 800: more than a second for one password, asked for by anybody. Signs beyond stand for themselves.
fn affordable(text: &str) -> String {
    let mut read = String::new();
    let mut plain = String::new();
    for sign in text.chars() {
        let is_choice = DISGUISES.iter().any(|(_, signs)| signs.contains(sign));
        if !is_choice || read.contains(sign) || plain.contains(sign) {
            continue;
        }
        read.push(sign);
        if readings(&read) > MAX_READINGS {
            read.pop();
            plain.push(sign);
        }
    }
    // Each has a character of its own instead, of the private use area: what repeats goes on repeating.
    let instead = |sign| plain.chars().zip('\u{e000}'..).find_map(|(plain, other)| (plain == sign).then_some(other));
    text.chars().map(|sign| instead(sign).unwrap_or(sign)).collect()
}

/// In how many ways these signs can be read together, at most.
fn readings(signs: &str) -> usize {
    let of = |disguises: &str| signs.chars().filter(|sign| disguises.contains(*sign)).count().max(1);
    // Each sign of two letters is read as either.
    let doubles = signs.chars().filter(|sign| DISGUISES.iter().filter(|(_, signs)| signs.contains(*sign)).count() > 1).count();
    DISGUISES.iter().map(|(_, disguises)| of(disguises)).product::<usize>() << doubles
}

/// Whether many people use it (ASVS V6.2.4): the crate's list holds 99,838 of the most used passwords, 47,324 of them
/// of at least 8 characters. Capitals do not make one rare.
fn is_common(text: &str) -> bool {
    let small = text.to_lowercase();
    is_common_password(text) || (small != text && is_common_password(small))
}

/// Whether all of it is one word of a dictionary, perhaps backwards or with digits for letters.
fn is_one_word(estimate: &zxcvbn::Entropy) -> bool {
    matches!(estimate.sequence(), [only] if matches!(only.pattern, MatchPattern::Dictionary(_)))
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
pub fn strength(input: &str, rules: &Rules) -> Strength {
    let text = normal(input);
    let estimate = rules.estimate(&text);
    let refused = rules.look_up(&text).and_then(|()| rules.judge(&estimate)).err();
    let score = u8::from(estimate.score());
    Strength { score: if refused.is_some() { score.min(1) } else { score }, refused }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::password::Password;

    fn check(input: &str, rules: &Rules) -> Result<(), &'static str> {
        Password::choose(input, rules).map(drop)
    }

    fn only_factor() -> Rules {
        Rules::default()
    }

    fn with_factor() -> Rules {
        Rules::default().with_length(Length::WithSecondFactor)
    }

    #[test]
    fn v6_2_1_fifteen_characters_are_enough_and_fourteen_are_not() {
        assert_eq!(check("vq8Zr1mT4kLw0x", &only_factor()), Err("error-password-too-short"));
        assert_eq!(check("vq8Zr1mT4kLw0xB", &only_factor()), Ok(()));
        assert_eq!(check("", &only_factor()), Err("error-required"));
    }

    #[test]
    fn v6_2_1_eight_are_enough_beside_a_second_factor_and_seven_are_not() {
        assert_eq!(check("vq8Zr1m", &with_factor()), Err("error-password-too-short-with-factor"));
        assert_eq!(check("vq8Zr1mT", &with_factor()), Ok(()));
        assert_eq!(check("vq8Zr1mT", &only_factor()), Err("error-password-too-short"));
    }

    #[test]
    fn v6_2_9_long_passwords_are_taken_up_to_256_characters() {
        let random = (0..40).map(|number| format!("{:x}", (number * 7919_u64).pow(3))).collect::<Vec<_>>().concat();
        for length in [64, 128, 255, 256] {
            assert_eq!(check(random.get(..length).unwrap(), &only_factor()), Ok(()), "{length}");
        }
        assert_eq!(check(random.get(..257).unwrap(), &only_factor()), Err("error-password-too-long"));
        assert_eq!(check(&"vq8Zr1mT".repeat(100_000), &only_factor()), Err("error-password-too-long"));
    }

    /// NIST SP 800-63B-4, 3.1.1.2: each code point counts as one character, after normalisation.
    #[test]
    fn nist_3_1_1_2_code_points_are_counted_after_nfkc() {
        // One code point each, though two to four bytes.
        assert_eq!(check("жёлтыйкотждётх", &only_factor()), Err("error-password-too-short"));
        assert_eq!(check("жёлтыйкотждётхл", &only_factor()), Ok(()));
        // e and a combining acute are one character afterwards: 14, although 15 were typed.
        assert_eq!(check("vq8Zr1mT4kLw0e\u{301}", &only_factor()), Err("error-password-too-short"));
        // The ligature ﬃ becomes three.
        assert_eq!(check("vq8Zr1mT4kLwﬃ", &only_factor()), Ok(()));
        // 512 code points typed, 256 afterwards.
        let letters = (0..256).map(|i| ["a", "e", "i", "o", "u"][(i * i) % 5]);
        let decomposed = letters.map(|letter| format!("{letter}\u{301}")).collect::<Vec<_>>().concat();
        assert_ne!(check(&decomposed, &only_factor()), Err("error-password-too-long"));
    }

    /// ASVS V6.2.4 asks for the top 3,000 that match the policy. These are among the first of every published list; each must
    /// be refused as what it is, and not as weak.
    #[test]
    fn v6_2_4_common_passwords_are_refused_as_common() {
        for common in [
            "password",
            "12345678",
            "123456789",
            "1234567890",
            "qwertyuiop",
            "iloveyou",
            "sunshine",
            "princess",
            "football",
            "baseball",
            "trustno1",
            "superman",
            "starwars",
            "password1",
            "password123",
            "qwerty123",
            "1q2w3e4r",
            "1qaz2wsx",
            "letmein1",
            "whatever",
            "michelle",
            "corvette",
            "computer",
            "mercedes",
            "internet",
            "PASSWORD",
            "Password1",
            "Football",
            "samantha",
            "q1w2e3r4t5",
            "abcd1234",
            "asdfghjkl",
            "1234qwer",
            "zxcvbnm1",
            "liverpool",
            "charlie1",
        ] {
            assert_eq!(check(common, &with_factor()), Err("error-password-common"), "{common}");
        }
        for long in ["passwordpassword", "123456789123456", "1qaz2wsx3edc4rfv", "qwertyuiopasdfghjkl", "1Q2W3E4R5T6Y7U8I"] {
            assert_eq!(check(long, &only_factor()), Err("error-password-common"), "{long}");
        }
        for disguised in ["p@ssw0rd", "drowssap", "s4mantha"] {
            assert_eq!(check(disguised, &with_factor()), Err("error-password-common"), "{disguised}");
        }
    }

    #[test]
    fn what_repeats_or_counts_is_refused_as_too_weak() {
        for easy in ["aaaaaaaaaaaaaaaaaaaa", "abcdefghijklmnopqrstuvwxyz", "999999999999999999", "zxzxzxzxzxzxzxzxzx"] {
            assert!(matches!(check(easy, &only_factor()), Err("error-password-too-weak" | "error-password-common")), "{easy}");
        }
        assert_eq!(check(&"é🗝".repeat(8), &only_factor()), Err("error-password-too-weak"));
    }

    #[test]
    fn v6_1_2_and_v6_2_11_words_of_the_persons_own_surroundings_are_refused() {
        let rules = Rules::around(["Penelope Featherstonehaugh", "penny.f@harbour.example", "Acme Shipping Ltd", "Lighthouse"]);
        for near in [
            "penelopefeatherstonehaugh",
            "Penelope.Featherstonehaugh!1",
            "P3n3l0p3 Feath3rst0n3haugh",
            "Penelope2026!!!",
            "featherstonehough",
            "penny.f@harbour.example",
            "Acme Shipping 2026",
            "acmeacmeacmeacme",
            "LIGHTHOUSE1234567",
            "latchkeylatchkey",
            "L4tchk3y-2026-!",
            "clientareaclientarea",
            "lighthouselighthouse",
            "lighthousepenelope",
        ] {
            assert_eq!(check(near, &rules), Err("error-password-own-words"), "{near}");
        }
        for fine in ["penelope keeps seven quiet lanterns", "a lighthouse needs no winter coat", "kettle acme drums under oath"] {
            assert_eq!(check(fine, &rules), Ok(()), "{fine}");
        }
    }

    #[test]
    fn the_meter_says_why_and_never_praises_what_would_be_refused() {
        let rules = Rules::around(["Penelope Featherstonehaugh"]);
        let refused = strength("Penelope.Featherstonehaugh!1", &rules);
        assert!(refused.score <= 1 && refused.refused == Some("error-password-own-words"));
        assert_eq!(strength("vq8Zr1mT4kLw0xB-7hd", &rules), Strength { score: 4, refused: None });
    }

    #[test]
    fn a_password_of_nothing_but_disguises_costs_no_more_than_another() {
        let all = "4@8({[<3691!|70$5+%2";
        let kept: String = affordable(all).chars().filter(|sign| all.contains(*sign)).collect();
        assert!((8..20).contains(&kept.len()) && readings(&kept) <= MAX_READINGS, "{kept}");
        assert!(
            all.chars()
                .zip(affordable(all).chars())
                .all(|(before, after)| before == after || ('\u{e000}'..'\u{e020}').contains(&after))
        );
        let twice = affordable(&all.repeat(2));
        assert_eq!(twice, affordable(all).repeat(2), "what repeats goes on repeating");
        for ordinary in ["p4$$w0rd", "L4tchk3y!2026", "correct horse battery staple", "", "9(k1}v5", "ŝ🗝"] {
            assert_eq!(affordable(ordinary), ordinary);
        }
        assert_eq!(check("p4$$w0rd", &with_factor()), Err("error-password-common"), "what is affordable is read");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        /// V6.2.5: no composition rules. Any mixture of one class of characters passes when it is random and long.
        #[test]
        fn v6_2_5_no_class_of_characters_is_demanded(lower in "[a-z]{24,40}", upper in "[A-Z]{24,40}", digits in "[0-9]{40,60}", signs in "[!-/]{24,40}", other in "[αβγδεζηθικλμνξ]{24,40}") {
            for password in [lower, upper, digits, signs, other] {
                prop_assert_eq!(check(&password, &only_factor()), Ok(()));
            }
        }

        #[test]
        fn whatever_is_typed_is_judged_without_a_panic(input in any::<String>(), name in any::<String>()) {
            let rules = Rules::around([name]);
            prop_assert_eq!(strength(&input, &rules).refused, check(&input, &rules).err());
        }
    }
}
