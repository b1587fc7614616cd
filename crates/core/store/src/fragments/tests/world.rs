//! What the tests of the store share: small settings, made-up fragments, and a check of
//! everything that a store promises.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::{BlockId, ContractId, Date, Hash, IdentityId, Signature};

use super::super::*;
use crate::contract::ContractView;
use crate::faulty::FaultyDisk;
use crate::receipt::{Change, Receipt, ReceiptBody, charge};
use crate::record::plain_hash;

pub(super) const NOW: Date = Date(1_800_000_000_000);

/// Everything small, so that few operations meet every boundary.
pub(super) fn settings() -> Settings {
    Settings {
        fresh_key: [7; 32],
        segment_bytes: 96 * 1024,
        preallocate_bytes: 32 * 1024,
        disk_floor_bytes: 0,
        reserve_bytes: 64 * 1024,
        cache_bytes: 256 * 1024,
        staged_rows_max: 24,
        tail_bytes_max: 128 * 1024,
    }
}

pub(super) fn open(disk: &FaultyDisk) -> Result<FragmentStore, OpenStoreError> {
    FragmentStore::open(Arc::new(disk.clone()), settings())
}

pub(super) fn contract(number: u8) -> ContractId {
    ContractId([number; 32])
}

pub(super) fn owner(number: u8) -> IdentityId {
    IdentityId([100 + number; 32])
}

pub(super) fn opening(number: u8, quota_bytes: u64) -> Opening {
    let document = vec![number; 3000];
    let (contract, owner, until) = (contract(number), owner(number), Date(NOW.0 + 1000));
    Opening { contract, owner, document, quota_bytes, until }
}

pub(super) fn put(number: u8, fragment: u32, bytes: usize) -> Put {
    let mut block = plain_hash(&(fragment / 2).to_le_bytes()).0;
    block[31] = number;
    let payload: Vec<u8> = (0..bytes).map(|at| (at as u32 * 7 + fragment * 31) as u8).collect();
    Put {
        owner: owner(number),
        contract: contract(number),
        block: BlockId(block),
        index: (fragment % 2) as u8,
        masked_root: plain_hash(&payload),
        manifest: vec![(fragment / 2) as u8; 40],
        payload,
    }
}

/// Stands in for a signature where many are made.
pub(super) fn sign(body: &ReceiptBody) -> Signature {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&body.chain_hash().0);
    Signature(signature)
}

/// Everything that can be read of a store.
pub(super) fn dump(store: &FragmentStore) -> String {
    let reader = store.reader();
    let mut lines = Vec::new();
    for view in reader.contracts() {
        lines.push(format!("{view:?} {:?}", reader.document(view.contract)));
        for line in reader.list(view.contract, None, 1000).unwrap() {
            let name = (line.block, line.index);
            let bytes = reader.read(view.contract, name, 0..line.bytes).map(|b| plain_hash(&b));
            lines.push(format!("{line:?} {bytes:?}"));
        }
        for receipt in reader.receipts(view.contract, 0, 1000).unwrap() {
            lines.push(format!("{receipt:?}"));
        }
        for kind in 0..4 {
            lines.push(format!("{:?}", reader.owner_record(view.owner, kind)));
        }
    }
    lines.join("\n")
}

/// What a store has acknowledged.
#[derive(Clone, Debug, Default)]
pub(super) struct Promised {
    pub(super) receipts: Vec<Arc<Receipt>>,
    pub(super) owner_records: BTreeMap<(IdentityId, u8), OwnerRecord>,
    pub(super) terms: BTreeMap<ContractId, crate::Terms>,
    pub(super) agreed: BTreeMap<ContractId, u64>,
}

macro_rules! ensure {
    ($holds:expr, $($what:tt)*) => {
        if !$holds {
            return Err(format!($($what)*));
        }
    };
}

/// Whether a store, as found after whatever happened, keeps what was promised and agrees with
/// itself. What was on its way when it happened (dated later than `until`) may be there or not.
pub(super) fn check(
    store: &mut FragmentStore,
    promised: &Promised,
    until: Date,
) -> Result<(), String> {
    let recovery = store.recovery().clone();
    ensure!(recovery.damaged_count == 0, "damage: {recovery:?}");
    let reader = store.reader();
    for receipt in &promised.receipts {
        let body = &receipt.body;
        let found = reader.receipt(body.contract, body.sequence);
        ensure!(found.as_ref() == Ok(&**receipt), "receipt {} is {found:?}", body.sequence);
    }
    for view in reader.contracts() {
        check_contract(&reader, &view, promised, until)?;
    }
    for (id, terms) in &promised.terms {
        let view = reader.contract(*id).ok_or_else(|| format!("contract {id} is gone"))?;
        ensure!(!view.is_orphan, "document of {id} is gone");
        let is_later = reader.document(*id).is_ok() && view.terms.until > until;
        ensure!(view.terms == *terms || is_later, "terms are {:?}, not {terms:?}", view.terms);
    }
    for (id, sequence) in &promised.agreed {
        let agreed = reader.contract(*id).map_or(0, |view| view.chain.agreed);
        ensure!(agreed >= *sequence, "agreement is {agreed}, not {sequence}");
    }
    for ((owner, kind), record) in &promised.owner_records {
        let found = reader.owner_record(*owner, *kind);
        let is_later = found.as_ref().is_ok_and(|found| found.sequence > record.sequence);
        ensure!(is_later || found.as_ref() == Ok(record), "owner record is {found:?}");
    }
    check_goes_on(store)
}

fn check_contract(
    reader: &Reader,
    view: &ContractView,
    promised: &Promised,
    until: Date,
) -> Result<(), String> {
    let listed = reader.list(view.contract, None, 1000).map_err(|error| error.to_string())?;
    let bytes: u64 = listed.iter().map(|line| charge(line.bytes)).sum();
    let totals = view.totals;
    let is_exact = totals.fragments == listed.len() as u64 && totals.bytes == bytes;
    ensure!(is_exact, "sums are {totals:?} for {} of {bytes} bytes", listed.len());
    let last_promised = promised.receipts.iter().map(|receipt| &receipt.body);
    let last_promised = last_promised.filter(|body| body.contract == view.contract);
    let last_promised = last_promised.map(|body| body.sequence).max().unwrap_or(0);
    let (mut kept, mut previous, mut last) = (BTreeMap::new(), Hash::default(), None);
    for sequence in 1..=view.chain.sequence {
        let receipt = reader.receipt(view.contract, sequence);
        let body = receipt.map_err(|error| format!("receipt {sequence}: {error}"))?.body;
        ensure!(body.previous == previous && body.sequence == sequence, "chain at {sequence}");
        let is_known = sequence <= last_promised || body.date > until;
        ensure!(is_known, "receipt {sequence} was never promised");
        for entry in &body.entries {
            match entry.change {
                Change::Kept => {
                    kept.insert((entry.block, entry.index), (entry.masked_root, sequence));
                }
                Change::Removed => {
                    let known = kept.remove(&(entry.block, entry.index));
                    ensure!(known.is_some(), "receipt {sequence} removes what was not there");
                }
            }
        }
        previous = body.chain_hash();
        last = Some(body);
    }
    if let Some(body) = last {
        let sums = (body.total_fragments, body.total_bytes);
        ensure!(sums == (totals.fragments, totals.bytes), "receipt says {sums:?}, not {totals:?}");
    }
    ensure!(view.chain.hash == previous, "the end of the chain is another");
    let names: BTreeSet<_> = listed.iter().map(|line| (line.block, line.index)).collect();
    ensure!(names.iter().eq(kept.keys()), "receipts and fragments differ");
    for line in listed {
        let (root, sequence) = kept[&(line.block, line.index)];
        let found = reader.view(view.contract, line.block, line.index);
        let verdict = reader.verify(view.contract, line.block, line.index);
        let is_right = found.as_ref().is_ok_and(|found| found.masked_root == root)
            && line.sequence == sequence
            && verdict == Ok(Verdict::Sound);
        ensure!(is_right, "fragment {line:?}: {found:?}, {verdict:?}, receipt {sequence}");
    }
    Ok(())
}

/// The next receipt must continue the chain that is there.
fn check_goes_on(store: &mut FragmentStore) -> Result<(), String> {
    let contracts = store.contracts();
    let Some(view) = contracts.iter().find(|view| !view.terms.is_closed) else { return Ok(()) };
    let mut next = put(view.contract.0[0], 9_999, 10);
    next.owner = view.owner;
    match &store.commit(&[next], &sign, Date(u64::MAX))[..] {
        [Outcome::Stored { receipt }] => {
            let body = &receipt.body;
            let goes_on = body.sequence == view.chain.sequence + 1
                && body.previous == view.chain.hash
                && body.total_fragments == view.totals.fragments + 1;
            ensure!(goes_on, "the next receipt is {body:?} after {view:?}");
            Ok(())
        }
        other => Err(format!("does not go on: {other:?}")),
    }
}
