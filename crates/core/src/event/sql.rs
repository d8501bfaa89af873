use super::{Event, EventKind, LoginDay, Recorded};
use crate::access::Actor;
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row, ToValue, Value};
use crate::error::Fault;
use crate::id::{AccountId, EventId, UserId};
use crate::params;

/// Which facts to find. What is `None` does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Of this kind.
    pub kind: Option<String>,
    /// By an actor of this name.
    pub actor: Option<String>,
    /// Concerning this user, or done by it.
    pub user: Option<UserId>,
    /// In this account.
    pub account: Option<AccountId>,
    /// From this address.
    pub ip: Option<String>,
    /// Without what staff notes down for itself.
    pub without_staff_notes: bool,
    /// Older than this one: the keyset of the next page.
    pub before: Option<EventId>,
}

pub(super) fn insert(tx: &Tx<'_>, actor: &Actor, behalf: Option<&Actor>, event: &Event) -> Result<(), Fault> {
    tx.execute(
        "insert into events (at, kind, actor_kind, actor_id, actor_name, ip, account_id, account_name, user_id, user_name, email, detail, on_behalf_of_id, on_behalf_of_name)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        params![
            tx.now(),
            event.kind.key(),
            actor.kind.key(),
            actor.id,
            actor.name,
            tx.request().ip.map(|ip| ip.to_string()),
            event.account.as_ref().map(|(id, _)| *id),
            event.account.as_ref().map_or("", |(_, name)| name),
            event.user.as_ref().map(|(id, _)| *id),
            event.user.as_ref().map_or("", |(_, name)| name),
            event.email,
            event.detail,
            behalf.and_then(|behalf| behalf.id),
            behalf.map_or("", |behalf| &behalf.name),
        ],
    )?;
    Ok(())
}

pub(super) fn list(snapshot: &Snapshot<'_>, filter: &Filter, limit: i64) -> Result<Vec<Recorded>, Fault> {
    let mut clauses = vec!["1 = 1".to_owned()];
    let mut arguments: Vec<Value> = vec![limit.to_value()];
    let mut narrow = |clause: &str, value: Option<Value>| {
        if let Some(value) = value {
            arguments.push(value);
            clauses.push(clause.replace("$n", &format!("${}", arguments.len())));
        }
    };
    narrow("at >= $n", filter.from.map(|at| at.to_value()));
    narrow("at < $n", filter.until.map(|at| at.to_value()));
    narrow("kind = $n", filter.kind.as_ref().map(ToValue::to_value));
    narrow("(actor_name = $n or on_behalf_of_name = $n)", filter.actor.as_ref().map(ToValue::to_value));
    narrow(
        "(user_id = $n or (actor_kind = 'user' and actor_id = $n) or on_behalf_of_id = $n)",
        filter.user.map(|id| id.to_value()),
    );
    narrow("account_id = $n", filter.account.map(|id| id.to_value()));
    narrow("ip = $n", filter.ip.as_ref().map(ToValue::to_value));
    narrow("id < $n", filter.before.map(|id| id.to_value()));
    if filter.without_staff_notes {
        clauses.push("kind not in ('note-added', 'note-updated', 'note-deleted')".to_owned());
    }
    let sql = format!(
        "select id, at, kind, actor_kind, actor_id, actor_name, ip, account_id, account_name, user_id, user_name, email, detail, on_behalf_of_name
         from events where {} order by id desc limit $1",
        clauses.join(" and ")
    );
    snapshot.all(&sql, &arguments, recorded)
}

fn recorded(row: &mut Row) -> Result<Recorded, DbError> {
    let recorded = Recorded {
        id: row.take()?,
        at: row.take()?,
        kind: row.take()?,
        actor: Actor { kind: row.take()?, id: row.take()?, name: row.take()? },
        on_behalf_of: None,
        ip: row.take()?,
        account_id: row.take()?,
        account_name: row.take()?,
        user_id: row.take()?,
        user_name: row.take()?,
        email: row.take()?,
        detail: row.take()?,
    };
    let behalf: String = row.take()?;
    Ok(Recorded { on_behalf_of: Some(behalf).filter(|name| !name.is_empty()), ..recorded })
}

/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;

pub(super) fn login_days(snapshot: &Snapshot<'_>, from: Timestamp) -> Result<Vec<LoginDay>, Fault> {
    snapshot.all(
        "select (at / $1) * $1, count(*) filter (where kind in ($3, $4)), count(*) filter (where kind in ($5, $6))
         from events where kind in ($3, $4, $5, $6) and at >= $2 group by (at / $1) * $1 order by 1",
        params![
            DAY,
            from,
            EventKind::Login.key(),
            EventKind::AdminLogin.key(),
            EventKind::LoginFailed.key(),
            EventKind::AdminLoginFailed.key()
        ],
        |row| Ok(LoginDay { day: row.take()?, logins: row.take()?, failures: row.take()? }),
    )
}
