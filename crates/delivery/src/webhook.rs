//! Sends events to webhooks: to each endpoint one after the other, to several endpoints at the same time.

use std::sync::Arc;
use std::time::Duration;

use latchkey_core::app::{App, Tx};
use latchkey_core::error::Fault;
use latchkey_core::webhook::{self, Claimed, Message, Outcome, Secrets};
use tokio::sync::Notify;
use tokio::time::Instant;
use url::Url;

use crate::courier::{Courier, Letter, Line, TIME_LIMIT};
use crate::hostname::LookUp;
use crate::worker::{Work, jitter, system, write_down};

/// The lease is renewed with each message, so it need not outlast more than one.
const LEASE: Duration = TIME_LIMIT.saturating_mul(2);

/// The work on endpoints.
pub(crate) struct SendWebhooks<L> {
    courier: Courier<L>,
    /// Wakes the worker once an endpoint was given back: what came while it was held nobody else could take.
    again: Arc<Notify>,
}

impl<L: LookUp> SendWebhooks<L> {
    pub(crate) const fn new(courier: Courier<L>, again: Arc<Notify>) -> Self {
        Self { courier, again }
    }

    /// Sends what is due until there is nothing left, something failed, or the endpoint belongs to somebody else.
    async fn serve(&self, app: &App, claimed: &Claimed) -> Result<(), Fault> {
        let mut line = None;
        while let Some(batch) = webhook::due(app, &system(), claimed).await? {
            for message in &batch.messages {
                let outcome = self.send(app, &claimed.url, message, &batch.secrets, &mut line).await;
                if !settle(app, claimed, message, &outcome).await? {
                    return Ok(());
                }
            }
            let more = batch.more;
            let done = claimed.clone();
            write_down(app, move |tx| webhook::advance(tx, &system(), &done, &batch)).await?;
            if !more {
                let done = claimed.clone();
                return write_down(app, move |tx| webhook::release(tx, &system(), &done)).await;
            }
        }
        Ok(())
    }

    async fn send(&self, app: &App, url: &str, message: &Message, secrets: &Secrets, line: &mut Option<Line>) -> Outcome {
        let (at, begun) = (app.now(), Instant::now());
        let timestamp = at.as_micros() / 1_000_000;
        let signature = secrets.sign(message, timestamp);
        let letter = Letter { id: message.id.clone(), timestamp, signature, body: message.body.clone() };
        let answer = match Url::parse(url) {
            Ok(url) => self.courier.deliver(&url, &letter, line, at).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let took = begun.elapsed();
        match answer {
            Ok(answer) => {
                Outcome { at, took, status: Some(answer.status), error: String::new(), retry_after: answer.retry_after }
            }
            Err(error) => Outcome { at, took, status: None, error, retry_after: None },
        }
    }
}

impl<L: LookUp> Work for SendWebhooks<L> {
    type Piece = Claimed;
    const NAME: &'static str = "webhooks";
    const AT_ONCE: usize = 8;

    fn lease(&self) -> Duration {
        LEASE
    }

    fn claim(tx: &Tx<'_>, limit: i64, lease: Duration) -> Result<Vec<Claimed>, Fault> {
        webhook::claim(tx, &system(), limit, lease)
    }

    async fn perform(&self, app: &App, claimed: Claimed) -> Result<(), Fault> {
        let served = self.serve(app, &claimed).await;
        self.again.notify_one();
        served
    }
}

/// Writes down what came of a message; whether to go on.
async fn settle(app: &App, claimed: &Claimed, message: &Message, outcome: &Outcome) -> Result<bool, Fault> {
    let (webhook, id) = (claimed.id.0, message.id.as_str());
    if outcome.is_taken() {
        tracing::debug!(webhook, id, status = outcome.status, "a webhook took a message");
    } else {
        tracing::warn!(webhook, id, status = outcome.status, error = outcome.error, "a webhook did not take a message");
    }
    let (claimed, message, outcome, jitter) = (claimed.clone(), message.clone(), outcome.clone(), jitter(app));
    write_down(app, move |tx| webhook::settle(tx, &system(), &claimed, &message, &outcome, LEASE, jitter)).await
}
