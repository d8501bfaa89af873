//! Hashes of our own, as the database holds them: Argon2id in the PHC string format, with a pepper's id in front.

use argon2::Params;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use super::PasswordHash;
use super::pepper::is_id;

/// Bytes of output.
pub(super) const OUTPUT: usize = 32;
/// Fewest and most bytes of salt.
const MIN_SALT: usize = 8;
const MAX_SALT: usize = 64;
/// What a hash that is kept may cost: a damaged one must not take all memory.
pub(super) const MAX_MEMORY_KIB: u32 = 256 * 1024;
pub(super) const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 16;

/// What stands in front of a hash that was made with a pepper. It is outside of the PHC string, since to other readers of
/// that format `keyid` would name Argon2's own secret.
const PEPPERED: &str = "pepper:";

/// What a hash cost: memory in KiB, passes, lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
}

impl Parameters {
    /// How much it takes, in KiB that are filled.
    pub(super) fn work(self) -> u64 {
        u64::from(self.memory_kib) * u64::from(self.passes)
    }

    /// Whether it takes as long.
    pub(super) fn cost_as(self, other: Self) -> bool {
        (self.memory_kib, self.passes) == (other.memory_kib, other.passes)
    }

    pub(super) fn are_bounded(self) -> bool {
        let Self { memory_kib, passes, lanes } = self;
        let limits = memory_kib <= MAX_MEMORY_KIB && passes <= MAX_PASSES && lanes <= MAX_LANES;
        limits && Params::new(memory_kib, passes, lanes, Some(OUTPUT)).is_ok()
    }
}

/// The text that is kept.
pub(super) fn encode(pepper: Option<&str>, parameters: Parameters, salt: &[u8], output: &[u8]) -> PasswordHash {
    let Parameters { memory_kib, passes, lanes } = parameters;
    let pepper = pepper.map(|id| format!("{PEPPERED}{id}")).unwrap_or_default();
    PasswordHash(format!(
        "{pepper}$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(output)
    ))
}

/// A hash of our own, taken apart.
pub(super) struct Own<'a> {
    pub(super) pepper: Option<&'a str>,
    pub(super) parameters: Parameters,
    pub(super) salt: Vec<u8>,
    pub(super) output: Vec<u8>,
}

pub(super) fn decode(hash: &PasswordHash) -> Option<Own<'_>> {
    let (pepper, phc) = match hash.0.strip_prefix(PEPPERED) {
        Some(rest) => {
            let (id, phc) = rest.split_at(rest.find('$')?);
            (Some(id).filter(|id| is_id(id)).map(Some)?, phc)
        }
        None => (None, hash.0.as_str()),
    };
    let mut parts = phc.strip_prefix("$argon2id$v=19$")?.split('$');
    let (costs, salt, output) = (parts.next()?, parts.next()?, parts.next()?);
    let mut costs = costs.split(',');
    let mut cost = |name: &str| costs.next()?.strip_prefix(name)?.parse().ok();
    let parameters = Parameters { memory_kib: cost("m=")?, passes: cost("t=")?, lanes: cost("p=")? };
    let (salt, output) = (STANDARD_NO_PAD.decode(salt).ok()?, STANDARD_NO_PAD.decode(output).ok()?);
    let complete = parts.next().is_none() && costs.next().is_none();
    let bounded = parameters.are_bounded() && (MIN_SALT..=MAX_SALT).contains(&salt.len()) && output.len() == OUTPUT;
    (complete && bounded).then_some(Own { pepper, parameters, salt, output })
}

/// What comparing costs, by the beginning of a hash of our own. Lanes are not looked at: they are filled one after the other.
pub(super) fn cost_of(beginning: &str) -> Option<Parameters> {
    let (_, costs) = beginning.split_once("$argon2id$v=19$")?;
    let mut costs = costs.split(',');
    let mut cost = |name: &str| costs.next()?.strip_prefix(name)?.parse().ok();
    let parameters = Parameters { memory_kib: cost("m=")?, passes: cost("t=")?, lanes: 1 };
    parameters.are_bounded().then_some(parameters)
}

/// Whether this is Argon2id in the PHC string format, without a pepper of ours.
pub(super) fn is_plain_argon2id(text: &str) -> bool {
    decode(&PasswordHash(text.to_owned())).is_some_and(|own| own.pepper.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_hashes_are_no_password() {
        let good = encode(None, Parameters { memory_kib: 8, passes: 1, lanes: 1 }, &[1; 16], &[2; OUTPUT]).0;
        assert!(is_plain_argon2id(&good));
        for damaged in [
            "",
            "$argon2id$v=19$",
            "$argon2id$v=19$m=x,t=2,p=1$AAAA$AAAA",
            "$2b$10$abc",
            "$argon2id$v=19$m=8,t=1$AA$AA",
            "pepper:",
            "pepper:x",
            &format!("pepper:{good}"),
            &format!("pepper:a b{good}"),
            &format!("{good}$"),
            &format!("{good}="),
            &good.replace("t=1", "t=0"),
            &good.replace("m=8", "m=4294967295"),
            &good.replace("m=8", "m=7"),
            &good.replace("t=1", "t=17"),
            &good.replace("p=1", "p=1,x=1"),
            &good.replace("argon2id", "argon2i"),
            &good[..good.len() - 8],
        ] {
            assert!(decode(&PasswordHash(damaged.to_owned())).is_none(), "{damaged}");
            assert!(!is_plain_argon2id(damaged), "{damaged}");
        }
        assert!(!is_plain_argon2id(&format!("pepper:a{good}")), "nobody brings our pepper along");
    }
}
