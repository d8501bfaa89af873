//! Public keys as authenticators write them: COSE (RFC 9052, RFC 9053) in CBOR, and signatures by them.

use minicbor::Decoder;
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};

use super::Refused;

/// Longest key, in bytes: RSA with 8192 bits, and what goes around it.
const MAX_LENGTH: usize = 1200;
/// Labels of a key's map.
const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const CURVE_OR_MODULUS: i64 = -1;
const X_OR_EXPONENT: i64 = -2;
const Y: i64 = -3;

/// The algorithms that are asked for, the most wanted first, by their COSE numbers.
pub(super) const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];
/// ECDSA on P-256 with SHA-256.
const ES256: i64 = -7;
/// Ed25519.
const EDDSA: i64 = -8;
/// RSA with PKCS #1 v1.5 and SHA-256, at least 2048 bits.
const RS256: i64 = -257;

/// A public key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PublicKey<'a> {
    Es256 { x: &'a [u8; 32], y: &'a [u8; 32] },
    EdDsa { x: &'a [u8; 32] },
    Rs256 { n: &'a [u8], e: &'a [u8] },
}

/// The members of the map as they stand there.
#[derive(Default)]
struct Members<'a> {
    key_type: Option<i64>,
    algorithm: Option<i64>,
    curve: Option<i64>,
    /// -1, where it holds bytes.
    modulus: Option<&'a [u8]>,
    /// -2.
    x: Option<&'a [u8]>,
    /// -3.
    y: Option<&'a [u8]>,
}

impl<'a> PublicKey<'a> {
    /// The key that the bytes begin with, and how many of them it takes.
    pub(super) fn read(bytes: &'a [u8]) -> Result<(Self, usize), Refused> {
        const MALFORMED: Refused = Refused::Malformed("public key");
        let mut decoder = Decoder::new(bytes.get(..MAX_LENGTH.min(bytes.len())).unwrap_or_default());
        let members = members(&mut decoder).ok_or(MALFORMED)?;
        // §6.5.1.1: the key type fits the algorithm, the curve is the one that the algorithm means here, and the
        // members that it needs are all there is.
        let key = match (members.algorithm.ok_or(MALFORMED)?, members) {
            (ES256, Members { key_type: Some(2), curve: Some(1), modulus: None, x: Some(x), y: Some(y), .. }) => {
                Self::Es256 { x: x.try_into().map_err(|_| MALFORMED)?, y: y.try_into().map_err(|_| MALFORMED)? }
            }
            (EDDSA, Members { key_type: Some(1), curve: Some(6), modulus: None, x: Some(x), y: None, .. }) => {
                Self::EdDsa { x: x.try_into().map_err(|_| MALFORMED)? }
            }
            (RS256, Members { key_type: Some(3), curve: None, modulus: Some(n), x: Some(e), y: None, .. }) => {
                Self::Rs256 { n, e }
            }
            (ES256 | EDDSA | RS256, _) => return Err(MALFORMED),
            // §7.1 step 20: the algorithm is one of those that were asked for.
            _ => return Err(Refused::Algorithm),
        };
        Ok((key, decoder.position()))
    }

    /// §7.2 step 21: whether the signature over the message is by this key.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refused> {
        let verified = match self {
            Self::Es256 { x, y } => {
                let point = [[4].as_slice(), x.as_slice(), y.as_slice()].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::EdDsa { x } => UnparsedPublicKey::new(&ED25519, x).verify(message, signature),
            Self::Rs256 { n, e } => RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
        };
        verified.map_err(|_| Refused::Signature)
    }
}

/// Reads the map; `None` when a member is unknown, of the wrong type, or stands there twice.
fn members<'a>(decoder: &mut Decoder<'a>) -> Option<Members<'a>> {
    let mut members = Members::default();
    let count = decoder.map().ok()??;
    for _ in 0..count {
        let is_first = match decoder.i64().ok()? {
            KEY_TYPE => members.key_type.replace(decoder.i64().ok()?).is_none(),
            ALGORITHM => members.algorithm.replace(decoder.i64().ok()?).is_none(),
            CURVE_OR_MODULUS => match decoder.probe().i64() {
                Ok(_) => members.curve.replace(decoder.i64().ok()?).is_none(),
                Err(_) => members.modulus.replace(decoder.bytes().ok()?).is_none(),
            },
            X_OR_EXPONENT => members.x.replace(decoder.bytes().ok()?).is_none(),
            Y => members.y.replace(decoder.bytes().ok()?).is_none(),
            _ => false,
        };
        if !is_first {
            return None;
        }
    }
    Some(members)
}
