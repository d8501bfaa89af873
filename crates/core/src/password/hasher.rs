//! Argon2id on a pool with a bound.
//!
//! At most one hash per core is computed at a time, each in a block of memory that is used again and given back in quiet times, so
//! a flood of logins costs `cores × 64 MiB` and no more (or what the operator sets, or what the dearest hash takes
//! that another system left). Who comes when the queue is full is told to come again; requests that need no hash never wait
//! here. A part of the queue is out of strangers' reach: a flood of them keeps nobody out who comes with a known device. Other systems'
//! hashes and the file of breached passwords are looked at in the same pool: whatever may take long has the same bound.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;

use super::alike::{Cost, Dearest};
use super::cost::HashCost;
use super::foreign::{self, Foreign};
use super::pepper::Pepper;
use super::stored::{OUTPUT, Own, Parameters, cost_of, decode, encode};
use super::workers::Workers;
use super::{Breached, Password, PasswordHash, Peppers};
use crate::error::{Fault, HasKind, Invalid, Kind};
use crate::secret::Random;

/// Bytes of salt.
const SALT: usize = 16;
/// Logins that may wait for each core before the next is turned away, at the default cost of a hash: about four seconds' worth.
const QUEUE_PER_CORE: usize = 32;
/// The same for the dearest hashes: people who log in at the same moment wait for each other.
const SHORTEST_QUEUE: u64 = 8;
/// The same for the cheapest.
const LONGEST_QUEUE: u64 = 256;
/// Of so many places one is never a stranger's.
const RESERVED_OF: usize = 4;
/// How long nobody logs in before the memory is given back.
const QUIET: Duration = Duration::from_secs(10);
/// When somebody who was turned away should come again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Hasher {
    pool: Arc<Pool>,
    workers: Arc<Workers>,
    peppers: Peppers,
    breached: Option<Breached>,
}

struct Pool {
    parameters: Parameters,
    waiting: AtomicUsize,
    max_waiting: usize,
    memory: Mutex<Vec<Vec<Block>>>,
    /// What every wrong password costs besides: how long an answer takes must not tell whose hash it is.
    dearest: Dearest,
    /// What was done, for tests that count it.
    #[cfg(feature = "testing")]
    work: Work,
}

/// How often which work was done.
#[cfg(feature = "testing")]
#[derive(Debug, Default)]
struct Work {
    verified: AtomicUsize,
    computed: AtomicUsize,
    /// KiB that Argon2id filled, and rounds of bcrypt.
    filled: AtomicUsize,
    rounds: AtomicUsize,
}

/// Whose password is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comer {
    /// Anybody who typed something. A quarter of the queue is not for strangers.
    Stranger,
    /// Somebody who has shown something: a device that is known, a session, a link out of a mail.
    Known,
}

/// What a verification says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right, and its hash is current.
    Right,
    /// The password is right, and its hash should be renewed: its parameters are no longer ours.
    RightButStale,
    /// It is wrong, or there is nothing to compare it with.
    Wrong,
}

/// The key of what is said about a breached password.
pub(crate) const BREACHED: &str = "error-password-leaked";

/// No hash could be computed.
#[derive(Debug, thiserror::Error)]
pub enum Busy {
    /// Too many wait already.
    #[error("too many logins at once")]
    Full,
    /// The chosen password is known from a breach (ASVS V6.2.12).
    #[error("the password is on a list of breached passwords")]
    Breached,
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Busy {
    fn kind(&self) -> Kind {
        match self {
            Self::Full => Kind::Limited { retry_after: RETRY_AFTER },
            Self::Breached => Kind::Invalid(vec![Invalid::new("password", BREACHED)]),
            Self::Fault(fault) => fault.kind(),
        }
    }
}

impl Hasher {
    /// A pool for so many cores, whose new hashes cost this. Older ones are renewed when they are next compared.
    pub fn new(cores: NonZeroUsize, cost: HashCost) -> Self {
        Self::with(cost.parameters(), cores)
    }

    /// A pool whose hashes cost next to nothing.
    #[cfg(feature = "testing")]
    pub fn cheap() -> Self {
        Self::with(Parameters { memory_kib: 8, passes: 1, lanes: 1 }, NonZeroUsize::MIN)
    }

    fn with(parameters: Parameters, cores: NonZeroUsize) -> Self {
        let pool = Pool {
            parameters,
            waiting: AtomicUsize::new(0),
            max_waiting: cores.get() * queue_per_core(parameters),
            memory: Mutex::new(Vec::new()),
            dearest: Dearest::default(),
            #[cfg(feature = "testing")]
            work: Work::default(),
        };
        let pool = Arc::new(pool);
        let idle = Arc::clone(&pool);
        let workers = Arc::new(Workers::start(cores, QUIET, move || idle.memory().clear()));
        Self { pool, workers, peppers: Peppers::default(), breached: None }
    }

    /// The same pool with a keyed step before each hash.
    #[must_use]
    pub fn with_peppers(self, peppers: Peppers) -> Self {
        Self { peppers, ..self }
    }

    /// The same pool, which refuses to hash a chosen password that this file holds.
    #[must_use]
    pub fn with_breached(self, breached: Breached) -> Self {
        Self { breached: Some(breached), ..self }
    }

    /// Says which kinds of hashes are kept, each by its beginning (`$2y$10$`, `$argon2id$v=19$m=65536,t=4`): a wrong password costs the
    /// dearest of those that wait to be renewed, whatever it is compared with. Those that are met later are noticed by themselves.
    pub fn expect(&self, kinds: &[String]) {
        for kind in kinds {
            match (foreign::cost_of(kind), cost_of(kind)) {
                (Some(cost), _) => self.pool.dearest.note_bcrypt(cost),
                (None, Some(cost)) if !cost.cost_as(self.pool.parameters) => self.pool.dearest.note_argon2(cost),
                _ => {}
            }
        }
    }

    /// How many passwords were compared, and how many Argon2id hashes computed for that and for new passwords, since the pool began.
    #[cfg(feature = "testing")]
    pub fn work_done(&self) -> (usize, usize) {
        let work = &self.pool.work;
        (work.verified.load(Ordering::Relaxed), work.computed.load(Ordering::Relaxed))
    }

    /// Takes all places that strangers may take, until this is dropped.
    #[cfg(feature = "testing")]
    pub fn flooded(&self) -> impl Drop {
        struct Flood(Arc<Pool>, usize);
        impl Drop for Flood {
            fn drop(&mut self) {
                self.0.waiting.fetch_sub(self.1, Ordering::SeqCst);
            }
        }
        let places = self.pool.places(Comer::Stranger);
        self.pool.waiting.fetch_add(places, Ordering::SeqCst);
        Flood(Arc::clone(&self.pool), places)
    }

    /// Hashes a password with a new salt: whoever gets that far has shown something. A chosen one is looked up among the breached first.
    pub async fn hash(&self, random: &Random, password: &Password) -> Result<PasswordHash, Busy> {
        let mut salt = [0; SALT];
        random.fill(&mut salt).map_err(Fault::Random)?;
        let (password, peppers) = (password.clone(), self.peppers.clone());
        let breached = self.breached.clone().filter(|_| password.is_chosen);
        let hashed = self.run(Comer::Known, move |pool| {
            if let Some(breached) = breached
                && breached.holds(password.as_bytes()).map_err(Fault::Breached)?
            {
                return Ok(None);
            }
            let pepper = peppers.newest();
            let input = pepper.map(|pepper| pepper.apply(password.as_bytes()));
            let output = pool.compute(pool.parameters, input.as_deref().unwrap_or(password.as_bytes()), &salt)?;
            Ok(Some(encode(pepper.map(Pepper::id), pool.parameters, &salt, &output)))
        });
        hashed.await?.ok_or(Busy::Breached)
    }

    /// Compares a password with what is kept. Takes the same time when there is nothing to compare with. A hash whose
    /// pepper is missing compares with nothing, and is a fault: to say *wrong password* would be untrue.
    pub async fn verify(&self, password: &Password, kept: Option<PasswordHash>, comer: Comer) -> Result<Verdict, Busy> {
        let (password, peppers) = (password.clone(), self.peppers.clone());
        self.run(comer, move |pool| {
            #[cfg(feature = "testing")]
            pool.work.verified.fetch_add(1, Ordering::Relaxed);
            let (verdict, cost) = match &kept {
                Some(kept) => pool.compare(&peppers, &password, kept)?,
                None => (Verdict::Wrong, Cost::default()),
            };
            if verdict == Verdict::Wrong {
                pool.even_out(&password, &cost)?;
            }
            Ok(verdict)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        comer: Comer,
        work: impl FnOnce(&Pool) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Busy> {
        let _place = Place::take(&self.pool, comer)?;
        let pool = Arc::clone(&self.pool);
        let done = self.workers.run(move || work(&pool)).await;
        Ok(done.ok_or_else(|| Fault::Hash("the computation was cut short".to_owned()))??)
    }
}

/// A place in the queue.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(pool: &'a Pool, comer: Comer) -> Result<Self, Busy> {
        let place = Self(&pool.waiting);
        if pool.waiting.fetch_add(1, Ordering::SeqCst) >= pool.places(comer) {
            return Err(Busy::Full);
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Pool {
    /// How many may wait before one who comes like that is turned away.
    fn places(&self, comer: Comer) -> usize {
        match comer {
            Comer::Known => self.max_waiting,
            Comer::Stranger => self.max_waiting - self.max_waiting / RESERVED_OF,
        }
    }

    fn compare(&self, peppers: &Peppers, password: &Password, kept: &PasswordHash) -> Result<(Verdict, Cost), Fault> {
        match decode(kept) {
            Some(own) => self.compare_own(peppers, password, &own),
            None => Ok(self.compare_foreign(password, kept)),
        }
    }

    fn compare_own(&self, peppers: &Peppers, password: &Password, own: &Own<'_>) -> Result<(Verdict, Cost), Fault> {
        let find = |id: &str| peppers.find(id).ok_or_else(|| Fault::NoPepper(id.to_owned()));
        let pepper = own.pepper.map(find).transpose()?;
        let input = pepper.map(|pepper| pepper.apply(password.as_bytes()));
        let output = self.compute(own.parameters, input.as_deref().unwrap_or(password.as_bytes()), &own.salt)?;
        let equal = bool::from(output.ct_eq(&own.output));
        let current = own.parameters == self.parameters && own.pepper == peppers.newest().map(Pepper::id);
        let verdict = match (equal, current) {
            (true, true) => Verdict::Right,
            (true, false) => Verdict::RightButStale,
            (false, _) => Verdict::Wrong,
        };
        if own.parameters.cost_as(self.parameters) {
            return Ok((verdict, Cost { today: true, ..Cost::default() }));
        }
        self.dearest.note_argon2(own.parameters);
        Ok((verdict, Cost { argon2: Some(own.parameters), ..Cost::default() }))
    }

    fn compare_foreign(&self, password: &Password, kept: &PasswordHash) -> (Verdict, Cost) {
        let Ok(foreign) = Foreign::parse(&kept.0) else { return (Verdict::Wrong, Cost::default()) };
        let bcrypt = foreign.bcrypt_cost();
        if let Some(cost) = bcrypt {
            self.dearest.note_bcrypt(cost);
            #[cfg(feature = "testing")]
            self.work.rounds.fetch_add(1 << cost, Ordering::Relaxed);
        }
        let verdict = if foreign.is_of(password.as_typed()) { Verdict::RightButStale } else { Verdict::Wrong };
        (verdict, Cost { bcrypt, ..Cost::default() })
    }

    /// What a wrong password still owes after a comparison that has cost this.
    fn even_out(&self, password: &Password, cost: &Cost) -> Result<(), Fault> {
        let today = (!cost.today).then_some(self.parameters);
        for parameters in today.into_iter().chain(self.dearest.argon2_owed(cost.argon2)) {
            self.compute(parameters, password.as_bytes(), &[0; SALT])?;
        }
        let bytes: Vec<u8> = password.as_typed().iter().copied().take(71).chain([0]).collect();
        for cost in self.dearest.bcrypt_owed(cost.bcrypt) {
            bcrypt::bcrypt(cost, [0; SALT], &bytes);
            #[cfg(feature = "testing")]
            self.work.rounds.fetch_add(1 << cost, Ordering::Relaxed);
        }
        Ok(())
    }

    fn compute(&self, parameters: Parameters, password: &[u8], salt: &[u8]) -> Result<[u8; OUTPUT], Fault> {
        #[cfg(feature = "testing")]
        {
            self.work.computed.fetch_add(1, Ordering::Relaxed);
            self.work.filled.fetch_add(usize::try_from(parameters.work()).unwrap_or(0), Ordering::Relaxed);
        }
        let params = Params::new(parameters.memory_kib, parameters.passes, parameters.lanes, Some(OUTPUT)).map_err(failed)?;
        let blocks = params.block_count();
        let mut memory = self.memory().pop().unwrap_or_default();
        memory.resize(blocks, Block::default());
        let mut output = [0; OUTPUT];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let result = argon2.hash_password_into_with_memory(password, salt, &mut output, &mut memory);
        self.memory().push(memory);
        result.map_err(failed)?;
        Ok(output)
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As many as are served in the same time.
fn queue_per_core(parameters: Parameters) -> usize {
    let affordable = QUEUE_PER_CORE as u64 * HashCost::default().parameters().work() / parameters.work().max(1);
    usize::try_from(affordable.clamp(SHORTEST_QUEUE, LONGEST_QUEUE)).unwrap_or(QUEUE_PER_CORE)
}

#[allow(clippy::needless_pass_by_value, reason = "used as a function of map_err")]
fn failed(error: argon2::Error) -> Fault {
    Fault::Hash(error.to_string())
}

#[cfg(test)]
mod tests;
