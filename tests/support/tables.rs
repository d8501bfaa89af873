//! A look at the tables behind everybody's back.

use std::collections::BTreeMap;

use latchkey_core::db::Location;
use latchkey_core::testing::TestApp;
use rusqlite::types::ValueRef;

/// Every row of every table, as text. Without the counts of guesses: who fails is counted, and changes nothing else.
pub(crate) type Dump = BTreeMap<String, Vec<String>>;

pub(crate) async fn dump(app: &TestApp) -> Dump {
    dump_at(&app.location).await
}

pub(crate) async fn dump_at(location: &Location) -> Dump {
    let mut dump = match location {
        Location::Sqlite(path) => dump_sqlite(&rusqlite::Connection::open(path).unwrap()),
        Location::Postgres(url) => dump_postgres(&postgres(url).await).await,
    };
    dump.retain(|table, _| !table.starts_with("guess_"));
    dump
}

/// The rows that only one of two dumps holds.
pub(crate) fn difference(before: &Dump, after: &Dump) -> Vec<String> {
    let only = |one: &Dump, other: &Dump, sign: &str| {
        let missing = |table: &String, row: &String| !other.get(table).is_some_and(|rows| rows.contains(row));
        let rows = one.iter().flat_map(|(table, rows)| rows.iter().map(move |row| (table, row)));
        rows.filter(|(table, row)| missing(table, row)).map(|(table, row)| format!("{sign}{table}: {row}")).collect::<Vec<_>>()
    };
    only(before, after, "-").into_iter().chain(only(after, before, "+")).collect()
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
        other => format!("{other:?}|"),
    }
}

pub(crate) async fn postgres(url: &str) -> tokio_postgres::Client {
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

/// The first column of every row, as text: the query casts.
pub(crate) async fn texts(location: &Location, query: &str) -> Vec<String> {
    match location {
        Location::Sqlite(path) => {
            let conn = rusqlite::Connection::open(path).unwrap();
            let mut statement = conn.prepare(query).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        }
        Location::Postgres(url) => {
            let rows = postgres(url).await.query(query, &[]).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        }
    }
}

/// The one number that a query answers.
pub(crate) async fn number(app: &TestApp, query: &str) -> i64 {
    match &app.location {
        Location::Sqlite(path) => rusqlite::Connection::open(path).unwrap().query_row(query, [], |row| row.get(0)).unwrap(),
        Location::Postgres(url) => postgres(url).await.query_one(query, &[]).await.unwrap().get(0),
    }
}
