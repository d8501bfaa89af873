use super::{ApiRole, Listed, NewRole};
use crate::access::{ApiRights, BuiltInApiRole};
use crate::app::{Snapshot, Tx};
use crate::db::{DbError, Row};
use crate::error::Fault;
use crate::id::ApiRoleId;
use crate::params;

const COLUMNS: &str = "r.id, r.name, r.built_in, r.rights";

fn role(row: &mut Row) -> Result<ApiRole, DbError> {
    let (id, name) = (row.take()?, row.take()?);
    let (built_in, rights): (Option<String>, String) = (row.take()?, row.take()?);
    Ok(ApiRole { id, name, built_in: built_in.is_some(), rights: ApiRights::of_role(built_in.as_deref(), &rights) })
}

pub(super) fn list(snapshot: &Snapshot<'_>) -> Result<Vec<Listed>, Fault> {
    snapshot.all(
        &format!(
            "select {COLUMNS}, (select count(*) from api_credentials c where c.role_id = r.id) from api_roles r
             order by case when r.built_in is null then 1 else 0 end, r.name_key limit 500"
        ),
        &[],
        |row| Ok(Listed { role: role(row)?, credentials: row.take()? }),
    )
}

pub(super) fn page(snapshot: &Snapshot<'_>, after: Option<ApiRoleId>, limit: i64) -> Result<Vec<ApiRole>, Fault> {
    let sql = format!("select {COLUMNS} from api_roles r where r.id > $1 order by r.id limit $2");
    snapshot.all(&sql, params![after.map_or(0, |id| id.0), limit], role)
}

pub(super) fn find(snapshot: &Snapshot<'_>, id: ApiRoleId) -> Result<Option<ApiRole>, Fault> {
    snapshot.optional(&format!("select {COLUMNS} from api_roles r where r.id = $1"), params![id], role)
}

pub(super) fn hold(tx: &Tx<'_>, id: ApiRoleId) -> Result<Option<ApiRole>, Fault> {
    tx.optional(&format!("select {COLUMNS} from api_roles r where r.id = $1{}", tx.for_update()), params![id], role)
}

pub(super) fn built_in(snapshot: &Snapshot<'_>, role: BuiltInApiRole) -> Result<ApiRoleId, Fault> {
    snapshot.one("select id from api_roles where built_in = $1", params![role.key()], Row::take)
}

pub(super) fn by_name(snapshot: &Snapshot<'_>, key: &str) -> Result<Option<ApiRoleId>, Fault> {
    snapshot.optional("select id from api_roles where name_key = $1", params![key], Row::take)
}

pub(super) fn insert(tx: &Tx<'_>, new: &NewRole, key: &str) -> Result<ApiRoleId, Fault> {
    tx.one(
        "insert into api_roles (name, name_key, rights) values ($1, $2, $3) returning id",
        params![new.name, key, new.rights.keys()],
        Row::take,
    )
}

pub(super) fn update(tx: &Tx<'_>, id: ApiRoleId, new: &NewRole, key: &str) -> Result<(), Fault> {
    let sql = "update api_roles set name = $1, name_key = $2, rights = $3 where id = $4";
    tx.execute(sql, params![new.name, key, new.rights.keys(), id]).map(drop)
}

pub(super) fn delete(tx: &Tx<'_>, id: ApiRoleId) -> Result<(), Fault> {
    tx.execute("delete from api_roles where id = $1", params![id]).map(drop)
}
