//! Sessions that this process has lately seen alive. Whoever shows one of them does not wait among strangers; a cookie that was made
//! up is a stranger's.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use latchkey_core::secret::SecretHash;

/// Sessions of a generation. When there are more, the older generation is forgotten: its people wait a turn once.
const MOST: usize = 20_000;

/// Says nothing about whether a session lives: that is asked of the database each time.
#[derive(Default)]
pub(crate) struct Familiar(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashSet<SecretHash>,
    old: HashSet<SecretHash>,
}

impl Familiar {
    /// Whether one of these sessions was alive when it was last looked at.
    pub(crate) fn knows_any(&self, sessions: &[SecretHash]) -> bool {
        let seen = self.generations();
        sessions.iter().any(|session| seen.young.contains(session) || seen.old.contains(session))
    }

    /// This session is alive.
    pub(crate) fn note(&self, session: SecretHash) {
        let mut seen = self.generations();
        if seen.young.len() >= MOST {
            seen.old = std::mem::take(&mut seen.young);
        }
        seen.young.insert(session);
    }

    /// None of these sessions was alive.
    pub(crate) fn forget(&self, sessions: &[SecretHash]) {
        let mut seen = self.generations();
        for session in sessions {
            seen.young.remove(session);
            seen.old.remove(session);
        }
    }

    fn generations(&self) -> std::sync::MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use latchkey_core::secret::Random;

    use super::*;

    #[test]
    fn the_latest_are_remembered_and_no_more_than_two_generations() {
        let (familiar, random) = (Familiar::default(), Random::seeded(7));
        let sessions: Vec<SecretHash> = (0..=2 * MOST).map(|_| random.secret().unwrap().hash()).collect();
        assert!(!familiar.knows_any(&sessions), "nobody was noted");
        for session in &sessions {
            familiar.note(session.clone());
        }
        let known = |number: usize| familiar.knows_any(&sessions[number..=number]);
        assert!(known(2 * MOST) && known(MOST), "the latest");
        assert!(!known(0) && !known(MOST - 1), "the first generation");
    }
}
