//! Near-misses of names: a password that is little more than words from around the person.
//!
//! The names are laid over the password, each with a typing mistake or two, with digits read as the
//! letters they are written for and with signs between the letters. What remains uncovered is what the person has
//! added. A long passphrase that contains a name keeps most of itself, and is fine.

use unicode_normalization::UnicodeNormalization;

/// Shorter parts of names are no words to be near to, in letters.
const SHORTEST: usize = 3;
/// Letters beside the names that do not make a password of them, mistakes included.
const ADDED: usize = 3;
/// Digits and signs beside the names that do not either; with more of them it is for the estimate to say.
const DECORATION: usize = 12;
/// What is longer is no near-miss of a name (repetition is for the estimate to see), and a longer word is none; in characters. With
/// the number of words this bounds the work.
const LONGEST: usize = 64;
/// Words that are looked for.
const MAX_WORDS: usize = 64;

/// Whether the password is one or more of these names and little else.
pub(super) fn is_near<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let mut words: Vec<Vec<char>> = Vec::new();
    for word in names.flat_map(self::words) {
        if words.len() < MAX_WORDS && !words.contains(&word) {
            words.push(word);
        }
    }
    text.len() <= LONGEST && is_covered(&text, &words)
}

/// A name as a whole, and each of its parts: small letters and digits.
fn words(name: &str) -> Vec<Vec<char>> {
    let name: String = name.nfkc().collect::<String>().to_lowercase();
    let local = name.split_once('@').map_or("", |(local, _)| local);
    let parts = name.split(|character: char| !character.is_alphanumeric());
    let all = [name.as_str(), local].into_iter().chain(parts);
    let folded = all.map(|word| word.chars().filter(|character| character.is_alphanumeric()).collect());
    folded
        .filter(|word: &Vec<char>| {
            (SHORTEST..=LONGEST).contains(&word.len()) && word.iter().any(|character| character.is_alphabetic())
        })
        .collect()
}

/// The cheapest way to the end of a beginning of the text.
#[derive(Clone, Copy, Default)]
struct Way {
    /// Letters that no word covers, and mistakes.
    added: usize,
    /// Digits and signs that no word covers.
    decoration: usize,
    /// Whether a word lies in it.
    covered: bool,
}

impl Way {
    fn is_shorter_than(self, other: Self) -> bool {
        (self.added, self.decoration, !self.covered) < (other.added, other.decoration, !other.covered)
    }
}

/// Whether the words can be laid over the text so that little of it remains.
fn is_covered(text: &[char], words: &[Vec<char>]) -> bool {
    let mut ways: Vec<Option<Way>> = vec![None; text.len() + 1];
    let arrive = |ways: &mut Vec<Option<Way>>, end: usize, way: Way| {
        if let Some(known) = ways.get_mut(end)
            && known.is_none_or(|known| way.is_shorter_than(known))
        {
            *known = Some(way);
        }
    };
    arrive(&mut ways, 0, Way::default());
    for (start, character) in text.iter().enumerate() {
        let Some(way) = ways.get(start).copied().flatten() else { continue };
        let is_letter = character.is_alphabetic();
        let alone =
            Way { added: way.added + usize::from(is_letter), decoration: way.decoration + usize::from(!is_letter), ..way };
        arrive(&mut ways, start + 1, alone);
        for word in words {
            for (length, mistakes) in laid_over(text.get(start..).unwrap_or_default(), word) {
                arrive(&mut ways, start + length, Way { added: way.added + mistakes, covered: true, ..way });
            }
        }
    }
    let end = ways.last().copied().flatten().unwrap_or_default();
    end.covered && end.added <= ADDED && end.decoration <= DECORATION
}

/// The beginnings of the text that are this word with few mistakes: their lengths, and how many (Levenshtein's
/// distance, to which signs add nothing).
fn laid_over(text: &[char], word: &[char]) -> Vec<(usize, usize)> {
    let allowed = allowed(word.len());
    let mut row: Vec<usize> = (0..=word.len()).collect();
    let (mut found, mut letters) = (Vec::new(), 0);
    for (index, character) in text.iter().enumerate().take(2 * word.len() + allowed) {
        letters += usize::from(character.is_alphabetic());
        row = next_row(&row, *character, word);
        let mistakes = row.last().copied().unwrap_or_default();
        // Mostly digits: a number, and no name.
        if mistakes <= allowed && letters >= word.len() / 2 {
            found.push((index + 1, mistakes));
        }
        if row.iter().all(|mistakes| *mistakes > allowed) {
            break;
        }
    }
    found
}

fn next_row(row: &[usize], character: char, word: &[char]) -> Vec<usize> {
    let extra = usize::from(character.is_alphanumeric());
    let mut diagonal = row.first().copied().unwrap_or_default();
    let mut beside = diagonal + extra;
    let mut next = vec![beside];
    for (letter, above) in word.iter().zip(row.iter().skip(1)) {
        let differs = usize::from(!reads_as(character, *letter));
        beside = (diagonal + differs).min(beside + 1).min(above + extra);
        diagonal = *above;
        next.push(beside);
    }
    next
}

/// Typing mistakes that leave a word of so many letters recognisable.
const fn allowed(letters: usize) -> usize {
    match letters {
        0..5 => 0,
        5..9 => 1,
        _ => 2,
    }
}

/// Whether a character is this letter, or is written for it.
fn reads_as(character: char, letter: char) -> bool {
    let letters = match character {
        '0' => "o",
        '1' => "il",
        '|' => "l",
        '!' => "i",
        '2' => "z",
        '3' | '€' => "e",
        '4' | '@' => "a",
        '5' | '$' => "s",
        '6' | '9' => "g",
        '7' | '+' => "t",
        '8' => "b",
        _ => "",
    };
    character == letter || letters.contains(letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(text: &str) -> bool {
        is_near(text, ["Olivia Owner", "liv@acme.example", "Area 51"].into_iter())
    }

    #[test]
    fn names_with_decoration_mistakes_and_repetition_are_near() {
        for text in [
            "olivia",
            "Olivia2026",
            "!!0l1v1a!!",
            "ownerolivia",
            "oliviaowner1",
            "olivvia owner",
            "OliviaOliviaOlivia",
            "liv@acme.example",
            "liv-acme-2026",
            "area51area51area51",
            "xx-olivia-x",
        ] {
            assert!(near(text), "{text}");
        }
    }

    #[test]
    fn what_merely_contains_a_name_or_none_is_not() {
        for text in ["olivia paints green doors", "seven lanterns", "48291038572039485720", "", "!?!?!?", "öffnungszeiten"] {
            assert!(!near(text), "{text}");
        }
    }

    #[test]
    fn mistakes_are_counted_as_levenshtein_does_and_signs_are_free() {
        let mistakes = |text: &str, word: &str| {
            let (text, word): (Vec<char>, Vec<char>) = (text.chars().collect(), word.chars().collect());
            laid_over(&text, &word).into_iter().find(|(length, _)| *length == text.len()).map(|(_, mistakes)| mistakes)
        };
        for (text, expected) in [
            ("lighthouse", Some(0)),
            ("l.i-g h t.house", Some(0)),
            ("l1gh7h0u5e", Some(0)),
            ("lighthuose", Some(2)),
            ("lighthous", Some(1)),
            ("lightttthouse", None),
        ] {
            assert_eq!(mistakes(text, "lighthouse"), expected, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// A name survives any digits and signs around it, and its own repetition.
        #[test]
        fn a_decorated_name_is_near(before in "[0-9!.]{0,6}", after in "[0-9!.]{0,6}", times in 1_usize..5) {
            let decorated = format!("{before}{}{after}", "Featherstone".repeat(times));
            prop_assert!(is_near(&decorated, ["Penelope Featherstone"].into_iter()));
        }

        #[test]
        fn random_letters_are_not_near(text in "[b-df-hj-np-tv-z]{15,60}") {
            prop_assert!(!near(&text));
        }
    }
}
