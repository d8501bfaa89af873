use super::Whose;
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row, Value};
use crate::error::Fault;
use crate::id::{AccountId, AdminId, SessionId, UserId};
use crate::params;
use crate::secret::SecretHash;
use crate::settings::Security;

/// What a marked session says.
pub(super) struct Kept {
    pub user: UserId,
    pub account: AccountId,
    pub session: SessionId,
    pub reason: String,
    /// Whether the user still owns the account and it can be entered.
    pub is_open: bool,
}

pub(super) fn find(snapshot: &Snapshot<'_>, session: SessionId) -> Result<Option<Kept>, Fault> {
    snapshot.optional(
        "select s.user_id, s.masquerade_account_id, s.masquerade_session_id, s.masquerade_reason,
                case when a.owner_id = s.user_id and a.status <> 'closed' then 1 else 0 end
         from sessions s join accounts a on a.id = s.masquerade_account_id where s.id = $1",
        params![session],
        |row| {
            Ok(Kept { user: row.take()?, account: row.take()?, session: row.take()?, reason: row.take()?, is_open: row.take()? })
        },
    )
}

pub(super) fn insert(
    tx: &Tx<'_>,
    user: UserId,
    account: AccountId,
    session: SessionId,
    hash: &SecretHash,
    expires_at: Timestamp,
    reason: &str,
) -> Result<SessionId, Fault> {
    let request = tx.request();
    tx.one(
        "insert into sessions (token_hash, user_id, created_at, last_seen_at, expires_at, remember, ip, user_agent,
                               masquerade_session_id, masquerade_account_id, masquerade_reason)
         values ($1, $2, $3, $3, $4, 0, $5, $6, $7, $8, $9) returning id",
        params![
            hash,
            user,
            tx.now(),
            expires_at,
            request.ip.map_or_else(String::new, |ip| ip.to_string()),
            request.user_agent,
            session,
            account,
            reason
        ],
        Row::take,
    )
}

/// One that is over.
pub(super) struct Over {
    pub id: SessionId,
    pub account: AccountId,
    /// In whose name, whoever owns the account by now.
    pub user: UserId,
    pub user_name: String,
    pub admin: AdminId,
    pub admin_name: String,
}

fn over_row(row: &mut Row) -> Result<Over, DbError> {
    let (id, account, user, user_name) = (row.take()?, row.take()?, row.take()?, row.take()?);
    Ok(Over { id, account, user, user_name, admin: row.take()?, admin_name: row.take()? })
}

/// What one that is over is read from.
const OVER: &str = "select s.id, s.masquerade_account_id, u.id, u.first_name || ' ' || u.last_name, a.id, a.name
     from sessions s join users u on u.id = s.user_id join admin_sessions m on m.id = s.masquerade_session_id join admins a on a.id = m.admin_id";

/// Those whose own time or whose admin's session is over, a bounded number of them.
pub(super) fn over(snapshot: &Snapshot<'_>, limits: &Security) -> Result<Vec<Over>, Fault> {
    const AT_ONCE: i64 = 50;
    let now = snapshot.now();
    snapshot.all(
        &format!(
            "{OVER} where s.masquerade_session_id is not null
               and (s.expires_at <= $1 or m.expires_at <= $1 or m.created_at <= $2 or m.last_seen_at <= $3)
             order by s.id limit $4"
        ),
        params![now, now.before(limits.admin_absolute), now.before(limits.admin_idle), AT_ONCE],
        over_row,
    )
}

/// Those of this admin's session, admin, user or account, or of whoever has shown no factor.
pub(super) fn of(snapshot: &Snapshot<'_>, whose: Whose) -> Result<Vec<Over>, Fault> {
    let (condition, arguments): (&str, Vec<Value>) = match whose {
        Whose::Session(id) => ("m.id = $1", params![id].to_vec()),
        Whose::Admin(id) => ("a.id = $1", params![id].to_vec()),
        Whose::AdminBut(id, keep) => ("a.id = $1 and m.id <> $2", params![id, keep].to_vec()),
        Whose::User(id) => ("s.user_id = $1", params![id].to_vec()),
        Whose::Account(id) => ("s.masquerade_account_id = $1", params![id].to_vec()),
        Whose::WithoutFactor => ("m.second_factor_at is null", Vec::new()),
    };
    snapshot.all(&format!("{OVER} where {condition} order by s.id"), &arguments, over_row)
}

/// `false` when somebody else was first.
pub(super) fn delete(tx: &Tx<'_>, id: SessionId) -> Result<bool, Fault> {
    Ok(tx.execute("delete from sessions where id = $1", params![id])? == 1)
}
