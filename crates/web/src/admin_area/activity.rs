//! The global Activity Log: filters, pages, and an export.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use futures_util::stream::{self, StreamExt};
use latchkey_core::access::{Denied, ViewLog};
use latchkey_core::app::App;
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::event::{self, EventKind, Filter, Recorded};
use latchkey_core::id::{AccountId, AdminId, EventId, UserId};
use serde::{Deserialize, Serialize};

use crate::engine::filters::{format, parse_day};
use crate::error::PageError;
use crate::form::Shown;
use crate::page::{self, Answer};
use crate::view;
use crate::visit::Staff;

/// Events on a page.
const PAGE: usize = 100;
/// A day of the filter lasts so long.
const DAY: Duration = Duration::from_hours(24);
/// Events that an export reads at once.
const AT_ONCE: usize = 500;

/// What is asked of the log, as typed.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Asked {
    from: String,
    to: String,
    kind: String,
    actor: String,
    user: String,
    account: String,
    ip: String,
    #[serde(skip_serializing)]
    before: Option<EventId>,
}

impl Asked {
    fn filter(&self) -> Result<Filter, Vec<Invalid>> {
        let text = |typed: &str| Some(typed.trim().to_owned()).filter(|typed| !typed.is_empty());
        let mut fields = Fields::default();
        let mut day = |field, typed: &str| {
            fields.take(field, text(typed).map(|day| parse_day(&day).ok_or("error-date-malformed")).transpose())
        };
        let (from, to) = (day("from", &self.from), day("to", &self.to));
        let mut number = |field, typed: &str| {
            let parsed = text(typed).map(|typed| typed.trim_start_matches('#').parse().map_err(|_| "error-number-malformed"));
            fields.take(field, parsed.transpose())
        };
        let (user, account) = (number("user", &self.user), number("account", &self.account));
        fields.finish()?;
        Ok(Filter {
            from: from.flatten(),
            until: to.flatten().map(|first_moment| first_moment.after(DAY)),
            kind: text(&self.kind),
            actor: text(&self.actor),
            user: user.flatten().map(UserId),
            account: account.flatten().map(AccountId),
            ip: text(&self.ip),
            before: self.before,
            without_staff_notes: false,
        })
    }

    fn query(&self) -> String {
        serde_html_form::to_string(self).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct KindShown {
    key: &'static str,
    label: String,
}

async fn find(app: &App, admin: AdminId, filter: &Filter, limit: usize) -> Result<Vec<Recorded>, Denied> {
    let (filter, limit) = (filter.clone(), i64::try_from(limit).unwrap_or(i64::MAX));
    app.read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewLog>(admin)?;
        Ok(event::list(snapshot, &by, &filter, limit)?)
    })
    .await
}

/// The page.
pub(crate) async fn show(staff: Staff, Query(asked): Query<Asked>) -> Answer {
    let web = &staff.visit.web;
    let (mut found, problems) = match asked.filter() {
        Ok(filter) => (find(web.app(), staff.id(), &filter, PAGE + 1).await?, Vec::new()),
        Err(problems) => (Vec::new(), problems),
    };
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let last = found.last().map(|event| event.id).filter(|_| more);
    let kind = |kind: &EventKind| KindShown { key: kind.key(), label: web.text(&format!("event-kind-{}", kind.key()), &[]) };
    let beginning = web.app().read(event::beginning).await?;
    let begins = context! { first => beginning.first(), days => beginning.kept_days };
    let context = context! {
        begins => (!beginning.is_whole()).then_some(begins),
        next_url => last.map(|id| format!("/admin/activity?{}&before={id}", asked.query())),
        export_url => format!("/admin/activity.csv?{}", asked.query()),
        kinds => EventKind::ALL.iter().map(kind).collect::<Vec<_>>(),
        events => view::happened(web, &found),
        form => Shown::new(&asked).with_errors(web, &problems),
    };
    Ok(page::form(&staff.visit, "admin/activity.html", &problems, context))
}

/// The log as comma-separated values: all that the filter finds, newest first. It is read as it is sent, so that one as long as it may be
/// takes no more memory than a short one. Whoever loses the permission meanwhile gets a file that breaks off, and no end of it.
pub(crate) async fn export(staff: Staff, Query(asked): Query<Asked>) -> Answer {
    let filter = asked.filter().map_err(|_| PageError::status(StatusCode::UNPROCESSABLE_ENTITY))?;
    let (app, admin) = (staff.visit.web.app().clone(), staff.id());
    let first = find(&app, admin, &filter, AT_ONCE).await?;
    let rows = stream::try_unfold(Some((filter, first)), move |left| {
        let app = app.clone();
        async move {
            let Some((filter, found)) = left else { return Ok(None) };
            let rest = match found.last().filter(|_| found.len() == AT_ONCE) {
                None => None,
                Some(last) => {
                    let filter = Filter { before: Some(last.id), ..filter };
                    let found = find(&app, admin, &filter, AT_ONCE).await;
                    let found = found.inspect_err(|error| tracing::warn!(%error, "an export of the log breaks off"))?;
                    Some((filter, found))
                }
            };
            Ok::<_, Denied>(Some((found.iter().map(row).collect::<String>(), rest)))
        }
    });
    let heading = "time,kind,actor,on behalf of,ip,account id,account,user id,user,email,detail\r\n".to_owned();
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"latchkey-activity.csv\"")];
    Ok((headers, Body::from_stream(stream::iter([Ok(heading)]).chain(rows))).into_response())
}

fn row(event: &Recorded) -> String {
    let time = format(event.at, "%Y-%m-%dT%H:%M:%S%.6fZ").unwrap_or_default();
    let account_id = event.account_id.map(|id| id.to_string()).unwrap_or_default();
    let user_id = event.user_id.map(|id| id.to_string()).unwrap_or_default();
    let fields = [
        &time,
        &event.kind,
        &event.actor.name,
        event.on_behalf_of.as_deref().unwrap_or_default(),
        event.ip.as_deref().unwrap_or_default(),
        &account_id,
        &event.account_name,
        &user_id,
        &event.user_name,
        &event.email,
        &event.detail,
    ];
    fields.map(cell).join(",") + "\r\n"
}

/// A cell that no spreadsheet takes for a formula (ASVS V1.2.10).
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = text.replace('"', "\"\"");
    if formula { format!("\"'{text}\"") } else { format!("\"{text}\"") }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn v1_2_10_no_cell_is_a_formula() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(cell("Ada, \"the\" first"), "\"Ada, \"\"the\"\" first\"");
    }
}
