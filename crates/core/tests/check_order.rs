//! Checks under any order of changes, on either node.

use std::collections::BTreeMap;

use latchkey_core::access::{DeleteAccounts, Denied, Permission};
use latchkey_core::account;
use latchkey_core::app::App;
use latchkey_core::check::Reason;
use latchkey_core::id::{AccountId, AdminId, UserId};
use latchkey_core::settings::{Security, Verification, set_security};
use latchkey_core::testing::TestApp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::check::{check_all, may, require};
use crate::support::*;

#[derive(Clone, Debug)]
enum Step {
    Associate { account: usize, user: usize, keys: &'static str },
    SetGrants { account: usize, user: usize, keys: &'static str },
    Remove { account: usize, user: usize },
    MakeOwner { account: usize, user: usize },
    Close { account: usize, closed: bool },
    Require { account: usize, required: bool },
    Verify { policy: bool },
    Everybody { required: bool },
    Delete { account: usize },
}

fn steps() -> impl Strategy<Value = Vec<(bool, Step)>> {
    let (account, user) = (0..ACCOUNTS, 0..USERS);
    let keys = prop::sample::select(vec!["", "invoices", "tickets", "invoices tickets users"]);
    let step = prop_oneof![
        6 => (account.clone(), user.clone(), keys.clone()).prop_map(|(account, user, keys)| Step::Associate { account, user, keys }),
        8 => (account.clone(), user.clone(), keys).prop_map(|(account, user, keys)| Step::SetGrants { account, user, keys }),
        5 => (account.clone(), user.clone()).prop_map(|(account, user)| Step::Remove { account, user }),
        3 => (account.clone(), user).prop_map(|(account, user)| Step::MakeOwner { account, user }),
        3 => (account.clone(), any::<bool>()).prop_map(|(account, closed)| Step::Close { account, closed }),
        3 => (account.clone(), any::<bool>()).prop_map(|(account, required)| Step::Require { account, required }),
        1 => any::<bool>().prop_map(|policy| Step::Verify { policy }),
        1 => any::<bool>().prop_map(|required| Step::Everybody { required }),
        1 => account.prop_map(|account| Step::Delete { account }),
    ];
    prop::collection::vec((any::<bool>(), step), 1..30)
}

#[derive(Clone, Debug)]
struct Account {
    owner: usize,
    closed: bool,
    required: bool,
    members: BTreeMap<usize, &'static str>,
}

#[derive(Debug, Default)]
struct Model {
    accounts: BTreeMap<usize, Account>,
    verify: bool,
    everybody: bool,
}

impl Model {
    fn reason(&self, user: usize, account: usize, permission: &str) -> Reason {
        let Some(found) = self.accounts.get(&account) else { return Reason::UnknownAccount };
        let Some(held) = found.members.get(&user) else { return Reason::NotMember };
        match () {
            () if found.closed => Reason::AccountClosed,
            () if self.verify => Reason::NotVerified,
            () if found.required || self.everybody => Reason::SecondFactorMissing,
            () if found.owner == user => Reason::Owner,
            () if held.split(' ').any(|key| key == permission) => Reason::Grant,
            () => Reason::NotHeld,
        }
    }
}

struct World {
    test: TestApp,
    nodes: [App; 2],
    users: Vec<UserId>,
    accounts: Vec<AccountId>,
    admin: AdminId,
    model: Model,
}

impl World {
    async fn new(test: TestApp) -> Self {
        test.expect_unsent_mails();
        let (users, accounts) = crowd(&test).await;
        let account = |owner| Account { owner, closed: false, required: false, members: BTreeMap::from([(owner, "")]) };
        let model = Model { accounts: (0..ACCOUNTS).map(|index| (index, account(index))).collect(), ..Model::default() };
        let nodes = [test.app.clone(), test.second_node()];
        let admin = staff(&test).await;
        Self { test, nodes, users, accounts, admin, model }
    }

    /// Does it on one of the nodes and, if it was done, in the model.
    async fn take(&mut self, on_second: bool, step: &Step) {
        let node = self.nodes[usize::from(on_second)].clone();
        let (users, accounts, admin) = (self.users.clone(), self.accounts.clone(), self.admin);
        match *step {
            Step::Associate { account, user, keys } => {
                if associate(&node, accounts[account], users[user], keys).await.is_ok() {
                    self.model.accounts.get_mut(&account).unwrap().members.insert(user, keys);
                }
            }
            Step::SetGrants { account, user, keys } => {
                let Some(found) = self.model.accounts.get_mut(&account) else { return };
                if set_grants(&node, users[found.owner], accounts[account], users[user], keys).await.is_ok() {
                    found.members.insert(user, keys);
                }
            }
            Step::Remove { account, user } => {
                let Some(found) = self.model.accounts.get_mut(&account) else { return };
                if remove(&node, users[found.owner], accounts[account], users[user]).await.is_ok() {
                    found.members.remove(&user);
                }
            }
            Step::MakeOwner { account, user } => {
                if make_owner(&node, accounts[account], users[user]).await.is_ok() {
                    let found = self.model.accounts.get_mut(&account).unwrap();
                    // What the former owner is left with is what "All Permissions" means.
                    found.members.insert(found.owner, "invoices tickets");
                    found.owner = user;
                }
            }
            Step::Close { account, closed } => {
                let Some(found) = self.model.accounts.get_mut(&account).filter(|found| found.closed != closed) else { return };
                found.closed = closed;
                if closed { close(&node, admin, accounts[account]).await } else { reopen(&node, admin, accounts[account]).await }
            }
            Step::Require { account, required } => {
                let Some(found) = self.model.accounts.get_mut(&account) else { return };
                found.required = required;
                require(&node, accounts[account], required).await;
            }
            Step::Verify { policy } => {
                self.test.notify(if policy { Verification::Required } else { Verification::Off }).await;
                self.model.verify = policy;
            }
            Step::Everybody { required } => {
                let security = Security { everybody: required, admins: false, ..Security::default() };
                as_staff(&node, admin, move |tx, by| Ok::<_, Denied>(set_security(tx, by, &security)?)).await.unwrap();
                self.model.everybody = required;
            }
            Step::Delete { account } => {
                if self.model.accounts.remove(&account).is_some() {
                    delete_account(&node, admin, accounts[account]).await;
                }
            }
        }
    }

    /// Every question, on both nodes.
    async fn compare(&self, after: &Step) {
        let permissions = [Permission::Invoices, Permission::Tickets];
        let mut asked = Vec::new();
        let mut expected = Vec::new();
        for account in 0..ACCOUNTS {
            for user in 0..USERS {
                for permission in permissions {
                    asked.push(may(self.users[user], self.accounts[account], permission));
                    expected.push(self.model.reason(user, account, permission.key()));
                }
            }
        }
        for node in &self.nodes {
            let answers = check_all(node, None, &asked, &[]).await.unwrap();
            let reasons: Vec<Reason> = answers.iter().map(|answer| answer.reason).collect();
            assert_eq!(reasons, expected, "after {after:?}");
        }
    }
}

async fn delete_account(app: &App, admin: AdminId, id: AccountId) {
    as_staff::<DeleteAccounts, _, _>(app, admin, move |tx, by| account::delete(tx, by, &confirmed(), id)).await.unwrap();
}

fn any_order(cases: u32, make: fn() -> std::pin::Pin<Box<dyn Future<Output = TestApp>>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner
        .run(&steps(), |steps| {
            runtime.block_on(async {
                let mut world = World::new(make().await).await;
                for (on_second, step) in &steps {
                    world.take(*on_second, step).await;
                    world.compare(step).await;
                }
            });
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_node_contradicts_a_change_that_was_answered_sqlite() {
    any_order(12, || Box::pin(TestApp::sqlite()));
}

#[test]
fn no_node_contradicts_a_change_that_was_answered_postgres() {
    any_order(12, || Box::pin(TestApp::postgres()));
}
