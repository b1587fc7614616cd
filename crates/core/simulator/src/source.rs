//! Blocks for a reader that may not wait: what is not here is noted, fetched, and read anew.

use std::collections::BTreeMap;

use base::BlockId;
use drive::format::BlockEntry;
use drive::restore::{BlockSource, Range, SourceError};

/// Blocks that have come, and the first one that was missing.
#[derive(Default)]
pub(crate) struct Source {
    pub(crate) blocks: BTreeMap<BlockId, Vec<u8>>,
    pub(crate) missing: Option<BlockEntry>,
}

impl BlockSource for Source {
    fn read(&mut self, block: &BlockEntry, ranges: &[Range]) -> Result<Vec<Vec<u8>>, SourceError> {
        let Some(bytes) = self.blocks.get(&block.id) else {
            self.missing = Some(block.clone());
            return Err(SourceError::Stopped);
        };
        let cut = |range: &Range| bytes[range.offset as usize..range.end() as usize].to_vec();
        Ok(ranges.iter().map(cut).collect())
    }
}
