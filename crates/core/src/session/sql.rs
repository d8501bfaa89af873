use super::{BegunBy, Session};
use crate::app::{Asked, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row, ToValue, Value};
use crate::error::Fault;
use crate::id::{ApiCredentialId, DeviceId, SessionId, UserId};
use crate::params;
use crate::secret::SecretHash;
use crate::settings::Security;
use crate::sweep::{self, Place};
use crate::user::{self, User};

const COLUMNS: &str =
    "s.id, s.created_at, s.last_seen_at, s.expires_at, s.remember, s.ip, s.host, s.user_agent, s.second_factor_at,
     case when s.device_id is null then 0 else 1 end, s.begun_by, s.credential_id";

fn session(row: &mut Row) -> Result<Session, DbError> {
    Ok(Session {
        id: row.take()?,
        created_at: row.take()?,
        last_seen_at: row.take()?,
        expires_at: row.take()?,
        remember: row.take()?,
        ip: row.take()?,
        host: row.take()?,
        user_agent: row.take()?,
        second_factor_at: row.take()?,
        of_known_device: row.take()?,
        begun_by: row.take()?,
        credential: row.take()?,
    })
}

/// A session, its user, and whether an admin acts in it.
pub(super) type Found = Option<(Session, User, bool)>;

pub(super) fn by_token<'a>(snapshot: &'a Snapshot<'_>, hash: &SecretHash) -> Result<Asked<'a, Found>, Fault> {
    found(snapshot, "s.token_hash = $1", params![hash])
}

/// The same by the session's number.
pub(super) fn by_id<'a>(snapshot: &'a Snapshot<'_>, id: SessionId) -> Result<Asked<'a, Found>, Fault> {
    found(snapshot, "s.id = $1", params![id])
}

fn found<'a>(snapshot: &'a Snapshot<'_>, condition: &str, arguments: &[Value]) -> Result<Asked<'a, Found>, Fault> {
    snapshot.ask_first(
        &format!(
            "select {COLUMNS}, {}, case when s.masquerade_session_id is null then 0 else 1 end
             from sessions s join users u on u.id = s.user_id where {condition}",
            user::COLUMNS
        ),
        arguments,
        |row| Ok((session(row)?, user::read_row(row)?, row.take()?)),
    )
}

/// The sessions of the user `$1` that are alive, by what [`live_of`] gives.
const LIVE: &str = "s.user_id = $1 and s.masquerade_session_id is null and s.expires_at > $2
     and ((s.remember = 1 and s.created_at > $4) or (s.remember = 0 and s.created_at > $5 and s.last_seen_at > $3))";

fn live_of(snapshot: &Snapshot<'_>, user: UserId, limits: &Security) -> Vec<Value> {
    let now = snapshot.now();
    params![user, now, now.before(limits.idle), now.before(limits.remember), now.before(limits.absolute)].to_vec()
}

pub(super) fn of_user(snapshot: &Snapshot<'_>, user: UserId, limits: &Security) -> Result<Vec<Session>, Fault> {
    let sql = format!("select {COLUMNS} from sessions s where {LIVE} order by s.last_seen_at desc, s.id desc limit 200");
    snapshot.all(&sql, &live_of(snapshot, user, limits), session)
}

/// The same, newest first, before one of them.
pub(super) fn page(
    snapshot: &Snapshot<'_>,
    user: UserId,
    limits: &Security,
    before: Option<SessionId>,
    limit: i64,
) -> Result<Vec<Session>, Fault> {
    let sql = format!("select {COLUMNS} from sessions s where {LIVE} and s.id < $6 order by s.id desc limit $7");
    let mut arguments = live_of(snapshot, user, limits);
    arguments.extend([before.map_or(i64::MAX, |id| id.0).to_value(), limit.to_value()]);
    snapshot.all(&sql, &arguments, session)
}

/// One of them; `lock` is what holds it, or nothing.
pub(super) fn one_of_user(
    snapshot: &Snapshot<'_>,
    user: UserId,
    limits: &Security,
    id: SessionId,
    lock: &str,
) -> Result<Option<Session>, Fault> {
    let mut arguments = live_of(snapshot, user, limits);
    arguments.push(id.to_value());
    snapshot.optional(&format!("select {COLUMNS} from sessions s where {LIVE} and s.id = $6{lock}"), &arguments, session)
}

/// A session to be made.
pub(super) struct New {
    pub(super) hash: SecretHash,
    pub(super) expires_at: Timestamp,
    pub(super) remember: bool,
    /// `None` when the browser is not known by it.
    pub(super) device: Option<DeviceId>,
    /// Whose link begins it.
    pub(super) credential: Option<ApiCredentialId>,
}

/// Whoever needs the number takes the answer.
pub(super) fn insert<'a>(
    tx: &'a Tx<'_>,
    user: UserId,
    new: &New,
    second_factor: bool,
) -> Result<Asked<'a, Vec<SessionId>>, Fault> {
    let request = tx.request();
    let begun_by = if new.credential.is_some() { BegunBy::SingleSignOn } else { BegunBy::Login };
    // A link of another system confirms nothing.
    let confirmed_at = (begun_by == BegunBy::Login).then(|| tx.now());
    tx.ask(
        "insert into sessions (token_hash, user_id, created_at, last_seen_at, expires_at, remember, ip, user_agent,
                               confirmed_at, second_factor_at, device_id, begun_by, host, credential_id)
         values ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id",
        params![
            new.hash,
            user,
            tx.now(),
            new.expires_at,
            i64::from(new.remember),
            request.ip.map_or_else(String::new, |ip| ip.to_string()),
            request.user_agent,
            confirmed_at,
            second_factor.then(|| tx.now()),
            new.device,
            begun_by.key(),
            tx.known_host().flatten(),
            new.credential
        ],
        Row::take,
    )
}

/// A use that is noted late takes no later one back.
pub(super) fn touch(tx: &Tx<'_>, id: SessionId) -> Result<(), Fault> {
    tx.put("update sessions set last_seen_at = $1 where id = $2 and last_seen_at < $1", params![tx.now(), id])
}

pub(super) fn delete(tx: &Tx<'_>, user: UserId, id: SessionId) -> Result<bool, Fault> {
    let sql = "delete from sessions where user_id = $1 and id = $2 and masquerade_session_id is null";
    Ok(tx.execute(sql, params![user, id])? == 1)
}

pub(super) fn delete_others(tx: &Tx<'_>, user: UserId, keep: Option<SessionId>) -> Result<u64, Fault> {
    let sql = "delete from sessions where user_id = $1 and id is distinct from $2 and masquerade_session_id is null";
    tx.execute(sql, params![user, keep])
}

/// Those that are over.
pub(super) fn sweep(tx: &Tx<'_>) -> Result<u64, Fault> {
    // How a masquerade ends is written down.
    sweep::due_but(tx, &Place { table: "sessions", key: "id", due: "expires_at" }, tx.now(), "and masquerade_session_id is null")
}

/// Notes that identity was confirmed, under a new token. When the session ends, and whether it outlasts the browser.
pub(super) fn confirmed(
    tx: &Tx<'_>,
    user: UserId,
    id: SessionId,
    hash: &SecretHash,
    second_factor: bool,
) -> Result<Option<(Timestamp, bool)>, Fault> {
    tx.optional(
        "update sessions set token_hash = $1, confirmed_at = $2, second_factor_at = coalesce($3, second_factor_at)
         where id = $4 and user_id = $5 returning expires_at, remember",
        params![hash, tx.now(), second_factor.then(|| tx.now()), id, user],
        |row| Ok((row.take()?, row.take()?)),
    )
}

pub(super) fn ip(snapshot: &Snapshot<'_>, id: SessionId) -> Result<Option<String>, Fault> {
    snapshot.optional("select ip from sessions where id = $1", params![id], Row::take)
}

/// The session's host, and the user's last login when it was this one.
pub(super) fn set_host(tx: &Tx<'_>, id: SessionId, host: &str) -> Result<(), Fault> {
    // The user first, as a login and a deletion do.
    tx.execute(
        "update users set last_login_host = $1 where exists (
             select 1 from sessions s where s.id = $2 and s.user_id = users.id and s.created_at = users.last_login_at)",
        params![host, id],
    )?;
    tx.execute("update sessions set host = $1 where id = $2", params![host, id])?;
    Ok(())
}
