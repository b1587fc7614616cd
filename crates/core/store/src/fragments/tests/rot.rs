//! Rot, lost and false indexes, misplaced writes: found, named, and never believed.

use std::sync::Arc;

use base::Date;

use super::super::*;
use super::world::{self, contract, open, opening, put, settings, sign};
use crate::disk::Open;
use crate::faulty::{Fault, FaultyDisk};
use crate::record::{ALIGN_BYTES, HEADER_BYTES};

fn filled(count: u32) -> (FaultyDisk, FragmentStore) {
    let disk = FaultyDisk::new(1);
    let mut store = open(&disk).unwrap();
    for number in 1..=3 {
        store.open_contract(&opening(number, 1 << 20), Date(1)).unwrap();
    }
    for n in 0..count {
        let puts: Vec<Put> = (1..=3).map(|number| put(number, n, 5000)).collect();
        store.commit(&puts, &sign, Date(2));
    }
    store.flush().unwrap();
    (disk, store)
}

fn is_rebuilt(store: &FragmentStore) -> bool {
    matches!(store.recovery().index, IndexState::Rebuilt { .. })
}

#[test]
fn a_lost_index_is_rebuilt_the_same() {
    let (disk, store) = filled(30);
    let before = world::dump(&store);
    drop(store);
    disk.remove("index").unwrap();
    let store = open(&disk).unwrap();
    assert!(is_rebuilt(&store));
    assert_eq!(world::dump(&store), before);
    drop(store);
    let store = open(&disk).unwrap();
    assert_eq!(store.recovery().index, IndexState::Kept);
    assert_eq!(world::dump(&store), before);
}

#[test]
fn a_false_index_never_leads_to_false_answers() {
    let (disk, store) = filled(20);
    let before = world::dump(&store);
    drop(store);
    let (mut rebuilt, mut unreadable) = (0, 0);
    for seed in 0..200 {
        let disk = disk.fork();
        disk.rot_somewhere("index", seed).unwrap();
        let store = open(&disk).unwrap();
        rebuilt += usize::from(is_rebuilt(&store));
        let reader = store.reader();
        // Rot in a page that was not needed to open shows as an error where it is met.
        let readable = reader.contracts().iter().all(|view| {
            reader.list(view.contract, None, 1000).is_ok()
                && reader.receipts(view.contract, 0, 1000).is_ok()
        });
        if readable {
            assert_eq!(world::dump(&store), before, "seed {seed}");
        }
        // Damage once met is gone with the next start.
        assert_eq!(store.is_poisoned(), !readable);
        drop((reader, store));
        let store = open(&disk).unwrap();
        assert_eq!(world::dump(&store), before, "seed {seed}");
        unreadable += usize::from(!readable);
    }
    assert!(rebuilt > 0 && unreadable > 5, "{rebuilt}, {unreadable}");
}

#[test]
fn an_index_of_rubbish_or_of_another_time_is_not_used() {
    let (disk, mut store) = filled(10);
    let early = disk.files()["index"].clone();
    for n in 10..40 {
        store.commit(&[put(1, n, 5000)], &sign, Date(3));
    }
    let names: Vec<FragmentName> =
        (0..30).map(|n| (put(1, n, 0).block, put(1, n, 0).index)).collect();
    store.delete(contract(1), &names, &sign, Date(4)).unwrap();
    while store.compact(30).unwrap().is_some() {}
    let before = world::dump(&store);
    drop(store);
    for bytes in [vec![], vec![0; 100_000], vec![0xa5; 100_000], early.clone()] {
        let disk = disk.fork();
        disk.open("index", Open::Empty).unwrap().write_at(0, &[&bytes]).unwrap();
        let store = open(&disk).unwrap();
        // An early one may serve as far as it goes, unless it knows segments that are gone.
        assert!(is_rebuilt(&store) || bytes == early);
        assert_eq!(world::dump(&store), before);
    }
}

/// Where fragment `n` of contract 1 has its payload: the segment's name and the offset.
fn payload_of(disk: &FaultyDisk, n: u32) -> (String, u64) {
    let payload = put(1, n, 5000).payload;
    disk.files()
        .into_iter()
        .filter(|(name, _)| name.starts_with("segment"))
        .find_map(|(name, bytes)| {
            let at = bytes.windows(payload.len()).position(|window| window == payload)?;
            Some((name, at as u64))
        })
        .unwrap()
}

#[test]
fn rot_in_a_payload_is_found_marked_and_healed_by_putting_again() {
    let (disk, mut store) = filled(20);
    let (name, at) = payload_of(&disk, 4);
    assert!(disk.rot(&name, at + 2500, 4));
    let rotten = put(1, 4, 5000);
    let fragment = (rotten.block, rotten.index);
    let reader = store.reader();
    assert_eq!(reader.verify(contract(1), rotten.block, rotten.index), Ok(Verdict::Damaged));
    let mut page = reader.scrub(contract(1), None, 30_000).unwrap();
    let mut damaged = page.damaged.clone();
    while let Some(after) = page.next {
        page = reader.scrub(contract(1), Some(after), 30_000).unwrap();
        damaged.extend(&page.damaged);
    }
    assert_eq!(damaged, [fragment]);
    store.mark_damaged(contract(1), fragment).unwrap();
    assert_eq!(reader.has(contract(1), rotten.block, rotten.index), Ok(false));
    let totals = reader.contract(contract(1)).unwrap().totals;
    let outcomes = store.commit(std::slice::from_ref(&rotten), &sign, Date(5));
    assert!(matches!(outcomes[..], [Outcome::Stored { .. }]), "{outcomes:?}");
    assert_eq!(reader.read(contract(1), fragment, 0..5000), Ok(rotten.payload));
    assert_eq!(reader.contract(contract(1)).unwrap().totals, totals);
}

#[test]
fn rot_in_a_header_is_named_and_costs_that_record_alone() {
    let (disk, store) = filled(20);
    let total = store.reader().contract(contract(1)).unwrap().totals.fragments;
    drop(store);
    let (name, at) = payload_of(&disk, 4);
    let header_at = at - 40 - HEADER_BYTES as u64;
    assert_eq!(header_at % ALIGN_BYTES, 0);
    for byte in [0, 5, 8, 20, 40, 100, 200, 250] {
        let disk = disk.fork();
        assert!(disk.rot(&name, header_at + byte, 1));
        // With its index the store knows what it lacks.
        let store = open(&disk).unwrap();
        let rotten = put(1, 4, 5000);
        let read = store.reader().view(contract(1), rotten.block, rotten.index);
        assert_eq!(read, Err(ReadError::Damaged));
        drop(store);
        // Without, it finds all the others, and says where something is missing.
        disk.remove("index").unwrap();
        let store = open(&disk).unwrap();
        let recovery = store.recovery();
        assert_eq!(recovery.damaged_count, 1, "{recovery:?}");
        let place = recovery.damaged[0];
        assert_eq!((place.offset, place.bytes), (header_at, 2 * ALIGN_BYTES));
        assert_eq!(store.reader().contract(contract(1)).unwrap().totals.fragments, total - 1);
    }
}

#[test]
fn a_chain_with_a_lost_receipt_is_continued_and_not_forked() {
    let (disk, store) = filled(9);
    let last = store.reader().receipt(contract(1), 9).unwrap();
    drop(store);
    let needle = base::encode(&last);
    let (name, at) = disk
        .files()
        .into_iter()
        .filter(|(name, _)| name.starts_with("segment"))
        .find_map(|(name, bytes)| {
            let at = bytes.windows(needle.len()).position(|window| window == needle)?;
            Some((name, at as u64))
        })
        .unwrap();
    // Something follows, so that the receipt was surely durable.
    let mut store = open(&disk).unwrap();
    store.commit(&[put(2, 50, 10)], &sign, Date(3));
    drop(store);
    disk.rot(&name, at + 20, 1);
    disk.remove("index").unwrap();
    let mut store = open(&disk).unwrap();
    assert_eq!(store.recovery().damaged_count, 1);
    let outcomes = store.commit(&[put(1, 60, 10)], &sign, Date(4));
    let [Outcome::Stored { receipt }] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!(receipt.body.sequence, 10);
}

#[test]
fn a_destroyed_header_of_a_segment_does_not_cost_the_segment() {
    let (disk, store) = filled(20);
    let before = world::dump(&store);
    drop(store);
    let first = disk.list().unwrap().into_iter().find(|name| name.starts_with("segment")).unwrap();
    let file = disk.open(&first, Open::Existing).unwrap();
    file.write_at(0, &[&[0xff; 4096]]).unwrap();
    disk.remove("index").unwrap();
    assert_eq!(world::dump(&open(&disk).unwrap()), before);
    // All of them: then nothing can be told from anything, and nothing is thrown away.
    for name in disk.list().unwrap().iter().filter(|name| name.starts_with("segment")) {
        disk.open(name, Open::Existing).unwrap().write_at(0, &[&[0xff; 4096]]).unwrap();
    }
    disk.remove("index").unwrap();
    let files = disk.list().unwrap().len();
    assert_eq!(open(&disk).unwrap_err(), OpenStoreError::KeyLost);
    assert_eq!(
        disk.list().unwrap().iter().filter(|name| name.starts_with("seg")).count() + 1,
        files
    );
}

#[test]
fn a_customer_cannot_plant_a_record() {
    // A payload that looks like the records of the store itself, under every key but the right one.
    let (disk, mut store) = filled(3);
    let own = disk.files()["segment-00000001"].clone();
    let record = own[4096..4096 * 9].to_vec();
    let mut planted = put(1, 100, 0);
    planted.masked_root = crate::record::plain_hash(&record);
    planted.payload = record;
    let outcomes = store.commit(std::slice::from_ref(&planted), &sign, Date(3));
    assert!(matches!(outcomes[..], [Outcome::Stored { .. }]), "{outcomes:?}");
    store.commit(&[put(2, 100, 10)], &sign, Date(4));
    let before = store.contracts();
    drop(store);
    // The header before the payload rots, so recovery searches through the payload.
    let (name, at) = disk
        .files()
        .into_iter()
        .find_map(|(name, bytes)| {
            let found =
                bytes.windows(5000).rposition(|window| window == &planted.payload[..5000])?;
            let found = found as u64;
            (!found.is_multiple_of(ALIGN_BYTES)).then_some((name, found))
        })
        .unwrap();
    assert!(disk.rot(&name, at / ALIGN_BYTES * ALIGN_BYTES + 30, 1));
    disk.remove("index").unwrap();
    let store = open(&disk).unwrap();
    assert_eq!(store.recovery().damaged_count, 1);
    let after = store.contracts();
    for (before, after) in before.iter().zip(&after) {
        let lost = u64::from(before.contract == contract(1));
        assert_eq!(after.totals.fragments, before.totals.fragments - lost);
        assert_eq!(after.chain, before.chain);
    }
}

#[test]
fn a_misplaced_write_is_not_believed() {
    for by in [1, 3, 8, 16] {
        let disk = FaultyDisk::new(1);
        let mut store = open(&disk).unwrap();
        store.open_contract(&opening(1, 1 << 20), Date(1)).unwrap();
        store.commit(&[put(1, 0, 5000)], &sign, Date(2));
        disk.fail_at(disk.operations() + 1, Fault::Misdirected(by));
        let lost = put(1, 1, 5000);
        store.commit(std::slice::from_ref(&lost), &sign, Date(2));
        store.commit(&[put(1, 2, 5000)], &sign, Date(2));
        let verdict = store.reader().verify(contract(1), lost.block, lost.index);
        assert_eq!(verdict, Ok(Verdict::Damaged), "by {by}");
        let store = open(&disk.crash(1)).unwrap();
        let verdict = store.reader().verify(contract(1), lost.block, lost.index);
        assert!(matches!(verdict, Ok(Verdict::Damaged) | Err(ReadError::NotFound)), "{verdict:?}");
    }
}

#[test]
fn any_rot_in_segments_neither_panics_nor_invents() {
    let (disk, store) = filled(12);
    let known: Vec<_> = store.contracts();
    drop(store);
    for seed in 0..300 {
        let disk = disk.fork();
        for n in 0..=seed % 4 {
            disk.rot_somewhere("segment", seed * 10 + n);
        }
        disk.remove("index").unwrap();
        let store = match FragmentStore::open(Arc::new(disk), settings()) {
            Ok(store) => store,
            Err(error) => panic!("seed {seed}: {error}"),
        };
        for view in store.contracts() {
            let before = known.iter().find(|before| before.contract == view.contract).unwrap();
            assert!(view.totals.fragments <= before.totals.fragments);
            assert!(view.chain.sequence <= before.chain.sequence);
            for line in store.reader().list(view.contract, None, 1000).unwrap() {
                let name = (line.block, line.index);
                if store.reader().verify(view.contract, name.0, name.1) == Ok(Verdict::Sound) {
                    let bytes = store.reader().read(view.contract, name, 0..5000).unwrap();
                    let view = store.reader().view(view.contract, name.0, name.1).unwrap();
                    assert_eq!(crate::record::plain_hash(&bytes), view.masked_root);
                }
            }
        }
    }
}
