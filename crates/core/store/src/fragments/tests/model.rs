//! The store against a map in memory, over random lives.

use std::collections::BTreeMap;

use base::{BlockId, Date};
use proptest::prelude::*;

use super::super::*;
use super::world::{contract, open, opening, owner, put, sign};
use crate::faulty::FaultyDisk;
use crate::receipt::charge;

const QUOTA: u64 = 60_000;

#[derive(Clone, Debug)]
enum Act {
    Put(Vec<(u8, u8, u16)>),
    Delete(u8, Vec<u8>),
    Close(u8),
    Open(u8),
    Record(u8, u8),
    Flush,
    Compact,
    Restart,
    Crash(u64),
    LoseIndex,
}

fn act() -> impl Strategy<Value = Act> {
    let fragment = (1_u8..4, 0_u8..24, 0_u16..9000);
    prop_oneof![
        8 => proptest::collection::vec(fragment, 1..6).prop_map(Act::Put),
        4 => (1_u8..4, proptest::collection::vec(0_u8..24, 0..8))
            .prop_map(|(contract, names)| Act::Delete(contract, names)),
        1 => (1_u8..4).prop_map(Act::Close),
        1 => (1_u8..4).prop_map(Act::Open),
        1 => (0_u8..3, any::<u8>()).prop_map(|(kind, sequence)| Act::Record(kind, sequence)),
        1 => Just(Act::Flush),
        2 => Just(Act::Compact),
        1 => Just(Act::Restart),
        1 => any::<u64>().prop_map(Act::Crash),
        1 => Just(Act::LoseIndex),
    ]
}

#[derive(Debug, Default)]
struct Model {
    fragments: BTreeMap<(u8, BlockId, u8), Vec<u8>>,
    is_closed: BTreeMap<u8, bool>,
    receipts: BTreeMap<u8, u64>,
    records: BTreeMap<u8, u64>,
}

impl Model {
    fn bytes(&self, contract: u8) -> u64 {
        let own = self.fragments.iter().filter(|((number, ..), _)| *number == contract);
        own.map(|(_, payload)| charge(payload.len() as u32)).sum()
    }

    /// What the store should answer to a put.
    fn put(&mut self, number: u8, put: &Put) -> &'static str {
        let key = (number, put.block, put.index);
        let is_closed = match self.is_closed.get(&number) {
            None => return "UnknownContract",
            Some(is_closed) => *is_closed,
        };
        if put.payload.is_empty() {
            return "Size";
        }
        match self.fragments.get(&key) {
            Some(payload) if *payload == put.payload => "Present",
            Some(_) => "Conflict",
            None if is_closed => "Closed",
            None if self.bytes(number) + charge(put.payload.len() as u32) > QUOTA => "Quota",
            None => {
                self.fragments.insert(key, put.payload.clone());
                "Stored"
            }
        }
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Stored { .. } => "Stored",
        Outcome::Present { receipt: Some(_) } => "Present",
        Outcome::Present { receipt: None } => "Present without a receipt",
        Outcome::Refused(Refusal::UnknownContract) => "UnknownContract",
        Outcome::Refused(Refusal::Closed) => "Closed",
        Outcome::Refused(Refusal::Size { .. }) => "Size",
        Outcome::Refused(Refusal::Conflict) => "Conflict",
        Outcome::Refused(Refusal::Quota { .. }) => "Quota",
        Outcome::Refused(_) => "another refusal",
    }
}

/// The disk as the next start finds it, if the act ends with a start.
fn next_disk(act: &Act, disk: &FaultyDisk) -> Option<FaultyDisk> {
    match act {
        Act::Restart => Some(disk.restart()),
        Act::Crash(seed) => Some(disk.crash(*seed)),
        Act::LoseIndex => {
            let next = disk.restart();
            let _ = crate::Disk::remove(&next, "index");
            Some(next)
        }
        _ => None,
    }
}

fn perform(act: &Act, store: &mut FragmentStore, model: &mut Model) {
    let now = Date(5);
    match act {
        Act::Put(fragments) => {
            let make =
                |(number, n, bytes): &(u8, u8, u16)| put(*number, (*n).into(), usize::from(*bytes));
            let puts: Vec<Put> = fragments.iter().map(make).collect();
            let outcomes = store.commit(&puts, &sign, now);
            let mut touched = std::collections::BTreeSet::new();
            for ((put, outcome), (number, ..)) in puts.iter().zip(&outcomes).zip(fragments) {
                let expected = model.put(*number, put);
                assert_eq!(word(outcome), expected);
                if expected == "Stored" {
                    touched.insert(*number);
                }
            }
            touched.into_iter().for_each(|number| *model.receipts.entry(number).or_default() += 1);
        }
        Act::Delete(number, names) => {
            let name = |n: &u8| (put(*number, (*n).into(), 0).block, n % 2);
            let names: Vec<FragmentName> = names.iter().map(name).collect();
            let deleted = store.delete(contract(*number), &names, &sign, now);
            if !model.is_closed.contains_key(number) {
                assert_eq!(deleted, Err(DeleteError::UnknownContract));
                return;
            }
            let mut count = 0;
            for (block, index) in names {
                count += usize::from(model.fragments.remove(&(*number, block, index)).is_some());
            }
            let receipt = deleted.unwrap().receipt;
            assert_eq!(receipt.map_or(0, |receipt| receipt.body.entries.len()), count);
            *model.receipts.entry(*number).or_default() += u64::from(count > 0);
        }
        Act::Close(number) => {
            let closed = store.close_contract(contract(*number), now);
            assert_eq!(closed.is_ok(), model.is_closed.contains_key(number));
            model.is_closed.entry(*number).and_modify(|is_closed| *is_closed = true);
        }
        Act::Open(number) => {
            store.open_contract(&opening(*number, QUOTA), now).unwrap();
            model.is_closed.insert(*number, false);
        }
        Act::Record(kind, sequence) => {
            let sequence = u64::from(*sequence);
            let record = OwnerRecord { sequence, bytes: sequence.to_le_bytes().to_vec() };
            let done = store.put_owner_record(owner(1), *kind, &record, now);
            let stored = model.records.get(kind).copied();
            match stored {
                Some(stored) if stored > sequence => {
                    assert_eq!(done, Err(OwnerRecordError::Older { stored }));
                }
                _ => {
                    done.unwrap();
                    model.records.insert(*kind, sequence);
                }
            }
        }
        Act::Flush => store.flush().unwrap(),
        Act::Compact => drop(store.compact(40).unwrap()),
        Act::Restart | Act::Crash(_) | Act::LoseIndex => {}
    }
}

fn compare(store: &FragmentStore, model: &Model) {
    let reader = store.reader();
    let views = reader.contracts();
    assert_eq!(views.len(), model.is_closed.len());
    for (view, (number, is_closed)) in views.iter().zip(&model.is_closed) {
        assert_eq!((view.contract, view.terms.is_closed), (contract(*number), *is_closed));
        let own: Vec<_> =
            model.fragments.iter().filter(|((owner, ..), _)| owner == number).collect();
        assert_eq!(view.totals.fragments, own.len() as u64);
        assert_eq!(view.totals.bytes, model.bytes(*number));
        assert_eq!(view.chain.sequence, model.receipts.get(number).copied().unwrap_or(0));
        let listed = reader.list(view.contract, None, 1000).unwrap();
        let names: Vec<_> = listed.iter().map(|line| (line.block, line.index)).collect();
        assert!(own.iter().map(|((_, block, index), _)| (*block, *index)).eq(names));
        for ((_, block, index), payload) in own {
            let read = reader.read(view.contract, (*block, *index), 0..payload.len() as u32);
            assert_eq!(read.as_ref(), Ok(payload));
        }
    }
    for (kind, sequence) in &model.records {
        assert_eq!(reader.owner_record(owner(1), *kind).unwrap().sequence, *sequence);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_store_is_a_map_that_survives(acts in proptest::collection::vec(act(), 1..60)) {
        let mut disk = FaultyDisk::new(1);
        let mut store = open(&disk).unwrap();
        let mut model = Model::default();
        for number in 1..=2 {
            store.open_contract(&opening(number, QUOTA), Date(1)).unwrap();
            model.is_closed.insert(number, false);
        }
        for act in &acts {
            if let Some(next) = next_disk(act, &disk) {
                drop(store);
                disk = next;
                store = open(&disk).unwrap();
            }
            perform(act, &mut store, &mut model);
        }
        compare(&store, &model);
        drop(store);
        compare(&open(&disk).unwrap(), &model);
    }
}
