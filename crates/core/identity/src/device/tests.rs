//! A device speaks for the identity whose current key vouched for it, while it does.

use base::{DAY_MS, encode};
use expect_test::expect;

use super::*;
use crate::tests::{NOW, device_id, every_bit_counts, hex, keystore, seed, withstands};

fn certificate() -> DeviceCertificate {
    DeviceCertificate {
        identity: seed(1).identity(),
        device: device_id(11),
        name: DeviceName::new("phone").unwrap(),
        issued: NOW,
        expires: Some(NOW.plus_ms(DAY_MS)),
    }
}

fn credential(certificate: DeviceCertificate) -> Credential {
    Credential::issue(&seed(1).signing_key(0), seed(1).chain(), certificate)
}

#[test]
fn the_bytes_are_frozen() {
    expect!["019c4545d64fff84b1f32458580d4542059bd1cc2b490a222101fbbbd2d09ebfeb1895bc3e6c2b81e723ba5826a0add0feaa94ce64a19de6817234dad9d8cdc15f4ade6f6476e6e17af9ccf4c1482274ab39b9b490391e358e89289e7e07893f6030ac27f3c9c88abce4d103d3cd5ad1e9cd31467026ad8ee121b63e34075c5e4f00000000000ca8f1acad7b449d80e2a8058d8f9c396a2071f500cc7114b9a7d488e5447c4d66be7e332c7a453332bd9d0a7f7db055f5c5ef1a06ada66d98b39fb6810c473a0500000070686f6e65151d4ff8a101000001157975fda1010000c5e257098b54afb4116fd6df446ce757bc6a39500361d05f5eaa42bfba1be684e2a5b81faae972b722b085490577c5fd250029dcc0e684263b761be88c9eeb00"].assert_eq(&hex(&encode(&credential(certificate()))));
}

#[test]
fn a_certified_device_speaks() {
    let speaker = Speaker { identity: seed(1).identity(), device: device_id(11), generation: 0 };
    assert_eq!(credential(certificate()).verify(NOW), Ok(speaker));
}

#[test]
fn a_certificate_holds_between_its_dates() {
    let credential = credential(certificate());
    let end = NOW.plus_ms(DAY_MS);
    assert!(credential.verify(Date(end.0 - 1)).is_ok());
    assert_eq!(credential.verify(end), Err(CredentialError::Expired(end)));
    let early = Date(NOW.0 - AHEAD_MS_MAX - 1);
    assert_eq!(credential.verify(early), Err(CredentialError::Future(NOW)));
}

#[test]
fn another_identity_cannot_vouch() {
    let yours = seed(2).signing_key(0);
    let forged = Credential::issue(&yours, seed(1).chain(), certificate());
    assert_eq!(forged.verify(NOW), Err(CredentialError::Signature));
    let foreign = Credential::issue(&yours, seed(2).chain(), certificate());
    assert_eq!(foreign.verify(NOW), Err(CredentialError::Identity));
}

#[test]
fn a_rotation_ends_the_certificates_of_the_old_key() {
    let chain = seed(1).chain().rotate(&seed(1)).unwrap();
    let old = Credential { chain, ..credential(certificate()) };
    assert_eq!(old.verify(NOW), Err(CredentialError::Signature));
}

#[test]
fn a_weak_device_key_is_refused() {
    let weak = DeviceCertificate { device: DeviceId([0; 32]), ..certificate() };
    assert_eq!(credential(weak).verify(NOW), Err(CredentialError::WeakKey));
}

#[test]
fn names_are_short_and_printable() {
    assert_eq!(DeviceName::new(""), Err(DeviceNameError::Empty));
    assert_eq!(DeviceName::new(&"x".repeat(65)), Err(DeviceNameError::TooLong(65)));
    assert_eq!(DeviceName::new("a\u{1b}[2J"), Err(DeviceNameError::Control));
    assert_eq!(DeviceName::new(&"ü".repeat(32)).unwrap().as_str(), "ü".repeat(32));
    let bytes = borsh::to_vec(&"a\nb".to_string()).unwrap();
    assert!(borsh::from_slice::<DeviceName>(&bytes).is_err());
}

#[test]
fn no_bit_of_a_credential_is_free() {
    let speaker = keystore(1, 11).credential().verify(NOW);
    every_bit_counts(&encode(&keystore(1, 11).credential()), |bytes| {
        base::decode::<Credential>(bytes).is_ok_and(|read| read.verify(NOW) == speaker)
    });
}

#[test]
fn hostile_bytes_are_refused() {
    withstands(&credential(certificate()));
}
