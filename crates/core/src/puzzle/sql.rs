use crate::app::Tx;
use crate::clock::Timestamp;
use crate::error::Fault;
use crate::params;
use crate::secret::SecretHash;
use crate::sweep::{self, Place};

/// Notes that a puzzle was used; `false` when it was before, on whichever node.
pub(super) fn take(tx: &Tx<'_>, hash: &SecretHash, expires_at: Timestamp) -> Result<bool, Fault> {
    let sql = "insert into used_puzzles (puzzle_hash, expires_at) values ($1, $2) on conflict (puzzle_hash) do nothing";
    Ok(tx.execute(sql, params![hash, expires_at])? == 1)
}

/// Those that are too old to be used anyway.
pub(super) fn sweep(tx: &Tx<'_>) -> Result<u64, Fault> {
    sweep::due(tx, &Place { table: "used_puzzles", key: "puzzle_hash", due: "expires_at" }, tx.now())
}
