//! The demo's past as one list of steps, in the order of time.

use std::time::Duration;

use latchkey_core::clock::Timestamp;

use super::accounts::CLIENTS;
use super::members::JOINED;
use super::people::{PEOPLE, STAFF};
use super::story::{At, Chore, DAYS, Deed, FAILURES, STORY, Step};

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
/// No ordinary visits in the last hours.
const QUIET: Duration = Duration::from_hours(2);

/// The first midnight (UTC) of the demo's past.
pub(super) fn first_midnight(present: Timestamp) -> Timestamp {
    let today = present.as_micros().rem_euclid(i64::try_from(DAY.as_micros()).unwrap_or(i64::MAX));
    present.before(Duration::from_micros(u64::try_from(today).unwrap_or(0))).before(DAY * DAYS)
}

/// Everything that has happened until now, the earliest first.
pub(super) fn steps(present: Timestamp) -> Vec<(Timestamp, Deed)> {
    let first = first_midnight(present);
    let moment = |at: At| match at {
        At::Day(day, hour, minute) => first.after(DAY * day + MINUTE * (hour * 60 + minute)),
        At::Ago(minutes) => present.before(MINUTE * minutes),
    };
    let told = openings().into_iter().chain(invitations()).chain(STORY.iter().chain(FAILURES).copied());
    let told = told.map(|step| (moment(step.at), step.deed));
    // What is told of the last hours is not to be lost among the logins of every day.
    let visits = visits(weekday(first)).into_iter().map(|step| (moment(step.at), step.deed));
    let visits = visits.filter(|(at, _)| *at < present.before(QUIET));
    let mut steps: Vec<_> = told.chain(visits).collect();
    steps.sort_by_key(|(at, _)| *at);
    steps
}

/// The day of the week; 0 is Sunday.
fn weekday(moment: Timestamp) -> u32 {
    let days = moment.as_micros().div_euclid(i64::try_from(DAY.as_micros()).unwrap_or(i64::MAX));
    // 1 January 1970 was a Thursday.
    u32::try_from((days + 4).rem_euclid(7)).unwrap_or(0)
}

/// Accounts are made early in the morning, and put into their groups.
fn openings() -> Vec<Step> {
    let mut steps = Vec::new();
    for (client, minute) in CLIENTS.iter().zip(0..) {
        let staff = if minute % 3 == 2 { "noor" } else { "robin" };
        let at = At::Day(client.opened, 7, minute * 2);
        for chore in [Chore::Open, Chore::Classify { active: true }] {
            steps.push(Step { at, deed: Deed::Staff { staff, account: client.key, chore } });
        }
    }
    steps
}

/// Invitations that were accepted one to three hours later.
fn invitations() -> Vec<Step> {
    let mut steps = Vec::new();
    for (joined, number) in JOINED.iter().zip(0..) {
        let (user, account) = (joined.user, joined.account);
        let invites = Deed::InvitesPerson { by: joined.by, account, user, grants: joined.grants };
        steps.push(Step { at: At::Day(joined.day, joined.hour, number * 7 % 60), deed: invites });
        let hour = joined.hour + 1 + number % 3;
        steps.push(Step { at: At::Day(joined.day, hour, number * 11 % 60), deed: Deed::AcceptsOwn { user, account } });
    }
    steps
}

/// The logins of every day: fewer at weekends, and never quite at the same minute.
fn visits(first_weekday: u32) -> Vec<Step> {
    let mut steps = Vec::new();
    for day in 0..=DAYS {
        let weekend = matches!((first_weekday + day) % 7, 0 | 6);
        for (person, number) in PEOPLE.iter().zip(0..) {
            let chance = scattered(day, number);
            let due = person.every > 0 && (day + number) % person.every == 0;
            if due && !chance.is_multiple_of(8) && (!weekend || chance % 4 == 1) {
                let deed = Deed::Visits { user: person.key, number: chance };
                steps.push(Step { at: At::Day(day, person.hour, chance % 120), deed });
            }
        }
        for (staff, number) in STAFF.iter().zip(0..) {
            if staff.every > 0 && (day + number) % staff.every == 0 && !weekend {
                let deed = Deed::StaffLogsIn { staff: staff.key };
                steps.push(Step { at: At::Day(day, 7, 45 + scattered(day, number) % 50), deed });
            }
        }
    }
    steps
}

/// A number that looks like chance and is always the same.
fn scattered(day: u32, number: u32) -> u32 {
    let mixed = (day + 1).wrapping_mul(2_654_435_761) ^ (number + 7).wrapping_mul(2_246_822_519);
    (mixed ^ (mixed >> 15)).wrapping_mul(3_266_489_917) >> 17
}
