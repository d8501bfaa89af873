use super::{Member, Mine, New};
use crate::access::Grants;
use crate::app::{Asked, Snapshot, Tx};
use crate::db::{DbError, Row};
use crate::error::Fault;
use crate::id::{AccountId, InvitationId, RoleId, UserId};
use crate::params;
use crate::{role, user};

fn member_columns() -> String {
    format!(
        "{}, case when a.owner_id = u.id then 1 else 0 end, m.grants, m.created_at, m.added_by_name, m.last_entered_at,
         m.role_id, (select r.name from roles r where r.id = m.role_id), (select r.grants from roles r where r.id = m.role_id)",
        user::COLUMNS
    )
}

fn member(row: &mut Row) -> Result<Member, DbError> {
    let (user, is_owner, single): (_, _, Grants) = (user::read_row(row)?, row.take()?, row.take()?);
    let (since, added_by, last_entered_at) = (row.take()?, row.take()?, row.take()?);
    let (id, name): (Option<RoleId>, Option<String>) = (row.take()?, row.take()?);
    let given = row.take::<Option<Grants>>()?.unwrap_or_default();
    let role = id.zip(name).map(|(id, name)| role::Held { id, name });
    Ok(Member { user, is_owner, grants: single.union(&given), single, role, since, added_by, last_entered_at })
}

/// The owner first, then in the order in which they came.
pub(super) fn list<'a>(snapshot: &'a Snapshot<'_>, account: AccountId, limit: i64) -> Result<Asked<'a, Vec<Member>>, Fault> {
    let sql = format!(
        "select {} from memberships m join users u on u.id = m.user_id join accounts a on a.id = m.account_id
         where m.account_id = $1
         order by case when a.owner_id = u.id then 0 else 1 end, m.created_at, u.id limit $2",
        member_columns()
    );
    snapshot.ask(&sql, params![account, limit], member)
}

pub(super) fn page(snapshot: &Snapshot<'_>, account: AccountId, after: Option<UserId>, limit: i64) -> Result<Vec<Member>, Fault> {
    let sql = format!(
        "select {} from memberships m join users u on u.id = m.user_id join accounts a on a.id = m.account_id
         where m.account_id = $1 and ($2 is null or m.user_id > $2) order by m.user_id limit $3",
        member_columns()
    );
    snapshot.all(&sql, params![account, after, limit], member)
}

pub(super) fn find(snapshot: &Snapshot<'_>, account: AccountId, user: UserId) -> Result<Option<Member>, Fault> {
    let sql = format!(
        "select {} from memberships m join users u on u.id = m.user_id join accounts a on a.id = m.account_id
         where m.account_id = $1 and m.user_id = $2",
        member_columns()
    );
    snapshot.optional(&sql, params![account, user], member)
}

/// Whether it is not the owner of today who answers for an invitation, and not staff: a manager.
pub(super) fn is_of_manager(tx: &Tx<'_>, id: InvitationId) -> Result<bool, Fault> {
    tx.one(
        "select case when i.answers_id <> a.owner_id then 1 else 0 end
         from invitations i join accounts a on a.id = i.account_id where i.id = $1",
        params![id],
        Row::take,
    )
}

pub(super) fn of_user<'a>(
    snapshot: &'a Snapshot<'_>,
    user: UserId,
    account: Option<AccountId>,
) -> Result<Asked<'a, Vec<Mine>>, Fault> {
    snapshot.ask(
        "select a.id, a.name, a.company, case when a.owner_id = m.user_id then 1 else 0 end,
                case when a.status = 'closed' then 1 else 0 end,
                m.grants || coalesce((select ' ' || r.grants from roles r where r.id = m.role_id), ''),
                m.created_at, m.added_by_name, m.last_entered_at,
                m.role_id, (select r.name from roles r where r.id = m.role_id)
         from memberships m join accounts a on a.id = m.account_id
         where m.user_id = $1 and ($2 is null or m.account_id = $2) and (m.ends_at is null or m.ends_at > $3 or a.owner_id = m.user_id)
         order by case when a.status = 'closed' then 1 else 0 end, m.last_entered_at desc nulls last, a.name, a.id limit 1000",
        params![user, account, snapshot.now()],
        |row| {
            Ok(Mine {
                account: row.take()?,
                name: row.take()?,
                company: row.take()?,
                is_owner: row.take()?,
                is_closed: row.take()?,
                grants: row.take()?,
                since: row.take()?,
                added_by: row.take()?,
                last_entered_at: row.take()?,
                role: row.take::<Option<RoleId>>()?.zip(row.take()?).map(|(id, name)| role::Held { id, name }),
            })
        },
    )
}

/// `false` when there is such a membership already.
pub(super) fn insert(tx: &Tx<'_>, new: &New) -> Result<bool, Fault> {
    let by = &new.added_by;
    let inserted = tx.execute(
        "insert into memberships (account_id, user_id, grants, invitation_id, added_by_kind, added_by_id, added_by_name, created_at, role_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (account_id, user_id) do nothing",
        params![new.account, new.user, new.grants, new.invitation, by.kind.key(), by.id, by.name, tx.now(), new.role],
    )?;
    Ok(inserted == 1)
}

/// What the membership holds singly, and its role.
pub(super) fn set_held(
    tx: &Tx<'_>,
    account: AccountId,
    user: UserId,
    grants: &Grants,
    role: Option<RoleId>,
) -> Result<(), Fault> {
    tx.execute(
        "update memberships set grants = $1, role_id = $4 where account_id = $2 and user_id = $3",
        params![grants, account, user, role],
    )?;
    Ok(())
}

/// A membership that would end goes on.
pub(super) fn goes_on(tx: &Tx<'_>, account: AccountId, user: UserId) -> Result<(), Fault> {
    tx.execute("update memberships set ends_at = null where account_id = $1 and user_id = $2", params![account, user])?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, account: AccountId, user: UserId) -> Result<(), Fault> {
    tx.execute("delete from memberships where account_id = $1 and user_id = $2", params![account, user])?;
    Ok(())
}

/// What has ended is gone: it does not come back with an offer of less.
pub(super) fn delete_ended(tx: &Tx<'_>, account: AccountId, user: UserId) -> Result<(), Fault> {
    tx.execute(
        "delete from memberships where account_id = $1 and user_id = $2 and ends_at <= $3
         and not exists (select 1 from accounts a where a.id = $1 and a.owner_id = $2)",
        params![account, user, tx.now()],
    )?;
    Ok(())
}

pub(super) fn owner(snapshot: &Snapshot<'_>, account: AccountId) -> Result<(UserId, String), Fault> {
    snapshot.one(
        "select u.id, u.first_name || ' ' || u.last_name from accounts a join users u on u.id = a.owner_id where a.id = $1",
        params![account],
        |row| Ok((row.take()?, row.take()?)),
    )
}

pub(super) fn set_owner(tx: &Tx<'_>, account: AccountId, user: UserId) -> Result<(), Fault> {
    tx.execute("update accounts set owner_id = $1 where id = $2", params![user, account])?;
    Ok(())
}

pub(super) fn account_name(snapshot: &Snapshot<'_>, account: AccountId) -> Result<String, Fault> {
    snapshot.one("select name from accounts where id = $1", params![account], Row::take)
}

pub(crate) fn entered(tx: &Tx<'_>, account: AccountId, user: UserId) -> Result<(), Fault> {
    tx.put("update memberships set last_entered_at = $1 where account_id = $2 and user_id = $3", params![tx.now(), account, user])
}

/// The same without waiting for whoever holds the membership.
pub(super) fn entered_if_free(tx: &Tx<'_>, account: AccountId, user: UserId) -> Result<(), Fault> {
    let free = format!("select user_id from memberships where account_id = $2 and user_id = $3{}", tx.skip_locked());
    let sql = format!("update memberships set last_entered_at = $1 where account_id = $2 and user_id in ({free})");
    tx.put(&sql, params![tx.now(), account, user])
}

pub(super) fn count_of_user<'a>(snapshot: &'a Snapshot<'_>, user: UserId) -> Result<Asked<'a, i64>, Fault> {
    snapshot.ask_one("select count(*) from memberships where user_id = $1", params![user], Row::take)
}

/// The accounts of a user, in the order in which they are to be held.
pub(super) fn in_order_of_accounts(snapshot: &Snapshot<'_>, user: UserId) -> Result<Vec<AccountId>, Fault> {
    snapshot.all("select account_id from memberships where user_id = $1 order by account_id", params![user], Row::take)
}

pub(crate) fn users_of(snapshot: &Snapshot<'_>, account: AccountId) -> Result<Vec<UserId>, Fault> {
    snapshot.all("select user_id from memberships where account_id = $1 order by user_id", params![account], Row::take)
}
