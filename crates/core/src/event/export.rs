//! A head of the chain on paper: with a signature, kept where this server's operator cannot reach it, it proves later that the log up
//! to there is still the same.

use std::fmt;
use std::str::FromStr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::chain::{ChainHash, Head};
use crate::clock::Timestamp;
use crate::secret::{NoRandomness, Secret};

/// The installation's key that signs heads (Ed25519).
pub struct HeadKey(Ed25519KeyPair);

impl HeadKey {
    /// The key that follows from these 256 bits.
    pub fn new(seed: &Secret) -> Result<Self, NoRandomness> {
        Ed25519KeyPair::from_seed_unchecked(seed.bytes()).map(Self).map_err(|_| NoRandomness)
    }

    /// The public half, in base64url.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key())
    }

    /// The head with a moment and a signature over all of it.
    pub fn sign(&self, head: Head, at: Timestamp) -> ExportedHead {
        let signature = self.0.sign(signed_text(&head, at).as_bytes());
        ExportedHead { head, at, public_key: self.public(), signature: URL_SAFE_NO_PAD.encode(signature) }
    }
}

impl fmt::Debug for HeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeadKey(…)")
    }
}

/// A signed head. As text it is five lines `name: value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedHead {
    /// The head.
    pub head: Head,
    /// When it was signed.
    pub at: Timestamp,
    /// The public key it was signed with, in base64url. It proves nothing by itself: compare it with one that you trust.
    pub public_key: String,
    /// The signature, in base64url.
    pub signature: String,
}

impl ExportedHead {
    /// Whether this key, in base64url, has signed it.
    pub fn is_signed_by(&self, public_key: &str) -> bool {
        let (Ok(key), Ok(signature)) = (URL_SAFE_NO_PAD.decode(public_key), URL_SAFE_NO_PAD.decode(&self.signature)) else {
            return false;
        };
        UnparsedPublicKey::new(&ED25519, key).verify(signed_text(&self.head, self.at).as_bytes(), &signature).is_ok()
    }
}

/// What is signed: four lines, each with its end.
fn signed_text(head: &Head, at: Timestamp) -> String {
    format!("latchkey audit head 1\n{}\n{}\n{}\n", head.seq, head.hash, at.as_micros())
}

impl fmt::Display for ExportedHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { head, at, public_key, signature } = self;
        writeln!(f, "seq: {}\nhash: {}\nsigned-at: {}", head.seq, head.hash, at.as_micros())?;
        write!(f, "public-key: {public_key}\nsignature: {signature}")
    }
}

/// A text that is no exported head.
#[derive(Debug, thiserror::Error)]
#[error("this is no signed head of the log: {0} is missing or cannot be read")]
pub struct UnreadableHead(&'static str);

impl FromStr for ExportedHead {
    type Err = UnreadableHead;

    fn from_str(text: &str) -> Result<Self, UnreadableHead> {
        let value = |name: &'static str| {
            let line = text.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| key.trim() == name));
            line.map(|(_, value)| value.trim().to_owned()).ok_or(UnreadableHead(name))
        };
        let number = |name| value(name)?.parse().map_err(|_| UnreadableHead(name));
        let hash: ChainHash = value("hash")?.parse().map_err(|()| UnreadableHead("hash"))?;
        Ok(Self {
            head: Head { seq: number("seq")?, hash },
            at: Timestamp::from_micros(number("signed-at")?),
            public_key: value("public-key")?,
            signature: value("signature")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Random;

    #[test]
    fn a_signed_head_survives_its_text_and_any_change_of_it_is_seen() {
        let random = Random::seeded(1);
        let key = HeadKey::new(&random.secret().unwrap()).unwrap();
        let other = HeadKey::new(&random.secret().unwrap()).unwrap();
        let head = Head { seq: 12, hash: "ab".repeat(32).parse().unwrap() };
        let exported = key.sign(head, Timestamp::from_micros(5));
        let read: ExportedHead = exported.to_string().parse().unwrap();
        assert_eq!(read, exported);
        assert!(read.is_signed_by(&key.public()) && !read.is_signed_by(&other.public()) && !read.is_signed_by("x"));
        for (from, to) in [("seq: 12", "seq: 13"), ("abab", "abac"), ("signed-at: 5", "signed-at: 6")] {
            let changed: ExportedHead = exported.to_string().replacen(from, to, 1).parse().unwrap();
            assert!(!changed.is_signed_by(&key.public()), "{to}");
        }
        assert!("seq: 12".parse::<ExportedHead>().is_err());
    }
}
