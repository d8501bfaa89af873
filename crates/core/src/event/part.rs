//! The log by page number, and lines that another system writes into it: for the action API.

use super::{Event, EventKind};
use crate::access::{Actor, AllowedAdmin, ViewLog, WriteNotes};
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{Row, ToValue, Value};
use crate::email::EmailKey;
use crate::error::Fault;
use crate::id::{AccountId, AdminId, EventId, UserId};
use crate::paging::{Part, Slice};
use crate::{account, admin, params, user};

/// Longest line that another system may write into the log, in characters.
pub const MAX_LINE: usize = 1_000;

/// Which facts to find. What is `None` does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// In this account.
    pub account: Option<AccountId>,
    /// Not before the first and before the second.
    pub between: Option<(Timestamp, Timestamp)>,
    /// By an actor of this name, or of or concerning the user, the admin or the account's own address that this is.
    pub who: Option<String>,
    /// With this in its particulars, names or address.
    pub text: Option<String>,
    /// From this address.
    pub ip: Option<String>,
}

/// A fact, as far as the list tells it.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number; later ones are higher.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// What: the key of an [`EventKind`].
    pub kind: String,
    /// Who.
    pub actor: Actor,
    /// From where, unless the machine did it.
    pub ip: Option<String>,
    /// In which account.
    pub account: Option<AccountId>,
    /// The account's name at that time.
    pub account_name: String,
    /// To which user.
    pub user: Option<UserId>,
    /// The user's name at that time.
    pub user_name: String,
    /// The mail address concerned.
    pub email: String,
    /// Particulars.
    pub detail: String,
}

/// The facts that are wanted, newest first.
pub fn part(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ViewLog>, wanted: &Wanted, slice: Slice) -> Result<Part<Line>, Fault> {
    let mut arguments: Vec<Value> = Vec::new();
    let found = condition(wanted, &addressed(snapshot, wanted)?, &mut arguments);
    let total = snapshot.one(&format!("select count(*) from events where {found}"), &arguments, Row::take)?;
    arguments.extend([slice.limit().to_value(), slice.offset().to_value()]);
    let (limit, offset) = (arguments.len() - 1, arguments.len());
    let sql = format!(
        "select id, at, kind, actor_kind, actor_id, actor_name, ip, account_id, account_name, user_id, user_name, email, detail
         from events where {found} order by id desc limit ${limit} offset ${offset}"
    );
    let rows = snapshot.all(&sql, &arguments, |row| {
        Ok(Line {
            id: row.take()?,
            at: row.take()?,
            kind: row.take()?,
            actor: Actor { kind: row.take()?, id: row.take()?, name: row.take()? },
            ip: row.take()?,
            account: row.take()?,
            account_name: row.take()?,
            user: row.take()?,
            user_name: row.take()?,
            email: row.take()?,
            detail: row.take()?,
        })
    })?;
    Ok(Part { total, rows })
}

/// Who has an address: the log itself holds names and numbers.
#[derive(Default)]
struct Addressed {
    user: Option<UserId>,
    admin: Option<AdminId>,
    account: Option<AccountId>,
}

fn addressed(snapshot: &Snapshot<'_>, wanted: &Wanted) -> Result<Addressed, Fault> {
    let Some(email) = wanted.who.as_deref().filter(|who| who.contains('@')) else { return Ok(Addressed::default()) };
    let key = EmailKey::of(email);
    Ok(Addressed {
        user: user::by_email(snapshot, &key)?,
        admin: admin::by_email(snapshot, &key)?,
        account: account::by_contact_email(snapshot, email)?,
    })
}

fn condition(wanted: &Wanted, addressed: &Addressed, arguments: &mut Vec<Value>) -> String {
    let mut clauses = vec!["1 = 1".to_owned()];
    let mut narrow = |clause: &str, value: Option<Value>| {
        if let Some(value) = value {
            arguments.push(value);
            clauses.push(clause.replace("$n", &format!("${}", arguments.len())));
        }
    };
    narrow("account_id = $n", wanted.account.map(|id| id.to_value()));
    narrow("at >= $n", wanted.between.map(|(from, _)| from.to_value()));
    narrow("at < $n", wanted.between.map(|(_, until)| until.to_value()));
    narrow("ip = $n", wanted.ip.as_ref().map(ToValue::to_value));
    let pattern = wanted.text.as_deref().map(containing);
    narrow(
        "(detail like $n escape '\\' or account_name like $n escape '\\' or user_name like $n escape '\\' or email like $n escape '\\'
          or kind like $n escape '\\')",
        pattern.map(|pattern| pattern.to_value()),
    );
    if let Some(who) = &wanted.who {
        let mut named = |clause: &str, value: Value| {
            arguments.push(value);
            clause.replace("$n", &format!("${}", arguments.len()))
        };
        let mut any = vec![named("actor_name = $n or email = $n or user_name = $n", who.to_value())];
        any.extend(addressed.user.map(|id| named("user_id = $n or (actor_kind = 'user' and actor_id = $n)", id.to_value())));
        any.extend(addressed.admin.map(|id| named("(actor_kind = 'admin' and actor_id = $n)", id.to_value())));
        any.extend(addressed.account.map(|id| named("account_id = $n", id.to_value())));
        clauses.push(format!("({})", any.join(" or ")));
    }
    clauses.join(" and ")
}

/// A pattern for `like … escape '\'` that finds the text anywhere.
pub(crate) fn containing(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// Writes a line that another system wants in the log, about an account or about none. `None` when there is no such account.
pub fn write_line(
    tx: &Tx<'_>,
    by: &AllowedAdmin<WriteNotes>,
    account: Option<AccountId>,
    line: &str,
) -> Result<Option<()>, Fault> {
    let event = Event::new(EventKind::LineWritten).with_detail(line);
    let event = match account {
        None => event,
        Some(id) => {
            let name: Option<String> = tx.optional("select name from accounts where id = $1", params![id], Row::take)?;
            let Some(name) = name else { return Ok(None) };
            event.in_account(id, &name)
        }
    };
    tx.record(by.actor(), &event).map(Some)
}
