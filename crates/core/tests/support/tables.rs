//! A look at the tables behind core's back.

use std::collections::BTreeMap;
use std::error::Error;

use latchkey_core::db::Location;
use latchkey_core::testing::TestApp;
use rusqlite::types::ValueRef;

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

/// Every row of every table as text, bytes in hexadecimal.
///
/// Without the counts of guesses: who fails is counted, and changes nothing else.
pub(crate) async fn dump(app: &TestApp) -> BTreeMap<String, Vec<String>> {
    let mut dump = match &app.location {
        Location::Sqlite(path) => dump_sqlite(&rusqlite::Connection::open(path).unwrap()),
        Location::Postgres(url) => dump_postgres(&postgres(url).await).await,
    };
    dump.retain(|table, _| !table.starts_with("guess_"));
    dump
}

/// The tables that differ between two dumps.
pub(crate) fn changed(before: &BTreeMap<String, Vec<String>>, after: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    before.keys().filter(|table| before.get(*table) != after.get(*table)).cloned().collect()
}

fn dump_sqlite(conn: &rusqlite::Connection) -> BTreeMap<String, Vec<String>> {
    let mut tables =
        conn.prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    tables.into_iter().map(|table| (table.clone(), rows_sqlite(conn, &table))).collect()
}

fn rows_sqlite(conn: &rusqlite::Connection, table: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("select * from {table}")).unwrap();
    let width = statement.column_count();
    let found = statement.query_map([], |row| Ok((0..width).map(|index| shown(row.get_ref(index).unwrap())).collect::<String>()));
    let mut rows: Vec<String> = found.unwrap().map(Result::unwrap).collect();
    rows.sort();
    rows
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => format!("{}|", String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => format!("{}|", hex(bytes)),
        other => format!("{other:?}|"),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

async fn postgres(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn dump_postgres(client: &tokio_postgres::Client) -> BTreeMap<String, Vec<String>> {
    let tables = client.query("select tablename::text from pg_tables where schemaname = current_schema()", &[]).await.unwrap();
    let mut dump = BTreeMap::new();
    for table in tables.iter().map(|row| row.get::<_, String>(0)) {
        let rows = client.query(&format!("select t::text from {table} t order by 1"), &[]).await.unwrap();
        dump.insert(table, rows.iter().map(|row| row.get::<_, String>(0)).collect());
    }
    dump
}

/// Runs statements behind core's back.
pub(crate) async fn sql(app: &TestApp, statements: &str) -> Result<(), Box<dyn Error>> {
    match &app.location {
        Location::Sqlite(path) => Ok(rusqlite::Connection::open(path)?.execute_batch(statements)?),
        Location::Postgres(url) => Ok(postgres(url).await.batch_execute(statements).await?),
    }
}

/// The one number that a query answers, asked behind core's back.
pub(crate) async fn number(app: &TestApp, query: &str) -> i64 {
    match &app.location {
        Location::Sqlite(path) => rusqlite::Connection::open(path).unwrap().query_row(query, [], |row| row.get(0)).unwrap(),
        Location::Postgres(url) => postgres(url).await.query_one(query, &[]).await.unwrap().get(0),
    }
}

/// The one text that a query answers, asked behind core's back.
pub(crate) async fn text(app: &TestApp, query: &str) -> Option<String> {
    match &app.location {
        Location::Sqlite(path) => rusqlite::Connection::open(path).unwrap().query_row(query, [], |row| row.get(0)).unwrap(),
        Location::Postgres(url) => postgres(url).await.query_one(query, &[]).await.unwrap().get(0),
    }
}
