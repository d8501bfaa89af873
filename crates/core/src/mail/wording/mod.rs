//! The words of the mails that this server itself sends, where the operator has chosen others than those of their templates:
//! plain text with merge fields.

mod ops;
mod sql;

use super::notice::Notice;
use super::{EMAIL_CHANGE, EMAIL_VERIFICATION, MAX_MESSAGE, MAX_SUBJECT, PASSWORD_RESET};
use crate::error::{Fields, Invalid};
use crate::merge::{self, Piece};
use crate::text;

pub(super) use ops::of;
pub use ops::{reword, wording, wordings};

/// Longest label of the button, in characters.
pub const MAX_BUTTON: usize = 60;

/// The most fields of one message.
const MAX_FIELDS: usize = 200;

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
    /// Somebody is told that something happened.
    Notice(Notice),
    /// An admin tries the mail settings.
    Test,
}

impl MailKind {
    const OTHERS: [Self; 6] =
        [Self::Invitation, Self::AdminInvitation, Self::PasswordReset, Self::EmailVerification, Self::EmailChange, Self::Test];

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
            Self::Notice(notice) => notice.key(),
            Self::Test => "test",
        }
    }

    /// The merge fields that its words may hold, in the order in which a page names them.
    pub fn fields(self) -> Vec<&'static str> {
        let own: &[&'static str] = match self {
            Self::Invitation => &["inviter", "account_name", "role", PERMISSIONS, "email", "expires_at", LINK],
            Self::AdminInvitation => &["inviter", "role", "email", "expires_at", LINK],
            Self::PasswordReset | Self::EmailVerification | Self::EmailChange => &["name", "email", "expires_at", LINK],
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
fn one_line(kind: MailKind, typed: &str, max: usize) -> Result<String, &'static str> {
    let line = text::line(typed, max)?;
    let names = names(kind, &line)?;
    if names.iter().any(|name| [LINK, PERMISSIONS].contains(name)) {
        return Err("error-wording-field-in-line");
    }
    has_words(&line).then_some(line).ok_or("error-wording-no-words")
}

fn whole(kind: MailKind, typed: &str) -> Result<String, &'static str> {
    let message = text::paragraph(typed, MAX_MESSAGE)?;
    let names = names(kind, &message)?;
    if kind.needs_link() && !names.contains(&LINK) {
        return Err("error-wording-link-missing");
    }
    if names.len() > MAX_FIELDS {
        return Err("error-wording-too-many-fields");
    }
    has_words(&message).then_some(message).ok_or("error-wording-no-words")
}

/// The names of all fields in a text; a brace that belongs to none of this mail's is refused.
fn names(kind: MailKind, text: &str) -> Result<Vec<&str>, &'static str> {
    let known = kind.fields();
    let mut names = Vec::new();
    for piece in merge::pieces(text) {
        match piece {
            Piece::Field(field) if known.contains(&merge::bare(field)) => names.push(merge::bare(field)),
            Piece::Text(text) if !text.contains(['{', '}']) => {}
            Piece::Field(_) | Piece::Text(_) => return Err("error-wording-field-unknown"),
        }
    }
    Ok(names)
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
        for bad in ["{account_name}", "{first_name}", "{ name }", "{name", "name}", "{{name}}", "{{ name }}", "{% if name %}"] {
            let message = format!("Hello {bad}");
            assert_eq!(refused(notice, "Hello", &message, "Open"), [("message", "error-wording-field-unknown")], "{bad}");
        }
        assert!(Wording::parse(notice, "Hello {name}", "Hello {$name} at {brand_name}", "Open {brand_name}").is_ok());
        let many = format!("x{}", "{name}".repeat(MAX_FIELDS + 1));
        assert_eq!(refused(notice, "Hello", &many, "Open"), [("message", "error-wording-too-many-fields")]);
    }
}
