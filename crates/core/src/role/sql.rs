use super::{Details, Listed, MAX_ROLES, Role};
use crate::access::Grants;
use crate::app::{Asked, Snapshot, Tx};
use crate::db::{DbError, Row, in_chunks};
use crate::error::Fault;
use crate::id::{AccountId, RoleId, UserId};
use crate::params;

const COLUMNS: &str = "r.id, r.account_id, r.name, r.description, r.grants, r.revision";
const MEMBERS: &str = "(select count(*) from memberships m where m.role_id = r.id)";

fn role(row: &mut Row) -> Result<Role, DbError> {
    let (id, account) = (row.take()?, row.take()?);
    let details = Details { name: row.take()?, description: row.take()?, grants: row.take()? };
    Ok(Role { id, account, details, revision: row.take()? })
}

fn listed(row: &mut Row) -> Result<Listed, DbError> {
    Ok(Listed { role: role(row)?, members: row.take()? })
}

pub(super) fn list(snapshot: &Snapshot<'_>) -> Result<Vec<Listed>, Fault> {
    let sql = format!("select {COLUMNS}, {MEMBERS} from roles r where r.account_id is null order by r.name_key, r.id limit $1");
    snapshot.all(&sql, params![MAX_ROLES], listed)
}

pub(super) fn page(
    snapshot: &Snapshot<'_>,
    account: Option<AccountId>,
    after: Option<RoleId>,
    limit: i64,
) -> Result<Vec<Listed>, Fault> {
    let sql = format!(
        "select {COLUMNS}, {MEMBERS} from roles r
         where ($1 is null or r.account_id is null or r.account_id = $1) and r.id > $2 order by r.id limit $3"
    );
    snapshot.all(&sql, params![account, after.map_or(0, |after| after.0), limit], listed)
}

pub(super) fn of_account<'a>(snapshot: &'a Snapshot<'_>, account: AccountId) -> Result<Asked<'a, Vec<Role>>, Fault> {
    let sql = format!(
        "select {COLUMNS} from roles r where r.account_id is null or r.account_id = $1 order by r.name_key, r.id limit $2"
    );
    snapshot.ask(&sql, params![account, 2 * MAX_ROLES], role)
}

/// `lock` is what holds it, or nothing.
pub(super) fn find(snapshot: &Snapshot<'_>, id: RoleId, lock: &str) -> Result<Option<Role>, Fault> {
    snapshot.optional(&format!("select {COLUMNS} from roles r where r.id = $1{lock}"), params![id], role)
}

pub(super) fn names(snapshot: &Snapshot<'_>, ids: &[RoleId]) -> Result<Vec<(RoleId, String)>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    for (places, arguments) in in_chunks(ids) {
        let sql = format!("select id, name from roles where id in ({places})");
        found.extend(snapshot.all(&sql, &arguments, |row| Ok((row.take()?, row.take()?)))?);
    }
    Ok(found)
}

pub(super) fn members(snapshot: &Snapshot<'_>, id: RoleId) -> Result<i64, Fault> {
    snapshot.one("select count(*) from memberships where role_id = $1", params![id], Row::take)
}

pub(super) fn count(snapshot: &Snapshot<'_>, account: Option<AccountId>) -> Result<i64, Fault> {
    snapshot.one("select count(*) from roles where account_id is not distinct from $1", params![account], Row::take)
}

/// Whether an invitation that may still be accepted or sent again offers it.
pub(super) fn is_offered(snapshot: &Snapshot<'_>, id: RoleId) -> Result<bool, Fault> {
    snapshot.one(
        "select case when exists (select 1 from invitations
             where role_id = $1 and accepted_at is null and declined_at is null and cancelled_at is null) then 1 else 0 end",
        params![id],
        Row::take,
    )
}

pub(super) fn insert(tx: &Tx<'_>, account: Option<AccountId>, new: &Details, key: &str) -> Result<RoleId, Fault> {
    tx.one(
        "insert into roles (account_id, name, name_key, description, grants, revision) values ($1, $2, $3, $4, $5, 1) returning id",
        params![account, new.name, key, new.description, new.grants],
        Row::take,
    )
}

pub(super) fn update(tx: &Tx<'_>, id: RoleId, new: &Details, key: &str) -> Result<(), Fault> {
    tx.execute(
        "update roles set name = $1, name_key = $2, description = $3, grants = $4, revision = revision + 1 where id = $5",
        params![new.name, key, new.description, new.grants, id],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, id: RoleId) -> Result<(), Fault> {
    tx.execute("delete from roles where id = $1", params![id])?;
    Ok(())
}

/// The accounts of those who have the role.
const HOLDERS: &str = "select account_id from memberships where role_id = $1";

/// The same, and the only one whose members may have it.
const ACCOUNTS: &str = "select account_id from memberships where role_id = $1
     union all select account_id from roles where id = $1 and account_id is not null";

/// Marks the moment to which [`let_go`] goes back.
pub(super) fn begin_to_hold(tx: &Tx<'_>) -> Result<(), Fault> {
    tx.execute("savepoint holding", &[])?;
    Ok(())
}

/// Lets go of all that is held since that moment.
pub(super) fn let_go(tx: &Tx<'_>) -> Result<(), Fault> {
    tx.execute("rollback to savepoint holding", &[])?;
    Ok(())
}

/// Holds the accounts of the role, in their order.
pub(super) fn hold_accounts(tx: &Tx<'_>, id: RoleId) -> Result<(), Fault> {
    let sql = format!("select id from accounts where id in ({ACCOUNTS}) order by id{}", tx.for_update());
    tx.all(&sql, params![id], Row::take::<AccountId>).map(drop)
}

/// Holds the accounts of the role without waiting for any, and says whether that went for all of them.
pub(super) fn hold_free_accounts(tx: &Tx<'_>, id: RoleId) -> Result<bool, Fault> {
    let accounts = format!("select id from accounts where id in ({ACCOUNTS})");
    let held = format!("select count(*) from ({accounts}{}) as held", tx.skip_locked());
    let sql = format!("select case when ({held}) = (select count(*) from ({accounts}) as wanted) then 1 else 0 end");
    tx.one(&sql, params![id], Row::take)
}

pub(super) fn bump_revisions(tx: &Tx<'_>, id: RoleId) -> Result<(), Fault> {
    tx.execute(&format!("update accounts set revision = revision + 1 where id in ({HOLDERS})"), params![id])?;
    Ok(())
}

/// Somebody who has a role.
pub(super) struct Holder {
    pub(super) account: AccountId,
    pub(super) account_name: String,
    pub(super) user: UserId,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) single: Grants,
    /// Whether an invitation is open that it answers for, or whose link it was told.
    pub(super) has_sent: bool,
}

/// Who has the role; the owner, who holds everything anyway, is none of them.
pub(super) fn holders(snapshot: &Snapshot<'_>, id: RoleId) -> Result<Vec<Holder>, Fault> {
    snapshot.all(
        "select m.account_id, a.name, m.user_id, u.first_name || ' ' || u.last_name, u.email, m.grants,
                case when exists (select 1 from invitations i where i.account_id = m.account_id
                    and i.accepted_at is null and i.declined_at is null and i.cancelled_at is null
                    and (i.answers_id = m.user_id or i.link_told_id = m.user_id)) then 1 else 0 end
         from memberships m join accounts a on a.id = m.account_id join users u on u.id = m.user_id
         where m.role_id = $1 and a.owner_id <> m.user_id order by m.account_id, m.user_id",
        params![id],
        |row| {
            let (account, account_name, user) = (row.take()?, row.take()?, row.take()?);
            let (name, email, single, has_sent) = (row.take()?, row.take()?, row.take()?, row.take()?);
            Ok(Holder { account, account_name, user, name, email, single, has_sent })
        },
    )
}
