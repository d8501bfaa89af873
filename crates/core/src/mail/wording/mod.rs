//! The words of the mails that this server itself sends, where the operator has chosen others than those of their templates:
//! plain text with merge fields.

mod ops;
mod sql;

use super::notice::Notice;
use super::{EMAIL_CHANGE, EMAIL_VERIFICATION, MAX_MESSAGE, MAX_SUBJECT, PASSWORD_RESET, REGISTRATION};
use crate::error::{Fields, Invalid, Wrong};
use crate::merge::{self, Piece};
use crate::text;

pub(super) use ops::of;
pub use ops::{reword, wording, wordings};

/// Longest label of the button, in characters.
pub const MAX_BUTTON: usize = 60;

/// The most fields of one message.
const MAX_FIELDS: usize = 200;

/// The most characters that an error shows of what was typed: as many as the longest field has with its braces.
const MAX_SHOWN: usize = 63;

/// The field that stands for the mail's link.
pub const LINK: &str = "link";

/// The field that stands for the permissions offered: a line that holds it is written once for each.
pub const PERMISSIONS: &str = "permissions";

/// One of the mails that this server itself sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// Somebody is offered access to an account.
    Invitation,
    /// Somebody is invited to become an admin.
    AdminInvitation,
    /// Somebody may choose a new password.
    PasswordReset,
    /// Somebody is asked to confirm the address of its login.
    EmailVerification,
    /// Somebody is asked to confirm the address that its login is to have.
    EmailChange,
    /// Somebody who has registered is asked to confirm the address, and so to finish.
    Registration,
    /// Somebody is told that something happened.
    Notice(Notice),
    /// An admin tries the mail settings.
    Test,
}

impl MailKind {
    const OTHERS: [Self; 7] = [
        Self::Invitation,
        Self::AdminInvitation,
        Self::PasswordReset,
        Self::EmailVerification,
        Self::EmailChange,
        Self::Registration,
        Self::Test,
    ];

    /// The kind of this key.
    pub fn from_key(key: &str) -> Option<Self> {
        let other = Self::OTHERS.into_iter().find(|kind| kind.key() == key);
        other.or_else(|| Notice::from_key(key).map(Self::Notice))
    }

    /// Its key: the name of its template.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::AdminInvitation => "admin-invitation",
            Self::PasswordReset => PASSWORD_RESET,
            Self::EmailVerification => EMAIL_VERIFICATION,
            Self::EmailChange => EMAIL_CHANGE,
            Self::Registration => REGISTRATION,
            Self::Notice(notice) => notice.key(),
            Self::Test => "test",
        }
    }

    /// The merge fields that its words may hold, in the order in which a page names them.
    pub fn fields(self) -> Vec<&'static str> {
        let own: &[&'static str] = match self {
            Self::Invitation => &["inviter", "account_name", "role", PERMISSIONS, "email", "expires_at", LINK],
            Self::AdminInvitation => &["inviter", "role", "email", "expires_at", LINK],
            Self::PasswordReset | Self::EmailVerification | Self::EmailChange | Self::Registration => {
                &["name", "email", "expires_at", LINK]
            }
            Self::Notice(_) => &["name", "email", "at", "ip", LINK],
            Self::Test => &[],
        };
        let of_notice = if let Self::Notice(notice) = self { notice.fields() } else { &[] };
        own.iter().chain(of_notice).chain(&["brand_name"]).copied().collect()
    }

    /// Whether the mail has a link, and so a button.
    pub const fn has_link(self) -> bool {
        !matches!(self, Self::Test)
    }

    /// Whether it is of no use without its link. A notice tells what it has to tell without one.
    pub const fn needs_link(self) -> bool {
        self.has_link() && !matches!(self, Self::Notice(_))
    }
}

/// What an operator has a mail say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// The subject, one line with fields.
    pub subject: String,
    /// Plain text with fields, an empty line between two paragraphs. What follows a line `--` is the mail's foot.
    pub message: String,
    /// What its button says, one line with fields; empty for a mail without a link.
    pub button: String,
}

impl Wording {
    /// Checks every field of what was typed for a mail of this kind.
    pub fn parse(kind: MailKind, subject: &str, message: &str, button: &str) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let subject = fields.take("subject", one_line(kind, subject, MAX_SUBJECT));
        let message = fields.take("message", whole(kind, message));
        let button = if kind.has_link() { one_line(kind, button, MAX_BUTTON) } else { Ok(String::new()) };
        let button = fields.take("button", button);
        fields.finish()?;
        match (subject, message, button) {
            (Some(subject), Some(message), Some(button)) => Ok(Self { subject, message, button }),
            _ => Err(Vec::new()),
        }
    }
}

/// A subject or a label. It has words of its own, since every field can be without a value; and neither the link, whose secret has
/// no business in a subject, nor what takes several lines.
fn one_line(kind: MailKind, typed: &str, max: usize) -> Result<String, Wrong> {
    let line = text::line(typed, max)?;
    let names = names(kind, &line)?;
    if names.iter().any(|name| [LINK, PERMISSIONS].contains(name)) {
        return Err("error-wording-field-in-line".into());
    }
    Ok(has_words(&line).then_some(line).ok_or("error-wording-no-words")?)
}

fn whole(kind: MailKind, typed: &str) -> Result<String, Wrong> {
    let message = text::paragraph(typed, MAX_MESSAGE)?;
    let names = names(kind, &message)?;
    if kind.needs_link() && !names.contains(&LINK) {
        return Err("error-wording-link-missing".into());
    }
    if names.len() > MAX_FIELDS {
        return Err("error-wording-too-many-fields".into());
    }
    Ok(has_words(&message).then_some(message).ok_or("error-wording-no-words")?)
}

/// The names of all fields in a text; a brace that belongs to none of this mail's is refused, with what was written there.
fn names(kind: MailKind, text: &str) -> Result<Vec<&str>, Wrong> {
    let known = kind.fields();
    let (mut names, mut rest) = (Vec::new(), text);
    for piece in merge::pieces(text) {
        let (length, wrong) = match piece {
            Piece::Field(field) => (field.len() + "{}".len(), (!known.contains(&merge::bare(field))).then_some(0)),
            Piece::Text(text) => (text.len(), text.find(['{', '}'])),
        };
        if let Some(at) = wrong {
            return Err(Wrong::naming("error-wording-field-unknown", around_brace(rest, at)));
        }
        if let Piece::Field(field) = piece {
            names.push(merge::bare(field));
        }
        rest = rest.split_at_checked(length).map_or("", |(_, behind)| behind);
    }
    Ok(names)
}

/// What somebody took for a field: from its opening braces to its closing ones, or to the end of the word; or the word that a
/// closing brace ends.
fn around_brace(text: &str, at: usize) -> String {
    let (before, after) = text.split_at_checked(at).unwrap_or(("", text));
    let line = after.split('\n').next().unwrap_or_default();
    let inside = line.trim_start_matches('{');
    let opening = line.len() - inside.len();
    if opening == 0 {
        let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        return word.chars().skip(word.chars().count().saturating_sub(MAX_SHOWN)).chain(['}']).collect();
    }
    let brace = inside.find(['{', '}']).and_then(|end| inside.split_at_checked(end)).filter(|(_, brace)| brace.starts_with('}'));
    let length = match brace {
        Some((name, closing)) => name.len() + closing.len() - closing.trim_start_matches('}').len(),
        None => inside.find(char::is_whitespace).unwrap_or(inside.len()),
    };
    let whole = line.split_at_checked(opening + length).map_or(line, |(whole, _)| whole);
    whole.chars().take(MAX_SHOWN).collect()
}

fn has_words(text: &str) -> bool {
    merge::pieces(text).any(|piece| matches!(piece, Piece::Text(text) if text.chars().any(char::is_alphanumeric)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = MailKind> {
        MailKind::OTHERS.into_iter().chain(Notice::ALL.iter().copied().map(MailKind::Notice))
    }

    fn refused(kind: MailKind, subject: &str, message: &str, button: &str) -> Vec<(&'static str, &'static str)> {
        let problems = Wording::parse(kind, subject, message, button).expect_err("refused");
        problems.into_iter().map(|problem| (problem.field, problem.message)).collect()
    }

    #[test]
    fn every_kind_is_found_by_its_key_and_names_no_field_twice() {
        for kind in all() {
            assert_eq!(MailKind::from_key(kind.key()), Some(kind));
            let fields = kind.fields();
            let distinct: std::collections::BTreeSet<_> = fields.iter().collect();
            assert_eq!(distinct.len(), fields.len(), "{kind:?}");
            assert_eq!(fields.contains(&LINK), kind.has_link(), "{kind:?}");
        }
        assert_eq!(MailKind::from_key("message"), None);
    }

    #[test]
    fn a_mail_that_is_of_no_use_without_its_link_keeps_it() {
        for kind in all() {
            let without = Wording::parse(kind, "Subject", "No link here.", "Open");
            assert_eq!(without.is_err(), kind.needs_link(), "{kind:?}");
            if kind.needs_link() {
                assert_eq!(refused(kind, "Subject", "link", "Open"), [("message", "error-wording-link-missing")]);
                assert!(Wording::parse(kind, "Subject", "Here: {$link}", "Open").is_ok(), "in both spellings");
            }
        }
    }

    #[test]
    fn v1_3_11_a_subject_is_one_line_and_holds_no_link() {
        let reset = MailKind::PasswordReset;
        for bad in ["a\r\nBcc: x@example.com", "a\nb", "a\u{202e}b"] {
            assert_eq!(refused(reset, bad, "Here: {link}", "Open"), [("subject", text::CONTROL)], "{bad:?}");
        }
        assert_eq!(refused(reset, "See {link}", "Here: {link}", "{link}").len(), 2);
        assert_eq!(refused(MailKind::Invitation, "To {permissions}", "{link} x", "x")[0].1, "error-wording-field-in-line");
        assert_eq!(refused(reset, "{name} – {email}", "Here: {link}", "Open")[0].1, "error-wording-no-words");
        assert_eq!(refused(reset, " ", "\n", ""), ["subject", "message", "button"].map(|field| (field, text::MISSING)));
    }

    #[test]
    fn only_fields_of_the_mail_stand_in_braces() {
        let notice = MailKind::Notice(Notice::PasswordChanged);
        let long = "x".repeat(100);
        for (bad, named) in [
            ("{account_name}!", "{account_name}"),
            ("{name}, {$nmae}!", "{$nmae}"),
            ("{ name } x", "{ name }"),
            ("{name, or not", "{name,"),
            ("{name\n} x", "{name"),
            ("{nobody {name}", "{nobody"),
            ("x name} y", "name}"),
            ("{name}}", "}"),
            ("{{name}} x", "{{name}}"),
            ("{{ name }}", "{{ name }}"),
            ("{% if name %} x", "{% if name %}"),
            ("é{é}é", "{é}"),
            ("{", "{"),
            (&format!("{{{long}}}"), &format!("{{{}", "x".repeat(MAX_SHOWN - 1))),
            (&format!("{long}}}"), &format!("{}}}", "x".repeat(MAX_SHOWN))),
        ] {
            let problems = Wording::parse(notice, "Hello", &format!("Hello {bad}"), "Open").expect_err("refused");
            let unknown = Invalid { found: Some(named.to_owned()), ..Invalid::new("message", "error-wording-field-unknown") };
            assert_eq!(problems, [unknown], "{bad}");
        }
        assert!(Wording::parse(notice, "Hello {name}", "Hello {$name} at {brand_name}", "Open {brand_name}").is_ok());
        let many = format!("x{}", "{name}".repeat(MAX_FIELDS + 1));
        assert_eq!(refused(notice, "Hello", &many, "Open"), [("message", "error-wording-too-many-fields")]);
    }
}
