//! Mail addresses: the login of a user and the place an invitation goes to.

use std::fmt;

use serde::Serialize;
use unicode_security::skeleton;

use crate::db::{DbError, FromValue, ToValue, Value};
use crate::text::{self, folded};

/// Longest address, in bytes (RFC 5321, 4.5.3.1.3, less the angle brackets).
const MAX_BYTES: usize = 254;
/// Longest part before the `@`, in bytes (RFC 5321, 4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;

/// The key of the message for an address that cannot be one.
pub const MALFORMED: &str = "error-email-malformed";

/// A well-formed mail address, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads an address. Quoted local parts and address literals are refused: no person has them,
    /// and mail programs disagree on them.
    pub fn parse(input: &str) -> Result<Self, &'static str> {
        let text = text::line(input, MAX_BYTES)?;
        let (local, domain) = text.rsplit_once('@').ok_or(MALFORMED)?;
        let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| MALFORMED)?;
        let dotted = ascii.contains('.') && !ascii.ends_with('.') && !ascii.starts_with('.');
        if !dotted || local.len() > MAX_LOCAL_BYTES || text.len() > MAX_BYTES || !is_dot_atom(local) {
            return Err(MALFORMED);
        }
        Ok(Self(text))
    }

    /// The address as it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes two addresses the same login: case, Unicode look-alikes and the spelling of an
    /// international domain do not make a second user.
    pub fn key(&self) -> EmailKey {
        EmailKey::of(&self.0)
    }
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
    folded(&text.chars().map(looks_like).collect::<String>())
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
    fn ascii_look_alikes_and_accents_stay_two_people() {
        for (one, other) in
            [("john1@a.example", "johnl@a.example"), ("jörg@a.example", "jorg@a.example"), ("mia@a.example", "mia@ä.example")]
        {
            assert_ne!(EmailKey::of(one), EmailKey::of(other), "{one}");
        }
    }
}
