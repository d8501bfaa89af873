//! Argon2id on a pool with a bound.
//!
//! At most one hash per core is computed at a time, each in a block of memory that is used again, so
//! a flood of logins costs `cores × 19 MiB` and no more. Who comes when the queue is full is told to
//! come again; requests that need no hash never wait here.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::{Password, PasswordHash};
use crate::error::{Fault, HasKind, Kind};
use crate::secret::Random;

/// Memory of one hash in KiB, passes and lanes (OWASP's first choice for Argon2id).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Bytes of salt and of output.
const SALT: usize = 16;
const OUTPUT: usize = 32;
/// Logins that may wait for each core before the next is turned away: about a second's worth.
const QUEUE_PER_CORE: usize = 64;
/// When somebody who was turned away should come again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Hasher(Arc<Pool>);

struct Pool {
    parameters: Parameters,
    cores: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
    memory: Mutex<Vec<Vec<Block>>>,
    /// Verified when there is no user, so that an unknown address costs the same time (ASVS V6.3.8).
    decoy: PasswordHash,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parameters {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
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

/// No hash could be computed.
#[derive(Debug, thiserror::Error)]
pub enum Busy {
    /// Too many wait already.
    #[error("too many logins at once")]
    Full,
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Busy {
    fn kind(&self) -> Kind {
        match self {
            Self::Full => Kind::Limited { retry_after: RETRY_AFTER },
            Self::Fault(fault) => fault.kind(),
        }
    }
}

impl Hasher {
    /// A pool for so many cores.
    pub fn new(cores: NonZeroUsize) -> Self {
        Self::with(Parameters { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES }, cores)
    }

    /// A pool whose hashes cost next to nothing.
    #[cfg(feature = "testing")]
    pub fn cheap() -> Self {
        Self::with(Parameters { memory_kib: 8, passes: 1, lanes: 1 }, NonZeroUsize::MIN)
    }

    fn with(parameters: Parameters, cores: NonZeroUsize) -> Self {
        let decoy = encode(parameters, &[0; SALT], &[0; OUTPUT]);
        Self(Arc::new(Pool {
            parameters,
            cores: Arc::new(Semaphore::new(cores.get())),
            waiting: AtomicUsize::new(0),
            max_waiting: cores.get() * QUEUE_PER_CORE,
            memory: Mutex::new(Vec::new()),
            decoy,
        }))
    }

    /// Hashes a password with a new salt.
    pub async fn hash(&self, random: &Random, password: &Password) -> Result<PasswordHash, Busy> {
        let mut salt = [0; SALT];
        random.fill(&mut salt).map_err(Fault::Random)?;
        let parameters = self.0.parameters;
        let password = password.clone();
        self.run(move |pool| {
            let output = pool.compute(parameters, password.as_bytes(), &salt)?;
            Ok(encode(parameters, &salt, &output))
        })
        .await
    }

    /// Compares a password with what is kept. Takes the same time when there is nothing to compare with.
    pub async fn verify(&self, password: &Password, kept: Option<PasswordHash>) -> Result<Verdict, Busy> {
        let known = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.0.decoy.clone());
        let password = password.clone();
        self.run(move |pool| {
            let Some((parameters, salt, expected)) = decode(&kept) else { return Ok(Verdict::Wrong) };
            let output = pool.compute(parameters, password.as_bytes(), &salt)?;
            let equal = bool::from(output.ct_eq(&expected));
            Ok(match (known && equal, parameters == pool.parameters) {
                (true, true) => Verdict::Right,
                (true, false) => Verdict::RightButStale,
                (false, _) => Verdict::Wrong,
            })
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Pool) -> Result<T, Fault> + Send + 'static) -> Result<T, Busy> {
        let _place = Place::take(&self.0)?;
        let pool = Arc::clone(&self.0);
        let core = Arc::clone(&self.0.cores).acquire_owned().await.map_err(|_| Busy::Full)?;
        let done = spawn_blocking(move || {
            // Given up when the work has ended, even if the caller has gone away or the work panics.
            let _core = core;
            work(&pool)
        });
        let result = done.await.map_err(|error| Fault::Hash(error.to_string()))?;
        Ok(result?)
    }
}

/// A place in the queue.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(pool: &'a Pool) -> Result<Self, Busy> {
        let place = Self(&pool.waiting);
        if pool.waiting.fetch_add(1, Ordering::SeqCst) >= pool.max_waiting {
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
    fn compute(&self, parameters: Parameters, password: &[u8], salt: &[u8]) -> Result<[u8; OUTPUT], Fault> {
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

#[allow(clippy::needless_pass_by_value, reason = "used as a function of map_err")]
fn failed(error: argon2::Error) -> Fault {
    Fault::Hash(error.to_string())
}

fn encode(parameters: Parameters, salt: &[u8], output: &[u8]) -> PasswordHash {
    let Parameters { memory_kib, passes, lanes } = parameters;
    PasswordHash(format!(
        "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(output)
    ))
}

fn decode(hash: &PasswordHash) -> Option<(Parameters, Vec<u8>, Vec<u8>)> {
    let rest = hash.0.strip_prefix("$argon2id$v=19$")?;
    let mut parts = rest.split('$');
    let (costs, salt, output) = (parts.next()?, parts.next()?, parts.next()?);
    let mut costs = costs.split(',').map(|cost| cost.split_once('=').and_then(|(_, number)| number.parse().ok()));
    let parameters = Parameters { memory_kib: costs.next()??, passes: costs.next()??, lanes: costs.next()?? };
    Some((parameters, STANDARD_NO_PAD.decode(salt).ok()?, STANDARD_NO_PAD.decode(output).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random() -> Random {
        Random::seeded(7)
    }

    #[tokio::test]
    async fn v11_4_2_hashes_are_argon2id_with_the_current_parameters() {
        let hasher = Hasher::new(NonZeroUsize::MIN);
        let password = Password::typed("correct horse battery staple");
        let hash = hasher.hash(&random(), &password).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        assert_eq!(hasher.verify(&password, Some(hash)).await.unwrap(), Verdict::Right);
    }

    #[tokio::test]
    async fn v6_2_8_passwords_are_compared_exactly() {
        let hasher = Hasher::cheap();
        let hash = hasher.hash(&random(), &Password::typed("Ａ long password ")).await.unwrap();
        for (typed, verdict) in [
            ("A long password ", Verdict::Right),
            ("A long password", Verdict::Wrong),
            ("a long password ", Verdict::Wrong),
            ("", Verdict::Wrong),
        ] {
            assert_eq!(hasher.verify(&Password::typed(typed), Some(hash.clone())).await.unwrap(), verdict, "{typed:?}");
        }
        assert_eq!(hasher.verify(&Password::typed("A long password "), None).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn hashes_of_other_parameters_verify_and_are_stale() {
        let weaker = Hasher::with(Parameters { memory_kib: 16, passes: 1, lanes: 1 }, NonZeroUsize::MIN);
        let hash = weaker.hash(&random(), &Password::typed("x")).await.unwrap();
        assert_eq!(Hasher::cheap().verify(&Password::typed("x"), Some(hash)).await.unwrap(), Verdict::RightButStale);
    }

    #[tokio::test]
    async fn a_flood_is_turned_away_and_memory_stays_bounded() {
        let hasher = Hasher::with(Parameters { memory_kib: 1024, passes: 1, lanes: 1 }, NonZeroUsize::MIN);
        let password = Password::typed("x");
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..4 * QUEUE_PER_CORE {
            let (hasher, password) = (hasher.clone(), password.clone());
            waiting.spawn(async move { hasher.verify(&password, None).await.is_ok() });
        }
        let served = waiting.join_all().await.into_iter().filter(|served| *served).count();
        assert!((QUEUE_PER_CORE..4 * QUEUE_PER_CORE).contains(&served), "{served}");
        assert_eq!(hasher.0.memory().len(), 1, "one block of memory per core");
    }

    #[test]
    fn damaged_hashes_are_no_password() {
        for damaged in
            ["", "$argon2id$v=19$", "$argon2id$v=19$m=x,t=2,p=1$AAAA$AAAA", "$2b$10$abc", "$argon2id$v=19$m=8,t=1$AA$AA"]
        {
            assert!(decode(&PasswordHash(damaged.to_owned())).is_none(), "{damaged}");
        }
    }
}
