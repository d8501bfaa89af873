//! `/api/v1/events` and `/api/v1/accounts/{account}/events`: all that happened.

use std::time::Duration;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use latchkey_core::access::{ApiRight, ViewAccountLog, ViewLog};
use latchkey_core::error::Fields;
use latchkey_core::event::{self, EventKind, FeedFilter, Filter, Recorded, Sealed};
use latchkey_core::id::{AccountId, EventId, UserId};
use latchkey_http::Routes;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::answer::Answer;
use super::call::Query;
use super::page::{Page, PageParameters, Paging};
use super::time;
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// Longest time that a reader of the feed is kept waiting for an event, in seconds.
const MAX_WAIT: i64 = 30;

/// A fact of the log. Names stand beside numbers: it stays readable when what it speaks of is gone.
#[derive(Serialize, ToSchema)]
pub(crate) struct Event {
    id: i64,
    /// Its number in the feed: 1, 2, 3 … in the order of commits, without gaps. Only where the feed is read, by `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    #[schema(format = DateTime)]
    at: String,
    /// What happened, such as `invitation.sent`: the type of a webhook's message.
    kind: String,
    /// `user`, `admin`, `api`, `system` or `nobody`.
    actor_kind: &'static str,
    /// The number of the user, the admin or the credential.
    actor_id: Option<i64>,
    actor_name: String,
    /// For which user an admin acted.
    on_behalf_of: Option<String>,
    ip: Option<String>,
    account: Option<i64>,
    account_name: String,
    user: Option<i64>,
    user_name: String,
    email: String,
    /// Particulars.
    detail: String,
}

impl From<Recorded> for Event {
    fn from(event: Recorded) -> Self {
        Self {
            id: event.id.0,
            seq: None,
            at: time::at(event.at),
            kind: event::type_name(&event.kind),
            actor_kind: event.actor.kind.key(),
            actor_id: event.actor.id,
            actor_name: event.actor.name,
            on_behalf_of: event.on_behalf_of,
            ip: event.ip,
            account: event.account_id.map(|id| id.0),
            account_name: event.account_name,
            user: event.user_id.map(|id| id.0),
            user_name: event.user_name,
            email: event.email,
            detail: event.detail,
        }
    }
}

impl From<Sealed> for Event {
    fn from(sealed: Sealed) -> Self {
        Self { seq: Some(sealed.seq), ..Self::from(sealed.event) }
    }
}

/// Some events: a page of the log, newest first, or a part of the feed, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Events {
    /// What was found.
    items: Vec<Event>,
    /// The path of the next page; null on the last one, and in the feed.
    next: Option<String>,
    /// In the feed: what to give as `after` the next time. Events that the filter does not want are behind it, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<i64>,
    /// In the feed: the number of the last event. There is more to read as long as `after` is below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<i64>,
}

/// Which events to list.
#[derive(Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventFilter {
    /// Of this kind, such as `invitation.sent`.
    #[schema(max_length = 60)]
    kind: Option<String>,
    /// Concerning this user, or done by it.
    user: Option<i64>,
    /// In this account.
    account: Option<i64>,
    /// Not before this moment.
    #[schema(format = DateTime, max_length = 40)]
    from: Option<String>,
    /// Before this moment.
    #[schema(format = DateTime, max_length = 40)]
    until: Option<String>,
    /// How many on a page; 25 when not given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// Where the page begins: from the page before.
    #[schema(max_length = 200)]
    cursor: Option<String>,
    /// Read the feed: what was committed after the event of this number, in that order. 0 is the beginning, wherever that is: where events behind another
    /// number were removed, the answer is 410 and says so. Takes `kind`, `user`,
    /// `account` and `limit` (up to 100) beside it, and nothing else.
    #[schema(minimum = 0)]
    after: Option<i64>,
    /// With `after`: wait so many seconds for an event when there is none yet.
    #[schema(minimum = 0, maximum = 30)]
    wait: Option<i64>,
}

impl EventFilter {
    fn kind(&self, fields: &mut Fields) -> Option<EventKind> {
        let found = EventKind::from_type_name(self.kind.as_deref()?);
        if found.is_none() {
            fields.refuse("kind", "error-choice");
        }
        found
    }
}

/// What was committed after an event, in that order: whoever keeps `after` is told of each event once.
async fn feed(machine: &Machine, after: i64, wanted: &EventFilter) -> Result<Response, Problem> {
    let mut fields = Fields::default();
    let kinds = wanted.kind(&mut fields).into_iter().collect();
    let of_pages = [("from", wanted.from.is_some()), ("until", wanted.until.is_some()), ("cursor", wanted.cursor.is_some())];
    for (field, _) in of_pages.into_iter().filter(|(_, given)| *given) {
        fields.refuse(field, "error-feed-parameter");
    }
    fields.finish().map_err(Problem::invalid)?;
    let filter = FeedFilter { kinds, account: wanted.account.map(AccountId), user: wanted.user.map(UserId) };
    let (limit, wait) = (wanted.limit.unwrap_or(25), wanted.wait.unwrap_or(0).clamp(0, MAX_WAIT));
    let call = machine.caller.using(ApiRight::EventsRead)?;
    let wait = Duration::from_secs(wait.unsigned_abs());
    let found = event::long_poll(machine.api.app(), after, limit, &filter, wait, move |snapshot| {
        Ok::<_, Problem>(snapshot.authorize_api_staff::<ViewLog>(call)?)
    });
    let page = found.await?;
    let items = page.events.into_iter().map(Event::from).collect();
    Ok(Answer::ok(&Events { items, next: None, after: Some(page.next), head: Some(page.head) }).into_response())
}

/// Lists events, newest first; or, with `after`, reads the feed, oldest first.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(EventFilter), responses((status = 200, body = Events)))]
pub(crate) async fn list(machine: Machine, Query { wanted, uri }: Query<EventFilter>) -> Result<Response, Problem> {
    if let Some(after) = wanted.after {
        return feed(&machine, after, &wanted).await;
    }
    let paging = Paging::new(uri, wanted.limit, wanted.cursor.as_deref())?;
    let mut fields = Fields::default();
    let from = fields.take("from", wanted.from.as_deref().map(time::parse).transpose()).flatten();
    let until = fields.take("until", wanted.until.as_deref().map(time::parse).transpose()).flatten();
    let kind = wanted.kind(&mut fields).map(|kind| kind.key().to_owned());
    if wanted.wait.is_some() {
        fields.refuse("wait", "error-feed-wait");
    }
    fields.finish().map_err(Problem::invalid)?;
    let (user, account) = (wanted.user.map(UserId), wanted.account.map(AccountId));
    let filter = Filter { from, until, kind, user, account, before: paging.after().map(EventId), ..Filter::default() };
    let fetch = paging.fetch();
    let found = machine.look(ApiRight::EventsRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ViewLog>(call)?;
        Ok(event::list(snapshot, &by, &filter, fetch)?)
    });
    Ok(paging.page(found.await?, |event| event.id.0, Event::from))
}

/// Lists what happened in an account, newest first, without what staff notes down for itself.
#[utoipa::path(get, path = "/api/v1/accounts/{account}/events", tag = "events", params(("account" = i64, Path), PageParameters), responses((status = 200, body = Page<Event>)))]
pub(crate) async fn of_account(
    machine: Machine,
    Path(account): Path<i64>,
    query: Query<PageParameters>,
) -> Result<Response, Problem> {
    let paging = Paging::of(query)?;
    let (before, fetch) = (paging.after().map(EventId), paging.fetch());
    let found = machine.look(ApiRight::EventsRead, move |snapshot, call| {
        let by = snapshot.authorize_api::<ViewAccountLog>(call, AccountId(account))?;
        Ok(event::of_account(snapshot, &by, before, fetch)?)
    });
    Ok(paging.page(found.await?, |event| event.id.0, Event::from))
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(list, of_account))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default().get("/api/v1/events", list).get("/api/v1/accounts/{account}/events", of_account)
}
