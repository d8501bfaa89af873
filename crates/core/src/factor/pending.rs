//! A login whose password was right and which waits for the second factor.

use std::time::Duration;

use super::{MAX_TRIES, sql};
use crate::access::{Subject, System};
use crate::app::{App, Tx};
use crate::clock::Timestamp;
use crate::error::Fault;
use crate::secret::Secret;

/// How long it waits (ASVS V6.5.5).
const LIVES: Duration = Duration::from_mins(10);
/// What the place it leads to is sealed for: the path may hold the secret of an invitation.
const PURPOSE: &str = "where a login leads";

/// A pending login that is being answered.
pub(crate) struct Waiting {
    pub(crate) id: i64,
    pub(crate) remember: bool,
    /// When the password that was compared had been set.
    pub(crate) changed_at: Option<Timestamp>,
    pub(super) sealed_next: Vec<u8>,
}

/// Begins one, and returns what the cookie holds.
pub(crate) fn begin(
    tx: &Tx<'_>,
    subject: Subject,
    remember: bool,
    changed_at: Option<Timestamp>,
    next: &str,
) -> Result<Secret, Fault> {
    let secret = tx.secret()?;
    let sealed_next = tx.seal_bytes(PURPOSE, next.as_bytes())?;
    let expires_at = tx.now().after(LIVES);
    sql::insert_pending(tx, &secret.hash(), subject, remember, changed_at, &sealed_next, expires_at)?;
    Ok(secret)
}

/// Removes a bounded number of logins that waited too long. How many there were.
pub fn sweep(tx: &Tx<'_>, _by: &System) -> Result<u64, Fault> {
    sql::sweep(tx)
}

/// Whose login waits under this cookie. It is held only by [`take_try`].
pub(crate) fn subject_of(tx: &Tx<'_>, token: &Secret) -> Result<Option<Subject>, Fault> {
    sql::pending_subject(tx, &token.hash())
}

/// Whose login waits under this cookie, for the page that asks for the second factor.
pub async fn waiting(app: &App, token: Secret) -> Result<Option<Subject>, Fault> {
    app.read(move |snapshot| sql::pending_subject(snapshot, &token.hash())).await
}

/// Takes one of the few tries; `None` when there is none left, or the time is over.
pub(crate) fn take_try(tx: &Tx<'_>, token: &Secret) -> Result<Option<Waiting>, Fault> {
    sql::take_try(tx, &token.hash(), MAX_TRIES)
}

/// Where the login leads.
pub(crate) fn next_of(tx: &Tx<'_>, waiting: &Waiting) -> String {
    tx.open_bytes(PURPOSE, &waiting.sealed_next).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Ends it: it has become a session. `false` when another request was faster.
pub(crate) fn done(tx: &Tx<'_>, waiting: &Waiting) -> Result<bool, Fault> {
    sql::delete_pending(tx, waiting.id)
}

/// Ends all that wait: the password they were begun with has changed.
pub(crate) fn forget_waiting(tx: &Tx<'_>, subject: Subject) -> Result<(), Fault> {
    sql::delete_pending_of(tx, subject)
}
