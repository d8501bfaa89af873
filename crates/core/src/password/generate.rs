//! **Generate Password**: twenty random characters, or five words.

use diceware_wordlists::EFF_LONG_WORDLIST;

use super::Rules;
use crate::secret::{NoRandomness, Random};

/// Characters of a random password: 120 bits.
pub const RANDOM_LENGTH: usize = 20;
/// Words of a phrase, out of 7,776 each: 64 bits.
pub const PHRASE_WORDS: usize = 5;

/// No letters or digits that are easily taken for one another. 64 characters, so six random bits pick one without bias.
const ALPHABET: &[u8; 64] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_+=!?*@";

/// Twenty random characters.
pub fn random(random: &Random) -> Result<String, NoRandomness> {
    let mut bytes = [0; RANDOM_LENGTH];
    random.fill(&mut bytes)?;
    let character = |byte: &u8| ALPHABET.get(usize::from(byte & 63)).copied().map(char::from);
    Ok(bytes.iter().filter_map(character).collect())
}

/// Five words of the Electronic Frontier Foundation's long list, with spaces between them. One that the rules
/// would refuse is made anew.
pub fn phrase(source: &Random) -> Result<String, NoRandomness> {
    loop {
        let words = (0..PHRASE_WORDS).map(|_| word(source)).collect::<Result<Vec<_>, _>>()?;
        let phrase = words.join(" ");
        if Rules::default().check(&phrase).is_ok() {
            return Ok(phrase);
        }
    }
}

/// One word, each as likely as any other: numbers beyond the last full round are thrown away.
fn word(random: &Random) -> Result<&'static str, NoRandomness> {
    loop {
        let mut bytes = [0; 2];
        random.fill(&mut bytes)?;
        let number = usize::from(u16::from_be_bytes(bytes));
        let count = EFF_LONG_WORDLIST.len();
        let rounds = (usize::from(u16::MAX) + 1) / count;
        if number < rounds * count
            && let Some(word) = EFF_LONG_WORDLIST.get(number % count)
        {
            return Ok(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_phrase_has_five_of_7776_words_and_the_rules_take_it() {
        let bits = 5.0 * f64::log2(7776.0);
        assert!(bits >= 60.0, "{bits}");
        assert_eq!(EFF_LONG_WORDLIST.iter().collect::<HashSet<_>>().len(), 7776, "no word stands there twice");
        assert!(EFF_LONG_WORDLIST.iter().all(|word| word.len() >= 3 && !word.contains(' ')));
        let source = Random::seeded(5);
        let phrases: HashSet<String> = (0..20).map(|_| phrase(&source).unwrap()).collect();
        assert_eq!(phrases.len(), 20);
        for phrase in phrases {
            assert_eq!(phrase.split(' ').count(), 5, "{phrase}");
            assert_eq!(Rules::default().check(&phrase), Ok(()), "{phrase}");
        }
    }

    #[test]
    fn a_random_one_has_twenty_characters_of_64() {
        assert_eq!(ALPHABET.iter().collect::<HashSet<_>>().len(), 64);
        let source = Random::seeded(5);
        for _ in 0..20 {
            let made = random(&source).unwrap();
            assert_eq!(made.len(), RANDOM_LENGTH);
            assert_eq!(Rules::default().check(&made), Ok(()), "{made}");
        }
    }

    #[test]
    fn every_word_is_as_likely() {
        let source = Random::seeded(9);
        let mut low = 0;
        for _ in 0..4000 {
            let drawn = word(&source).unwrap();
            low += usize::from(EFF_LONG_WORDLIST.iter().position(|word| *word == drawn).unwrap() < 7776 / 2);
        }
        // Far beyond five standard deviations of a fair draw.
        assert!((1800..2200).contains(&low), "{low}");
    }
}
