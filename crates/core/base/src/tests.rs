//! Encoding, ids, signatures and quantities keep their forms.

use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use expect_test::expect;
use proptest::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Note {
    number: u32,
    text: String,
    flags: Vec<bool>,
}

impl Wire for Note {}

fn note() -> Note {
    Note { number: 7, text: "dust".into(), flags: vec![true, false] }
}

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(SymmetricKey([seed; 32]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_encoding_is_frozen() {
    expect!["01070000000400000064757374020000000100"].assert_eq(&hex(&encode(&note())));
}

#[test]
fn one_byte_more_or_less_is_malformed() {
    let bytes = encode(&note());
    assert_eq!(decode::<Note>(&bytes), Ok(note()));
    assert_eq!(decode::<Note>(&bytes[..bytes.len() - 1]), Err(DecodeError::Malformed));
    assert_eq!(decode::<Note>(&[bytes, vec![0]].concat()), Err(DecodeError::Malformed));
    assert_eq!(decode::<Note>(&[]), Err(DecodeError::Malformed));
}

#[test]
fn an_unknown_version_is_named() {
    let mut bytes = encode(&note());
    bytes[0] = 9;
    assert_eq!(decode::<Note>(&bytes), Err(DecodeError::Version { found: 9, known: 1 }));
}

#[test]
fn too_long_is_refused_before_it_is_read() {
    let bytes = vec![1; CONTROL_BYTES_MAX + 1];
    assert!(matches!(decode::<Note>(&bytes), Err(DecodeError::TooLong { .. })));
}

#[test]
fn the_text_of_an_id_is_frozen() {
    let id = IdentityId([7; 32]);
    expect!["bd1qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qursk6tnh7"]
        .assert_eq(&id.to_string());
    assert_eq!(IdentityId::from_str(&id.to_string()), Ok(id));
}

#[test]
fn an_id_of_another_kind_is_not_taken() {
    let text = DeviceId([7; 32]).to_string();
    assert!(matches!(IdentityId::from_str(&text), Err(ParseIdError::Kind { .. })));
}

#[test]
fn a_signature_for_one_purpose_does_not_serve_another() {
    let signed = Signed::new(&key(1), Label::Receipt, note());
    assert_eq!(signed.verify(key(1).public(), Label::Receipt), Ok(&note()));
    for (signer, label) in [(1, Label::Envelope), (2, Label::Receipt)] {
        assert_eq!(signed.verify(key(signer).public(), label), Err(SignatureError::Wrong));
    }
}

#[test]
fn labels_are_distinct() {
    use Label::*;
    let all = [
        Rotation,
        DeviceCertificate,
        IdentityDocument,
        ContactRecord,
        Envelope,
        ServiceOffer,
        ContractOffer,
        ContractAcceptance,
        ContractRenewal,
        Receipt,
        ReceiptAgreement,
        Manifest,
        RootRecord,
        RootDocument,
        Capability,
    ];
    let texts: std::collections::BTreeSet<_> = all.iter().map(|label| label.text()).collect();
    assert_eq!(texts.len(), all.len());
}

#[test]
fn weak_keys_prove_nothing() {
    // Under the neutral point this signature (R neutral, S zero) verifies for any message.
    let mut weak = [0; 32];
    weak[0] = 1;
    let mut forged = [0; 64];
    forged[0] = 1;
    let verdict = Signature(forged).verify(PublicKey(weak), Label::Envelope, b"anything");
    assert_eq!(verdict, Err(SignatureError::WeakKey));
}

#[test]
fn quantities_read_as_people_write_them() {
    assert_eq!(parse_bytes("4096"), Ok(4096));
    assert_eq!(parse_bytes("1.5 GiB"), Ok(3 << 29));
    assert_eq!(parse_bytes("10kB"), Ok(10_000));
    assert_eq!(parse_duration("72 h"), Ok(72 * HOUR_MS));
    assert_eq!(parse_duration("3"), Ok(3 * SECOND_MS));
    assert!(matches!(parse_bytes("10 parsecs"), Err(ParseQuantityError::Unit { .. })));
    assert!(matches!(parse_bytes("GiB"), Err(ParseQuantityError::Number(_))));
    assert!(matches!(parse_bytes("99999999 TiB"), Err(ParseQuantityError::TooLarge(_))));
    assert_eq!(format_bytes(3 << 29), "1.5 GiB");
    assert_eq!(format_bytes(1023), "1023 B");
    assert_eq!(format_duration(5_400_000), "1.5 h");
}

#[test]
fn dates_are_written_as_in_rfc_3339() {
    assert_eq!(Date(0).to_string(), "1970-01-01T00:00:00Z");
    assert_eq!(Date(951_782_400_000).to_string(), "2000-02-29T00:00:00Z");
    assert_eq!(Date(1_795_167_296_789).to_string(), "2026-11-20T09:34:56Z");
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode::<Note>(&bytes);
        let _ = decode::<Signed<Note>>(&bytes);
        let _ = IdentityId::from_str(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn what_decodes_encodes_to_the_same_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..24)) {
        let bytes = [vec![1], bytes].concat();
        if let Ok(note) = decode::<Note>(&bytes) {
            prop_assert_eq!(encode(&note), bytes);
        }
    }

    #[test]
    fn one_flipped_bit_breaks_a_signature(bit in 0_usize..512) {
        let mut signed = Signed::new(&key(1), Label::Receipt, note());
        signed.signature.0[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(signed.verify(key(1).public(), Label::Receipt).is_err());
    }

    #[test]
    fn sizes_survive_text(bytes in 0_u64..1 << 60) {
        prop_assert_eq!(parse_bytes(&format!("{bytes} B")), Ok(bytes));
        prop_assert!(parse_bytes(&format_bytes(bytes)).is_ok());
    }
}
