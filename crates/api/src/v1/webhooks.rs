//! `/api/v1/webhooks`: addresses of other systems that get events as they happen.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{AllowedAdmin, ApiCall, ApiRight, Denied, ManageApi, ViewLog};
use latchkey_core::app::Snapshot;
use latchkey_core::error::Invalid;
use latchkey_core::id::WebhookId;
use latchkey_core::webhook::{self, NewWebhook as Wanted, Overlap};
use latchkey_http::Routes;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::answer::Answer;
use super::call::{Change, Nothing, Post, Query};
use super::page::{Page, PageParameters, Paging};
use super::time;
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// A webhook: where events go, and which. How it fares stands in its state.
#[derive(Serialize, ToSchema)]
pub(crate) struct Webhook {
    id: i64,
    url: String,
    /// What it is for; possibly empty.
    description: String,
    /// Types of the messages that it gets, such as `invitation.sent`; empty for all.
    kinds: Vec<String>,
    /// Whether it gets events.
    enabled: bool,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<&webhook::Webhook> for Webhook {
    fn from(found: &webhook::Webhook) -> Self {
        Self {
            id: found.id.0,
            url: found.url.clone(),
            description: found.description.clone(),
            kinds: found.kinds.iter().map(|kind| kind.type_name()).collect(),
            enabled: found.disabled.is_none(),
            created_at: time::at(found.created_at),
        }
    }
}

/// How a webhook fares.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookState {
    /// Why it gets no events: `staff` or `failures`.
    disabled_because: Option<&'static str>,
    /// Its place in the feed: the last event that it took or did not want.
    delivered_seq: i64,
    /// Events of the feed behind its place, wanted or not.
    behind: i64,
    /// When it last took something.
    #[schema(format = DateTime)]
    last_delivered_at: Option<String>,
    /// Since when nothing has got through.
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// How often the present event has been tried in vain.
    failures: i64,
    /// When the next try is due, while it fails.
    #[schema(format = DateTime)]
    next_try_at: Option<String>,
}

impl From<webhook::Webhook> for WebhookState {
    fn from(found: webhook::Webhook) -> Self {
        Self {
            disabled_because: found.disabled.map(|(_, because)| because.key()),
            delivered_seq: found.delivered_seq,
            behind: found.behind,
            last_delivered_at: time::maybe(found.last_delivered_at),
            failing_since: time::maybe(found.failing_since),
            failures: found.failures,
            next_try_at: time::maybe(found.next_try_at),
        }
    }
}

/// One try to deliver.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookAttempt {
    id: i64,
    /// The message's id: the same each time an event is sent to this webhook.
    message: String,
    /// The message's type, such as `invitation.sent`.
    r#type: String,
    /// The event's number in the feed; null for a test.
    seq: Option<i64>,
    #[schema(format = DateTime)]
    at: String,
    /// What the other system answered, if it did.
    status: Option<i64>,
    /// How long it took, in milliseconds.
    took_ms: i64,
    /// Why there was no answer; empty when there was one.
    error: String,
}

impl From<webhook::Attempt> for WebhookAttempt {
    fn from(found: webhook::Attempt) -> Self {
        let webhook::Attempt { id, message, kind, seq, at, status, took_ms, error } = found;
        Self { id, message, r#type: kind, seq, at: time::at(at), status, took_ms, error }
    }
}

/// A webhook to be made.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct NewWebhook {
    /// Where events go: https, or http where the operator allows it.
    #[schema(max_length = 500)]
    url: String,
    /// What it is for.
    #[schema(max_length = 100)]
    description: Option<String>,
    /// Types of the messages that it gets, such as `invitation.sent`; all when left out or empty.
    #[schema(max_items = 200)]
    kinds: Option<Vec<String>>,
}

/// A webhook that has just been made, with its secret: this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeWebhook {
    webhook: Webhook,
    /// What messages are signed with, `whsec_…`.
    secret: String,
}

/// What to change of a webhook. What is left out stays.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct WebhookChange {
    #[schema(max_length = 500)]
    url: Option<String>,
    #[schema(max_length = 100)]
    description: Option<String>,
    #[schema(max_items = 200)]
    kinds: Option<Vec<String>>,
    /// Whether it gets events. Let go on, it goes on where it stopped.
    enabled: Option<bool>,
}

/// For how long the secrets before the new one go on counting.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct Rotation {
    /// `day` (when left out), `week` or `none`.
    #[schema(max_length = 10)]
    overlap: Option<String>,
}

/// A new secret, told this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewSecret {
    secret: String,
}

/// Which events to send again: one of the two.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct Replay {
    /// This event alone, tried once.
    #[schema(minimum = 1)]
    seq: Option<i64>,
    /// Everything after this event, in order.
    #[schema(minimum = 0)]
    after: Option<i64>,
}

fn parsed(api: &Api, url: &str, description: &str, kinds: &[String]) -> Result<Wanted, Problem> {
    Wanted::parse(url, description, kinds, api.settings().webhook_http).map_err(Problem::invalid)
}

/// The ticket to have events sent: what a webhook gets is the log, so who may read that holds `events:read`.
fn log(snapshot: &Snapshot<'_>, call: ApiCall) -> Result<AllowedAdmin<ViewLog>, Denied> {
    snapshot.authorize_api_staff(call.by(ApiRight::EventsRead))
}

/// Lists the webhooks by their numbers.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks", params(PageParameters), responses((status = 200, body = Page<Webhook>)))]
pub(crate) async fn list(machine: Machine, query: Query<PageParameters>) -> Result<Response, Problem> {
    let paging = Paging::of(query)?;
    let (after, fetch) = (paging.after().map(WebhookId), paging.fetch());
    let found = machine.look(ApiRight::WebhooksRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ManageApi>(call)?;
        Ok(webhook::page(snapshot, &by, after, fetch)?)
    });
    Ok(paging.page(found.await?, |webhook| webhook.id.0, |webhook| Webhook::from(&webhook)))
}

/// Shows a webhook.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = i64, Path)), responses((status = 200, body = Webhook)))]
pub(crate) async fn show(machine: Machine, Path(id): Path<i64>) -> Result<Answer, Problem> {
    Ok(Answer::tagged(&Webhook::from(&find(&machine, id).await?)))
}

/// Shows how a webhook fares.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}/state", tag = "webhooks", params(("webhook" = i64, Path)), responses((status = 200, body = WebhookState)))]
pub(crate) async fn state(machine: Machine, Path(id): Path<i64>) -> Result<Answer, Problem> {
    Ok(Answer::ok(&WebhookState::from(find(&machine, id).await?)))
}

async fn find(machine: &Machine, id: i64) -> Result<webhook::Webhook, Problem> {
    let found = machine.look(ApiRight::WebhooksRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ManageApi>(call)?;
        Ok(webhook::find(snapshot, &by, WebhookId(id))?)
    });
    found.await
}

/// Lists the latest tries to deliver, newest first; some 200 are kept.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}/attempts", tag = "webhooks", params(("webhook" = i64, Path), PageParameters), responses((status = 200, body = Page<WebhookAttempt>)))]
pub(crate) async fn attempts(machine: Machine, Path(id): Path<i64>, query: Query<PageParameters>) -> Result<Response, Problem> {
    let paging = Paging::of(query)?;
    let (before, fetch) = (paging.after(), paging.fetch());
    let found = machine.look(ApiRight::WebhooksRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ManageApi>(call)?;
        webhook::find(snapshot, &by, WebhookId(id))?;
        Ok(webhook::attempts_before(snapshot, &by, WebhookId(id), before, fetch)?)
    });
    Ok(paging.page(found.await?, |attempt| attempt.id, WebhookAttempt::from))
}

/// Makes a webhook, which gets what happens from now on. Its secret is shown this once. Needs `events:read` too.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "webhooks", request_body = NewWebhook, responses((status = 201, body = MadeWebhook)))]
pub(crate) async fn create(post: Post<NewWebhook>) -> Result<Answer, Problem> {
    let api = post.machine.api.clone();
    let work = post.run(ApiRight::WebhooksWrite, move |tx, call, new| {
        let by = tx.authorize_api_staff::<ManageApi>(call)?;
        let (description, kinds) = (new.description.unwrap_or_default(), new.kinds.unwrap_or_default());
        let wanted = parsed(&api, &new.url, &description, &kinds)?;
        let (id, secret) = webhook::create(tx, &by, &log(tx, call)?, &call.confirmed(), &wanted)?;
        let made = MadeWebhook { webhook: Webhook::from(&webhook::find(tx, &by, id)?), secret };
        Ok(Answer::created(format!("/api/v1/webhooks/{id}"), &made))
    });
    work.await
}

/// Changes a webhook, stops it, or lets it go on. All but stopping needs `events:read` too.
#[utoipa::path(patch, path = "/api/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = i64, Path)), request_body = WebhookChange, responses((status = 200, body = Webhook)))]
pub(crate) async fn update(Path(id): Path<i64>, change: Change<WebhookChange>) -> Result<Answer, Problem> {
    let (api, id) = (change.machine.api.clone(), WebhookId(id));
    let work = change.run(ApiRight::WebhooksWrite, move |tx, call, change, if_match| {
        let by = tx.authorize_api_staff::<ManageApi>(call)?;
        let before = webhook::find_to_change(tx, &by, id)?;
        if_match.check(&Webhook::from(&before))?;
        if change.url.is_some() || change.description.is_some() || change.kinds.is_some() {
            let held = || before.kinds.iter().map(|kind| kind.type_name()).collect();
            let (url, description) =
                (change.url.unwrap_or(before.url.clone()), change.description.unwrap_or(before.description.clone()));
            let wanted = parsed(&api, &url, &description, &change.kinds.unwrap_or_else(held))?;
            webhook::update(tx, &by, &log(tx, call)?, &call.confirmed(), id, &wanted)?;
        }
        match change.enabled {
            Some(true) => drop(webhook::enable(tx, &by, &log(tx, call)?, id)?),
            Some(false) => drop(webhook::disable(tx, &by, id)?),
            None => {}
        }
        Ok(Answer::tagged(&Webhook::from(&webhook::find(tx, &by, id)?)))
    });
    work.await
}

/// Makes a new secret, told this once. Messages are signed with the ones before it, too, as long as they count.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/rotate", tag = "webhooks", params(("webhook" = i64, Path)), request_body = Rotation, responses((status = 200, body = NewSecret)))]
pub(crate) async fn rotate(Path(id): Path<i64>, post: Post<Rotation>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::WebhooksWrite, move |tx, call, wanted| {
        let by = tx.authorize_api_staff::<ManageApi>(call)?;
        let overlap = Overlap::from_key(wanted.overlap.as_deref().unwrap_or(Overlap::Day.key()));
        let overlap = overlap.ok_or_else(|| Problem::invalid(vec![Invalid::new("overlap", "error-choice")]))?;
        let secret = webhook::rotate(tx, &by, &call.confirmed(), WebhookId(id), overlap)?;
        Ok(Answer::ok(&NewSecret { secret }))
    });
    work.await
}

/// Sends a test, tried once.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/test", tag = "webhooks", params(("webhook" = i64, Path)), request_body = Option<Nothing>, responses((status = 204)))]
pub(crate) async fn send_test(Path(id): Path<i64>, post: Post<Nothing>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::WebhooksWrite, move |tx, call, _| {
        let by = tx.authorize_api_staff::<ManageApi>(call)?;
        webhook::send_test(tx, &by, WebhookId(id))?;
        Ok(Answer::none())
    });
    work.await
}

/// Sends events again: one, or everything after one. Needs `events:read` too.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/replay", tag = "webhooks", params(("webhook" = i64, Path)), request_body = Replay, responses((status = 204)))]
pub(crate) async fn replay(Path(id): Path<i64>, post: Post<Replay>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::WebhooksWrite, move |tx, call, wanted| {
        let by = tx.authorize_api_staff::<ManageApi>(call)?;
        let (log, confirmed, id) = (log(tx, call)?, call.confirmed(), WebhookId(id));
        let (what, field) = match (wanted.seq, wanted.after) {
            (Some(seq), None) => (webhook::Replay::One(seq), "seq"),
            (None, Some(after)) => (webhook::Replay::After(after), "after"),
            _ => return Err(Problem::invalid(vec![Invalid::new("seq", "error-replay-one")])),
        };
        let replayed = webhook::replay(tx, &by, &log, &confirmed, id, what);
        replayed.map_err(|error| Problem::from(error).renamed("seq", field))?;
        Ok(Answer::none())
    });
    work.await
}

/// Deletes a webhook, with its secrets and tries.
#[utoipa::path(delete, path = "/api/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = i64, Path)), responses((status = 204)))]
pub(crate) async fn delete(Path(id): Path<i64>, change: Change<Nothing>) -> Result<Answer, Problem> {
    let id = WebhookId(id);
    let work = change.run(ApiRight::WebhooksWrite, move |tx, call, _, if_match| {
        let by = tx.authorize_api_staff::<ManageApi>(call)?;
        if_match.check(&Webhook::from(&webhook::find_to_change(tx, &by, id)?))?;
        webhook::delete(tx, &by, id)?;
        Ok(Answer::none())
    });
    work.await
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(list, show, state, attempts, create, update, rotate, send_test, replay, delete))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/v1/webhooks", list)
        .post("/api/v1/webhooks", create)
        .get("/api/v1/webhooks/{webhook}", show)
        .patch("/api/v1/webhooks/{webhook}", update)
        .delete("/api/v1/webhooks/{webhook}", delete)
        .get("/api/v1/webhooks/{webhook}/state", state)
        .get("/api/v1/webhooks/{webhook}/attempts", attempts)
        .post("/api/v1/webhooks/{webhook}/rotate", rotate)
        .post("/api/v1/webhooks/{webhook}/test", send_test)
        .post("/api/v1/webhooks/{webhook}/replay", replay)
}
