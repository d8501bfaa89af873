//! Which mail server takes the mails, read from the operator's settings.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::TlsParameters;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::letter;

/// How long a try may take until the mail's text is announced; its answer may take twice as long.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where mail is handed in (RFC 6409), and where it is with encryption from the first byte (RFC 8314).
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;

/// A mail server, how to talk to it, and from whom mails come. Does not print its password.
#[derive(Clone)]
pub struct SmtpSettings {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) encryption: Encryption,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) from: Mailbox,
    pub(crate) timeout: Duration,
}

/// How what is said is kept from others. The server's certificate is always verified.
#[derive(Clone)]
pub(crate) enum Encryption {
    /// From the first byte.
    Implicit(TlsParameters),
    /// From STARTTLS on; without it nothing is sent.
    Required(TlsParameters),
    /// From STARTTLS on, when the server offers it.
    Opportunistic(TlsParameters),
    /// Never.
    Off,
}

/// What is wrong with the settings. Shows none of them: a password may stand anywhere in a mistyped URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpError {
    /// Not a URL.
    #[error(
        "the mail server's URL cannot be read ({0}); it looks like smtp://user:password@mail.example.com:587, \
         with special characters of the password percent-encoded"
    )]
    Url(url::ParseError),
    /// Another scheme.
    #[error("the mail server's URL must begin with smtp:// or smtps://")]
    Scheme,
    /// No host, or port 0.
    #[error("the mail server's URL names no host that can be reached")]
    Host,
    /// Something after the host that has no meaning.
    #[error(
        "the mail server's URL may end with ?tls=required, ?tls=opportunistic or ?tls=off (smtp:// only) and with nothing else; \
         a password with special characters must be percent-encoded"
    )]
    Option,
    /// A name without a password, the other way round, or badly encoded.
    #[error("the mail server's URL needs both user name and password, percent-encoded, or neither")]
    Credentials,
    /// The sender is no mailbox.
    #[error("the sender of mails must be an address such as mail@example.com, or Name <mail@example.com>")]
    From,
    /// This machine cannot encrypt.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

impl SmtpSettings {
    /// Reads the settings.
    ///
    /// `url` is `smtps://` (TLS from the first byte, port 465) or `smtp://` (port 587), with user name and
    /// password percent-encoded where there are any. `smtp://` requires STARTTLS, except on the loopback
    /// (`localhost`, `127.0.0.0/8`, `::1`), where nothing is encrypted. `?tls=required`, `?tls=opportunistic`
    /// (STARTTLS when the server offers it) and `?tls=off` say otherwise. Where there is TLS, the certificate
    /// must be one that this machine trusts. `from` is an address or `Name <address>`.
    ///
    /// # Errors
    /// What is wrong, without showing what was given.
    pub fn parse(url: &str, from: &str) -> Result<Self, SmtpError> {
        let url = Url::parse(url.trim()).map_err(SmtpError::Url)?;
        let implicit = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            _ => return Err(SmtpError::Scheme),
        };
        let host = host(&url)?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(SmtpError::Option);
        }
        let encryption = encryption(&url, implicit, &host)?;
        let port = url.port().unwrap_or(if implicit { SUBMISSIONS } else { SUBMISSION });
        if port == 0 {
            return Err(SmtpError::Host);
        }
        let credentials = credentials(&url)?;
        Ok(Self { host: plain(&host), port, encryption, credentials, from: mailbox(from)?, timeout: TIMEOUT })
    }

    /// With another limit of time for each try, 30 s by default: for everything up to the mail's text. The
    /// answer to the text may take twice as long, since a server may have taken the mail by then.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Host and port.
    pub(crate) fn server(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("encryption", &self.encryption)
            .field("credentials", &self.credentials.as_ref().map(|_| "…"))
            .field("from", &self.from.to_string())
            .field("timeout", &self.timeout)
            .finish()
    }
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Implicit(_) => "Implicit",
            Self::Required(_) => "Required",
            Self::Opportunistic(_) => "Opportunistic",
            Self::Off => "Off",
        })
    }
}

/// The host, told apart as a name or an address: in a URL of this scheme it has not been.
fn host(url: &Url) -> Result<Host, SmtpError> {
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(SmtpError::Host)?;
    Host::parse(host).map_err(|_| SmtpError::Host)
}

fn encryption(url: &Url, implicit: bool, host: &Host) -> Result<Encryption, SmtpError> {
    let options: Vec<_> = url.query_pairs().collect();
    let tls = || TlsParameters::new(plain(host)).map_err(|error| SmtpError::Tls(error.to_string()));
    let asked = match options.as_slice() {
        [] => None,
        [(key, value)] if key == "tls" && !implicit => Some(value.as_ref()),
        _ => return Err(SmtpError::Option),
    };
    match asked {
        None if implicit => Ok(Encryption::Implicit(tls()?)),
        None if is_loopback(host) => Ok(Encryption::Off),
        None | Some("required") => Ok(Encryption::Required(tls()?)),
        Some("opportunistic") => Ok(Encryption::Opportunistic(tls()?)),
        Some("off") => Ok(Encryption::Off),
        Some(_) => Err(SmtpError::Option),
    }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => Ipv4Addr::is_loopback(address),
        Host::Ipv6(address) => Ipv6Addr::is_loopback(address),
    }
}

/// Without the brackets of a URL.
fn plain(host: &Host) -> String {
    match host {
        Host::Ipv6(address) => address.to_string(),
        other => other.to_string(),
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpError> {
    let decoded = |text| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| SmtpError::Credentials);
    match (url.username(), url.password().unwrap_or_default()) {
        ("", "") => Ok(None),
        ("", _) | (_, "") => Err(SmtpError::Credentials),
        (user, password) => Ok(Some(Credentials::new(decoded(user)?, decoded(password)?))),
    }
}

/// Reads `address` or `Name <address>`; the name may stand in quotes.
fn mailbox(text: &str) -> Result<Mailbox, SmtpError> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(SmtpError::From);
    }
    let (name, address) = match text.strip_suffix('>') {
        Some(text) => text.rsplit_once('<').ok_or(SmtpError::From)?,
        None => ("", text),
    };
    let name = name.trim();
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name).trim();
    let address = letter::address(address.trim()).map_err(|_| SmtpError::From)?;
    Ok(Mailbox::new((!name.is_empty()).then(|| name.to_owned()), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "Acme <mail@acme.example>";

    fn parsed(url: &str) -> SmtpSettings {
        SmtpSettings::parse(url, FROM).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    #[test]
    fn a_url_says_where_and_how() {
        for (url, server, encryption) in [
            ("smtp://mail.example.com", "mail.example.com:587", "Required"),
            ("smtp://mail.example.com:2525/", "mail.example.com:2525", "Required"),
            ("smtps://mail.example.com", "mail.example.com:465", "Implicit"),
            ("smtp://192.0.2.1", "192.0.2.1:587", "Required"),
            ("smtp://mail.example.com?tls=opportunistic", "mail.example.com:587", "Opportunistic"),
            ("smtp://mail:1025?tls=off", "mail:1025", "Off"),
            ("smtp://localhost", "localhost:587", "Off"),
            ("smtp://LOCALHOST:25", "localhost:25", "Off"),
            ("smtp://127.3.2.1:25", "127.3.2.1:25", "Off"),
            ("smtp://[::1]:25", "::1:25", "Off"),
            ("smtp://localhost:25?tls=required", "localhost:25", "Required"),
            ("smtps://localhost", "localhost:465", "Implicit"),
            ("smtp://müller.example", "xn--mller-kva.example:587", "Required"),
        ] {
            let settings = parsed(url);
            assert_eq!(
                (settings.server().as_str(), format!("{:?}", settings.encryption).as_str()),
                (server, encryption),
                "{url}"
            );
            assert_eq!(settings.timeout, Duration::from_secs(30));
        }
    }

    #[test]
    fn name_and_password_are_percent_decoded() {
        let settings = parsed("smtp://jo%40example.com:p%40ss%2Fw%3Ard+%C3%BC@mail.example.com");
        let expected = Credentials::new("jo@example.com".to_owned(), "p@ss/w:rd+ü".to_owned());
        assert!(settings.credentials == Some(expected));
        assert!(parsed("smtp://mail.example.com").credentials.is_none());
    }

    #[test]
    fn a_bad_url_is_refused_and_never_shown() {
        for (url, expected) in [
            ("hunter2", None),
            ("", None),
            ("https://jo:hunter2@mail.example.com", Some(SmtpError::Scheme)),
            ("smtp:hunter2", Some(SmtpError::Host)),
            ("smtp://jo:hunter2@mail.example.com:0", Some(SmtpError::Host)),
            ("smtp://jo:hunter2@mail.example.com:hunter2", None),
            ("smtp://jo:25?hunter2@mail.example.com", Some(SmtpError::Option)),
            ("smtp://jo:25/hunter2@mail.example.com", Some(SmtpError::Option)),
            ("smtp://jo:25#hunter2@mail.example.com", Some(SmtpError::Option)),
            ("smtp://jo:hunter2@mail.example.com?tls=none", Some(SmtpError::Option)),
            ("smtp://jo:hunter2@mail.example.com?tls=off&tls=off", Some(SmtpError::Option)),
            ("smtps://jo:hunter2@mail.example.com?tls=off", Some(SmtpError::Option)),
            ("smtp://jo@mail.example.com", Some(SmtpError::Credentials)),
            ("smtp://:hunter2@mail.example.com", Some(SmtpError::Credentials)),
            ("smtp://jo:hunter2%FF@mail.example.com", Some(SmtpError::Credentials)),
        ] {
            let error = SmtpSettings::parse(url, FROM).unwrap_err();
            assert!(expected.is_none() || expected == Some(error.clone()), "{url}: {error}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}: {error}");
        }
        let settings = format!("{:?}", parsed("smtp://jo:hunter2@mail.example.com"));
        assert!(!settings.contains("hunter2") && !settings.contains("jo"), "{settings}");
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        let from = |text| SmtpSettings::parse("smtp://localhost", text).map(|settings| settings.from);
        let expect = |name: Option<&str>, address| Mailbox::new(name.map(str::to_owned), letter::address(address).unwrap());
        assert_eq!(from("mail@acme.example"), Ok(expect(None, "mail@acme.example")));
        assert_eq!(from("<mail@acme.example>"), Ok(expect(None, "mail@acme.example")));
        assert_eq!(from(" Acme, Inc. <mail@acme.example> "), Ok(expect(Some("Acme, Inc."), "mail@acme.example")));
        assert_eq!(from("\"Acme\" <latchkey@localhost>"), Ok(expect(Some("Acme"), "latchkey@localhost")));
        for bad in
            ["", "Acme", "Acme <>", "Acme mail@acme.example>", "A <a@b.example", "A\r\nBcc: x@y.example <a@b.example>", "a@b@"]
        {
            assert_eq!(from(bad), Err(SmtpError::From), "{bad:?}");
        }
    }
}
