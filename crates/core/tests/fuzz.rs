//! What reads foreign bytes never fails in any other way than by saying so, and reads its own writing.

use latchkey_core::access::{Grants, Permission};
use latchkey_core::email::{Email, EmailKey};
use latchkey_core::secret::Secret;
use latchkey_core::text;
use proptest::prelude::*;

/// Text with what readers stumble over: separators, directions, combining marks, other scripts, other widths.
fn odd_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-z0-9.+_-]{0,12}",
        2 => Just("@".to_owned()),
        1 => prop::sample::select(vec!["\r\n", "\0", "\u{202e}", "\u{feff}", "ａ", "İ", "ß", "В", "Σ", "ς", "\u{301}", "xn--", "例", "<", ",", "\"", "%00", " "])
            .prop_map(str::to_owned),
        1 => any::<char>().prop_map(|character| character.to_string()),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// An address that is taken stands in one header of a mail, is taken again as it is shown, and has one key.
    #[test]
    fn v1_3_11_whatever_is_taken_as_an_address_is_one(typed in odd_text()) {
        let key = EmailKey::of(&typed);
        if let Ok(email) = Email::parse(&typed) {
            prop_assert!(!email.as_str().contains(|c: char| c.is_control() || c.is_whitespace() || "<>,;\"".contains(c)));
            prop_assert_eq!(Email::parse(email.as_str()).unwrap(), email.clone());
            prop_assert_eq!(EmailKey::of(email.as_str()), key.clone());
            prop_assert_eq!(EmailKey::of(key.as_str()), key);
            prop_assert_eq!(EmailKey::of(&email.as_str().to_uppercase().to_lowercase()).as_str().matches('@').count(), 1);
        }
    }

    #[test]
    fn grants_of_any_text_are_written_as_they_were_read(text in odd_text(), keys in prop::collection::vec(0..13_usize, 0..5)) {
        let known: Vec<&str> = keys.iter().map(|key| Permission::ALL[*key].key()).collect();
        let grants = Grants::parse(&format!("{} {text}", known.join(" ")));
        prop_assert_eq!(Grants::parse(&grants.to_string()), grants.clone());
        for key in known {
            prop_assert!(grants.has(Permission::from_key(key).unwrap()));
        }
        prop_assert!(grants.covers(&grants) && grants.covers(&Grants::none()));
    }

    #[test]
    fn only_what_a_secret_wrote_is_read_as_one(text in odd_text(), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        for text in [text, String::from_utf8_lossy(&bytes).into_owned()] {
            if let Some(secret) = Secret::parse(&text) {
                prop_assert_eq!(secret.reveal(), text);
            }
        }
    }

    /// A line that is taken holds nothing that begins another one, and is taken again as it is.
    #[test]
    fn v16_4_1_a_line_that_is_taken_is_one_line(typed in odd_text(), longest in 1..40_usize) {
        if let Ok(line) = text::line(&typed, longest) {
            prop_assert!(!line.chars().any(char::is_control) && line.chars().count() <= longest);
            prop_assert_eq!(text::line(&line, longest), Ok(line));
        }
    }
}
