//! Whether a database holds the demonstration: it fills only what is empty, and is never taken for real data.

use crate::access::System;
use crate::app::Tx;
use crate::db::{Conn, Database, Row};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::params;

/// What a database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Nothing that anybody would miss: at most tables and a set-up link.
    Nothing,
    /// The demonstration.
    Demo,
    /// A demonstration that is being filled, or whose filling was interrupted.
    HalfADemo,
    /// Something else.
    Else,
}

const FILLING: &str = "filling";
const COMPLETE: &str = "complete";

/// Counts to one where anything has ever happened.
const ANYTHING: &str = "select count(*) from (select id from users union all select id from accounts
    union all select id from admins union all select id from events limit 1) found";

/// Looks, and changes nothing: the database may have no tables yet, or those of an older Latchkey.
pub async fn look(database: &Database) -> Result<Holds, Fault> {
    database.read(holds).await
}

fn holds(conn: &Conn) -> Result<Holds, Fault> {
    let tables = conn.tables()?;
    if tables.is_empty() {
        return Ok(Holds::Nothing);
    }
    if !["migrations", "settings"].iter().all(|ours| tables.iter().any(|table| table == ours)) {
        return Ok(Holds::Else);
    }
    let mark = conn.query("select value from settings where key = 'demo'", &[])?.into_iter().next();
    if let Some(mut row) = mark {
        let mark: String = row.take()?;
        return Ok(if mark == COMPLETE { Holds::Demo } else { Holds::HalfADemo });
    }
    let found: i64 = conn.query(ANYTHING, &[])?.into_iter().next().map_or(Ok(0), |mut row| row.take())?;
    Ok(if found == 0 { Holds::Nothing } else { Holds::Else })
}

/// Marks an empty database as a demonstration that is being filled; `false` when it is not empty, or another node was faster.
pub fn begin(tx: &Tx<'_>, by: &System) -> Result<bool, Fault> {
    let found: i64 = tx.one(ANYTHING, &[], Row::take)?;
    let marked = tx.execute(
        "insert into settings (key, value, updated_at) values ('demo', $1, $2) on conflict (key) do nothing",
        params![FILLING, tx.now()],
    )?;
    if found != 0 || marked != 1 {
        return Ok(false);
    }
    // The printed logins are all that is needed to try it out.
    super::put(tx, "security.two_factor_admins", "no")?;
    // Nobody reads the mail of people who are invented.
    super::put(tx, super::VERIFICATION, super::Verification::Off.key())?;
    tx.record(by.actor(), &Event::new(EventKind::SettingsChanged).with_detail("demo data"))?;
    Ok(true)
}

/// Marks the demonstration as complete.
pub fn complete(tx: &Tx<'_>, _by: &System) -> Result<(), Fault> {
    super::put(tx, "demo", COMPLETE)
}
