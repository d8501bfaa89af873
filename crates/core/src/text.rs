//! Text that people type: one line, normalised, with nothing in it that could deceive a reader.

use unicode_normalization::UnicodeNormalization;

/// The key of the message for a field left empty.
pub const MISSING: &str = "error-required";
/// The key of the message for a value over its limit.
pub const TOO_LONG: &str = "error-too-long";
/// The key of the message for line breaks, control and direction-changing characters.
pub const CONTROL: &str = "error-name-malformed";

/// One line of text in NFC without surrounding space; it may be empty.
///
/// Control characters, line breaks and characters that change the direction of the text around them
/// are refused: they have no use in a name and serve header injection and look-alikes.
pub fn optional_line(input: &str, max_characters: usize) -> Result<String, &'static str> {
    let text: String = input.trim().nfc().collect();
    if text.chars().any(deceives) {
        return Err(CONTROL);
    }
    if text.chars().count() > max_characters {
        return Err(TOO_LONG);
    }
    Ok(text)
}

/// Like [`optional_line`], and something must be there to see.
pub fn line(input: &str, max_characters: usize) -> Result<String, &'static str> {
    let text = optional_line(input, max_characters)?;
    if text.chars().all(|character| matches!(character, '\u{200c}' | '\u{200d}' | '\u{fe0f}') || character.is_whitespace()) {
        return Err(MISSING);
    }
    Ok(text)
}

/// Several lines of text; line breaks and tabs are kept, other control characters refused.
pub fn paragraph(input: &str, max_characters: usize) -> Result<String, &'static str> {
    let text: String = input.replace("\r\n", "\n").trim().nfc().collect();
    if text.is_empty() {
        return Err(MISSING);
    }
    if text.chars().any(|character| deceives(character) && !matches!(character, '\n' | '\t')) {
        return Err(CONTROL);
    }
    if text.chars().count() > max_characters {
        return Err(TOO_LONG);
    }
    Ok(text)
}

/// A telephone number as people write it, or nothing.
pub fn phone(input: &str) -> Result<String, &'static str> {
    let phone = optional_line(input, 40)?;
    let plausible = phone.chars().all(|character| character.is_ascii_digit() || " +-()./x".contains(character));
    if plausible { Ok(phone) } else { Err("error-phone-malformed") }
}

fn deceives(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Text for comparison and search: NFKC and case folded, so that look-alikes of a letter are that letter.
pub fn folded(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_script_are_taken_and_trimmed() {
        for name in ["Zoë", "محمد", "李小龙", "👩‍💻 Dev", "<script>alert(1)</script>", "O'Neil"] {
            assert_eq!(line(&format!(" {name} "), 100).as_deref(), Ok(name));
        }
    }

    #[test]
    fn line_breaks_and_direction_overrides_are_refused() {
        for bad in ["a\nb", "a\r\nBcc: x@example.com", "a\u{202e}b", "a\0b", "a\u{2028}b", "\u{200b}a"] {
            assert_eq!(line(bad, 100), Err(CONTROL), "{bad:?}");
        }
        assert_eq!(line(" \u{200d} ", 100), Err(MISSING));
        assert_eq!(line("abcd", 3), Err(TOO_LONG));
        assert_eq!(paragraph("a\r\nb\tc", 10).as_deref(), Ok("a\nb\tc"));
    }

    #[test]
    fn folding_makes_look_alikes_equal() {
        assert_eq!(folded("ＡＬＩＣＥ"), "alice");
        assert_eq!(folded("ÉCLAIR"), folded("e\u{301}clair"));
    }
}
