//! Challenges: 256 random bits that an authenticator signs, for one browser and one purpose, once, within five minutes.

use std::time::Duration;

use super::sql;
use crate::access::System;
use crate::app::Tx;
use crate::error::Fault;
use crate::secret::Secret;

/// How long a ceremony may take.
pub(super) const LIVES: Duration = Duration::from_mins(5);

/// What a challenge is for. One that was made for something else is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To add a passkey.
    Add,
    /// To log in to the Client Area with a passkey alone.
    Login,
    /// To log in to the Admin Area with a passkey alone.
    AdminLogin,
    /// As the second step of a login.
    SecondStep,
    /// To confirm who it is.
    Confirm,
}

impl Purpose {
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Login => "login",
            Self::AdminLogin => "admin-login",
            Self::SecondStep => "second-step",
            Self::Confirm => "confirm",
        }
    }
}

/// Makes one. `browser` is what the request shows of its browser: a session, a pending login, or a visitor's cookie.
pub(super) fn make(tx: &Tx<'_>, purpose: Purpose, browser: &Secret) -> Result<Secret, Fault> {
    let challenge = tx.secret()?;
    sql::insert_challenge(tx, &challenge.hash(), &browser.hash(), purpose, tx.now().after(LIVES))?;
    Ok(challenge)
}

/// Takes it out of the database, whatever follows. `false` when it is not ours, was taken before, on whichever node, is too
/// old, or was made for another browser or purpose.
pub(super) fn take(tx: &Tx<'_>, purpose: Purpose, browser: &Secret, challenge: &Secret) -> Result<bool, Fault> {
    let expires_at = sql::delete_challenge(tx, &challenge.hash(), &browser.hash(), purpose)?;
    Ok(expires_at.is_some_and(|at| at > tx.now()))
}

/// Removes a bounded number of challenges that nobody answered in time. How many there were.
pub fn sweep(tx: &Tx<'_>, _by: &System) -> Result<u64, Fault> {
    sql::sweep(tx)
}
