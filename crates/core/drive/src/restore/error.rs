//! What can go wrong when something is read back.

use base::{BlockId, ChunkId};

use super::source::SourceError;
use crate::catalog::CatalogError;

/// Why something cannot be read back. Nothing wrong is ever given out instead.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Too few fragments of a block can be had now.
    #[error("{block}: {present} fragments can be had, {needed} are needed")]
    Missing {
        /// The block.
        block: BlockId,
        /// Fragments that could be had.
        present: u16,
        /// Fragments that are needed.
        needed: u16,
    },
    /// The bytes of a chunk are not what its id and key say.
    #[error("{chunk} in {block} is damaged")]
    Damaged {
        /// The chunk.
        chunk: ChunkId,
        /// The block of its first byte.
        block: BlockId,
    },
    /// The chunk is in no index.
    #[error("{chunk} is not in the index")]
    UnknownChunk {
        /// The chunk.
        chunk: ChunkId,
    },
    /// The block is in no index.
    #[error("{block} is not in the index")]
    UnknownBlock {
        /// The block.
        block: BlockId,
    },
    /// The keyring lacks the epoch under which the chunk was sealed.
    #[error("{chunk} needs the key of epoch {epoch}, which the keyring has not")]
    NoKey {
        /// The chunk.
        chunk: ChunkId,
        /// The epoch.
        epoch: u32,
    },
    /// A page, a list or an index is not of its form: a newer or a faulty program made it.
    #[error("{chunk} holds something that this program cannot read")]
    Form {
        /// The chunk.
        chunk: ChunkId,
    },
    /// An entry says something that cannot be.
    #[error("the catalog contradicts itself")]
    Inconsistent,
    /// The catalog on this device cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Whoever receives the bytes, or gives them, stops the work.
    #[error("stopped")]
    Stopped,
}

impl RestoreError {
    pub(crate) fn from_source(block: BlockId, error: SourceError) -> Self {
        match error {
            SourceError::Missing { present, needed } => Self::Missing { block, present, needed },
            SourceError::Stopped => Self::Stopped,
        }
    }

    /// Whether the rest of a version may still be readable.
    pub fn is_local(&self) -> bool {
        !matches!(self, Self::Catalog(_) | Self::Stopped)
    }
}
