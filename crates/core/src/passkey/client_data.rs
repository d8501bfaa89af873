//! What the browser says of a ceremony: the JSON that it hands to the authenticator to sign.

use serde::Deserialize;

use super::{Refused, RelyingParty};
use crate::secret::Secret;

/// Longest client data, in bytes. Browsers write a few hundred.
const MAX_LENGTH: usize = 4 * 1024;

/// The two ceremonies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ceremony {
    /// A passkey is made.
    Create,
    /// A passkey is used.
    Get,
}

impl Ceremony {
    const fn kind(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// The client data, read and not yet believed. Members that are not known are ignored, as the standard asks; a member
/// that stands there twice is refused by the reader.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<serde::de::IgnoredAny>,
}

impl ClientData {
    /// §7.1 steps 5 and 6, §7.2 steps 8 and 9: UTF-8, then JSON.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refused> {
        if bytes.len() > MAX_LENGTH {
            return Err(Refused::Malformed("client data"));
        }
        serde_json::from_slice(bytes).map_err(|_| Refused::Malformed("client data"))
    }

    /// The challenge that was answered, whoever made it.
    pub(super) fn challenge(&self) -> Result<Secret, Refused> {
        Secret::parse(&self.challenge).ok_or(Refused::WrongChallenge)
    }

    /// Holds it to the ceremony, the challenge and the origin.
    pub(super) fn verify(&self, ceremony: Ceremony, challenge: &Secret, party: &RelyingParty) -> Result<(), Refused> {
        // §7.1 step 7, §7.2 step 10: the type.
        if self.kind != ceremony.kind() {
            return Err(Refused::WrongCeremony);
        }
        // §7.1 step 8, §7.2 step 11: the challenge.
        if !self.challenge()?.matches(challenge) {
            return Err(Refused::WrongChallenge);
        }
        // §7.1 step 9, §7.2 step 12: the origin, and there is exactly one.
        if self.origin != party.origin() {
            return Err(Refused::WrongOrigin);
        }
        // §7.1 steps 10 and 11, §7.2 steps 13 and 14: these pages stand in no frame of anybody's.
        if self.cross_origin || self.top_origin.is_some() {
            return Err(Refused::InFrame);
        }
        Ok(())
    }
}
