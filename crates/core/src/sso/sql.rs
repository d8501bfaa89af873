use super::{Link, NewLink};
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::error::Fault;
use crate::id::{ApiCredentialId, UserId};
use crate::params;
use crate::secret::SecretHash;
use crate::sweep::{self, Place};

pub(super) fn insert(
    tx: &Tx<'_>,
    hash: &SecretHash,
    credential: ApiCredentialId,
    user: UserId,
    new: &NewLink,
    expires_at: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "insert into sso_tokens (token_hash, user_id, account_id, credential_id, lands_at, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        params![hash, user, new.account, credential, new.lands_at, tx.now(), expires_at],
    )?;
    Ok(())
}

/// A link that works. A credential that is revoked takes its links along.
pub(super) fn find(snapshot: &Snapshot<'_>, hash: &SecretHash) -> Result<Option<Link>, Fault> {
    snapshot.optional(
        "select t.user_id, u.first_name || ' ' || u.last_name, t.account_id, t.lands_at, t.credential_id
         from sso_tokens t join users u on u.id = t.user_id where t.token_hash = $1 and t.expires_at > $2",
        params![hash, snapshot.now()],
        |row| {
            Ok(Link {
                user: row.take()?,
                user_name: row.take()?,
                account: row.take()?,
                lands_at: row.take()?,
                credential: row.take()?,
            })
        },
    )
}

/// `false` when somebody else was first.
pub(super) fn take(tx: &Tx<'_>, hash: &SecretHash) -> Result<bool, Fault> {
    Ok(tx.execute("delete from sso_tokens where token_hash = $1 and expires_at > $2", params![hash, tx.now()])? == 1)
}

/// Links that nobody used.
pub(super) fn sweep(tx: &Tx<'_>) -> Result<u64, Fault> {
    sweep::due(tx, &Place { table: "sso_tokens", key: "token_hash", due: "expires_at" }, tx.now())
}
