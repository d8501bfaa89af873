//! The templates that come along, for who asks for them.

use super::Details;

/// Each template is a line `= name (category)`, a line with the subject, an empty line, and the text.
const TEXT: &str = include_str!("bundled.txt");

/// The templates that come along: what billing sends most.
pub fn bundled() -> Vec<Details> {
    format!("\n{TEXT}").split("\n= ").skip(1).filter_map(parse).collect()
}

fn parse(text: &str) -> Option<Details> {
    let (head, rest) = text.split_once('\n')?;
    let (name, category) = head.strip_suffix(')')?.rsplit_once(" (")?;
    let (subject, message) = rest.split_once("\n\n")?;
    Details::parse(name, category, subject, message).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_template_is_whole_and_has_a_name_of_its_own() {
        let found = bundled();
        assert_eq!(found.len(), TEXT.lines().filter(|line| line.starts_with("= ")).count());
        let names: std::collections::BTreeSet<_> = found.iter().map(|details| crate::text::folded(&details.name)).collect();
        assert!(names.len() == found.len() && names.contains("client signup email"), "{names:?}");
        for details in &found {
            assert!(details.message.starts_with("Hello {first_name},"), "{}", details.name);
            assert_eq!(details.message.matches('{').count(), details.message.matches('}').count(), "{}", details.name);
        }
    }
}
