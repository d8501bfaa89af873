use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::Row;
use crate::error::Fault;
use crate::id::SessionId;
use crate::params;
use crate::secret::SecretHash;

/// `false` when the code was used before.
pub(super) fn insert(tx: &Tx<'_>, token: &SecretHash, code: &SecretHash, session: SessionId, host: &str) -> Result<bool, Fault> {
    let inserted = tx.execute(
        "insert into forward_sessions (token_hash, code_hash, session_id, host, created_at) values ($1, $2, $3, $4, $5)
         on conflict (code_hash) do nothing",
        params![token, code, session, host, tx.now()],
    )?;
    Ok(inserted == 1)
}

/// Earlier logins of the session at this host, which the browser has forgotten with their cookie. Younger ones stay: their codes
/// are still to be refused.
pub(super) fn sweep(tx: &Tx<'_>, session: SessionId, host: &str, before: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "delete from forward_sessions where session_id = $1 and host = $2 and created_at < $3",
        params![session, host, before],
    )?;
    Ok(())
}

pub(super) fn session_of(snapshot: &Snapshot<'_>, token: &SecretHash, host: &str) -> Result<Option<SessionId>, Fault> {
    snapshot.optional(
        "select session_id from forward_sessions where token_hash = $1 and host = $2",
        params![token, host],
        Row::take,
    )
}
