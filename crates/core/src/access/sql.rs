use super::api::Live;
use super::{AdminGrants, ApiRights, Standing, Subject, Who};
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{Row, ToValue, Value};
use crate::error::Fault;
use crate::id::{AccountId, AdminId, ApiCredentialId, SessionId, UserId};
use crate::params;
use crate::settings::{Security, Verification};

/// `lock` is empty or holds the account's row until the end of the transaction.
///
/// PostgreSQL would lock the rows of all tables in the `from` list, so the account is locked by a
/// statement of its own, before what depends on it is read.
pub(super) fn standing(snapshot: &Snapshot<'_>, who: Who, account: AccountId, lock: &str) -> Result<Option<Standing>, Fault> {
    if !lock.is_empty() && account_name(snapshot, account, lock)?.is_none() {
        return Ok(None);
    }
    let found = standings(snapshot, who, "m.account_id = $4", &account.to_value())?;
    Ok(found.into_iter().next().map(|(_, standing)| standing))
}

/// How the user stands in two accounts at most of which the membership has not ended.
pub(super) fn two_standings(snapshot: &Snapshot<'_>, who: Who) -> Result<Vec<(AccountId, Standing)>, Fault> {
    let lasts = "(m.ends_at is null or m.ends_at > $4 or a.owner_id = m.user_id)";
    standings(snapshot, who, lasts, &snapshot.now().to_value())
}

/// `condition` is on the membership `m` and the account `a`; its argument is `$4`.
fn standings(snapshot: &Snapshot<'_>, who: Who, condition: &str, argument: &Value) -> Result<Vec<(AccountId, Standing)>, Fault> {
    let now = snapshot.now();
    snapshot.all(
        &format!(
            "select a.id, u.first_name || ' ' || u.last_name, a.name, case when a.status = 'closed' then 1 else 0 end,
                case when a.owner_id = u.id then 1 else 0 end,
                m.grants || coalesce((select ' ' || r.grants from roles r where r.id = m.role_id), ''), m.ends_at,
                case when u.verified_at is null and exists (
                    select 1 from settings s where s.key = $2 and s.value = $3) then 1 else 0 end,
                a.allow_sso, case when a.two_factor_required_at is null then 0 else 1 end,
                (select value from settings where key = 'security.second_factor_minutes')
             from memberships m join accounts a on a.id = m.account_id join users u on u.id = m.user_id
             where m.user_id = $1 and {condition} limit 2"
        ),
        &[
            who.user().to_value(),
            crate::settings::VERIFICATION.to_value(),
            Verification::Required.key().to_value(),
            argument.clone(),
        ],
        |row| {
            let account = row.take()?;
            let standing = Standing {
                user: who.user(),
                user_name: row.take()?,
                account_name: row.take()?,
                is_closed: row.take()?,
                is_owner: row.take()?,
                grants: row.take()?,
                ends_at: row.take()?,
                must_verify: row.take()?,
                sso_refused: !row.take::<bool>()? && who.is_by_link(),
                two_factor_required: row.take::<bool>()? || who.must_show_factor(),
                second_factor_at: who.second_factor_at(),
                second_factor_lasts: Security::second_factor_of(row.take::<Option<String>>()?.as_deref()),
                now,
            };
            Ok((account, standing))
        },
    )
}

pub(super) fn account_name(snapshot: &Snapshot<'_>, account: AccountId, lock: &str) -> Result<Option<String>, Fault> {
    snapshot.optional(&format!("select name from accounts where id = $1{lock}"), params![account], Row::take)
}

pub(super) fn user_name(snapshot: &Snapshot<'_>, user: UserId) -> Result<Option<String>, Fault> {
    snapshot.optional("select first_name || ' ' || last_name from users where id = $1", params![user], Row::take)
}

/// The name and what the role holds.
pub(super) fn enabled_admin(snapshot: &Snapshot<'_>, admin: AdminId) -> Result<Option<(String, AdminGrants)>, Fault> {
    snapshot.optional(
        "select a.name, r.built_in, r.permissions from admins a join admin_roles r on r.id = a.role_id
         where a.id = $1 and a.disabled_at is null",
        params![admin],
        |row| {
            let name = row.take()?;
            let (built_in, permissions): (Option<String>, String) = (row.take()?, row.take()?);
            Ok((name, AdminGrants::of_role(built_in.as_deref(), &permissions)))
        },
    )
}

/// The name, and when identity was last confirmed in this session; `None` when the session is not theirs.
pub(super) fn confirmed_at(
    snapshot: &Snapshot<'_>,
    subject: Subject,
    session: SessionId,
) -> Result<Option<(String, Option<Timestamp>)>, Fault> {
    let sql = match subject {
        Subject::User(_) => {
            "select u.first_name || ' ' || u.last_name, s.confirmed_at from sessions s join users u on u.id = s.user_id
             where s.id = $1 and s.user_id = $2"
        }
        Subject::Admin(_) => {
            "select a.name, s.confirmed_at from admin_sessions s join admins a on a.id = s.admin_id
             where s.id = $1 and s.admin_id = $2 and a.disabled_at is null"
        }
    };
    snapshot.optional(sql, params![session, subject.id()], |row| Ok((row.take()?, row.take()?)))
}

pub(super) fn is_closed(snapshot: &Snapshot<'_>, account: AccountId) -> Result<bool, Fault> {
    let sql = "select 1 from accounts where id = $1 and status = 'closed'";
    Ok(snapshot.optional(sql, params![account], Row::take::<i64>)?.is_some())
}

/// What the credential may do, if it works at this moment: not expired, its admin enabled, its owner still the owner.
pub(super) fn live_credential(snapshot: &Snapshot<'_>, id: ApiCredentialId) -> Result<Option<Live>, Fault> {
    snapshot.optional(
        "select c.name, r.built_in, r.rights, c.account_id, c.admin_id, ar.built_in, coalesce(ar.permissions, ''), c.user_id
         from api_credentials c join api_roles r on r.id = c.role_id
              left join admins a on a.id = c.admin_id and a.disabled_at is null left join admin_roles ar on ar.id = a.role_id
              left join accounts k on k.id = c.account_id
         where c.id = $1 and (c.expires_at is null or c.expires_at > $2)
               and (a.id is not null or (c.admin_id is null and k.owner_id = c.user_id))",
        params![id, snapshot.now()],
        |row| {
            let (name, built_in, rights) = (row.take()?, row.take::<Option<String>>()?, row.take::<String>()?);
            let (account, admin) = (row.take()?, row.take::<Option<AdminId>>()?);
            let (role, permissions) = (row.take::<Option<String>>()?, row.take::<String>()?);
            Ok(Live {
                name,
                rights: ApiRights::of_role(built_in.as_deref(), &rights),
                account,
                admin: admin.map(|id| (id, AdminGrants::of_role(role.as_deref(), &permissions))),
                user: row.take()?,
            })
        },
    )
}

pub(super) fn bump_revision(tx: &Tx<'_>, account: AccountId) -> Result<Option<i64>, Fault> {
    tx.optional("update accounts set revision = revision + 1 where id = $1 returning revision", params![account], |row| {
        row.take()
    })
}
