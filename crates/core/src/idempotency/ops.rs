use super::{Error, KEPT_FOR, Once, sql};
use crate::access::{AdminPermission, ApiCall, Denied, System};
use crate::app::Tx;
use crate::error::Fault;

/// The first answers were kept without permissions before them, for another purpose: what is left of those is not read.
fn purpose(call: ApiCall, once: &Once) -> String {
    format!("idempotent answer after permissions {} {}", call.credential(), once.key)
}

/// What stands between the permissions that were held and the answer.
const MARK: u8 = b'\n';

/// Begins a call. `Some` is the answer that it was given before: nothing is left to do. Comes first in its transaction, before
/// any account or user is held. An answer is given again only to a credential that may use all that it could use then: it may hold
/// what is shown once.
pub fn begin(tx: &Tx<'_>, call: ApiCall, once: &Once) -> Result<Option<Vec<u8>>, Error> {
    // Waits for a call with the same key that has not ended yet.
    if sql::insert(tx, call.credential(), once)? {
        return Ok(None);
    }
    let Some(found) = sql::find(tx, call.credential(), once)? else {
        // Its day was over, and it was swept away between the two.
        return if sql::insert(tx, call.credential(), once)? { Ok(None) } else { Err(Error::Lost) };
    };
    if tx.now().since(found.created_at) >= KEPT_FOR {
        sql::renew(tx, call.credential(), once)?;
        return Ok(None);
    }
    if found.fingerprint != once.fingerprint {
        return Err(Error::OtherCall);
    }
    let opened = found.sealed.and_then(|sealed| tx.open_bytes(&purpose(call, once), &sealed)).ok_or(Error::Lost)?;
    let at = opened.iter().position(|byte| *byte == MARK).ok_or(Error::Lost)?;
    let (held, answer) = opened.split_at(at);
    let now = tx.api_holds(call)?;
    let keys = std::str::from_utf8(held).map_err(|_| Error::Lost)?.split(' ').filter_map(AdminPermission::from_key);
    if let Some(permission) = keys.into_iter().find(|permission| !now.has(*permission)) {
        return Err(Denied::MissingAdmin { permission }.into());
    }
    Ok(answer.get(1..).map(<[u8]>::to_vec))
}

/// Keeps the answer of a call that has begun, in the same transaction.
pub fn keep(tx: &Tx<'_>, call: ApiCall, once: &Once, answer: &[u8]) -> Result<(), Error> {
    let held = tx.api_holds(call)?.keys();
    let sealed = tx.seal_bytes(&purpose(call, once), &[held.as_bytes(), &[MARK], answer].concat())?;
    Ok(sql::keep(tx, call.credential(), once, &sealed)?)
}

/// Removes a bounded number of answers whose day is over. How many there were.
pub fn sweep(tx: &Tx<'_>, _by: &System) -> Result<u64, Fault> {
    sql::sweep(tx, tx.now().before(KEPT_FOR))
}
