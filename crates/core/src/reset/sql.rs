use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::Row;
use crate::email::{Email, EmailKey};
use crate::error::Fault;
use crate::id::{ResetRequestId, UserId};
use crate::params;
use crate::secret::SecretHash;

/// What was asked for.
pub(super) struct Asked {
    pub email: String,
    pub email_key: EmailKey,
    pub ip: String,
}

/// An address that waits already keeps its row: however often it is asked for, there is one.
pub(super) fn insert_request(tx: &Tx<'_>, email: &Email) -> Result<ResetRequestId, Fault> {
    let ip = tx.request().ip.map_or_else(String::new, |ip| ip.to_string());
    tx.one(
        "insert into reset_requests (email_key, email, ip, requested_at) values ($1, $2, $3, $4)
         on conflict (email_key) do update set requested_at = excluded.requested_at, ip = excluded.ip returning id",
        params![email.key(), email, ip, tx.now()],
        Row::take,
    )
}

pub(super) fn take_request(tx: &Tx<'_>, id: ResetRequestId) -> Result<Option<Asked>, Fault> {
    tx.optional("delete from reset_requests where id = $1 returning email, ip", params![id], |row| {
        let email: String = row.take()?;
        Ok(Asked { email_key: EmailKey::of(&email), email, ip: row.take()? })
    })
}

pub(super) fn replace(tx: &Tx<'_>, user: UserId, hash: &SecretHash, expires_at: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "insert into resets (user_id, token_hash, created_at, expires_at) values ($1, $2, $3, $4)
         on conflict (user_id) do update set token_hash = excluded.token_hash, created_at = excluded.created_at,
             expires_at = excluded.expires_at",
        params![user, hash, tx.now(), expires_at],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, user: UserId) -> Result<(), Fault> {
    tx.execute("delete from resets where user_id = $1", params![user])?;
    Ok(())
}

pub(super) fn user_of(snapshot: &Snapshot<'_>, hash: &SecretHash) -> Result<Option<UserId>, Fault> {
    snapshot.optional(
        "select user_id from resets where token_hash = $1 and expires_at > $2",
        params![hash, snapshot.now()],
        Row::take,
    )
}

/// `false` when somebody else was first.
pub(super) fn take(tx: &Tx<'_>, user: UserId, hash: &SecretHash) -> Result<bool, Fault> {
    let taken = tx.execute(
        "delete from resets where user_id = $1 and token_hash = $2 and expires_at > $3",
        params![user, hash, tx.now()],
    )?;
    Ok(taken == 1)
}
