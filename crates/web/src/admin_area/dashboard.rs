//! The Dashboard.

use std::time::Duration;

use latchkey_core::access::{Denied, ViewLog, ViewOwnerChanges, ViewStaffArea};
use latchkey_core::clock::Timestamp;
use latchkey_core::event::{self, Filter, LoginDay};
use latchkey_core::{account, mail, owner_change};
use serde::Serialize;

use crate::engine::filters::format;
use crate::page::{self, Answer};
use crate::view;
use crate::visit::Staff;

/// Days of the chart.
const DAYS: u64 = 30;
const DAY: Duration = Duration::from_hours(24);
/// Events that are shown.
const EVENTS: i64 = 10;

#[derive(Serialize)]
struct Bar {
    day: String,
    logins: i64,
    failures: i64,
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    let (web, id, now) = (&staff.visit.web, staff.id(), staff.visit.web.app().now());
    let first = first_day(now);
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(id)?;
        let days = event::login_days(snapshot, &by, first)?;
        let events = match snapshot.admin_may::<ViewLog>(id)? {
            Some(by) => event::list(snapshot, &by, &Filter::default(), EVENTS)?,
            None => Vec::new(),
        };
        let changes = match snapshot.admin_may::<ViewOwnerChanges>(id)? {
            Some(by) => owner_change::open(snapshot, &by)?,
            None => Vec::new(),
        };
        Ok::<_, Denied>((account::count(snapshot)?, mail::queue_state(snapshot)?, days, events, changes))
    });
    let ((clients, users, open_invitations), queue, days, events, changes) = loaded.await?;
    let chart = bars(first, &days);
    let kept = web.settings().mail_kept;
    let context = context! {
        open_invitations,
        owner_changes => changes.into_iter().map(|change| view::OwnerChangeShown::new(change, id)).collect::<Vec<_>>(),
        mail_queue => context! {
            queued => if kept { 0 } else { queue.queued },
            failed => queue.failed,
            kept => if kept { queue.queued } else { 0 },
        },
        counts => context! { clients, users },
        chart_max => chart.iter().map(|bar| bar.logins.max(bar.failures)).max().unwrap_or(0),
        chart,
        events => view::happened(web, &events),
    };
    Ok(page::page(&staff.visit, "admin/dashboard.html", context))
}

/// The first moment of the first day of the chart.
fn first_day(now: Timestamp) -> Timestamp {
    let day = i64::try_from(DAY.as_micros()).unwrap_or(i64::MAX);
    let today = Timestamp::from_micros(now.as_micros() - now.as_micros().rem_euclid(day));
    today.before(DAY * u32::try_from(DAYS - 1).unwrap_or(0))
}

/// A bar for each day, also for those without a login.
fn bars(first: Timestamp, days: &[LoginDay]) -> Vec<Bar> {
    let bar = |number: u64| {
        let day = first.after(DAY * u32::try_from(number).unwrap_or(0));
        let found = days.iter().find(|found| found.day == day);
        Bar {
            day: format(day, "%Y-%m-%d").unwrap_or_default(),
            logins: found.map_or(0, |found| found.logins),
            failures: found.map_or(0, |found| found.failures),
        }
    };
    (0..DAYS).map(bar).collect()
}
