//! Which fragments of which blocks a set of chunks needs.

use std::collections::{BTreeMap, BTreeSet};

use base::BlockId;

use super::source::Range;
use crate::catalog::Place;
use crate::format::BlockEntry;

/// A block and the runs of it that are wanted: whole fragments, ascending and apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRanges {
    /// The block.
    pub block: BlockEntry,
    /// The runs.
    pub ranges: Vec<Range>,
}

/// Fragments wanted of several blocks, in the order in which the blocks were first wanted.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    order: Vec<BlockEntry>,
    fragments: BTreeMap<BlockId, BTreeSet<u32>>,
    bytes: usize,
}

impl Plan {
    /// Adds what `place` needs, but for fragments that `has` says are there.
    pub(crate) fn add(&mut self, place: &Place, has: impl Fn(BlockId, u32) -> bool) {
        for run in &place.runs {
            for index in fragments_of(&run.block, run.range) {
                if has(run.block.id, index) {
                    continue;
                }
                let wanted = self.fragments.entry(run.block.id).or_insert_with(|| {
                    self.order.push(run.block.clone());
                    BTreeSet::new()
                });
                if wanted.insert(index) {
                    self.bytes += run.block.fragment_bytes as usize;
                }
            }
        }
    }

    /// Bytes of all fragments wanted.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn into_ranges(self) -> Vec<BlockRanges> {
        let ranges = |block: &BlockEntry| {
            let size = block.fragment_bytes;
            let mut ranges: Vec<Range> = Vec::new();
            for index in &self.fragments[&block.id] {
                let offset = index * size;
                match ranges.last_mut() {
                    Some(last) if last.end() == offset => last.length += size,
                    _ => ranges.push(Range { offset, length: size }),
                }
            }
            ranges
        };
        self.order
            .iter()
            .map(|block| BlockRanges { block: block.clone(), ranges: ranges(block) })
            .collect()
    }
}

/// The indices of the fragments that `range` touches.
pub(crate) fn fragments_of(block: &BlockEntry, range: Range) -> std::ops::RangeInclusive<u32> {
    let last = range.end().saturating_sub(1).max(range.offset);
    range.offset / block.fragment_bytes..=last / block.fragment_bytes
}
