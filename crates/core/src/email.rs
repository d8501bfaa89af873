//! Mail addresses: the login of a user and the place an invitation goes to.

use std::fmt;

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

use crate::db::{DbError, FromValue, ToValue, Value};
use crate::text::{self, folded};

/// Longest address, in bytes (RFC 5321, 4.5.3.1.3, less the angle brackets).
const MAX_BYTES: usize = 254;
/// Longest part before the `@`, in bytes (RFC 5321, 4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;

/// The key of the message for an address that cannot be one.
pub const MALFORMED: &str = "error-email-malformed";

/// A well-formed mail address, as it is shown and as mail is sent to it.
///
/// What is shown is what is compared, in small letters: the Cyrillic `ВМТ` looks like `BMT`, and a capital `I` like an `l`. An
/// international domain is kept in its Unicode form.
///
/// RFC 5321 (2.4) lets a mail server tell `A@` from `a@`, and advises against it. Here the two are one login, so only one of them
/// could ever be used: mail goes to the small one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads an address. Quoted local parts and address literals are refused: no person has them,
    /// and mail programs disagree on them.
    pub fn parse(input: &str) -> Result<Self, &'static str> {
        let text = text::line(input, MAX_BYTES)?;
        let (local, domain) = text.rsplit_once('@').ok_or(MALFORMED)?;
        let local = shown_local(local);
        let email = format!("{local}@{}", shown_domain(domain)?);
        if local.len() > MAX_LOCAL_BYTES || email.len() > MAX_BYTES || !is_dot_atom(&local) {
            return Err(MALFORMED);
        }
        Ok(Self(email))
    }

    /// The address as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes two addresses the same login: case, Unicode look-alikes and the spelling of an
    /// international domain do not make a second user.
    pub fn key(&self) -> EmailKey {
        EmailKey::of(&self.0)
    }
}

/// The part before the `@`, in small letters. A character that looks like another one than it is compared as becomes what it is
/// compared as: `ϲ` looks like `c`, and is a `ς`.
fn shown_local(local: &str) -> String {
    if local.is_ascii() {
        return local.to_ascii_lowercase();
    }
    let shown = |character: char| {
        let typed = character.to_string();
        let compared = folded(&typed);
        if typed.to_lowercase() == typed && looks(&typed) == looks(&compared) { typed } else { compared }
    };
    local.chars().map(shown).collect::<String>().nfc().collect()
}

/// A domain as IDNA shows it, however it was spelled.
fn shown_domain(domain: &str) -> Result<String, &'static str> {
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| MALFORMED)?;
    let dotted = ascii.contains('.') && !ascii.ends_with('.') && !ascii.starts_with('.');
    let (unicode, valid) = idna::domain_to_unicode(&ascii);
    if dotted && valid.is_ok() { Ok(unicode) } else { Err(MALFORMED) }
}

fn is_dot_atom(local: &str) -> bool {
    let special = |character: char| {
        character.is_whitespace() || matches!(character, '(' | ')' | '<' | '>' | '[' | ']' | ':' | ';' | '@' | '\\' | ',' | '"')
    };
    !local.is_empty() && local.split('.').all(|atom| !atom.is_empty() && !atom.chars().any(special))
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ToValue for Email {
    fn to_value(&self) -> Value {
        self.0.to_value()
    }
}

impl FromValue for Email {
    fn from_value(value: Value) -> Result<Self, DbError> {
        String::from_value(value).map(Self)
    }
}

/// The comparable form of an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EmailKey(String);

impl EmailKey {
    /// The comparable form of whatever was typed, an address or not: for looking a login up.
    pub fn of(typed: &str) -> Self {
        let folded = folded(typed.trim());
        Self(match folded.rsplit_once('@') {
            Some((local, domain)) => {
                let ascii = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
                let looks_like = prototype(&idna::domain_to_unicode(&ascii).0);
                format!("{}@{}", prototype(local), idna::domain_to_ascii(&looks_like).unwrap_or(ascii))
            }
            None => folded,
        })
    }

    /// The key as the database holds it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Folded text in which every character beyond ASCII is the one that it looks like (Unicode TS 39, 4): a Cyrillic `а` is an
/// `a`. ASCII is left alone: `john1` and `johnl` are two people.
fn prototype(text: &str) -> String {
    let looks_like = |character: char| -> String {
        if character.is_ascii() { character.to_string() } else { skeleton(&character.to_string()).collect() }
    };
    // A sigma that ends a word is the same capital as any other.
    folded(&text.replace('ς', "σ").chars().map(looks_like).collect::<String>())
}

/// What a reader sees, ASCII and beyond.
fn looks(text: &str) -> String {
    folded(&skeleton(text).collect::<String>())
}

impl ToValue for EmailKey {
    fn to_value(&self) -> Value {
        self.0.to_value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses_are_taken() {
        for good in
            ["a@b.example", "first.last+tag@sub.example.com", "o'neil@example.org", "jörg@müller.example", "用户@例子.example"]
        {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn malformed_addresses_are_refused() {
        for bad in [
            "plain",
            "@b.example",
            "a@",
            "a@b",
            "a@.example",
            "a@b.example.",
            "a b@c.example",
            "a..b@c.example",
            ".a@c.example",
            "\"a\"@c.example",
            "a@[127.0.0.1]",
            "a@b.example\r\nBcc: x@y.example",
            "a@b@c.example,d@e.example",
            "<a@b.example>",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Email::parse(&format!("{}@b.example", "a".repeat(65))).is_err());
    }

    #[test]
    fn case_and_look_alikes_are_one_login() {
        let key = Email::parse("Anna@Müller.example").unwrap().key();
        for same in ["anna@müller.example", "ANNA@MÜLLER.EXAMPLE", "ａnna@xn--mller-kva.example", " anna@mu\u{308}ller.example "]
        {
            assert_eq!(EmailKey::of(same), key, "{same}");
        }
    }

    #[test]
    fn letters_of_other_scripts_that_look_alike_are_one_login() {
        let key = EmailKey::of("scope@cap.example");
        // Cyrillic letters in the local part, in the domain, and in the domain's ASCII form.
        let domain = idna::domain_to_ascii("сар.example").unwrap();
        for same in ["ѕсоре@cap.example", "scope@сар.example", "ЅСОРЕ@CAP.EXAMPLE", &format!("scope@{domain}")] {
            assert_eq!(EmailKey::of(same), key, "{same}");
        }
    }

    #[test]
    fn an_address_is_shown_in_small_letters_and_its_domain_in_its_own_script() {
        for (typed, shown) in [
            ("Olivia@Example.com", "olivia@example.com"),
            ("joeI@PaypaI.example", "joei@paypai.example"),
            ("Olivia@MÜLLER.example", "olivia@müller.example"),
            ("JÖRG@Example.com", "jörg@example.com"),
            ("jo@XN--mller-kva.example", "jo@müller.example"),
            ("νικος@νικος.example", "νικος@νικος.example"),
            ("ΝΙΚΟΣ@ΝΙΚΟΣ.example", "νικοσ@νικοσ.example"),
            ("น้ำ@example.com", "น้ำ@example.com"),
        ] {
            let email = Email::parse(typed).unwrap();
            assert_eq!(email.as_str(), shown);
            assert_eq!(Email::parse(shown).unwrap(), email, "{shown}");
            assert_eq!(EmailKey::of(typed), email.key(), "{typed}");
        }
    }

    #[test]
    fn who_looks_like_another_in_capitals_is_not_shown_in_them() {
        for (typed, latin, shown) in [
            ("admin@ВМТ.example", "admin@BMT.example", "admin@вмт.example"),
            ("ВЕРА@a.example", "BEPA@a.example", "вера@a.example"),
            ("ΒΕΗΚΜΝΤ@a.example", "BEHKMNT@a.example", "βεηκμντ@a.example"),
            // Mathematical capitals, of which there are no small ones.
            ("\u{1d6a9}\u{1d6ae}@a.example", "BH@a.example", "βη@a.example"),
            ("ϲeo@a.example", "ceo@a.example", "ςeo@a.example"),
        ] {
            let email = Email::parse(typed).unwrap();
            assert_ne!(email.key(), EmailKey::of(latin), "{typed}");
            assert_eq!(looks(typed), looks(latin), "{typed}");
            assert_eq!(email.as_str(), shown);
            assert_ne!(looks(shown), looks(latin), "{shown}");
        }
    }

    #[test]
    fn a_sigma_is_one_letter_wherever_it_stands() {
        let key = EmailKey::of("ΝΙΚΟΣ@ΝΙΚΟΣ.example");
        let domain = idna::domain_to_ascii("νικος.example").unwrap();
        for same in ["νικος@νικος.example", "νικοσ@νικοσ.example", "Νικος@ΝΙΚΟΣ.example", &format!("νικος@{domain}")]
        {
            assert_eq!(EmailKey::of(same), key, "{same}");
        }
    }

    #[test]
    fn an_address_that_is_too_long_as_it_is_shown_is_refused() {
        // Two bytes, and three in small letters.
        assert!(Email::parse(&format!("{}@b.example", "\u{23a}".repeat(32))).is_err());
        assert!(Email::parse(&format!("{}@b.example", "\u{23a}".repeat(21))).is_ok());
        // Letters of three bytes, each of which takes one in the ASCII form.
        let label = idna::domain_to_ascii(&"例".repeat(50)).unwrap();
        assert!(label.len() <= 63 && Email::parse(&format!("a@{label}.example")).is_ok());
        let long = format!("a@{label}.{label}.example");
        assert!(long.len() <= MAX_BYTES && Email::parse(&long).is_err());
    }

    #[test]
    fn ascii_look_alikes_and_accents_stay_two_people() {
        for (one, other) in
            [("john1@a.example", "johnl@a.example"), ("jörg@a.example", "jorg@a.example"), ("mia@a.example", "mia@ä.example")]
        {
            assert_ne!(EmailKey::of(one), EmailKey::of(other), "{one}");
        }
    }
}
