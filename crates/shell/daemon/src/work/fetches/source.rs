//! Blocks for a reader: asked of the suppliers by way of the node, some of them ahead.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base::BlockId;
use drive::format::BlockEntry;
use drive::restore::{BlockSource, Range, SourceError};
use node::input::Failure;
use storage::fetch::Need;

use super::{Fetched, give_up, take, want};
use crate::work::gate::Gate;
use crate::work::shared::Shared;

/// A fetch that has not been used for so many reads was asked for in vain, and makes room.
const UNUSED_READS_MAX: u64 = 256;

/// The source of one reader.
pub(crate) struct Source {
    shared: Arc<Shared>,
    gate: Arc<Gate>,
    /// What was asked for and not handed over yet, oldest first.
    held: VecDeque<Held>,
    reads: u64,
    bytes: Arc<AtomicU64>,
    failure: Arc<Mutex<Option<Failure>>>,
}

/// One fetch of this reader.
struct Held {
    fetch: u64,
    block: BlockId,
    /// What of it was not handed over.
    left: BTreeSet<u8>,
    /// None while it is under way.
    fragments: Option<BTreeMap<u8, Vec<u8>>>,
    /// Memory that it may take.
    reserved: usize,
    /// The read at which it was asked for or used last.
    used: u64,
}

impl Source {
    pub(crate) fn new(shared: Arc<Shared>, gate: Arc<Gate>) -> Self {
        let (bytes, failure) = Default::default();
        Self { shared, gate, held: VecDeque::new(), reads: 0, bytes, failure }
    }

    /// Counts the bytes that were handed over.
    pub(crate) fn bytes(&self) -> Arc<AtomicU64> {
        self.bytes.clone()
    }

    /// Where to find why the last block could not be had.
    pub(crate) fn failure(&self) -> Arc<Mutex<Option<Failure>>> {
        self.failure.clone()
    }

    fn ask(&mut self, block: &BlockEntry, indices: BTreeSet<u8>, reserved: usize) {
        let fetch = want(&self.shared, block, Need::Data(indices.clone()), &self.gate);
        self.held.push_back(Held {
            fetch,
            block: block.id,
            left: indices,
            fragments: None,
            reserved,
            used: self.reads,
        });
    }

    /// Which of these fragments nobody was asked for yet.
    fn unasked(&self, block: BlockId, indices: impl Iterator<Item = u8>) -> BTreeSet<u8> {
        let is_held = |index: &u8| {
            self.held.iter().any(|held| held.block == block && held.left.contains(index))
        };
        indices.filter(|index| !is_held(index)).collect()
    }

    /// Gives up the oldest fetch that came in vain; says whether there was one.
    fn make_room(&mut self) -> bool {
        let is_unused = |held: &Held| self.reads - held.used > UNUSED_READS_MAX;
        if !self.held.front().is_some_and(is_unused) {
            return false;
        }
        if let Some(held) = self.held.pop_front() {
            drop_held(&self.shared, &held);
        }
        true
    }

    /// Blocks until the fragment is here, and takes it.
    fn fragment(&mut self, block: BlockId, index: u8) -> Result<Vec<u8>, SourceError> {
        let position = self
            .held
            .iter()
            .position(|held| held.block == block && held.left.contains(&index))
            .ok_or(SourceError::Missing { present: 0, needed: 0 })?;
        let held = &mut self.held[position];
        if held.fragments.is_none() {
            let (shared, fetch) = (&self.shared, held.fetch);
            let outcome = self.gate.wait(|| take(shared, fetch));
            match outcome.map_err(|drive::Stop| SourceError::Stopped)? {
                Ok(Fetched { fragments, .. }) => held.fragments = Some(fragments),
                Err(failure) => {
                    let (present, needed) = counts(&failure);
                    *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                    self.forget(position);
                    return Err(SourceError::Missing { present, needed });
                }
            }
        }
        held.left.remove(&index);
        held.used = self.reads;
        let bytes = held.fragments.as_mut().and_then(|fragments| fragments.remove(&index));
        if held.left.is_empty() {
            self.forget(position);
        }
        let bytes = bytes.ok_or(SourceError::Missing { present: 0, needed: 1 })?;
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }

    fn forget(&mut self, position: usize) {
        if let Some(held) = self.held.remove(position) {
            drop_held(&self.shared, &held);
        }
    }
}

impl BlockSource for Source {
    fn read(&mut self, block: &BlockEntry, ranges: &[Range]) -> Result<Vec<Vec<u8>>, SourceError> {
        self.reads += 1;
        let unasked = self.unasked(block.id, indices_of(block, ranges));
        if !unasked.is_empty() {
            let reserved = reserve(block, &unasked);
            while !self.shared.fetches.budget().try_take(reserved) {
                if !self.make_room() {
                    self.shared.fetches.budget().take(reserved);
                    break;
                }
            }
            self.ask(block, unasked, reserved);
        }
        ranges
            .iter()
            .map(|range| {
                let mut run = Vec::new();
                for index in indices_of(block, std::slice::from_ref(range)) {
                    let fragment = self.fragment(block.id, index)?;
                    if run.is_empty() && fragment.len() == range.length as usize {
                        return Ok(fragment);
                    }
                    run.reserve_exact(range.length as usize - run.len());
                    run.extend_from_slice(&fragment);
                }
                Ok(run)
            })
            .collect()
    }

    fn expect(&mut self, block: &BlockEntry, ranges: &[Range]) {
        let unasked = self.unasked(block.id, indices_of(block, ranges));
        if unasked.is_empty() {
            return;
        }
        let reserved = reserve(block, &unasked);
        loop {
            if self.shared.fetches.budget().try_take(reserved) {
                self.ask(block, unasked, reserved);
                return;
            }
            if !self.make_room() {
                return;
            }
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        for held in &self.held {
            drop_held(&self.shared, held);
        }
    }
}

fn drop_held(shared: &Shared, held: &Held) {
    give_up(shared, held.fetch);
    shared.fetches.budget().give_back(held.reserved);
}

/// What a fetch takes at most: if a fragment is lost, k others come and it is made anew.
fn reserve(block: &BlockEntry, indices: &BTreeSet<u8>) -> usize {
    block.fragment_bytes as usize * (usize::from(block.k) + indices.len())
}

/// The fragments that hold these ranges.
fn indices_of(block: &BlockEntry, ranges: &[Range]) -> impl Iterator<Item = u8> {
    let size = block.fragment_bytes.max(1);
    let last = u32::from(block.k).saturating_sub(1);
    ranges.iter().flat_map(move |range| {
        let first = range.offset / size;
        let end = range.end().div_ceil(size).min(last + 1);
        (first..end).filter_map(|index| u8::try_from(index).ok())
    })
}

fn counts(failure: &Failure) -> (u16, u16) {
    match failure {
        Failure::TooFewSuppliers { have, need, .. } => ((*have).into(), (*need).into()),
        _ => (0, 0),
    }
}
