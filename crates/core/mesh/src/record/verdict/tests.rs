//! What is stored: the newest that its owner made, and nothing else.

use proptest::prelude::*;

use super::*;
use crate::record::tests::{all, contact, identity, offer, root, supplier_offer};
use crate::tests::{Chance, NETWORK, NOW, every_bit_counts, keystore, rotated};
use crate::{RecordKeyError, RecordKind};

fn key(record: &Record) -> Vec<u8> {
    record.keys()[0].bytes()
}

fn verdict(record: &Record, stored: Option<&Record>) -> Verdict {
    let stored = stored.map(Record::bytes);
    validate(NETWORK, &key(record), &record.bytes(), stored.as_deref(), NOW)
}

fn is_accepted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Accept { .. })
}

/// What a holder has after these came in turn.
fn kept<'a>(order: &[&'a Record]) -> Option<&'a Record> {
    order.iter().copied().fold(None, |stored, offered| {
        if is_accepted(&verdict(offered, stored)) { Some(offered) } else { stored }
    })
}

fn error(verdict: Verdict) -> Option<RecordError> {
    match verdict {
        Verdict::Accept { .. } => None,
        Verdict::Refuse { error } => Some(error),
    }
}

#[test]
fn a_good_record_is_stored_under_all_its_keys() {
    let mine = keystore(1, 11);
    for record in all(&mine, 7) {
        let publisher = Publisher { identity: mine.identity(), generation: 0 };
        for key in record.keys() {
            let verdict = validate(NETWORK, &key.bytes(), &record.bytes(), None, NOW);
            assert_eq!(verdict, Verdict::Accept { publisher });
        }
    }
}

#[test]
fn a_record_is_stored_under_its_own_key_only() {
    // RUSTSEC-2022-0009: a valid record of one peer, shown as that of another.
    let (mine, yours) = (keystore(1, 11), keystore(2, 12));
    for (my, your) in all(&mine, 7).iter().zip(all(&yours, 7)) {
        let verdict = validate(NETWORK, &key(my), &your.bytes(), None, NOW);
        assert_eq!(error(verdict), Some(RecordError::WrongKey));
    }
    let kinds = validate(NETWORK, &key(&identity(&mine, 7)), &root(&mine, 7).bytes(), None, NOW);
    assert_eq!(error(kinds), Some(RecordError::WrongKey));
    let nowhere = validate(NETWORK, b"/other/", &root(&mine, 7).bytes(), None, NOW);
    assert_eq!(error(nowhere), Some(RecordError::Key(RecordKeyError::Kind)));
}

#[test]
fn an_older_record_never_replaces_a_newer_one() {
    let mine = keystore(1, 11);
    for (old, new) in all(&mine, 7).iter().zip(all(&mine, 8)) {
        assert!(is_accepted(&verdict(&new, Some(old))));
        assert!(is_accepted(&verdict(old, Some(old))));
        let stale = RecordError::Stale { stored: 8, found: 7 };
        assert_eq!(error(verdict(old, Some(&new))), Some(stale));
    }
}

#[test]
fn what_is_stored_but_no_longer_holds_counts_for_nothing() {
    let mine = keystore(1, 11);
    let (old, new) = (offer(&mine, 7), offer(&mine, 8));
    let broken = [&new.bytes()[..], &[0]].concat();
    let verdict = validate(NETWORK, &key(&old), &old.bytes(), Some(&broken), NOW);
    assert!(is_accepted(&verdict));
    let foreign = contact(&keystore(2, 12), 9).bytes();
    assert!(is_accepted(&validate(NETWORK, &key(&old), &old.bytes(), Some(&foreign), NOW)));
}

#[test]
fn of_equal_sequences_the_same_record_wins_everywhere() {
    let mine = keystore(1, 11);
    let one = offer(&mine, 7);
    let other = crate::ServiceOffer { free_bytes: 1, ..supplier_offer(7) };
    let other = Record::sign_offer(&mine.device, mine.credential(), other).unwrap();
    let (small, large) = if one.rank() < other.rank() { (one, other) } else { (other, one) };
    assert!(is_accepted(&verdict(&large, Some(&small))));
    let stale = RecordError::Stale { stored: 7, found: 7 };
    assert_eq!(error(verdict(&small, Some(&large))), Some(stale));
}

#[test]
fn the_thief_of_an_old_key_cannot_win_by_a_huge_sequence() {
    let (thief, mine) = (keystore(1, 11), rotated(1, 11));
    for make in [identity, root] {
        let (stolen, renewed) = (make(&thief, u64::MAX), make(&mine, 7));
        assert!(is_accepted(&verdict(&renewed, Some(&stolen))));
        assert!(!is_accepted(&verdict(&stolen, Some(&renewed))));
    }
}

#[test]
fn the_newest_of_several_answers_is_found_and_the_stale_are_named() {
    let mine = keystore(1, 11);
    let (old, new) = (root(&mine, 7), root(&mine, 8));
    let foreign = root(&keystore(2, 12), 9);
    let values = [old.bytes(), new.bytes(), vec![1, 2, 3], foreign.bytes(), new.bytes()];
    let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
    let sorted = sort(NETWORK, &key(&old), &values, NOW);
    assert_eq!(sorted.newest, Some(new));
    assert_eq!((sorted.fresh, sorted.stale), (vec![1, 4], vec![0]));
    assert_eq!(sorted.refused.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [2, 3]);
    assert!(!sorted.is_forked);
    assert_eq!(sort(NETWORK, &key(&old), &[], NOW), Sorted::default());
}

#[test]
fn keys_of_records_have_the_kind_of_their_records() {
    let kinds = all(&keystore(1, 11), 7).map(|record| record.kind());
    let expected = [RecordKind::Identity, RecordKind::Root, RecordKind::Contact, RecordKind::Offer];
    assert_eq!(kinds, expected);
}

#[test]
fn no_bit_may_be_flipped_on_the_way_to_the_store() {
    let record = offer(&keystore(1, 11), 7);
    let key = key(&record);
    every_bit_counts(&record.bytes(), |bytes| {
        is_accepted(&validate(NETWORK, &key, bytes, None, NOW))
    });
    every_bit_counts(&key, |key| is_accepted(&validate(NETWORK, key, &record.bytes(), None, NOW)));
}

#[test]
fn hostile_values_are_refused() {
    let record = root(&keystore(1, 11), 7);
    let (good, key) = (record.bytes(), key(&record));
    let mut chance = Chance(9);
    for _ in 0..100_000 {
        let bytes = chance.mutate(&good);
        let verdict = validate(NETWORK, &key, &bytes, Some(&good), NOW);
        assert!(bytes == good || !is_accepted(&verdict));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the order of arrival, all holders end with the same record.
    #[test]
    fn holders_agree_in_the_end(sequences in prop::collection::vec(0_u64..5, 1..6), turn: u8) {
        let mine = keystore(1, 11);
        let records: Vec<Record> = sequences.iter().map(|sequence| offer(&mine, *sequence)).collect();
        let forward: Vec<&Record> = records.iter().collect();
        let mut turned = forward.clone();
        turned.rotate_left(usize::from(turn) % records.len());
        let backward: Vec<&Record> = forward.iter().rev().copied().collect();
        prop_assert_eq!(kept(&forward), kept(&turned));
        prop_assert_eq!(kept(&forward), kept(&backward));
    }
}
