//! A look at the tables behind everybody's back.

use latchkey_core::db::Location;
pub(crate) use latchkey_core::testing::tables::{Dump, dump, number, postgres};

/// The rows that only one of two dumps holds.
pub(crate) fn difference(before: &Dump, after: &Dump) -> Vec<String> {
    let only = |one: &Dump, other: &Dump, sign: &str| {
        let missing = |table: &String, row: &String| !other.get(table).is_some_and(|rows| rows.contains(row));
        let rows = one.iter().flat_map(|(table, rows)| rows.iter().map(move |row| (table, row)));
        rows.filter(|(table, row)| missing(table, row)).map(|(table, row)| format!("{sign}{table}: {row}")).collect::<Vec<_>>()
    };
    only(before, after, "-").into_iter().chain(only(after, before, "+")).collect()
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
