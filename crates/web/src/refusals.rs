//! Refused permissions in the log of the process (ASVS V16.3.2): who, what was missing, where. So many lines in a minute and no
//! more, so that nobody fills a disk with them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use latchkey_core::clock::Timestamp;
use latchkey_core::error::Refusal;

use crate::headers::HOLD_SECRETS;
use crate::visit::Visit;

const WINDOW: Duration = Duration::from_mins(1);
/// Lines about one actor in a window. The last one says that there may be more.
const PER_ACTOR: u32 = 20;
/// Actors in a window; whoever comes after that is not told of.
const ACTORS: usize = 500;

/// How often whom was refused something, in this window.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<Window>);

#[derive(Default)]
struct Window {
    began: Option<Timestamp>,
    counts: HashMap<String, u32>,
}

/// Whether a refusal is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Written,
    /// And nothing more of this actor until the window ends.
    LastOne,
    LeftOut,
}

impl Refusals {
    /// Writes one, unless there were too many.
    pub(crate) fn note(&self, visit: &Visit, method: &str, refusal: Refusal) {
        let actor = actor(visit);
        let line = self.count(&actor, visit.web.app().now());
        if line == Line::LeftOut {
            return;
        }
        let ip = visit.request.ip.map(|ip| ip.to_string()).unwrap_or_default();
        let missing = missing(refusal);
        let last = line == Line::LastOne;
        // As values, never as part of the text: no path can forge a line.
        tracing::warn!(actor, missing, method, path = %path(visit), ip, more_are_left_out = last, "a permission was refused");
    }

    fn count(&self, actor: &str, now: Timestamp) -> Line {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.is_none_or(|began| now.since(began) >= WINDOW) {
            *window = Window { began: Some(now), counts: HashMap::new() };
        }
        if window.counts.len() >= ACTORS && !window.counts.contains_key(actor) {
            return Line::LeftOut;
        }
        let count = window.counts.entry(actor.to_owned()).or_default();
        *count = count.saturating_add(1);
        match *count {
            1..PER_ACTOR => Line::Written,
            PER_ACTOR => Line::LastOne,
            _ => Line::LeftOut,
        }
    }
}

fn actor(visit: &Visit) -> String {
    match (&visit.user, &visit.admin) {
        (Some(user), _) => match &user.acting {
            Some(acting) => format!("admin {} for user {}", acting.behalf.admin(), user.user.id),
            None => format!("user {}", user.user.id),
        },
        (None, Some(admin)) => format!("admin {}", admin.admin.id),
        (None, None) => "nobody".to_owned(),
    }
}

/// What was missing, by its key.
fn missing(refusal: Refusal) -> String {
    match refusal {
        Refusal::Missing(permission) => format!("permission {}", permission.key()),
        Refusal::MissingAdmin(permission) => format!("admin permission {}", permission.key()),
        other => format!("{other:?}"),
    }
}

/// Pages that are refused this way hold no secret in their address; those of links are cut off all the same.
fn path(visit: &Visit) -> String {
    match HOLD_SECRETS.iter().find(|start| visit.path.starts_with(**start)) {
        Some(start) => (*start).to_owned(),
        None => visit.path.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v16_3_2_refusals_are_written_so_often_for_each_and_no_more() {
        let refusals = Refusals::default();
        let now = Timestamp::from_micros(1);
        let lines: Vec<Line> = (0..100).map(|_| refusals.count("user 7", now)).collect();
        assert_eq!(lines.iter().filter(|line| **line == Line::Written).count(), 19);
        assert_eq!(lines.iter().position(|line| *line == Line::LastOne), Some(19));
        assert_eq!(refusals.count("user 8", now), Line::Written, "somebody else is not hidden by that");
        for number in 0..1_000 {
            refusals.count(&format!("user {number}"), now);
        }
        assert!(refusals.0.lock().unwrap().counts.len() <= ACTORS);
        assert_eq!(refusals.count("user 7", now.after(WINDOW)), Line::Written, "a minute later");
    }
}
