//! Where the bytes of blocks come from: suppliers by way of the daemon, or memory in tests.

use crate::format::BlockEntry;

/// A run of a block's bytes, counted over its data fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// The first byte.
    pub offset: u32,
    /// How many; never 0.
    pub length: u32,
}

impl Range {
    /// The byte after the last.
    pub fn end(self) -> u32 {
        self.offset + self.length
    }
}

/// Why a source has no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceError {
    /// Too few fragments can be had.
    Missing {
        /// Fragments that could be had.
        present: u16,
        /// Fragments that are needed.
        needed: u16,
    },
    /// The user or the daemon stops the work.
    Stopped,
}

/// Gives the verified bytes of blocks.
pub trait BlockSource {
    /// The bytes of `ranges`, in their order. The ranges are whole fragments, ascending; a reader asks
    /// for each by itself and keeps the bytes as they come.
    ///
    /// The source verifies fragments against the block's manifest before it decodes.
    ///
    /// # Errors
    /// Too few fragments can be had, or the work is stopped.
    fn read(&mut self, block: &BlockEntry, ranges: &[Range]) -> Result<Vec<Vec<u8>>, SourceError>;

    /// Says that these ranges will be read soon, so that fetching them can begin. Only a hint.
    fn expect(&mut self, _block: &BlockEntry, _ranges: &[Range]) {}
}
