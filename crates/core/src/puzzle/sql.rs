use crate::app::Tx;
use crate::clock::Timestamp;
use crate::error::Fault;
use crate::params;
use crate::secret::SecretHash;

/// Notes that a puzzle was used; `false` when it was before, on whichever node. Those that are too old anyway go.
pub(super) fn take(tx: &Tx<'_>, hash: &SecretHash, expires_at: Timestamp) -> Result<bool, Fault> {
    tx.execute("delete from used_puzzles where expires_at <= $1", params![tx.now()])?;
    let sql = "insert into used_puzzles (puzzle_hash, expires_at) values ($1, $2) on conflict (puzzle_hash) do nothing";
    Ok(tx.execute(sql, params![hash, expires_at])? == 1)
}
