use super::Factor;
use super::pending::Waiting;
use crate::access::Subject;
use crate::app::{Asked, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row};
use crate::error::Fault;
use crate::id::{AdminId, FactorId, SessionId, UserId};
use crate::params;
use crate::secret::SecretHash;
use crate::sweep::{self, Place};

/// The two columns that say whose a row is.
const fn owner(subject: Subject) -> (Option<UserId>, Option<AdminId>) {
    match subject {
        Subject::User(id) => (Some(id), None),
        Subject::Admin(id) => (None, Some(id)),
    }
}

pub(super) fn is_enrolled<'a>(snapshot: &'a Snapshot<'_>, subject: Subject) -> Result<Asked<'a, bool>, Fault> {
    let sql = format!(
        "select 1 where exists (select 1 from authenticators where {0} = $1 and confirmed_at is not null)
                     or exists (select 1 from passkeys where {0} = $1)",
        subject.column()
    );
    Ok(snapshot.ask(&sql, params![subject.id()], Row::take::<i64>)?.map(|found| !found.is_empty()))
}

pub(super) fn list(snapshot: &Snapshot<'_>, subject: Subject) -> Result<Vec<Factor>, Fault> {
    let sql = format!(
        "select id, kind, name, confirmed_at, last_used_at from authenticators
         where {} = $1 and confirmed_at is not null order by id limit 100",
        subject.column()
    );
    snapshot.all(&sql, params![subject.id()], factor)
}

fn factor(row: &mut Row) -> Result<Factor, DbError> {
    Ok(Factor { id: row.take()?, kind: row.take()?, name: row.take()?, added_at: row.take()?, last_used_at: row.take()? })
}

/// Holds the user or admin, before anything of theirs. The name and the login.
pub(super) fn hold(tx: &Tx<'_>, subject: Subject) -> Result<Option<(String, String)>, Fault> {
    let sql = match subject {
        Subject::User(_) => "select first_name || ' ' || last_name, email from users where id = $1",
        Subject::Admin(_) => "select name, email from admins where id = $1",
    };
    tx.optional(&format!("{sql}{}", tx.for_update()), params![subject.id()], |row| Ok((row.take()?, row.take()?)))
}

pub(super) fn email_of(snapshot: &Snapshot<'_>, subject: Subject) -> Result<Option<String>, Fault> {
    let sql = match subject {
        Subject::User(_) => "select email from users where id = $1",
        Subject::Admin(_) => "select email from admins where id = $1",
    };
    snapshot.optional(sql, params![subject.id()], Row::take)
}

/// `false` when an authenticator app is set up already.
pub(super) fn offer_totp(tx: &Tx<'_>, subject: Subject, sealed: &[u8]) -> Result<bool, Fault> {
    let (user, admin) = owner(subject);
    let offered = tx.execute(
        &format!(
            "insert into authenticators (user_id, admin_id, kind, name, sealed_secret, created_at)
             values ($1, $2, 'totp', '', $3, $4)
             on conflict ({}) where kind = 'totp' do update
             set sealed_secret = excluded.sealed_secret, created_at = excluded.created_at, last_step = null
             where authenticators.confirmed_at is null",
            subject.column()
        ),
        params![user, admin, sealed, tx.now()],
    )?;
    Ok(offered == 1)
}

/// An authenticator app: its secret as it is sealed, and the step that was used last.
pub(super) struct Totp {
    pub(super) id: FactorId,
    pub(super) sealed: Vec<u8>,
    pub(super) last_step: Option<i64>,
}

fn totp(row: &mut Row) -> Result<Totp, DbError> {
    Ok(Totp { id: row.take()?, sealed: row.take()?, last_step: row.take()? })
}

/// The one that is offered since `since` and not confirmed.
pub(super) fn offered_totp(snapshot: &Snapshot<'_>, subject: Subject, since: Timestamp) -> Result<Option<Totp>, Fault> {
    let sql = format!(
        "select id, sealed_secret, last_step from authenticators
         where {} = $1 and kind = 'totp' and confirmed_at is null and created_at > $2",
        subject.column()
    );
    snapshot.optional(&sql, params![subject.id(), since], totp)
}

pub(super) fn confirmed_totp(snapshot: &Snapshot<'_>, subject: Subject) -> Result<Option<Totp>, Fault> {
    let sql = format!(
        "select id, sealed_secret, last_step from authenticators
         where {} = $1 and kind = 'totp' and confirmed_at is not null",
        subject.column()
    );
    snapshot.optional(&sql, params![subject.id()], totp)
}

pub(super) fn confirm_totp(tx: &Tx<'_>, id: FactorId, step: i64) -> Result<bool, Fault> {
    let confirmed = tx.execute(
        "update authenticators set confirmed_at = $1, last_used_at = $1, last_step = $2 where id = $3 and confirmed_at is null",
        params![tx.now(), step, id],
    )?;
    Ok(confirmed == 1)
}

/// Uses a step; `false` when it, or a later one, has been used, on whichever node (ASVS V6.5.1).
pub(super) fn use_step(tx: &Tx<'_>, id: FactorId, step: i64) -> Result<bool, Fault> {
    let used = tx.execute(
        "update authenticators set last_step = $1, last_used_at = $2 where id = $3 and (last_step is null or last_step < $1)",
        params![step, tx.now(), id],
    )?;
    Ok(used == 1)
}

/// The kind of what was removed.
pub(super) fn remove(tx: &Tx<'_>, subject: Subject, id: FactorId) -> Result<Option<String>, Fault> {
    let sql = format!(
        "delete from authenticators where {} = $1 and id = $2 and confirmed_at is not null returning kind",
        subject.column()
    );
    tx.optional(&sql, params![subject.id(), id], Row::take)
}

pub(super) fn remove_all(tx: &Tx<'_>, subject: Subject) -> Result<Vec<String>, Fault> {
    let sql = format!("delete from authenticators where {} = $1 and confirmed_at is not null returning kind", subject.column());
    tx.all(&sql, params![subject.id()], Row::take)
}

pub(super) fn insert_code(tx: &Tx<'_>, subject: Subject, hash: &SecretHash) -> Result<(), Fault> {
    let (user, admin) = owner(subject);
    tx.execute(
        "insert into recovery_codes (user_id, admin_id, code_hash, created_at) values ($1, $2, $3, $4)",
        params![user, admin, hash, tx.now()],
    )?;
    Ok(())
}

pub(super) fn delete_codes(tx: &Tx<'_>, subject: Subject) -> Result<u64, Fault> {
    tx.execute(&format!("delete from recovery_codes where {} = $1", subject.column()), params![subject.id()])
}

pub(super) fn codes_left(snapshot: &Snapshot<'_>, subject: Subject) -> Result<i64, Fault> {
    let sql = format!("select count(*) from recovery_codes where {} = $1 and used_at is null", subject.column());
    snapshot.one(&sql, params![subject.id()], Row::take)
}

/// `false` when there is no such code, or it was used: of two at the same moment one gets it.
pub(super) fn use_code(tx: &Tx<'_>, subject: Subject, hash: &SecretHash) -> Result<bool, Fault> {
    let sql =
        format!("update recovery_codes set used_at = $1 where {} = $2 and code_hash = $3 and used_at is null", subject.column());
    Ok(tx.execute(&sql, params![tx.now(), subject.id(), hash])? == 1)
}

pub(super) fn insert_pending(
    tx: &Tx<'_>,
    hash: &SecretHash,
    subject: Subject,
    remember: bool,
    changed_at: Option<Timestamp>,
    sealed_next: &[u8],
    expires_at: Timestamp,
) -> Result<(), Fault> {
    let (user, admin) = owner(subject);
    tx.execute(
        "insert into pending_logins (token_hash, user_id, admin_id, remember, password_changed_at, sealed_next, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![hash, user, admin, i64::from(remember), changed_at, sealed_next, tx.now(), expires_at],
    )?;
    Ok(())
}

pub(super) fn pending_subject(snapshot: &Snapshot<'_>, hash: &SecretHash) -> Result<Option<Subject>, Fault> {
    let found = snapshot.optional(
        "select user_id, admin_id from pending_logins where token_hash = $1 and expires_at > $2 and tries < $3",
        params![hash, snapshot.now(), super::MAX_TRIES],
        |row| Ok((row.take::<Option<UserId>>()?, row.take::<Option<AdminId>>()?)),
    )?;
    Ok(found.and_then(|(user, admin)| user.map(Subject::User).or(admin.map(Subject::Admin))))
}

pub(super) fn take_try(tx: &Tx<'_>, hash: &SecretHash, max: i64) -> Result<Option<Waiting>, Fault> {
    tx.optional(
        "update pending_logins set tries = tries + 1 where token_hash = $1 and expires_at > $2 and tries < $3
         returning id, remember, password_changed_at, sealed_next",
        params![hash, tx.now(), max],
        |row| Ok(Waiting { id: row.take()?, remember: row.take()?, changed_at: row.take()?, sealed_next: row.take()? }),
    )
}

pub(super) fn delete_pending(tx: &Tx<'_>, id: i64) -> Result<bool, Fault> {
    Ok(tx.execute("delete from pending_logins where id = $1", params![id])? == 1)
}

pub(super) fn delete_pending_of(tx: &Tx<'_>, subject: Subject) -> Result<(), Fault> {
    tx.execute(&format!("delete from pending_logins where {} = $1", subject.column()), params![subject.id()])?;
    Ok(())
}

/// Logins that waited too long.
pub(super) fn sweep(tx: &Tx<'_>) -> Result<u64, Fault> {
    sweep::due(tx, &Place { table: "pending_logins", key: "id", due: "expires_at" }, tx.now())
}

/// Where somebody's sessions are.
const fn sessions(subject: Subject) -> &'static str {
    match subject {
        Subject::User(_) => "sessions",
        Subject::Admin(_) => "admin_sessions",
    }
}

/// Notes in the session that a factor was shown.
pub(super) fn shown_in(tx: &Tx<'_>, subject: Subject, session: SessionId) -> Result<(), Fault> {
    let sql = format!("update {} set second_factor_at = $1 where id = $2 and {} = $3", sessions(subject), subject.column());
    tx.execute(&sql, params![tx.now(), session, subject.id()])?;
    Ok(())
}

/// Notes in every session that no factor of now was shown.
pub(super) fn shown_in_none(tx: &Tx<'_>, subject: Subject) -> Result<(), Fault> {
    let sql = format!(
        "update {} set second_factor_at = null where {} = $1 and second_factor_at is not null",
        sessions(subject),
        subject.column()
    );
    tx.execute(&sql, params![subject.id()])?;
    Ok(())
}

/// Forgets what was confirmed in sessions that have shown no factor.
pub(super) fn unconfirm_without_factor(tx: &Tx<'_>, subject: Subject) -> Result<(), Fault> {
    let sql = format!(
        "update {} set confirmed_at = null where {} = $1 and second_factor_at is null and confirmed_at is not null",
        sessions(subject),
        subject.column()
    );
    tx.execute(&sql, params![subject.id()])?;
    Ok(())
}

/// Forgets what was confirmed in all sessions but this one.
pub(super) fn unconfirm_all_but(tx: &Tx<'_>, subject: Subject, kept: Option<SessionId>) -> Result<(), Fault> {
    let sql = format!(
        "update {} set confirmed_at = null where {} = $1 and id is distinct from $2 and confirmed_at is not null",
        sessions(subject),
        subject.column()
    );
    tx.execute(&sql, params![subject.id(), kept])?;
    Ok(())
}
