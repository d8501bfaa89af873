//! How long logins last, and of whom a second factor is required.

use std::time::Duration;

use super::{Brand, Puzzles, get, put};
use crate::access::{Actor, AdminPermission, AllowedAdmin, ConfigureSystem, System};
use crate::app::{Asked, Snapshot, Tx};
use crate::db::Row;
use crate::error::{Fault, Fields, Invalid};
use crate::event::{Event, EventKind};
use crate::mail::{About, Notice, Person, tell_person};
use crate::masquerade::{self, Whose};
use crate::params;
use crate::{admin, owner_change};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// One limit: its key, what it is without a setting, and the most it may be.
struct Limit {
    key: &'static str,
    field: &'static str,
    default: Duration,
    max: Duration,
    /// Seconds in the unit of the form.
    unit: u64,
    too_much: &'static str,
}

const fn limit(key: &'static str, field: &'static str, default: u64, max: u64, unit: u64, too_much: &'static str) -> Limit {
    Limit { key, field, default: Duration::from_secs(default), max: Duration::from_secs(max), unit, too_much }
}

// The most that NIST SP 800-63B-4 takes: 2.2.3 (24 hours, one hour idle), 2.1.3 (30 days).
const ABSOLUTE: Limit = limit("security.absolute_minutes", "absolute_hours", 12 * HOUR, 24 * HOUR, HOUR, "error-limit-hours-24");
const IDLE: Limit = limit("security.idle_minutes", "idle_minutes", HOUR, HOUR, MINUTE, "error-limit-minutes-60");
const REMEMBER: Limit = limit("security.remember_minutes", "remember_days", 30 * DAY, 30 * DAY, DAY, "error-limit-days-30");
const SECOND_FACTOR: Limit =
    limit("security.second_factor_minutes", "second_factor_hours", 24 * HOUR, 24 * HOUR, HOUR, "error-limit-hours-24");
const ADMIN_ABSOLUTE: Limit =
    limit("security.admin_absolute_minutes", "admin_absolute_hours", 12 * HOUR, 24 * HOUR, HOUR, "error-limit-hours-24");
const ADMIN_IDLE: Limit =
    limit("security.admin_idle_minutes", "admin_idle_minutes", 15 * MINUTE, HOUR, MINUTE, "error-limit-minutes-60");

const EVERYBODY: &str = "security.two_factor_everybody";
const ADMINS: &str = "security.two_factor_admins";
const OWNER_APPROVAL: &str = "security.owner_approval";

impl Limit {
    /// What is stored, in minutes; what cannot be, counts as not set.
    fn read(&self, stored: &str) -> Duration {
        let minutes = stored.parse::<u64>().ok().and_then(|minutes| minutes.checked_mul(MINUTE));
        let span = minutes.map(Duration::from_secs).filter(|span| !span.is_zero() && *span <= self.max);
        span.unwrap_or(self.default)
    }

    fn take(&self, typed: &str, fields: &mut Fields) -> Option<Duration> {
        let number = typed.trim().parse::<u64>().ok().filter(|number| *number > 0).ok_or("error-limit-number");
        let span = number.and_then(|number| {
            let span = number.checked_mul(self.unit).map(Duration::from_secs);
            span.filter(|span| *span <= self.max).ok_or(self.too_much)
        });
        fields.take(self.field, span)
    }
}

/// What the operator has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Security {
    /// A session without *Remember Me* ends after this.
    pub absolute: Duration,
    /// And when it rested for this long.
    pub idle: Duration,
    /// A session with *Remember Me* ends after this.
    pub remember: Duration,
    /// Where an account requires two-factor it is asked for again after this.
    pub second_factor: Duration,
    /// An admin's session ends after this.
    pub admin_absolute: Duration,
    /// And when it rested for this long.
    pub admin_idle: Duration,
    /// Whether every user needs a second factor.
    pub everybody: bool,
    /// Whether every admin needs one.
    pub admins: bool,
    /// Whether a change of owner needs a second admin (ASVS V2.3.5).
    pub owner_approval: bool,
    /// What is asked of browsers before the forms of strangers are taken.
    pub puzzles: Puzzles,
}

impl Default for Security {
    fn default() -> Self {
        Self {
            absolute: ABSOLUTE.default,
            idle: IDLE.default,
            remember: REMEMBER.default,
            second_factor: SECOND_FACTOR.default,
            admin_absolute: ADMIN_ABSOLUTE.default,
            admin_idle: ADMIN_IDLE.default,
            everybody: false,
            admins: true,
            owner_approval: false,
            puzzles: Puzzles::default(),
        }
    }
}

/// The limits as they are typed: whole hours, minutes and days.
#[derive(Clone, Debug, Default)]
pub struct TypedLimits<'a> {
    /// Hours without *Remember Me*.
    pub absolute_hours: &'a str,
    /// Minutes of rest.
    pub idle_minutes: &'a str,
    /// Days with *Remember Me*.
    pub remember_days: &'a str,
    /// Hours until the second factor is asked for again.
    pub second_factor_hours: &'a str,
    /// Hours of an admin's session.
    pub admin_absolute_hours: &'a str,
    /// Minutes of an admin's rest.
    pub admin_idle_minutes: &'a str,
}

impl Security {
    /// Reads what was typed; what NIST does not take is refused with the reason. Without puzzles, and
    /// without a second admin for owners.
    pub fn parse(typed: &TypedLimits<'_>, everybody: bool, admins: bool) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let absolute = ABSOLUTE.take(typed.absolute_hours, &mut fields);
        let idle = IDLE.take(typed.idle_minutes, &mut fields);
        let remember = REMEMBER.take(typed.remember_days, &mut fields);
        let second_factor = SECOND_FACTOR.take(typed.second_factor_hours, &mut fields);
        let admin_absolute = ADMIN_ABSOLUTE.take(typed.admin_absolute_hours, &mut fields);
        let admin_idle = ADMIN_IDLE.take(typed.admin_idle_minutes, &mut fields);
        fields.finish()?;
        match (absolute, idle, remember, second_factor, admin_absolute, admin_idle) {
            (Some(absolute), Some(idle), Some(remember), Some(second_factor), Some(admin_absolute), Some(admin_idle)) => {
                let limits = Self { absolute, idle, remember, second_factor, admin_absolute, admin_idle, ..Self::default() };
                Ok(Self { everybody, admins, ..limits })
            }
            _ => Err(Vec::new()),
        }
    }

    /// For how long a second factor counts, from the one stored value.
    pub(crate) fn second_factor_of(stored: Option<&str>) -> Duration {
        stored.map_or(SECOND_FACTOR.default, |stored| SECOND_FACTOR.read(stored))
    }

    pub(super) fn set(&mut self, key: &str, value: &str) {
        match key {
            "security.absolute_minutes" => self.absolute = ABSOLUTE.read(value),
            "security.idle_minutes" => self.idle = IDLE.read(value),
            "security.remember_minutes" => self.remember = REMEMBER.read(value),
            "security.second_factor_minutes" => self.second_factor = SECOND_FACTOR.read(value),
            "security.admin_absolute_minutes" => self.admin_absolute = ADMIN_ABSOLUTE.read(value),
            "security.admin_idle_minutes" => self.admin_idle = ADMIN_IDLE.read(value),
            EVERYBODY => self.everybody = value == "yes",
            ADMINS => self.admins = value != "no",
            OWNER_APPROVAL => self.owner_approval = value == "yes",
            _ => self.puzzles.set(key, value),
        }
    }
}

/// What the operator has set.
pub fn security(snapshot: &Snapshot<'_>) -> Result<Security, Fault> {
    Ok(look(snapshot)?.1)
}

/// How this installation presents itself and how long logins last: one read for every request.
pub fn look(snapshot: &Snapshot<'_>) -> Result<(Brand, Security), Fault> {
    ask(snapshot)?.answer()
}

/// The same to be answered later.
pub fn ask<'a>(snapshot: &'a Snapshot<'_>) -> Result<Asked<'a, (Brand, Security)>, Fault> {
    let rows = snapshot.ask(
        "select key, value from settings where key like 'brand.%' escape '\\' or key like 'security.%' escape '\\'",
        &[],
        |row| Ok((row.take::<String>()?, row.take::<String>()?)),
    )?;
    Ok(rows.map(of_rows))
}

fn of_rows(rows: Vec<(String, String)>) -> (Brand, Security) {
    let (mut brand, mut security) = (Brand::default(), Security::default());
    for (key, value) in rows {
        security.set(&key, &value);
        match key.as_str() {
            "brand.name" => brand.name = value,
            "brand.hue" => brand.hue = value.parse().unwrap_or(brand.hue),
            "brand.logo_url" => brand.logo_url = Some(value).filter(|url| !url.is_empty()),
            "brand.terms_url" => brand.terms_url = Some(value).filter(|url| !url.is_empty()),
            _ => {}
        }
    }
    (brand, security)
}

/// Changes what the operator has set.
pub fn set_security(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, security: &Security) -> Result<(), Fault> {
    let limits = [
        (ABSOLUTE, security.absolute),
        (IDLE, security.idle),
        (REMEMBER, security.remember),
        (SECOND_FACTOR, security.second_factor),
        (ADMIN_ABSOLUTE, security.admin_absolute),
        (ADMIN_IDLE, security.admin_idle),
    ];
    let mut detail = Vec::new();
    for (limit, span) in limits {
        let minutes = span.as_secs() / MINUTE;
        put(tx, limit.key, &minutes.to_string())?;
        detail.push(format!("{} {minutes}", limit.key));
    }
    for (key, on) in [(EVERYBODY, security.everybody), (ADMINS, security.admins)] {
        put(tx, key, yes_no(on))?;
        detail.push(format!("{key} {}", yes_no(on)));
    }
    let before = get(tx, OWNER_APPROVAL)?.is_some_and(|stored| stored == "yes");
    put(tx, OWNER_APPROVAL, yes_no(security.owner_approval))?;
    detail.push(format!("{OWNER_APPROVAL} {}", yes_no(security.owner_approval)));
    for (key, value) in security.puzzles.rows() {
        put(tx, key, &value)?;
        detail.push(format!("{key} {value}"));
    }
    tx.record(by.actor(), &Event::new(EventKind::SettingsChanged).with_detail(detail.join(", ")))?;
    if before && !security.owner_approval {
        owner_approval_ends(tx, by.actor())?;
    }
    end_without_factor(tx, security.admins)
}

/// Whether a change of owner needs a second admin; that stays so until the transaction ends.
pub(crate) fn hold_owner_approval(tx: &Tx<'_>) -> Result<bool, Fault> {
    let sql = format!("select value from settings where key = $1{}", tx.for_share());
    let stored: Option<String> = tx.optional(&sql, params![OWNER_APPROVAL], Row::take)?;
    Ok(stored.is_some_and(|stored| stored == "yes"))
}

/// One admin does alone from now on what took two: whoever could have been the second learns of it, and nothing that waits for one stays.
fn owner_approval_ends(tx: &Tx<'_>, by: &Actor) -> Result<(), Fault> {
    owner_change::end_all(tx, by, owner_change::Whose::Everybody, "no second admin is needed any more")?;
    let about = About::default().by(&by.name).on_page("/admin/config/security");
    for admin in admin::who_may(tx, AdminPermission::Owner)? {
        let person = Person { user: None, name: &admin.name, to: &admin.email };
        tell_person(tx, &person, Notice::OwnerApprovalOff, &about)?;
    }
    Ok(())
}

/// What admins who have shown no second factor do as owners ends as soon as one is required of them.
fn end_without_factor(tx: &Tx<'_>, required: bool) -> Result<(), Fault> {
    if required { masquerade::end_all(tx, Whose::WithoutFactor, "second factor required") } else { Ok(()) }
}

/// Requires two-factor of admins, or does not: the operator's switch at the command line.
pub fn require_two_factor_of_admins(tx: &Tx<'_>, by: &System, required: bool) -> Result<(), Fault> {
    put(tx, ADMINS, yes_no(required))?;
    let detail = format!("{ADMINS} {}", yes_no(required));
    tx.record(by.actor(), &Event::new(EventKind::SettingsChanged).with_detail(detail))?;
    end_without_factor(tx, required)
}

const fn yes_no(on: bool) -> &'static str {
    if on { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPED: TypedLimits<'static> = TypedLimits {
        absolute_hours: "12",
        idle_minutes: "60",
        remember_days: "30",
        second_factor_hours: "24",
        admin_absolute_hours: "12",
        admin_idle_minutes: "15",
    };

    #[test]
    fn v7_3_1_the_defaults_are_those_of_the_rules() {
        assert_eq!(Security::parse(&TYPED, false, true), Ok(Security::default()));
    }

    #[test]
    fn v7_3_2_nist_2_1_3_no_limit_goes_beyond_what_nist_takes() {
        let refused = |typed: TypedLimits<'_>| Security::parse(&typed, false, true).unwrap_err();
        for (typed, problem) in [
            (TypedLimits { absolute_hours: "25", ..TYPED }, Invalid::new("absolute_hours", "error-limit-hours-24")),
            (TypedLimits { idle_minutes: "61", ..TYPED }, Invalid::new("idle_minutes", "error-limit-minutes-60")),
            (TypedLimits { remember_days: "31", ..TYPED }, Invalid::new("remember_days", "error-limit-days-30")),
            (TypedLimits { second_factor_hours: "25", ..TYPED }, Invalid::new("second_factor_hours", "error-limit-hours-24")),
            (TypedLimits { admin_absolute_hours: "25", ..TYPED }, Invalid::new("admin_absolute_hours", "error-limit-hours-24")),
            (TypedLimits { admin_idle_minutes: "61", ..TYPED }, Invalid::new("admin_idle_minutes", "error-limit-minutes-60")),
            (TypedLimits { idle_minutes: "0", ..TYPED }, Invalid::new("idle_minutes", "error-limit-number")),
            (TypedLimits { idle_minutes: "-1", ..TYPED }, Invalid::new("idle_minutes", "error-limit-number")),
            (
                TypedLimits { absolute_hours: "99999999999999999", ..TYPED },
                Invalid::new("absolute_hours", "error-limit-hours-24"),
            ),
        ] {
            assert_eq!(refused(typed), [problem]);
        }
    }

    #[test]
    fn a_stored_value_that_cannot_be_counts_as_none() {
        let mut security = Security::default();
        for value in ["", "x", "0", "-1", "99999", "18446744073709551615"] {
            security.set(IDLE.key, value);
            assert_eq!(security, Security::default(), "{value}");
        }
        security.set(IDLE.key, "5");
        assert_eq!(security.idle, Duration::from_mins(5));
    }
}
