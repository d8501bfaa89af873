//! What hashing a password takes, as the operator sets it.

use std::fmt;
use std::str::FromStr;

use super::stored::{MAX_MEMORY_KIB, MAX_PASSES, Parameters};

/// The least that is taken, in KiB that are filled: the smallest of the choices for Argon2id that OWASP's cheat sheet on the storage of
/// passwords calls equally strong, and the least memory among them (7 MiB, 5 passes).
const MIN_WORK: u64 = 7 * 1024 * 5;
const MIN_MEMORY_KIB: u32 = 7 * 1024;

/// Memory and passes of Argon2id, with one lane. Written `m=65536,t=3`, as hashes have it: memory in KiB, then passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost(Parameters);

impl HashCost {
    /// Memory in KiB.
    pub const fn memory_kib(self) -> u32 {
        self.0.memory_kib
    }

    /// How often it is filled.
    pub const fn passes(self) -> u32 {
        self.0.passes
    }

    pub(super) const fn parameters(self) -> Parameters {
        self.0
    }
}

/// 64 MiB and 3 passes, the memory and passes of RFC 9106's second recommendation (section 4): OWASP's 19 MiB and 2 passes are the
/// least that it asks for, and a server that does little else on its processors can afford more (NIST SP 800-63B-4, 3.1.1.2: a cost as high
/// as practical).
impl Default for HashCost {
    fn default() -> Self {
        Self(Parameters { memory_kib: 64 * 1024, passes: 3, lanes: 1 })
    }
}

/// A cost that is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCost {
    /// Not of this form.
    #[error("it must be m=MEMORY,t=PASSES, with the memory in KiB, such as m=65536,t=3")]
    Malformed,
    /// Passwords would be guessed too fast.
    #[error("it is too low: {MIN_MEMORY_KIB} KiB of memory and 5 passes, or as much with more memory, are the least")]
    TooLow,
    /// A login would take too long, or too much memory.
    #[error("it is too high: {MAX_MEMORY_KIB} KiB of memory and {MAX_PASSES} passes are the most")]
    TooHigh,
}

impl FromStr for HashCost {
    type Err = NoCost;

    fn from_str(text: &str) -> Result<Self, NoCost> {
        let (memory, passes) = text.trim().split_once(',').ok_or(NoCost::Malformed)?;
        let number = |text: &str, name| text.strip_prefix(name)?.parse().ok();
        let (Some(memory_kib), Some(passes)) = (number(memory, "m="), number(passes, "t=")) else {
            return Err(NoCost::Malformed);
        };
        let parameters = Parameters { memory_kib, passes, lanes: 1 };
        if memory_kib < MIN_MEMORY_KIB || parameters.work() < MIN_WORK {
            return Err(NoCost::TooLow);
        }
        if parameters.are_bounded() { Ok(Self(parameters)) } else { Err(NoCost::TooHigh) }
    }
}

impl fmt::Display for HashCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={}", self.0.memory_kib, self.0.passes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v11_4_2_all_costs_that_owasp_calls_equally_strong_are_taken_and_none_below() {
        assert_eq!("m=65536,t=3".parse(), Ok(HashCost::default()));
        for taken in ["m=47104,t=1", "m=12288,t=3", "m=9216,t=4", "m=7168,t=5", "m=19456,t=2", "m=262144,t=16"] {
            assert_eq!(taken.parse::<HashCost>().unwrap().to_string(), taken);
        }
        for low in ["m=7167,t=16", "m=7168,t=4", "m=19456,t=1", "m=19456,t=0", "m=0,t=0"] {
            assert_eq!(low.parse::<HashCost>(), Err(NoCost::TooLow), "{low}");
        }
        for high in ["m=262145,t=1", "m=19456,t=17", "m=4294967295,t=4294967295"] {
            assert_eq!(high.parse::<HashCost>(), Err(NoCost::TooHigh), "{high}");
        }
        for malformed in ["", "19456", "m=19456", "t=2,m=19456", "m=19456,t=2,p=1", "m=-1,t=2", "m=4294967296,t=1", "m=19456;t=2"]
        {
            assert_eq!(malformed.parse::<HashCost>(), Err(NoCost::Malformed), "{malformed}");
        }
    }
}
