//! Edition and signatures hold for what they were made for, and for nothing else.

use base::{HOUR_MS, decode};

use super::*;
use crate::tests::{NETWORK, NOW, device_key, keystore};
use crate::{ContactRecord, DeviceSigned};

fn record() -> ContactRecord {
    ContactRecord { edition: Edition::new(NETWORK, 1, NOW, HOUR_MS), addresses: vec![] }
}

#[test]
fn an_edition_holds_between_their_dates_in_their_network() {
    let edition = Edition::new(NETWORK, 1, NOW, HOUR_MS);
    let at = |now: u64| edition.check(NETWORK, Date(now), HOUR_MS);
    assert_eq!(at(NOW.0), Ok(()));
    assert_eq!(at(NOW.0 - AHEAD_MS_MAX), Ok(()));
    assert_eq!(at(NOW.0 - AHEAD_MS_MAX - 1), Err(EditionError::Future(NOW)));
    assert_eq!(at(NOW.0 + HOUR_MS - 1), Ok(()));
    assert_eq!(at(NOW.0 + HOUR_MS), Err(EditionError::Expired(NOW.plus_ms(HOUR_MS))));
    assert_eq!(edition.check(NETWORK, NOW, HOUR_MS - 1), Err(EditionError::Life));
    assert_eq!(edition.check(NetworkId([4; 32]), NOW, HOUR_MS), Err(EditionError::Network));
    let backwards = Edition { expires: Date(NOW.0 - 1), ..edition };
    assert_eq!(backwards.check(NETWORK, NOW, HOUR_MS), Err(EditionError::Life));
}

#[test]
fn a_sequence_goes_on_from_what_was_seen_and_from_the_clock() {
    assert_eq!(next_sequence(None, Date(50)), 50);
    assert_eq!(next_sequence(Some(7), Date(50)), 50);
    assert_eq!(next_sequence(Some(50), Date(50)), 51);
    assert_eq!(next_sequence(Some(90), Date(50)), 91);
    assert_eq!(next_sequence(Some(u64::MAX), Date(50)), u64::MAX);
}

#[test]
fn any_valid_signature_is_not_enough() {
    // RUSTSEC-2019-0004: a signature that is valid for some key was taken for the right one.
    let (mine, yours) = (keystore(1, 11), keystore(2, 12));
    let signed =
        DeviceSigned::new(&yours.device, Label::ContactRecord, mine.credential(), record());
    assert_eq!(signed.verify(Label::ContactRecord, NOW), Err(StatementError::Signature));
    let owned = OwnerSigned::new(&yours.master, Label::RootRecord, mine.chain, record());
    assert_eq!(owned.verify(Label::RootRecord), Err(StatementError::Signature));
}

#[test]
fn a_signature_is_bound_to_the_claimed_identity() {
    // RUSTSEC-2022-0009: the key of a peer record was not compared with the claimed id. Here one
    // device serves two identities and the record of the one is shown as that of the other.
    let (mine, yours) = (keystore(1, 11), keystore(2, 11));
    let mut signed =
        DeviceSigned::new(&mine.device, Label::ContactRecord, mine.credential(), record());
    assert_eq!(signed.verify(Label::ContactRecord, NOW).unwrap().identity, mine.identity());
    signed.credential = yours.credential();
    assert_eq!(signed.verify(Label::ContactRecord, NOW), Err(StatementError::Signature));

    let mut owned = OwnerSigned::new(&mine.master, Label::RootRecord, mine.chain.clone(), record());
    assert_eq!(owned.verify(Label::RootRecord).unwrap().identity, mine.identity());
    owned.chain = yours.chain;
    assert_eq!(owned.verify(Label::RootRecord), Err(StatementError::Signature));
}

#[test]
fn a_statement_for_one_purpose_does_not_serve_another() {
    let mine = keystore(1, 11);
    let signed =
        DeviceSigned::new(&device_key(11), Label::ContactRecord, mine.credential(), record());
    assert_eq!(signed.verify(Label::ServiceOffer, NOW), Err(StatementError::Signature));
}

#[test]
fn statements_survive_their_encoding() {
    let mine = keystore(1, 11);
    let signed = DeviceSigned::new(&mine.device, Label::ContactRecord, mine.credential(), record());
    assert_eq!(decode::<DeviceSigned<ContactRecord>>(&encode(&signed)), Ok(signed));
}
