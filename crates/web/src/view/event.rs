//! The log, in sentences.

use latchkey_core::access::{Actor, ActorKind};
use latchkey_core::clock::Timestamp;
use latchkey_core::event::{EventKind, Recorded};
use serde::Serialize;

use crate::state::Web;

/// One line of the log.
#[derive(Serialize)]
pub(crate) struct Happened {
    pub(crate) at: Timestamp,
    pub(crate) text: String,
    pub(crate) actor: String,
    pub(crate) ip: Option<String>,
    pub(crate) kind: String,
    account: Option<Named>,
    user: Option<Named>,
}

#[derive(Serialize)]
struct Named {
    id: i64,
    name: String,
}

pub(crate) fn happened(web: &Web, events: &[Recorded]) -> Vec<Happened> {
    events.iter().map(|recorded| event(web, recorded)).collect()
}

pub(crate) fn event(web: &Web, event: &Recorded) -> Happened {
    Happened {
        at: event.at,
        text: sentence(web, event),
        actor: match &event.on_behalf_of {
            Some(user) => web.text("actor-on-behalf", &[("admin", &actor(web, &event.actor)), ("user", user)]),
            None => actor(web, &event.actor),
        },
        ip: event.ip.clone(),
        kind: event.kind.clone(),
        account: event.account_id.map(|id| Named { id: id.0, name: event.account_name.clone() }),
        user: event.user_id.map(|id| Named { id: id.0, name: event.user_name.clone() }),
    }
}

fn sentence(web: &Web, event: &Recorded) -> String {
    let key = format!("event-{}", event.kind);
    // What an admin does with its own login is about nobody else.
    let user = if event.user_name.is_empty() { &event.actor.name } else { &event.user_name };
    let with_detail = |detail: &str| {
        let names = [("user", user.as_str()), ("account", &event.account_name), ("email", &event.email)];
        web.text(&key, &[names.as_slice(), &[("actor", &event.actor.name), ("detail", detail)]].concat())
    };
    let text = with_detail(&event.detail);
    let is_browser = event.kind == EventKind::DeviceNew.key();
    let detail = if is_browser { super::device(web.engine().texts(), &event.detail) } else { event.detail.clone() };
    let is_in_sentence = || with_detail("") != text;
    if detail.is_empty() || is_in_sentence() { text } else { format!("{text} ({detail})") }
}

fn actor(web: &Web, actor: &Actor) -> String {
    match actor.kind {
        ActorKind::User => actor.name.clone(),
        ActorKind::Admin => web.text("inviter-staff", &[("name", &actor.name)]),
        ActorKind::Api => web.text("actor-api", &[("name", &actor.name)]),
        ActorKind::System => web.text("actor-system", &[]),
        ActorKind::Nobody => web.text("actor-nobody", &[]),
    }
}
