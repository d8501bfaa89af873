//! Webhooks: addresses of other systems that get events as they happen, signed as *Standard Webhooks* says.
//!
//! An endpoint holds its place in the feed: the number of the last event it took. A worker leases the endpoint, sends the next
//! event that it wants, and moves the place forward once the other system has answered with a 2xx status. So each endpoint gets
//! its events in order and each at least once, whatever dies on the way; a message's id stays the same each time it is sent.
//!
//! **Invariants:** one worker at a time sends to an endpoint (a lease, whose number every change bears); secrets are sealed under the
//! server's key and told once; no event or error holds an endpoint's path or query, which may be secret.

mod message;
mod ops;
mod sql;
mod work;

use std::time::Duration;

use url::Url;

use crate::access::Denied;
use crate::clock::Timestamp;
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::event::EventKind;
use crate::id::WebhookId;
use crate::text;

pub use message::{Message, Secrets};
pub use ops::{
    attempts, attempts_before, create, delete, disable, enable, find, find_to_change, list, page, replay, rotate, secrets,
    send_test, update,
};
pub(crate) use work::sent_by_all;
pub use work::{Batch, Claimed, GIVE_UP_AFTER, Outcome, advance, claim, due, release, settle};

/// Endpoints of one installation.
pub const MAX_WEBHOOKS: i64 = 50;
/// Longest URL, in characters.
pub const MAX_URL: usize = 500;
/// Longest description, in characters.
pub const MAX_DESCRIPTION: usize = 100;
/// Secrets of one endpoint that count at the same time.
pub const MAX_SECRETS: usize = 4;
/// Tries of one endpoint that are kept, the latest ones.
pub const MAX_ATTEMPTS: i64 = 200;

/// An endpoint to be made, or what one is changed to.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    url: String,
    description: String,
    kinds: Vec<EventKind>,
}

impl NewWebhook {
    /// Checks what was typed. `kinds` are the types of messages ([`EventKind::type_name`]); none means all. Plain http is taken only with `plain_http`: where
    /// the operator's configuration allows networks of its own.
    pub fn parse(url: &str, description: &str, kinds: &[String], plain_http: bool) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let url = fields.take("url", parse_url(url, plain_http));
        let description = fields.take("description", text::optional_line(description, MAX_DESCRIPTION));
        let known: Option<Vec<EventKind>> = kinds.iter().map(|name| EventKind::from_type_name(name)).collect();
        let kinds = fields.take("kinds", known.ok_or("error-webhook-kind"));
        fields.finish()?;
        match (url, description, kinds) {
            (Some(url), Some(description), Some(kinds)) => Ok(Self { url, description, kinds }),
            _ => Err(Vec::new()),
        }
    }
}

fn parse_url(typed: &str, plain_http: bool) -> Result<String, &'static str> {
    let typed = text::line(typed, MAX_URL)?;
    let url = Url::parse(&typed).map_err(|_| "error-webhook-url")?;
    if !url.has_host() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err("error-webhook-url");
    }
    match url.scheme() {
        "https" => Ok(url.into()),
        "http" if plain_http => Ok(url.into()),
        "http" => Err("error-webhook-http"),
        _ => Err("error-webhook-url"),
    }
}

/// Why an endpoint gets no events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// Staff disabled it.
    Staff,
    /// It failed for five days.
    Failures,
}

impl Because {
    /// The key in the database and in texts.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Failures => "failures",
        }
    }
}

/// An endpoint.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The endpoint.
    pub id: WebhookId,
    /// Where events go.
    pub url: String,
    /// What it is for; possibly empty.
    pub description: String,
    /// Which kinds of events it gets; none means all.
    pub kinds: Vec<EventKind>,
    /// Since when there is one.
    pub created_at: Timestamp,
    /// Since when it gets no events, and why.
    pub disabled: Option<(Timestamp, Because)>,
    /// Its place in the feed: the last event that it took or did not want.
    pub delivered_seq: i64,
    /// When it last took something.
    pub last_delivered_at: Option<Timestamp>,
    /// Since when nothing has got through.
    pub failing_since: Option<Timestamp>,
    /// How often the present event has been tried in vain.
    pub failures: i64,
    /// When the next try is due, while it fails.
    pub next_try_at: Option<Timestamp>,
    /// Events of the feed behind its place, wanted or not.
    pub behind: i64,
}

impl Webhook {
    /// How the log and mails call it: description and host, nothing that may be secret.
    pub fn label(&self) -> String {
        label(&self.url, &self.description)
    }
}

fn label(url: &str, description: &str) -> String {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    if description.is_empty() { host } else { format!("{description}, {host}") }
}

/// A secret of an endpoint, without itself.
#[derive(Clone, Copy, Debug)]
pub struct SecretInfo {
    /// Since when it counts.
    pub created_at: Timestamp,
    /// Until when; `None` for the present one.
    pub ends_at: Option<Timestamp>,
}

/// One try.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Its number.
    pub id: i64,
    /// The message's id.
    pub message: String,
    /// The message's type.
    pub kind: String,
    /// The event's number; none for a test.
    pub seq: Option<i64>,
    /// When it began.
    pub at: Timestamp,
    /// What the other system answered, if it did.
    pub status: Option<i64>,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// Why there was no answer, in English; empty when there was one.
    pub error: String,
}

/// Which events are sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// This one, whether the endpoint's choice has it or not, tried once.
    One(i64),
    /// Everything after this one, in order, again or for the first time: the endpoint's place moves. A number ahead of the present
    /// place leaves events out.
    After(i64),
}

/// For how long the secrets before a new one go on counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// They end at once.
    None,
    /// A day, for systems that take the new one in the meantime.
    Day,
    /// A week.
    Week,
}

impl Overlap {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::None];

    /// The key in forms and texts.
    pub const fn key(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Day => "day",
            Self::Week => "week",
        }
    }

    /// The overlap of this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|overlap| overlap.key() == key)
    }

    const fn span(self) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Day => Duration::from_hours(24),
            Self::Week => Duration::from_hours(7 * 24),
        }
    }
}

/// Why something could not be done with an endpoint.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such endpoint.
    #[error("there is no such webhook")]
    NotFound,
    /// There are too many.
    #[error("there are too many webhooks")]
    TooMany,
    /// No event has this number.
    #[error("no event has this number")]
    NoSuchEvent,
    /// No ticket.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::TooMany => Kind::Conflict("error-webhook-too-many"),
            Self::NoSuchEvent => Kind::Invalid(vec![Invalid::new("seq", "error-webhook-seq")]),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_and_holds_no_credentials() {
        let parse = |url: &str, http| NewWebhook::parse(url, "", &[], http).map(|new| new.url);
        assert_eq!(parse(" https://hooks.example/in?x=1 ", false).unwrap(), "https://hooks.example/in?x=1");
        assert_eq!(parse("http://hooks.example:8080/", true).unwrap(), "http://hooks.example:8080/");
        for bad in [
            "http://hooks.example/",
            "ftp://hooks.example/",
            "https://",
            "hooks.example",
            "",
            "https://a:b@c.example/",
            "https://a.example/#x",
        ] {
            assert!(parse(bad, false).is_err(), "{bad}");
        }
        assert!(parse(&format!("https://hooks.example/{}", "x".repeat(MAX_URL)), false).is_err());
        assert!(NewWebhook::parse("https://a.example/", "x", &["no-such-kind".to_owned()], false).is_err());
    }

    #[test]
    fn the_log_names_an_endpoint_without_what_may_be_secret() {
        assert_eq!(label("https://hooks.example/T0K3N?key=s3cret", "Billing"), "Billing, hooks.example");
        assert_eq!(label("https://hooks.example/T0K3N", ""), "hooks.example");
    }
}
