use super::{Filter, Invitation, NewInvitation, State, Times};
use crate::access::{Actor, Allowed, Grants, ManageUsers};
use crate::app::{Asked, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row};
use crate::email::EmailKey;
use crate::error::Fault;
use crate::id::{AccountId, InvitationId, RoleId, UserId};
use crate::params;
use crate::role;
use crate::secret::SecretHash;

/// Neither accepted, declined nor cancelled: pending or expired.
const OPEN: &str = "accepted_at is null and declined_at is null and cancelled_at is null";

const SELECT: &str = "select i.id, i.account_id, a.name, case when a.status = 'closed' then 1 else 0 end, i.email, i.grants,
     i.invited_by_kind, i.invited_by_id, i.invited_by_name, i.sent_at, i.expires_at, i.accepted_at, i.declined_at, i.cancelled_at,
     i.role_id, (select r.name from roles r where r.id = i.role_id), (select r.grants from roles r where r.id = i.role_id),
     case when i.link_told_id is null then 0 else 1 end
     from invitations i join accounts a on a.id = i.account_id";

fn invitation(row: &mut Row) -> Result<Invitation, DbError> {
    let (id, account, account_name, account_closed) = (row.take()?, row.take()?, row.take()?, row.take()?);
    let (email, single): (_, Grants) = (row.take()?, row.take()?);
    let (invited_by, sent_at) = (Actor { kind: row.take()?, id: row.take()?, name: row.take()? }, row.take()?);
    let times = Times { expires_at: row.take()?, accepted_at: row.take()?, declined_at: row.take()?, cancelled_at: row.take()? };
    let (role, name): (Option<RoleId>, Option<String>) = (row.take()?, row.take()?);
    let grants = single.union(&row.take::<Option<Grants>>()?.unwrap_or_default());
    let role = role.zip(name).map(|(id, name)| role::Held { id, name });
    let link_told = row.take()?;
    Ok(Invitation {
        id,
        account,
        account_name,
        account_closed,
        email,
        grants,
        single,
        role,
        invited_by,
        sent_at,
        times,
        link_told,
    })
}

pub(super) fn find(snapshot: &Snapshot<'_>, account: AccountId, id: InvitationId) -> Result<Option<Invitation>, Fault> {
    snapshot.optional(&format!("{SELECT} where i.account_id = $1 and i.id = $2"), params![account, id], invitation)
}

pub(super) fn by_token(snapshot: &Snapshot<'_>, hash: &SecretHash) -> Result<Option<Invitation>, Fault> {
    snapshot.optional(&format!("{SELECT} where i.token_hash = $1"), params![hash], invitation)
}

pub(super) fn pending<'a>(snapshot: &'a Snapshot<'_>, account: AccountId) -> Result<Asked<'a, Vec<Invitation>>, Fault> {
    snapshot.ask(
        &format!("{SELECT} where i.account_id = $1 and {OPEN} order by i.sent_at desc, i.id desc limit 1000"),
        params![account],
        invitation,
    )
}

pub(super) fn count_pending(snapshot: &Snapshot<'_>, account: AccountId) -> Result<i64, Fault> {
    snapshot.one(&format!("select count(*) from invitations i where i.account_id = $1 and {OPEN}"), params![account], Row::take)
}

pub(super) fn accepted_by(snapshot: &Snapshot<'_>, user: UserId) -> Result<Vec<Invitation>, Fault> {
    snapshot.all(
        &format!("{SELECT} where i.accepted_by = $1 order by i.accepted_at desc, i.id desc limit 200"),
        params![user],
        invitation,
    )
}

pub(super) fn is_member(snapshot: &Snapshot<'_>, account: AccountId, email: &EmailKey) -> Result<bool, Fault> {
    snapshot.one(
        "select count(*) from memberships m join users u on u.id = m.user_id join accounts a on a.id = m.account_id
         where m.account_id = $1 and u.email_key = $2 and (m.ends_at is null or m.ends_at > $3 or a.owner_id = m.user_id)",
        params![account, email, snapshot.now()],
        Row::take,
    )
}

pub(super) fn is_closed(snapshot: &Snapshot<'_>, account: AccountId) -> Result<bool, Fault> {
    snapshot.one("select case when status = 'closed' then 1 else 0 end from accounts where id = $1", params![account], |row| {
        row.take()
    })
}

/// An expired invitation makes room for a new one to the same address; it is returned.
pub(super) fn retire_expired(tx: &Tx<'_>, account: AccountId, email: &EmailKey) -> Result<Option<InvitationId>, Fault> {
    tx.optional(
        &format!(
            "update invitations set cancelled_at = $1
             where account_id = $2 and email_key = $3 and expires_at <= $1 and {OPEN} returning id"
        ),
        params![tx.now(), account, email],
        Row::take,
    )
}

/// The first link of an invitation.
pub(super) struct Link {
    pub hash: SecretHash,
    pub expires_at: Timestamp,
    /// Whose credential is told it.
    pub told: Option<UserId>,
}

/// `None` when the address has an open invitation.
pub(super) fn insert(
    tx: &Tx<'_>,
    by: &Allowed<ManageUsers>,
    new: &NewInvitation,
    link: &Link,
) -> Result<Option<InvitationId>, Fault> {
    tx.optional(
        &format!(
            "insert into invitations (account_id, email, email_key, grants, token_hash, invited_by_kind, invited_by_id,
                    invited_by_name, created_at, sent_at, expires_at, answers_id, role_id, link_told_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12, $13)
             on conflict (account_id, email_key) where {OPEN} do nothing returning id"
        ),
        params![
            by.account(),
            new.email,
            new.email.key(),
            new.grants,
            link.hash,
            by.actor().kind.key(),
            by.actor().id,
            by.actor().name,
            tx.now(),
            link.expires_at,
            by.user(),
            new.role,
            link.told
        ],
        Row::take,
    )
}

pub(super) fn pending_for(snapshot: &Snapshot<'_>, account: AccountId, email: &EmailKey) -> Result<Option<InvitationId>, Fault> {
    snapshot.optional(
        &format!("select id from invitations where account_id = $1 and email_key = $2 and {OPEN}"),
        params![account, email],
        Row::take,
    )
}

/// The pending invitation of an address; an expired one is none.
pub(super) fn open_for(snapshot: &Snapshot<'_>, account: AccountId, email: &EmailKey) -> Result<Option<InvitationId>, Fault> {
    snapshot.optional(
        &format!("select id from invitations where account_id = $1 and email_key = $2 and expires_at > $3 and {OPEN}"),
        params![account, email, snapshot.now()],
        Row::take,
    )
}

pub(super) fn list(snapshot: &Snapshot<'_>, account: AccountId, filter: Filter, limit: i64) -> Result<Vec<Invitation>, Fault> {
    // In the order of `Times::state`; every text names the moment, so that each has the same arguments.
    let state = match filter.state {
        None => "$4 = $4".to_owned(),
        Some(State::Pending) => format!("i.expires_at > $4 and i.{}", OPEN.replace(" and ", " and i.")),
        Some(State::Expired) => format!("i.expires_at <= $4 and i.{}", OPEN.replace(" and ", " and i.")),
        Some(State::Accepted) => "$4 = $4 and i.accepted_at is not null".to_owned(),
        Some(State::Declined) => "$4 = $4 and i.accepted_at is null and i.declined_at is not null".to_owned(),
        Some(State::Cancelled) => {
            "$4 = $4 and i.accepted_at is null and i.declined_at is null and i.cancelled_at is not null".to_owned()
        }
    };
    snapshot.all(
        &format!("{SELECT} where i.account_id = $1 and ($2 is null or i.id < $2) and {state} order by i.id desc limit $3"),
        params![account, filter.before, limit, snapshot.now()],
        invitation,
    )
}

/// `told` is whose credential is told the link. The link before is dead, so it no longer matters who knew that.
pub(super) fn renew(
    tx: &Tx<'_>,
    id: InvitationId,
    hash: &SecretHash,
    expires_at: Timestamp,
    told: Option<UserId>,
) -> Result<bool, Fault> {
    let renewed = tx.execute(
        &format!(
            "update invitations set token_hash = $1, sent_at = $2, expires_at = $3, expiry_told_at = null, link_told_id = $4,
                    registrations_asked = 0
             where id = $5 and {OPEN}"
        ),
        params![hash, tx.now(), expires_at, told, id],
    )?;
    Ok(renewed == 1)
}

/// Invitations that have expired and of which the log does not tell yet, marked as told: account, its name, address.
pub(super) fn take_expired(tx: &Tx<'_>, limit: i64) -> Result<Vec<(AccountId, String, String)>, Fault> {
    tx.all(
        &format!(
            "update invitations set expiry_told_at = $1 where id in (
                 select id from invitations where expires_at <= $1 and {OPEN} and expiry_told_at is null
                 order by expires_at, id limit $2{})
             returning account_id, (select a.name from accounts a where a.id = account_id), email",
            tx.skip_locked()
        ),
        params![tx.now(), limit],
        |row| Ok((row.take()?, row.take()?, row.take()?)),
    )
}

pub(super) fn cancel(tx: &Tx<'_>, id: InvitationId) -> Result<bool, Fault> {
    end(tx, "cancelled_at", id)
}

pub(super) fn decline(tx: &Tx<'_>, id: InvitationId) -> Result<bool, Fault> {
    end(tx, "declined_at", id)
}

fn end(tx: &Tx<'_>, column: &str, id: InvitationId) -> Result<bool, Fault> {
    let ended = tx.execute(&format!("update invitations set {column} = $1 where id = $2 and {OPEN}"), params![tx.now(), id])?;
    Ok(ended == 1)
}

/// Ends the open invitations that a user answers for or whose links its credential was told, and returns them with their addresses.
pub(super) fn cancel_sent_by(tx: &Tx<'_>, account: AccountId, sender: UserId) -> Result<Vec<(InvitationId, String)>, Fault> {
    tx.all(
        &format!(
            "update invitations set cancelled_at = $1
             where account_id = $2 and (answers_id = $3 or link_told_id = $3) and {OPEN} returning id, email"
        ),
        params![tx.now(), account, sender],
        |row| Ok((row.take()?, row.take()?)),
    )
}

/// `false` when as many were asked for as may be.
pub(super) fn count_registration(tx: &Tx<'_>, id: InvitationId, max: i64) -> Result<bool, Fault> {
    let sql = "update invitations set registrations_asked = registrations_asked + 1 where id = $1 and registrations_asked < $2";
    Ok(tx.execute(sql, params![id, max])? == 1)
}

/// How many registrations by mail were asked for through this link.
pub(super) fn registrations_asked(snapshot: &Snapshot<'_>, hash: &SecretHash) -> Result<i64, Fault> {
    let sql = "select registrations_asked from invitations where token_hash = $1";
    Ok(snapshot.optional(sql, params![hash], Row::take)?.unwrap_or(0))
}

/// Marks the invitation as accepted; `false` when somebody else was first.
pub(super) fn take(tx: &Tx<'_>, id: InvitationId, user: UserId, email: &str) -> Result<bool, Fault> {
    let taken = tx.execute(
        &format!(
            "update invitations set accepted_at = $1, accepted_by = $2, accepted_as = $3
             where id = $4 and expires_at > $1 and {OPEN}"
        ),
        params![tx.now(), user, email, id],
    )?;
    Ok(taken == 1)
}

pub(super) fn account_of_token(snapshot: &Snapshot<'_>, hash: &SecretHash) -> Result<Option<AccountId>, Fault> {
    snapshot.optional("select account_id from invitations where token_hash = $1", params![hash], Row::take)
}

/// Address and sealed secret of an open invitation whose mail still waits.
pub(super) fn sealed_link(
    snapshot: &Snapshot<'_>,
    account: AccountId,
    id: InvitationId,
) -> Result<Option<(String, Vec<u8>)>, Fault> {
    snapshot.optional(
        &format!(
            "select i.email, m.sealed_secret from invitations i join mails m on m.invitation_id = i.id
             where i.account_id = $1 and i.id = $2 and i.expires_at > $3 and i.{} and m.sealed_secret is not null
             order by m.id desc limit 1",
            OPEN.replace(" and ", " and i.")
        ),
        params![account, id, snapshot.now()],
        |row| Ok((row.take()?, row.take()?)),
    )
}
