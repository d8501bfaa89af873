//! **Activity**: what happened in the account, for those who manage its users.

use axum::extract::{Path, Query};
use latchkey_core::access::{Denied, ViewAccountLog};
use latchkey_core::event;
use latchkey_core::id::{AccountId, EventId};
use serde::Deserialize;

use crate::page::{self, Answer};
use crate::view;
use crate::visit::LoggedIn;

/// Events on a page.
const PAGE: usize = 50;

#[derive(Deserialize)]
pub(crate) struct Asked {
    before: Option<EventId>,
}

/// The page.
pub(crate) async fn show(member: LoggedIn, Path(id): Path<AccountId>, Query(asked): Query<Asked>) -> Answer {
    let (web, who) = (&member.visit.web, member.who());
    let loaded = web.app().read(move |snapshot| {
        let shown = view::account(snapshot, who, id)?;
        let by = snapshot.authorize::<ViewAccountLog>(who, id)?;
        // One more than is shown tells whether there is another page.
        let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        Ok::<_, Denied>((shown, event::of_account(snapshot, &by, asked.before, limit)?))
    });
    let (account, mut events) = loaded.await?;
    let more = events.len() > PAGE;
    events.truncate(PAGE);
    let last = events.last().map(|event| event.id).filter(|_| more);
    let context = context! {
        account,
        events => view::happened(web, &events),
        next_url => last.map(|last| format!("/a/{id}/activity?before={last}")),
    };
    Ok(page::page(&member.visit, "client/activity.html", context))
}
