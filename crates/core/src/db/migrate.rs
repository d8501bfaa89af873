//! Migrations: written once in PostgreSQL's words, applied in order, each in one transaction.
//!
//! refinery would be the library for this; its rusqlite is older than ours (refinery 0.10 takes
//! 0.40 and earlier), and what we need of it is these few lines.

use ring::digest::{SHA256, digest};

use super::{Conn, DbError};
use crate::clock::Timestamp;
use crate::params;

/// Every migration in order. A name never changes once it was released, nor does its text.
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_users", include_str!("../../../../migrations/0001_users.sql")),
    ("0002_accounts", include_str!("../../../../migrations/0002_accounts.sql")),
    ("0003_invitations", include_str!("../../../../migrations/0003_invitations.sql")),
    ("0004_memberships", include_str!("../../../../migrations/0004_memberships.sql")),
    ("0005_sessions", include_str!("../../../../migrations/0005_sessions.sql")),
    ("0006_admins", include_str!("../../../../migrations/0006_admins.sql")),
    ("0007_events", include_str!("../../../../migrations/0007_events.sql")),
    ("0008_mails", include_str!("../../../../migrations/0008_mails.sql")),
    ("0009_notes", include_str!("../../../../migrations/0009_notes.sql")),
    ("0010_settings", include_str!("../../../../migrations/0010_settings.sql")),
    ("0012_resets", include_str!("../../../../migrations/0012_resets.sql")),
    ("0013_verifications", include_str!("../../../../migrations/0013_verifications.sql")),
    ("0014_guessing", include_str!("../../../../migrations/0014_guessing.sql")),
    ("0015_bans", include_str!("../../../../migrations/0015_bans.sql")),
    ("0016_factors", include_str!("../../../../migrations/0016_factors.sql")),
    ("0017_second_factor", include_str!("../../../../migrations/0017_second_factor.sql")),
    ("0018_admin_roles", include_str!("../../../../migrations/0018_admin_roles.sql")),
    ("0019_masquerade", include_str!("../../../../migrations/0019_masquerade.sql")),
    ("0020_passkeys", include_str!("../../../../migrations/0020_passkeys.sql")),
    ("0021_puzzles", include_str!("../../../../migrations/0021_puzzles.sql")),
    ("0022_api_credentials", include_str!("../../../../migrations/0022_api_credentials.sql")),
    ("0023_event_chain", include_str!("../../../../migrations/0023_event_chain.sql")),
    ("0024_webhooks", include_str!("../../../../migrations/0024_webhooks.sql")),
    ("0025_client_groups", include_str!("../../../../migrations/0025_client_groups.sql")),
    ("0026_contacts", include_str!("../../../../migrations/0026_contacts.sql")),
    ("0027_access_changes", include_str!("../../../../migrations/0027_access_changes.sql")),
    ("0028_idempotent_answers", include_str!("../../../../migrations/0028_idempotent_answers.sql")),
    ("0029_sso_tokens", include_str!("../../../../migrations/0029_sso_tokens.sql")),
    ("0030_oauth_clients", include_str!("../../../../migrations/0030_oauth_clients.sql")),
    ("0031_logins", include_str!("../../../../migrations/0031_logins.sql")),
    ("0032_invitation_expiry", include_str!("../../../../migrations/0032_invitation_expiry.sql")),
    ("0033_session_begun_by", include_str!("../../../../migrations/0033_session_begun_by.sql")),
    ("0034_mail_templates", include_str!("../../../../migrations/0034_mail_templates.sql")),
    ("0035_admin_resets", include_str!("../../../../migrations/0035_admin_resets.sql")),
    ("0039_invitation_makers", include_str!("../../../../migrations/0039_invitation_makers.sql")),
    ("0040_reset_mails", include_str!("../../../../migrations/0040_reset_mails.sql")),
    ("0041_roles", include_str!("../../../../migrations/0041_roles.sql")),
    ("0042_mail_texts", include_str!("../../../../migrations/0042_mail_texts.sql")),
    ("0043_owner_changes", include_str!("../../../../migrations/0043_owner_changes.sql")),
    ("0044_retention", include_str!("../../../../migrations/0044_retention.sql")),
    ("0045_registrations", include_str!("../../../../migrations/0045_registrations.sql")),
    ("0046_admin_session_hosts", include_str!("../../../../migrations/0046_admin_session_hosts.sql")),
    ("0047_factors_shown", include_str!("../../../../migrations/0047_factors_shown.sql")),
    ("0048_session_credentials", include_str!("../../../../migrations/0048_session_credentials.sql")),
];

const LEDGER: &str = "create table if not exists migrations (
    name text not null primary key,
    checksum bytea not null,
    applied_at bigint not null
)";

/// Brings the schema up to date and returns the names of what was applied now.
///
/// Runs inside the writer's transaction, so an interrupted migration leaves nothing behind.
pub(super) fn run(conn: &Conn, now: Timestamp) -> Result<Vec<&'static str>, DbError> {
    apply(conn, now, MIGRATIONS)
}

/// The same up to the migration of this name.
#[cfg(feature = "testing")]
pub(super) fn run_until(conn: &Conn, now: Timestamp, last: &str) -> Result<Vec<&'static str>, DbError> {
    let count = MIGRATIONS.iter().take_while(|(name, _)| *name <= last).count();
    apply(conn, now, MIGRATIONS.get(..count).unwrap_or_default())
}

fn apply(conn: &Conn, now: Timestamp, wanted: &[(&'static str, &str)]) -> Result<Vec<&'static str>, DbError> {
    conn.lock_schema()?;
    conn.batch(&dialect(conn, LEDGER))?;
    let known = applied(conn)?;
    verify(&known)?;
    let mut done = Vec::new();
    for (name, text) in wanted.iter().skip(known.len()) {
        conn.batch(&dialect(conn, text))?;
        conn.execute(
            "insert into migrations (name, checksum, applied_at) values ($1, $2, $3)",
            params![name, checksum(text), now],
        )?;
        done.push(*name);
    }
    Ok(done)
}

/// Whether every migration is in place: what `GET /readyz` asks.
pub(super) fn is_current(conn: &Conn) -> Result<bool, DbError> {
    let known = applied(conn)?;
    verify(&known)?;
    Ok(known.len() == MIGRATIONS.len())
}

fn applied(conn: &Conn) -> Result<Vec<(String, Vec<u8>)>, DbError> {
    conn.query("select name, checksum from migrations order by name", &[])?
        .into_iter()
        .map(|mut row| Ok((row.take()?, row.take()?)))
        .collect()
}

fn verify(known: &[(String, Vec<u8>)]) -> Result<(), DbError> {
    if known.len() > MIGRATIONS.len() {
        return Err(DbError::Schema(
            "this database was made by a newer Latchkey; start that one, or restore a backup".to_owned(),
        ));
    }
    for ((name, sum), (expected, text)) in known.iter().zip(MIGRATIONS) {
        if name != expected || *sum != checksum(text) {
            return Err(DbError::Schema(format!("migration {name} in this database is not the one Latchkey knows")));
        }
    }
    Ok(())
}

fn checksum(text: &str) -> Vec<u8> {
    digest(&SHA256, text.as_bytes()).as_ref().to_vec()
}

/// The text as this database reads it.
fn dialect(conn: &Conn, text: &str) -> String {
    match conn {
        Conn::Postgres(_) => text.replace("--@postgres ", ""),
        Conn::Sqlite(_) => text
            .replace("bigint generated always as identity primary key", "integer primary key autoincrement")
            .replace(" collate \"C\"", "")
            .replace("bigint", "integer")
            .replace("bytea", "blob")
            .replace("\n)", "\n) strict"),
    }
}
