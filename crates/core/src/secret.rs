//! Secrets, what the database holds of them, and randomness.
//!
//! A [`Secret`] is 256 random bits; outside it is base64url, inside only its SHA-256 is kept
//! ([`SecretHash`]). Where a secret must be sent later (the link in a queued mail), it is kept sealed
//! under the server's key ([`SealKey`]), which is not in the database. Neither prints itself.

use std::fmt;
#[cfg(feature = "testing")]
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use crate::db::{DbError, FromValue, ToValue, Value};

/// Bytes in a secret: 256 bits.
const LENGTH: usize = 32;

/// 256 random bits that open something.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; LENGTH]);

impl Secret {
    /// The text that goes into a link or a cookie: base64url without padding, 43 characters.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads what [`Secret::reveal`] wrote; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The secret of these bits; `None` when they are more or fewer than it takes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bits themselves, as a key.
    pub(crate) const fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What the database holds.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }

    /// Another secret that follows from this one, for one purpose: knowing it does not give this one away.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &self.0);
        let tag = ring::hmac::sign(&key, purpose.as_bytes());
        let mut bytes = [0; LENGTH];
        bytes.copy_from_slice(tag.as_ref());
        Self(bytes)
    }

    /// Whether the two are the same, compared by their hashes so that time tells nothing.
    pub fn matches(&self, other: &Self) -> bool {
        self.hash() == other.hash()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The SHA-256 of a secret. It needs no salt: what is hashed has 256 random bits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

impl ToValue for SecretHash {
    fn to_value(&self) -> Value {
        Value::Bytes(Some(self.0.to_vec()))
    }
}

impl FromValue for SecretHash {
    fn from_value(value: Value) -> Result<Self, DbError> {
        Vec::from_value(value)?.try_into().map(Self).map_err(|_| DbError::Invalid("SHA-256"))
    }
}

impl SecretHash {
    /// The hash of something else that is random enough to need no salt (at least 112 bits).
    pub(crate) fn of(random: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, random).as_ref());
        Self(hash)
    }
}

/// A short text that changes with the content: for the address of an asset, not for anything secret.
pub fn fingerprint(content: &[u8]) -> String {
    let hash = digest(&SHA256, content);
    URL_SAFE_NO_PAD.encode(hash.as_ref().iter().copied().take(9).collect::<Vec<u8>>())
}

/// Where random bits come from.
#[derive(Clone)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    System(SystemRandom),
    #[cfg(feature = "testing")]
    Seeded(Arc<AtomicU64>),
}

/// The system gave no random bits. Nothing secret can be made then.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no random bits")]
pub struct NoRandomness;

impl Random {
    /// The operating system's generator.
    pub fn system() -> Self {
        Self(Source::System(SystemRandom::new()))
    }

    /// The same bits in every run of a test.
    #[cfg(feature = "testing")]
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(AtomicU64::new(seed))))
    }

    /// Fills the buffer.
    pub fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        match &self.0 {
            Source::System(system) => system.fill(buffer).map_err(|_| NoRandomness),
            #[cfg(feature = "testing")]
            Source::Seeded(counter) => {
                for chunk in buffer.chunks_mut(LENGTH) {
                    let number = counter.fetch_add(1, Ordering::SeqCst);
                    let block = digest(&SHA256, &number.to_be_bytes());
                    for (byte, random) in chunk.iter_mut().zip(block.as_ref()) {
                        *byte = *random;
                    }
                }
                Ok(())
            }
        }
    }

    /// A new secret.
    pub fn secret(&self) -> Result<Secret, NoRandomness> {
        let mut bytes = [0; LENGTH];
        self.fill(&mut bytes)?;
        Ok(Secret(bytes))
    }
}

/// The key under which secrets wait in queued mails. It lives beside the database, not in it.
#[derive(Clone)]
pub struct SealKey {
    key: std::sync::Arc<LessSafeKey>,
    fingerprint: String,
}

impl SealKey {
    /// The key that follows from these 256 bits.
    pub fn new(secret: &Secret) -> Result<Self, NoRandomness> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &secret.0).map_err(|_| NoRandomness)?;
        let fingerprint = secret.derive("latchkey seal key fingerprint").reveal();
        Ok(Self { key: std::sync::Arc::new(LessSafeKey::new(key)), fingerprint })
    }

    /// Tells keys apart without giving them away: all nodes of one database must hold the same.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Seals a secret; the nonce stands in front.
    pub fn seal(&self, random: &Random, secret: &Secret) -> Result<Vec<u8>, NoRandomness> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce)?;
        let mut sealed = secret.0.to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
            .map_err(|_| NoRandomness)?;
        Ok([nonce.as_slice(), sealed.as_slice()].concat())
    }

    /// Seals a few bytes for one purpose: what was sealed for another opens nothing.
    pub fn seal_bytes(&self, random: &Random, purpose: &str, bytes: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce)?;
        let mut sealed = bytes.to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(purpose.as_bytes()), &mut sealed)
            .map_err(|_| NoRandomness)?;
        Ok([nonce.as_slice(), sealed.as_slice()].concat())
    }

    /// Opens what [`SealKey::seal_bytes`] made for this purpose.
    pub fn open_bytes(&self, purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let opened = self.key.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut sealed).ok()?;
        Some(opened.to_vec())
    }

    /// Opens what [`SealKey::seal`] made; `None` when it was made with another key or was damaged.
    pub fn open(&self, sealed: &[u8]) -> Option<Secret> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let opened = self.key.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?;
        <[u8; LENGTH]>::try_from(&*opened).ok().map(Secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v7_2_3_v11_5_1_a_secret_survives_its_text_and_prints_nothing() {
        let secret = Random::seeded(1).secret().unwrap();
        assert_eq!(Secret::parse(&secret.reveal()), Some(secret.clone()));
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "Secret(…) SecretHash(…)");
        assert_eq!(Secret::parse("short"), None);
        assert_eq!(Secret::parse(&format!("{}A", secret.reveal())), None);
    }

    #[test]
    fn a_sealed_secret_opens_with_its_key_only() {
        let random = Random::seeded(1);
        let key = SealKey::new(&random.secret().unwrap()).unwrap();
        let other = SealKey::new(&random.secret().unwrap()).unwrap();
        let secret = random.secret().unwrap();
        let mut sealed = key.seal(&random, &secret).unwrap();
        assert_eq!(key.open(&sealed), Some(secret));
        assert_eq!(other.open(&sealed), None);
        sealed.pop();
        assert_eq!(key.open(&sealed), None);
        let sealed = key.seal_bytes(&random, "totp user 7", b"few").unwrap();
        assert_eq!(key.open_bytes("totp user 7", &sealed).as_deref(), Some(b"few".as_slice()));
        assert_eq!(key.open_bytes("totp user 8", &sealed), None);
        assert_eq!(other.open_bytes("totp user 7", &sealed), None);
    }
}
