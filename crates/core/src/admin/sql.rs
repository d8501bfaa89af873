use super::{Admin, NewAdmin, Session};
use crate::access::{AdminGrants, BuiltInRole};
use crate::admin_role::AdminRole;
use crate::app::{Asked, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row, ToValue, Value};
use crate::email::EmailKey;
use crate::error::Fault;
use crate::id::{AdminId, AdminRoleId, SessionId};
use crate::params;
use crate::password::PasswordHash;
use crate::secret::SecretHash;
use crate::settings::Security;
use crate::sweep::{self, Place};

const COLUMNS: &str = "a.id, a.name, a.email, a.last_login_at, a.disabled_at, \
     case when exists (select 1 from authenticators f where f.admin_id = a.id and f.confirmed_at is not null)
               or exists (select 1 from passkeys p where p.admin_id = a.id) then 1 else 0 end, \
     r.id, r.name, r.built_in, r.permissions";
const TABLES: &str = "admins a join admin_roles r on r.id = a.role_id";

fn admin(row: &mut Row) -> Result<Admin, DbError> {
    let (id, name, email) = (row.take()?, row.take()?, row.take()?);
    let (last_login_at, disabled_at, two_factor) = (row.take()?, row.take()?, row.take()?);
    let (role, role_name) = (row.take()?, row.take()?);
    let (built_in, permissions): (Option<String>, String) = (row.take()?, row.take()?);
    let grants = AdminGrants::of_role(built_in.as_deref(), &permissions);
    let built_in = built_in.as_deref().and_then(BuiltInRole::from_key);
    let role = AdminRole { id: role, name: role_name, built_in, grants };
    Ok(Admin { id, name, email, last_login_at, disabled_at, two_factor, role })
}

pub(super) fn exists(snapshot: &Snapshot<'_>) -> Result<bool, Fault> {
    snapshot.one("select count(*) from admins", &[], Row::take)
}

pub(super) fn list(snapshot: &Snapshot<'_>) -> Result<Vec<Admin>, Fault> {
    snapshot.all(&format!("select {COLUMNS} from {TABLES} order by a.name, a.id limit 500"), &[], admin)
}

pub(super) fn page(snapshot: &Snapshot<'_>, after: Option<AdminId>, limit: i64) -> Result<Vec<Admin>, Fault> {
    let sql = format!("select {COLUMNS} from {TABLES} where a.id > $1 order by a.id limit $2");
    snapshot.all(&sql, params![after.map_or(0, |id| id.0), limit], admin)
}

/// `None` when another admin has the address.
pub(super) fn insert(tx: &Tx<'_>, new: &NewAdmin, role: AdminRoleId) -> Result<Option<AdminId>, Fault> {
    tx.optional(
        "insert into admins (name, email, email_key, password_hash, created_at, role_id) values ($1, $2, $3, $4, $5, $6)
         on conflict (email_key) do nothing returning id",
        params![new.name, new.email, new.email.key(), new.password, tx.now(), role],
        Row::take,
    )
}

/// The admin of this id.
pub(super) fn find(snapshot: &Snapshot<'_>, id: AdminId) -> Result<Option<Admin>, Fault> {
    snapshot.optional(&format!("select {COLUMNS} from {TABLES} where a.id = $1"), params![id], admin)
}

/// The admins of a role.
pub(crate) fn of_role(snapshot: &Snapshot<'_>, role: AdminRoleId) -> Result<Vec<AdminId>, Fault> {
    snapshot.all("select id from admins where role_id = $1 order by id", params![role], Row::take)
}

/// Holds every admin until the transaction ends, always in the same order.
pub(super) fn hold_all(tx: &Tx<'_>) -> Result<(), Fault> {
    tx.all(&format!("select id from admins order by id{}", tx.for_update()), &[], Row::take::<AdminId>)?;
    Ok(())
}

/// Beside others who hold it so.
pub(super) fn hold_shared(tx: &Tx<'_>, id: AdminId) -> Result<(), Fault> {
    tx.optional(&format!("select id from admins where id = $1{}", tx.for_share()), params![id], Row::take::<AdminId>).map(drop)
}

/// Full administrators who can log in.
pub(super) fn count_full(tx: &Tx<'_>) -> Result<i64, Fault> {
    tx.one(
        &format!("select count(*) from {TABLES} where r.built_in = $1 and a.disabled_at is null"),
        params![BuiltInRole::Full.key()],
        Row::take,
    )
}

pub(super) fn set_disabled(tx: &Tx<'_>, id: AdminId, disabled: bool) -> Result<(), Fault> {
    tx.execute("update admins set disabled_at = $1 where id = $2", params![disabled.then(|| tx.now()), id])?;
    Ok(())
}

pub(super) fn set_role(tx: &Tx<'_>, id: AdminId, role: AdminRoleId) -> Result<(), Fault> {
    tx.execute("update admins set role_id = $1 where id = $2", params![role, id])?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, id: AdminId) -> Result<(), Fault> {
    tx.execute("delete from admins where id = $1", params![id])?;
    Ok(())
}

/// What a login is compared with.
pub(super) struct Credentials {
    pub(super) id: AdminId,
    pub(super) hash: PasswordHash,
    /// When the password was changed, if ever.
    pub(super) changed_at: Option<Timestamp>,
}

pub(super) fn credentials(snapshot: &Snapshot<'_>, email: &EmailKey) -> Result<Option<Credentials>, Fault> {
    snapshot.optional(
        "select id, password_hash, password_changed_at from admins where email_key = $1 and disabled_at is null",
        params![email],
        |row| Ok(Credentials { id: row.take()?, hash: row.take()?, changed_at: row.take()? }),
    )
}

pub(super) fn renew_password(tx: &Tx<'_>, id: AdminId, hash: &PasswordHash) -> Result<(), Fault> {
    tx.execute("update admins set password_hash = $1 where id = $2", params![hash, id])?;
    Ok(())
}

/// A password that was chosen, now.
pub(super) fn set_password(tx: &Tx<'_>, id: AdminId, hash: &PasswordHash) -> Result<(), Fault> {
    tx.execute("update admins set password_hash = $1, password_changed_at = $2 where id = $3", params![hash, tx.now(), id])?;
    Ok(())
}

/// Like [`hold`], if the password is still the one that was set at that moment.
pub(super) fn hold_unchanged(tx: &Tx<'_>, id: AdminId, changed_at: Option<Timestamp>) -> Result<Option<String>, Fault> {
    let sql = format!(
        "select name from admins where id = $1 and disabled_at is null and password_changed_at is not distinct from $2{}",
        tx.for_update()
    );
    tx.optional(&sql, params![id, changed_at], Row::take)
}

/// `false` when the admin was disabled a moment ago.
pub(super) fn signed_in(tx: &Tx<'_>, id: AdminId) -> Result<bool, Fault> {
    let changed = tx.execute(
        "update admins set last_login_at = $1, last_login_ip = $2 where id = $3 and disabled_at is null",
        params![tx.now(), tx.request().ip.map(|ip| ip.to_string()), id],
    )?;
    Ok(changed == 1)
}

pub(super) fn by_email(snapshot: &Snapshot<'_>, email: &EmailKey) -> Result<Option<AdminId>, Fault> {
    snapshot.optional("select id from admins where email_key = $1", params![email], Row::take)
}

/// Holds an admin who is enabled until the transaction ends, and returns its name.
pub(super) fn hold(tx: &Tx<'_>, id: AdminId) -> Result<Option<String>, Fault> {
    let sql = format!("select name from admins where id = $1 and disabled_at is null{}", tx.for_update());
    tx.optional(&sql, params![id], Row::take)
}

pub(super) fn password_of(snapshot: &Snapshot<'_>, id: AdminId) -> Result<Option<PasswordHash>, Fault> {
    snapshot.optional("select password_hash from admins where id = $1", params![id], Row::take)
}

pub(super) fn insert_session(
    tx: &Tx<'_>,
    id: AdminId,
    hash: &SecretHash,
    expires_at: Timestamp,
    second_factor: bool,
) -> Result<SessionId, Fault> {
    let request = tx.request();
    tx.one(
        "insert into admin_sessions (token_hash, admin_id, created_at, last_seen_at, expires_at, ip, user_agent,
                                     confirmed_at, second_factor_at, host)
         values ($1, $2, $3, $3, $4, $5, $6, $3, $7, $8) returning id",
        params![
            hash,
            id,
            tx.now(),
            expires_at,
            request.ip.map_or_else(String::new, |ip| ip.to_string()),
            request.user_agent,
            second_factor.then(|| tx.now()),
            tx.known_host().flatten()
        ],
        Row::take,
    )
}

/// Notes that identity was confirmed, under a new token; `false` when the session is gone.
pub(super) fn confirmed(
    tx: &Tx<'_>,
    admin: AdminId,
    id: SessionId,
    hash: &SecretHash,
    second_factor: bool,
) -> Result<bool, Fault> {
    let confirmed = tx.execute(
        "update admin_sessions set token_hash = $1, confirmed_at = $2, second_factor_at = coalesce($3, second_factor_at)
         where id = $4 and admin_id = $5",
        params![hash, tx.now(), second_factor.then(|| tx.now()), id, admin],
    )?;
    Ok(confirmed == 1)
}

/// A session and its admin.
pub(super) struct Found {
    pub(super) id: SessionId,
    pub(super) created_at: Timestamp,
    pub(super) last_seen_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) second_factor_at: Option<Timestamp>,
    pub(super) admin: Admin,
}

fn session<'a>(snapshot: &'a Snapshot<'_>, clause: &str, argument: Value) -> Result<Asked<'a, Option<Found>>, Fault> {
    snapshot.ask_first(
        &format!(
            "select s.id, s.created_at, s.last_seen_at, s.expires_at, s.second_factor_at, {COLUMNS}
             from admin_sessions s join admins a on a.id = s.admin_id join admin_roles r on r.id = a.role_id where {clause} = $1"
        ),
        &[argument],
        |row| {
            Ok(Found {
                id: row.take()?,
                created_at: row.take()?,
                last_seen_at: row.take()?,
                expires_at: row.take()?,
                second_factor_at: row.take()?,
                admin: admin(row)?,
            })
        },
    )
}

pub(super) fn by_token<'a>(snapshot: &'a Snapshot<'_>, hash: &SecretHash) -> Result<Asked<'a, Option<Found>>, Fault> {
    session(snapshot, "s.token_hash", hash.to_value())
}

pub(super) fn by_session<'a>(snapshot: &'a Snapshot<'_>, id: SessionId) -> Result<Asked<'a, Option<Found>>, Fault> {
    session(snapshot, "s.id", id.to_value())
}

/// A use that is noted late takes no later one back.
pub(super) fn touch(tx: &Tx<'_>, id: SessionId) -> Result<(), Fault> {
    tx.execute("update admin_sessions set last_seen_at = $1 where id = $2 and last_seen_at < $1", params![tx.now(), id])?;
    Ok(())
}

/// Holds a session until the transaction ends; `false` when there is none.
pub(super) fn hold_session(tx: &Tx<'_>, id: SessionId) -> Result<bool, Fault> {
    let sql = format!("select id from admin_sessions where id = $1{}", tx.for_update());
    Ok(tx.optional(&sql, params![id], Row::take::<SessionId>)?.is_some())
}

/// The same where it is this admin's.
pub(super) fn hold_session_of(tx: &Tx<'_>, admin: AdminId, id: SessionId) -> Result<bool, Fault> {
    let sql = format!("select id from admin_sessions where id = $1 and admin_id = $2{}", tx.for_update());
    Ok(tx.optional(&sql, params![id, admin], Row::take::<SessionId>)?.is_some())
}

/// Those of an admin that are alive under these limits.
pub(super) fn sessions_of(snapshot: &Snapshot<'_>, admin: AdminId, limits: &Security) -> Result<Vec<Session>, Fault> {
    let now = snapshot.now();
    snapshot.all(
        "select id, created_at, last_seen_at, ip, host, user_agent from admin_sessions
         where admin_id = $1 and expires_at > $2 and created_at > $3 and last_seen_at > $4
         order by last_seen_at desc, id desc limit 200",
        params![admin, now, now.before(limits.admin_absolute), now.before(limits.admin_idle)],
        |row| {
            Ok(Session {
                id: row.take()?,
                created_at: row.take()?,
                last_seen_at: row.take()?,
                ip: row.take()?,
                host: row.take()?,
                user_agent: row.take()?,
            })
        },
    )
}

pub(super) fn session_ip(snapshot: &Snapshot<'_>, id: SessionId) -> Result<Option<String>, Fault> {
    snapshot.optional("select ip from admin_sessions where id = $1", params![id], Row::take)
}

pub(super) fn set_session_host(tx: &Tx<'_>, id: SessionId, host: &str) -> Result<(), Fault> {
    tx.put("update admin_sessions set host = $1 where id = $2", params![host, id])
}

/// Holds every session of an admin until the transaction ends, always in the same order.
pub(super) fn hold_sessions(tx: &Tx<'_>, admin: AdminId) -> Result<(), Fault> {
    let sql = format!("select id from admin_sessions where admin_id = $1 order by id{}", tx.for_update());
    tx.all(&sql, params![admin], Row::take::<SessionId>)?;
    Ok(())
}

/// `false` when it was ended a moment ago.
pub(super) fn delete_session(tx: &Tx<'_>, id: SessionId) -> Result<bool, Fault> {
    Ok(tx.execute("delete from admin_sessions where id = $1", params![id])? == 1)
}

pub(super) fn delete_sessions(tx: &Tx<'_>, admin: AdminId) -> Result<u64, Fault> {
    tx.execute("delete from admin_sessions where admin_id = $1", params![admin])
}

pub(super) fn delete_other_sessions(tx: &Tx<'_>, admin: AdminId, keep: SessionId) -> Result<u64, Fault> {
    tx.execute("delete from admin_sessions where admin_id = $1 and id <> $2", params![admin, keep])
}

/// Sessions that are over.
pub(super) fn sweep(tx: &Tx<'_>) -> Result<u64, Fault> {
    // How a masquerade ends is written down: what one hangs on stays until that has been done.
    let also = "and not exists (select 1 from sessions s where s.masquerade_session_id = admin_sessions.id)";
    sweep::due_but(tx, &Place { table: "admin_sessions", key: "id", due: "expires_at" }, tx.now(), also)
}

pub(super) fn replace_setup_link(tx: &Tx<'_>, hash: &SecretHash, expires_at: Timestamp) -> Result<(), Fault> {
    tx.execute("delete from setup_links", &[])?;
    tx.execute(
        "insert into setup_links (token_hash, created_at, expires_at) values ($1, $2, $3)",
        params![hash, tx.now(), expires_at],
    )?;
    Ok(())
}

pub(super) fn setup_link_exists(snapshot: &Snapshot<'_>, hash: &SecretHash) -> Result<bool, Fault> {
    snapshot.one(
        "select count(*) from setup_links where token_hash = $1 and expires_at > $2",
        params![hash, snapshot.now()],
        Row::take,
    )
}

/// `false` when the link is unknown, expired or was used by somebody else a moment ago.
pub(super) fn use_setup_link(tx: &Tx<'_>, hash: &SecretHash) -> Result<bool, Fault> {
    Ok(tx.execute("delete from setup_links where token_hash = $1 and expires_at > $2", params![hash, tx.now()])? == 1)
}
