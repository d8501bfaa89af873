//! What a wrong password costs: the same, whoever's it is (ASVS V6.3.8).
//!
//! It costs one hash of today's parameters, also where there is nothing to compare with. What another system hashed, or Latchkey with
//! other parameters, takes another time to compare. As long as such hashes wait for the login that renews them, every wrong
//! password costs the dearest bcrypt and the dearest Argon2id hash among them besides, whatever it was compared with. A process
//! learns of them when it starts and when it meets one, and forgets none before it ends.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::foreign::MAX_BCRYPT_COST;
use super::stored::Parameters;

/// What a comparison has cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    /// A hash of today's parameters.
    pub(super) today: bool,
    /// A bcrypt hash of this cost.
    pub(super) bcrypt: Option<u32>,
    /// An Argon2id hash of these other parameters.
    pub(super) argon2: Option<Parameters>,
}

/// The dearest of the hashes that wait to be renewed.
#[derive(Debug, Default)]
pub(super) struct Dearest {
    /// 0 for none.
    bcrypt: AtomicU32,
    argon2: Mutex<Option<Parameters>>,
}

impl Dearest {
    /// A bcrypt hash of this cost waits.
    pub(super) fn note_bcrypt(&self, cost: u32) {
        self.bcrypt.fetch_max(cost.min(MAX_BCRYPT_COST), Ordering::Relaxed);
    }

    /// An Argon2id hash of these parameters waits, which are not today's.
    pub(super) fn note_argon2(&self, parameters: Parameters) {
        let mut dearest = self.argon2();
        *dearest = dearest.into_iter().chain([parameters]).max_by_key(|parameters| parameters.work());
    }

    /// The costs of bcrypt that are owed by a comparison that has cost this. Each step doubles the work, so those from one cost up to the
    /// last below another make up the difference of the two.
    pub(super) fn bcrypt_owed(&self, paid: Option<u32>) -> std::ops::Range<u32> {
        match (self.bcrypt.load(Ordering::Relaxed), paid) {
            (0, _) => 0..0,
            (dearest, None) => dearest..dearest + 1,
            (dearest, Some(paid)) => paid..dearest,
        }
    }

    /// The Argon2id hashes that are owed by a comparison that has cost this.
    pub(super) fn argon2_owed(&self, paid: Option<Parameters>) -> Vec<Parameters> {
        let Some(dearest) = *self.argon2() else { return Vec::new() };
        let rest = dearest.work().saturating_sub(paid.map_or(0, Parameters::work));
        let memory = u64::from(dearest.memory_kib);
        let whole = Parameters { passes: u32::try_from(rest / memory).unwrap_or(0), ..dearest };
        let part = Parameters { memory_kib: u32::try_from(rest % memory).unwrap_or(0), passes: 1, lanes: 1 };
        [whole, part].into_iter().filter(|parameters| parameters.are_bounded()).collect()
    }

    fn argon2(&self) -> MutexGuard<'_, Option<Parameters>> {
        self.argon2.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v6_3_8_what_is_owed_and_what_was_paid_make_the_dearest_bcrypt_hash() {
        let dearest = Dearest::default();
        assert_eq!(dearest.bcrypt_owed(None).count(), 0);
        for cost in [6, 12, 10] {
            dearest.note_bcrypt(cost);
        }
        let work = |costs: std::ops::Range<u32>| costs.map(|cost| 1 << cost).sum::<u32>();
        assert_eq!(work(dearest.bcrypt_owed(None)), 1 << 12);
        for paid in 4..=12 {
            assert_eq!((1 << paid) + work(dearest.bcrypt_owed(Some(paid))), 1 << 12, "{paid}");
        }
        dearest.note_bcrypt(31);
        assert_eq!(dearest.bcrypt_owed(None), MAX_BCRYPT_COST..MAX_BCRYPT_COST + 1);
    }

    #[test]
    fn v6_3_8_what_is_owed_and_what_was_paid_make_the_dearest_argon2id_hash() {
        let of = |memory_kib, passes| Parameters { memory_kib, passes, lanes: 1 };
        let dearest = Dearest::default();
        assert!(dearest.argon2_owed(None).is_empty());
        for parameters in [of(12 * 1024, 3), of(64 * 1024, 4), of(128 * 1024, 1)] {
            dearest.note_argon2(parameters);
        }
        assert_eq!(dearest.argon2_owed(None), [of(64 * 1024, 4)], "as it is: other memory would take another time");
        assert!(dearest.argon2_owed(Some(of(64 * 1024, 4))).is_empty());
        for paid in [of(12 * 1024, 3), of(128 * 1024, 1), of(32 * 1024, 1), of(8, 1), of(46 * 1024, 1)] {
            let owed = dearest.argon2_owed(Some(paid));
            let all: u64 = owed.iter().map(|parameters| parameters.work()).sum::<u64>() + paid.work();
            assert_eq!(all, 64 * 1024 * 4, "{paid:?} {owed:?}");
        }
    }
}
