//! What a node remembers of who may do what, and how it knows that this still holds.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::{Answer, Asker, Changed, Question, Reason};
use crate::access::{Decision, Grants, Ground};
use crate::api_credential::Shown;
use crate::clock::Timestamp;
use crate::id::{AccountId, RoleId, UserId};
use crate::secret::SecretHash;

/// Most users, accounts and memberships that are remembered, together; each takes some 100 bytes.
const MAX_COPIES: usize = 200_000;

/// Most credentials that are remembered, counted by the addresses they come from.
const MAX_ASKERS: usize = 1_000;

/// What holds for everybody.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub must_verify: bool,
    pub everybody: bool,
    pub second_factor_lasts: Duration,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct AccountCopy {
    pub revision: i64,
    pub owner: UserId,
    pub is_closed: bool,
    pub two_factor_required: bool,
    pub allow_sso: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct UserCopy {
    pub is_verified: bool,
    pub has_second_factor: bool,
}

#[derive(Clone, Debug)]
pub(super) struct MemberCopy {
    /// What the membership holds, by its role or singly.
    pub grants: Grants,
    /// Its role, and what that gives.
    pub role: Option<(RoleId, Grants)>,
    pub ends_at: Option<Timestamp>,
}

/// One row of an answer: an account, a user, and what is between them. `None` is what does not exist.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub account_id: AccountId,
    pub user_id: UserId,
    pub account: Option<AccountCopy>,
    pub user: Option<UserCopy>,
    pub member: Option<MemberCopy>,
}

/// What one snapshot says.
#[derive(Debug)]
pub(super) struct Seen {
    /// The last change that the snapshot knows.
    pub head: i64,
    /// What changed since the number that was asked for; `None` when it cannot be told any more.
    pub changes: Option<(i64, Vec<Changed>)>,
    pub rules: Option<Rules>,
    pub facts: Vec<Fact>,
}

/// The copies of one node.
#[derive(Default)]
pub(crate) struct Copies {
    kept: RwLock<Kept>,
    /// Rounds of asking for changes that have begun.
    begun: AtomicU64,
    /// The last round that has ended well. Who holds it asks.
    ended: tokio::sync::Mutex<u64>,
}

#[derive(Default)]
pub(super) struct Kept {
    /// Every change up to this one is known.
    seq: Option<i64>,
    /// The database's version at which that was all.
    version: Option<i64>,
    rules: Option<Rules>,
    accounts: HashMap<AccountId, KeptAccount>,
    users: HashMap<UserId, Option<UserCopy>>,
    askers: HashMap<CallerKey, KeptAsker>,
    size: usize,
}

/// The secret that a credential showed, by its hash, and from where: found without a copy of anything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CallerKey {
    secret: SecretHash,
    ip: Option<IpAddr>,
}

impl CallerKey {
    pub(super) fn new(shown: &Shown, ip: Option<IpAddr>) -> Self {
        Self { secret: shown.secret.hash(), ip }
    }
}

/// A credential that showed its secret beside this identifier, and when it ends.
struct KeptAsker {
    identifier: String,
    asker: Arc<Asker>,
    ends_at: Option<Timestamp>,
}

struct KeptAccount {
    account: Option<AccountCopy>,
    members: HashMap<UserId, Option<MemberCopy>>,
}

impl Copies {
    fn kept(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_mut(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether every change is known that the database had at this version.
    pub(super) fn is_at(&self, version: i64) -> bool {
        self.kept().version == Some(version)
    }

    /// Who asks, if it is known. One whose use is to be noted is asked for anew.
    pub(super) fn asker(&self, key: &CallerKey, identifier: &str, now: Timestamp) -> Option<Arc<Asker>> {
        let kept = self.kept();
        let KeptAsker { identifier: known, asker, ends_at } = kept.askers.get(key)?;
        let lives = ends_at.is_none_or(|end| now < end) && !asker.caller.is_due(now);
        (lives && known == identifier).then(|| Arc::clone(asker))
    }

    /// Remembers who asks, if what was read is as new as what is known.
    pub(super) fn remember_asker(
        &self,
        key: CallerKey,
        identifier: String,
        head: i64,
        asker: &Arc<Asker>,
        ends_at: Option<Timestamp>,
    ) {
        let mut kept = self.kept_mut();
        if kept.seq != Some(head) {
            return;
        }
        if kept.askers.len() >= MAX_ASKERS {
            kept.askers.clear();
        }
        kept.askers.insert(key, KeptAsker { identifier, asker: Arc::clone(asker), ends_at });
    }

    /// All answers, when the copies hold what they rest on. Whether they are fresh is the caller's to know.
    pub(super) fn answer(&self, asked: &[Question], now: Timestamp) -> Option<Vec<Answer>> {
        self.kept().answer(asked, now)
    }

    #[cfg(test)]
    fn hold(&self, asked: &[Question]) -> bool {
        let kept = self.kept();
        kept.rules.is_some() && asked.iter().all(|question| kept.holds(question))
    }

    /// The last change that is known, whether the rules are not, and the pairs that are not.
    pub(super) fn missing(&self, asked: &[Question]) -> (Option<i64>, bool, Vec<(AccountId, UserId)>) {
        let kept = self.kept();
        let missing = asked.iter().filter(|question| !kept.holds(question));
        (kept.seq, kept.rules.is_none(), pairs(missing))
    }

    /// The last change that is known.
    pub(super) fn seq(&self) -> Option<i64> {
        self.kept().seq
    }

    /// Takes in what a snapshot says that began when the database had this version, and answers if that is all it takes.
    pub(super) fn take_in(&self, seen: Seen, version: Option<i64>, asked: &[Question], now: Timestamp) -> Option<Vec<Answer>> {
        let mut kept = self.kept_mut();
        let head = seen.head;
        kept.catch_up(&seen);
        if kept.seq != Some(head) {
            // Others have learnt newer changes meanwhile: what this snapshot says may be over.
            return None;
        }
        kept.version = version;
        kept.remember(seen);
        let answers = kept.answer(asked, now);
        kept.shed();
        answers
    }

    /// Waits until a round of asking for changes has ended that began after this call; `ask` is such a round.
    pub(super) async fn coalesce<E>(&self, ask: impl AsyncFnOnce() -> Result<(), E>) -> Result<(), E> {
        let begun = self.begun.load(Ordering::SeqCst);
        let mut ended = self.ended.lock().await;
        if *ended > begun {
            return Ok(());
        }
        let round = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        ask().await?;
        *ended = round;
        Ok(())
    }
}

/// The pairs that questions are about, each once.
pub(super) fn pairs<'a>(asked: impl Iterator<Item = &'a Question>) -> Vec<(AccountId, UserId)> {
    let mut pairs: Vec<_> = asked.map(|question| (question.account, question.user)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

impl Kept {
    /// Copies of nothing but one snapshot.
    pub(super) fn of(seen: Seen) -> Self {
        let mut kept = Self::default();
        kept.remember(seen);
        kept
    }

    /// Drops what has changed.
    fn catch_up(&mut self, seen: &Seen) {
        if self.seq.is_some_and(|seq| seq >= seen.head) {
            return;
        }
        match (&seen.changes, self.seq) {
            (Some((after, changes)), Some(seq)) if *after <= seq => changes.iter().for_each(|changed| self.forget(*changed)),
            _ => self.forget(Changed::Everything),
        }
        self.seq = Some(seen.head);
        self.version = None;
    }

    fn forget(&mut self, changed: Changed) {
        self.askers.clear();
        match changed {
            Changed::Callers => {}
            Changed::Everything => *self = Self { seq: self.seq, ..Self::default() },
            Changed::User(user) => self.size -= usize::from(self.users.remove(&user).is_some()),
            Changed::Account(account) => {
                self.size -= self.accounts.remove(&account).map_or(0, |kept| 1 + kept.members.len());
            }
        }
    }

    fn remember(&mut self, seen: Seen) {
        self.rules = seen.rules.or(self.rules);
        for Fact { account_id, user_id, account, user, member } in seen.facts {
            if self.users.insert(user_id, user).is_none() {
                self.size += 1;
            }
            let kept = self.accounts.entry(account_id).or_insert_with(|| {
                self.size += 1;
                KeptAccount { account, members: HashMap::new() }
            });
            if kept.members.insert(user_id, member).is_none() {
                self.size += 1;
            }
        }
    }

    /// Drops a quarter, whichever, as soon as there are too many.
    fn shed(&mut self) {
        if self.size <= MAX_COPIES {
            return;
        }
        let mut turn = 0_u8;
        let mut stays = || {
            turn = (turn + 1) % 4;
            turn != 0
        };
        self.users.retain(|_, _| stays());
        self.accounts.retain(|_, _| stays());
        // An account with very many members is no reason to keep more than that.
        if self.accounts.values().map(|kept| kept.members.len()).max() > Some(MAX_COPIES / 2) {
            self.accounts.clear();
        }
        self.size = self.users.len() + self.accounts.values().map(|kept| 1 + kept.members.len()).sum::<usize>();
    }

    fn holds(&self, question: &Question) -> bool {
        let account = self.accounts.get(&question.account);
        account.is_some_and(|kept| kept.members.contains_key(&question.user)) && self.users.contains_key(&question.user)
    }

    /// All answers, when everything they rest on is here.
    pub(super) fn answer(&self, asked: &[Question], now: Timestamp) -> Option<Vec<Answer>> {
        // All at once: an iterator that may end early does not say how many come.
        let mut answers = Vec::with_capacity(asked.len());
        for question in asked {
            answers.push(self.answer_one(question, now)?);
        }
        Some(answers)
    }

    fn answer_one(&self, question: &Question, now: Timestamp) -> Option<Answer> {
        let rules = self.rules.as_ref()?;
        let kept = self.accounts.get(&question.account)?;
        let member = kept.members.get(&question.user)?;
        let user = self.users.get(&question.user)?;
        let no = |reason, revision| Some(Answer { allowed: false, revision, reason });
        let Some(account) = &kept.account else { return no(Reason::UnknownAccount, None) };
        let Some(user) = user else { return no(Reason::UnknownUser, Some(account.revision)) };
        let Some(member) = member else { return no(Reason::NotMember, Some(account.revision)) };
        let ground = ground(rules, account, *user, question.user, member, now);
        let decision = ground.decide(question.permission, question.resource.as_deref());
        let allowed = matches!(decision, Decision::Allowed(_));
        let reason = match (Reason::of(decision), &member.role) {
            (Reason::Grant, Some((id, given))) if gives(given, question) => Reason::Role(*id),
            (reason, _) => reason,
        };
        Some(Answer { allowed, revision: Some(account.revision), reason })
    }
}

fn gives(grants: &Grants, question: &Question) -> bool {
    let on_resource = |resource| grants.has_on(question.permission, resource);
    grants.has(question.permission) || question.resource.as_deref().is_some_and(on_resource)
}

/// What the policy decides on when no session is asked about: who has a second factor could show it.
pub(super) fn ground<'a>(
    rules: &Rules,
    account: &AccountCopy,
    user: UserCopy,
    user_id: UserId,
    member: &'a MemberCopy,
    now: Timestamp,
) -> Ground<'a> {
    Ground {
        is_closed: account.is_closed,
        is_owner: account.owner == user_id,
        grants: &member.grants,
        ends_at: member.ends_at,
        must_verify: rules.must_verify && !user.is_verified,
        // Nobody knows which session a question is about; whose it is enters with any other.
        sso_refused: false,
        two_factor_required: account.two_factor_required || rules.everybody,
        second_factor_at: user.has_second_factor.then_some(now),
        second_factor_lasts: rules.second_factor_lasts,
        now,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Whoever comes while a round is under way may not take its answer: it may have been read before the question.
    #[tokio::test]
    async fn a_question_is_never_answered_by_a_round_that_began_before_it() {
        let copies = Arc::new(Copies::default());
        let rounds = Arc::new(AtomicUsize::new(0));
        let (open, gate) = tokio::sync::watch::channel(false);
        let ask = || {
            let (copies, rounds, mut gate) = (Arc::clone(&copies), Arc::clone(&rounds), gate.clone());
            tokio::spawn(async move {
                let round = async || {
                    rounds.fetch_add(1, Ordering::SeqCst);
                    gate.wait_for(|open| *open).await.map(drop).map_err(|_| ())
                };
                copies.coalesce(round).await
            })
        };
        let first = ask();
        while rounds.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let late: Vec<_> = (0..20).map(|_| ask()).collect();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        open.send(true).unwrap();
        for waiting in late.into_iter().chain([first]) {
            waiting.await.unwrap().unwrap();
        }
        assert_eq!(rounds.load(Ordering::SeqCst), 2, "all who came late share the next round");
    }

    #[tokio::test]
    async fn a_round_that_failed_answers_nobody() {
        let copies = Copies::default();
        assert_eq!(copies.coalesce(async || Err("down")).await, Err("down"));
        let asked = AtomicUsize::new(0);
        let ask = async || {
            asked.fetch_add(1, Ordering::SeqCst);
            Ok::<(), ()>(())
        };
        copies.coalesce(ask).await.unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    fn fact(account: i64, user: i64) -> Fact {
        let copy =
            AccountCopy { revision: 1, owner: UserId(user), is_closed: false, two_factor_required: false, allow_sso: true };
        let user_copy = UserCopy { is_verified: true, has_second_factor: false };
        let member = MemberCopy { grants: Grants::none(), role: None, ends_at: None };
        let (account_id, user_id) = (AccountId(account), UserId(user));
        Fact { account_id, user_id, account: Some(copy), user: Some(user_copy), member: Some(member) }
    }

    fn seen(head: i64, changes: Option<(i64, Vec<Changed>)>, facts: Vec<Fact>) -> Seen {
        let rules = Rules { must_verify: false, everybody: false, second_factor_lasts: Duration::from_hours(1) };
        Seen { head, changes, rules: Some(rules), facts }
    }

    const NOW: Timestamp = Timestamp::from_micros(0);

    fn question(account: i64, user: i64) -> Question {
        let permission = crate::access::Permission::Invoices;
        Question { user: UserId(user), account: AccountId(account), permission, resource: None }
    }

    #[test]
    fn what_a_snapshot_says_is_not_remembered_when_others_know_newer_changes() {
        let copies = Copies::default();
        let asked = [question(1, 1)];
        assert!(copies.take_in(seen(5, None, Vec::new()), None, &[], NOW).is_some());
        assert!(copies.take_in(seen(4, None, vec![fact(1, 1)]), None, &asked, NOW).is_none(), "it is older");
        assert!(!copies.hold(&asked));
        assert!(copies.take_in(seen(5, Some((5, Vec::new())), vec![fact(1, 1)]), None, &asked, NOW).is_some());
        let gone = seen(6, Some((5, vec![Changed::Account(AccountId(1))])), Vec::new());
        copies.take_in(gone, None, &[], NOW);
        assert!(!copies.hold(&asked), "the change dropped it");
    }

    #[test]
    fn a_gap_in_the_changes_drops_everything() {
        let copies = Copies::default();
        let asked = [question(1, 1)];
        copies.take_in(seen(5, None, vec![fact(1, 1)]), None, &asked, NOW);
        assert!(copies.hold(&asked));
        copies.take_in(seen(9_000, None, Vec::new()), None, &[], NOW);
        assert!(!copies.hold(&asked));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let copies = Copies::default();
        let mut after = None;
        for round in 0..300 {
            let facts = (0..1_000).map(|index| fact(round * 1_000 + index, round * 1_000 + index)).collect();
            copies.take_in(seen(1, after, facts), None, &[], NOW);
            after = Some((1, Vec::new()));
            let kept = copies.kept();
            let counted = kept.users.len() + kept.accounts.values().map(|kept| 1 + kept.members.len()).sum::<usize>();
            assert!(counted <= MAX_COPIES && counted == kept.size, "{counted} {}", kept.size);
        }
    }
}
