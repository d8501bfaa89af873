use super::Logins;
use crate::access::Subject;
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::Row;
use crate::email::{Email, EmailKey};
use crate::error::Fault;
use crate::id::{AdminId, MailId, ResetRequestId, UserId};
use crate::params;
use crate::secret::SecretHash;

/// What was asked for.
pub(super) struct Asked {
    pub email: String,
    pub email_key: EmailKey,
    pub ip: String,
}

impl Logins {
    /// Where it is kept what was asked for.
    const fn requests(self) -> &'static str {
        match self {
            Self::Users => "reset_requests",
            Self::Admins => "admin_reset_requests",
        }
    }

    /// Where the links are kept, and the column that says whose they are.
    const fn links(self) -> (&'static str, &'static str) {
        match self {
            Self::Users => ("resets", "user_id"),
            Self::Admins => ("admin_resets", "admin_id"),
        }
    }
}

/// An address that waits already keeps its row: however often it is asked for, there is one.
pub(super) fn insert_request(tx: &Tx<'_>, logins: Logins, email: &Email) -> Result<ResetRequestId, Fault> {
    let ip = tx.request().ip.map_or_else(String::new, |ip| ip.to_string());
    let sql = format!(
        "insert into {} (email_key, email, ip, requested_at) values ($1, $2, $3, $4)
         on conflict (email_key) do update set requested_at = excluded.requested_at, ip = excluded.ip returning id",
        logins.requests()
    );
    tx.one(&sql, params![email.key(), email, ip, tx.now()], Row::take)
}

pub(super) fn take_request(tx: &Tx<'_>, logins: Logins, id: ResetRequestId) -> Result<Option<Asked>, Fault> {
    tx.optional(&format!("delete from {} where id = $1 returning email, ip", logins.requests()), params![id], |row| {
        let email: String = row.take()?;
        Ok(Asked { email_key: EmailKey::of(&email), email, ip: row.take()? })
    })
}

pub(super) fn insert(tx: &Tx<'_>, subject: Subject, hash: &SecretHash, mail: MailId, expires_at: Timestamp) -> Result<(), Fault> {
    let (table, column) = Logins::of(subject).links();
    let sql = format!("insert into {table} ({column}, token_hash, mail_id, created_at, expires_at) values ($1, $2, $3, $4, $5)");
    tx.execute(&sql, params![subject.id(), hash, mail, tx.now(), expires_at])?;
    Ok(())
}

/// Deletes the link of somebody, and returns the mail that carries it.
pub(super) fn delete(tx: &Tx<'_>, subject: Subject) -> Result<Option<MailId>, Fault> {
    let (table, column) = Logins::of(subject).links();
    let sql = format!("delete from {table} where {column} = $1 returning mail_id");
    Ok(tx.optional(&sql, params![subject.id()], Row::take::<Option<MailId>>)?.flatten())
}

/// Whose link it is that still works.
pub(super) fn subject_of(snapshot: &Snapshot<'_>, logins: Logins, hash: &SecretHash) -> Result<Option<Subject>, Fault> {
    let (table, column) = logins.links();
    let sql = format!("select {column} from {table} where token_hash = $1 and expires_at > $2");
    snapshot.optional(&sql, params![hash, snapshot.now()], |row| {
        let id = row.take()?;
        Ok(match logins {
            Logins::Users => Subject::User(UserId(id)),
            Logins::Admins => Subject::Admin(AdminId(id)),
        })
    })
}
