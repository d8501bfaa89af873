//! A few people with accounts, for tests that do anything in any order.

use latchkey_core::id::{AccountId, UserId};
use latchkey_core::testing::TestApp;

use super::person;

pub(crate) const USERS: usize = 4;
pub(crate) const ACCOUNTS: usize = 3;

/// Users, and accounts of the first of them: each is numbered as its owner is.
pub(crate) async fn crowd(app: &TestApp) -> (Vec<UserId>, Vec<AccountId>) {
    let (mut users, mut accounts) = (Vec::new(), Vec::new());
    for index in 0..USERS {
        users.push(person(app, &format!("User{index}")).await);
    }
    for (index, owner) in users.iter().enumerate().take(ACCOUNTS) {
        accounts.push(app.account(&format!("Account {index}"), *owner).await);
    }
    (users, accounts)
}
