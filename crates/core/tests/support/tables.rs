//! A look at the tables behind core's back.

use std::error::Error;

use latchkey_core::db::Location;
use latchkey_core::testing::TestApp;
pub(crate) use latchkey_core::testing::tables::{Dump, dump, hex, number, postgres};

/// One event, as far as tests look at it.
#[derive(Debug)]
pub(crate) struct Logged {
    pub(crate) id: i64,
    pub(crate) at: i64,
    pub(crate) kind: String,
    pub(crate) actor_name: String,
    pub(crate) actor_id: Option<i64>,
    pub(crate) ip: Option<String>,
    pub(crate) account_id: Option<i64>,
    pub(crate) account_name: String,
    pub(crate) user_id: Option<i64>,
    pub(crate) user_name: String,
    pub(crate) email: String,
    pub(crate) detail: String,
}

const EVENTS: &str = "select id, at, kind, actor_name, actor_id, ip, account_id, account_name, user_id, user_name, email, detail
    from events order by id";

/// Builds a [`Logged`] from a row of either driver.
macro_rules! logged {
    ($row:ident, $get:ident $($unwrap:tt)*) => {
        Logged {
            id: $row.$get(0)$($unwrap)*,
            at: $row.$get(1)$($unwrap)*,
            kind: $row.$get(2)$($unwrap)*,
            actor_name: $row.$get(3)$($unwrap)*,
            actor_id: $row.$get(4)$($unwrap)*,
            ip: $row.$get(5)$($unwrap)*,
            account_id: $row.$get(6)$($unwrap)*,
            account_name: $row.$get(7)$($unwrap)*,
            user_id: $row.$get(8)$($unwrap)*,
            user_name: $row.$get(9)$($unwrap)*,
            email: $row.$get(10)$($unwrap)*,
            detail: $row.$get(11)$($unwrap)*,
        }
    };
}

/// Every event, oldest first, read behind core's back: reading the log is for staff, and not every test has an admin.
pub(crate) async fn events(app: &TestApp) -> Vec<Logged> {
    match &app.location {
        Location::Sqlite(path) => {
            let conn = rusqlite::Connection::open(path).unwrap();
            let mut statement = conn.prepare(EVENTS).unwrap();
            let found = statement.query_map([], |row| Ok(logged!(row, get?))).unwrap();
            found.map(Result::unwrap).collect()
        }
        Location::Postgres(url) => {
            let rows = postgres(url).await.query(EVENTS, &[]).await.unwrap();
            rows.iter().map(|row| logged!(row, get)).collect()
        }
    }
}

/// The kinds of the events after the first `seen`.
pub(crate) async fn kinds_after(app: &TestApp, seen: usize) -> Vec<String> {
    events(app).await.into_iter().skip(seen).map(|event| event.kind).collect()
}

/// How many events of this kind there are.
pub(crate) async fn count_events(app: &TestApp, kind: &str) -> usize {
    events(app).await.iter().filter(|event| event.kind == kind).count()
}

/// The tables that differ between two dumps.
pub(crate) fn changed(before: &Dump, after: &Dump) -> Vec<String> {
    before.keys().filter(|table| before.get(*table) != after.get(*table)).cloned().collect()
}

/// Runs statements behind core's back.
pub(crate) async fn sql(app: &TestApp, statements: &str) -> Result<(), Box<dyn Error>> {
    match &app.location {
        Location::Sqlite(path) => Ok(rusqlite::Connection::open(path)?.execute_batch(statements)?),
        Location::Postgres(url) => Ok(postgres(url).await.batch_execute(statements).await?),
    }
}

/// The one text that a query answers, asked behind core's back.
pub(crate) async fn text(app: &TestApp, query: &str) -> Option<String> {
    match &app.location {
        Location::Sqlite(path) => rusqlite::Connection::open(path).unwrap().query_row(query, [], |row| row.get(0)).unwrap(),
        Location::Postgres(url) => postgres(url).await.query_one(query, &[]).await.unwrap().get(0),
    }
}
