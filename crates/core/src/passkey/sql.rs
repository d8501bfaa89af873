use super::Passkey;
use super::challenge::Purpose;
use super::options::Descriptor;
use super::verify::{Asserted, Kept, Registered};
use crate::access::Subject;
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row};
use crate::error::Fault;
use crate::id::{AdminId, PasskeyId, UserId};
use crate::params;
use crate::secret::SecretHash;
use crate::sweep::{self, Place};

/// The two columns of which one names the owner.
fn owner(subject: Subject) -> (Option<UserId>, Option<AdminId>) {
    match subject {
        Subject::User(id) => (Some(id), None),
        Subject::Admin(id) => (None, Some(id)),
    }
}

/// Somebody's name and address; the row stays as it is until the transaction ends. `None` for an admin who is disabled.
pub(super) fn hold(tx: &Tx<'_>, subject: Subject) -> Result<Option<(String, String)>, Fault> {
    let sql = match subject {
        Subject::User(_) => "select first_name || ' ' || last_name, email from users where id = $1",
        Subject::Admin(_) => "select name, email from admins where id = $1 and disabled_at is null",
    };
    tx.optional(&format!("{sql}{}", tx.for_update()), params![subject.id()], |row| Ok((row.take()?, row.take()?)))
}

pub(super) fn list(snapshot: &Snapshot<'_>, subject: Subject) -> Result<Vec<Passkey>, Fault> {
    let sql = format!(
        "select id, name, created_at, last_used_at, user_verified, backed_up from passkeys
         where {} = $1 order by created_at desc, id desc",
        subject.column()
    );
    snapshot.all(&sql, params![subject.id()], |row| {
        Ok(Passkey {
            id: row.take()?,
            name: row.take()?,
            created_at: row.take()?,
            last_used_at: row.take()?,
            user_verified: row.take()?,
            backed_up: row.take()?,
        })
    })
}

pub(super) fn count(snapshot: &Snapshot<'_>, subject: Subject) -> Result<i64, Fault> {
    let sql = format!("select count(*) from passkeys where {} = $1", subject.column());
    snapshot.one(&sql, params![subject.id()], Row::take)
}

pub(super) fn descriptors(snapshot: &Snapshot<'_>, subject: Subject) -> Result<Vec<Descriptor>, Fault> {
    let sql = format!("select credential_id, transports from passkeys where {} = $1 order by id", subject.column());
    snapshot.all(&sql, params![subject.id()], |row| {
        let (id, transports): (Vec<u8>, String) = (row.take()?, row.take()?);
        Ok(Descriptor::new(&id, &transports))
    })
}

pub(super) fn handle(snapshot: &Snapshot<'_>, subject: Subject) -> Result<Option<Vec<u8>>, Fault> {
    let sql = format!("select handle from passkey_handles where {} = $1", subject.column());
    snapshot.optional(&sql, params![subject.id()], Row::take)
}

pub(super) fn insert_handle(tx: &Tx<'_>, subject: Subject, handle: &[u8]) -> Result<(), Fault> {
    let (user, admin) = owner(subject);
    tx.execute("insert into passkey_handles (handle, user_id, admin_id) values ($1, $2, $3)", params![handle, user, admin])?;
    Ok(())
}

/// `None` when somebody has a passkey of this id already.
pub(super) fn insert(
    tx: &Tx<'_>,
    subject: Subject,
    name: &str,
    transports: &str,
    made: &Registered,
) -> Result<Option<PasskeyId>, Fault> {
    let (user, admin) = owner(subject);
    tx.optional(
        "insert into passkeys (user_id, admin_id, credential_id, public_key, sign_count, transports, aaguid, user_verified,
                               backup_eligible, backed_up, name, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (credential_id) do nothing returning id",
        params![
            user,
            admin,
            made.credential_id,
            made.public_key,
            i64::from(made.sign_count),
            transports,
            made.aaguid,
            i64::from(made.user_verified),
            i64::from(made.backup_eligible),
            i64::from(made.backed_up),
            name,
            tx.now()
        ],
        Row::take,
    )
}

pub(super) fn rename(tx: &Tx<'_>, subject: Subject, id: PasskeyId, name: &str) -> Result<bool, Fault> {
    let sql = format!("update passkeys set name = $1 where {} = $2 and id = $3", subject.column());
    Ok(tx.execute(&sql, params![name, subject.id(), id])? == 1)
}

/// The name of what was removed.
pub(super) fn remove(tx: &Tx<'_>, subject: Subject, id: PasskeyId) -> Result<Option<String>, Fault> {
    let sql = format!("delete from passkeys where {} = $1 and id = $2 returning name", subject.column());
    tx.optional(&sql, params![subject.id(), id], Row::take)
}

/// The names of what was removed.
pub(super) fn remove_all(tx: &Tx<'_>, subject: Subject) -> Result<Vec<String>, Fault> {
    let sql = format!("delete from passkeys where {} = $1 returning name", subject.column());
    tx.all(&sql, params![subject.id()], Row::take)
}

/// Whose a credential is. Its row may change until its owner is held.
pub(super) fn owner_of(snapshot: &Snapshot<'_>, credential_id: &[u8]) -> Result<Option<Subject>, Fault> {
    snapshot.optional("select user_id, admin_id from passkeys where credential_id = $1", params![credential_id], |row| {
        match (row.take::<Option<UserId>>()?, row.take::<Option<AdminId>>()?) {
            (Some(user), None) => Ok(Subject::User(user)),
            (None, Some(admin)) => Ok(Subject::Admin(admin)),
            _ => Err(DbError::Invalid("owner of a passkey")),
        }
    })
}

/// A passkey, and what is known of its credential.
pub(super) fn kept(
    snapshot: &Snapshot<'_>,
    subject: Subject,
    credential_id: &[u8],
) -> Result<Option<(PasskeyId, String, Kept)>, Fault> {
    let sql = format!(
        "select id, name, public_key, sign_count, backup_eligible from passkeys where {} = $1 and credential_id = $2",
        subject.column()
    );
    snapshot.optional(&sql, params![subject.id(), credential_id], |row| {
        let (id, name, public_key) = (row.take()?, row.take()?, row.take()?);
        let sign_count = u32::try_from(row.take::<i64>()?).map_err(|_| DbError::Invalid("count of signatures"))?;
        Ok((id, name, Kept { public_key, sign_count, backup_eligible: row.take()? }))
    })
}

/// What a ceremony changes of a passkey (§7.2 step 24).
pub(super) fn used(tx: &Tx<'_>, id: PasskeyId, asserted: &Asserted) -> Result<(), Fault> {
    tx.execute(
        "update passkeys set sign_count = $1, backed_up = $2, last_used_at = $3,
                user_verified = case when $4 = 1 then 1 else user_verified end
         where id = $5",
        params![i64::from(asserted.sign_count), i64::from(asserted.backed_up), tx.now(), i64::from(asserted.user_verified), id],
    )?;
    Ok(())
}

pub(super) fn insert_challenge(
    tx: &Tx<'_>,
    challenge: &SecretHash,
    browser: &SecretHash,
    purpose: Purpose,
    expires_at: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "insert into passkey_challenges (challenge_hash, browser_hash, purpose, expires_at) values ($1, $2, $3, $4)",
        params![challenge, browser, purpose.key(), expires_at],
    )?;
    Ok(())
}

/// Until when it would have lived.
pub(super) fn delete_challenge(
    tx: &Tx<'_>,
    challenge: &SecretHash,
    browser: &SecretHash,
    purpose: Purpose,
) -> Result<Option<Timestamp>, Fault> {
    tx.optional(
        "delete from passkey_challenges where challenge_hash = $1 and browser_hash = $2 and purpose = $3 returning expires_at",
        params![challenge, browser, purpose.key()],
        Row::take,
    )
}

/// Challenges that nobody answered in time.
pub(super) fn sweep(tx: &Tx<'_>) -> Result<u64, Fault> {
    sweep::due(tx, &Place { table: "passkey_challenges", key: "challenge_hash", due: "expires_at" }, tx.now())
}
