//! The two ceremonies, step by step as WebAuthn Level 3 lists them: §7.1 for a passkey that is made, §7.2 for one that is
//! used. Pure: no database, no clock. Steps that belong to the browser (§7.1 1–4, §7.2 1–4) are in `passkey.js`; those that
//! need the database are named where `ops` takes them.

use minicbor::Decoder;
use ring::digest::{SHA256, digest};

use super::authenticator_data::AuthenticatorData;
use super::client_data::{Ceremony, ClientData};
use super::cose::PublicKey;
use super::{AssertionResponse, Refused, RegistrationResponse, RelyingParty};
use crate::secret::Secret;

/// Longest attestation object, in bytes.
const MAX_ATTESTATION: usize = 48 * 1024;
/// Longest signature, in bytes: RSA with 8192 bits.
const MAX_SIGNATURE: usize = 1024;

/// What a ceremony is held to.
pub(super) struct Expected<'a> {
    pub(super) party: &'a RelyingParty,
    /// The challenge that this server had made for it, taken out of the database: nobody can use it again.
    pub(super) challenge: &'a Secret,
    /// Whether the authenticator must have recognised the person.
    pub(super) needs_verification: bool,
}

/// A credential that was made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Registered {
    pub(super) credential_id: Vec<u8>,
    /// In COSE's form, as the authenticator wrote it.
    pub(super) public_key: Vec<u8>,
    pub(super) sign_count: u32,
    pub(super) aaguid: Vec<u8>,
    pub(super) user_verified: bool,
    pub(super) backup_eligible: bool,
    pub(super) backed_up: bool,
}

/// What is known of a credential that is used.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) public_key: Vec<u8>,
    pub(super) sign_count: u32,
    pub(super) backup_eligible: bool,
}

/// A credential that was used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asserted {
    pub(super) sign_count: u32,
    pub(super) user_verified: bool,
    pub(super) backed_up: bool,
}

/// Verifies that a passkey was made. §7.1 step 26, that nobody has its id, is the unique index's; steps 27 and 29, what is kept, are
/// the caller's.
pub(super) fn registration(expected: &Expected<'_>, response: &RegistrationResponse) -> Result<Registered, Refused> {
    // Steps 5 to 11.
    ClientData::read(&response.client_data)?.verify(Ceremony::Create, expected.challenge, expected.party)?;
    // Step 13: CBOR. Step 12, the client data's hash, is for attestation statements.
    let attestation = Attestation::read(&response.attestation_object)?;
    let data = AuthenticatorData::read(attestation.auth_data)?;
    // Steps 14 to 17. Steps 18 and 19, a policy on backups: there is none, both kinds of passkeys are welcome.
    data.verify(expected.party, expected.needs_verification)?;
    // Step 28: extensions were not asked for, and are ignored. Steps 20 and 25: the key, its algorithm and the length of the id are looked at where they are read.
    let made = data.made.as_ref().ok_or(Refused::Malformed("attestation"))?;
    // Steps 21 to 24: no attestation was asked for. The format "none" says nothing; any other is taken for it, and no
    // word of the statement is believed.
    if attestation.format == "none" && !attestation.statement_is_empty {
        return Err(Refused::Malformed("attestation"));
    }
    Ok(Registered {
        credential_id: made.credential_id.to_vec(),
        public_key: made.cose.to_vec(),
        sign_count: data.sign_count,
        aaguid: made.aaguid.to_vec(),
        user_verified: data.user_verified(),
        backup_eligible: data.backup_eligible(),
        backed_up: data.backed_up(),
    })
}

/// Verifies that a passkey was used. §7.2 steps 5 and 6, whose it is, come before: what is kept was found by its id.
pub(super) fn assertion(expected: &Expected<'_>, response: &AssertionResponse, kept: &Kept) -> Result<Asserted, Refused> {
    // Steps 8 to 14.
    ClientData::read(&response.client_data)?.verify(Ceremony::Get, expected.challenge, expected.party)?;
    let data = AuthenticatorData::read(&response.authenticator_data)?;
    // §6.1: an assertion brings no credential along.
    if data.made.is_some() {
        return Err(Refused::Malformed("authenticator data"));
    }
    // Steps 15 to 18.
    data.verify(expected.party, expected.needs_verification)?;
    // Step 19: whether a passkey can be backed up never changes.
    if data.backup_eligible() != kept.backup_eligible {
        return Err(Refused::BackupFlags);
    }
    // Steps 20 and 21: the signature over the authenticator's data and the hash of the client's.
    if response.signature.len() > MAX_SIGNATURE {
        return Err(Refused::Signature);
    }
    let hash = digest(&SHA256, &response.client_data);
    let message = [response.authenticator_data.as_slice(), hash.as_ref()].concat();
    let (key, _) = PublicKey::read(&kept.public_key)?;
    key.verify(&message, &response.signature)?;
    // Step 22: a count that does not go up is a sign of a copy. Who never counts stays at zero.
    if (data.sign_count != 0 || kept.sign_count != 0) && data.sign_count <= kept.sign_count {
        return Err(Refused::CountWentBack);
    }
    // Step 23: extensions were not asked for, and are ignored. Steps 24 and 25, what changes and what follows, are the caller's.
    Ok(Asserted { sign_count: data.sign_count, user_verified: data.user_verified(), backed_up: data.backed_up() })
}

/// The attestation object, read and not yet believed (§6.5.4).
struct Attestation<'a> {
    format: &'a str,
    statement_is_empty: bool,
    auth_data: &'a [u8],
}

impl<'a> Attestation<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Refused> {
        let fits = bytes.len() <= MAX_ATTESTATION;
        fits.then(|| Self::members(bytes)).flatten().ok_or(Refused::Malformed("attestation"))
    }

    /// Three members, each once, and nothing after them.
    fn members(bytes: &'a [u8]) -> Option<Self> {
        let mut decoder = Decoder::new(bytes);
        let (mut format, mut statement_is_empty, mut auth_data) = (None, None, None);
        if decoder.map().ok()? != Some(3) {
            return None;
        }
        for _ in 0..3 {
            match decoder.str().ok()? {
                "fmt" => format = Some(decoder.str().ok()?),
                "attStmt" => {
                    statement_is_empty = Some(decoder.probe().map().ok()? == Some(0));
                    decoder.skip().ok()?;
                }
                "authData" => auth_data = Some(decoder.bytes().ok()?),
                _ => return None,
            }
        }
        let is_whole = decoder.position() == bytes.len();
        is_whole.then_some(Self { format: format?, statement_is_empty: statement_is_empty?, auth_data: auth_data? })
    }
}
