use super::ops::Maker;
use super::{Caller, Credential, Networks, NewCredential, Shown};
use crate::access::ApiRights;
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row, ToValue};
use crate::error::Fault;
use crate::id::{AccountId, AdminId, ApiCredentialId, UserId};
use crate::params;
use crate::secret::SecretHash;

/// A credential works while its admin is enabled, or its owner still the owner.
const AWAKE: &str = "(a.id is not null and a.disabled_at is null) or (c.admin_id is null and k.owner_id = c.user_id)";

const FROM: &str = "from api_credentials c join api_roles r on r.id = c.role_id
    left join admins a on a.id = c.admin_id left join accounts k on k.id = c.account_id left join users u on u.id = c.user_id";

pub(super) fn insert(tx: &Tx<'_>, maker: Maker, new: &NewCredential, shown: &Shown) -> Result<ApiCredentialId, Fault> {
    let (admin, user): (Option<AdminId>, Option<UserId>) = match maker {
        Maker::Admin(id) => (Some(id), None),
        Maker::Owner(id) => (None, Some(id)),
    };
    tx.one(
        "insert into api_credentials (name, identifier, secret_hash, role_id, admin_id, user_id, account_id, networks, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id",
        params![
            new.name,
            shown.identifier,
            shown.secret.hash(),
            new.role,
            admin,
            user,
            new.account,
            new.networks.text(),
            tx.now(),
            new.expires_at
        ],
        Row::take,
    )
}

fn columns() -> String {
    format!(
        "c.id, c.name, c.identifier, c.role_id, r.name, c.account_id, coalesce(k.name, ''),
         case when c.admin_id is null then 0 else 1 end, coalesce(a.name, u.first_name || ' ' || u.last_name, ''), case when {AWAKE} then 0 else 1 end,
         c.networks, c.created_at, c.expires_at, c.last_used_at, c.last_used_ip"
    )
}

fn credential(row: &mut Row) -> Result<Credential, DbError> {
    let (id, name, identifier, role, role_name) = (row.take()?, row.take()?, row.take()?, row.take()?, row.take()?);
    let (account, account_name): (Option<AccountId>, String) = (row.take()?, row.take()?);
    Ok(Credential {
        id,
        name,
        identifier,
        role,
        role_name,
        account: account.map(|id| (id, account_name)),
        by_operator: row.take()?,
        made_by: row.take()?,
        asleep: row.take()?,
        networks: row.take()?,
        created_at: row.take()?,
        expires_at: row.take()?,
        last_used_at: row.take()?,
        last_used_ip: row.take()?,
    })
}

/// Whose credentials.
#[derive(Clone, Copy)]
pub(super) enum Of {
    Everybody,
    Account(AccountId),
    User(UserId),
}

pub(super) fn list(snapshot: &Snapshot<'_>, of: Of) -> Result<Vec<Credential>, Fault> {
    let (narrow, arguments) = match of {
        Of::Everybody => ("", Vec::new()),
        Of::Account(id) => ("where c.account_id = $1", vec![id.to_value()]),
        Of::User(id) => ("where c.user_id = $1", vec![id.to_value()]),
    };
    snapshot.all(&format!("select {} {FROM} {narrow} order by c.id desc limit 1000", columns()), &arguments, credential)
}

pub(super) fn page(snapshot: &Snapshot<'_>, before: Option<ApiCredentialId>, limit: i64) -> Result<Vec<Credential>, Fault> {
    let sql = format!("select {} {FROM} where c.id < $1 order by c.id desc limit $2", columns());
    snapshot.all(&sql, params![before.map_or(i64::MAX, |id| id.0), limit], credential)
}

/// The row of a credential stays as it is until the transaction ends.
pub(super) fn hold(tx: &Tx<'_>, id: ApiCredentialId) -> Result<(), Fault> {
    let sql = format!("select id from api_credentials where id = $1{}", tx.for_update());
    tx.optional(&sql, params![id], Row::take::<ApiCredentialId>).map(drop)
}

pub(super) fn find(snapshot: &Snapshot<'_>, id: ApiCredentialId) -> Result<Option<Credential>, Fault> {
    snapshot.optional(&format!("select {} {FROM} where c.id = $1", columns()), params![id], credential)
}

pub(super) fn end_of_owners(tx: &Tx<'_>, account: AccountId) -> Result<(), Fault> {
    let sql = "update api_credentials set expires_at = $1
               where account_id = $2 and user_id is not null and (expires_at is null or expires_at > $1)";
    tx.execute(sql, params![tx.now(), account]).map(drop)
}

pub(super) fn owners_of(snapshot: &Snapshot<'_>, account: AccountId) -> Result<Vec<ApiCredentialId>, Fault> {
    let sql = "select id from api_credentials where account_id = $1 and user_id is not null order by id";
    snapshot.all(sql, params![account], Row::take)
}

pub(super) fn count_of_account(tx: &Tx<'_>, account: AccountId) -> Result<i64, Fault> {
    let sql = "select count(*) from api_credentials where account_id = $1 and user_id is not null";
    tx.one(sql, params![account], Row::take)
}

/// Beside others who hold it so.
pub(super) fn hold_shared(tx: &Tx<'_>, id: ApiCredentialId) -> Result<bool, Fault> {
    let sql = format!("select id from api_credentials where id = $1{}", tx.for_share());
    Ok(tx.optional(&sql, params![id], Row::take::<ApiCredentialId>)?.is_some())
}

pub(super) fn delete(tx: &Tx<'_>, id: ApiCredentialId) -> Result<bool, Fault> {
    Ok(tx.execute("delete from api_credentials where id = $1", params![id])? == 1)
}

pub(super) fn by_secret(
    snapshot: &Snapshot<'_>,
    identifier: &str,
    hash: &SecretHash,
) -> Result<Option<(Caller, Networks)>, Fault> {
    let found = snapshot.optional(
        &format!(
            "select c.id, c.name, r.built_in, r.rights, c.account_id, c.last_used_at, c.networks {FROM}
             where c.identifier = $1 and c.secret_hash = $2 and (c.expires_at is null or c.expires_at > $3) and ({AWAKE})"
        ),
        params![identifier, hash, snapshot.now()],
        |row| {
            let (id, name) = (row.take()?, row.take()?);
            let (built_in, rights): (Option<String>, String) = (row.take()?, row.take()?);
            let rights = ApiRights::of_role(built_in.as_deref(), &rights);
            let caller = Caller { id, name, rights, account: row.take()?, last_used_at: row.take()? };
            Ok((caller, row.take::<String>()?))
        },
    )?;
    found.map(|(caller, text)| Ok((caller, read(&text)?))).transpose()
}

/// What bounds a credential beside its role.
pub(super) struct Limits {
    pub(super) networks: Networks,
    pub(super) expires_at: Option<Timestamp>,
}

pub(super) fn limits(snapshot: &Snapshot<'_>, id: ApiCredentialId) -> Result<Option<Limits>, Fault> {
    let found: Option<(String, Option<Timestamp>)> =
        snapshot.optional("select networks, expires_at from api_credentials where id = $1", params![id], |row| {
            Ok((row.take()?, row.take()?))
        })?;
    found.map(|(text, expires_at)| Ok(Limits { networks: read(&text)?, expires_at })).transpose()
}

fn read(text: &str) -> Result<Networks, Fault> {
    Networks::parse(text).map_err(|_| Fault::Db(DbError::Invalid("networks of a credential")))
}

/// A use that is noted late takes no later one back.
pub(super) fn touch(tx: &Tx<'_>, id: ApiCredentialId, ip: Option<&str>) -> Result<(), Fault> {
    let sql = "update api_credentials set last_used_at = $1, last_used_ip = $2
               where id = $3 and (last_used_at is null or last_used_at < $1)";
    tx.execute(sql, params![tx.now(), ip, id]).map(drop)
}
