//! The rows of the catalog's own tables, and those of `store::drive` as they are used here.

use base::{BlockId, ChunkId, Date, Hash, Wire};
use borsh::{BorshDeserialize, BorshSerialize};
use store::drive::{BlockRow, ChunkPlace, FragmentReceipt};

use super::{BLOCKS, CHUNKS, CatalogError, malformed};
use crate::format::{BlockEntry, BlockKind, ChunkKind};
use crate::restore::Range;

/// What `stat` says of a file, as far as it shows that nothing changed. The number of the file
/// system is left out: it may differ after each start of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Length, bytes.
    pub size: u64,
    /// Time of the last change of content, nanoseconds since 1970, negative before.
    pub mtime_ns: i64,
    /// Time of the last change of content or attributes, nanoseconds since 1970.
    pub ctime_ns: i64,
    /// Number of the inode.
    pub inode: u64,
    /// Type and permission bits.
    pub mode: u32,
}

/// A fragment and the supplier's word for it.
pub type FragmentRow = (u8, FragmentReceipt);

/// A block all of whose fragments are kept by suppliers, as their receipts say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The block.
    pub block: BlockId,
    /// The receipts, which are written down together with what the block makes safe. May be empty
    /// if they are durable already.
    pub fragments: Vec<FragmentRow>,
}

/// Chunks and blocks of one batch that are in no index segment yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct FreshRow {
    pub(crate) blocks: Vec<BlockId>,
    pub(crate) chunks: Vec<ChunkId>,
}

impl Wire for FreshRow {
    const BYTES_MAX: usize = 8 * 1024 * 1024;
}

/// An index segment that is placed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct SegmentRow {
    pub(crate) id: ChunkId,
    pub(crate) row: ChunkPlace,
}

impl Wire for SegmentRow {}

/// How far a recovery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Progress {
    /// Of which head.
    pub(crate) head: Hash,
    /// Segments that are in the tables.
    pub(crate) segments: u64,
}

impl Wire for Progress {}

/// Where a chunk is, with all that is needed to fetch it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) id: ChunkId,
    pub(crate) epoch: u32,
    pub(crate) kind: ChunkKind,
    pub(crate) bytes: u32,
    pub(crate) runs: Vec<PlacedRun>,
}

/// A part of a chunk within one block.
#[derive(Clone, Debug)]
pub(crate) struct PlacedRun {
    pub(crate) block: BlockEntry,
    pub(crate) range: Range,
}

impl Place {
    /// Fragment `index` of `run` alone, for reading that fragment again.
    pub(crate) fn only(&self, run: &PlacedRun, index: u32) -> Self {
        let size = run.block.fragment_bytes;
        let range = Range { offset: index.saturating_mul(size), length: size };
        let runs = vec![PlacedRun { block: run.block.clone(), range }];
        Self { runs, ..*self }
    }
}

/// The number of a kind of chunk in the table.
pub(crate) fn kind_byte(kind: ChunkKind) -> u8 {
    match kind {
        ChunkKind::Data => 0,
        ChunkKind::Tree => 1,
        ChunkKind::Index => 2,
        ChunkKind::Head => 3,
    }
}

pub(super) fn chunk_kind(byte: u8) -> Result<ChunkKind, CatalogError> {
    [ChunkKind::Data, ChunkKind::Tree, ChunkKind::Index, ChunkKind::Head]
        .into_iter()
        .find(|kind| kind_byte(*kind) == byte)
        .ok_or_else(|| malformed(CHUNKS))
}

pub(super) fn block_row(entry: &BlockEntry, date: Date) -> BlockRow {
    let BlockEntry { k, m, fragment_bytes, arrangement, kind, .. } = *entry;
    let kind = match kind {
        BlockKind::Data => 0,
        BlockKind::Catalog => 1,
    };
    BlockRow { k, m, fragment_bytes, arrangement, kind, date }
}

pub(super) fn block_entry(id: BlockId, row: &BlockRow) -> Result<BlockEntry, CatalogError> {
    let BlockRow { k, m, fragment_bytes, arrangement, kind, .. } = *row;
    let kind = match kind {
        0 => BlockKind::Data,
        1 => BlockKind::Catalog,
        _ => return Err(malformed(BLOCKS)),
    };
    let entry = BlockEntry { id, k, m, fragment_bytes, arrangement, kind };
    if entry.is_sound() { Ok(entry) } else { Err(malformed(BLOCKS)) }
}
