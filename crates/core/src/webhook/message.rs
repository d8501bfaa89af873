//! What is sent: the body and its signatures, by *Standard Webhooks*.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;
use serde::Serialize;

use crate::access::ActorKind;
use crate::clock::Timestamp;
use crate::event::{Sealed, type_name};
use crate::id::{AccountId, UserId, WebhookId};
use crate::secret::Secret;

/// The type of a test.
const TEST: &str = "webhook.test";

/// Something to be sent to an endpoint.
#[derive(Clone, Debug)]
pub struct Message {
    /// The same each time this event is sent to this endpoint: what a receiver knows repetitions by.
    pub id: String,
    /// The event's type.
    pub kind: String,
    /// The body.
    pub body: Vec<u8>,
    pub(super) seq: Option<i64>,
    pub(super) extra: Option<i64>,
}

#[derive(Serialize)]
struct Body<'a, D> {
    r#type: &'a str,
    timestamp: String,
    data: D,
}

#[derive(Serialize)]
struct Data<'a> {
    seq: i64,
    actor: Party<'a>,
    on_behalf_of: Option<Named<'a, UserId>>,
    ip: Option<&'a str>,
    account: Option<Named<'a, AccountId>>,
    user: Option<Named<'a, UserId>>,
    email: Option<&'a str>,
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct Party<'a> {
    kind: ActorKind,
    id: Option<i64>,
    name: &'a str,
}

#[derive(Serialize)]
struct Named<'a, I> {
    id: I,
    name: &'a str,
}

#[derive(Serialize)]
struct Test<'a> {
    message: &'a str,
}

impl Message {
    /// An event.
    pub(super) fn of_event(webhook: WebhookId, sealed: &Sealed, extra: Option<i64>) -> Self {
        let event = &sealed.event;
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (email, detail) = (text(&event.email), text(&event.detail));
        let data = Data {
            seq: sealed.seq,
            actor: Party { kind: event.actor.kind, id: event.actor.id, name: &event.actor.name },
            on_behalf_of: event.on_behalf_of_id.map(|id| Named { id, name: event.on_behalf_of.as_deref().unwrap_or_default() }),
            ip: event.ip.as_deref(),
            account: event.account_id.map(|id| Named { id, name: &event.account_name }),
            user: event.user_id.map(|id| Named { id, name: &event.user_name }),
            email: email.as_deref(),
            detail: detail.as_deref(),
        };
        let kind = type_name(&event.kind);
        let body = body(&kind, event.at, data);
        Self { id: format!("evt_{webhook}_{}", sealed.seq), kind, body, seq: Some(sealed.seq), extra }
    }

    /// A test, numbered by who asked for it.
    pub(super) fn of_test(webhook: WebhookId, extra: i64, asked_at: Timestamp) -> Self {
        let body = body(TEST, asked_at, Test { message: "This is a test of this webhook." });
        Self { id: format!("test_{webhook}_{extra}"), kind: TEST.to_owned(), body, seq: None, extra: Some(extra) }
    }
}

fn body(kind: &str, at: Timestamp, data: impl Serialize) -> Vec<u8> {
    let timestamp = at.to_rfc3339();
    // Strings and numbers: there is nothing that cannot be written.
    serde_json::to_vec(&Body { r#type: kind, timestamp, data }).unwrap_or_default()
}

/// The secrets of an endpoint that count now.
#[derive(Clone)]
pub struct Secrets(pub(super) Vec<Secret>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// The header `webhook-signature` for a message that is sent at `timestamp` (seconds since 1970): one signature for each secret.
    pub fn sign(&self, message: &Message, timestamp: i64) -> String {
        let signatures = self.0.iter().map(|secret| sign(secret.bytes(), &message.id, timestamp, &message.body));
        signatures.collect::<Vec<_>>().join(" ")
    }
}

fn sign(secret: &[u8], id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
    context.update(format!("{id}.{timestamp}.").as_bytes());
    context.update(body);
    format!("v1,{}", STANDARD.encode(context.sign()))
}

/// The secret as the other system's operator gets it.
pub(super) fn shown(secret: &Secret) -> String {
    format!("whsec_{}", STANDARD.encode(secret.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        assert_eq!(
            sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
