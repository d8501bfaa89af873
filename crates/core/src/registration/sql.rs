use super::{MAX_WRONG, New};
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::Row;
use crate::error::Fault;
use crate::id::{AccountId, InvitationId, MailId};
use crate::params;
use crate::password::PasswordHash;
use crate::secret::SecretHash;
use crate::sweep::{self, Place};
use crate::user::PersonName;

/// A registration whose link works, whatever has become of its invitation.
pub(super) struct Found {
    pub invitation: InvitationId,
    pub account: AccountId,
    pub name: PersonName,
    pub email: String,
    pub hash: PasswordHash,
    pub expires_at: Timestamp,
}

/// What was sent for a registration.
pub(super) struct Sent {
    pub secret: SecretHash,
    pub mail: MailId,
    pub expires_at: Timestamp,
}

pub(super) fn by_token(snapshot: &Snapshot<'_>, hash: &SecretHash) -> Result<Option<Found>, Fault> {
    snapshot.optional(
        "select r.invitation_id, i.account_id, r.first_name, r.last_name, r.email, r.password_hash, r.expires_at
         from registrations r join invitations i on i.id = r.invitation_id
         where r.token_hash = $1 and r.expires_at > $2 and r.wrong_tries < $3",
        params![hash, snapshot.now(), MAX_WRONG],
        |row| {
            Ok(Found {
                invitation: row.take()?,
                account: row.take()?,
                name: PersonName { first: row.take()?, last: row.take()? },
                email: row.take()?,
                hash: row.take()?,
                expires_at: row.take()?,
            })
        },
    )
}

pub(super) fn insert(tx: &Tx<'_>, invitation: InvitationId, new: &New, hash: &PasswordHash, sent: &Sent) -> Result<(), Fault> {
    tx.execute(
        "insert into registrations (invitation_id, first_name, last_name, email, password_hash, token_hash, mail_id, created_at,
                expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![invitation, new.name.first, new.name.last, new.email, hash, sent.secret, sent.mail, tx.now(), sent.expires_at],
    )?;
    Ok(())
}

/// Deletes the one of an invitation, and returns the mail that was sent for it.
pub(super) fn delete(tx: &Tx<'_>, invitation: InvitationId) -> Result<Option<MailId>, Fault> {
    let sql = "delete from registrations where invitation_id = $1 returning mail_id";
    Ok(tx.optional(sql, params![invitation], Row::take::<Option<MailId>>)?.flatten())
}

pub(super) fn delete_in_account(tx: &Tx<'_>, account: AccountId) -> Result<Vec<MailId>, Fault> {
    let mails: Vec<Option<MailId>> = tx.all(
        "delete from registrations where invitation_id in (select id from invitations where account_id = $1) returning mail_id",
        params![account],
        Row::take,
    )?;
    Ok(mails.into_iter().flatten().collect())
}

/// Counts a wrong password; `false` when the link does not work any more.
pub(super) fn count_wrong(tx: &Tx<'_>, hash: &SecretHash) -> Result<bool, Fault> {
    let counted = tx.execute(
        "update registrations set wrong_tries = wrong_tries + 1 where token_hash = $1 and expires_at > $2 and wrong_tries < $3",
        params![hash, tx.now(), MAX_WRONG],
    )?;
    Ok(counted == 1)
}

pub(super) fn sweep(tx: &Tx<'_>) -> Result<u64, Fault> {
    sweep::due(tx, &Place { table: "registrations", key: "invitation_id", due: "expires_at" }, tx.now())
}
