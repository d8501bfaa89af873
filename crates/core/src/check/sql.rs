use super::Changed;
use super::copies::{AccountCopy, Fact, MemberCopy, Rules, Seen, UserCopy};
use crate::access::Grants;
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row, ToValue, Value};
use crate::error::Fault;
use crate::id::{AccountId, ApiCredentialId, RoleId, UserId};
use crate::params;
use crate::settings::{self, Verification};

/// Changes that are kept for nodes to learn. A node that missed more forgets everything it remembers.
const KEPT: i64 = 10_000;
/// Changes that are learnt at once.
const AT_ONCE: i64 = 1_000;
/// Pairs that one statement asks for: few sizes, so that few statements are prepared.
const SIZES: [usize; 3] = [1, 32, 1_000];

/// The number that no account has: a row that names it tells of callers.
const NO_ACCOUNT: AccountId = AccountId(0);

/// Adds changes and holds the head, so that the next in line commits after this transaction.
pub(super) fn append(tx: &Tx<'_>, changed: &[Changed]) -> Result<(), Fault> {
    let count = i64::try_from(changed.len()).unwrap_or(i64::MAX);
    let head: i64 = tx.one("update access_head set seq = seq + $1 where id = 1 returning seq", params![count], Row::take)?;
    let ids = |changed: &Changed| match changed {
        Changed::Everything => (None, None),
        Changed::Account(account) => (Some(*account), None),
        Changed::User(user) => (None, Some(*user)),
        Changed::Callers => (Some(NO_ACCOUNT), None),
    };
    for (seq, (account, user)) in (head - count + 1..).zip(changed.iter().map(ids)) {
        tx.put("insert into access_changes (seq, account_id, user_id) values ($1, $2, $3)", params![seq, account, user])?;
    }
    tx.put("delete from access_changes where seq <= $1", params![head - KEPT])
}

/// What changed after `after`: one statement, and so of one moment without a snapshot, too.
pub(super) fn changed(snapshot: &Snapshot<'_>, after: Option<i64>) -> Result<Seen, Fault> {
    let (head, changes) = changes(snapshot, after)?;
    Ok(Seen { head, changes, rules: None, facts: Vec::new() })
}

/// What the snapshot says: what changed after `after`, these pairs, and the rules if they are wanted.
pub(super) fn see(
    snapshot: &Snapshot<'_>,
    after: Option<i64>,
    pairs: &[(AccountId, UserId)],
    with_rules: bool,
) -> Result<Seen, Fault> {
    let changed = changed(snapshot, after)?;
    let rules = if with_rules { Some(rules(snapshot)?) } else { None };
    Ok(Seen { rules, facts: facts(snapshot, pairs)?, ..changed })
}

type Changes = Option<(i64, Vec<Changed>)>;

fn changes(snapshot: &Snapshot<'_>, after: Option<i64>) -> Result<(i64, Changes), Fault> {
    let since = after.unwrap_or(i64::MAX);
    let rows = snapshot.all(
        "select h.seq, c.seq, c.account_id, c.user_id
         from access_head h left join access_changes c on c.seq > $1 order by c.seq limit $2",
        params![since, AT_ONCE],
        |row| Ok((row.take::<i64>()?, row.take::<Option<i64>>()?, row.take::<Option<AccountId>>()?, row.take()?)),
    )?;
    let head = rows.first().map(|(head, ..)| *head).ok_or(Fault::Db(DbError::NoRow))?;
    let changed: Vec<Changed> = rows
        .into_iter()
        .filter(|(_, seq, ..)| seq.is_some())
        .map(|(_, _, account, user): (_, _, _, Option<UserId>)| match (account, user) {
            (Some(NO_ACCOUNT), _) => Changed::Callers,
            (Some(account), _) => Changed::Account(account),
            (None, Some(user)) => Changed::User(user),
            (None, None) => Changed::Everything,
        })
        .collect();
    // One that is missing has been swept, or did not fit.
    let whole = |after: &i64| i64::try_from(changed.len()).is_ok_and(|count| count == head - *after);
    let known = after.filter(whole);
    Ok((head, known.map(|after| (after, changed))))
}

/// What holds for everybody.
pub(super) fn rules(snapshot: &Snapshot<'_>) -> Result<Rules, Fault> {
    let security = settings::security(snapshot)?;
    Ok(Rules {
        must_verify: settings::verification(snapshot)? == Verification::Required,
        everybody: security.everybody,
        second_factor_lasts: security.second_factor,
    })
}

/// An account, a user, and the membership between them.
const COLUMNS: &str = "a.id, a.revision, a.owner_id, case when a.status = 'closed' then 1 else 0 end,
    case when a.two_factor_required_at is null then 0 else 1 end, coalesce(a.allow_sso, 0),
    u.id, case when u.verified_at is null then 0 else 1 end,
    case when exists (select 1 from authenticators f where f.user_id = u.id and f.confirmed_at is not null)
              or exists (select 1 from passkeys p where p.user_id = u.id) then 1 else 0 end,
    m.user_id, m.grants, m.role_id, (select r.grants from roles r where r.id = m.role_id), m.ends_at";

fn account(row: &mut Row) -> Result<Option<AccountCopy>, DbError> {
    let known: Option<AccountId> = row.take()?;
    let (revision, owner) = (row.take::<Option<i64>>()?, row.take::<Option<UserId>>()?);
    let (is_closed, two_factor_required, allow_sso) = (row.take()?, row.take()?, row.take()?);
    Ok(known.and_then(|_| Some(AccountCopy { revision: revision?, owner: owner?, is_closed, two_factor_required, allow_sso })))
}

fn user(row: &mut Row) -> Result<Option<UserCopy>, DbError> {
    let known: Option<UserId> = row.take()?;
    let found = UserCopy { is_verified: row.take()?, has_second_factor: row.take()? };
    Ok(known.map(|_| found))
}

fn member(row: &mut Row) -> Result<Option<MemberCopy>, DbError> {
    let known: Option<UserId> = row.take()?;
    let (single, role, given, ends_at) =
        (row.take::<Option<String>>()?, row.take::<Option<RoleId>>()?, row.take::<Option<String>>()?, row.take()?);
    let role = role.zip(given).map(|(id, given)| (id, Grants::parse(&given)));
    Ok(known.and(single).map(|single| {
        let single = Grants::parse(&single);
        let grants = role.as_ref().map_or_else(|| single.clone(), |(_, given)| single.union(given));
        MemberCopy { grants, role, ends_at }
    }))
}

fn facts(snapshot: &Snapshot<'_>, pairs: &[(AccountId, UserId)]) -> Result<Vec<Fact>, Fault> {
    let mut found = Vec::with_capacity(pairs.len());
    let largest = SIZES.into_iter().max().unwrap_or(1);
    for chunk in pairs.chunks(largest) {
        let size = SIZES.into_iter().find(|size| *size >= chunk.len()).unwrap_or(largest);
        let asked: Vec<String> = (0..size).map(|index| format!("(${}, ${})", 2 * index + 1, 2 * index + 2)).collect();
        // The last is asked for again until the statement is full.
        let filler = chunk.last().into_iter().cycle().take(size - chunk.len());
        let arguments: Vec<Value> =
            chunk.iter().chain(filler).flat_map(|(account, user)| [account.to_value(), user.to_value()]).collect();
        let sql = format!(
            "with asked (account_id, user_id) as (values {}) select k.account_id, k.user_id, {COLUMNS} from asked k
             left join accounts a on a.id = k.account_id left join users u on u.id = k.user_id
             left join memberships m on m.account_id = k.account_id and m.user_id = k.user_id",
            asked.join(", ")
        );
        found.extend(snapshot.all(&sql, &arguments, |row| {
            let (account_id, user_id) = (row.take()?, row.take()?);
            Ok(Fact { account_id, user_id, account: account(row)?, user: user(row)?, member: member(row)? })
        })?);
    }
    Ok(found)
}

/// Memberships of a user or of an account, in the order of the other id.
pub(super) fn memberships(snapshot: &Snapshot<'_>, side: Side, scope: Option<AccountId>, limit: i64) -> Result<Vec<Fact>, Fault> {
    let (of, after, condition) = match side {
        Side::User(user, after) => {
            (user.0, after.map_or(0, |after| after.0), "m.user_id = $1 and m.account_id > $2 order by m.account_id")
        }
        Side::Account(account, after) => {
            (account.0, after.map_or(0, |after| after.0), "m.account_id = $1 and m.user_id > $2 order by m.user_id")
        }
    };
    let sql = format!(
        "select m.account_id, m.user_id, {COLUMNS} from memberships m join accounts a on a.id = m.account_id
         join users u on u.id = m.user_id where ($3 is null or m.account_id = $3) and {condition} limit $4"
    );
    snapshot.all(&sql, params![of, after, scope, limit], |row| {
        let (account_id, user_id) = (row.take()?, row.take()?);
        Ok(Fact { account_id, user_id, account: account(row)?, user: user(row)?, member: member(row)? })
    })
}

/// Whose memberships, after which.
#[derive(Clone, Copy)]
pub(super) enum Side {
    /// The accounts of a user.
    User(UserId, Option<AccountId>),
    /// The users of an account.
    Account(AccountId, Option<UserId>),
}

/// When a credential ends by itself.
pub(super) fn ends_at(snapshot: &Snapshot<'_>, credential: ApiCredentialId) -> Result<Option<Timestamp>, Fault> {
    let ends_at = snapshot.optional("select expires_at from api_credentials where id = $1", params![credential], Row::take)?;
    Ok(ends_at.flatten())
}

/// An account's revision.
pub(super) fn revision(snapshot: &Snapshot<'_>, account: AccountId) -> Result<Option<i64>, Fault> {
    snapshot.optional("select revision from accounts where id = $1", params![account], Row::take)
}
