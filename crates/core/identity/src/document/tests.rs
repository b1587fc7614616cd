//! A document is believed when its owner signed it, here and now, and never an older one again.

use base::encode;
use expect_test::expect;

use super::*;
use crate::tests::{
    NETWORK, NOW, device_id, device_key, document, every_bit_counts, hex, keystore, seed,
    withstands,
};
use crate::{ChainError, DeviceName, Keystore};

fn published(change: impl FnOnce(&mut IdentityDocument)) -> Result<SignedDocument, DocumentError> {
    let mine = keystore(1, 11);
    let mut document = document(&mine);
    change(&mut document);
    SignedDocument::publish(&mine.master, mine.chain, document)
}

fn good() -> SignedDocument {
    published(|_| {}).unwrap()
}

fn rotated() -> Keystore {
    let chain = seed(1).chain().rotate(&seed(1)).unwrap();
    let name = DeviceName::new("laptop").unwrap();
    Keystore::from_seed(&seed(1), chain, device_key(11), name, NOW).unwrap()
}

#[test]
fn the_bytes_are_frozen() {
    let bytes = encode(&good());
    expect!["1624"].assert_eq(&bytes.len().to_string());
    // Chain and edition, then the key of 1,184 bytes by its hash, then the rest.
    expect!["019c4545d64fff84b1f32458580d4542059bd1cc2b490a222101fbbbd2d09ebfeb1895bc3e6c2b81e723ba5826a0add0feaa94ce64a19de6817234dad9d8cdc15f4ade6f6476e6e17af9ccf4c1482274ab39b9b490391e358e89289e7e07893f6030ac27f3c9c88abce4d103d3cd5ad1e9cd31467026ad8ee121b63e34075c5e4f00000000000303030303030303030303030303030303030303030303030303030303030303151d4ff8a1010000151d4ff8a101000015dd3e04aa0100004ade6f6476e6e17af9ccf4c1482274ab39b9b490391e358e89289e7e07893f6046d633f3fb6745415bfb08c3ed579b8ae73ee8d35e50049a7422a0e2"].assert_eq(&hex(&bytes[..250]));
    expect!["98b39fb6810c473a060000006c6170746f70151d4ff8a10100000089da7cbf45316119fabf2671b08503cb0720fcc950c5c8e42d7d4b42410d4562f2d1f0995a81cdd34dff3bc6029df9cb90bd7fcbd329df83a0976f7eef9cb70b0500000001000000170000002f6970342f3139322e302e322e372f7463702f34303031321c065693331b1fbfd1dc9512884936e6b8335dbf1e2ed3c2fe5cd6d53b1f5b11dbdb86556487d0f76cee3981969df17a76710dd8be5ec26b8770bafc52ed07"].assert_eq(&hex(&bytes[250 + 1184..]));
    expect!["024c319f19fbcc4972236793a619eb55d625a2c456613379e837a50578f202b9"]
        .assert_eq(&good().hash().to_string());
}

#[test]
fn the_owner_is_believed() {
    let owner = good().check(NETWORK, NOW).unwrap();
    assert_eq!(owner, seed(1).chain().verify().unwrap());
}

#[test]
fn a_document_holds_here_and_now() {
    let elsewhere = good().check(NetworkId([4; 32]), NOW);
    assert_eq!(elsewhere, Err(DocumentError::Edition(EditionError::Network)));
    let late = good().check(NETWORK, NOW.plus_ms(DOCUMENT_LIFE_MS_MAX));
    assert!(matches!(late, Err(DocumentError::Edition(EditionError::Expired(_)))));
}

#[test]
fn limits_are_kept() {
    let device = CertifiedDevice::new(&keystore(1, 11).certificate);
    let twice = published(|document| document.devices = vec![device.clone(); 2]);
    assert_eq!(twice, Err(DocumentError::Devices));
    let many = published(|document| {
        document.devices = (0..=DEVICES_MAX as u8)
            .map(|n| CertifiedDevice { device: DeviceId([n; 32]), ..device.clone() })
            .collect();
    });
    assert_eq!(many, Err(DocumentError::Devices));
    for sources in [vec!["x".into(); 9], vec!["x".repeat(129)], vec!["a b".into()], vec!["".into()]]
    {
        assert_eq!(published(|document| document.sources = sources), Err(DocumentError::Sources));
    }
    let life = published(|document| document.edition.expires = NOW.plus_ms(401 * DAY_MS));
    assert_eq!(life, Err(DocumentError::Edition(EditionError::Life)));
}

#[test]
fn all_devices_and_sources_fit_but_not_with_the_longest_names() {
    let with_names = |length: usize| {
        published(|document| {
            document.sources = vec!["/dns4/id.example.org/tcp/4001".into(); 3];
            document.devices = (0..DEVICES_MAX as u8)
                .map(|n| CertifiedDevice {
                    device: DeviceId([n; 32]),
                    name: DeviceName::new(&"n".repeat(length)).unwrap(),
                    ..document.devices[0].clone()
                })
                .collect();
        })
    };
    assert!(with_names(8).is_ok());
    assert!(matches!(with_names(64), Err(DocumentError::TooLong(_))));
}

#[test]
fn somebody_else_cannot_speak_for_me() {
    let yours = keystore(2, 12);
    let forged =
        SignedDocument::publish(&yours.master, seed(1).chain(), document(&keystore(1, 11)));
    assert_eq!(forged, Err(DocumentError::Statement(StatementError::Signature)));
}

#[test]
fn the_first_agreement_keys_are_those_of_the_inception() {
    let foreign = seed(2).agreement(0).public();
    let swapped = published(|document| document.agreement = foreign.clone());
    assert_eq!(swapped, Err(DocumentError::Agreement));
    let half = published(|document| document.agreement.ml_kem = foreign.ml_kem.clone());
    assert_eq!(half, Err(DocumentError::Agreement));
}

#[test]
fn a_device_finds_its_credential_again() {
    let signed = good();
    let credential = signed.credential(device_id(11)).unwrap();
    assert_eq!(credential.verify(NOW).unwrap().device, device_id(11));
    assert_eq!(signed.credential(device_id(12)), None);
}

#[test]
fn an_older_document_is_refused() {
    let at = |sequence| published(|document| document.edition.sequence = sequence).unwrap();
    assert_eq!(check_newer(&at(5), &at(6)), Ok(()));
    assert_eq!(check_newer(&at(5), &at(5)), Ok(()));
    let rollback = DocumentError::Rollback { known: 5, found: 4 };
    assert_eq!(check_newer(&at(5), &at(4)), Err(rollback));
}

#[test]
fn of_two_documents_with_one_sequence_the_same_one_wins_everywhere() {
    let other = published(|document| document.sources = vec![]).unwrap();
    let (small, large) =
        if good().hash() < other.hash() { (good(), other) } else { (other, good()) };
    assert_eq!(check_newer(&small, &large), Ok(()));
    assert!(check_newer(&large, &small).is_err());
}

#[test]
fn a_rotation_beats_any_sequence_of_the_old_key() {
    let stolen = published(|document| document.edition.sequence = u64::MAX).unwrap();
    let mine = rotated();
    let renewed = SignedDocument::publish(&mine.master, mine.chain.clone(), document(&mine));
    let renewed = renewed.unwrap();
    assert_eq!(check_newer(&stolen, &renewed), Ok(()));
    assert!(matches!(check_newer(&renewed, &stolen), Err(DocumentError::Rollback { .. })));
}

#[test]
fn the_key_of_an_old_generation_signs_nothing_any_more() {
    let mine = rotated();
    let old = SignedDocument::publish(&seed(1).signing_key(0), mine.chain.clone(), document(&mine));
    assert_eq!(old, Err(DocumentError::Statement(StatementError::Signature)));
    let mut longer = good();
    longer.chain = mine.chain;
    let verdict = longer.check(NETWORK, NOW);
    assert_eq!(verdict, Err(DocumentError::Statement(StatementError::Signature)));
    assert_ne!(longer.chain.verify(), Err(ChainError::Rotation(1)));
}

#[test]
fn no_bit_of_a_document_is_free() {
    let owner = good().check(NETWORK, NOW);
    every_bit_counts(&encode(&good()), |bytes| {
        base::decode::<SignedDocument>(bytes).is_ok_and(|read| read.check(NETWORK, NOW) == owner)
    });
}

#[test]
fn hostile_bytes_are_refused() {
    withstands(&good());
}
