use super::{ClientGroup, Details, Listed, MAX_GROUPS};
use crate::app::{Snapshot, Tx};
use crate::db::{DbError, Row};
use crate::error::Fault;
use crate::id::ClientGroupId;
use crate::params;

const COLUMNS: &str = "g.id, g.name, g.colour, g.discount_basis_points, g.suspend_terminate_exempt, g.separate_invoices";

fn group(row: &mut Row) -> Result<ClientGroup, DbError> {
    Ok(ClientGroup {
        id: row.take()?,
        details: Details {
            name: row.take()?,
            colour: row.take()?,
            discount: row.take()?,
            suspend_terminate_exempt: row.take()?,
            separate_invoices: row.take()?,
        },
    })
}

pub(super) fn all(snapshot: &Snapshot<'_>) -> Result<Vec<ClientGroup>, Fault> {
    let sql = format!("select {COLUMNS} from client_groups g order by g.name_key, g.id limit $1");
    snapshot.all(&sql, params![MAX_GROUPS], group)
}

pub(super) fn list(snapshot: &Snapshot<'_>) -> Result<Vec<Listed>, Fault> {
    let sql = format!(
        "select {COLUMNS}, (select count(*) from accounts a where a.group_id = g.id)
         from client_groups g order by g.name_key, g.id limit $1"
    );
    snapshot.all(&sql, params![MAX_GROUPS], |row| Ok(Listed { group: group(row)?, accounts: row.take()? }))
}

pub(super) fn count(snapshot: &Snapshot<'_>) -> Result<i64, Fault> {
    snapshot.one("select count(*) from client_groups", &[], Row::take)
}

pub(super) fn find(snapshot: &Snapshot<'_>, id: ClientGroupId) -> Result<Option<ClientGroup>, Fault> {
    snapshot.optional(&format!("select {COLUMNS} from client_groups g where g.id = $1"), params![id], group)
}

pub(super) fn hold(tx: &Tx<'_>, id: ClientGroupId) -> Result<Option<ClientGroup>, Fault> {
    tx.optional(&format!("select {COLUMNS} from client_groups g where g.id = $1{}", tx.for_update()), params![id], group)
}

pub(super) fn insert(tx: &Tx<'_>, new: &Details, key: &str) -> Result<ClientGroupId, Fault> {
    tx.one(
        "insert into client_groups (name, name_key, colour, discount_basis_points, suspend_terminate_exempt, separate_invoices)
         values ($1, $2, $3, $4, $5, $6) returning id",
        params![
            new.name,
            key,
            new.colour,
            new.discount,
            i64::from(new.suspend_terminate_exempt),
            i64::from(new.separate_invoices)
        ],
        Row::take,
    )
}

pub(super) fn update(tx: &Tx<'_>, id: ClientGroupId, new: &Details, key: &str) -> Result<(), Fault> {
    tx.execute(
        "update client_groups set name = $1, name_key = $2, colour = $3, discount_basis_points = $4,
                suspend_terminate_exempt = $5, separate_invoices = $6 where id = $7",
        params![
            new.name,
            key,
            new.colour,
            new.discount,
            i64::from(new.suspend_terminate_exempt),
            i64::from(new.separate_invoices),
            id
        ],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, id: ClientGroupId) -> Result<(), Fault> {
    tx.execute("delete from client_groups where id = $1", params![id])?;
    Ok(())
}
