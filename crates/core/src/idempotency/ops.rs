use super::{Error, KEPT_FOR, Once, sql};
use crate::access::ApiCall;
use crate::app::Tx;

fn purpose(call: ApiCall, once: &Once) -> String {
    format!("idempotent answer {} {}", call.credential(), once.key)
}

/// Begins a call. `Some` is the answer that it was given before: nothing is left to do. Comes first in its transaction, before
/// any account or user is held.
pub fn begin(tx: &Tx<'_>, call: ApiCall, once: &Once) -> Result<Option<Vec<u8>>, Error> {
    sql::sweep(tx, tx.now().before(KEPT_FOR))?;
    // Waits for a call with the same key that has not ended yet.
    if sql::insert(tx, call.credential(), once)? {
        return Ok(None);
    }
    let Some(found) = sql::find(tx, call.credential(), once)? else { return Err(Error::Lost) };
    if tx.now().since(found.created_at) >= KEPT_FOR {
        sql::renew(tx, call.credential(), once)?;
        return Ok(None);
    }
    if found.fingerprint != once.fingerprint {
        return Err(Error::OtherCall);
    }
    let opened = found.sealed.and_then(|sealed| tx.open_bytes(&purpose(call, once), &sealed));
    opened.map(Some).ok_or(Error::Lost)
}

/// Keeps the answer of a call that has begun, in the same transaction.
pub fn keep(tx: &Tx<'_>, call: ApiCall, once: &Once, answer: &[u8]) -> Result<(), Error> {
    let sealed = tx.seal_bytes(&purpose(call, once), answer)?;
    Ok(sql::keep(tx, call.credential(), once, &sealed)?)
}
