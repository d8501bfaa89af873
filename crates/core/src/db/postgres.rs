//! PostgreSQL 15 or later, called from the synchronous operation on the blocking pool.
//!
//! The thread that asks also speaks with the server: each connection has a small runtime of its own, which runs while something
//! is asked and at no other time. So a statement costs no change of threads, which on a busy machine is most of its time.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::error::Error;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use tokio_postgres::{Client, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{DbError, Row, Value};

/// How long it may take until there is a connection.
pub(super) const WAIT: Duration = Duration::from_secs(10);

/// Statements that wait for the next one; one more sends them.
const MOST_WAITING: usize = 64;

/// How a PostgreSQL database is reached.
#[derive(Clone)]
pub(super) struct Postgres {
    config: Arc<tokio_postgres::Config>,
    tls: MakeRustlsConnect,
}

impl Postgres {
    pub(super) fn new(url: &str) -> Result<Self, DbError> {
        let mut config: tokio_postgres::Config =
            url.parse().map_err(|error: tokio_postgres::Error| DbError::Unreachable(error.to_string()))?;
        config.application_name("latchkey").connect_timeout(WAIT);
        Ok(Self { config: Arc::new(config), tls: MakeRustlsConnect::new(tls()?) })
    }

    /// Connects. To be called where a thread may wait.
    pub(super) fn connect(&self) -> Result<PostgresConn, DbError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| DbError::Unreachable(error.to_string()))?;
        let connected = runtime.block_on(timeout(WAIT, self.reach()));
        let (client, line) = connected
            .map_err(|_| DbError::Unreachable(format!("no answer within {} s", WAIT.as_secs())))?
            .map_err(|error| DbError::Unreachable(chain(&error)))?;
        let conn = PostgresConn {
            client,
            line: RefCell::new(Some(line)),
            runtime: Some(runtime),
            statements: RefCell::default(),
            failed: Cell::new(false),
            gave_way: Cell::new(false),
            transaction: Cell::default(),
            waiting: RefCell::default(),
            answers: RefCell::default(),
        };
        // A commit that was answered is on disk, whatever the server's default says.
        conn.batch("set synchronous_commit = on; set statement_timeout = '30s'; set lock_timeout = '10s'")?;
        Ok(conn)
    }

    /// Through a socket of this machine nothing is encrypted: it has no name that a certificate could show.
    async fn reach(&self) -> Result<(Client, Line), tokio_postgres::Error> {
        let hosts = self.config.get_hosts();
        if !hosts.is_empty() && hosts.iter().all(|host| matches!(host, Host::Unix(_))) {
            let (client, connection) = self.config.connect(NoTls).await?;
            return Ok((client, Box::pin(connection)));
        }
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        Ok((client, Box::pin(connection)))
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

/// What carries bytes between the client and the server, and ends when the connection does.
type Line = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send>>;

/// A statement that was sent and is not answered yet.
type Sent<'a> = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + 'a>>;

/// A statement that goes out together with the next one.
struct Waiting {
    statement: Statement,
    arguments: Vec<Value>,
    /// The number of the question whose answer it is; `None` for a change.
    question: Option<usize>,
}

/// How far a transaction has come.
#[derive(Clone, Copy, Default)]
pub(super) enum Transaction {
    /// There is none: each statement is one.
    #[default]
    None,
    /// Its `begin` goes out together with the first statement.
    Unsent(&'static str),
    /// The server has begun it.
    Open,
}

/// One connection, taken from the pool for one transaction.
pub(super) struct PostgresConn {
    client: Client,
    /// `None` once the connection has ended.
    line: RefCell<Option<Line>>,
    /// There until this is dropped.
    runtime: Option<Runtime>,
    /// What was prepared, by its text: for each list of types it was asked with.
    statements: RefCell<HashMap<String, Vec<Statement>>>,
    failed: Cell<bool>,
    /// Whether that was because this transaction and another waited for each other.
    gave_way: Cell<bool>,
    transaction: Cell<Transaction>,
    waiting: RefCell<Vec<Waiting>>,
    /// Of each question of this transaction, until it is taken.
    answers: RefCell<Vec<Option<Vec<tokio_postgres::Row>>>>,
}

impl PostgresConn {
    /// Begins a transaction, or with [`Transaction::None`] statements that are one each. Nothing is sent before there is a statement:
    /// it and the `begin` share one round trip.
    pub(super) fn begin(&self, transaction: Transaction) {
        self.failed.set(false);
        self.gave_way.set(false);
        self.waiting.take();
        self.answers.take();
        self.transaction.set(transaction);
    }

    /// Ends a transaction that has changed nothing. The answer is not waited for, since nothing depends on it; what
    /// this connection is asked next comes after it.
    pub(super) fn leave(&self) {
        if !self.take_open() {
            return;
        }
        let mut ended = pin!(self.client.batch_execute("commit"));
        let sent = poll_fn(|context| {
            // The first poll puts it in line, and the line sends it.
            let _ = ended.as_mut().poll(context);
            self.carry(context);
            Poll::Ready(())
        });
        if let Some(runtime) = &self.runtime {
            runtime.block_on(sent);
        }
    }

    /// Commits and waits until that is done; a transaction that has nothing to send is none.
    pub(super) fn commit(&self) -> Result<(), DbError> {
        let is_empty = self.waiting.borrow().is_empty() && !matches!(self.transaction.get(), Transaction::Open);
        if is_empty { Ok(()) } else { self.batch("commit") }
    }

    /// Takes everything back, also what was not sent yet.
    pub(super) fn roll_back(&self) -> Result<(), DbError> {
        self.waiting.take();
        if self.take_open() { self.batch("rollback") } else { Ok(()) }
    }

    /// Whether there is something on the server to end: from here on there is not.
    fn take_open(&self) -> bool {
        matches!(self.transaction.take(), Transaction::Open)
    }

    pub(super) fn batch(&self, sql: &str) -> Result<(), DbError> {
        self.wait(self.after_unsent(self.client.batch_execute(sql)))
    }

    pub(super) fn query(&self, sql: &str, arguments: &[Value]) -> Result<Vec<Row>, DbError> {
        let rows = self.wait(async {
            let statement = self.prepared(sql, arguments).await?;
            self.after_unsent(self.client.query(&statement, &borrowed(arguments))).await
        });
        rows?.iter().map(read).collect()
    }

    pub(super) fn execute(&self, sql: &str, arguments: &[Value]) -> Result<u64, DbError> {
        self.wait(async {
            let statement = self.prepared(sql, arguments).await?;
            self.after_unsent(self.client.execute(&statement, &borrowed(arguments))).await
        })
    }

    /// Changes rows without asking how many: this is sent together with the next statement, which fails when this does.
    pub(super) fn put(&self, sql: &str, arguments: &[Value]) -> Result<(), DbError> {
        self.line_up(sql, arguments, None)
    }

    /// Asks for rows that are taken later: this is sent together with the next statement, or when its answer is taken. The number of
    /// the question in this transaction.
    pub(super) fn ask(&self, sql: &str, arguments: &[Value]) -> Result<usize, DbError> {
        let number = self.answers.borrow().len();
        self.answers.borrow_mut().push(None);
        self.line_up(sql, arguments, Some(number))?;
        Ok(number)
    }

    /// The answer to a question.
    pub(super) fn answer(&self, question: usize) -> Result<Vec<Row>, DbError> {
        if self.answers.borrow().get(question).is_some_and(Option::is_none) {
            self.wait(self.after_unsent(async { Ok(()) }))?;
        }
        let rows = self.answers.borrow_mut().get_mut(question).and_then(Option::take);
        rows.ok_or_else(super::closed)?.iter().map(read).collect()
    }

    fn line_up(&self, sql: &str, arguments: &[Value], question: Option<usize>) -> Result<(), DbError> {
        let statement = match self.kept(sql, arguments) {
            Some(statement) => statement,
            None => self.wait(self.prepare(sql, arguments))?,
        };
        self.waiting.borrow_mut().push(Waiting { statement, arguments: arguments.to_vec(), question });
        if self.waiting.borrow().len() < MOST_WAITING { Ok(()) } else { self.wait(self.after_unsent(async { Ok(()) })) }
    }

    async fn prepared(&self, sql: &str, arguments: &[Value]) -> Result<Statement, tokio_postgres::Error> {
        match self.kept(sql, arguments) {
            Some(statement) => Ok(statement),
            None => self.prepare(sql, arguments).await,
        }
    }

    /// The statement, if this connection has been asked it before.
    fn kept(&self, sql: &str, arguments: &[Value]) -> Option<Statement> {
        let fits = |statement: &&Statement| statement.params().iter().eq(arguments.iter().map(kind));
        self.statements.borrow().get(sql).and_then(|kept| kept.iter().find(fits).cloned())
    }

    async fn prepare(&self, sql: &str, arguments: &[Value]) -> Result<Statement, tokio_postgres::Error> {
        let types: Vec<Type> = arguments.iter().map(kind).cloned().collect();
        let statement = self.client.prepare_typed(sql, &types).await?;
        self.statements.borrow_mut().entry(sql.to_owned()).or_default().push(statement.clone());
        Ok(statement)
    }

    /// Sends a statement, and right before it the `begin` and the statements that wait for one: all share one round trip.
    async fn after_unsent<T>(
        &self,
        statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, tokio_postgres::Error> {
        let (transaction, waiting) = (self.transaction.get(), self.waiting.take());
        let mut before: Vec<Sent<'_>> = Vec::new();
        if let Transaction::Unsent(begin) = transaction {
            before.push(Box::pin(self.client.batch_execute(begin)));
            self.transaction.set(Transaction::Open);
        }
        before.extend(waiting.iter().map(|waiting| Box::pin(self.run(waiting)) as Sent<'_>));
        let (mut statement, mut answer, mut failed) = (pin!(statement), None, Ok(()));
        // The first poll of each puts it in line, and the server answers in that order: the first failure makes all after it fail.
        let answered = poll_fn(|context| {
            before.retain_mut(|sent| match sent.as_mut().poll(context) {
                Poll::Pending => true,
                Poll::Ready(done) => {
                    failed = std::mem::replace(&mut failed, Ok(())).and(done);
                    false
                }
            });
            if answer.is_none()
                && let Poll::Ready(ready) = statement.as_mut().poll(context)
            {
                answer = Some(ready);
            }
            if before.is_empty() { answer.take().map_or(Poll::Pending, Poll::Ready) } else { Poll::Pending }
        });
        let answer = answered.await;
        failed?;
        answer
    }

    async fn run(&self, waiting: &Waiting) -> Result<(), tokio_postgres::Error> {
        let (statement, arguments) = (&waiting.statement, borrowed(&waiting.arguments));
        let Some(question) = waiting.question else { return self.client.execute(statement, &arguments).await.map(drop) };
        let rows = self.client.query(statement, &arguments).await?;
        if let Some(answer) = self.answers.borrow_mut().get_mut(question) {
            *answer = Some(rows);
        }
        Ok(())
    }

    /// Waits for an answer, and meanwhile carries what is asked and answered.
    fn wait<T>(&self, answer: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, DbError> {
        let Some(runtime) = &self.runtime else { return Err(super::closed()) };
        let mut answer = pin!(answer);
        let answered = runtime.block_on(poll_fn(|context| {
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            self.carry(context);
            answer.as_mut().poll(context)
        }));
        answered.map_err(|error| {
            self.failed.set(true);
            // Whatever fails after it fails because the transaction is over.
            self.gave_way.set(self.gave_way.get() || error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED));
            driver(error)
        })
    }

    fn carry(&self, context: &mut Context<'_>) {
        let mut line = self.line.borrow_mut();
        // Whoever waits for an answer is told by the client that none will come.
        if line.as_mut().is_some_and(|line| line.as_mut().poll(context).is_ready()) {
            *line = None;
        }
    }

    /// Whether the server has not hung up while nobody asked anything.
    pub(super) fn is_alive(&self) -> bool {
        let Some(runtime) = &self.runtime else { return false };
        runtime.block_on(async {
            // The runtime hears of what has come meanwhile only when it rests.
            yield_now().await;
            let carried = poll_fn(|context| {
                self.carry(context);
                Poll::Ready(())
            });
            carried.await;
        });
        self.line.borrow().is_some()
    }

    /// Whether the last transaction was ended because it and another waited for each other (a deadlock).
    pub(super) fn gave_way(&self) -> bool {
        self.gave_way.get()
    }

    /// Whether a statement failed since the transaction began: it can only roll back.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.get()
    }
}

impl Drop for PostgresConn {
    fn drop(&mut self) {
        // An ordinary drop may wait for threads, which there are none of, and so must not be where tasks run.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn kind(argument: &Value) -> &'static Type {
    match argument {
        Value::Int(_) => &Type::INT8,
        Value::Text(_) => &Type::TEXT,
        Value::Bytes(_) => &Type::BYTEA,
    }
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
