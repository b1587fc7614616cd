//! The fragments that wait for one supplier, and how many may be on their way at once.

use std::collections::{BTreeSet, VecDeque};

use base::BlockId;

use crate::wire::Refusal;

#[cfg(test)]
mod tests;

/// One fragment of a block that is being placed.
pub type FragmentKey = (BlockId, u8);

/// The queue to one supplier.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    waiting: VecDeque<FragmentKey>,
    under_way: BTreeSet<FragmentKey>,
    /// Why the supplier took nothing last time.
    pub refused: Option<Refusal>,
}

impl Lane {
    /// Fragments on their way to one supplier at most.
    pub const UNDER_WAY_MAX: usize = 4;

    /// One more fragment is for this supplier.
    pub fn push(&mut self, fragment: FragmentKey) {
        self.waiting.push_back(fragment);
    }

    /// The next fragment to send, if another may be under way; while the supplier refuses, one at
    /// a time to see whether it takes fragments again.
    pub fn send_next(&mut self) -> Option<FragmentKey> {
        let limit = if self.refused.is_some() { 1 } else { Self::UNDER_WAY_MAX };
        if self.under_way.len() >= limit {
            return None;
        }
        let fragment = self.waiting.pop_front()?;
        self.under_way.insert(fragment);
        Some(fragment)
    }

    /// The supplier has it. Says whether that was expected.
    pub fn done(&mut self, fragment: &FragmentKey) -> bool {
        self.refused = None;
        self.under_way.remove(fragment)
    }

    /// It did not arrive: first in the queue again.
    pub fn failed(&mut self, fragment: FragmentKey, refused: Option<Refusal>) {
        if self.under_way.remove(&fragment) {
            self.waiting.push_front(fragment);
        }
        if refused.is_some() {
            self.refused = refused;
        }
    }

    /// The block is given up.
    pub fn drop_block(&mut self, block: &BlockId) {
        self.waiting.retain(|(waiting, _)| waiting != block);
        self.under_way.retain(|(under_way, _)| under_way != block);
    }

    /// Whether nothing waits and nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_empty()
    }
}
