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
    /// Transfers that broke off one after the other.
    broken: u8,
}

impl Lane {
    /// Fragments on their way to one supplier at most.
    pub const UNDER_WAY_MAX: usize = 4;
    /// After so many broken transfers in a row the supplier counts as one that takes nothing.
    pub const BROKEN_MAX: u8 = 5;

    /// One more fragment is for this supplier.
    pub fn push(&mut self, fragment: FragmentKey) {
        self.waiting.push_back(fragment);
    }

    /// The next fragment to send, if another may be under way; while the supplier refuses, one at
    /// a time to see whether it takes fragments again.
    pub fn send_next(&mut self) -> Option<FragmentKey> {
        let limit = if self.is_stuck() { 1 } else { Self::UNDER_WAY_MAX };
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
        self.broken = 0;
        self.under_way.remove(fragment)
    }

    /// It did not arrive: first in the queue again.
    pub fn failed(&mut self, fragment: FragmentKey, refused: Option<Refusal>) {
        if self.under_way.remove(&fragment) {
            self.waiting.push_front(fragment);
        }
        match refused {
            Some(_) => (self.refused, self.broken) = (refused, 0),
            None => self.broken = self.broken.saturating_add(1),
        }
    }

    /// Takes a fragment out that is no longer to be sent.
    pub fn forget(&mut self, fragment: &FragmentKey) {
        self.under_way.remove(fragment);
    }

    /// Whether the supplier, though it is there, took nothing of late.
    pub fn is_stuck(&self) -> bool {
        self.refused.is_some() || self.broken >= Self::BROKEN_MAX
    }

    /// How many transfers broke off one after the other.
    pub fn broken(&self) -> u8 {
        self.broken
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
