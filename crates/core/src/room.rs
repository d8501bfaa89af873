//! Limits on how many there are of what belongs to nobody.
//!
//! PostgreSQL lets two who add the last one at once both count one too few. So whoever counts a noun in order to add to it holds
//! the count until the transaction ends; SQLite has one writer anyway. What belongs to an account, a person or an endpoint needs
//! no count of its own: there that row is held.
//!
//! **The order:** a count is held before accounts, roles and users, and nobody who holds one of those comes here.

use crate::app::Tx;
use crate::error::Fault;

/// What is counted. The numbers are shared by all nodes, also of the version before: none is given away again.
#[derive(Clone, Copy, Debug)]
#[repr(i32)]
pub(crate) enum Counted {
    Bans = 1,
    ClientGroups = 2,
    MailTemplates = 3,
    OauthClients = 4,
    Roles = 5,
    Webhooks = 6,
}

/// Whether one more may be added where there are at most `most`. Nobody else adds one until this transaction ends.
pub(crate) fn is_left<'a>(
    tx: &Tx<'a>,
    counted: Counted,
    most: i64,
    count: impl FnOnce(&Tx<'a>) -> Result<i64, Fault>,
) -> Result<bool, Fault> {
    tx.hold_number(counted as i32)?;
    Ok(count(tx)? < most)
}
