use super::chain::Entry;
use super::{Beginning, Event, EventKind, FeedFilter, Head, LoginDay, Recorded, Sealed};
use crate::access::Actor;
use crate::app::{Asked, Snapshot, Tx};
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
    tx.put(
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
    tx.recorded();
    Ok(())
}

/// What is read of a fact.
const COLUMNS: &str = "id, at, kind, actor_kind, actor_id, actor_name, ip, account_id, account_name, user_id, user_name, \
     email, detail, on_behalf_of_id, on_behalf_of_name";

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
        clauses.push(
            "kind not in ('note-added', 'note-updated', 'note-deleted', 'line-written', 'owner-change-asked', 'owner-change-refused',
                 'owner-change-cancelled', 'owner-change-ended')"
                .to_owned(),
        );
    }
    let sql = format!("select {COLUMNS} from events where {} order by id desc limit $1", clauses.join(" and "));
    snapshot.all(&sql, &arguments, recorded)
}

fn recorded(row: &mut Row) -> Result<Recorded, DbError> {
    let recorded = Recorded {
        id: row.take()?,
        at: row.take()?,
        kind: row.take()?,
        actor: Actor { kind: row.take()?, id: row.take()?, name: row.take()? },
        on_behalf_of_id: None,
        on_behalf_of: None,
        ip: row.take()?,
        account_id: row.take()?,
        account_name: row.take()?,
        user_id: row.take()?,
        user_name: row.take()?,
        email: row.take()?,
        detail: row.take()?,
    };
    let (on_behalf_of_id, behalf): (Option<UserId>, String) = (row.take()?, row.take()?);
    Ok(Recorded { on_behalf_of_id, on_behalf_of: Some(behalf).filter(|name| !name.is_empty()), ..recorded })
}

/// The last link of the chain; `None` when somebody seals and it is to be held.
pub(super) fn ask_head<'a>(snapshot: &'a Snapshot<'_>, lock: &str) -> Result<Asked<'a, Option<Head>>, Fault> {
    snapshot.ask_first(&format!("select seq, hash from event_chain where id = 1{lock}"), &[], |row| {
        Ok(Head { seq: row.take()?, hash: row.take()? })
    })
}

pub(super) fn set_head(tx: &Tx<'_>, head: &Head) -> Result<(), Fault> {
    tx.put("update event_chain set seq = $1, hash = $2 where id = 1", params![head.seq, head.hash])
}

/// Where the log begins, and the same as it was sealed; `None` when somebody holds it and it is to be held.
pub(super) fn beginning(snapshot: &Snapshot<'_>, lock: &str) -> Result<Option<(Beginning, Vec<u8>)>, Fault> {
    let sql = format!("select seq, hash, removed_at, kept_days, sealed from event_beginning where id = 1{lock}");
    snapshot.optional(&sql, &[], |row| {
        let last_removed = Head { seq: row.take()?, hash: row.take()? };
        Ok((Beginning { last_removed, removed_at: row.take()?, kept_days: row.take()? }, row.take()?))
    })
}

pub(super) fn set_beginning(tx: &Tx<'_>, beginning: &Beginning, sealed: &[u8]) -> Result<(), Fault> {
    let Beginning { last_removed: Head { seq, hash }, removed_at, kept_days } = beginning;
    tx.put(
        "update event_beginning set seq = $1, hash = $2, removed_at = $3, kept_days = $4, sealed = $5 where id = 1",
        params![*seq, *hash, *removed_at, *kept_days, sealed],
    )
}

/// Removes the front of the log up to this number.
pub(super) fn remove_until(tx: &Tx<'_>, seq: i64) -> Result<(), Fault> {
    tx.execute("delete from events where seq <= $1", params![seq]).map(drop)
}

/// Whether something waits to be sealed.
pub(super) fn ask_has_unsealed<'a>(snapshot: &'a Snapshot<'_>) -> Result<Asked<'a, bool>, Fault> {
    let first = snapshot.ask_first("select id from events where seq is null order by id limit 1", &[], Row::take::<EventId>)?;
    Ok(first.map(|id| id.is_some()))
}

/// What waits to be sealed, oldest first.
pub(super) fn ask_unsealed<'a>(snapshot: &'a Snapshot<'_>, limit: i64) -> Result<Asked<'a, Vec<Entry>>, Fault> {
    snapshot.ask(&format!("select {COLUMNS} from events where seq is null order by id limit $1"), params![limit], Entry::read)
}

/// Numbers and links of events. As many statements are kept prepared as there are sizes of chunks.
pub(super) fn seal(tx: &Tx<'_>, mut links: &[(EventId, Head)]) -> Result<(), Fault> {
    for size in [256, 16, 4, 1] {
        while let Some((chunk, rest)) = links.split_at_checked(size) {
            let values: Vec<String> =
                (0..size).map(|row| format!("(${}, ${}, ${})", 3 * row + 1, 3 * row + 2, 3 * row + 3)).collect();
            let arguments = chunk.iter().flat_map(|(id, link)| [id.to_value(), link.seq.to_value(), link.hash.to_value()]);
            tx.put(
                &format!(
                    "update events set seq = v.column2, hash = v.column3 from (values {}) v where events.id = v.column1",
                    values.join(", ")
                ),
                &arguments.collect::<Vec<_>>(),
            )?;
            links = rest;
        }
    }
    Ok(())
}

/// Sealed events after `after` and up to `until`, in their order.
pub(super) fn feed(
    snapshot: &Snapshot<'_>,
    after: i64,
    until: i64,
    limit: i64,
    filter: &FeedFilter,
) -> Result<Vec<Sealed>, Fault> {
    let mut clauses = vec!["seq > $1 and seq <= $2".to_owned()];
    let mut arguments: Vec<Value> = vec![after.to_value(), until.to_value(), limit.to_value()];
    if let Some(account) = filter.account {
        arguments.push(account.to_value());
        clauses.push(format!("account_id = ${}", arguments.len()));
    }
    if let Some(user) = filter.user {
        arguments.push(user.to_value());
        let n = arguments.len();
        clauses.push(format!("(user_id = ${n} or (actor_kind = 'user' and actor_id = ${n}) or on_behalf_of_id = ${n})"));
    }
    if !filter.kinds.is_empty() {
        let first = arguments.len();
        arguments.extend(filter.kinds.iter().map(|kind| kind.key().to_value()));
        let places: Vec<String> = (first + 1..=arguments.len()).map(|n| format!("${n}")).collect();
        clauses.push(format!("kind in ({})", places.join(", ")));
    }
    let sql = format!("select seq, hash, {COLUMNS} from events where {} order by seq limit $3", clauses.join(" and "));
    snapshot.all(&sql, &arguments, |row| Ok(Sealed { seq: row.take()?, hash: row.take()?, event: recorded(row)? }))
}

/// Links with what they seal, in their order, from the one after `after`.
pub(super) fn links(snapshot: &Snapshot<'_>, after: i64, limit: i64) -> Result<Vec<(Head, Entry)>, Fault> {
    let sql = format!("select seq, hash, {COLUMNS} from events where seq > $1 order by seq limit $2");
    snapshot.all(&sql, params![after, limit], |row| Ok((Head { seq: row.take()?, hash: row.take()? }, Entry::read(row)?)))
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
