//! The database keeps what it acknowledged, on a disk that fails in every way.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::disk::DiskError;
use crate::faulty::{Fault, FaultyDisk, Rates};

const FIRST: Table = Table("first");
const SECOND: Table = Table("second");

type Model = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

fn open(disk: &FaultyDisk) -> Result<Database, OpenError> {
    let settings = DatabaseSettings { schema: 1, cache_bytes: 64 * 1024 };
    Database::open(Arc::new(disk.clone()), "data", settings)
}

fn put(table: Table, key: impl AsRef<[u8]>, value: impl Into<Vec<u8>>) -> Write {
    Write { table, key: key.as_ref().to_vec(), value: Some(value.into()) }
}

fn apply(model: &mut Model, writes: &[Write]) {
    for Write { table, key, value } in writes {
        match value {
            Some(value) => model.insert((*table, key.clone()), value.clone()),
            None => model.remove(&(*table, key.clone())),
        };
    }
}

fn contents(database: &Database) -> Result<Model, DatabaseError> {
    let mut model = Model::new();
    for table in [FIRST, SECOND] {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let low = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let page = database.scan(table, low, 7)?;
            after = page.rows.last().map(|(key, _)| key.clone());
            model.extend(page.rows.into_iter().map(|(key, value)| ((table, key), value)));
            if !page.has_more {
                break;
            }
        }
    }
    Ok(model)
}

/// Batch `number` of a life: some new rows, some changed, some deleted, in two tables.
fn batch(number: u32) -> Vec<Write> {
    let key = |n: u32| (n * 7919 % 60).to_be_bytes();
    let value = |n: u32| vec![n as u8; (n * 37 % 600) as usize];
    let mut writes: Vec<Write> =
        (0..6).map(|n| put(FIRST, key(number * 6 + n), value(number * 6 + n))).collect();
    writes.push(put(SECOND, key(number), number.to_le_bytes()));
    writes.push(Write { table: FIRST, key: key(number * 5).to_vec(), value: None });
    writes
}

#[test]
fn rows_are_kept_and_come_in_pages() {
    let disk = FaultyDisk::new(1);
    let database = open(&disk).unwrap();
    let writes: Vec<Write> = (0..2500_u32).map(|n| put(FIRST, n.to_be_bytes(), "x")).collect();
    database.write(&writes).unwrap();
    database.write(&[put(SECOND, "", ""), put(SECOND, "", "later")]).unwrap();
    drop(database);
    let database = open(&disk).unwrap();
    assert_eq!(database.count(FIRST), Ok(2500));
    assert_eq!(database.count(Table("unknown")), Ok(0));
    assert_eq!(database.get(Table("unknown"), b"x"), Ok(None));
    assert_eq!(database.get(SECOND, b""), Ok(Some(b"later".to_vec())));
    let page = database.scan(FIRST, Bound::Unbounded, usize::MAX).unwrap();
    assert_eq!((page.rows.len(), page.has_more), (PAGE_ROWS_MAX, true));
    let page = database.scan(FIRST, Bound::Excluded(&2490_u32.to_be_bytes()), 100).unwrap();
    assert_eq!((page.rows.len(), page.has_more), (9, false));
    database.check().unwrap();
    assert_eq!(database.count(FIRST), Ok(2500));
}

#[test]
fn limits_hold() {
    let database = open(&FaultyDisk::new(1)).unwrap();
    let long = put(FIRST, vec![0; KEY_BYTES_MAX + 1], "");
    let refused = DatabaseError::TooLong { key: KEY_BYTES_MAX + 1, value: 0 };
    assert_eq!(database.write(&[put(FIRST, "a", "b"), long]), Err(refused));
    assert_eq!(database.get(FIRST, b"a"), Ok(None));
    database.write(&[put(FIRST, vec![0; KEY_BYTES_MAX], vec![1; 1 << 20])]).unwrap();
}

#[test]
fn there_is_only_one_at_a_time() {
    let disk = FaultyDisk::new(1);
    let database = open(&disk).unwrap();
    let busy = DatabaseError::Disk(DiskError::Busy { name: "data".into() });
    assert_eq!(open(&disk).unwrap_err(), OpenError::Database(busy));
    database.write(&batch(1)).unwrap();
    drop(database);
    assert!(open(&disk).is_ok());
}

#[test]
fn another_schema_is_told_and_left_alone() {
    let disk = FaultyDisk::new(1);
    drop(open(&disk).unwrap());
    let settings = DatabaseSettings { schema: 2, cache_bytes: 1 << 20 };
    let opened = Database::open(Arc::new(disk.clone()), "data", settings);
    let told = OpenError::Database(DatabaseError::Schema { found: 1, known: 2 });
    assert_eq!(opened.unwrap_err(), told);
    assert!(open(&disk).is_ok());
}

/// Runs batches on a disk that keeps its history; which batches were acknowledged by when.
fn live(disk: &FaultyDisk, batches: u32) -> Vec<(usize, u32)> {
    disk.keep_history();
    let mut acknowledged = Vec::new();
    let mut database = open(disk).unwrap();
    for number in 0..batches {
        if number % 7 == 6 {
            drop(database);
            database = open(disk).unwrap();
        }
        database.write(&batch(number)).unwrap();
        acknowledged.push((disk.moments() - 1, number + 1));
    }
    acknowledged
}

/// Everything acknowledged is there, and of the batch on its way all or nothing.
fn check(disk: &FaultyDisk, acknowledged: u32) -> Result<(), String> {
    let database = open(disk).map_err(|error| format!("open: {error:?}"))?;
    let found = contents(&database).map_err(|error| format!("read: {error:?}"))?;
    let mut model = Model::new();
    (0..acknowledged).for_each(|number| apply(&mut model, &batch(number)));
    let is_right = found == model || {
        apply(&mut model, &batch(acknowledged));
        found == model
    };
    if !is_right {
        return Err(format!("{} rows, not {}", found.len(), model.len()));
    }
    let next = [put(SECOND, "next", "row")];
    database.write(&next).map_err(|error| format!("write: {error:?}"))
}

fn crash_everywhere(disk: &FaultyDisk, seeds: u64) -> (usize, Vec<String>) {
    let acknowledged = live(disk, 16);
    let (mut states, mut broken) = (0, Vec::new());
    for moment in 0..disk.moments() {
        let known =
            acknowledged.iter().rev().find(|(at, _)| *at <= moment).map_or(0, |known| known.1);
        for seed in 0..seeds {
            let crashed = disk.moment(moment).unwrap().crash(seed);
            let during = crashed.fork();
            during.keep_history();
            let first = check(&crashed, known);
            let second = match open(&during) {
                Ok(database) => {
                    drop(database);
                    let again = (moment + 3 * seed as usize) % during.moments();
                    check(&during.moment(again).unwrap().crash(seed + 1), known)
                }
                Err(error) => Err(format!("open: {error:?}")),
            };
            states += 2;
            for what in [first, second].into_iter().filter_map(Result::err) {
                broken.push(format!("moment {moment} seed {seed}: {what}"));
            }
        }
    }
    (states, broken)
}

#[test]
fn no_crash_loses_what_was_acknowledged() {
    let (states, broken) = crash_everywhere(&FaultyDisk::new(0), 5);
    println!("{states} crash states");
    assert_eq!(broken.first(), None, "{} of {states}", broken.len());
    assert!(states >= 1500, "{states}");
}

#[test]
fn control_a_disk_that_ignores_syncs_loses_rows() {
    let disk = FaultyDisk::new(0);
    disk.ignore_syncs();
    let (states, broken) = crash_everywhere(&disk, 1);
    assert!(broken.len() > states / 10, "{} of {states}", broken.len());
}

#[test]
fn a_seed_repeats_to_the_byte() {
    let run = || {
        let disk = FaultyDisk::new(3);
        live(&disk, 20);
        (disk.trace(), disk.crash(4).digest())
    };
    assert_eq!(run(), run());
}

/// A life that goes on over errors and opens a poisoned database again: what must be there at the
/// end, and what may be there instead.
fn live_on(disk: &FaultyDisk) -> (Vec<Model>, Model) {
    let mut database: Option<Database> = None;
    let (mut possible, mut model) = (Vec::new(), Model::new());
    for number in 0..10 {
        if database.is_none() {
            database = open(disk).ok();
        }
        let Some(current) = &database else { continue };
        let mut next = model.clone();
        apply(&mut next, &batch(number));
        let written = current.write(&batch(number));
        if written.is_ok() {
            (model, possible) = (next, Vec::new());
            continue;
        }
        // It may have happened all the same; what is read now must stay.
        possible.push(next);
        if written == Err(DatabaseError::Poisoned) {
            drop(database.take());
            database = open(disk).ok();
        }
        if let Some(found) = database.as_ref().and_then(|current| contents(current).ok()) {
            assert!(found == model || possible.contains(&found));
            (model, possible) = (found, Vec::new());
        }
    }
    (possible, model)
}

#[test]
fn a_fault_at_any_operation_loses_nothing() {
    let clean = FaultyDisk::new(1);
    live_on(&clean);
    let operations = clean.operations();
    assert!(operations > 150, "{operations}");
    for fault in [Fault::Error, Fault::NoSpace] {
        for operation in 1..=operations {
            let disk = FaultyDisk::new(1);
            disk.fail_at(operation, fault);
            let (possible, model) = live_on(&disk);
            for seed in 0..3 {
                let database = open(&disk.fork().crash(seed)).unwrap();
                let found = contents(&database).unwrap();
                assert!(
                    found == model || possible.contains(&found),
                    "{fault:?} at {operation}, seed {seed}"
                );
            }
        }
    }
}

#[test]
fn a_failed_sync_poisons_until_it_is_opened_again() {
    let disk = FaultyDisk::new(1);
    let database = open(&disk).unwrap();
    disk.set_rates(Rates { sync_error_ppm: 1_000_000, ..Rates::default() });
    assert_eq!(database.write(&batch(1)), Err(DatabaseError::Poisoned));
    disk.set_rates(Rates::default());
    assert_eq!(database.write(&batch(1)), Err(DatabaseError::Poisoned));
    assert_eq!(database.get(FIRST, b"x"), Err(DatabaseError::Poisoned));
    drop(database);
    let database = open(&disk).unwrap();
    database.write(&batch(2)).unwrap();
}

#[test]
fn a_full_disk_is_told_and_heals() {
    let disk = FaultyDisk::new(1);
    let database = open(&disk).unwrap();
    database.write(&batch(0)).unwrap();
    disk.set_capacity(Some(disk.used_bytes()));
    let before = contents(&database).unwrap();
    let long: Vec<Write> =
        (0..400_u32).map(|n| put(FIRST, n.to_be_bytes(), vec![1; 5000])).collect();
    assert_eq!(database.write(&long), Err(DatabaseError::NoSpace));
    assert_eq!(contents(&database).unwrap(), before);
    drop(database);
    let database = open(&disk).unwrap();
    assert_eq!(contents(&database).unwrap(), before);
    disk.set_capacity(None);
    database.write(&long).unwrap();
    assert_eq!(database.count(FIRST).unwrap(), 400);
}

#[test]
fn a_device_that_fails_for_a_moment_is_told_and_heals() {
    let disk = FaultyDisk::new(1);
    let database = open(&disk).unwrap();
    database.write(&batch(0)).unwrap();
    let before = contents(&database).unwrap();
    disk.set_rates(Rates { write_error_ppm: 1_000_000, ..Rates::default() });
    let failed = database.write(&batch(1));
    assert!(matches!(failed, Err(DatabaseError::Disk(DiskError::Io { .. }))), "{failed:?}");
    disk.set_rates(Rates::default());
    assert_eq!(contents(&database).unwrap(), before);
    database.write(&batch(1)).unwrap();
}

#[test]
fn a_damaged_file_is_set_aside_and_never_panics_or_lies() {
    let disk = FaultyDisk::new(1);
    let database = open(&disk).unwrap();
    (0..40).for_each(|number| database.write(&batch(number)).unwrap());
    let before = contents(&database).unwrap();
    drop(database);
    let (mut refused, mut noticed) = (0, 0);
    for seed in 0..250 {
        let disk = disk.fork();
        disk.rot_somewhere("data", seed).unwrap();
        match open(&disk) {
            Ok(database) => match contents(&database) {
                Ok(found) => assert_eq!(found, before, "seed {seed}"),
                Err(error) => {
                    assert!(matches!(error, DatabaseError::Damaged { .. }), "{error:?}");
                    assert_eq!(contents(&database), Err(error));
                    noticed += 1;
                }
            },
            Err(OpenError::Damaged { set_aside, .. }) => {
                assert_eq!(set_aside, "data.damaged-1");
                assert_eq!(disk.list().unwrap(), [set_aside]);
                assert!(open(&disk).is_ok());
                refused += 1;
            }
            Err(error) => panic!("seed {seed}: {error:?}"),
        }
    }
    assert!(refused > 0 && noticed > 3, "{refused}, {noticed}");
}

#[test]
fn rubbish_is_set_aside() {
    for (number, bytes) in
        [vec![], vec![0; 10], vec![0; 9000], vec![0xee; 90_000]].iter().enumerate()
    {
        let disk = FaultyDisk::new(1);
        disk.open("data", Open::Empty).unwrap().write_at(0, &[bytes]).unwrap();
        disk.open("data.damaged-1", Open::Empty).unwrap();
        let opened = open(&disk);
        let Err(OpenError::Damaged { set_aside, .. }) = opened else {
            panic!("case {number}: {opened:?}")
        };
        assert_eq!(set_aside, "data.damaged-2");
        assert!(open(&disk).is_ok());
    }
}

#[test]
fn check_finds_what_reading_does_not_meet() {
    let disk = FaultyDisk::new(1);
    let database = open(&disk).unwrap();
    (0..40).for_each(|number| database.write(&batch(number)).unwrap());
    drop(database);
    let mut found = 0;
    for seed in 0..60 {
        let disk = disk.fork();
        disk.rot_somewhere("data", seed).unwrap();
        if let Ok(database) = open(&disk) {
            found += usize::from(database.check().is_err());
        }
    }
    assert!(found > 2, "{found}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn it_is_a_map_that_survives(
        lives in proptest::collection::vec(
            (proptest::collection::vec((0_u8..2, 0_u8..40, 0_usize..300, any::<bool>()), 1..12), any::<u64>()),
            1..8,
        )
    ) {
        let mut disk = FaultyDisk::new(1);
        let mut model = Model::new();
        for (changes, seed) in lives {
            let database = open(&disk).unwrap();
            let write = |(table, key, bytes, is_put): (u8, u8, usize, bool)| Write {
                table: [FIRST, SECOND][usize::from(table)],
                key: vec![key],
                value: is_put.then(|| vec![key; bytes]),
            };
            let writes: Vec<Write> = changes.into_iter().map(write).collect();
            database.write(&writes).unwrap();
            apply(&mut model, &writes);
            prop_assert_eq!(&contents(&database).unwrap(), &model);
            disk = disk.crash(seed);
        }
        prop_assert_eq!(contents(&open(&disk).unwrap()).unwrap(), model);
    }
}
