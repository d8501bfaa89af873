//! `/api/v1/events` and `/api/v1/accounts/{account}/events`: all that happened.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ApiRight, ViewLog, ViewUsers};
use latchkey_core::error::Fields;
use latchkey_core::event::{self, Filter, Recorded};
use latchkey_core::id::{AccountId, EventId, UserId};
use latchkey_http::Routes;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::call::Query;
use super::memberships::PageParameters;
use super::page::{Page, Paging};
use super::time;
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// A fact of the log. Names stand beside numbers: it stays readable when what it speaks of is gone.
#[derive(Serialize, ToSchema)]
pub(crate) struct Event {
    id: i64,
    #[schema(format = DateTime)]
    at: String,
    /// What happened, such as `invitation-sent`.
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
            at: time::at(event.at),
            kind: event.kind,
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

/// Which events to list.
#[derive(Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventFilter {
    /// Of this kind.
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
}

/// Lists events, newest first.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(EventFilter), responses((status = 200, body = Page<Event>)))]
pub(crate) async fn list(machine: Machine, Query { wanted, uri }: Query<EventFilter>) -> Result<Response, Problem> {
    let paging = Paging::new(uri, wanted.limit, wanted.cursor.as_deref())?;
    let mut fields = Fields::default();
    let from = fields.take("from", wanted.from.as_deref().map(time::parse).transpose()).flatten();
    let until = fields.take("until", wanted.until.as_deref().map(time::parse).transpose()).flatten();
    let is_known = wanted.kind.as_ref().is_none_or(|kind| event::EventKind::ALL.iter().any(|known| known.key() == kind));
    if !is_known {
        fields.refuse("kind", "error-choice");
    }
    fields.finish().map_err(Problem::invalid)?;
    let (user, account) = (wanted.user.map(UserId), wanted.account.map(AccountId));
    let filter =
        Filter { from, until, kind: wanted.kind, user, account, before: paging.after().map(EventId), ..Filter::default() };
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
    Query { wanted, uri }: Query<PageParameters>,
) -> Result<Response, Problem> {
    let paging = Paging::new(uri, wanted.limit, wanted.cursor.as_deref())?;
    let (before, fetch) = (paging.after().map(EventId), paging.fetch());
    let found = machine.look(ApiRight::EventsRead, move |snapshot, call| {
        let by = snapshot.authorize_api::<ViewUsers>(call, AccountId(account))?;
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
