//! The talk with the mail server: one connection for each mail.
//!
//! Latchkey sends few mails, and a connection of its own makes each outcome certain: what a server
//! says to one mail can never be taken for its answer to another, however the talk before it ended.
//! The steps are taken one by one, since the same words mean different things in different places:
//! "535" while logging in is a wrong setting, "550" to the recipient is the end of this mail.

use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use tokio::time::timeout;
use url::{Host, Url};

use crate::letter::Letter;
use crate::smtp::{Encryption, SmtpSettings};

/// How a password may be shown to the server, best first.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// "Go ahead", the answer to DATA.
const START_MAIL_INPUT: u16 = 354;

/// Refusals that speak of our settings and not of the mail: no login, a weak one, a wrong one, no
/// encryption (RFC 4954, 6).
const WRONG_SETTINGS: [&str; 4] = ["530", "534", "535", "538"];

/// The answer to the whole mail may take this much longer than all before it. A server that looks
/// for viruses first may have taken a mail that we no longer wait for: it arrives twice (RFC 5321, 4.5.3.2.6).
const PATIENCE: u32 = 2;

/// How long to wait for the answer to a farewell.
const FAREWELL: Duration = Duration::from_secs(5);

/// What became of a try.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The server took the mail, with these words.
    Taken(String),
    /// It never will, with these words.
    Refused(String),
    /// It may take it another time: the server's words, or why it could not be asked.
    Later(String),
}

/// Brings letters to one mail server.
pub(crate) struct Postman {
    smtp: SmtpSettings,
    hello: ClientId,
}

impl Postman {
    /// Introduces itself by the name of `public_url`, or else by the machine's.
    pub(crate) fn new(smtp: SmtpSettings, public_url: &str) -> Self {
        let host = Url::parse(public_url).ok().and_then(|url| url.host().map(|host| host.to_owned()));
        let hello = match host {
            Some(Host::Domain(name)) if name.contains('.') => ClientId::Domain(name),
            _ => ClientId::default(),
        };
        Self { smtp, hello }
    }

    /// From whom letters come.
    pub(crate) fn from(&self) -> &Mailbox {
        &self.smtp.from
    }

    /// The longest that [`Postman::deliver`] takes.
    pub(crate) fn longest_try(&self) -> Duration {
        self.smtp.timeout.saturating_mul(1 + PATIENCE)
    }

    /// Tries to hand a letter over.
    pub(crate) async fn deliver(&self, letter: &Letter) -> Outcome {
        match self.hand_over(letter).await {
            Ok(answer) => Outcome::Taken(answer),
            Err(outcome) => outcome,
        }
    }

    async fn hand_over(&self, letter: &Letter) -> Result<String, Outcome> {
        let mut connection = self.within(self.smtp.timeout, self.announce(letter)).await??;
        let patience = self.smtp.timeout.saturating_mul(PATIENCE);
        let answer = self.within(patience, connection.message(&letter.bytes)).await?;
        take_leave(connection);
        answer.map(|answer| in_words(&answer)).map_err(|error| judged(&error))
    }

    async fn within<T>(&self, limit: Duration, talk: impl Future<Output = T>) -> Result<T, Outcome> {
        let silent = |_| Outcome::Later(format!("{} did not answer within {} s", self.smtp.server(), limit.as_secs_f32()));
        timeout(limit, talk).await.map_err(silent)
    }

    /// A connection over which the server waits for the letter's text.
    async fn announce(&self, letter: &Letter) -> Result<AsyncSmtpConnection, Outcome> {
        let mut connection = self.open().await?;
        match offer(&mut connection, letter).await {
            Ok(()) => Ok(connection),
            Err(outcome) => {
                take_leave(connection);
                Err(outcome)
            }
        }
    }

    /// A connection, encrypted and logged in as the settings say. Whatever goes wrong here says nothing
    /// about the letter, so it is tried again.
    async fn open(&self) -> Result<AsyncSmtpConnection, Outcome> {
        let later = |what: &str, error: &Error| Outcome::Later(format!("{} {what}: {}", self.smtp.server(), words(error)));
        let (at_once, starttls) = match &self.smtp.encryption {
            Encryption::Implicit(tls) => (Some(tls.clone()), None),
            Encryption::Required(tls) | Encryption::Opportunistic(tls) => (None, Some(tls)),
            Encryption::Off => (None, None),
        };
        let mut connection = self.connect(at_once).await.map_err(|error| later("cannot be reached", &error))?;
        if let Some(tls) = starttls
            && (connection.can_starttls() || matches!(self.smtp.encryption, Encryption::Required(_)))
        {
            let encrypted = connection.starttls(tls.clone(), &self.hello).await;
            encrypted.map_err(|error| later("cannot be talked to in private", &error))?;
        }
        if let Some(credentials) = &self.smtp.credentials {
            let known = connection.auth(&MECHANISMS, credentials).await;
            known.map_err(|error| later("does not let us log in", &error))?;
        }
        Ok(connection)
    }

    async fn connect(&self, tls: Option<TlsParameters>) -> Result<AsyncSmtpConnection, Error> {
        let server = (self.smtp.host.as_str(), self.smtp.port);
        AsyncSmtpConnection::connect_tokio1(server, Some(self.smtp.timeout), &self.hello, tls, None).await
    }
}

/// Names sender and recipient and announces the text.
async fn offer(connection: &mut AsyncSmtpConnection, letter: &Letter) -> Result<(), Outcome> {
    let parameters = parameters(connection, letter)?;
    say(connection, Mail::new(Some(letter.from.clone()), parameters)).await?;
    say(connection, Rcpt::new(letter.to.clone(), Vec::new())).await?;
    let answer = say(connection, Data).await?;
    if answer.has_code(START_MAIL_INPUT) { Ok(()) } else { Err(Outcome::Later(in_words(&answer))) }
}

async fn say(connection: &mut AsyncSmtpConnection, command: impl std::fmt::Display) -> Result<Response, Outcome> {
    connection.command(command).await.map_err(|error| judged(&error))
}

/// What the letter asks of the server beyond the ordinary. Its text is always ASCII; an address may not be.
fn parameters(connection: &AsyncSmtpConnection, letter: &Letter) -> Result<Vec<MailParameter>, Outcome> {
    let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
    if is_ascii(&letter.from) && is_ascii(&letter.to) {
        return Ok(Vec::new());
    }
    let server = connection.server_info();
    if !server.supports_feature(Extension::SmtpUtfEight) || !server.supports_feature(Extension::EightBitMime) {
        return Err(Outcome::Refused("the mail server does not take addresses with international characters".to_owned()));
    }
    Ok(vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)])
}

/// Whether a step that failed is the end of this mail.
fn judged(error: &Error) -> Outcome {
    let wrong_settings = error.status().is_some_and(|code| WRONG_SETTINGS.contains(&code.to_string().as_str()));
    if error.is_permanent() && !wrong_settings { Outcome::Refused(words(error)) } else { Outcome::Later(words(error)) }
}

/// The server's words as it said them, or else what happened.
fn words(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let cause = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
    match error.status() {
        Some(code) => format!("{code} {cause}").trim_end().to_owned(),
        None if error.is_response() => format!("the connection was closed, or the answer was not SMTP ({cause})"),
        None => cause,
    }
}

fn in_words(answer: &Response) -> String {
    let lines: Vec<&str> = answer.message().collect();
    format!("{} {}", answer.code(), lines.join(" ")).trim_end().to_owned()
}

/// Ends the connection politely, while the outcome is already being written down.
fn take_leave(mut connection: AsyncSmtpConnection) {
    tokio::spawn(async move { timeout(FAREWELL, connection.abort()).await });
}
