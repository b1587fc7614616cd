//! A contact record is believed when the device signed it, for two hours.

use base::encode;
use expect_test::expect;

use super::*;
use crate::tests::{NETWORK, NOW, every_bit_counts, hex, keystore, withstands};

fn published(addresses: Vec<String>) -> Result<SignedContact, ContactError> {
    let mine = keystore(1, 11);
    let edition = Edition::new(NETWORK, NOW.0, NOW, CONTACT_LIFE_MS_MAX);
    SignedContact::publish(&mine.device, mine.credential(), ContactRecord { edition, addresses })
}

fn good() -> SignedContact {
    published(vec!["/ip4/192.0.2.7/udp/4001/quic-v1".into()]).unwrap()
}

#[test]
fn the_bytes_are_frozen() {
    expect!["019c4545d64fff84b1f32458580d4542059bd1cc2b490a222101fbbbd2d09ebfeb1895bc3e6c2b81e723ba5826a0add0feaa94ce64a19de6817234dad9d8cdc15f4ade6f6476e6e17af9ccf4c1482274ab39b9b490391e358e89289e7e07893f6030ac27f3c9c88abce4d103d3cd5ad1e9cd31467026ad8ee121b63e34075c5e4f00000000000ca8f1acad7b449d80e2a8058d8f9c396a2071f500cc7114b9a7d488e5447c4d66be7e332c7a453332bd9d0a7f7db055f5c5ef1a06ada66d98b39fb6810c473a060000006c6170746f70151d4ff8a10100000089da7cbf45316119fabf2671b08503cb0720fcc950c5c8e42d7d4b42410d4562f2d1f0995a81cdd34dff3bc6029df9cb90bd7fcbd329df83a0976f7eef9cb70b0303030303030303030303030303030303030303030303030303030303030303151d4ff8a1010000151d4ff8a101000015fabcf8a1010000010000001f0000002f6970342f3139322e302e322e372f7564702f343030312f717569632d7631456f54defed06ab4f5395246f8e85ddca4c43ebda2a0d3c8496969346b4241dffefe9a1a2a8f4023fd4d87ff439d29dffc62ac630a38773beee837fcb38ec507"].assert_eq(&hex(&encode(&good())));
}

#[test]
fn the_device_is_believed_for_two_hours() {
    let speaker = keystore(1, 11).credential().verify(NOW).unwrap();
    assert_eq!(good().check(NETWORK, NOW), Ok(speaker));
    let late = good().check(NETWORK, NOW.plus_ms(CONTACT_LIFE_MS_MAX));
    assert!(matches!(late, Err(ContactError::Edition(EditionError::Expired(_)))));
    let foreign = good().check(NetworkId([4; 32]), NOW);
    assert_eq!(foreign, Err(ContactError::Edition(EditionError::Network)));
}

#[test]
fn limits_are_kept() {
    assert!(published(vec![]).is_ok());
    assert!(published(vec!["x".repeat(ADDRESS_BYTES_MAX); ADDRESSES_MAX]).is_ok());
    for bad in [vec!["x".into(); 17], vec!["x".repeat(129)], vec!["\u{7}".into()], vec!["".into()]]
    {
        assert_eq!(published(bad), Err(ContactError::Addresses));
    }
}

#[test]
fn another_device_cannot_sign_for_this_one() {
    let (mine, other) = (keystore(1, 11), keystore(1, 12));
    let forged = SignedContact::publish(&other.device, mine.credential(), good().body);
    assert_eq!(forged, Err(ContactError::Statement(StatementError::Signature)));
}

#[test]
fn no_bit_of_a_contact_record_is_free() {
    let speaker = good().check(NETWORK, NOW);
    every_bit_counts(&encode(&good()), |bytes| {
        base::decode::<SignedContact>(bytes).is_ok_and(|read| read.check(NETWORK, NOW) == speaker)
    });
}

#[test]
fn hostile_bytes_are_refused() {
    withstands(&good());
}
