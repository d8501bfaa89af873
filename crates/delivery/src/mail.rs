//! Sends the mails of the outbox and decides what becomes of each.

use std::time::Duration;

use latchkey_core::app::{App, Tx};
use latchkey_core::error::Fault;
use latchkey_core::mail::{self, Outgoing};
use latchkey_core::outbox::{self, Claimed, Topic};

use crate::dialogue::{Outcome, Postman};
use crate::letter;
use crate::smtp::SmtpSettings;
use crate::worker::{LEASE_MARGIN, Work, jitter, system, write_down};

/// A mail is given up after this many tries: 51 minutes of closer and closer to hourly ones, then 94
/// hourly ones, together just under four days.
const MAX_ATTEMPTS: i64 = 100;

/// How long a mail waits after its first tries.
const FIRST_PAUSES: [Duration; 5] =
    [Duration::from_secs(10), Duration::from_mins(1), Duration::from_mins(5), Duration::from_mins(15), Duration::from_mins(30)];

/// How long it waits after every further one.
const LATER_PAUSES: Duration = Duration::from_hours(1);

/// The work of the topic `Mail`.
pub(crate) struct SendMails {
    postman: Postman,
}

impl SendMails {
    /// Sends through this server; `public_url` is where people reach Latchkey.
    pub(crate) fn new(smtp: SmtpSettings, public_url: &str) -> Self {
        Self { postman: Postman::new(smtp, public_url) }
    }

    async fn send(&self, app: &App, mail: &Outgoing) -> Outcome {
        match letter::write(self.postman.from(), mail, app.now(), app.public_url()) {
            Ok(letter) => self.postman.deliver(&letter).await,
            Err(unwritable) => Outcome::Refused(unwritable.to_string()),
        }
    }
}

impl Work for SendMails {
    type Piece = Claimed;
    const NAME: &'static str = "mails";
    const AT_ONCE: usize = 4;

    fn lease(&self) -> Duration {
        self.postman.longest_try().saturating_add(LEASE_MARGIN)
    }

    fn claim(tx: &Tx<'_>, limit: i64, lease: Duration) -> Result<Vec<Claimed>, Fault> {
        outbox::claim(tx, &system(), Topic::Mail, limit, lease)
    }

    async fn perform(&self, app: &App, piece: Claimed) -> Result<(), Fault> {
        if piece.attempts > MAX_ATTEMPTS {
            // It never got as far as an answer: whoever tried it died each time.
            return settle(app, piece, Outcome::Refused(format!("given up after {MAX_ATTEMPTS} tries"))).await;
        }
        let outcome = match mail::claimed(app, piece).await {
            Ok(Some(mail)) => self.send(app, &mail).await,
            Ok(None) => return write_down(app, move |tx| outbox::finish(tx, &system(), piece)).await,
            Err(unreadable @ Fault::Template { .. }) => Outcome::Refused(unreadable.to_string()),
            Err(fault) => return Err(fault),
        };
        settle(app, piece, outcome).await
    }
}

/// Writes down what became of a mail.
async fn settle(app: &App, piece: Claimed, outcome: Outcome) -> Result<(), Fault> {
    let mail = piece.reference;
    match outcome {
        Outcome::Taken(answer) => {
            tracing::info!(mail, answer, "a mail was taken by the mail server");
            write_down(app, move |tx| mail::sent(tx, &system(), piece, &answer)).await
        }
        Outcome::Later(answer) if piece.attempts < MAX_ATTEMPTS => {
            let pause = pause_after(piece.attempts, jitter(app));
            tracing::warn!(mail, answer, attempts = piece.attempts, ?pause, "a mail was put off");
            write_down(app, move |tx| mail::put_off(tx, &system(), piece, &answer, pause)).await
        }
        Outcome::Later(answer) => {
            let answer = format!("given up after {} tries; the last answer: {answer}", piece.attempts);
            tracing::error!(mail, answer, "a mail was given up");
            write_down(app, move |tx| mail::failed(tx, &system(), piece, &answer)).await
        }
        Outcome::Refused(answer) => {
            tracing::error!(mail, answer, "a mail was refused");
            write_down(app, move |tx| mail::failed(tx, &system(), piece, &answer)).await
        }
    }
}

/// How long a mail waits after so many tries: longer and longer, ±10 % by `jitter`, so that what
/// failed together does not come back together.
fn pause_after(attempts: i64, jitter: u8) -> Duration {
    let tries = usize::try_from(attempts).unwrap_or(0);
    let pause = FIRST_PAUSES.get(tries.saturating_sub(1)).copied().unwrap_or(LATER_PAUSES);
    pause * (900 + 200 * u32::from(jitter) / 255) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_vary_by_a_tenth() {
        let seconds = |attempts, jitter| pause_after(attempts, jitter).as_secs();
        assert_eq!((seconds(1, 0), seconds(1, 255)), (9, 11));
        assert_eq!((seconds(2, 0), seconds(2, 255)), (54, 66));
        assert_eq!((seconds(5, 0), seconds(5, 255)), (27 * 60, 33 * 60));
        assert_eq!((seconds(6, 0), seconds(99, 255)), (54 * 60, 66 * 60));
    }

    #[test]
    fn a_mail_is_given_up_after_just_under_four_days() {
        let waited: Duration = (1..MAX_ATTEMPTS).map(|attempts| pause_after(attempts, 127)).sum();
        assert!(waited > Duration::from_hours(93) && waited < Duration::from_hours(96), "{waited:?}");
    }
}
