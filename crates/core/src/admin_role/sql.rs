use super::{AdminRole, Listed, NewRole};
use crate::access::{AdminGrants, BuiltInRole};
use crate::app::{Snapshot, Tx};
use crate::db::{DbError, Row};
use crate::error::Fault;
use crate::id::AdminRoleId;
use crate::params;

const COLUMNS: &str = "r.id, r.name, r.built_in, r.permissions";

fn role(row: &mut Row) -> Result<AdminRole, DbError> {
    let (id, name) = (row.take()?, row.take()?);
    let (built_in, permissions): (Option<String>, String) = (row.take()?, row.take()?);
    let grants = AdminGrants::of_role(built_in.as_deref(), &permissions);
    Ok(AdminRole { id, name, built_in: built_in.as_deref().and_then(BuiltInRole::from_key), grants })
}

pub(super) fn list(snapshot: &Snapshot<'_>) -> Result<Vec<Listed>, Fault> {
    snapshot.all(
        &format!(
            "select {COLUMNS}, (select count(*) from admins a where a.role_id = r.id),
                    (select count(*) from admin_invitations i where i.role_id = r.id and i.accepted_at is null and i.cancelled_at is null)
             from admin_roles r order by case when r.built_in is null then 1 else 0 end, case when r.built_in is null then 0 else r.id end, r.name_key limit 500"
        ),
        &[],
        |row| Ok(Listed { role: role(row)?, admins: row.take()?, invitations: row.take()? }),
    )
}

pub(super) fn page(snapshot: &Snapshot<'_>, after: Option<AdminRoleId>, limit: i64) -> Result<Vec<AdminRole>, Fault> {
    let sql = format!("select {COLUMNS} from admin_roles r where r.id > $1 order by r.id limit $2");
    snapshot.all(&sql, params![after.map_or(0, |id| id.0), limit], role)
}

pub(super) fn find(snapshot: &Snapshot<'_>, id: AdminRoleId) -> Result<Option<AdminRole>, Fault> {
    snapshot.optional(&format!("select {COLUMNS} from admin_roles r where r.id = $1"), params![id], role)
}

pub(super) fn hold(tx: &Tx<'_>, id: AdminRoleId) -> Result<Option<AdminRole>, Fault> {
    tx.optional(&format!("select {COLUMNS} from admin_roles r where r.id = $1{}", tx.for_update()), params![id], role)
}

pub(super) fn built_in(snapshot: &Snapshot<'_>, role: BuiltInRole) -> Result<AdminRoleId, Fault> {
    snapshot.one("select id from admin_roles where built_in = $1", params![role.key()], Row::take)
}

pub(super) fn by_name(snapshot: &Snapshot<'_>, key: &str) -> Result<Option<AdminRoleId>, Fault> {
    snapshot.optional("select id from admin_roles where name_key = $1", params![key], Row::take)
}

pub(super) fn insert(tx: &Tx<'_>, new: &NewRole, key: &str) -> Result<AdminRoleId, Fault> {
    tx.one(
        "insert into admin_roles (name, name_key, permissions) values ($1, $2, $3) returning id",
        params![new.name, key, new.grants.keys()],
        Row::take,
    )
}

pub(super) fn update(tx: &Tx<'_>, id: AdminRoleId, new: &NewRole, key: &str) -> Result<(), Fault> {
    tx.execute(
        "update admin_roles set name = $1, name_key = $2, permissions = $3 where id = $4",
        params![new.name, key, new.grants.keys(), id],
    )?;
    Ok(())
}

/// Accepted and cancelled invitations of a role that goes: the log keeps what happened.
pub(super) fn forget_closed_invitations(tx: &Tx<'_>, id: AdminRoleId) -> Result<(), Fault> {
    tx.execute(
        "delete from admin_invitations where role_id = $1 and (accepted_at is not null or cancelled_at is not null)",
        params![id],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, id: AdminRoleId) -> Result<(), Fault> {
    tx.execute("delete from admin_roles where id = $1", params![id])?;
    Ok(())
}
