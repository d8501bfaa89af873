use super::{Device, LIVES, MAX_PER_OWNER};
use crate::access::Subject;
use crate::app::{Asked, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{Row, Value};
use crate::error::Fault;
use crate::id::DeviceId;
use crate::params;
use crate::secret::SecretHash;

pub(super) fn known<'a>(
    snapshot: &'a Snapshot<'_>,
    owner: Subject,
    hash: &SecretHash,
    lock: &str,
) -> Result<Asked<'a, Option<DeviceId>>, Fault> {
    let mut arguments = Vec::new();
    let sql = format!("select id from devices where {}{lock}", condition(owner, hash, snapshot.now(), &mut arguments));
    snapshot.ask_first(&sql, &arguments, Row::take)
}

/// What holds for the device of this cookie, if its owner has logged in with it; its arguments are appended.
pub(super) fn condition(owner: Subject, hash: &SecretHash, now: Timestamp, arguments: &mut Vec<Value>) -> String {
    let first = arguments.len() + 1;
    arguments.extend_from_slice(params![owner.id(), hash, now.before(LIVES)]);
    format!("{} = ${first} and token_hash = ${} and last_seen_at > ${}", owner.column(), first + 1, first + 2)
}

pub(super) fn exists(snapshot: &Snapshot<'_>, hash: &SecretHash) -> Result<bool, Fault> {
    let sql = "select count(*) from (select id from devices where token_hash = $1 and last_seen_at > $2 limit 1) found";
    snapshot.one(sql, params![hash, snapshot.now().before(LIVES)], Row::take)
}

/// Notes a login.
pub(super) fn seen(tx: &Tx<'_>, id: DeviceId) -> Result<(), Fault> {
    let request = tx.request();
    let ip = request.ip.map_or_else(String::new, |ip| ip.to_string());
    let sql = "update devices set last_seen_at = $1, ip = $2, user_agent = $3 where id = $4";
    tx.put(sql, params![tx.now(), ip, request.user_agent, id])
}

pub(super) fn insert(tx: &Tx<'_>, owner: Subject, hash: &SecretHash) -> Result<DeviceId, Fault> {
    let request = tx.request();
    let ip = request.ip.map_or_else(String::new, |ip| ip.to_string());
    let column = owner.column();
    let sql = format!(
        "insert into devices (user_id, admin_id, token_hash, first_seen_at, last_seen_at, ip, user_agent)
         values ($1, $2, $3, $4, $4, $5, $6)
         on conflict ({column}, token_hash) do update set first_seen_at = excluded.first_seen_at,
             last_seen_at = excluded.last_seen_at, ip = excluded.ip, user_agent = excluded.user_agent
         returning id"
    );
    tx.one(&sql, params![owner.user(), owner.admin(), hash, tx.now(), ip, request.user_agent], Row::take)
}

pub(super) fn forget_oldest(tx: &Tx<'_>, owner: Subject) -> Result<(), Fault> {
    let (column, id) = (owner.column(), owner.id());
    let sql = format!(
        "delete from devices where {column} = $1 and id not in (
             select id from devices where {column} = $1 order by last_seen_at desc, id desc limit $2)"
    );
    tx.put(&sql, params![id, MAX_PER_OWNER])
}

/// What the browser called itself; `None` when its owner has no such device.
pub(super) fn forget(tx: &Tx<'_>, owner: Subject, id: DeviceId) -> Result<Option<String>, Fault> {
    let sql = format!("delete from devices where {} = $1 and id = $2 returning user_agent", owner.column());
    tx.optional(&sql, params![owner.id(), id], Row::take)
}

pub(super) fn forget_others(tx: &Tx<'_>, owner: Subject, kept: Option<&SecretHash>) -> Result<u64, Fault> {
    let (column, id) = (owner.column(), owner.id());
    match kept {
        Some(hash) => tx.execute(&format!("delete from devices where {column} = $1 and token_hash <> $2"), params![id, hash]),
        None => tx.execute(&format!("delete from devices where {column} = $1"), params![id]),
    }
}

pub(super) fn of(snapshot: &Snapshot<'_>, owner: Subject) -> Result<Vec<Device>, Fault> {
    let sql = format!(
        "select id, first_seen_at, last_seen_at, ip, user_agent from devices
         where {} = $1 and last_seen_at > $2 order by last_seen_at desc, id desc limit $3",
        owner.column()
    );
    snapshot.all(&sql, params![owner.id(), snapshot.now().before(LIVES), MAX_PER_OWNER], |row| {
        Ok(Device {
            id: row.take()?,
            first_seen_at: row.take()?,
            last_seen_at: row.take()?,
            ip: row.take()?,
            user_agent: row.take()?,
        })
    })
}

pub(super) fn name_of(snapshot: &Snapshot<'_>, owner: Subject) -> Result<Option<(String, String)>, Fault> {
    let (sql, id) = match owner {
        Subject::User(id) => ("select first_name || ' ' || last_name, email from users where id = $1", id.0),
        Subject::Admin(id) => ("select name, email from admins where id = $1", id.0),
    };
    snapshot.optional(sql, params![id], |row| Ok((row.take()?, row.take()?)))
}
