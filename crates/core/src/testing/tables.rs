//! A look at the tables behind everybody's back.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;

use super::TestApp;
use crate::db::Location;

/// Every row of every table as text, bytes in hexadecimal.
///
/// Without the counts of guesses: who fails is counted, and changes nothing else.
pub type Dump = BTreeMap<String, Vec<String>>;

/// All that stands in the database of this test.
pub async fn dump(app: &TestApp) -> Dump {
    let mut dump = match &app.location {
        Location::Sqlite(path) => dump_sqlite(&rusqlite::Connection::open(path).unwrap()),
        Location::Postgres(url) => dump_postgres(&postgres(url).await).await,
    };
    dump.retain(|table, _| !table.starts_with("guess_"));
    dump
}

fn dump_sqlite(conn: &rusqlite::Connection) -> Dump {
    let listed = "select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'";
    let mut tables = conn.prepare(listed).unwrap();
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

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// A connection of the test's own.
pub async fn postgres(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn dump_postgres(client: &tokio_postgres::Client) -> Dump {
    let tables = client.query("select tablename::text from pg_tables where schemaname = current_schema()", &[]).await.unwrap();
    let mut dump = BTreeMap::new();
    for table in tables.iter().map(|row| row.get::<_, String>(0)) {
        let rows = client.query(&format!("select t::text from {table} t order by 1"), &[]).await.unwrap();
        dump.insert(table, rows.iter().map(|row| row.get::<_, String>(0)).collect());
    }
    dump
}

/// The one number that a query answers.
pub async fn number(app: &TestApp, query: &str) -> i64 {
    match &app.location {
        Location::Sqlite(path) => rusqlite::Connection::open(path).unwrap().query_row(query, [], |row| row.get(0)).unwrap(),
        Location::Postgres(url) => postgres(url).await.query_one(query, &[]).await.unwrap().get(0),
    }
}
