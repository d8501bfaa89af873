//! SQLite: WAL, `synchronous=FULL`, one writer, several readers.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{DbError, Row, Value};

/// One connection. Statements are prepared once and kept.
pub(super) struct SqliteConn(Connection);

/// Prepared statements kept by one connection.
const STATEMENTS: usize = 256;
/// How long a statement waits for another process (a second `latchkey`, a backup) that holds the lock.
const BUSY: Duration = Duration::from_secs(10);

impl SqliteConn {
    /// Opens the database for writing and creates it when it is missing.
    pub(super) fn writer(path: &Path) -> Result<Self, DbError> {
        let connection = Connection::open(path).map_err(unreachable)?;
        connection.execute_batch("pragma journal_mode = wal; pragma synchronous = full;").map_err(driver)?;
        Self::prepare(connection)
    }

    /// Opens the database for reading only.
    pub(super) fn reader(path: &Path) -> Result<Self, DbError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(unreachable)?;
        Self::prepare(connection)
    }

    /// Opens the database only to be told whether anybody has committed. It never waits.
    pub(super) fn watch(path: &Path) -> Result<Self, DbError> {
        let watch = Self::reader(path)?;
        watch.0.busy_timeout(Duration::ZERO).map_err(driver)?;
        Ok(watch)
    }

    /// SQLite's own count of others' commits, as this connection sees it.
    pub(super) fn version(&self) -> Option<i64> {
        let mut statement = self.0.prepare_cached("pragma data_version").ok()?;
        statement.query_row([], |row| row.get(0)).ok()
    }

    fn prepare(connection: Connection) -> Result<Self, DbError> {
        connection.busy_timeout(BUSY).map_err(driver)?;
        // Without this a statement whose plan could depend on an argument is compiled anew each time another one is given.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(driver)?;
        connection
            .execute_batch("pragma foreign_keys = on; pragma temp_store = memory; pragma cache_size = -16384;")
            .map_err(driver)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self(connection))
    }

    /// Begins or ends a transaction.
    pub(super) fn transaction(&self, sql: &str) -> Result<(), DbError> {
        self.0.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map_err(driver).map(drop)
    }

    pub(super) fn batch(&self, sql: &str) -> Result<(), DbError> {
        self.0.execute_batch(sql).map_err(driver)
    }

    pub(super) fn query(&self, sql: &str, arguments: &[Value]) -> Result<Vec<Row>, DbError> {
        let mut statement = self.0.prepare_cached(&numbered(sql)).map_err(driver)?;
        let width = statement.column_count();
        let mut found = statement.query(rusqlite::params_from_iter(arguments)).map_err(driver)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(driver)? {
            let columns = (0..width)
                .map(|index| row.get_ref(index).map_err(driver).and_then(column))
                .collect::<Result<Vec<Value>, DbError>>()?;
            rows.push(Row::new(columns));
        }
        Ok(rows)
    }

    pub(super) fn execute(&self, sql: &str, arguments: &[Value]) -> Result<u64, DbError> {
        let mut statement = self.0.prepare_cached(&numbered(sql)).map_err(driver)?;
        let changed = statement.execute(rusqlite::params_from_iter(arguments)).map_err(driver)?;
        Ok(changed as u64)
    }
}

/// `$1` is a name to SQLite and numbered by first appearance; `?1` is the number it looks like.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let borrowed = match self {
            Value::Int(Some(number)) => ValueRef::Integer(*number),
            Value::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(Some(bytes)) => ValueRef::Blob(bytes),
            _ => ValueRef::Null,
        };
        Ok(ToSqlOutput::Borrowed(borrowed))
    }
}

fn column(value: ValueRef<'_>) -> Result<Value, DbError> {
    Ok(match value {
        ValueRef::Null => Value::Int(None),
        ValueRef::Integer(number) => Value::Int(Some(number)),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|_| DbError::Invalid("UTF-8"))?;
            Value::Text(Some(text.to_owned()))
        }
        ValueRef::Blob(bytes) => Value::Bytes(Some(bytes.to_vec())),
        ValueRef::Real(_) => return Err(DbError::Invalid("whole number")),
    })
}

/// What SQLite says before the columns of the index that refused.
const UNIQUE: &str = "UNIQUE constraint failed: ";

fn driver(error: rusqlite::Error) -> DbError {
    if let rusqlite::Error::SqliteFailure(code, Some(message)) = &error
        && code.code == ErrorCode::ConstraintViolation
    {
        if let Some(columns) = message.strip_prefix(UNIQUE) {
            return DbError::Unique(index_of(columns));
        }
        if message.starts_with("FOREIGN KEY") {
            return DbError::ForeignKey;
        }
    }
    DbError::Driver(Box::new(error))
}

/// `invitations.account_id, invitations.email_key` is the index `invitations_account_id_email_key`. One of expressions is named
/// itself: `index 'roles_name_key'`.
fn index_of(columns: &str) -> String {
    if let Some(name) = columns.strip_prefix("index '").and_then(|name| name.strip_suffix('\'')) {
        return name.to_owned();
    }
    let mut name = String::new();
    for column in columns.split(", ") {
        match column.split_once('.') {
            Some((table, column)) if name.is_empty() => name = format!("{table}_{column}"),
            Some((_, column)) => {
                name.push('_');
                name.push_str(column);
            }
            None => name.push_str(column),
        }
    }
    name
}

#[allow(clippy::needless_pass_by_value, reason = "used as a function of map_err")]
fn unreachable(error: rusqlite::Error) -> DbError {
    DbError::Unreachable(error.to_string())
}
