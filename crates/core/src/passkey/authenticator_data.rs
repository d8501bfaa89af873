//! What an authenticator signs: for whom, with which consent, how often, and what it has made (WebAuthn L3 §6.1).

use minicbor::Decoder;

use super::cose::PublicKey;
use super::{Refused, RelyingParty};

/// Longest authenticator data, in bytes.
const MAX_LENGTH: usize = 16 * 1024;
/// Longest id of a credential, in bytes (§7.1 step 25).
pub(super) const MAX_CREDENTIAL_ID: usize = 1023;

const RP_ID_HASH: usize = 32;
const AAGUID: usize = 16;

/// The bits of the flags.
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;

/// The authenticator data, read and not yet believed.
#[derive(Debug)]
pub(super) struct AuthenticatorData<'a> {
    rp_id_hash: &'a [u8],
    flags: u8,
    pub(super) sign_count: u32,
    pub(super) made: Option<Made<'a>>,
}

/// The credential that was made.
#[derive(Debug)]
pub(super) struct Made<'a> {
    pub(super) aaguid: &'a [u8],
    pub(super) credential_id: &'a [u8],
    /// The key as it came, in COSE's form.
    pub(super) cose: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    /// Reads it whole: what the flags promise is there, and nothing follows.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Refused> {
        if bytes.len() > MAX_LENGTH {
            return Err(Refused::Malformed("authenticator data"));
        }
        let mut rest = bytes;
        let rp_id_hash = take(&mut rest, RP_ID_HASH)?;
        let [flags, a, b, c, d] = *take_array::<5>(&mut rest)?;
        let made = if flags & ATTESTED == 0 { None } else { Some(made(&mut rest)?) };
        if flags & EXTENSIONS != 0 {
            skip_extensions(&mut rest)?;
        }
        if !rest.is_empty() {
            return Err(Refused::Malformed("authenticator data"));
        }
        Ok(Self { rp_id_hash, flags, sign_count: u32::from_be_bytes([a, b, c, d]), made })
    }

    /// Holds it to the relying party and to the consent that is needed.
    pub(super) fn verify(&self, party: &RelyingParty, needs_verification: bool) -> Result<(), Refused> {
        // §7.1 step 14, §7.2 step 15: the hash of the relying party's id.
        if self.rp_id_hash != party.id_hash() {
            return Err(Refused::WrongRelyingParty);
        }
        // §7.1 step 15, §7.2 step 16: somebody was there.
        if self.flags & USER_PRESENT == 0 {
            return Err(Refused::NotPresent);
        }
        // §7.1 step 16, §7.2 step 17: and was recognised, where that is asked.
        if needs_verification && !self.user_verified() {
            return Err(Refused::NotVerified);
        }
        // §7.1 step 17, §7.2 step 18: what cannot be backed up is not backed up.
        if self.backed_up() && !self.backup_eligible() {
            return Err(Refused::BackupFlags);
        }
        Ok(())
    }

    /// Whether the authenticator recognised the person, by a PIN or a finger.
    pub(super) const fn user_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    /// Whether the passkey may be copied to other devices.
    pub(super) const fn backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    /// Whether it has been.
    pub(super) const fn backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Refused> {
    let (taken, left) = rest.split_at_checked(length).ok_or(Refused::Malformed("authenticator data"))?;
    *rest = left;
    Ok(taken)
}

fn take_array<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], Refused> {
    let (taken, left) = rest.split_first_chunk().ok_or(Refused::Malformed("authenticator data"))?;
    *rest = left;
    Ok(taken)
}

/// §6.5.1, attested credential data.
fn made<'a>(rest: &mut &'a [u8]) -> Result<Made<'a>, Refused> {
    let aaguid = take(rest, AAGUID)?;
    let length = usize::from(u16::from_be_bytes(*take_array::<2>(rest)?));
    // §7.1 step 25.
    if length == 0 || length > MAX_CREDENTIAL_ID {
        return Err(Refused::Malformed("credential id"));
    }
    let credential_id = take(rest, length)?;
    let (_, used) = PublicKey::read(rest)?;
    let cose = take(rest, used)?;
    Ok(Made { aaguid, credential_id, cose })
}

/// Extensions were not asked for; whatever an authenticator adds unasked is a map, and is ignored.
fn skip_extensions(rest: &mut &[u8]) -> Result<(), Refused> {
    let mut decoder = Decoder::new(rest);
    let is_map = decoder.probe().map().is_ok();
    decoder.skip().ok().filter(|()| is_map).ok_or(Refused::Malformed("extensions"))?;
    take(rest, decoder.position()).map(drop)
}
