//! An [`App`] is everything Latchkey knows and can do, without a door. No global state: two apps run
//! in one process.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};
use tokio::time::timeout;

use crate::access::OnBehalf;
use crate::check::{self, Changed};
use crate::clock::{Clock, Timestamp};
use crate::db::{Conn, Database, DbError, Row, Value};
use crate::error::Fault;
use crate::mail::Templates;
use crate::password::Hasher;
use crate::secret::{NoRandomness, Random, SealKey, Secret};
use crate::session::{Host, Hosts};

/// What an app is made of.
pub struct Parts {
    /// Where everything is kept.
    pub database: Database,
    /// Where the time comes from.
    pub clock: Clock,
    /// Where random bits come from.
    pub random: Random,
    /// The key under which secrets wait in queued mails.
    pub seal_key: SealKey,
    /// Hashes and verifies passwords.
    pub hasher: Hasher,
    /// Writes mails.
    pub templates: Arc<dyn Templates>,
    /// The address under which people reach this server, without a slash at the end. Links in mails are
    /// built from it alone.
    pub public_url: String,
}

/// How long a stranger waits for others: see [`App::strangers_turn`].
const LONGEST_TURN: Duration = Duration::from_secs(1);

/// A running Latchkey, cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

pub(crate) struct Inner {
    parts: Parts,
    outbox_filled: Notify,
    events_recorded: Notify,
    /// The last sealed event that this process knows of.
    sealed: watch::Sender<i64>,
    access: check::Copies,
    hosts: Hosts,
    strangers: Semaphore,
}

/// From where an operation was asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The client's address; `None` for the machine's own work.
    pub ip: Option<IpAddr>,
    /// What the browser calls itself, cut to a bounded length.
    pub user_agent: String,
    /// What the browser's device cookie holds, if it has one: see [`device`](crate::device).
    pub device: Option<Secret>,
    /// What the session cookie of the area holds, if the browser has one: a login ends that session.
    pub session: Option<Secret>,
    /// The admin behind it, when one acts for a user.
    pub on_behalf: Option<OnBehalf>,
}

impl App {
    /// Puts an app together.
    pub fn new(parts: Parts) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let (outbox_filled, events_recorded, sealed) = (Notify::new(), Notify::new(), watch::Sender::new(0));
        Self(Arc::new(Inner {
            parts,
            outbox_filled,
            events_recorded,
            sealed,
            access: check::Copies::default(),
            hosts: Hosts::default(),
            strangers: Semaphore::new(cores.div_ceil(2)),
        }))
    }

    /// Waits for a place among those who have not shown yet who they are, to be held while the database is read for one. There is one
    /// for every second core: a flood of logins waits for itself, and whoever is inside does not wait for it. Who has waited for a
    /// second goes on without one: where the database hangs, nobody waits for all who came before.
    pub async fn strangers_turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        timeout(LONGEST_TURN, self.0.strangers.acquire()).await.ok()?.ok()
    }

    /// Runs `work` in a read-only snapshot, on the blocking pool.
    pub async fn read<T, E>(&self, work: impl FnOnce(&Snapshot<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let clock = self.0.parts.clock.clone();
        // The moment is taken when there is a connection: whoever waited long does not see the past.
        self.0.parts.database.read(move |conn| work(&Snapshot { conn, now: clock.now() })).await
    }

    /// Runs `work` on the blocking pool, outside a snapshot: on PostgreSQL each statement sees what is committed when it is asked, and
    /// two statements less are needed. For a single statement, and for several of which none has to fit the others.
    pub async fn read_committed<T, E>(&self, work: impl FnOnce(&Snapshot<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let clock = self.0.parts.clock.clone();
        self.0.parts.database.read_committed(move |conn| work(&Snapshot { conn, now: clock.now() })).await
    }

    /// Runs `work` in a transaction, on the blocking pool: commits on `Ok`, rolls back on `Err`. It may run more than once, each time
    /// as if it had not run before: when it and another transaction wait for each other, PostgreSQL ends one of them.
    pub async fn write<T, E>(&self, request: &Request, work: impl Fn(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        let request = request.clone();
        let written = self.0.parts.database.write(move |conn| {
            let snapshot = Snapshot { conn, now: inner.parts.clock.now() };
            let (promised, recorded, changed) = (Cell::new(false), Cell::new(false), RefCell::default());
            let tx = Tx { snapshot, app: &inner, request: &request, promised, recorded, changed };
            let output = work(&tx)?;
            // After a failed statement nothing is committed, whatever the work has made of it: that is said there.
            if !conn.has_failed() {
                check::note_changes(&tx, tx.changed.take())?;
            }
            Ok::<_, E>((output, tx.promised.get(), tx.recorded.get()))
        });
        let (output, promised, recorded) = written.await?;
        if promised {
            self.0.outbox_filled.notify_one();
        }
        if recorded {
            self.0.events_recorded.notify_one();
        }
        Ok(output)
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.0.parts.clock.now()
    }

    /// The pool that hashes and verifies passwords.
    pub fn hasher(&self) -> &Hasher {
        &self.0.parts.hasher
    }

    /// Where random bits come from.
    pub fn random(&self) -> &Random {
        &self.0.parts.random
    }

    /// The address under which people reach this server.
    pub fn public_url(&self) -> &str {
        &self.0.parts.public_url
    }

    /// The database, for migrations and readiness.
    pub fn database(&self) -> &Database {
        &self.0.parts.database
    }

    /// Waits until a transaction of this process has promised something.
    pub async fn outbox_filled(&self) {
        self.0.outbox_filled.notified().await;
    }

    /// Waits until a transaction of this process has recorded an event: there is something to seal.
    pub async fn events_recorded(&self) {
        self.0.events_recorded.notified().await;
    }

    /// The number of the last sealed event, as far as this process knows, and of later ones as they are sealed.
    pub(crate) fn sealed(&self) -> watch::Receiver<i64> {
        self.0.sealed.subscribe()
    }

    /// Wakes whoever waits for sealed events up to this one.
    pub(crate) fn note_sealed(&self, head: i64) {
        self.0.sealed.send_if_modified(|known| {
            let later = head > *known;
            *known = head.max(*known);
            later
        });
    }

    /// What this node remembers of who may do what.
    pub(crate) fn access(&self) -> &check::Copies {
        &self.0.access
    }

    /// Opens a sealed secret; `None` when it was sealed under another key.
    pub(crate) fn unseal(&self, sealed: &[u8]) -> Option<Secret> {
        self.0.parts.seal_key.open(sealed)
    }

    /// Seals a few bytes for one purpose.
    pub(crate) fn seal_bytes(&self, purpose: &str, bytes: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        self.0.parts.seal_key.seal_bytes(&self.0.parts.random, purpose, bytes)
    }

    /// Opens a few sealed bytes; `None` when they were sealed under another key or for another purpose.
    pub(crate) fn open_bytes(&self, purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        self.0.parts.seal_key.open_bytes(purpose, sealed)
    }
}

/// One consistent view of the database, or the latest one: see [`App::read_committed`].
pub struct Snapshot<'a> {
    conn: &'a Conn,
    now: Timestamp,
}

impl Snapshot<'_> {
    /// The moment of this transaction.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// All rows.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        arguments: &[Value],
        read: impl Fn(&mut Row) -> Result<T, DbError>,
    ) -> Result<Vec<T>, Fault> {
        let rows = self.conn.query(sql, arguments)?;
        rows.into_iter().map(|mut row| Ok(read(&mut row)?)).collect()
    }

    /// The first row, if there is one.
    pub(crate) fn optional<T>(
        &self,
        sql: &str,
        arguments: &[Value],
        read: impl Fn(&mut Row) -> Result<T, DbError>,
    ) -> Result<Option<T>, Fault> {
        let first = self.conn.query(sql, arguments)?.into_iter().next();
        first.map(|mut row| Ok(read(&mut row)?)).transpose()
    }

    /// The row that the schema promises.
    pub(crate) fn one<T>(
        &self,
        sql: &str,
        arguments: &[Value],
        read: impl Fn(&mut Row) -> Result<T, DbError>,
    ) -> Result<T, Fault> {
        self.optional(sql, arguments, read)?.ok_or(Fault::Db(DbError::NoRow))
    }

    /// Asks for all rows, to be taken later: on PostgreSQL, whatever is asked before the first answer is taken shares one round trip.
    pub(crate) fn ask<'a, T: 'a>(
        &'a self,
        sql: &str,
        arguments: &[Value],
        read: impl Fn(&mut Row) -> Result<T, DbError> + 'a,
    ) -> Result<Asked<'a, Vec<T>>, Fault> {
        let question = self.conn.ask(sql, arguments)?;
        Ok(Asked(Box::new(move || {
            let rows = self.conn.answer(question)?;
            rows.into_iter().map(|mut row| Ok(read(&mut row)?)).collect()
        })))
    }

    /// The same for the first row.
    pub(crate) fn ask_first<'a, T: 'a>(
        &'a self,
        sql: &str,
        arguments: &[Value],
        read: impl Fn(&mut Row) -> Result<T, DbError> + 'a,
    ) -> Result<Asked<'a, Option<T>>, Fault> {
        Ok(self.ask(sql, arguments, read)?.map(|found| found.into_iter().next()))
    }

    /// The same for the row that the schema promises.
    pub(crate) fn ask_one<'a, T: 'a>(
        &'a self,
        sql: &str,
        arguments: &[Value],
        read: impl Fn(&mut Row) -> Result<T, DbError> + 'a,
    ) -> Result<Asked<'a, T>, Fault> {
        let Asked(first) = self.ask_first(sql, arguments, read)?;
        Ok(Asked(Box::new(move || first()?.ok_or(Fault::Db(DbError::NoRow)))))
    }
}

/// What was asked and is answered when it is wanted: see `Snapshot::ask`. A change that was asked for what it returns is made, too,
/// when its answer is never taken.
#[must_use = "a question without an answer is for nothing"]
pub struct Asked<'a, T>(Box<dyn FnOnce() -> Result<T, Fault> + 'a>);

impl<'a, T: 'a> Asked<'a, T> {
    /// What is known without asking.
    pub(crate) fn known(answer: T) -> Self {
        Self(Box::new(move || Ok(answer)))
    }

    /// The answer.
    pub fn answer(self) -> Result<T, Fault> {
        self.0()
    }

    /// The same question, of whose answer something is made.
    pub fn map<U: 'a>(self, make: impl FnOnce(T) -> U + 'a) -> Asked<'a, U> {
        Asked(Box::new(move || self.answer().map(make)))
    }
}

/// A transaction that can write. It carries time, randomness and the request.
pub struct Tx<'a> {
    snapshot: Snapshot<'a>,
    app: &'a Inner,
    request: &'a Request,
    promised: Cell<bool>,
    recorded: Cell<bool>,
    changed: RefCell<BTreeSet<Changed>>,
}

impl<'a> Deref for Tx<'a> {
    type Target = Snapshot<'a>;

    fn deref(&self) -> &Self::Target {
        &self.snapshot
    }
}

impl Tx<'_> {
    /// From where this was asked for.
    pub const fn request(&self) -> &Request {
        self.request
    }

    /// The hosts that this process has looked up lately.
    pub(crate) const fn hosts(&self) -> &Hosts {
        &self.app.hosts
    }

    /// The host this was asked for from, if that was looked up lately: see [`Hosts::recall`].
    pub(crate) fn known_host(&self) -> Option<Host> {
        self.hosts().recall(self.request.ip?, self.now())
    }

    /// A new secret.
    pub(crate) fn secret(&self) -> Result<Secret, Fault> {
        Ok(self.app.parts.random.secret()?)
    }

    /// Random bytes that are no secret, such as a public identifier.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        self.app.parts.random.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Seals a secret for as long as its mail waits.
    pub(crate) fn seal(&self, secret: &Secret) -> Result<Vec<u8>, Fault> {
        Ok(self.app.parts.seal_key.seal(&self.app.parts.random, secret)?)
    }

    /// Opens a sealed secret; `None` when it was sealed under another key.
    pub(crate) fn unseal(&self, sealed: &[u8]) -> Option<Secret> {
        self.app.parts.seal_key.open(sealed)
    }

    /// Seals a few bytes for one purpose.
    pub(crate) fn seal_bytes(&self, purpose: &str, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
        Ok(self.app.parts.seal_key.seal_bytes(&self.app.parts.random, purpose, bytes)?)
    }

    /// Opens a few sealed bytes; `None` when they were sealed under another key or for another purpose.
    pub(crate) fn open_bytes(&self, purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        self.app.parts.seal_key.open_bytes(purpose, sealed)
    }

    /// Writes mails.
    pub(crate) fn templates(&self) -> &dyn Templates {
        &*self.app.parts.templates
    }

    /// The address under which people reach this server.
    pub(crate) fn public_url(&self) -> &str {
        &self.app.parts.public_url
    }

    /// Changes rows and returns how many.
    pub(crate) fn execute(&self, sql: &str, arguments: &[Value]) -> Result<u64, Fault> {
        Ok(self.snapshot.conn.execute(sql, arguments)?)
    }

    /// Changes rows without asking how many, and without a way to tell why it cannot be done: what fails here fails with a later statement or
    /// with the commit. On PostgreSQL it costs no round trip. For what no constraint can refuse.
    pub(crate) fn put(&self, sql: &str, arguments: &[Value]) -> Result<(), Fault> {
        Ok(self.snapshot.conn.put(sql, arguments)?)
    }

    /// Wakes the workers once this transaction has been committed.
    pub(crate) fn promise(&self) {
        self.promised.set(true);
    }

    /// Wakes the sealer once this transaction has been committed.
    pub(crate) fn recorded(&self) {
        self.recorded.set(true);
    }

    /// Marks that who may do what can be another once this transaction has been committed.
    pub(crate) fn access_changed(&self, changed: Changed) {
        self.changed.borrow_mut().insert(changed);
    }

    /// Whoever holds this number holds it alone until its transaction ends.
    pub(crate) fn hold_number(&self, number: i32) -> Result<(), Fault> {
        Ok(self.snapshot.conn.hold_number(number)?)
    }

    pub(crate) fn skip_locked(&self) -> &'static str {
        self.snapshot.conn.skip_locked()
    }

    pub(crate) fn for_update(&self) -> &'static str {
        self.snapshot.conn.for_update()
    }

    pub(crate) fn for_share(&self) -> &'static str {
        self.snapshot.conn.for_share()
    }
}
