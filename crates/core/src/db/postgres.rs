//! PostgreSQL 15 or later, called from the synchronous operation on the blocking pool.

use std::cell::Cell;
use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::runtime::Handle;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{DbError, Row, Value};

/// How long a request waits for a free connection before it is refused.
const WAIT: Duration = Duration::from_secs(10);

/// Connections to one PostgreSQL database.
#[derive(Clone)]
pub(super) struct Postgres {
    pool: Pool,
}

impl Postgres {
    /// Opens no connection yet: the first use does.
    pub(super) fn new(url: &str, connections: usize) -> Result<Self, DbError> {
        let mut config: tokio_postgres::Config =
            url.parse().map_err(|error: tokio_postgres::Error| DbError::Unreachable(error.to_string()))?;
        config.application_name("latchkey").connect_timeout(WAIT);
        let manager = Manager::from_config(
            config,
            MakeRustlsConnect::new(tls()?),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(connections)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .runtime(Runtime::Tokio1)
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move {
                    // A commit that was answered is on disk, whatever the server's default says.
                    let ready = "set synchronous_commit = on; set statement_timeout = '30s'; set lock_timeout = '10s'";
                    client.batch_execute(ready).await.map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(|error| DbError::Unreachable(error.to_string()))?;
        Ok(Self { pool })
    }

    pub(super) async fn connection(&self) -> Result<PostgresConn, DbError> {
        let client = self.pool.get().await.map_err(|error| DbError::Unreachable(chain(&error)))?;
        Ok(PostgresConn { client, handle: Handle::current(), failed: Cell::new(false), unsent: Cell::new(None) })
    }
}

fn tls() -> Result<rustls::ClientConfig, DbError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| DbError::Unreachable(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// One connection, taken from the pool for one transaction.
pub(super) struct PostgresConn {
    client: Object,
    handle: Handle,
    failed: Cell<bool>,
    /// The `begin` that goes out together with the first statement.
    unsent: Cell<Option<&'static str>>,
}

impl PostgresConn {
    /// Begins a transaction. Nothing is sent before there is a statement: the two share one round trip.
    pub(super) fn begin(&self, begin: &'static str) {
        self.unsent.set(Some(begin));
    }

    /// Ends a transaction that has changed nothing. The answer is not waited for, since nothing depends on it; what
    /// this connection is asked next comes after it.
    pub(super) fn leave(&self) {
        if self.unsent.take().is_none() {
            let mut ended = pin!(self.client.batch_execute("commit"));
            // The first poll sends it.
            self.handle.block_on(poll_fn(|context| {
                let _ = ended.as_mut().poll(context);
                Poll::Ready(())
            }));
        }
    }

    /// Ends a transaction and waits until that is done; one that has sent nothing is none.
    pub(super) fn end(&self, end: &str) -> Result<(), DbError> {
        if self.unsent.take().is_some() { Ok(()) } else { self.batch(end) }
    }

    pub(super) fn batch(&self, sql: &str) -> Result<(), DbError> {
        self.noted(self.handle.block_on(self.begun(self.client.batch_execute(sql))))
    }

    pub(super) fn query(&self, sql: &str, arguments: &[Value]) -> Result<Vec<Row>, DbError> {
        let rows = self.handle.block_on(async {
            let statement = self.client.prepare_typed_cached(sql, &types(arguments)).await?;
            self.begun(self.client.query(&statement, &borrowed(arguments))).await
        });
        self.noted(rows)?.iter().map(read).collect()
    }

    pub(super) fn execute(&self, sql: &str, arguments: &[Value]) -> Result<u64, DbError> {
        self.noted(self.handle.block_on(async {
            let statement = self.client.prepare_typed_cached(sql, &types(arguments)).await?;
            self.begun(self.client.execute(&statement, &borrowed(arguments))).await
        }))
    }

    /// Sends a statement, and right before it the `begin` that waits for one.
    async fn begun<T>(
        &self,
        statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, tokio_postgres::Error> {
        let Some(begin) = self.unsent.take() else { return statement.await };
        let (opened, answer) = tokio::join!(biased; self.client.batch_execute(begin), statement);
        opened?;
        answer
    }

    /// Whether a statement failed since the connection was taken: its transaction can only roll back.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    fn noted<T>(&self, result: Result<T, tokio_postgres::Error>) -> Result<T, DbError> {
        result.map_err(|error| {
            self.failed.set(true);
            driver(error)
        })
    }

    /// Gives the connection up instead of returning it to the pool: its state is unknown.
    pub(super) fn discard(self) {
        drop(Object::take(self.client));
    }
}

fn types(arguments: &[Value]) -> Vec<Type> {
    arguments
        .iter()
        .map(|value| match value {
            Value::Int(_) => Type::INT8,
            Value::Text(_) => Type::TEXT,
            Value::Bytes(_) => Type::BYTEA,
        })
        .collect()
}

fn borrowed(arguments: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    arguments.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn read(row: &tokio_postgres::Row) -> Result<Row, DbError> {
    let columns =
        (0..row.len()).map(|index| row.try_get::<_, Value>(index).map_err(driver)).collect::<Result<Vec<Value>, DbError>>()?;
    Ok(Row::new(columns))
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Value::Int(Some(number)) => number.to_sql(kind, out),
            // PostgreSQL refuses this one character; what people store cannot hold it, what they look for may.
            Value::Text(Some(text)) if text.contains('\0') => text.replace('\0', "\u{fffd}").to_sql(kind, out),
            Value::Text(Some(text)) => text.to_sql(kind, out),
            Value::Bytes(Some(bytes)) => bytes.to_sql(kind, out),
            _ => Ok(IsNull::Yes),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::TEXT | Type::BYTEA)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT4 => Value::Int(Some(i64::from(i32::from_sql(kind, raw)?))),
            Type::INT8 => Value::Int(Some(i64::from_sql(kind, raw)?)),
            Type::BYTEA => Value::Bytes(Some(Vec::from_sql(kind, raw)?)),
            _ => Value::Text(Some(String::from_sql(kind, raw)?)),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Value::Int(None))
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT4 | Type::INT8 | Type::TEXT | Type::VARCHAR | Type::BYTEA)
    }
}

fn driver(error: tokio_postgres::Error) -> DbError {
    use tokio_postgres::error::SqlState;
    if error.is_closed() {
        return DbError::Unreachable(chain(&error));
    }
    match error.as_db_error() {
        Some(db) if *db.code() == SqlState::UNIQUE_VIOLATION => DbError::Unique(db.constraint().unwrap_or_default().to_owned()),
        Some(db) if *db.code() == SqlState::FOREIGN_KEY_VIOLATION => DbError::ForeignKey,
        _ => DbError::Driver(Box::new(error)),
    }
}

/// An error with all its causes on one line: the outermost alone says only "error connecting to server".
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
