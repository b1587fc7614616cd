//! Which bytes of a file have come, so that none is missing and none comes twice.

use std::collections::BTreeMap;

/// Pieces that come out of order leave gaps; more runs than this between them are refused.
const RUNS_MAX: usize = 65_536;

/// Runs of bytes, by their start; neighbours are one run.
#[derive(Debug, Default)]
pub(super) struct Delivered {
    runs: BTreeMap<u64, u64>,
    bytes: u64,
}

impl Delivered {
    /// Notes a run from `start` up to `end`; false if part of it came before or there are too
    /// many gaps.
    pub(super) fn add(&mut self, start: u64, end: u64) -> bool {
        if start >= end {
            return start == end;
        }
        let before = self.runs.range(..=start).next_back().map(|(start, end)| (*start, *end));
        let after = self.runs.range(start..).next().map(|(start, end)| (*start, *end));
        let overlaps = before.is_some_and(|(_, before_end)| before_end > start)
            || after.is_some_and(|(after_start, _)| after_start < end);
        if overlaps || self.runs.len() >= RUNS_MAX {
            return false;
        }
        let joined_start =
            before.filter(|(_, before_end)| *before_end == start).map_or(start, |(start, _)| start);
        let next = after.filter(|(after_start, _)| *after_start == end);
        if let Some((after_start, _)) = next {
            self.runs.remove(&after_start);
        }
        self.runs.insert(joined_start, next.map_or(end, |(_, after_end)| after_end));
        self.bytes += end - start;
        true
    }

    /// How many bytes have come.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}
