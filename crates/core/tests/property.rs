//! Random sequences of changes, each compared with a small model of who may do what.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use latchkey_core::access::{
    DeleteAccounts, EditDetails, Enter, Grants, ManageContacts, ManageUsers, Permission, TransferOwnership, Who,
};
use latchkey_core::app::App;
use latchkey_core::error::HasKind;
use latchkey_core::id::{AccountId, AdminId, InvitationId, UserId};
use latchkey_core::invitation::VALID_FOR;
use latchkey_core::membership::Mine;
use latchkey_core::secret::Secret;
use latchkey_core::testing::TestApp;
use latchkey_core::{account, event, membership};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::*;

/// The addresses of the users, and three of nobody.
const ADDRESSES: usize = USERS + 3;

/// One call. Users, accounts, addresses and invitations are numbered in the order they were made.
#[derive(Clone, Debug)]
enum Step {
    Associate { account: usize, user: usize, keys: &'static str },
    SetGrants { by: usize, account: usize, user: usize, keys: &'static str },
    Remove { by: usize, account: usize, user: usize },
    Leave { account: usize, user: usize },
    MakeOwner { account: usize, user: usize },
    Send { by: usize, account: usize, to: usize, keys: &'static str },
    Resend { by: usize, link: usize },
    Cancel { by: usize, link: usize },
    Accept { user: usize, link: usize },
    Decline { link: usize },
    Close { account: usize },
    Reopen { account: usize },
    DeleteAccount { account: usize, orphans: bool },
    DeleteUser { user: usize },
    Wait { days: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (user, account, link) = (0..USERS, 0..ACCOUNTS, 0..8_usize);
    let keys = prop::sample::select(vec![
        "",
        "invoices",
        "profile",
        "contacts users",
        "users invoices profile contacts",
        "invoices tickets",
    ]);
    let step = prop_oneof![
        6 => (account.clone(), user.clone(), keys.clone()).prop_map(|(account, user, keys)| Step::Associate { account, user, keys }),
        6 => (user.clone(), account.clone(), user.clone(), keys.clone())
            .prop_map(|(by, account, user, keys)| Step::SetGrants { by, account, user, keys }),
        4 => (user.clone(), account.clone(), user.clone()).prop_map(|(by, account, user)| Step::Remove { by, account, user }),
        2 => (account.clone(), user.clone()).prop_map(|(account, user)| Step::Leave { account, user }),
        3 => (account.clone(), user.clone()).prop_map(|(account, user)| Step::MakeOwner { account, user }),
        8 => (user.clone(), account.clone(), 0..ADDRESSES, keys)
            .prop_map(|(by, account, to, keys)| Step::Send { by, account, to, keys }),
        3 => (user.clone(), link.clone()).prop_map(|(by, link)| Step::Resend { by, link }),
        2 => (user.clone(), link.clone()).prop_map(|(by, link)| Step::Cancel { by, link }),
        8 => (user.clone(), link.clone()).prop_map(|(user, link)| Step::Accept { user, link }),
        1 => link.prop_map(|link| Step::Decline { link }),
        1 => account.clone().prop_map(|account| Step::Close { account }),
        2 => account.clone().prop_map(|account| Step::Reopen { account }),
        1 => (account, any::<bool>()).prop_map(|(account, orphans)| Step::DeleteAccount { account, orphans }),
        1 => user.prop_map(|user| Step::DeleteUser { user }),
        1 => (1..5_u64).prop_map(|days| Step::Wait { days }),
    ];
    prop::collection::vec(step, 1..40)
}

// The model.

type Held = BTreeSet<&'static str>;

fn set(keys: &'static str) -> Held {
    keys.split_ascii_whitespace().collect()
}

#[derive(Clone, Debug)]
struct Account {
    owner: usize,
    closed: bool,
    /// What is stored for each member; of no meaning for the owner.
    members: BTreeMap<usize, Held>,
}

#[derive(Clone, Debug)]
struct Link {
    account: usize,
    /// Who sent it first and so answers for it.
    sender: usize,
    to: usize,
    offers: Held,
    /// Neither accepted nor declined nor cancelled.
    open: bool,
    until: Duration,
}

#[derive(Clone, Debug, Default)]
struct Model {
    now: Duration,
    users: BTreeSet<usize>,
    accounts: BTreeMap<usize, Account>,
    links: Vec<Link>,
}

impl Model {
    fn new() -> Self {
        let accounts = (0..ACCOUNTS).map(|index| {
            let members = BTreeMap::from([(index, Grants::all().iter().map(Permission::key).collect())]);
            (index, Account { owner: index, closed: false, members })
        });
        Self { users: (0..USERS).collect(), accounts: accounts.collect(), ..Self::default() }
    }

    fn may(&self, user: usize, account: usize, permission: &str) -> bool {
        self.accounts.get(&account).is_some_and(|account| {
            !account.closed && (account.owner == user || account.members.get(&user).is_some_and(|held| held.contains(permission)))
        })
    }

    fn may_enter(&self, user: usize, account: usize) -> bool {
        self.accounts.get(&account).is_some_and(|account| !account.closed && account.members.contains_key(&user))
    }

    /// Whether `by` may give these or touch somebody who holds them.
    fn reaches(&self, by: usize, account: usize, held: &Held) -> bool {
        let account = &self.accounts[&account];
        account.owner == by || (account.members[&by].is_superset(held) && !held.contains("users"))
    }

    /// Whether the call succeeds; what changes then is changed here.
    fn take(&mut self, step: &Step) -> bool {
        match *step {
            Step::Associate { account, user, keys } => self.associate(account, user, keys),
            Step::SetGrants { by, account, user, keys } => {
                self.touches(by, account, user) && self.reaches(by, account, &set(keys)) && {
                    let before = self.accounts.get_mut(&account).unwrap().members.insert(user, set(keys)).unwrap();
                    if before.contains("users") && !set(keys).is_superset(&before) {
                        self.take_back(account, user);
                    }
                    true
                }
            }
            Step::Remove { by, account, user } => self.touches(by, account, user) && self.end(account, user),
            Step::Leave { account, user } => {
                self.may_enter(user, account) && self.accounts[&account].owner != user && self.end(account, user)
            }
            Step::MakeOwner { account, user } => self.make_owner(account, user),
            Step::Send { by, account, to, keys } => self.send(by, account, to, keys),
            Step::Resend { by, link } => {
                self.changes(by, link) && {
                    let until = self.now + VALID_FOR;
                    self.links[link].until = until;
                    true
                }
            }
            Step::Cancel { by, link } => self.changes(by, link) && std::mem::take(&mut self.links[link].open),
            Step::Accept { user, link } => self.accept(user, link),
            Step::Decline { link } => self.works(link) && std::mem::take(&mut self.links[link].open),
            Step::Close { account } => self.set_closed(account, true),
            Step::Reopen { account } => self.set_closed(account, false),
            Step::DeleteAccount { account, orphans } => self.delete_account(account, orphans),
            Step::DeleteUser { user } => self.is_orphan(user) && self.users.remove(&user),
            Step::Wait { days } => {
                self.now += Duration::from_hours(24 * days);
                true
            }
        }
    }

    fn associate(&mut self, account: usize, user: usize, keys: &'static str) -> bool {
        let exists = self.users.contains(&user);
        match self.accounts.get_mut(&account) {
            Some(account) if exists && !account.members.contains_key(&user) => account.members.insert(user, set(keys)).is_none(),
            _ => false,
        }
    }

    fn touches(&self, by: usize, account: usize, user: usize) -> bool {
        self.may(by, account, "users")
            && self.accounts[&account].owner != user
            && self.accounts[&account].members.get(&user).is_some_and(|held| self.reaches(by, account, held))
    }

    fn end(&mut self, account: usize, user: usize) -> bool {
        self.take_back(account, user);
        self.accounts.get_mut(&account).unwrap().members.remove(&user).is_some()
    }

    /// Who may give less takes back what it has sent: it would get that again by a link of its own.
    fn take_back(&mut self, account: usize, sender: usize) {
        for link in self.links.iter_mut().filter(|link| link.account == account && link.sender == sender) {
            link.open = false;
        }
    }

    fn make_owner(&mut self, index: usize, user: usize) -> bool {
        let Some(account) = self.accounts.get_mut(&index) else { return false };
        if account.owner == user || !account.members.contains_key(&user) {
            return false;
        }
        account.members.insert(account.owner, Grants::all().iter().map(Permission::key).collect());
        let before = std::mem::replace(&mut account.owner, user);
        self.take_back(index, before);
        true
    }

    fn send(&mut self, by: usize, account: usize, to: usize, keys: &'static str) -> bool {
        let offers = set(keys);
        if !self.may(by, account, "users") || !self.reaches(by, account, &offers) {
            return false;
        }
        let pending = |link: &Link| link.open && link.account == account && link.to == to;
        if self.accounts[&account].members.contains_key(&to)
            || self.links.iter().any(|link| pending(link) && link.until > self.now)
        {
            return false;
        }
        for link in self.links.iter_mut().filter(|link| pending(link)) {
            link.open = false;
        }
        self.links.push(Link { account, sender: by, to, offers, open: true, until: self.now + VALID_FOR });
        true
    }

    fn changes(&self, by: usize, link: usize) -> bool {
        self.links
            .get(link)
            .is_some_and(|link| link.open && self.may(by, link.account, "users") && self.reaches(by, link.account, &link.offers))
    }

    fn works(&self, link: usize) -> bool {
        self.links.get(link).is_some_and(|link| link.open && link.until > self.now && self.accounts.contains_key(&link.account))
    }

    fn accept(&mut self, user: usize, link: usize) -> bool {
        if !self.works(link) || !self.users.contains(&user) {
            return false;
        }
        let link = &mut self.links[link];
        let account = self.accounts.get_mut(&link.account).unwrap();
        if account.closed || account.owner == user {
            return false;
        }
        account.members.entry(user).or_default().extend(&link.offers);
        link.open = false;
        true
    }

    fn set_closed(&mut self, account: usize, closed: bool) -> bool {
        self.accounts.get_mut(&account).map(|account| account.closed = closed).is_some()
    }

    fn is_orphan(&self, user: usize) -> bool {
        self.users.contains(&user) && !self.accounts.values().any(|account| account.members.contains_key(&user))
    }

    fn delete_account(&mut self, account: usize, orphans: bool) -> bool {
        let Some(deleted) = self.accounts.remove(&account) else { return false };
        for user in deleted.members.keys().filter(|_| orphans) {
            if self.is_orphan(*user) {
                self.users.remove(user);
            }
        }
        true
    }
}

// The real one.

struct Real {
    app: TestApp,
    admin: AdminId,
    users: Vec<UserId>,
    accounts: Vec<AccountId>,
    links: Vec<(InvitationId, usize, Secret)>,
}

impl Real {
    async fn new(app: TestApp) -> Self {
        let admin = staff(&app).await;
        let (users, accounts) = crowd(&app).await;
        Self { app, admin, users, accounts, links: Vec::new() }
    }

    /// Makes the call and tells whether it succeeded.
    async fn take(&mut self, step: &Step) -> bool {
        let (node, users, accounts) = (self.app.app.clone(), &self.users, &self.accounts);
        match *step {
            Step::Associate { account, user, keys } => told(&associate(&node, accounts[account], users[user], keys).await),
            Step::SetGrants { by, account, user, keys } => {
                told(&set_grants(&node, users[by], accounts[account], users[user], keys).await)
            }
            Step::Remove { by, account, user } => told(&remove(&node, users[by], accounts[account], users[user]).await),
            Step::Leave { account, user } => told(&leave(&node, users[user], accounts[account]).await),
            Step::MakeOwner { account, user } => told(&make_owner(&node, accounts[account], users[user]).await),
            Step::Send { by, account, to, keys } => self.send(by, account, to, keys).await,
            Step::Resend { by, link } => self.resend(by, link).await,
            Step::Cancel { by, link } => match self.links.get(link) {
                Some((id, account, _)) => told(&cancel(&node, users[by], accounts[*account], *id).await),
                None => false,
            },
            Step::Accept { user, link } => match self.links.get(link) {
                Some((_, _, secret)) => told(&accept(&node, users[user], secret).await),
                None => false,
            },
            Step::Decline { link } => match self.links.get(link) {
                Some((_, _, secret)) => told(&decline(&node, secret).await),
                None => false,
            },
            Step::Close { account } => self.set_closed(accounts[account], true).await,
            Step::Reopen { account } => self.set_closed(accounts[account], false).await,
            Step::DeleteAccount { account, orphans } => self.delete_account(accounts[account], orphans).await,
            Step::DeleteUser { user } => told(&delete_user(&node, self.admin, users[user]).await),
            Step::Wait { days } => {
                self.app.clock.advance(Duration::from_hours(24 * days));
                true
            }
        }
    }

    async fn send(&mut self, by: usize, account: usize, to: usize, keys: &'static str) -> bool {
        let to = if to < USERS { format!("USER{to}@example.com") } else { format!("nobody{to}@example.com") };
        let sent = send(&self.app.app, self.users[by], self.accounts[account], &to, keys).await;
        if let Ok(id) = sent {
            let link = latest_link(&self.app).await;
            self.links.push((id, account, link));
        }
        told(&sent)
    }

    async fn resend(&mut self, by: usize, link: usize) -> bool {
        let Some((id, account, _)) = self.links.get(link).cloned() else { return false };
        let resent = resend(&self.app.app, self.users[by], self.accounts[account], id).await;
        if resent.is_ok() {
            self.links[link].2 = latest_link(&self.app).await;
        }
        told(&resent)
    }

    async fn set_closed(&self, account: AccountId, closed: bool) -> bool {
        let set = as_staff(&self.app.app, self.admin, move |tx, by| {
            if closed { account::close(tx, by, account) } else { account::reopen(tx, by, account) }
        });
        told(&set.await)
    }

    async fn delete_account(&self, account: AccountId, orphans: bool) -> bool {
        let deleted = as_staff::<DeleteAccounts, _, _>(&self.app.app, self.admin, move |tx, by| {
            if orphans {
                account::delete_with_orphans(tx, by, &confirmed(), account).map(drop)
            } else {
                account::delete(tx, by, &confirmed(), account)
            }
        });
        told(&deleted.await)
    }

    async fn look(&self, node: &App) -> Seen {
        let (users, accounts, admin) = (self.users.clone(), self.accounts.clone(), self.admin);
        let seen = node.read(move |snapshot| {
            let mut seen = Seen::default();
            for (index, account) in accounts.iter().enumerate() {
                if let Some(found) = account::find(snapshot, *account)? {
                    seen.owners.insert(index, found.owner.id);
                    seen.revisions.insert(index, found.revision);
                }
            }
            for (user_index, user) in users.iter().enumerate() {
                let mine = membership::accounts_of(snapshot, *user)?;
                for (index, account) in accounts.iter().enumerate() {
                    let mine = mine.iter().find(|mine| mine.account == *account).cloned();
                    let tickets = [
                        snapshot.authorize::<Enter>(Who::without_second_factor(*user), *account).is_ok(),
                        snapshot.authorize::<ManageUsers>(Who::without_second_factor(*user), *account).is_ok(),
                        snapshot.authorize::<EditDetails>(Who::without_second_factor(*user), *account).is_ok(),
                        snapshot.authorize::<ManageContacts>(Who::without_second_factor(*user), *account).is_ok(),
                        snapshot.authorize::<TransferOwnership>(Who::without_second_factor(*user), *account).is_ok(),
                    ];
                    seen.standings.insert((user_index, index), (mine, tickets));
                }
            }
            let filter = event::Filter::default();
            seen.last_event =
                event::list(snapshot, &snapshot.authorize_admin(admin)?, &filter, 1)?.first().map_or(0, |event| event.id.0);
            Ok::<_, latchkey_core::session::Error>(seen)
        });
        seen.await.unwrap()
    }
}

/// What the database says after a step.
#[derive(Default)]
struct Seen {
    owners: BTreeMap<usize, UserId>,
    revisions: BTreeMap<usize, i64>,
    standings: BTreeMap<(usize, usize), (Option<Mine>, [bool; 5])>,
    last_event: i64,
}

/// Whether a call succeeded; a failure of the database fails the test.
fn told<T, E: HasKind>(result: &Result<T, E>) -> bool {
    if let Err(error) = result {
        assert!(!is_internal(error), "the database failed: {error:?}");
    }
    result.is_ok()
}

fn compare(model: &Model, real: &Real, seen: &Seen) {
    let owners: BTreeMap<_, _> = model.accounts.iter().map(|(index, account)| (*index, real.users[account.owner])).collect();
    assert_eq!(seen.owners, owners, "each account has exactly one owner");
    for ((user, account), (mine, tickets)) in &seen.standings {
        let (user, account) = (*user, *account);
        let stored = model.accounts.get(&account).and_then(|account| account.members.get(&user));
        let held = mine.as_ref().map(|mine| mine.grants.iter().map(Permission::key).collect::<Held>());
        assert_eq!(held.as_ref(), stored, "what user {user} holds in account {account}");
        let owns = model.accounts.get(&account).is_some_and(|account| account.owner == user);
        assert_eq!(mine.as_ref().is_some_and(|mine| mine.is_owner), owns);
        assert!(mine.is_some() || !owns, "the owner is a member");
        let may = |permission| model.may(user, account, permission);
        let expected = [model.may_enter(user, account), may("users"), may("profile"), may("contacts"), false];
        assert_eq!(*tickets, expected, "the tickets of user {user} in account {account}");
    }
}

async fn run(app: TestApp, steps: Vec<Step>) {
    let mut model = Model::new();
    let second = app.second_node();
    let mut real = Real::new(app).await;
    let mut before = real.look(&second).await;
    compare(&model, &real, &before);
    for step in steps {
        let known = model.clone();
        let expected = model.take(&step);
        assert_eq!(real.take(&step).await, expected, "whether {step:?} succeeds in {known:#?}");
        let seen = real.look(&second).await;
        compare(&model, &real, &seen);
        for (account, revision) in &seen.revisions {
            assert!(*revision >= before.revisions[account], "the revision of account {account} goes down");
        }
        let idle = matches!(step, Step::Wait { .. })
            || matches!(step, Step::Close { account } | Step::Reopen { account }
                if known.accounts.get(&account).map(|account| account.closed) == model.accounts.get(&account).map(|account| account.closed));
        assert_eq!(seen.last_event > before.last_event, expected && !idle, "{step:?} and the log");
        before = seen;
    }
}

fn check<F: Future<Output = TestApp>>(cases: u32, app: impl Fn() -> F) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let outcome = TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(async { run(app().await, steps).await });
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn any_sequence_of_changes_follows_the_model_on_sqlite() {
    check(40, TestApp::sqlite);
}

#[test]
fn any_sequence_of_changes_follows_the_model_on_postgres() {
    check(12, TestApp::postgres);
}
