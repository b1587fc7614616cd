//! A supplier's ingest with durable acknowledgement, beside raw writing of the same bytes: one file
//! after another of the length of a segment, one sync for each group.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use base::{
    BlockId, ContractId, Date, Hash, IdentityId, Label, SecretKey, Signature, SymmetricKey, encode,
};
use disk::RealDisk;
use rustix::fs::{FallocateFlags, fallocate};
use store::fragments::Opening;
use store::{FragmentStore, Outcome, Put, ReceiptBody, SEGMENT_BYTES, Settings};

use crate::cost::{Begun, Cost};
use crate::input::noise;
use crate::report::Table;
use crate::scale::Scale;

/// What becomes durable with one sync, bytes of payload.
const GROUP_BYTES: usize = 4 << 20;
/// Lengths of fragments that are measured, bytes.
const FRAGMENTS: [usize; 2] = [64 << 10, 1 << 20];
/// Room is reserved in steps of this, bytes, as the store does.
const PREALLOCATED_BYTES: u64 = 32 << 20;

/// The table.
pub(crate) fn run(scale: &Scale) -> anyhow::Result<Vec<Table>> {
    let bytes = scale.store_bytes();
    let mut raw = vec![];
    let mut ours = FRAGMENTS.map(|_| vec![]);
    // The first to touch memory and disk pays for all who follow: it does not count.
    write_raw(bytes)?;
    for _ in 0..scale.rounds() {
        raw.push(write_raw(bytes)?);
        for (ours, fragment) in ours.iter_mut().zip(FRAGMENTS) {
            ours.push(ingest(bytes, fragment)?);
        }
    }
    let title = format!("Store: {} MiB, durable every {} MiB", bytes >> 20, GROUP_BYTES >> 20);
    let mut table = Table::new(title, &["", "MB/s", "of raw", "CPU-s/GB", "of raw"]);
    let raw = median(raw);
    let mut row = |name: String, cost: Cost| {
        let gb = bytes as f64 / 1e9;
        table.row(vec![
            name.into(),
            (gb * 1000.0 / cost.wall_s).into(),
            (raw.wall_s / cost.wall_s).into(),
            (cost.cpu_s / gb).into(),
            (cost.cpu_s / raw.cpu_s).into(),
        ]);
    };
    row("raw segments".into(), raw);
    for (costs, fragment) in ours.into_iter().zip(FRAGMENTS) {
        row(format!("fragments of {} KiB", fragment >> 10), median(costs));
    }
    table.note("The median of the rounds, taken in turn. Target: 0.80 of raw MB/s.");
    Ok(vec![table])
}

fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by(|one, other| one.wall_s.total_cmp(&other.wall_s));
    costs[costs.len() / 2]
}

/// Writes groups into preallocated files of the length of a segment, and syncs after each.
pub(crate) fn write_raw(bytes: u64) -> anyhow::Result<Cost> {
    let directory = tempfile::Builder::new().prefix("bitdust-bench-").tempdir()?;
    let group = noise(1, GROUP_BYTES);
    let begun = Begun::now();
    let mut written = 0;
    for segment in 0_u64.. {
        if written >= bytes {
            break;
        }
        let file = File::create(directory.path().join(format!("segment-{segment}")))?;
        let (mut at, mut allocated) = (0, 0);
        while at < SEGMENT_BYTES && written < bytes {
            if at >= allocated {
                fallocate(&file, FallocateFlags::empty(), allocated, PREALLOCATED_BYTES)?;
                allocated += PREALLOCATED_BYTES;
            }
            file.write_all_at(&group, at)?;
            file.sync_data()?;
            at += group.len() as u64;
            written += group.len() as u64;
        }
    }
    Ok(begun.cost())
}

/// The same through the store: fragments of one length under one contract, in groups.
fn ingest(bytes: u64, fragment: usize) -> anyhow::Result<Cost> {
    let directory = tempfile::Builder::new().prefix("bitdust-bench-").tempdir()?;
    let (owner, contract) = (IdentityId([1; 32]), ContractId([2; 32]));
    let mut store = open(directory.path())?;
    let document = vec![3; 500];
    let opening =
        Opening { contract, owner, document, quota_bytes: u64::MAX / 2, until: Date(u64::MAX) };
    store.open_contract(&opening, Date(1))?;
    let key = SecretKey::from_seed(SymmetricKey([5; 32]));
    let sign = |body: &ReceiptBody| Signature::make(&key, Label::Receipt, &encode(body));
    let payload = noise(1, fragment);
    let masked_root = Hash(*blake3::hash(&payload).as_bytes());
    let (mut number, mut written, mut cost) = (0_u64, 0, Cost::default());
    while written < bytes {
        let put = |_| {
            number += 1;
            let mut block = [0; 32];
            block[..8].copy_from_slice(&number.to_le_bytes());
            let (block, manifest) = (BlockId(block), vec![7; 600]);
            Put {
                owner,
                contract,
                block,
                index: 0,
                masked_root,
                manifest,
                payload: payload.clone(),
            }
        };
        let group: Vec<Put> = (0..GROUP_BYTES / fragment).map(put).collect();
        // What comes from the network is in memory and hashed already.
        let begun = Begun::now();
        let outcomes = store.commit_hashed(&group, &sign, Date(2));
        let more = begun.cost();
        cost = Cost { wall_s: cost.wall_s + more.wall_s, cpu_s: cost.cpu_s + more.cpu_s };
        if let Some(other) = outcomes.iter().find(|each| !matches!(each, Outcome::Stored { .. })) {
            bail!("not stored: {other:?}");
        }
        written += GROUP_BYTES as u64;
    }
    Ok(cost)
}

fn open(directory: &Path) -> anyhow::Result<FragmentStore> {
    let disk = RealDisk::open(directory).context("cannot open a disk")?;
    FragmentStore::open(Arc::new(disk), Settings::usual([9; 32])).context("cannot open a store")
}
