use super::Pending;
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row};
use crate::email::Email;
use crate::error::Fault;
use crate::event::EventKind;
use crate::id::UserId;
use crate::params;
use crate::secret::SecretHash;

const SELECT: &str = "select v.email, case when v.email = u.email then 0 else 1 end, v.expires_at, v.user_id
     from verifications v join users u on u.id = v.user_id";

fn pending(row: &mut Row) -> Result<Pending, DbError> {
    Ok(Pending { email: row.take()?, is_change: row.take()?, expires_at: row.take()? })
}

pub(super) fn of_user(snapshot: &Snapshot<'_>, user: UserId) -> Result<Option<Pending>, Fault> {
    snapshot.optional(&format!("{SELECT} where v.user_id = $1"), params![user], pending)
}

pub(super) fn by_token(snapshot: &Snapshot<'_>, hash: &SecretHash) -> Result<Option<(UserId, Pending)>, Fault> {
    snapshot.optional(&format!("{SELECT} where v.token_hash = $1"), params![hash], |row| {
        let pending = pending(row)?;
        Ok((row.take()?, pending))
    })
}

pub(super) fn replace(tx: &Tx<'_>, user: UserId, email: &Email, hash: &SecretHash, expires_at: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "insert into verifications (user_id, email, email_key, token_hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (user_id) do update set email = excluded.email, email_key = excluded.email_key,
             token_hash = excluded.token_hash, created_at = excluded.created_at, expires_at = excluded.expires_at",
        params![user, email, email.key(), hash, tx.now(), expires_at],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, user: UserId) -> Result<(), Fault> {
    tx.execute("delete from verifications where user_id = $1", params![user])?;
    Ok(())
}

/// `false` when somebody else was first.
pub(super) fn take(tx: &Tx<'_>, user: UserId, hash: &SecretHash) -> Result<bool, Fault> {
    Ok(tx.execute("delete from verifications where user_id = $1 and token_hash = $2", params![user, hash])? == 1)
}

/// How many links a user has asked for since a moment, sent or not: who asks for taken addresses is counted alike.
pub(super) fn asked_since(snapshot: &Snapshot<'_>, user: UserId, since: Timestamp) -> Result<i64, Fault> {
    snapshot.one(
        "select count(*) from events where user_id = $1 and kind = $2 and at > $3",
        params![user, EventKind::VerificationSent.key(), since],
        Row::take,
    )
}
