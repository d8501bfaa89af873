//! A mail as it goes over the wire. No name, subject or text can add a header or end the message.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use latchkey_core::clock::Timestamp;
use latchkey_core::mail::Outgoing;
use lettre::address::AddressError;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use ring::digest::{Context, SHA256};

/// Says to out-of-office programs that nobody waits for an answer (RFC 3834, 5).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// The same for Exchange, which does not know the other.
const SUPPRESS: HeaderName = HeaderName::new_from_ascii_str("X-Auto-Response-Suppress");

/// Bytes of the digest that make a message's id.
const ID_BYTES: usize = 16;

/// A mail ready to be sent.
pub(crate) struct Letter {
    /// Who is told when it cannot be delivered.
    pub(crate) from: Address,
    /// To whom.
    pub(crate) to: Address,
    /// Header and text.
    pub(crate) bytes: Vec<u8>,
}

/// A mail that cannot be sent to anybody.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwritable {
    /// The recipient's address is none.
    #[error("the address cannot receive mail: {0}")]
    Address(#[from] AddressError),
    /// Something of it is missing.
    #[error("the mail cannot be written: {0}")]
    Message(#[from] lettre::error::Error),
}

/// Writes a mail. `server` tells two Latchkeys apart that share a sender's domain.
pub(crate) fn write(from: &Mailbox, mail: &Outgoing, now: Timestamp, server: &str) -> Result<Letter, Unwritable> {
    let to = address(&mail.to)?;
    let written = &mail.written;
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(one_line(&written.subject))
        .date(system_time(now))
        .message_id(Some(message_id(from, mail, server)))
        .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
        .raw_header(HeaderValue::new(SUPPRESS, "All".to_owned()))
        .multipart(MultiPart::alternative_plain_html(lines(&written.text), lines(&written.html)))?;
    Ok(Letter { from: from.email.clone(), to, bytes: message.formatted() })
}

/// Reads an address; an international domain becomes ASCII, which every mail server takes.
pub(crate) fn address(text: &str) -> Result<Address, AddressError> {
    if text.chars().any(char::is_control) {
        return Err(AddressError::InvalidInput);
    }
    let (user, domain) = text.rsplit_once('@').ok_or(AddressError::MissingParts)?;
    match url::Host::parse(domain) {
        Ok(url::Host::Domain(ascii)) => Address::new(user, ascii),
        _ => Address::new(user, domain),
    }
}

/// A header's value is one line, whatever it was made of.
fn one_line(text: &str) -> String {
    text.split(|character: char| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}'))
        .filter(|piece| !piece.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Lines end the same way, and nothing but tabs and line ends is left of control characters: lines
/// that end differently for two servers are how one mail is made to look like two.
fn lines(text: &str) -> String {
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    unified.chars().filter(|character| !character.is_control() || matches!(character, '\n' | '\t')).collect()
}

/// The same for every try of one mail, so that a mail that arrives twice can be recognised.
fn message_id(from: &Mailbox, mail: &Outgoing, server: &str) -> String {
    let mut context = Context::new(&SHA256);
    for part in [server, &mail.id.to_string(), &mail.to, &mail.written.subject, &mail.written.text] {
        context.update(part.as_bytes());
        context.update(&[0]);
    }
    let mut id = String::with_capacity(2 * ID_BYTES);
    for byte in context.finish().as_ref().iter().take(ID_BYTES) {
        // Writing to a string cannot fail.
        let _ = write!(id, "{byte:02x}");
    }
    format!("<{id}@{}>", from.email.domain())
}

fn system_time(moment: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(moment.as_micros()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use latchkey_core::id::MailId;
    use latchkey_core::mail::Written;
    use latchkey_core::testing::START;
    use proptest::prelude::*;

    use super::*;

    fn outgoing(subject: &str, text: &str) -> Outgoing {
        let written = Written { subject: subject.to_owned(), text: text.to_owned(), html: format!("<p>{text}</p>") };
        Outgoing { id: MailId(7), to: "jo@example.org".to_owned(), written }
    }

    fn sender() -> Mailbox {
        Mailbox::new(Some("Acme, \"Web\" & Söhne".to_owned()), address("mail@acme.example").unwrap())
    }

    fn text_of(mail: &Outgoing) -> String {
        String::from_utf8(write(&sender(), mail, START, "http://latchkey.example").unwrap().bytes).unwrap()
    }

    fn header_names(message: &str) -> Vec<&str> {
        let (header, _) = message.split_once("\r\n\r\n").unwrap();
        header.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])).map(|line| line.split_once(':').unwrap().0).collect()
    }

    const ORDINARY: [&str; 9] = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "MIME-Version",
        "Content-Type",
    ];

    #[test]
    fn a_letter_says_what_it_must() {
        let message = text_of(&outgoing("Olivia invites you", "Hello"));
        assert_eq!(header_names(&message), ORDINARY);
        assert!(message.contains("\r\nTo: jo@example.org\r\n"), "{message}");
        assert!(message.contains("\r\nSubject: Olivia invites you\r\n"), "{message}");
        assert!(message.contains("\r\nDate: Tue, 24 Nov 2026 08:00:00 +0000\r\n"), "{message}");
        assert!(message.contains("\r\nAuto-Submitted: auto-generated\r\n"), "{message}");
        assert!(message.contains("Content-Type: multipart/alternative;"), "{message}");
        assert!(message.find("text/plain").unwrap() < message.find("text/html").unwrap(), "{message}");
        assert!(message.contains("@acme.example>\r\n"), "{message}");
    }

    #[test]
    fn no_subject_adds_a_header() {
        for hostile in [
            "Hi\r\nBcc: x@evil.example",
            "Hi\nBcc: x@evil.example",
            "Hi\rBcc: x@evil.example",
            "Hi\r\n\r\nan early end",
            "Hi\u{b}Bcc: x@evil.example\u{0}",
            "Hi\u{85}Bcc: x@evil.example\u{2028}Bcc: y@evil.example",
            "Grüße\r\nBcc: x@evil.example",
        ] {
            let message = text_of(&outgoing(hostile, "Hello"));
            assert_eq!(header_names(&message), ORDINARY, "{hostile:?}\n{message}");
        }
    }

    proptest! {
        #[test]
        fn nothing_at_all_adds_a_header_or_a_bare_line_end(subject in ".*|(?s).{0,300}", text in "(?s).{0,300}") {
            let message = text_of(&outgoing(&subject, &text));
            prop_assert_eq!(header_names(&message), ORDINARY);
            prop_assert!(!message.replace("\r\n", "").contains(['\r', '\n']));
            prop_assert!(message.is_ascii());
        }
    }

    #[test]
    fn no_text_holds_a_line_end_that_servers_read_differently() {
        let message = text_of(&outgoing("Hi", "one\r.\rtwo\n.\nthree\r\n.\r\nfour\u{1b}[2J"));
        let bare = message.replace("\r\n", "");
        assert!(!bare.contains(['\r', '\n']), "{message:?}");
        assert!(!message.contains('\u{1b}'), "{message:?}");
    }

    #[test]
    fn every_try_of_a_mail_has_the_same_id_and_another_mail_another() {
        let id = |message: String| message.split("Message-ID: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
        let first = id(text_of(&outgoing("Hi", "a")));
        assert_eq!(id(text_of(&outgoing("Hi", "a"))), first);
        assert_ne!(id(text_of(&outgoing("Hi", "b"))), first);
    }

    #[test]
    fn an_international_domain_becomes_ascii_and_a_malformed_address_is_refused() {
        assert_eq!(address("jo@müller.example").unwrap().to_string(), "jo@xn--mller-kva.example");
        for bad in
            ["", "jo", "jo@", "@example.org", "jo@example.org\r\nRCPT TO:<x@evil.example>", "jo@exa mple.org", "a b@example.org"]
        {
            assert!(address(bad).is_err(), "{bad:?}");
        }
    }
}
