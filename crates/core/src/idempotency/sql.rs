use super::Once;
use crate::app::Tx;
use crate::clock::Timestamp;
use crate::error::Fault;
use crate::id::ApiCredentialId;
use crate::params;
use crate::sweep::{self, Place};

/// What is known of a key.
pub(super) struct Found {
    pub(super) fingerprint: Vec<u8>,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) created_at: Timestamp,
}

/// `false` when the credential has used the key.
pub(super) fn insert(tx: &Tx<'_>, credential: ApiCredentialId, once: &Once) -> Result<bool, Fault> {
    let inserted = tx.execute(
        "insert into idempotent_answers (credential_id, key, fingerprint, created_at) values ($1, $2, $3, $4)
         on conflict (credential_id, key) do nothing",
        params![credential, once.key, once.fingerprint, tx.now()],
    )?;
    Ok(inserted == 1)
}

/// What is known of a key; its row is held from here on.
pub(super) fn find(tx: &Tx<'_>, credential: ApiCredentialId, once: &Once) -> Result<Option<Found>, Fault> {
    tx.optional(
        &format!(
            "select fingerprint, sealed_answer, created_at from idempotent_answers where credential_id = $1 and key = $2{}",
            tx.for_update()
        ),
        params![credential, once.key],
        |row| Ok(Found { fingerprint: row.take()?, sealed: row.take()?, created_at: row.take()? }),
    )
}

/// The key is used anew, its day being over.
pub(super) fn renew(tx: &Tx<'_>, credential: ApiCredentialId, once: &Once) -> Result<(), Fault> {
    let sql = "update idempotent_answers set fingerprint = $1, sealed_answer = null, created_at = $2
         where credential_id = $3 and key = $4";
    tx.execute(sql, params![once.fingerprint, tx.now(), credential, once.key]).map(drop)
}

pub(super) fn keep(tx: &Tx<'_>, credential: ApiCredentialId, once: &Once, sealed: &[u8]) -> Result<(), Fault> {
    let sql = "update idempotent_answers set sealed_answer = $1 where credential_id = $2 and key = $3";
    tx.execute(sql, params![sealed, credential, once.key]).map(drop)
}

/// Those kept since then or earlier.
pub(super) fn sweep(tx: &Tx<'_>, since: Timestamp) -> Result<u64, Fault> {
    sweep::due(tx, &Place { table: "idempotent_answers", key: "credential_id, key", due: "created_at" }, since)
}
