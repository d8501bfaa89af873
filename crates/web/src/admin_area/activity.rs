//! The global Activity Log: filters, pages, and an export.

use std::time::Duration;

use axum::extract::Query;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use latchkey_core::access::{Denied, ViewLog};
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::event::{self, EventKind, Filter, Recorded};
use latchkey_core::id::{AccountId, EventId, UserId};
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
/// Events in one export.
const EXPORT: i64 = 50_000;

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

async fn find(staff: &Staff, filter: Filter, limit: i64) -> Result<Vec<Recorded>, PageError> {
    let id = staff.id();
    let found = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewLog>(id)?;
        Ok::<_, Denied>(event::list(snapshot, &by, &filter, limit)?)
    });
    Ok(found.await?)
}

/// The page.
pub(crate) async fn show(staff: Staff, Query(asked): Query<Asked>) -> Answer {
    let web = &staff.visit.web;
    let (mut found, problems) = match asked.filter() {
        Ok(filter) => (find(&staff, filter, i64::try_from(PAGE + 1).unwrap_or(i64::MAX)).await?, Vec::new()),
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

/// The log as comma-separated values.
pub(crate) async fn export(staff: Staff, Query(asked): Query<Asked>) -> Answer {
    let filter = asked.filter().map_err(|_| PageError::status(StatusCode::UNPROCESSABLE_ENTITY))?;
    let found = find(&staff, filter, EXPORT).await?;
    let mut text = "time,kind,actor,on behalf of,ip,account id,account,user id,user,email,detail\r\n".to_owned();
    for event in &found {
        let time = format(event.at, "%Y-%m-%dT%H:%M:%S%.6fZ").unwrap_or_default();
        let account_id = event.account_id.map(|id| id.to_string()).unwrap_or_default();
        let user_id = event.user_id.map(|id| id.to_string()).unwrap_or_default();
        let ip = event.ip.as_deref().unwrap_or_default();
        let fields = [
            &time,
            &event.kind,
            &event.actor.name,
            event.on_behalf_of.as_deref().unwrap_or_default(),
            ip,
            &account_id,
            &event.account_name,
            &user_id,
            &event.user_name,
            &event.email,
            &event.detail,
        ];
        text.push_str(&fields.map(cell).join(","));
        text.push_str("\r\n");
    }
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"latchkey-activity.csv\"")];
    Ok((headers, text).into_response())
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
