//! The promises of the store, on a disk that does not fail.

mod crash;
mod faults;
mod model;
mod rot;
mod world;

use std::sync::Arc;

use base::{Date, Hash, Label, SecretKey, Signature, SymmetricKey, encode};

use super::*;
use crate::disk::Open;
use crate::faulty::FaultyDisk;
use crate::receipt::{Change, ReceiptBody};
use world::{NOW, contract, open, opening, owner, put, settings, sign};

fn store() -> (FaultyDisk, FragmentStore) {
    let disk = FaultyDisk::new(1);
    let mut store = open(&disk).unwrap();
    store.open_contract(&opening(1, 1 << 20), NOW).unwrap();
    (disk, store)
}

fn receipt_of(outcome: &Outcome) -> Arc<crate::Receipt> {
    match outcome {
        Outcome::Stored { receipt } | Outcome::Present { receipt: Some(receipt) } => {
            receipt.clone()
        }
        other => panic!("{other:?}"),
    }
}

fn names(store: &FragmentStore) -> Vec<FragmentName> {
    let list = store.reader().list(contract(1), None, 1000).unwrap();
    list.iter().map(|line| (line.block, line.index)).collect()
}

#[test]
fn what_is_put_is_read_again_and_receipted() {
    let (disk, mut store) = store();
    let key = SecretKey::from_seed(SymmetricKey([3; 32]));
    let sign = |body: &ReceiptBody| Signature::make(&key, Label::Receipt, &encode(body));
    let puts = [put(1, 1, 9000), put(1, 2, 4096), put(1, 3, 1)];
    let outcomes = store.commit(&puts, &sign, NOW);
    let receipt = receipt_of(&outcomes[0]);
    assert_eq!(receipt.verify(key.public(), Label::Receipt), Ok(&receipt.body));
    assert_eq!((receipt.body.sequence, receipt.body.previous), (1, Hash::default()));
    assert_eq!((receipt.body.total_fragments, receipt.body.total_bytes), (3, (3 + 1 + 1) * 4096));
    assert_eq!(receipt.body.entries.len(), 3);
    drop(store);
    let store = open(&disk).unwrap();
    let reader = store.reader();
    for put in &puts {
        let name = (put.block, put.index);
        let length = put.payload.len() as u32;
        assert_eq!(reader.read(put.contract, name, 0..length), Ok(put.payload.clone()));
        assert_eq!(reader.read(put.contract, name, length..length), Ok(vec![]));
        let beyond = reader.read(put.contract, name, 0..length + 1);
        assert_eq!(beyond, Err(ReadError::Range { bytes: length }));
        assert_eq!(reader.manifest(put.contract, put.block), Ok(put.manifest.clone()));
        let view = reader.view(put.contract, put.block, put.index).unwrap();
        assert_eq!((view.masked_root, view.sequence), (put.masked_root, 1));
        assert_eq!(reader.verify(put.contract, put.block, put.index), Ok(Verdict::Sound));
        assert_eq!(reader.has(put.contract, put.block, put.index), Ok(true));
    }
    assert_eq!(reader.receipt(contract(1), 1).unwrap(), *receipt);
    assert_eq!(reader.document(contract(1)), Ok(opening(1, 0).document));
    assert_eq!(store.recovery().index, IndexState::Kept);
}

#[test]
fn the_same_fragment_counts_once() {
    let (_disk, mut store) = store();
    let first = store.commit(&[put(1, 1, 9000), put(1, 1, 9000)], &sign, NOW);
    assert!(matches!(first[..], [Outcome::Stored { .. }, Outcome::Present { .. }]), "{first:?}");
    store.commit(&[put(1, 2, 100)], &sign, NOW);
    let again = store.commit(&[put(1, 1, 9000)], &sign, NOW);
    // The receipt that names it, not the latest.
    assert_eq!(again[..], [Outcome::Present { receipt: Some(receipt_of(&first[0])) }]);
    let view = store.reader().contract(contract(1)).unwrap();
    assert_eq!((view.totals.fragments, view.totals.bytes, view.chain.sequence), (2, 4 * 4096, 2));
}

#[test]
fn each_refusal_changes_nothing() {
    let (disk, mut store) = store();
    store.commit(&[put(1, 1, 5000)], &sign, NOW);
    store.open_contract(&opening(2, 8192), NOW).unwrap();
    store.open_contract(&opening(3, 8192), NOW).unwrap();
    store.close_contract(contract(3), NOW).unwrap();
    let before = disk.digest();
    let mut other_owner = put(1, 2, 100);
    other_owner.owner = owner(2);
    let mut wrong_root = put(1, 2, 100);
    wrong_root.payload[50] ^= 1;
    let mut other_content = put(1, 1, 4000);
    other_content.index = put(1, 1, 5000).index;
    let mut long_manifest = put(1, 2, 100);
    long_manifest.manifest = vec![0; MANIFEST_BYTES_MAX + 1];
    let size = |payload, manifest| Refusal::Size { payload, manifest };
    let cases = [
        (put(9, 1, 100), Refusal::UnknownContract),
        (other_owner, Refusal::Owner),
        (wrong_root, Refusal::Root),
        (other_content, Refusal::Conflict),
        (long_manifest, size(100, MANIFEST_BYTES_MAX + 1)),
        (put(1, 3, 0), size(0, put(1, 3, 0).manifest.len())),
        (put(1, 3, FRAGMENT_BYTES_MAX + 1), size(FRAGMENT_BYTES_MAX + 1, 40)),
        (put(2, 1, 8193), Refusal::Quota { left: 8192 }),
        (put(3, 1, 100), Refusal::Closed),
    ];
    for (put, expected) in cases {
        let outcome = store.commit(&[put], &sign, NOW);
        assert_eq!(outcome, [Outcome::Refused(expected)]);
    }
    assert_eq!(disk.digest(), before);
}

#[test]
fn the_quota_is_never_exceeded_within_one_commit_either() {
    let (_disk, mut store) = store();
    store.open_contract(&opening(2, 3 * 4096), NOW).unwrap();
    let puts: Vec<Put> = (0..5).map(|n| put(2, n, 4096)).collect();
    let outcomes = store.commit(&puts, &sign, NOW);
    let stored = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Stored { .. }));
    assert_eq!(stored.count(), 3);
    assert_eq!(outcomes[4], Outcome::Refused(Refusal::Quota { left: 0 }));
    let view = store.reader().contract(contract(2)).unwrap();
    assert_eq!((view.totals.bytes, view.terms.quota_bytes), (3 * 4096, 3 * 4096));
}

#[test]
fn deleting_is_receipted_and_frees_the_quota() {
    let (disk, mut store) = store();
    store.commit(&[put(1, 1, 9000), put(1, 2, 4096)], &sign, NOW);
    let gone = put(1, 1, 9000);
    let unknown = (gone.block, 77);
    let asked = [unknown, (gone.block, gone.index), (gone.block, gone.index)];
    let deleted = store.delete(contract(1), &asked, &sign, Date(8)).unwrap();
    assert_eq!(deleted.missing, [unknown]);
    let receipt = deleted.receipt.unwrap();
    assert_eq!((receipt.body.sequence, receipt.body.total_fragments), (2, 1));
    assert_eq!(receipt.body.total_bytes, 4096);
    assert_eq!(receipt.body.entries.len(), 1);
    assert_eq!(receipt.body.entries[0].change, Change::Removed);
    assert_eq!(receipt.body.entries[0].masked_root, gone.masked_root);
    let nothing = store.delete(contract(1), &[unknown], &sign, Date(9)).unwrap();
    assert_eq!(nothing.receipt, None);
    drop(store);
    let mut store = open(&disk).unwrap();
    let read = store.reader().read(contract(1), (gone.block, gone.index), 0..1);
    assert_eq!(read, Err(ReadError::NotFound));
    // It may come back.
    let back = store.commit(std::slice::from_ref(&gone), &sign, Date(10));
    assert_eq!(receipt_of(&back[0]).body.sequence, 3);
    assert_eq!(receipt_of(&back[0]).body.previous, receipt.body.chain_hash());
}

#[test]
fn a_closed_contract_can_be_read_and_emptied_and_opened_again() {
    let (_disk, mut store) = store();
    store.commit(&[put(1, 1, 100)], &sign, NOW);
    store.close_contract(contract(1), NOW).unwrap();
    let name = names(&store)[0];
    assert!(store.reader().read(contract(1), name, 0..100).is_ok());
    assert!(store.delete(contract(1), &[name], &sign, NOW).unwrap().receipt.is_some());
    store.open_contract(&opening(1, 4096), NOW).unwrap();
    let outcome = store.commit(&[put(1, 1, 100)], &sign, NOW);
    assert_eq!(receipt_of(&outcome[0]).body.sequence, 3);
    let foreign = Opening { owner: owner(5), ..opening(1, 4096) };
    assert_eq!(store.open_contract(&foreign, NOW), Err(ContractError::Owner));
    assert_eq!(store.close_contract(contract(9), NOW), Err(ContractError::Unknown));
}

#[test]
fn of_owner_records_the_highest_sequence_stays() {
    let (disk, mut store) = store();
    let record = |sequence, byte| OwnerRecord { sequence, bytes: vec![byte; 5000] };
    store.put_owner_record(owner(1), 2, &record(5, 1), NOW).unwrap();
    store.put_owner_record(owner(1), 2, &record(5, 1), NOW).unwrap();
    store.put_owner_record(owner(1), 3, &record(1, 9), NOW).unwrap();
    let older = Err(OwnerRecordError::Older { stored: 5 });
    assert_eq!(store.put_owner_record(owner(1), 2, &record(4, 1), NOW), older);
    assert_eq!(store.put_owner_record(owner(1), 2, &record(5, 2), NOW), older);
    store.put_owner_record(owner(1), 2, &record(6, 3), NOW).unwrap();
    let long = OwnerRecord { sequence: 7, bytes: vec![0; OWNER_RECORD_BYTES_MAX + 1] };
    let too_long = OwnerRecordError::TooLong { bytes: OWNER_RECORD_BYTES_MAX + 1 };
    assert_eq!(store.put_owner_record(owner(1), 2, &long, NOW), Err(too_long));
    drop(store);
    let store = open(&disk).unwrap();
    assert_eq!(store.reader().owner_record(owner(1), 2), Ok(record(6, 3)));
    assert_eq!(store.reader().owner_record(owner(1), 3), Ok(record(1, 9)));
    assert_eq!(store.reader().owner_record(owner(2), 2), Err(ReadError::NotFound));
}

#[test]
fn an_agreement_is_kept_with_the_receipt_it_is_for() {
    let (disk, mut store) = store();
    store.commit(&[put(1, 1, 100)], &sign, NOW);
    store.commit(&[put(1, 2, 100)], &sign, NOW);
    let signature = |byte| Signature([byte; 64]);
    let wrong = Err(ContractError::Sequence { last: 2, agreed: 0 });
    assert_eq!(store.agree(contract(1), 3, signature(1), NOW), wrong);
    store.agree(contract(1), 2, signature(2), NOW).unwrap();
    store.agree(contract(1), 2, signature(2), NOW).unwrap();
    let late = Err(ContractError::Sequence { last: 2, agreed: 2 });
    assert_eq!(store.agree(contract(1), 1, signature(3), NOW), late);
    drop(store);
    let chain = open(&disk).unwrap().reader().contract(contract(1)).unwrap().chain;
    assert_eq!((chain.sequence, chain.agreed, chain.agreement), (2, 2, Some(signature(2))));
}

#[test]
fn lists_come_in_pages_and_in_order() {
    let (disk, mut store) = store();
    store.open_contract(&opening(2, 1 << 20), NOW).unwrap();
    for n in 0..60 {
        store.commit(&[put(1, n, 10), put(2, n, 10)], &sign, NOW);
    }
    drop(store);
    let mut store = open(&disk).unwrap();
    for n in 60..70 {
        store.commit(&[put(1, n, 10)], &sign, NOW);
    }
    let all = names(&store);
    assert_eq!(all.len(), 70);
    assert!(all.is_sorted());
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = store.reader().list(contract(1), after, 7).unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.block, last.index));
        paged.extend(page.iter().map(|line| (line.block, line.index)));
    }
    assert_eq!(paged, all);
    let receipts = store.reader().receipts(contract(1), 3, 4).unwrap();
    let sequences: Vec<u64> = receipts.iter().map(|receipt| receipt.body.sequence).collect();
    assert_eq!(sequences, [4, 5, 6, 7]);
}

#[test]
fn one_commit_of_many_is_few_syncs() {
    let disk = FaultyDisk::new(1);
    let mut store = FragmentStore::open(Arc::new(disk.clone()), Settings::usual([7; 32])).unwrap();
    store.open_contract(&opening(1, 1 << 30), NOW).unwrap();
    store.commit(&[put(1, 0, 100)], &sign, NOW);
    let puts: Vec<Put> = (1..=512).map(|n| put(1, n, 100)).collect();
    let before = disk.operations();
    let outcomes = store.commit(&puts, &sign, NOW);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Stored { .. })));
    // One write, one sync, and the reservation of room.
    assert!(disk.operations() - before <= 4, "{}", disk.operations() - before);
    let receipts: Vec<u64> =
        outcomes.iter().map(|outcome| receipt_of(outcome).body.sequence).collect();
    assert!(receipts.iter().all(|sequence| *sequence == 2));
}

#[test]
fn nothing_is_written_when_nothing_changed() {
    let (disk, mut store) = store();
    store.commit(&[put(1, 1, 100)], &sign, NOW);
    store.flush().unwrap();
    let before = disk.operations();
    store.flush().unwrap();
    assert_eq!(store.compact(50), Ok(None));
    assert_eq!(disk.operations(), before);
}

#[test]
fn payloads_hashed_before_are_taken_as_they_are() {
    let (_disk, mut store) = store();
    let right = store.commit_hashed(&[put(1, 1, 100)], &sign, NOW);
    assert!(matches!(right[..], [Outcome::Stored { .. }]));
    // Who says so falsely harms himself alone, and is found out by the first look.
    let mut wrong = put(1, 2, 100);
    wrong.masked_root = Hash([1; 32]);
    store.commit_hashed(std::slice::from_ref(&wrong), &sign, NOW);
    let verdict = store.reader().verify(contract(1), wrong.block, wrong.index);
    assert_eq!(verdict, Ok(Verdict::Damaged));
}

#[test]
fn compaction_returns_the_space_and_changes_nothing_else() {
    let (disk, mut store) = store();
    let mut removed = Vec::new();
    for n in 0..100 {
        store.commit(&[put(1, n, 9000)], &sign, NOW);
        if n % 5 != 0 {
            removed.push((put(1, n, 9000).block, put(1, n, 9000).index));
        }
    }
    store
        .put_owner_record(owner(1), 2, &OwnerRecord { sequence: 5, bytes: vec![4; 99] }, NOW)
        .unwrap();
    store.agree(contract(1), 50, Signature([4; 64]), NOW).unwrap();
    store.delete(contract(1), &removed, &sign, NOW).unwrap();
    let before = world::dump(&store);
    let used = disk.used_bytes();
    let mut count = 0;
    while let Some(compacted) = store.compact(50).unwrap() {
        assert!(compacted.copied_bytes < compacted.freed_bytes);
        count += 1;
    }
    assert!(count >= 5, "{count}");
    assert!(disk.used_bytes() < used * 2 / 3, "{} of {used}", disk.used_bytes());
    assert_eq!(world::dump(&store), before);
    drop(store);
    let store = open(&disk).unwrap();
    assert_eq!(world::dump(&store), before);
    drop(store);
    // From the segments alone, too: what was deleted stays deleted.
    disk.remove("index").unwrap();
    assert_eq!(world::dump(&open(&disk).unwrap()), before);
}

#[test]
fn the_reader_follows_what_compaction_moves() {
    let (_disk, mut store) = store();
    for n in 0..40 {
        store.commit(&[put(1, n, 9000)], &sign, NOW);
    }
    let reader = store.reader();
    let kept = put(1, 0, 9000);
    let rest: Vec<FragmentName> =
        (1..40).map(|n| (put(1, n, 9000).block, put(1, n, 9000).index)).collect();
    store.delete(contract(1), &rest, &sign, NOW).unwrap();
    while store.compact(50).unwrap().is_some() {}
    let read = reader.read(contract(1), (kept.block, kept.index), 0..9000);
    assert_eq!(read, Ok(kept.payload));
}

#[test]
fn there_is_only_one_store_on_a_disk() {
    let (disk, store) = store();
    let busy = crate::DiskError::Busy { name: "index".into() };
    assert_eq!(open(&disk).unwrap_err(), OpenStoreError::Disk(busy));
    let reader = store.reader();
    drop(store);
    // A reader that is still held does not keep the next one from opening.
    let _next = open(&disk).unwrap();
    let ended = ReadError::Index(DatabaseError::Closed);
    assert_eq!(reader.list(contract(1), None, 10), Err(ended));
}

#[test]
fn impossible_settings_are_refused() {
    for segment_bytes in [0, 4096, 5000, 1 << 50] {
        let settings = Settings { segment_bytes, ..settings() };
        let opened = FragmentStore::open(Arc::new(FaultyDisk::new(1)), settings);
        assert_eq!(opened.unwrap_err(), OpenStoreError::Settings { segment_bytes });
    }
}

#[test]
fn a_put_that_fits_no_segment_is_refused() {
    let disk = FaultyDisk::new(1);
    let settings = Settings { segment_bytes: 16 * 1024, ..settings() };
    let mut store = FragmentStore::open(Arc::new(disk), settings).unwrap();
    store.open_contract(&opening(1, 1 << 20), NOW).unwrap();
    let outcomes = store.commit(&[put(1, 1, 20_000), put(1, 2, 100)], &sign, NOW);
    assert!(matches!(
        outcomes[..],
        [Outcome::Refused(Refusal::Size { .. }), Outcome::Stored { .. }]
    ));
}

#[test]
fn a_file_that_is_no_segment_is_left_alone() {
    let (disk, store) = store();
    drop(store);
    disk.open("segment-1", Open::OrCreate).unwrap();
    disk.open("notes", Open::OrCreate).unwrap();
    open(&disk).unwrap();
    assert!(disk.list().unwrap().contains(&"segment-1".to_string()));
}
