//! The power goes after every single operation of a life of the store, with torn writes, and goes
//! again while the store recovers.

use base::{Date, Signature};

use super::super::*;
use super::world::{Promised, check, contract, open, opening, owner, put, sign};
use crate::faulty::FaultyDisk;
use crate::receipt::ReceiptBody;

/// A life of a store on a disk that keeps its history: what had been promised, by when.
struct Life {
    disk: FaultyDisk,
    /// Promises as they were after so many changes, with the date of the step that ended there.
    promises: Vec<(usize, Date, Promised)>,
    /// Segments that compaction removed.
    compacted: usize,
}

impl Life {
    fn promised_at(&self, moment: usize) -> (Date, Promised) {
        let known = self.promises.iter().rev().find(|(at, ..)| *at <= moment);
        known.map_or((Date(0), Promised::default()), |(_, date, known)| (*date, known.clone()))
    }
}

fn terms(opening: &Opening, is_closed: bool) -> crate::Terms {
    let Opening { quota_bytes, until, .. } = *opening;
    crate::Terms { quota_bytes, until, is_closed }
}

/// Steps are dated 1, 2, 3 …; terms end at their own date, so that a later one can be told.
fn live(disk: &FaultyDisk, steps: u64) -> Life {
    disk.keep_history();
    let mut store = open(disk).unwrap();
    let mut promised = Promised::default();
    let (mut promises, mut compacted) = (Vec::new(), 0);
    for step in 1..=steps {
        let now = Date(step);
        match step % 12 {
            1 => {
                let number = (step / 12 % 3) as u8 + 1;
                let opening = Opening { until: now, ..opening(number, 1 << 20) };
                store.open_contract(&opening, now).unwrap();
                promised.terms.insert(contract(number), terms(&opening, false));
            }
            2 | 4 | 5 | 8 | 9 => {
                let fragment = |n: u64| (step * 4 + n) as u32;
                let puts: Vec<Put> = (0..1 + step % 5)
                    .flat_map(|n| (1..=3).map(move |number| (n, number)))
                    .filter(|(n, number)| (n + u64::from(*number) + step).is_multiple_of(2))
                    .map(|(n, number)| {
                        put(number, fragment(n), (step * 1000 % 13_000) as usize + 1)
                    })
                    .collect();
                let outcomes = store.commit(&puts, &sign, now);
                promised.receipts.extend(outcomes.into_iter().filter_map(
                    |outcome| match outcome {
                        Outcome::Stored { receipt } => Some(receipt),
                        Outcome::Present { .. } | Outcome::Refused(_) => None,
                    },
                ));
            }
            3 | 6 => {
                let list = store.reader().list(contract(1), None, 6).unwrap();
                let names: Vec<_> =
                    list.iter().step_by(2).map(|line| (line.block, line.index)).collect();
                let deleted = store.delete(contract(1), &names, &sign, now).unwrap();
                promised.receipts.extend(deleted.receipt);
            }
            7 => {
                let record = OwnerRecord { sequence: step, bytes: vec![step as u8; 700] };
                store.put_owner_record(owner(1), 1, &record, now).unwrap();
                promised.owner_records.insert((owner(1), 1), record);
            }
            10 => {
                let chain = store.reader().contract(contract(1)).unwrap().chain;
                if chain.sequence > chain.agreed {
                    store.agree(contract(1), chain.sequence, Signature([1; 64]), now).unwrap();
                    promised.agreed.insert(contract(1), chain.sequence);
                }
            }
            11 => compacted += usize::from(store.compact(25).unwrap().is_some()),
            _ => {
                drop(store);
                store = open(disk).unwrap();
            }
        }
        promises.push((disk.moments() - 1, now, promised.clone()));
    }
    Life { disk: disk.clone(), promises, compacted }
}

/// Crashes at a moment and checks; then crashes within that recovery and checks again.
fn crash_twice(life: &Life, moment: usize, seed: u64) -> Result<(), String> {
    let (until, promised) = life.promised_at(moment);
    let crashed = life.disk.moment(moment).unwrap().crash(seed);
    let during = crashed.fork();
    during.keep_history();
    let mut store = open(&crashed).map_err(|error| format!("open: {error:?}"))?;
    check(&mut store, &promised, until)?;
    drop(store);
    drop(open(&during).map_err(|error| format!("open: {error:?}"))?);
    let again = (seed as usize * 7 + moment) % during.moments();
    let crashed = during.moment(again).unwrap().crash(seed + 1);
    let mut store = open(&crashed).map_err(|error| format!("second open: {error:?}"))?;
    check(&mut store, &promised, until).map_err(|what| format!("second crash at {again}: {what}"))
}

fn crash_everywhere(steps: u64, seeds: std::ops::Range<u64>) -> (usize, Vec<String>) {
    let life = live(&FaultyDisk::new(0), steps);
    assert!(life.compacted > 0);
    let (mut states, mut broken) = (0, Vec::new());
    for seed in seeds {
        for moment in 0..life.disk.moments() {
            states += 2;
            if let Err(what) = crash_twice(&life, moment, seed) {
                broken.push(format!("moment {moment} seed {seed}: {what}"));
            }
        }
    }
    (states, broken)
}

#[test]
fn no_crash_breaks_a_receipt() {
    let (states, broken) = crash_everywhere(36, 0..8);
    println!("{states} crash states");
    assert_eq!(broken.first(), None, "{} of {states}", broken.len());
    assert!(states >= 5000, "{states}");
}

#[test]
fn control_a_disk_that_ignores_syncs_breaks_receipts() {
    let disk = FaultyDisk::new(0);
    disk.ignore_syncs();
    let life = live(&disk, 24);
    let moments = life.disk.moments();
    let crash = |moment: usize| crash_twice(&life, moment, 3).is_err();
    let broken = (moments / 2..moments).step_by(5).filter(|moment| crash(*moment)).count();
    assert!(broken > 10, "{broken}");
}

#[test]
fn a_seed_repeats_to_the_byte() {
    let runs: Vec<_> = (0..2)
        .map(|_| {
            let life = live(&FaultyDisk::new(5), 30);
            let crashed = life.disk.crash(9);
            drop(open(&crashed).unwrap());
            (life.disk.trace(), crashed.trace(), crashed.digest())
        })
        .collect();
    assert_eq!(runs[0], runs[1]);
    // And another life leaves another trace.
    assert_ne!(live(&FaultyDisk::new(5), 29).disk.trace(), runs[0].0);
}

#[test]
fn a_killed_program_loses_nothing() {
    let life = live(&FaultyDisk::new(0), 36);
    for moment in (0..life.disk.moments()).step_by(3) {
        let (until, promised) = life.promised_at(moment);
        let mut store = open(&life.disk.moment(moment).unwrap().restart()).unwrap();
        check(&mut store, &promised, until).unwrap();
    }
}

#[test]
fn a_receipt_that_was_not_signed_in_time_is_never_given() {
    // The batch of one commit is torn at every sector: the fragments alone are not kept.
    let disk = FaultyDisk::new(0);
    let mut store = open(&disk).unwrap();
    store.open_contract(&opening(1, 1 << 20), Date(1)).unwrap();
    disk.keep_history();
    let before = disk.moments();
    let signed = std::cell::Cell::new(0);
    let counting = |body: &ReceiptBody| {
        signed.set(signed.get() + 1);
        sign(body)
    };
    store.commit(&[put(1, 1, 9000), put(1, 2, 9000)], &counting, Date(2));
    assert_eq!(signed.get(), 1);
    let mut found = std::collections::BTreeSet::new();
    for moment in before..disk.moments() {
        for seed in 0..60 {
            let crashed = disk.moment(moment).unwrap().crash(seed);
            let store = open(&crashed).unwrap();
            let view = store.reader().contract(contract(1)).unwrap();
            found.insert((view.totals.fragments, view.chain.sequence));
        }
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [(0, 0), (2, 1)]);
}
