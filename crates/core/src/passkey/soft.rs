//! An authenticator in software, for tests: it makes keys, and signs what it is told, right or wrong.

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

use super::{AssertionParts, AssertionResponse, RegistrationResponse, RelyingParty, encode};

/// What the authenticator is told to sign.
#[derive(Clone, Debug)]
pub struct Told {
    /// The type of the client data.
    pub kind: &'static str,
    /// The challenge in base64url.
    pub challenge: String,
    /// The origin.
    pub origin: String,
    /// Further members of the client data, such as `,"crossOrigin":true`.
    pub more: &'static str,
    /// The relying party's id.
    pub rp_id: String,
    /// The flags of the authenticator data, without the one for a new credential.
    pub flags: u8,
    /// The count of signatures.
    pub sign_count: u32,
    /// What follows at the end of the authenticator data.
    pub tail: Vec<u8>,
}

/// Somebody was present and was verified.
pub const PRESENT_AND_VERIFIED: u8 = 0b101;

impl Told {
    /// To make a passkey for the server at this address.
    pub fn create(public_url: &str, challenge: &str) -> Self {
        let party = RelyingParty::of(public_url).unwrap();
        Self {
            kind: "webauthn.create",
            challenge: challenge.to_owned(),
            origin: party.origin().to_owned(),
            more: "",
            rp_id: party.id().to_owned(),
            flags: PRESENT_AND_VERIFIED,
            sign_count: 1,
            tail: Vec::new(),
        }
    }

    /// To use a passkey for the server at this address.
    pub fn get(public_url: &str, challenge: &str, sign_count: u32) -> Self {
        Self { kind: "webauthn.get", sign_count, ..Self::create(public_url, challenge) }
    }

    fn client_data(&self) -> Vec<u8> {
        let Self { kind, challenge, origin, more, .. } = self;
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}"{more}}}"#).into_bytes()
    }

    fn authenticator_data(&self, made: &[u8]) -> Vec<u8> {
        let hash = digest(&SHA256, self.rp_id.as_bytes());
        let flags = if made.is_empty() { self.flags } else { self.flags | 1 << 6 };
        [hash.as_ref(), &[flags], &self.sign_count.to_be_bytes(), made, &self.tail].concat()
    }
}

enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

/// A credential in the authenticator.
pub struct SoftKey {
    pair: Pair,
    /// Its id.
    pub id: Vec<u8>,
    /// Whose it is, as the server named it.
    pub user_handle: Vec<u8>,
}

impl SoftKey {
    /// A key on P-256.
    pub fn es256(user_handle: &[u8]) -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref(), &random).unwrap();
        Self::new(Pair::Es256(pair), user_handle)
    }

    /// An Ed25519 key.
    pub fn ed25519(user_handle: &[u8]) -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::new(Pair::EdDsa(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap()), user_handle)
    }

    fn new(pair: Pair, user_handle: &[u8]) -> Self {
        let mut id = vec![0; 32];
        SystemRandom::new().fill(&mut id).unwrap();
        Self { pair, id, user_handle: user_handle.to_vec() }
    }

    /// The public key in COSE's form.
    pub fn cose(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Es256(pair) => {
                let (x, y) = pair.public_key().as_ref().split_at(1).1.split_at(32);
                // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
                [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32], x, &[0x22, 0x58, 32], y].concat()
            }
            // {1: 1, 3: -8, -1: 6, -2: x}
            Pair::EdDsa(pair) => [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32], pair.public_key().as_ref()].concat(),
        }
    }

    /// Answers a request to make a passkey, with no attestation.
    pub fn register(&self, told: &Told) -> Registration {
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let made = [&[7; 16], length.as_slice(), &self.id, &self.cose()].concat();
        Registration {
            client_data: told.client_data(),
            attestation_object: attestation("none", &[0xa0], &told.authenticator_data(&made)),
        }
    }

    /// Answers a request to use a passkey.
    pub fn sign(&self, told: &Told) -> Assertion {
        let (client_data, authenticator_data) = (told.client_data(), told.authenticator_data(&[]));
        let message = [authenticator_data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat();
        let signature = match &self.pair {
            Pair::Es256(pair) => pair.sign(&SystemRandom::new(), &message).unwrap().as_ref().to_vec(),
            Pair::EdDsa(pair) => pair.sign(&message).as_ref().to_vec(),
        };
        let (credential_id, user_handle) = (self.id.clone(), self.user_handle.clone());
        Assertion { credential_id, client_data, authenticator_data, signature, user_handle }
    }
}

/// An attestation object of this format, statement and authenticator data.
pub fn attestation(format: &str, statement: &[u8], authenticator_data: &[u8]) -> Vec<u8> {
    let head = |major: u8, length: usize| {
        let length = u16::try_from(length).unwrap().to_be_bytes();
        [&[major << 5 | 0x19], length.as_slice()].concat()
    };
    let text = |text: &str| [head(3, text.len()).as_slice(), text.as_bytes()].concat();
    [
        [0xa3].as_slice(),
        &text("fmt"),
        &text(format),
        &text("attStmt"),
        statement,
        &text("authData"),
        &head(2, authenticator_data.len()),
        authenticator_data,
    ]
    .concat()
}

/// The answer to a request to make a passkey.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The client data.
    pub client_data: Vec<u8>,
    /// The attestation object.
    pub attestation_object: Vec<u8>,
}

impl Registration {
    /// As core takes it.
    pub fn response(&self) -> RegistrationResponse {
        RegistrationResponse::parse(&encode(&self.client_data), &encode(&self.attestation_object), "internal hybrid").unwrap()
    }

    /// As a form sends it.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("client_data", encode(&self.client_data)),
            ("attestation_object", encode(&self.attestation_object)),
            ("transports", "internal hybrid".to_owned()),
        ]
    }
}

/// The answer to a request to use a passkey.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// The id of the credential.
    pub credential_id: Vec<u8>,
    /// The client data.
    pub client_data: Vec<u8>,
    /// The authenticator data.
    pub authenticator_data: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// The user handle.
    pub user_handle: Vec<u8>,
}

impl Assertion {
    /// As core takes it.
    pub fn response(&self) -> AssertionResponse {
        AssertionResponse::parse(&AssertionParts {
            credential_id: &encode(&self.credential_id),
            client_data: &encode(&self.client_data),
            authenticator_data: &encode(&self.authenticator_data),
            signature: &encode(&self.signature),
            user_handle: &encode(&self.user_handle),
        })
        .unwrap()
    }

    /// As a form sends it.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("credential_id", encode(&self.credential_id)),
            ("client_data", encode(&self.client_data)),
            ("authenticator_data", encode(&self.authenticator_data)),
            ("signature", encode(&self.signature)),
            ("user_handle", encode(&self.user_handle)),
        ]
    }
}
