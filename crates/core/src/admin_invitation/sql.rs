use super::{Invitation, NewInvitation};
use crate::access::{AllowedAdmin, ManageAdmins};
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row};
use crate::email::EmailKey;
use crate::error::Fault;
use crate::id::{AdminId, AdminInvitationId, MailId};
use crate::params;
use crate::secret::SecretHash;

const SELECT: &str =
    "select i.id, i.name, i.email, i.role_id, r.name, i.invited_by_id, i.invited_by_name, i.sent_at, i.expires_at, i.mail_id
    from admin_invitations i join admin_roles r on r.id = i.role_id
    where i.accepted_at is null and i.cancelled_at is null";

fn invitation(row: &mut Row) -> Result<Invitation, DbError> {
    Ok(Invitation {
        id: row.take()?,
        name: row.take()?,
        email: row.take()?,
        role: row.take()?,
        role_name: row.take()?,
        invited_by: row.take()?,
        inviter: row.take()?,
        sent_at: row.take()?,
        expires_at: row.take()?,
        mail: row.take()?,
    })
}

pub(super) fn find(snapshot: &Snapshot<'_>, id: AdminInvitationId) -> Result<Option<Invitation>, Fault> {
    snapshot.optional(&format!("{SELECT} and i.id = $1"), params![id], invitation)
}

/// The row of an invitation stays as it is until the transaction ends.
pub(super) fn hold(tx: &Tx<'_>, id: AdminInvitationId) -> Result<(), Fault> {
    let sql = format!("select id from admin_invitations where id = $1{}", tx.for_update());
    tx.optional(&sql, params![id], Row::take::<AdminInvitationId>).map(drop)
}

pub(super) fn page(snapshot: &Snapshot<'_>, before: Option<AdminInvitationId>, limit: i64) -> Result<Vec<Invitation>, Fault> {
    let sql = format!("{SELECT} and i.id < $1 order by i.id desc limit $2");
    snapshot.all(&sql, params![before.map_or(i64::MAX, |id| id.0), limit], invitation)
}

pub(super) fn by_token(snapshot: &Snapshot<'_>, hash: &SecretHash) -> Result<Option<Invitation>, Fault> {
    snapshot.optional(&format!("{SELECT} and i.token_hash = $1"), params![hash], invitation)
}

/// Whether this was the link of an invitation once, open or not.
pub(super) fn was_a_link(snapshot: &Snapshot<'_>, hash: &SecretHash) -> Result<bool, Fault> {
    snapshot.one("select count(*) from admin_invitations where token_hash = $1", params![hash], Row::take)
}

pub(super) fn pending(snapshot: &Snapshot<'_>) -> Result<Vec<Invitation>, Fault> {
    snapshot.all(&format!("{SELECT} order by i.sent_at desc, i.id desc limit 500"), &[], invitation)
}

pub(super) fn sent_by(snapshot: &Snapshot<'_>, sender: AdminId) -> Result<Vec<Invitation>, Fault> {
    snapshot.all(&format!("{SELECT} and i.invited_by_id = $1 order by i.id"), params![sender], invitation)
}

/// `None` when the address has an open invitation.
pub(super) fn insert(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageAdmins>,
    new: &NewInvitation,
    hash: &SecretHash,
    expires_at: Timestamp,
) -> Result<Option<AdminInvitationId>, Fault> {
    tx.optional(
        "insert into admin_invitations (name, email, email_key, role_id, token_hash, invited_by_id, invited_by_name, sent_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (email_key) where accepted_at is null and cancelled_at is null do nothing returning id",
        params![new.name, new.email, new.email.key(), new.role, hash, by.id(), by.actor().name, tx.now(), expires_at],
        Row::take,
    )
}

/// Retires an expired invitation of the address and returns its mail.
pub(super) fn retire_expired(tx: &Tx<'_>, email: &EmailKey) -> Result<Vec<MailId>, Fault> {
    let mails: Vec<Option<MailId>> = tx.all(
        "update admin_invitations set cancelled_at = $1
         where email_key = $2 and expires_at <= $1 and accepted_at is null and cancelled_at is null returning mail_id",
        params![tx.now(), email],
        Row::take,
    )?;
    Ok(mails.into_iter().flatten().collect())
}

/// `false` when it is no longer open.
pub(super) fn renew(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageAdmins>,
    id: AdminInvitationId,
    hash: &SecretHash,
    expires_at: Timestamp,
) -> Result<bool, Fault> {
    let renewed = tx.execute(
        "update admin_invitations set token_hash = $1, sent_at = $2, expires_at = $3, invited_by_id = $4, invited_by_name = $5
         where id = $6 and accepted_at is null and cancelled_at is null",
        params![hash, tx.now(), expires_at, by.id(), by.actor().name, id],
    )?;
    Ok(renewed == 1)
}

pub(super) fn set_mail(tx: &Tx<'_>, id: AdminInvitationId, mail: MailId) -> Result<(), Fault> {
    tx.execute("update admin_invitations set mail_id = $1 where id = $2", params![mail, id])?;
    Ok(())
}

pub(super) fn cancel(tx: &Tx<'_>, id: AdminInvitationId) -> Result<bool, Fault> {
    let cancelled = tx.execute(
        "update admin_invitations set cancelled_at = $1 where id = $2 and accepted_at is null and cancelled_at is null",
        params![tx.now(), id],
    )?;
    Ok(cancelled == 1)
}

/// `false` when it was accepted, taken back or renewed a moment ago.
pub(super) fn take(tx: &Tx<'_>, id: AdminInvitationId, hash: &SecretHash) -> Result<bool, Fault> {
    let taken = tx.execute(
        "update admin_invitations set accepted_at = $1
         where id = $2 and token_hash = $3 and expires_at > $1 and accepted_at is null and cancelled_at is null",
        params![tx.now(), id, hash],
    )?;
    Ok(taken == 1)
}

pub(super) fn set_accepted_by(tx: &Tx<'_>, id: AdminInvitationId, admin: AdminId) -> Result<(), Fault> {
    tx.execute("update admin_invitations set accepted_by = $1 where id = $2", params![admin, id])?;
    Ok(())
}

pub(super) fn sealed_link(snapshot: &Snapshot<'_>, id: AdminInvitationId) -> Result<Option<Vec<u8>>, Fault> {
    let found: Option<Option<Vec<u8>>> = snapshot.optional(
        "select m.sealed_secret from admin_invitations i join mails m on m.id = i.mail_id
         where i.id = $1 and i.expires_at > $2 and i.accepted_at is null and i.cancelled_at is null",
        params![id, snapshot.now()],
        Row::take,
    )?;
    Ok(found.flatten())
}
