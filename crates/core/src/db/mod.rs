//! The only place that knows there are two databases.
//!
//! **Invariant:** no other module names a driver. Operations see [`Snapshot`](crate::app::Snapshot) and [`Tx`](crate::app::Tx), which speak
//! one SQL with `$1`; the closure given to `App::read` or `App::write` runs on the
//! blocking pool and can await nothing but the database. Whoever needs a connection waits on a
//! semaphore, never on a blocked thread.

mod error;
mod lists;
mod migrate;
mod postgres;
mod sqlite;
mod value;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

pub use error::DbError;
pub(crate) use lists::in_chunks;
pub(crate) use value::value_rows;
pub use value::{FromValue, Nullable, Row, ToValue, Value};

use crate::clock::Timestamp;
use crate::error::Fault;
use postgres::{Postgres, PostgresConn, Transaction};
use sqlite::SqliteConn;

/// Under this stand the numbers that Latchkey holds on PostgreSQL, apart from what another program may hold there.
const NUMBERS: i32 = 4_990_274;

/// Connections that read at the same time (SQLite), and all connections (PostgreSQL).
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    /// SQLite readers beside the one writer.
    pub sqlite_readers: usize,
    /// PostgreSQL connections of this process.
    pub postgres: usize,
    /// How often a transaction is tried that PostgreSQL ends because it and another waited for each other.
    pub attempts: usize,
}

impl Default for Connections {
    fn default() -> Self {
        Self { sqlite_readers: 4, postgres: 16, attempts: 3 }
    }
}

/// Which database to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file; its folder must exist.
    Sqlite(PathBuf),
    /// A `postgres://` URL.
    Postgres(String),
}

/// An open database.
#[derive(Clone)]
pub struct Database(Backend);

#[derive(Clone)]
enum Backend {
    Sqlite { writer: Arc<Pool>, readers: Arc<Pool>, watch: Arc<Mutex<SqliteConn>> },
    Postgres { pool: Arc<Pool>, server: Postgres, attempts: usize },
}

/// Connections that wait to be taken, and how many there may be. SQLite's are all there from the start; PostgreSQL's are made
/// when they are needed.
struct Pool {
    permits: Semaphore,
    idle: Mutex<Vec<Conn>>,
}

impl Pool {
    fn of(connections: Vec<SqliteConn>) -> Arc<Self> {
        let permits = Semaphore::new(connections.len());
        Arc::new(Self { permits, idle: Mutex::new(connections.into_iter().map(Conn::Sqlite).collect()) })
    }

    fn empty(most: usize) -> Arc<Self> {
        Arc::new(Self { permits: Semaphore::new(most), idle: Mutex::default() })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Conn>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection for the length of one transaction.
#[allow(private_interfaces, reason = "the drivers stay in this folder")]
pub(crate) enum Conn {
    Sqlite(SqliteConn),
    Postgres(Box<PostgresConn>),
}

/// What was asked of a connection in its transaction, and is answered already or on its way.
pub(crate) struct Question(Stage);

enum Stage {
    Answered(Vec<Row>),
    /// By its number.
    Asked(usize),
}

impl Conn {
    fn batch(&self, sql: &str) -> Result<(), DbError> {
        match self {
            Self::Sqlite(conn) => conn.batch(sql),
            Self::Postgres(conn) => conn.batch(sql),
        }
    }

    pub(crate) fn query(&self, sql: &str, arguments: &[Value]) -> Result<Vec<Row>, DbError> {
        match self {
            Self::Sqlite(conn) => conn.query(sql, arguments),
            Self::Postgres(conn) => conn.query(sql, arguments),
        }
    }

    pub(crate) fn execute(&self, sql: &str, arguments: &[Value]) -> Result<u64, DbError> {
        match self {
            Self::Sqlite(conn) => conn.execute(sql, arguments),
            Self::Postgres(conn) => conn.execute(sql, arguments),
        }
    }

    /// Changes rows without asking how many. PostgreSQL may do it, and fail, with the next statement.
    pub(crate) fn put(&self, sql: &str, arguments: &[Value]) -> Result<(), DbError> {
        match self {
            Self::Sqlite(conn) => conn.execute(sql, arguments).map(drop),
            Self::Postgres(conn) => conn.put(sql, arguments),
        }
    }

    /// Asks for rows that are taken by [`Conn::answer`]. PostgreSQL may be asked, and fail, with the next statement.
    pub(crate) fn ask(&self, sql: &str, arguments: &[Value]) -> Result<Question, DbError> {
        match self {
            Self::Sqlite(conn) => conn.query(sql, arguments).map(Stage::Answered),
            Self::Postgres(conn) => conn.ask(sql, arguments).map(Stage::Asked),
        }
        .map(Question)
    }

    /// What this transaction asked.
    pub(crate) fn answer(&self, question: Question) -> Result<Vec<Row>, DbError> {
        match (self, question.0) {
            (_, Stage::Answered(rows)) => Ok(rows),
            (Self::Postgres(conn), Stage::Asked(number)) => conn.answer(number),
            (Self::Sqlite(_), Stage::Asked(_)) => Err(closed()),
        }
    }

    /// The names of all tables, before any migration, too.
    pub(crate) fn tables(&self) -> Result<Vec<String>, DbError> {
        let sql = match self {
            Self::Sqlite(_) => "select name from sqlite_master where type = 'table'",
            Self::Postgres(_) => "select tablename::text from pg_tables where schemaname = current_schema()",
        };
        self.query(sql, &[])?.into_iter().map(|mut row| row.take()).collect()
    }

    /// Whether a statement has failed after which the database refuses everything but a rollback.
    pub(crate) fn has_failed(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(conn) => conn.has_failed(),
        }
    }

    /// The end of a `select` that takes rows no other worker holds. SQLite has one writer and needs none.
    pub(crate) fn skip_locked(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " for update skip locked",
        }
    }

    /// The end of a `select` whose row stays as it is until the transaction ends.
    pub(crate) fn for_update(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " for update",
        }
    }

    /// The end of a `select` whose row may be read by others but not changed until the transaction ends.
    pub(crate) fn for_share(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " for share",
        }
    }

    /// Whoever holds this number holds it alone until its transaction ends. What is asked afterwards sees what was committed
    /// while it was waited for. SQLite has one writer and needs none.
    pub(crate) fn hold_number(&self, number: i32) -> Result<(), DbError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(conn) => conn.batch(&format!("select pg_advisory_xact_lock({NUMBERS}, {number})")),
        }
    }

    /// Two nodes that start at once migrate one after the other. PostgreSQL's `create table if not exists` does not
    /// bear two at once, so the lock comes first; and a migration may take its time.
    fn lock_schema(&self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(conn) => {
                conn.batch("set local lock_timeout = 0; set local statement_timeout = 0; select pg_advisory_xact_lock(4990274)")
            }
        }
    }

    /// PostgreSQL answers a `commit` after a failed statement by rolling back without an error.
    fn commit(&self, mode: Mode) -> Result<(), DbError> {
        match (self, mode) {
            (Self::Postgres(conn), _) if conn.has_failed() => {
                Err(DbError::Schema("a statement failed and the operation went on".to_owned()))
            }
            (Self::Postgres(conn), Mode::Read | Mode::Latest) => {
                conn.leave();
                Ok(())
            }
            (Self::Postgres(conn), Mode::Write) => conn.commit(),
            (Self::Sqlite(conn), _) => conn.transaction("commit"),
        }
    }

    fn rollback(&self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(conn) => conn.transaction("rollback"),
            Self::Postgres(conn) => conn.roll_back(),
        }
    }

    fn begin(&self, mode: Mode) -> Result<(), DbError> {
        match (self, mode) {
            (Self::Sqlite(conn), Mode::Read | Mode::Latest) => conn.transaction("begin"),
            (Self::Sqlite(conn), Mode::Write) => conn.transaction("begin immediate"),
            (Self::Postgres(conn), mode) => {
                conn.begin(match mode {
                    Mode::Read => Transaction::Unsent("begin isolation level repeatable read read only"),
                    Mode::Latest => Transaction::None,
                    Mode::Write => Transaction::Unsent("begin isolation level read committed"),
                });
                Ok(())
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// All statements see one moment.
    Read,
    /// Each statement sees what is committed when it is asked.
    Latest,
    Write,
}

impl Database {
    /// Opens the database. SQLite is created when missing; PostgreSQL is first reached on first use.
    pub fn open(location: &Location, connections: Connections) -> Result<Self, DbError> {
        match location {
            Location::Sqlite(path) => Self::open_sqlite(path, connections.sqlite_readers),
            Location::Postgres(url) => Self::open_postgres(url, connections),
        }
    }

    fn open_sqlite(path: &Path, readers: usize) -> Result<Self, DbError> {
        let writer = SqliteConn::writer(path)?;
        let readers = (0..readers).map(|_| SqliteConn::reader(path)).collect::<Result<Vec<_>, _>>()?;
        let watch = Arc::new(Mutex::new(SqliteConn::watch(path)?));
        Ok(Self(Backend::Sqlite { writer: Pool::of(vec![writer]), readers: Pool::of(readers), watch }))
    }

    fn open_postgres(url: &str, connections: Connections) -> Result<Self, DbError> {
        let (pool, attempts) = (Pool::empty(connections.postgres), connections.attempts);
        Ok(Self(Backend::Postgres { pool, server: Postgres::new(url)?, attempts }))
    }

    /// A number that differs from the one answered before if anybody has committed meanwhile, this process or another,
    /// without a query. `None` where that cannot be told: on PostgreSQL, and when SQLite is busy.
    pub(crate) fn version(&self) -> Option<i64> {
        match &self.0 {
            Backend::Sqlite { watch, .. } => watch.lock().unwrap_or_else(PoisonError::into_inner).version(),
            Backend::Postgres { .. } => None,
        }
    }

    /// Applies the migrations that are missing and returns their names.
    pub async fn migrate(&self, now: Timestamp) -> Result<Vec<&'static str>, Fault> {
        self.once(Mode::Write, move |conn| Ok(migrate::run(conn, now)?)).await
    }

    /// Applies migrations up to the one of this name: what an older Latchkey leaves behind.
    #[cfg(feature = "testing")]
    pub async fn migrate_until(&self, last: &'static str, now: Timestamp) -> Result<Vec<&'static str>, Fault> {
        self.once(Mode::Write, move |conn| Ok(migrate::run_until(conn, now, last)?)).await
    }

    /// Whether the database answers and every migration is in place.
    pub async fn is_ready(&self) -> Result<bool, Fault> {
        self.once(Mode::Read, |conn| Ok(migrate::is_current(conn)?)).await
    }

    /// Runs `work` in a read-only snapshot.
    pub(crate) async fn read<T, E>(&self, work: impl FnOnce(&Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        self.once(Mode::Read, work).await
    }

    /// Runs `work` without a snapshot: on PostgreSQL each statement sees what is committed when it is asked.
    pub(crate) async fn read_committed<T, E>(&self, work: impl FnOnce(&Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        self.once(Mode::Latest, work).await
    }

    /// Runs `work` in a transaction: commits on `Ok`, rolls back on `Err` and on a panic. When PostgreSQL ends the transaction because it
    /// and another waited for each other, nothing of it is left, and `work` runs again from its beginning.
    pub(crate) async fn write<T, E>(&self, work: impl Fn(&Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let again = move |mut conn: Returned, attempts| {
            for _ in 1..attempts {
                let result = transact(&mut conn, Mode::Write, &work);
                if !conn.gave_way() {
                    return result;
                }
            }
            transact(&mut conn, Mode::Write, &work)
        };
        self.run(Mode::Write, again).await
    }

    async fn once<T, E>(&self, mode: Mode, work: impl FnOnce(&Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        self.run(mode, move |mut conn, _| transact(&mut conn, mode, work)).await
    }

    /// Calls `work` with a connection for this mode, and how often a transaction is tried.
    async fn run<T, E>(&self, mode: Mode, work: impl FnOnce(Returned, usize) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let (pool, server, attempts) = match &self.0 {
            Backend::Sqlite { writer, readers, .. } => (if mode == Mode::Write { writer } else { readers }, None, 1),
            Backend::Postgres { pool, server, attempts } => (pool, Some(server.clone()), *attempts),
        };
        let place = Place::take(pool, server.is_some()).await.map_err(Fault::Db)?;
        on_blocking_pool(move || work(place.connect(server.as_ref()).map_err(Fault::Db)?, attempts)).await
    }
}

async fn on_blocking_pool<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Fault> + Send + 'static,
{
    match spawn_blocking(work).await {
        Ok(result) => result,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Fault::Db(closed()).into()),
        },
    }
}

fn closed() -> DbError {
    DbError::Unreachable("Latchkey is shutting down".to_owned())
}

/// A place in a pool. It comes back when the work has ended, even if the caller has gone away.
struct Place(Arc<Pool>);

impl Place {
    /// On PostgreSQL whoever waits too long is refused; SQLite's turns are short.
    async fn take(pool: &Arc<Pool>, with_limit: bool) -> Result<Self, DbError> {
        let acquired = pool.permits.acquire();
        let permit = if with_limit {
            timeout(postgres::WAIT, acquired).await.map_err(|_| DbError::Unreachable("all connections are in use".to_owned()))?
        } else {
            acquired.await
        };
        permit.map_err(|_| closed())?.forget();
        Ok(Self(Arc::clone(pool)))
    }

    /// A connection that waits, or a new one.
    fn connect(self, server: Option<&Postgres>) -> Result<Returned, DbError> {
        let found = loop {
            let waiting = self.0.idle().pop();
            match waiting {
                Some(Conn::Postgres(conn)) if !conn.is_alive() => {}
                other => break other,
            }
        };
        let conn = match (found, server) {
            (Some(conn), _) => conn,
            (None, Some(server)) => Conn::Postgres(Box::new(server.connect()?)),
            (None, None) => return Err(closed()),
        };
        Ok(Returned { conn: Some(conn), place: self })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.permits.add_permits(1);
    }
}

/// Gives the connection back however the work ends: a panic rolls back, too.
struct Returned {
    conn: Option<Conn>,
    place: Place,
}

impl Returned {
    /// Whether the transaction on it was ended because it and another waited for each other.
    fn gave_way(&self) -> bool {
        matches!(&self.conn, Some(Conn::Postgres(conn)) if conn.gave_way())
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        match (&conn, std::thread::panicking()) {
            // What a connection of PostgreSQL was in the middle of is unknown.
            (Conn::Postgres(_), true) => return,
            (Conn::Sqlite(conn), true) => _ = conn.transaction("rollback"),
            _ => {}
        }
        self.place.0.idle().push(conn);
    }
}

fn transact<T, E: From<Fault>>(guard: &mut Returned, mode: Mode, work: impl FnOnce(&Conn) -> Result<T, E>) -> Result<T, E> {
    let result = {
        let Some(conn) = &guard.conn else { return Err(Fault::Db(closed()).into()) };
        conn.begin(mode).map_err(Fault::Db)?;
        let result = work(conn);
        let ended = if result.is_ok() { conn.commit(mode) } else { conn.rollback() };
        ended.map(|()| result)
    };
    match result {
        Ok(result) => result,
        Err(error) => {
            // Neither committed nor rolled back: what a connection of PostgreSQL holds is unknown, unless the server has ended it.
            guard.conn = guard.conn.take().filter(|conn| match conn {
                Conn::Sqlite(conn) => {
                    let _ = conn.batch("rollback");
                    true
                }
                Conn::Postgres(conn) => conn.gave_way() && conn.roll_back().is_ok(),
            });
            Err(Fault::Db(error).into())
        }
    }
}
