//! Passkeys (WebAuthn Level 3): a second factor, and a login of their own that needs no password.
//!
//! `client_data`, `authenticator_data`, `cose` and `verify` hold a ceremony to the standard and know no database;
//! `challenge` makes what a ceremony answers, once; `ops` keeps passkeys and says what they open.
//!
//! Attestation is not asked for: whose make an authenticator is does not matter here, and nothing it says of that is
//! believed.
//!
//! # The steps of the standard
//! Numbers in comments are those of Level 3, §7.1 "Registering a New Credential" and §7.2 "Verifying an Authentication
//! Assertion". Level 2 (2021) has the same steps but for two: it knows token binding (7.1 step 10, 7.2 step 14), which no browser
//! speaks any more and Level 3 has struck out, and it does not yet know frames, backups and the length of the id.
//!
//! | §7.1, a passkey is made | Level 3 | Level 2 | here |
//! |---|---|---|---|
//! | options, the browser's answer, its extensions | 1–4 | 1–4 | `options`, `passkey.js` |
//! | client data: UTF-8, JSON; a byte order mark is refused, not skipped: no browser writes one | 5, 6 | 5, 6 | `client_data` |
//! | type, challenge, origin | 7–9 | 7–9 | `client_data`; the challenge is taken out of the database by `challenge` |
//! | in no frame, no top origin | 10, 11 | – | `client_data` |
//! | hash of the client data: only attestation statements need it | 12 | 11 | – |
//! | CBOR of the attestation object | 13 | 12 | `verify` |
//! | relying party's id, presence, verification | 14–16 | 13–15 | `authenticator_data` |
//! | what cannot be backed up is not; no policy on backups beyond that | 17–19 | – | `authenticator_data` |
//! | the algorithm is one that was asked for | 20 | 16 | `cose` |
//! | format, statement, trust: none asked for, none believed | 21–24 | 18–21 | `verify` |
//! | the id has 1023 bytes at most | 25 | – | `authenticator_data` |
//! | nobody has this id | 26 | 22 | the unique index, in `ops` |
//! | the record is made, and kept when all was well | 27, 29 | 23, 24 | `ops` |
//! | extensions: none asked for, those that come unasked are ignored | 28 | 17 | `authenticator_data` |
//!
//! | §7.2, a passkey is used | Level 3 | Level 2 | here |
//! |---|---|---|---|
//! | options, the browser's answer, its extensions | 1–4 | 1–4 | `options`, `passkey.js` |
//! | it is one that was asked for; whose it is, and the user handle fits | 5, 6 | 5, 6 | `ops` |
//! | the parts of the answer | 7 | 8 | `AssertionResponse` |
//! | client data: UTF-8, JSON | 8, 9 | 9, 10 | `client_data` |
//! | type, challenge, origin | 10–12 | 11–13 | `client_data`, `challenge` |
//! | in no frame, no top origin | 13, 14 | – | `client_data` |
//! | relying party's id, presence, verification | 15–17 | 15–17 | `authenticator_data` |
//! | what cannot be backed up is not; whether it can never changes | 18, 19 | – | `authenticator_data`, `verify` |
//! | hash of the client data, and the signature by the key that is kept (step 7 of Level 2) | 20, 21 | 7, 19, 20 | `verify`, `cose` |
//! | the count of signatures goes up | 22 | 21 | `verify` |
//! | extensions: none asked for, those that come unasked are ignored | 23 | 18 | `authenticator_data` |
//! | the record is brought up to date, and the login goes on | 24, 25 | 21, 22 | `ops` |

mod authenticator_data;
mod challenge;
mod client_data;
mod cose;
mod login;
mod ops;
mod options;
mod relying_party;
#[cfg(any(test, feature = "testing"))]
#[allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "only tests use it")]
pub mod soft;
mod sql;
#[cfg(test)]
mod tests;
mod verify;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::access::Denied;
use crate::clock::Timestamp;
use crate::error::{Fault, HasKind, Invalid, Kind};
use crate::id::PasskeyId;
use crate::secret::Secret;

pub use challenge::{Purpose, sweep};
pub use login::{admin_login, begin_admin_login, begin_login, login};
pub use ops::{Added, add, begin_adding, begin_confirming, begin_second_step, exists, list, remove, rename};
pub(crate) use ops::{remove_all, used};
pub use options::{CreationOptions, RequestOptions};
pub use relying_party::{NoName, RelyingParty};

/// The most passkeys one person can have.
pub const MAX_PER_PERSON: i64 = 20;
/// Longest name of a passkey, in characters.
pub const MAX_NAME: usize = 60;

/// A passkey in a list of one's own.
#[derive(Clone, Debug)]
pub struct Passkey {
    /// The passkey.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// Whether it has ever recognised its owner: then it opens the login alone.
    pub user_verified: bool,
    /// Whether it is copied to other devices of its owner.
    pub backed_up: bool,
}

/// Why a passkey could not be added, changed or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ceremony was refused; the log says why.
    #[error("the passkey was refused")]
    Refused,
    /// The person has as many as one can have.
    #[error("there are too many passkeys already")]
    TooMany,
    /// The name cannot be taken.
    #[error("the name cannot be taken")]
    Name(&'static str),
    /// There is no such passkey.
    #[error("there is no such passkey")]
    NotFound,
    /// This server has no name that a passkey could be bound to.
    #[error(transparent)]
    NoName(#[from] NoName),
    /// Too many challenges were asked for, or too many passkeys failed.
    #[error(transparent)]
    Guessing(#[from] crate::guessing::Error),
    /// No session could be begun.
    #[error(transparent)]
    Session(crate::session::Error),
    /// No session of an admin could be begun.
    #[error(transparent)]
    Admin(crate::admin::Error),
    /// No ticket.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Refused => Kind::Unauthenticated,
            Self::TooMany => Kind::Conflict("error-passkey-too-many"),
            Self::Name(message) => Kind::Invalid(vec![Invalid::new("name", message)]),
            Self::NotFound => Kind::NotFound,
            Self::NoName(_) => Kind::Conflict("error-passkey-no-name"),
            Self::Guessing(error) => error.kind(),
            Self::Session(error) => error.kind(),
            Self::Admin(error) => error.kind(),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}

/// Why a ceremony was refused. People are told one thing for all of them; the log says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// This part cannot be read, or breaks a rule of its form.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// A passkey was made where one was to be used, or the other way round.
    #[error("wrong ceremony")]
    WrongCeremony,
    /// The challenge is not ours, was used, is too old, or was made for another browser or purpose.
    #[error("wrong challenge")]
    WrongChallenge,
    /// A page of another site asked.
    #[error("wrong origin")]
    WrongOrigin,
    /// The page stood in a frame.
    #[error("in a frame")]
    InFrame,
    /// It was signed for another relying party.
    #[error("wrong relying party")]
    WrongRelyingParty,
    /// Nobody touched the authenticator.
    #[error("nobody was present")]
    NotPresent,
    /// The authenticator did not recognise anybody, and had to.
    #[error("nobody was verified")]
    NotVerified,
    /// The flags on backups contradict each other or what is known.
    #[error("inconsistent backup flags")]
    BackupFlags,
    /// The key is of an algorithm that was not asked for.
    #[error("algorithm not asked for")]
    Algorithm,
    /// The signature is not by the key that is kept.
    #[error("wrong signature")]
    Signature,
    /// The count of signatures did not go up: there may be a copy.
    #[error("the signature count went back")]
    CountWentBack,
    /// So many failed that the person's passkeys open nothing until one is added anew.
    #[error("too many failures in a row")]
    Stopped,
    /// Nobody has this passkey, or not who is to show one.
    #[error("unknown passkey")]
    Unknown,
    /// Somebody has a passkey of this id already.
    #[error("the id is taken")]
    Taken,
    /// The passkey says that it is somebody else's.
    #[error("wrong user handle")]
    WrongHandle,
}

/// What a browser sends when a passkey was made.
#[derive(Clone, Debug)]
pub struct RegistrationResponse {
    client_data: Vec<u8>,
    attestation_object: Vec<u8>,
    transports: Vec<String>,
}

impl RegistrationResponse {
    /// Reads the parts, each in base64url, and the transports, separated by spaces.
    pub fn parse(client_data: &str, attestation_object: &str, transports: &str) -> Result<Self, Refused> {
        /// The ways to an authenticator that the standard knows, and those that browsers report beside them.
        const KNOWN: [&str; 7] = ["usb", "nfc", "ble", "smart-card", "hybrid", "internal", "cable"];
        let known = |name: &&str| KNOWN.contains(name);
        let mut transports: Vec<String> = transports.split_whitespace().filter(known).map(str::to_owned).collect();
        transports.sort();
        transports.dedup();
        Ok(Self {
            client_data: decode(client_data, "client data")?,
            attestation_object: decode(attestation_object, "attestation")?,
            transports,
        })
    }
}

/// What a browser sends when a passkey was used.
#[derive(Clone, Debug)]
pub struct AssertionResponse {
    credential_id: Vec<u8>,
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    user_handle: Vec<u8>,
}

/// A passkey that was used, for what, and in which browser.
#[derive(Clone)]
pub struct Answer {
    /// What it was asked for.
    pub purpose: Purpose,
    /// What holds the ceremony to its browser.
    pub browser: Secret,
    /// What the browser sent.
    pub response: AssertionResponse,
}

/// The parts of [`AssertionResponse`] as a form brings them, each in base64url.
#[derive(Clone, Copy, Debug)]
pub struct AssertionParts<'a> {
    /// The id of the credential.
    pub credential_id: &'a str,
    /// The client data.
    pub client_data: &'a str,
    /// The authenticator data.
    pub authenticator_data: &'a str,
    /// The signature.
    pub signature: &'a str,
    /// The user handle; empty when the authenticator keeps none.
    pub user_handle: &'a str,
}

impl AssertionResponse {
    /// Reads the parts.
    pub fn parse(parts: &AssertionParts<'_>) -> Result<Self, Refused> {
        let credential_id = decode(parts.credential_id, "credential id")?;
        if credential_id.is_empty() || credential_id.len() > authenticator_data::MAX_CREDENTIAL_ID {
            return Err(Refused::Malformed("credential id"));
        }
        Ok(Self {
            credential_id,
            client_data: decode(parts.client_data, "client data")?,
            authenticator_data: decode(parts.authenticator_data, "authenticator data")?,
            signature: decode(parts.signature, "signature")?,
            user_handle: decode(parts.user_handle, "user handle")?,
        })
    }
}

fn decode(text: &str, part: &'static str) -> Result<Vec<u8>, Refused> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refused::Malformed(part))
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
