//! **Log**: what happened in the account.

use axum::extract::{Path, Query};
use latchkey_core::access::ViewLog;
use latchkey_core::account::{self, Error};
use latchkey_core::event::{self, Filter};
use latchkey_core::id::{AccountId, EventId};
use serde::Deserialize;

use super::Client;
use crate::page::{self, Answer};
use crate::view;
use crate::visit::Staff;

/// Events on a page.
const PAGE: usize = 100;

#[derive(Deserialize)]
pub(crate) struct Asked {
    before: Option<EventId>,
}

/// The tab.
pub(crate) async fn show(staff: Staff, Path(id): Path<AccountId>, Query(asked): Query<Asked>) -> Answer {
    let (web, admin) = (&staff.visit.web, staff.id());
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewLog>(admin)?;
        let account = account::find(snapshot, id)?.ok_or(Error::NotFound)?;
        let filter = Filter { account: Some(id), before: asked.before, ..Filter::default() };
        Ok::<_, Error>((account, event::list(snapshot, &by, &filter, i64::try_from(PAGE + 1).unwrap_or(i64::MAX))?))
    });
    let (account, mut events) = loaded.await?;
    let more = events.len() > PAGE;
    events.truncate(PAGE);
    let last = events.last().map(|event| event.id).filter(|_| more);
    let context = context! {
        client => Client::from(account),
        events => view::happened(web, &events),
        next_url => last.map(|last| format!("/admin/clients/{id}/log?before={last}")),
    };
    Ok(page::page(&staff.visit, "admin/client/log.html", context))
}
