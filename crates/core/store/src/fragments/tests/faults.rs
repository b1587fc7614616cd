//! Every single operation of a life of the store fails once: no space, an error, a failed sync.

use std::sync::Arc;

use base::Date;

use super::super::*;
use super::world::{self, Promised, check, contract, open, opening, owner, put, settings, sign};
use crate::faulty::{Fault, FaultyDisk, Rates};

/// A life that goes on over errors, and opens the store again when it is poisoned.
fn live(disk: &FaultyDisk) -> (Promised, Date) {
    let mut promised = Promised::default();
    let mut store: Option<FragmentStore> = None;
    let mut last = Date(0);
    for step in 1..=14_u64 {
        if store.as_ref().is_none_or(FragmentStore::is_poisoned) {
            drop(store.take());
            store = open(disk).ok();
        }
        let Some(store) = &mut store else { continue };
        last = Date(step);
        one_step(store, step, &mut promised);
    }
    (promised, last)
}

fn one_step(store: &mut FragmentStore, step: u64, promised: &mut Promised) {
    let now = Date(step);
    match step % 7 {
        1 | 2 => {
            let number = (step % 7) as u8;
            let opening = Opening { until: now, ..opening(number, 1 << 20) };
            if store.open_contract(&opening, now).is_ok() {
                let Opening { quota_bytes, until, .. } = opening;
                let terms = crate::Terms { quota_bytes, until, is_closed: false };
                promised.terms.insert(contract(number), terms);
            }
        }
        3 | 4 | 6 => {
            let puts: Vec<Put> = (0..4)
                .map(|n| put(1 + (n % 2) as u8, (step * 4) as u32 + n, 3000 * n as usize + 1))
                .collect();
            for outcome in store.commit(&puts, &sign, now) {
                if let Outcome::Stored { receipt } = outcome {
                    promised.receipts.push(receipt);
                }
            }
        }
        5 => {
            let Ok(list) = store.reader().list(contract(1), None, 2) else { return };
            let names: Vec<_> = list.iter().map(|line| (line.block, line.index)).collect();
            if let Ok(deleted) = store.delete(contract(1), &names, &sign, now) {
                promised.receipts.extend(deleted.receipt);
            }
        }
        _ => {
            let record = OwnerRecord { sequence: step, bytes: vec![step as u8; 300] };
            if store.put_owner_record(owner(1), 1, &record, now).is_ok() {
                promised.owner_records.insert((owner(1), 1), record);
            }
            let _ = store.flush();
        }
    }
}

/// What was answered holds: in the store as it is, after a restart, and after a power cut.
fn survives(disk: &FaultyDisk, promised: &Promised, seed: u64) -> Result<(), String> {
    // What failed may be there all the same; it was only never promised.
    let anything_later = Date(0);
    let killed = disk.fork();
    for after in [killed.restart(), disk.crash(seed)] {
        let mut store = open(&after).map_err(|error| format!("open: {error:?}"))?;
        check(&mut store, promised, anything_later)?;
    }
    Ok(())
}

fn fail_each_operation(fault: Fault) -> usize {
    let clean = FaultyDisk::new(1);
    live(&clean);
    let operations = clean.operations();
    for operation in 1..=operations {
        let disk = FaultyDisk::new(1);
        disk.fail_at(operation, fault);
        let (promised, _) = live(&disk);
        if let Err(what) = survives(&disk, &promised, operation) {
            panic!("{fault:?} at operation {operation}: {what}");
        }
    }
    operations as usize
}

#[test]
fn an_error_at_any_operation_breaks_no_receipt() {
    assert!(fail_each_operation(Fault::Error) > 150);
}

#[test]
fn no_space_at_any_operation_breaks_no_receipt() {
    assert!(fail_each_operation(Fault::NoSpace) > 150);
}

#[test]
fn many_faults_by_chance_break_no_receipt() {
    for seed in 0..60 {
        let disk = FaultyDisk::new(seed);
        let errors =
            Rates { read_error_ppm: 20_000, write_error_ppm: 20_000, sync_error_ppm: 30_000 };
        disk.set_rates(errors);
        let (promised, _) = live(&disk);
        disk.set_rates(Rates::default());
        survives(&disk, &promised, seed).unwrap_or_else(|what| panic!("seed {seed}: {what}"));
    }
}

#[test]
fn a_failed_sync_stops_receipts_until_the_store_is_opened_again() {
    let disk = FaultyDisk::new(1);
    let mut store = open(&disk).unwrap();
    store.open_contract(&opening(1, 1 << 20), Date(1)).unwrap();
    disk.set_rates(Rates { sync_error_ppm: 1_000_000, ..Rates::default() });
    let failed = store.commit(&[put(1, 1, 100)], &sign, Date(2));
    assert!(matches!(failed[..], [Outcome::Refused(Refusal::Store(_))]), "{failed:?}");
    disk.set_rates(Rates::default());
    assert!(store.is_poisoned());
    let poisoned = [Outcome::Refused(Refusal::Store(StoreError::Poisoned))];
    assert_eq!(store.commit(&[put(1, 2, 100)], &sign, Date(3)), poisoned);
    let record = OwnerRecord { sequence: 1, bytes: vec![] };
    let refused = store.put_owner_record(owner(1), 1, &record, Date(3));
    assert_eq!(refused, Err(OwnerRecordError::Store(StoreError::Poisoned)));
    let delete = store.delete(contract(1), &[], &sign, Date(3));
    assert_eq!(delete, Err(DeleteError::Store(StoreError::Poisoned)));
    drop(store);
    let mut store = open(&disk).unwrap();
    let outcomes = store.commit(&[put(1, 2, 100)], &sign, Date(4));
    assert!(matches!(outcomes[..], [Outcome::Stored { .. }]));
    // What recovery took over from the failed batch is durable now, whatever the cache said.
    let before = world::dump(&store);
    let after = open(&disk.crash(1)).unwrap();
    assert_eq!(world::dump(&after), before);
}

#[test]
fn a_full_disk_refuses_puts_but_not_deletes_and_heals() {
    let disk = FaultyDisk::new(1);
    disk.set_capacity(Some(2_000_000));
    let mut store = open(&disk).unwrap();
    store.open_contract(&opening(1, 1 << 30), Date(1)).unwrap();
    let mut names = Vec::new();
    let full = (0..).find_map(|n| {
        let put = put(1, n, 12_000);
        let name = (put.block, put.index);
        match store.commit(&[put], &sign, Date(2)).remove(0) {
            Outcome::Stored { .. } => {
                names.push(name);
                None
            }
            other => Some(other),
        }
    });
    assert_eq!(full, Some(Outcome::Refused(Refusal::Store(StoreError::NoSpace))));
    assert!(names.len() > 10, "{}", names.len());
    let read = store.reader().read(contract(1), names[0], 0..12_000);
    assert_eq!(read.unwrap().len(), 12_000);
    for some in names[1..].chunks(names.len() / 3) {
        let deleted = store.delete(contract(1), some, &sign, Date(3)).unwrap();
        assert_eq!(deleted.receipt.unwrap().body.entries.len(), some.len());
    }
    // Space comes back by compaction, and with it everything else.
    while store.compact(50).unwrap().is_some() {}
    let outcomes = store.commit(&[put(1, 5000, 12_000)], &sign, Date(4));
    assert!(matches!(outcomes[..], [Outcome::Stored { .. }]), "{outcomes:?}");
    let before = world::dump(&store);
    assert_eq!(world::dump(&open(&disk.crash(4)).unwrap()), before);
}

#[test]
fn the_floor_is_kept() {
    let disk = FaultyDisk::new(1);
    disk.set_capacity(Some(3_000_000));
    let floor = 1_000_000;
    let settings = Settings { disk_floor_bytes: floor, ..settings() };
    let mut store = FragmentStore::open(Arc::new(disk.clone()), settings).unwrap();
    store.open_contract(&opening(1, 1 << 30), Date(1)).unwrap();
    let full =
        (0..).find_map(|n| match store.commit(&[put(1, n, 9000)], &sign, Date(2)).remove(0) {
            Outcome::Stored { .. } => None,
            other => Some((n, other)),
        });
    let (count, outcome) = full.unwrap();
    assert!(count > 10, "{count}");
    assert!(matches!(outcome, Outcome::Refused(Refusal::DiskFloor { .. })), "{outcome:?}");
    let free = disk.free_space().unwrap();
    assert!((floor..floor + 100_000).contains(&free), "{free}");
}
