//! What a browser is asked, in the JSON that WebAuthn Level 3 gives it (§5.1.8, §5.1.9).

use serde::Serialize;

use super::challenge::LIVES;
use super::cose::ALGORITHMS;
use super::{RelyingParty, encode};
use crate::secret::Secret;

/// What `navigator.credentials.create` is asked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreationOptions {
    rp: Party,
    user: Person,
    challenge: String,
    pub_key_cred_params: Vec<Algorithm>,
    timeout: u64,
    exclude_credentials: Vec<Descriptor>,
    authenticator_selection: Selection,
    attestation: &'static str,
}

#[derive(Debug, Serialize)]
struct Party {
    id: String,
    name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    id: String,
    name: String,
    display_name: String,
}

#[derive(Debug, Serialize)]
struct Algorithm {
    #[serde(rename = "type")]
    kind: &'static str,
    alg: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Selection {
    resident_key: &'static str,
    require_resident_key: bool,
    user_verification: &'static str,
}

/// What `navigator.credentials.get` is asked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestOptions {
    challenge: String,
    timeout: u64,
    rp_id: String,
    allow_credentials: Vec<Descriptor>,
    user_verification: &'static str,
}

/// A passkey that somebody has.
#[derive(Debug, Serialize)]
pub(super) struct Descriptor {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    transports: Vec<String>,
}

impl Descriptor {
    pub(super) fn new(credential_id: &[u8], transports: &str) -> Self {
        let transports = transports.split_whitespace().map(str::to_owned).collect();
        Self { kind: "public-key", id: encode(credential_id), transports }
    }
}

/// Whose passkey is to be made.
pub(super) struct For<'a> {
    pub(super) brand: &'a str,
    pub(super) handle: &'a [u8],
    pub(super) email: &'a str,
    pub(super) name: &'a str,
}

/// A passkey that can be found without a name being typed, and that recognises its owner, if the authenticator can do that:
/// it then opens the login alone. One that cannot still serves as a second factor.
pub(super) fn creation(party: &RelyingParty, challenge: &Secret, whose: &For<'_>, existing: Vec<Descriptor>) -> CreationOptions {
    CreationOptions {
        rp: Party { id: party.id().to_owned(), name: whose.brand.to_owned() },
        user: Person { id: encode(whose.handle), name: whose.email.to_owned(), display_name: whose.name.to_owned() },
        challenge: challenge.reveal(),
        pub_key_cred_params: ALGORITHMS.map(|alg| Algorithm { kind: "public-key", alg }).into(),
        timeout: timeout(),
        exclude_credentials: existing,
        authenticator_selection: Selection {
            resident_key: "preferred",
            require_resident_key: false,
            user_verification: "preferred",
        },
        attestation: "none",
    }
}

/// To log in with a passkey alone: any that the browser has, and its owner is recognised. No passkey is listed, so nobody
/// learns who has one (ASVS V6.3.8).
pub(super) fn login(party: &RelyingParty, challenge: &Secret) -> RequestOptions {
    request(party, challenge, Vec::new(), "required")
}

/// One of these, beside something else that was shown.
pub(super) fn second(party: &RelyingParty, challenge: &Secret, allowed: Vec<Descriptor>) -> RequestOptions {
    request(party, challenge, allowed, "preferred")
}

fn request(
    party: &RelyingParty,
    challenge: &Secret,
    allow_credentials: Vec<Descriptor>,
    user_verification: &'static str,
) -> RequestOptions {
    let (challenge, rp_id) = (challenge.reveal(), party.id().to_owned());
    RequestOptions { challenge, timeout: timeout(), rp_id, allow_credentials, user_verification }
}

fn timeout() -> u64 {
    u64::try_from(LIVES.as_millis()).unwrap_or(u64::MAX)
}
