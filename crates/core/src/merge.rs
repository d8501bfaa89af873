//! Merge fields: names in braces that stand in a text for what is filled in. The one way to find them, for the operator's own
//! templates and for the words of this server's mails. A text is cut once, so what is filled in is never looked at again.

/// Longest name of a field.
const MAX_FIELD: usize = 60;

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// As it is.
    Text(&'a str),
    /// `{name}` or `{$name}`, without its braces.
    Field(&'a str),
}

/// The text, cut at its fields.
pub fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if let Some((field, behind)) = leading_field(rest) {
            rest = behind;
            return Some(Piece::Field(field));
        }
        let begins = rest.char_indices().find(|(at, character)| *at > 0 && *character == '{');
        let (before, behind) = rest.split_at(begins.map_or(rest.len(), |(at, _)| at));
        rest = behind;
        (!before.is_empty()).then_some(Piece::Text(before))
    })
}

/// The field that a text begins with, and what is behind it.
fn leading_field(text: &str) -> Option<(&str, &str)> {
    let after = text.strip_prefix('{')?;
    // The dollar sign and the closing brace beside the name: a text of many open braces is not searched to its end for each.
    let end = after.bytes().take(MAX_FIELD + 2).position(|byte| byte == b'}')?;
    let (field, behind) = after.split_at_checked(end)?;
    is_field(field).then_some((field, behind.strip_prefix('}')?))
}

/// The name of a field as both spellings have it.
pub fn bare(field: &str) -> &str {
    field.strip_prefix('$').unwrap_or(field)
}

fn is_field(text: &str) -> bool {
    let name = bare(text);
    !name.is_empty() && name.len() <= MAX_FIELD && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_cut_at_what_is_written_as_a_field() {
        use Piece::{Field, Text};
        let found: Vec<_> = pieces("Hi {name}{$link}! {{a}} { b } {} {é}").collect();
        let (double, close) = (Text("{"), Text("} "));
        let end = [Text("{ b } "), Text("{} "), Text("{é}")];
        let begin = [Text("Hi "), Field("name"), Field("$link"), Text("! "), double, Field("a"), close];
        assert_eq!(found, begin.into_iter().chain(end).collect::<Vec<_>>());
        let (longest, longer) = (format!("{{${}}}", "x".repeat(MAX_FIELD)), format!("{{{}}}", "x".repeat(MAX_FIELD + 1)));
        assert!(pieces(&longest).all(|piece| matches!(piece, Field(_))));
        assert!(pieces(&longer).all(|piece| matches!(piece, Text(_))));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_between_the_pieces(text in "[{}$a-z_ é\n]{0,80}") {
            let whole: String = pieces(&text).map(|piece| match piece {
                Piece::Text(text) => text.to_owned(),
                Piece::Field(field) => format!("{{{field}}}"),
            }).collect();
            prop_assert_eq!(whole, text);
        }
    }
}
