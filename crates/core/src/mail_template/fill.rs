//! What stands in braces, and what it stands for.

use crate::account::Account;
use crate::merge::{self, Piece};

/// The fields of our own, in the order in which pages name them.
pub const FIELDS: [&str; 7] = ["first_name", "last_name", "account_name", "account_id", "company", "email", "brand_name"];

/// What the fields of a message stand for.
#[derive(Clone, Debug)]
pub struct Values {
    own: [(&'static str, String); 7],
    whmcs: [(&'static str, String); 7],
    custom: Vec<(String, String)>,
}

impl Values {
    /// Of this account, with what the caller brings along. `brand` is the installation's name.
    pub fn of(account: &Account, brand: &str, custom: Vec<(String, String)>) -> Self {
        let details = &account.details;
        // As everywhere a mail goes to an account: the owner's address where it has none of its own.
        let email = if details.contact_email.is_empty() { &account.owner.email } else { &details.contact_email };
        let person = format!("{} {}", details.first_name, details.last_name).trim().to_owned();
        let own = [
            details.first_name.clone(),
            details.last_name.clone(),
            details.name.clone(),
            account.id.to_string(),
            details.company.clone(),
            email.clone(),
            brand.to_owned(),
        ];
        let mut own = own.into_iter();
        Self {
            own: FIELDS.map(|name| (name, own.next().unwrap_or_default())),
            whmcs: [
                ("client_id", account.id.to_string()),
                ("client_name", person),
                ("client_first_name", details.first_name.clone()),
                ("client_last_name", details.last_name.clone()),
                ("client_company_name", details.company.clone()),
                ("client_email", email.clone()),
                ("company_name", brand.to_owned()),
            ],
            custom,
        }
    }

    /// `{first_name}`; and `{$client_name}`, as templates that were written for WHMCS have it. What the caller brings along counts
    /// with the dollar sign and without, and comes after our own names and before those of WHMCS.
    fn get(&self, field: &str) -> Option<&str> {
        let name = merge::bare(field);
        let has_dollar = name != field;
        let in_list = |list: &'_ [(&'static str, String)]| list.iter().position(|(known, _)| *known == name);
        if !has_dollar && let Some((_, value)) = in_list(&self.own).and_then(|at| self.own.get(at)) {
            return Some(value);
        }
        if let Some((_, value)) = self.custom.iter().find(|(known, _)| known == name) {
            return Some(value);
        }
        let whmcs = in_list(&self.whmcs).filter(|_| has_dollar);
        whmcs.and_then(|at| self.whmcs.get(at)).map(|(_, value)| value.as_str())
    }

    /// The text with every field that is known filled in; any other braces stay as they are. One pass: a value is never looked at
    /// again. `None` as soon as it is longer than `max` characters.
    pub fn fill(&self, text: &str, max: usize) -> Option<String> {
        let (mut filled, mut length) = (String::new(), 0);
        let mut add = |part: &str| {
            length += part.chars().count();
            filled.push_str(part);
            (length <= max).then_some(())
        };
        for piece in merge::pieces(text) {
            match piece {
                Piece::Text(text) => add(text)?,
                Piece::Field(field) => match self.get(field) {
                    Some(value) => add(value)?,
                    None => ["{", field, "}"].into_iter().try_for_each(&mut add)?,
                },
            }
        }
        Some(filled)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(custom: &[(&str, &str)]) -> Values {
        let value = |name: &'static str| (name, format!("<{name}>"));
        let whmcs = [
            "client_id",
            "client_name",
            "client_first_name",
            "client_last_name",
            "client_company_name",
            "client_email",
            "company_name",
        ];
        let custom = custom.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Values { own: FIELDS.map(value), whmcs: whmcs.map(value), custom }
    }

    fn fill(custom: &[(&str, &str)], text: &str) -> String {
        values(custom).fill(text, 1_000).unwrap()
    }

    #[test]
    fn both_spellings_are_filled_in_and_everything_else_stays() {
        assert_eq!(fill(&[], "{first_name} {$client_name}, {account_name}"), "<first_name> <client_name>, <account_name>");
        let untouched = "{ first_name } {nobody} {$nobody} {} {$} {{ {if $x}{/if} {first-name} {\u{202e}} {client_name}";
        assert_eq!(fill(&[], untouched), untouched, "what nobody knows, and the template language of others");
        assert_eq!(fill(&[], "{{first_name}}"), "{<first_name>}");
    }

    #[test]
    fn what_the_caller_brings_counts_in_both_spellings_and_takes_no_name_of_ours() {
        let custom = [("invoice_num", "17"), ("first_name", "Mallory"), ("client_name", "Ada")];
        assert_eq!(fill(&custom, "{$invoice_num} {invoice_num} {first_name} {$client_name}"), "17 17 <first_name> Ada");
    }

    #[test]
    fn a_value_is_never_read_as_a_template() {
        let custom = [("a", "{b} {first_name} {$client_email}"), ("b", "{a}")];
        assert_eq!(fill(&custom, "{$a}{b}"), "{b} {first_name} {$client_email}{a}");
    }

    #[test]
    fn a_text_that_grows_too_long_is_given_up_at_once() {
        let long = "x".repeat(900);
        let values = values(&[("a", &long)]);
        assert!(values.fill("{a}", 900).is_some() && values.fill("{a}", 899).is_none());
        assert!(values.fill(&"{a}".repeat(1_000_000), 1_000).is_none());
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic_and_nothing_but_fields_changes(text in "[{}$a-z_ é\n]{0,60}") {
            let filled = values(&[]).fill(&text, 10_000).unwrap();
            let has_a_field = text.contains('}');
            prop_assert!(filled == text || has_a_field);
        }
    }
}
