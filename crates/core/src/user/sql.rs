use super::{LastLogin, Listed, NewUser, PersonName, User};
use crate::app::{Asked, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row, ToValue, Value};
use crate::email::{Email, EmailKey};
use crate::error::Fault;
use crate::id::UserId;
use crate::params;
use crate::password::PasswordHash;
use crate::search;

pub(crate) const COLUMNS: &str =
    "u.id, u.first_name, u.last_name, u.email, case when u.password_hash is null then 0 else 1 end, \
     u.password_changed_at, u.verified_at, u.created_at, u.last_login_at, u.last_login_ip, u.last_login_host, \
     case when exists (select 1 from authenticators f where f.user_id = u.id and f.confirmed_at is not null)
               or exists (select 1 from passkeys p where p.user_id = u.id) then 1 else 0 end";

pub(crate) fn user(row: &mut Row) -> Result<User, DbError> {
    Ok(User {
        id: row.take()?,
        name: PersonName { first: row.take()?, last: row.take()? },
        email: row.take()?,
        has_password: row.take()?,
        password_changed_at: row.take()?,
        verified_at: row.take()?,
        created_at: row.take()?,
        last_login: LastLogin { at: row.take()?, ip: row.take()?, host: row.take()? },
        two_factor: row.take()?,
    })
}

pub(super) fn find(snapshot: &Snapshot<'_>, id: UserId) -> Result<Option<User>, Fault> {
    snapshot.optional(&format!("select {COLUMNS} from users u where u.id = $1"), params![id], user)
}

/// Like [`find`], and the row stays as it is until the transaction ends.
pub(super) fn hold(tx: &Tx<'_>, id: UserId) -> Result<Option<User>, Fault> {
    let sql = format!("select {COLUMNS} from users u where u.id = $1{}", tx.for_update());
    tx.optional(&sql, params![id], user)
}

pub(super) fn by_email(snapshot: &Snapshot<'_>, email: &EmailKey) -> Result<Option<UserId>, Fault> {
    snapshot.optional("select id from users where email_key = $1", params![email], Row::take)
}

pub(super) fn with_email(snapshot: &Snapshot<'_>, email: &EmailKey) -> Result<Option<User>, Fault> {
    snapshot.optional(&format!("select {COLUMNS} from users u where u.email_key = $1"), params![email], user)
}

/// Who has a login, and what to compare with.
pub(crate) struct Credentials {
    pub id: UserId,
    pub name: String,
    pub hash: Option<PasswordHash>,
    pub changed_at: Option<Timestamp>,
}

/// Who has this login.
pub(crate) fn credentials(snapshot: &Snapshot<'_>, email: &EmailKey) -> Result<Option<Credentials>, Fault> {
    snapshot.optional(
        "select id, first_name || ' ' || last_name, password_hash, password_changed_at from users where email_key = $1",
        params![email],
        |row| Ok(Credentials { id: row.take()?, name: row.take()?, hash: row.take()?, changed_at: row.take()? }),
    )
}

/// How the hashes of users and admins begin: up to where their salt does.
pub(super) fn kinds_of_hashes(snapshot: &Snapshot<'_>) -> Result<Vec<String>, Fault> {
    /// Arguments, since a dollar in a statement begins one.
    const LIKE: [&str; 3] = ["_2_$__$%", "_argon2id$%", "pepper:%"];
    // With a pepper the hash is of our own making: 16 bytes of salt and 32 of output end it. Others are cut behind the passes.
    snapshot.all(
        "select distinct case when password_hash like $1 then substr(password_hash, 1, 7)
             when password_hash like $2 then substr(password_hash, 1, 30)
             else substr(password_hash, 1, length(password_hash) - 67) end
         from (select password_hash from users union all select password_hash from admins) kept
         where password_hash like $1 or password_hash like $2 or password_hash like $3 and length(password_hash) > 67",
        params![LIKE[0], LIKE[1], LIKE[2]],
        Row::take,
    )
}

pub(super) fn password_of(snapshot: &Snapshot<'_>, id: UserId) -> Result<Option<PasswordHash>, Fault> {
    let found: Option<Option<PasswordHash>> =
        snapshot.optional("select password_hash from users where id = $1", params![id], Row::take)?;
    Ok(found.flatten())
}

/// `None` when another user has the address.
pub(super) fn insert(tx: &Tx<'_>, user: &NewUser, subject: &str) -> Result<Option<UserId>, Fault> {
    tx.optional(
        "insert into users (subject, first_name, last_name, email, email_key, password_hash, password_changed_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (email_key) do nothing returning id",
        params![
            subject,
            user.name.first,
            user.name.last,
            user.email,
            user.email.key(),
            user.password,
            user.password.as_ref().map(|_| tx.now()),
            tx.now()
        ],
        Row::take,
    )
}

pub(super) fn update(
    tx: &Tx<'_>,
    id: UserId,
    name: &PersonName,
    email: &Email,
    verified_at: Option<Timestamp>,
) -> Result<(), Fault> {
    tx.execute(
        "update users set first_name = $1, last_name = $2, email = $3, email_key = $4, verified_at = $5 where id = $6",
        params![name.first, name.last, email, email.key(), verified_at, id],
    )?;
    Ok(())
}

/// The number of the present rules for addresses: raised when what [`Email`] shows or [`EmailKey`] compares changes.
const RULES: &str = "3";

/// `false` when it was done already.
pub(super) fn begin_rekeying(tx: &Tx<'_>) -> Result<bool, Fault> {
    let begun = tx.execute(
        "insert into settings (key, value, updated_at) values ('email_key.rules', $1, $2)
         on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at
             where settings.value <> excluded.value",
        params![RULES, tx.now()],
    )?;
    Ok(begun == 1)
}

/// Ids, addresses and their comparable forms.
pub(super) fn addresses(
    snapshot: &Snapshot<'_>,
    table: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, String, String)>, Fault> {
    snapshot.all(
        &format!("select id, email, email_key from {table} where id > $1 order by id limit $2"),
        params![after, limit],
        |row| Ok((row.take()?, row.take()?, row.take()?)),
    )
}

pub(super) fn set_key(tx: &Tx<'_>, table: &str, id: i64, key: &EmailKey) -> Result<(), Fault> {
    let free = format!("not exists (select 1 from {table} other where other.email_key = $1)");
    tx.execute(&format!("update {table} set email_key = $1 where id = $2 and {free}"), params![key, id])?;
    Ok(())
}

/// The same address, shown in another way. One that has changed meanwhile stays. `whose` is the column of the id.
pub(super) fn set_shown(tx: &Tx<'_>, table: &str, whose: &str, id: i64, before: &str, shown: &Email) -> Result<(), Fault> {
    let sql = format!("update {table} set email = $1 where {whose} = $2 and email = $3");
    tx.execute(&sql, params![shown, id, before])?;
    Ok(())
}

pub(super) fn set_password(tx: &Tx<'_>, id: UserId, hash: &PasswordHash) -> Result<(), Fault> {
    tx.execute("update users set password_hash = $1, password_changed_at = $2 where id = $3", params![hash, tx.now(), id])?;
    Ok(())
}

/// The address is the user's, and shown to be.
pub(super) fn set_verified(tx: &Tx<'_>, id: UserId, email: &Email) -> Result<(), Fault> {
    tx.execute(
        "update users set email = $1, email_key = $2, verified_at = $3 where id = $4",
        params![email, email.key(), tx.now(), id],
    )?;
    Ok(())
}

pub(super) fn replace_password(
    tx: &Tx<'_>,
    id: UserId,
    before: Option<&PasswordHash>,
    after: &PasswordHash,
) -> Result<bool, Fault> {
    let changed = tx.execute(
        "update users set password_hash = $1, password_changed_at = $2 where id = $3 and password_hash is not distinct from $4",
        params![after, tx.now(), id, before],
    )?;
    Ok(changed == 1)
}

/// How the log tells a user.
const NAME: &str = "first_name || ' ' || last_name";

/// Holds the user and renews its hash: first and last name; `None` when the user is gone, or its password is no
/// longer the one that was set at `changed_at`.
pub(super) fn keep_password<'a>(
    tx: &'a Tx<'_>,
    id: UserId,
    changed_at: Option<Timestamp>,
    renewed: Option<&PasswordHash>,
) -> Result<Asked<'a, Option<String>>, Fault> {
    let Some(renewed) = renewed else {
        let sql =
            format!("select {NAME} from users where id = $1 and password_changed_at is not distinct from $2{}", tx.for_update());
        return tx.ask_first(&sql, params![id, changed_at], Row::take);
    };
    tx.ask_first(
        &format!(
            "update users set password_hash = $1 where id = $2 and password_changed_at is not distinct from $3
             returning {NAME}"
        ),
        params![renewed, id, changed_at],
        Row::take,
    )
}

const SIGNED_IN: &str = "update users set last_login_at = $1, last_login_ip = $2, last_login_host = $3
     where id = $4 and password_changed_at is not distinct from $5";

/// `false` when the user is gone, or its password is no longer the one that was set at `changed_at`.
pub(super) fn signed_in(tx: &Tx<'_>, id: UserId, changed_at: Option<Timestamp>) -> Result<bool, Fault> {
    Ok(tx.execute(SIGNED_IN, &login_of(tx, id, changed_at))? == 1)
}

/// The same of a user who is held.
pub(super) fn held_signed_in(tx: &Tx<'_>, id: UserId, changed_at: Option<Timestamp>) -> Result<(), Fault> {
    tx.put(SIGNED_IN, &login_of(tx, id, changed_at))
}

fn login_of(tx: &Tx<'_>, id: UserId, changed_at: Option<Timestamp>) -> [Value; 5] {
    let ip = tx.request().ip.map(|ip| ip.to_string());
    [tx.now().to_value(), ip.to_value(), tx.known_host().flatten().to_value(), id.to_value(), changed_at.to_value()]
}

pub(super) fn delete_without_accounts(tx: &Tx<'_>, id: UserId) -> Result<bool, Fault> {
    let deleted =
        tx.execute("delete from users where id = $1 and not exists (select 1 from memberships where user_id = $1)", params![id])?;
    Ok(deleted == 1)
}

pub(super) fn search(snapshot: &Snapshot<'_>, query: &str, before: Option<UserId>, limit: i64) -> Result<Vec<Listed>, Fault> {
    let mut arguments: Vec<Value> = vec![limit.to_value(), before.to_value()];
    let found = search::condition(search::Kind::User, "u.id", query, &mut arguments);
    let sql = format!(
        "select {COLUMNS}, (select count(*) from memberships m where m.user_id = u.id)
         from users u where ($2 is null or u.id < $2) and {} order by u.id desc limit $1",
        found.as_deref().unwrap_or("1 = 1")
    );
    snapshot.all(&sql, &arguments, |row| Ok(Listed { user: user(row)?, accounts: row.take()? }))
}
