//! A small proof of work before the forms that strangers can send. Off until the operator asks for it.
//!
//! The page carries a puzzle: sealed bytes that say when it was made, how hard it is, and how long it takes without solving it.
//! They are sealed for one form and one browser, so the server remembers nothing of what it hands out; only what was used is kept,
//! until it is too old anyway. The browser looks for a number that gives a hash with so many zero bits in front. One that runs no
//! scripts waits instead: the form is taken when it is sent long enough after its page was made.
//!
//! It makes guessing in numbers dearer and stops nobody: the limits of [`guessing`](crate::guessing) hold beside it.

mod ops;
mod sql;

use std::time::Duration;

use ring::digest::{SHA256, digest};

use crate::clock::Timestamp;
use crate::error::{Fault, HasKind, Invalid, Kind};

pub use ops::{check, of_page, sweep};

/// How long a page that carries a puzzle can be used.
pub const LIVES: Duration = Duration::from_hours(1);
/// What separates a puzzle from its solution in the form's field.
const SEPARATOR: char = ':';
/// Longest solution, in characters.
const MAX_SOLUTION: usize = 20;

/// The form a puzzle is for. One that was made for another is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The login to the Client Area.
    Login,
    /// The login to the Admin Area.
    AdminLogin,
    /// The forms of an invitation's page, of which one is sent.
    Invitation,
    /// *Forgot Password?*.
    Forgot,
}

impl Purpose {
    const fn key(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::AdminLogin => "admin-login",
            Self::Invitation => "invitation",
            Self::Forgot => "forgot",
        }
    }
}

/// What a page carries.
#[derive(Clone, Debug)]
pub struct Puzzle {
    /// What is hashed, with the solution behind it.
    pub text: String,
    /// Zero bits that the hash must have in front.
    pub bits: u32,
    /// How long to wait when it is not solved.
    pub wait: Duration,
}

/// What the sealed bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sealed {
    made_at: Timestamp,
    bits: u32,
    wait: Duration,
}

impl Sealed {
    fn to_bytes(self) -> Vec<u8> {
        let wait = self.wait.as_secs();
        [&self.made_at.as_micros().to_be_bytes()[..], &self.bits.to_be_bytes()[..], &wait.to_be_bytes()[..]].concat()
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (made_at, rest) = bytes.split_first_chunk::<8>()?;
        let (bits, rest) = rest.split_first_chunk::<4>()?;
        let wait = u64::from_be_bytes(rest.try_into().ok()?);
        Some(Self {
            made_at: Timestamp::from_micros(i64::from_be_bytes(*made_at)),
            bits: u32::from_be_bytes(*bits),
            wait: Duration::from_secs(wait),
        })
    }
}

/// Whether the hash of a puzzle with its solution has so many zero bits in front.
fn is_solved(puzzle: &str, solution: &str, bits: u32) -> bool {
    if solution.is_empty() || solution.len() > MAX_SOLUTION {
        return false;
    }
    let hash = digest(&SHA256, format!("{puzzle}{SEPARATOR}{solution}").as_bytes());
    let front = hash.as_ref().first_chunk::<16>().map_or(u128::MAX, |front| u128::from_be_bytes(*front));
    front.leading_zeros() >= bits
}

/// Why a form was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The form carried none, or one that was made for something else.
    #[error("the form carries no puzzle of ours")]
    Missing,
    /// It was made too long ago.
    #[error("the page was made too long ago")]
    TooOld,
    /// It was used before.
    #[error("the puzzle was used before")]
    Used,
    /// It is not solved, and the form was sent too early for one that is not.
    #[error("the puzzle is not solved, and the form was sent too early")]
    TooEarly,
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        let refused = |message| Kind::Invalid(vec![Invalid::new("", message)]);
        match self {
            Self::Missing => refused("error-puzzle-missing"),
            Self::TooOld => refused("error-puzzle-old"),
            Self::Used => refused("error-puzzle-used"),
            Self::TooEarly => refused("error-puzzle-early"),
            Self::Fault(fault) => fault.kind(),
        }
    }
}

/// A solution, found as a browser does it.
#[cfg(feature = "testing")]
pub fn solve(puzzle: &Puzzle) -> String {
    let solution = (0..u32::MAX).map(|number| number.to_string()).find(|number| is_solved(&puzzle.text, number, puzzle.bits));
    format!("{}{SEPARATOR}{}", puzzle.text, solution.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_comes_back() {
        let sealed = Sealed { made_at: Timestamp::from_micros(7), bits: 15, wait: Duration::from_secs(5) };
        assert_eq!(Sealed::of_bytes(&sealed.to_bytes()), Some(sealed));
        assert_eq!(Sealed::of_bytes(&[0; 19]), None);
        assert_eq!(Sealed::of_bytes(&[0; 21]), None);
    }

    #[test]
    fn a_solution_has_zero_bits_in_front() {
        let tries: Vec<String> = (0..4_096).map(|number: u32| number.to_string()).collect();
        let solved = |bits| tries.iter().filter(|solution| is_solved("puzzle", solution, bits)).count();
        assert_eq!(solved(0), 4_096);
        assert!((1_900..2_200).contains(&solved(1)), "every second one: {}", solved(1));
        assert!((150..360).contains(&solved(4)), "one of sixteen: {}", solved(4));
        assert_eq!(solved(60), 0);
        assert!(!is_solved("puzzle", "", 0) && !is_solved("puzzle", &"1".repeat(21), 0));
    }
}
