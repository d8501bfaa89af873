use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::Row;
use crate::email::{Email, EmailKey};
use crate::error::Fault;
use crate::id::{AdminId, MailId, ResetRequestId};
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
        "insert into admin_reset_requests (email_key, email, ip, requested_at) values ($1, $2, $3, $4)
         on conflict (email_key) do update set requested_at = excluded.requested_at, ip = excluded.ip returning id",
        params![email.key(), email, ip, tx.now()],
        Row::take,
    )
}

pub(super) fn take_request(tx: &Tx<'_>, id: ResetRequestId) -> Result<Option<Asked>, Fault> {
    tx.optional("delete from admin_reset_requests where id = $1 returning email, ip", params![id], |row| {
        let email: String = row.take()?;
        Ok(Asked { email_key: EmailKey::of(&email), email, ip: row.take()? })
    })
}

pub(super) fn insert(tx: &Tx<'_>, admin: AdminId, hash: &SecretHash, mail: MailId, expires_at: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "insert into admin_resets (admin_id, token_hash, mail_id, created_at, expires_at) values ($1, $2, $3, $4, $5)",
        params![admin, hash, mail, tx.now(), expires_at],
    )?;
    Ok(())
}

/// Deletes the link of an admin, and returns the mail that carries it.
pub(super) fn delete(tx: &Tx<'_>, admin: AdminId) -> Result<Option<MailId>, Fault> {
    let sql = "delete from admin_resets where admin_id = $1 returning mail_id";
    Ok(tx.optional(sql, params![admin], Row::take::<Option<MailId>>)?.flatten())
}

pub(super) fn admin_of(snapshot: &Snapshot<'_>, hash: &SecretHash) -> Result<Option<AdminId>, Fault> {
    snapshot.optional(
        "select admin_id from admin_resets where token_hash = $1 and expires_at > $2",
        params![hash, snapshot.now()],
        Row::take,
    )
}
