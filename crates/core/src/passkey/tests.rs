use proptest::prelude::*;

use super::authenticator_data::AuthenticatorData;
use super::client_data::ClientData;
use super::cose::PublicKey;
use super::soft::{Assertion, PRESENT_AND_VERIFIED, SoftKey, Told, attestation};
use super::verify::{self, Asserted, Expected, Kept};
use super::*;
use crate::secret::Secret;

const URL: &str = "https://login.example";
const HANDLE: &[u8] = b"somebody";
const USER_VERIFIED: u8 = 0b100;
const ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const EXTENSIONS: u8 = 1 << 7;

fn party() -> RelyingParty {
    RelyingParty::of(URL).unwrap()
}

fn challenge() -> Secret {
    Secret::parse(&encode(&(0..32).collect::<Vec<u8>>())).unwrap()
}

fn create() -> Told {
    Told::create(URL, &challenge().reveal())
}

fn get() -> Told {
    Told::get(URL, &challenge().reveal(), 9)
}

fn keys() -> [SoftKey; 2] {
    [SoftKey::es256(HANDLE), SoftKey::ed25519(HANDLE)]
}

fn kept(key: &SoftKey) -> Kept {
    Kept { public_key: key.cose(), sign_count: 8, backup_eligible: false }
}

fn register(response: &RegistrationResponse, needs_verification: bool) -> Result<verify::Registered, Refused> {
    verify::registration(&Expected { party: &party(), challenge: &challenge(), needs_verification }, response)
}

fn assert_with(response: &AssertionResponse, kept: &Kept, needs_verification: bool) -> Result<Asserted, Refused> {
    verify::assertion(&Expected { party: &party(), challenge: &challenge(), needs_verification }, response, kept)
}

/// Every way in which what is signed can be wrong, and what is said of it. Both ceremonies share them.
fn wrong(right: &Told, other_kind: &'static str) -> Vec<(Told, Refused)> {
    let told = || right.clone();
    let other_challenge = encode(&[9; 32]);
    vec![
        (Told { kind: other_kind, ..told() }, Refused::WrongCeremony),
        (Told { kind: "webauthn.other", ..told() }, Refused::WrongCeremony),
        (Told { challenge: other_challenge, ..told() }, Refused::WrongChallenge),
        (Told { challenge: String::new(), ..told() }, Refused::WrongChallenge),
        (Told { origin: "https://login.example.evil.example".to_owned(), ..told() }, Refused::WrongOrigin),
        (Told { origin: "https://sub.login.example".to_owned(), ..told() }, Refused::WrongOrigin),
        (Told { origin: "http://login.example".to_owned(), ..told() }, Refused::WrongOrigin),
        (Told { origin: "https://login.example:8443".to_owned(), ..told() }, Refused::WrongOrigin),
        (Told { more: r#","crossOrigin":true"#, ..told() }, Refused::InFrame),
        (Told { more: r#","topOrigin":"https://login.example""#, ..told() }, Refused::InFrame),
        (Told { more: r#","crossOrigin":"no""#, ..told() }, Refused::Malformed("client data")),
        (Told { more: r#","origin":"https://login.example""#, ..told() }, Refused::Malformed("client data")),
        (Told { more: ",", ..told() }, Refused::Malformed("client data")),
        (Told { rp_id: "evil.example".to_owned(), ..told() }, Refused::WrongRelyingParty),
        (Told { flags: USER_VERIFIED, ..told() }, Refused::NotPresent),
        (Told { flags: 1, ..told() }, Refused::NotVerified),
        (Told { flags: PRESENT_AND_VERIFIED | BACKED_UP, ..told() }, Refused::BackupFlags),
        (Told { tail: vec![0], ..told() }, Refused::Malformed("authenticator data")),
        (Told { flags: PRESENT_AND_VERIFIED | EXTENSIONS, ..told() }, Refused::Malformed("extensions")),
        (Told { flags: PRESENT_AND_VERIFIED | EXTENSIONS, tail: vec![0x01], ..told() }, Refused::Malformed("extensions")),
    ]
}

#[test]
fn a_passkey_that_was_made_is_taken_as_it_is() {
    for key in keys() {
        let made = register(&key.register(&create()).response(), true).unwrap();
        assert_eq!((&made.credential_id, &made.public_key, made.sign_count), (&key.id, &key.cose(), 1));
        assert!(made.user_verified && !made.backup_eligible && !made.backed_up);
        assert_eq!(made.aaguid, [7; 16]);
        let told = Told { flags: 1 | ELIGIBLE | BACKED_UP, more: r#","crossOrigin":false,"extra":{"a":1}"#, ..create() };
        let made = register(&key.register(&told).response(), false).unwrap();
        assert!(!made.user_verified && made.backup_eligible && made.backed_up);
    }
}

#[test]
fn a_passkey_is_not_made_when_one_thing_is_wrong() {
    for key in keys() {
        for (told, refused) in wrong(&create(), "webauthn.get") {
            assert_eq!(register(&key.register(&told).response(), true), Err(refused), "{told:?}");
        }
    }
}

#[test]
fn a_passkey_that_was_used_is_taken() {
    for key in keys() {
        let used = assert_with(&key.sign(&get()).response(), &kept(&key), true).unwrap();
        assert_eq!(used, Asserted { sign_count: 9, user_verified: true, backed_up: false });
        // An empty map of extensions, and one that nobody knows.
        for tail in [vec![0xa0], vec![0xa1, 0x61, b'x', 0x82, 0x01, 0xf5]] {
            let told = Told { flags: PRESENT_AND_VERIFIED | EXTENSIONS, tail, ..get() };
            assert!(assert_with(&key.sign(&told).response(), &kept(&key), true).is_ok());
        }
    }
}

#[test]
fn a_passkey_opens_nothing_when_one_thing_is_wrong() {
    for key in keys() {
        for (told, refused) in wrong(&get(), "webauthn.create") {
            assert_eq!(assert_with(&key.sign(&told).response(), &kept(&key), true), Err(refused), "{told:?}");
        }
        let other = SoftKey::es256(HANDLE);
        assert_eq!(assert_with(&other.sign(&get()).response(), &kept(&key), true), Err(Refused::Signature));
        let told = Told { flags: PRESENT_AND_VERIFIED | ELIGIBLE, ..get() };
        assert_eq!(assert_with(&key.sign(&told).response(), &kept(&key), true), Err(Refused::BackupFlags));
        // An assertion that brings a credential along.
        let made = [&[7; 16], [0, 32].as_slice(), &key.id, &key.cose()].concat();
        let told = Told { flags: PRESENT_AND_VERIFIED | 1 << 6, tail: made, ..get() };
        assert_eq!(assert_with(&key.sign(&told).response(), &kept(&key), true), Err(Refused::Malformed("authenticator data")));
    }
}

#[test]
fn a_count_that_does_not_go_up_is_refused_unless_nobody_counts() {
    let key = SoftKey::es256(HANDLE);
    for (before, now, expected) in
        [(0, 0, true), (0, 1, true), (8, 9, true), (8, 8, false), (8, 7, false), (8, 0, false), (u32::MAX, u32::MAX, false)]
    {
        let kept = Kept { sign_count: before, ..kept(&key) };
        let used = assert_with(&key.sign(&Told { sign_count: now, ..get() }).response(), &kept, true);
        assert_eq!(used.is_ok(), expected, "{before} → {now}");
        assert!(used.is_ok() || used == Err(Refused::CountWentBack));
    }
}

#[test]
fn no_attestation_is_asked_for_and_none_is_believed() {
    let key = SoftKey::es256(HANDLE);
    let right = key.register(&create());
    let data_at = right.attestation_object.windows(8).position(|bytes| bytes == b"authData").unwrap() + 8 + 3;
    let data = right.attestation_object.split_at(data_at).1;
    let made = |format: &str, statement: &[u8]| {
        let mut registration = right.clone();
        registration.attestation_object = attestation(format, statement, data);
        register(&registration.response(), true)
    };
    assert!(made("none", &[0xa0]).is_ok());
    // A statement of another format is taken for none, whatever it says.
    assert!(made("packed", &[0xa1, 0x63, b's', b'i', b'g', 0x41, 0]).is_ok());
    for (format, statement) in
        [("none", vec![0xa1, 0x61, b'x', 1]), ("none", vec![0x80]), ("packed", vec![0x01]), ("packed", vec![])]
    {
        assert_eq!(made(format, &statement), Err(Refused::Malformed("attestation")), "{format} {statement:?}");
    }
    let mut longer = right.clone();
    longer.attestation_object.push(0);
    assert_eq!(register(&longer.response(), true), Err(Refused::Malformed("attestation")));
}

#[test]
fn keys_are_of_an_algorithm_that_was_asked_for_and_hold_what_it_needs() {
    let [es256, ed25519] = keys().map(|key| key.cose());
    assert!(PublicKey::read(&es256).is_ok() && PublicKey::read(&ed25519).is_ok());
    let change = |key: &[u8], at: usize, to: u8| {
        let mut key = key.to_vec();
        key[at] = to;
        PublicKey::read(&key).map(drop)
    };
    // The algorithm: -36 (ES512) in one byte more, and -9.
    assert_eq!(change(&es256, 4, 0x28), Err(Refused::Algorithm));
    for (key, at, to) in [
        (&es256, 2, 1),      // another type of key
        (&es256, 4, 0x27),   // EdDSA with the members of ECDSA
        (&es256, 6, 2),      // another curve
        (&es256, 9, 31),     // a coordinate too short
        (&es256, 1, 3),      // the algorithm twice
        (&es256, 0, 0xa4),   // a coordinate missing
        (&es256, 0, 0xa6),   // a member that is not there
        (&ed25519, 6, 1),    // another curve
        (&ed25519, 1, 0x05), // a label that nobody knows
    ] {
        assert_eq!(change(key, at, to), Err(Refused::Malformed("public key")), "{at} {to}");
    }
}

/// Made by OpenSSL: ring makes no RSA keys.
#[test]
fn rsa_signatures_are_verified() {
    const MODULUS: &str = "6LXkS8cma5DA3BAEXvqFv_t8e2p9BaL0_n1baq-TKTrftJtdFXC3LzCo7101vnpX134qo9HzFZTReJKOOpMHkC2mJdg3AMlnANN5Uc7RRVNand\
        -kS6-7lUWt_UVWZBKvDx3arQn6gNOsxnlZvCmeWIDg0P5un4EJCW79E_o5leBXyudRp11UvGOqDO-1n1HaAKicsYc5PpU2dQOmec15OE6iOmSo\
        JKLRyDSDM6_BReSNIY3NN1RmyJdSYupF1QICxKQFBdVVcZpa3O-ZO4KUqzO-e5XUic2Wb772LJjWmbHzJ82pr4E9kYH9KwJq6snkaeT6iIXitq\
        JP9r7iEYGEPw";
    const SIGNATURE: &str = "TjbNrwvL0SIUIHVDszkAL2h5hLpNuhLMoc30bNtUDwmbxY3nO-p6oHOdtJ4Qsi3WemT_O07LxbRSwJ1ndLW9WezD1tOMg4bNAfpIGpQ1serqN3\
        Ync3cYQ2a9s-LHBJ0oXgibpUfQdrQAgSm7-iLDBkTELWfn9Hr6HgGr-ZZSBJSJ7qxJrg4N9K34MOh5iqqga2D5pzT1ZYj4EDIIuVVYyMZtepVb\
        JOMr44m9FzhVf5W9G84v_wbN2ZPWrv7v079IvVeMBAiBLOLzBO6-9HifnvQbsEbGP6qQ9hCgGqqIps6Jzx8mQqRGLs10tNoGs4SUfIlVa2JpNR\
        p__dD9SQnvaw";
    let (n, signature) = (decode(MODULUS, "").unwrap(), decode(SIGNATURE, "").unwrap());
    // {1: 3, 3: -257, -1: n, -2: e}
    let public_key = [&[0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x59, 1, 0], n.as_slice(), &[0x21, 0x43, 1, 0, 1]].concat();
    let told = SoftKey::es256(HANDLE).sign(&get());
    let right = Assertion { signature, ..told };
    let kept = Kept { public_key, sign_count: 8, backup_eligible: false };
    assert!(assert_with(&right.response(), &kept, true).is_ok());
    let mut wrong = right.clone();
    wrong.signature[17] ^= 1;
    assert_eq!(assert_with(&wrong.response(), &kept, true), Err(Refused::Signature));
    let weak = [&[0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x58, 128], n.split_at(128).0, &[0x21, 0x43, 1, 0, 1]].concat();
    assert_eq!(assert_with(&right.response(), &Kept { public_key: weak, ..kept }, true), Err(Refused::Signature));
}

/// A part of an assertion, for mutations.
fn part(assertion: &mut Assertion, index: usize) -> &mut Vec<u8> {
    match index {
        0 => &mut assertion.client_data,
        1 => &mut assertion.authenticator_data,
        _ => &mut assertion.signature,
    }
}

proptest! {
    #[test]
    fn whatever_bytes_come_nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = ClientData::read(&bytes);
        let _ = AuthenticatorData::read(&bytes);
        let _ = PublicKey::read(&bytes);
        let response = RegistrationResponse { client_data: create_client_data(), attestation_object: bytes.clone(), transports: Vec::new() };
        prop_assert!(register(&response, false).is_err());
        // Behind a head that leads into the credential.
        let head = [party().id_hash().as_slice(), &[0xc5, 0, 0, 0, 0], &[0; 16], &[0, 2, 1, 1]].concat();
        let _ = AuthenticatorData::read(&[head.as_slice(), &bytes].concat());
        let object = attestation("none", &[0xa0], &[head.as_slice(), &bytes].concat());
        let _ = register(&RegistrationResponse { attestation_object: object, ..response }, false);
    }

    #[test]
    fn whatever_text_comes_nothing_panics(text in "\\PC{0,80}") {
        let _ = RegistrationResponse::parse(&text, &text, &text);
        let parts = AssertionParts { credential_id: &text, client_data: &text, authenticator_data: &text, signature: &text, user_handle: &text };
        let _ = AssertionResponse::parse(&parts);
        let _ = RelyingParty::of(&text);
    }

    #[test]
    fn a_registration_with_a_byte_changed_never_panics(at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut registration = SoftKey::es256(HANDLE).register(&create());
        let at = at.index(registration.attestation_object.len());
        registration.attestation_object[at] ^= 1 << bit;
        let _ = register(&registration.response(), true);
    }

    #[test]
    fn an_assertion_with_a_byte_changed_opens_nothing(
        which in 0..3usize, at in any::<prop::sample::Index>(), bit in 0..8u8, edwards: bool,
    ) {
        let [es256, ed25519] = keys();
        let key = if edwards { ed25519 } else { es256 };
        let mut assertion = key.sign(&get());
        let changed = part(&mut assertion, which);
        let at = at.index(changed.len());
        changed[at] ^= 1 << bit;
        prop_assert!(assert_with(&assertion.response(), &kept(&key), false).is_err());
    }

    #[test]
    fn an_assertion_cut_or_lengthened_opens_nothing(which in 0..3usize, at in any::<prop::sample::Index>(), more: Option<u8>) {
        let key = SoftKey::ed25519(HANDLE);
        let mut assertion = key.sign(&get());
        let changed = part(&mut assertion, which);
        match more {
            Some(byte) => changed.push(byte),
            None => changed.truncate(at.index(changed.len())),
        }
        prop_assert!(assert_with(&assertion.response(), &kept(&key), false).is_err());
    }
}

fn create_client_data() -> Vec<u8> {
    SoftKey::ed25519(HANDLE).register(&create()).client_data
}
