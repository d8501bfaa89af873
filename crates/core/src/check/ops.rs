use std::collections::{BTreeMap, BTreeSet};

use super::copies::{self, Fact, Kept};
use super::sql::{self, Side};
use super::{Access, Answer, Changed, Error, Fresh, MAX_QUESTIONS, MAX_ROWS, Page, Question, Reason, Scope};
use crate::access::{Denied, Ground, Permission, Who};
use crate::app::{App, Snapshot, Tx};
use crate::error::Fault;
use crate::id::{AccountId, UserId};

/// More changes than this in one transaction are told as a change of everything.
const MAX_CHANGES: usize = 200;
/// How often a question is tried with copies, while others change things faster than they can be read.
const TRIES: usize = 3;

/// Tells all nodes what a transaction may have changed: the last thing it does before it commits.
pub(crate) fn note_changes(tx: &Tx<'_>, changed: BTreeSet<Changed>) -> Result<(), Fault> {
    if changed.is_empty() {
        return Ok(());
    }
    if changed.contains(&Changed::Everything) || changed.len() > MAX_CHANGES {
        return sql::append(tx, &[Changed::Everything]);
    }
    sql::append(tx, &changed.into_iter().collect::<Vec<_>>())
}

/// Answers questions, in their order, all as of one moment after they were asked.
///
/// A caller that is bound to one account learns nothing of others: there everybody looks like a stranger. `at_least` demands
/// that accounts have these revisions.
///
/// # Errors
/// [`Error::TooMany`]; [`Error::NotAsked`]; [`Error::TooOld`] when the database has not seen a demanded revision. It is asked as it is now, so that
/// waiting would not help: it was set back to an earlier state.
pub async fn check(
    app: &App,
    fresh: &Fresh,
    scope: Scope,
    asked: &[Question],
    at_least: &BTreeMap<AccountId, i64>,
) -> Result<Vec<Answer>, Error> {
    for (field, count) in [("checks", asked.len()), ("at_least", at_least.len())] {
        if count > MAX_QUESTIONS {
            return Err(Error::TooMany(field));
        }
    }
    let not_asked: Vec<AccountId> =
        at_least.keys().filter(|account| !asked.iter().any(|question| question.account == **account)).copied().collect();
    if !not_asked.is_empty() {
        return Err(Error::NotAsked(not_asked));
    }
    let Some(scope) = scope.account() else {
        let answers = answer(app, fresh, asked).await?;
        demand(asked, &answers, at_least)?;
        return Ok(answers);
    };
    let inside: Vec<Question> = asked.iter().filter(|question| question.account == scope).cloned().collect();
    let found = answer(app, fresh, &inside).await?;
    demand(&inside, &found, at_least)?;
    let mut found = found.into_iter();
    let answers = asked.iter().map(|question| {
        let answer = if question.account == scope { found.next() } else { None };
        match answer.unwrap_or(Answer { allowed: false, revision: None, reason: Reason::NotMember }) {
            known if known.reason == Reason::UnknownUser => Answer { reason: Reason::NotMember, ..known },
            known => known,
        }
    });
    Ok(answers.collect())
}

fn demand(asked: &[Question], answers: &[Answer], at_least: &BTreeMap<AccountId, i64>) -> Result<(), Error> {
    for (question, answer) in asked.iter().zip(answers) {
        match (at_least.get(&question.account), answer.revision) {
            (Some(wanted), Some(revision)) if revision < *wanted => {
                return Err(Error::TooOld { account: question.account, revision });
            }
            // An account that is gone never comes back: the answer is final.
            _ => {}
        }
    }
    Ok(())
}

async fn answer(app: &App, _fresh: &Fresh, asked: &[Question]) -> Result<Vec<Answer>, Fault> {
    let copies = app.access();
    if let Some(answers) = copies.answer(asked, app.now()) {
        return Ok(answers);
    }
    for _ in 0..TRIES {
        let version = app.database().version();
        let (seq, rules, missing) = copies.missing(asked);
        let seen = app.read(move |snapshot| sql::see(snapshot, seq, &missing, rules)).await?;
        if let Some(answers) = copies.take_in(seen, version, asked, app.now()) {
            return Ok(answers);
        }
    }
    let all = copies::pairs(asked.iter());
    let seen = app.read(move |snapshot| sql::see(snapshot, None, &all, true)).await?;
    Kept::of(seen).answer(asked, app.now()).ok_or_else(|| Fault::Db(crate::db::DbError::NoRow))
}

/// Asks what has changed.
pub(super) async fn learn(app: &App) -> Result<(), Fault> {
    let (version, seq) = (app.database().version(), app.access().seq());
    // One statement, which fits itself.
    let seen = app.read_committed(move |snapshot| sql::changed(snapshot, seq)).await?;
    app.access().take_in(seen, version, &[], app.now());
    Ok(())
}

/// The accounts of a user and what it may do there, in the order of their numbers. `None` when there is no such user, or, for a
/// caller that is bound to one account, when it is no member there.
pub fn accounts_of(
    snapshot: &Snapshot<'_>,
    scope: Scope,
    user: UserId,
    after: Option<AccountId>,
    limit: i64,
) -> Result<Option<Page<AccountId>>, Fault> {
    let scope = scope.account();
    let (found, more) = list(snapshot, Side::User(user, after), scope, limit)?;
    let known = match scope {
        None => match snapshot.myself(user) {
            Ok(_) => true,
            Err(Denied::Fault(fault)) => return Err(fault),
            Err(_) => false,
        },
        Some(account) => !sql::see(snapshot, None, &[(account, user)], false)?.facts.iter().all(|fact| fact.member.is_none()),
    };
    let next = found.last().filter(|_| more).map(|access| access.account);
    Ok(known.then_some(Page { rows: found, next }))
}

/// The users who may do that in an account, in the order of their numbers; `None` when there is no such account for this
/// caller. A page may hold fewer than `limit`, and more follow: those who may not are left out.
pub fn users_who_may(
    snapshot: &Snapshot<'_>,
    scope: Scope,
    account: AccountId,
    permission: Option<Permission>,
    after: Option<UserId>,
    limit: i64,
) -> Result<Option<Page<UserId>>, Fault> {
    let scope = scope.account();
    if scope.is_some_and(|scope| scope != account) || sql::revision(snapshot, account)?.is_none() {
        return Ok(None);
    }
    let (found, more) = list(snapshot, Side::Account(account, after), scope, limit)?;
    let next = found.last().filter(|_| more).map(|access| access.user);
    let may = |access: &Access| permission.is_none_or(|permission| access.permissions.contains(&permission));
    Ok(Some(Page { rows: found.into_iter().filter(may).collect(), next }))
}

/// At most `limit` rows, and whether there are more.
fn list(snapshot: &Snapshot<'_>, side: Side, scope: Option<AccountId>, limit: i64) -> Result<(Vec<Access>, bool), Fault> {
    let rules = sql::rules(snapshot)?;
    let facts = sql::memberships(snapshot, side, scope, limit.saturating_add(1))?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let access = |fact: &Fact| {
        let (account, user, member) = (fact.account.as_ref()?, fact.user?, fact.member.as_ref()?);
        let ground = copies::ground(&rules, account, user, fact.user_id, member, snapshot.now());
        Some(Access::of(&ground, fact.user_id, fact.account_id, account.revision))
    };
    Ok((facts.iter().take(limit).filter_map(access).collect(), facts.len() > limit))
}

/// The accounts of a session's user, or the one account, and what may be done there with this session.
pub(crate) fn accounts_of_session(snapshot: &Snapshot<'_>, who: Who, only: Option<AccountId>) -> Result<Page<AccountId>, Fault> {
    let rules = sql::rules(snapshot)?;
    let facts = sql::memberships(snapshot, Side::User(who.user(), None), only, i64::try_from(MAX_ROWS).unwrap_or(i64::MAX))?;
    let access = |fact: &Fact| {
        let (account, user, member) = (fact.account.as_ref()?, fact.user?, fact.member.as_ref()?);
        let ground = Ground {
            sso_refused: who.is_by_link() && !account.allow_sso,
            two_factor_required: account.two_factor_required || who.must_show_factor(),
            second_factor_at: who.second_factor_at(),
            ..copies::ground(&rules, account, user, fact.user_id, member, snapshot.now())
        };
        Some(Access::of(&ground, fact.user_id, fact.account_id, account.revision))
    };
    let rows: Vec<Access> = facts.iter().filter_map(access).collect();
    let next = rows.last().filter(|_| rows.len() >= MAX_ROWS).map(|access| access.account);
    Ok(Page { rows, next })
}

/// What somebody may do in an account with the session it has: there a second factor counts that was shown lately. `None` when
/// it is no member. Whether somebody else acts in that session, and then where, is for the caller to look at.
pub fn of_session(snapshot: &Snapshot<'_>, who: Who, account: AccountId) -> Result<Option<Access>, Fault> {
    // In this order: what is answered is at least as new as the revision that is told.
    let Some(revision) = sql::revision(snapshot, account)? else { return Ok(None) };
    let Some(standing) = snapshot.standing(who, account)? else { return Ok(None) };
    Ok(Some(Access::of(&standing.ground(), who.user(), account, revision)))
}
