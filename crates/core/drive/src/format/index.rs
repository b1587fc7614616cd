//! Where chunks lie: in which blocks, at which bytes.

use std::io;

use base::{BlockId, ChunkId, Wire};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{FragmentClass, PLAIN_BYTES_MAX, Shape};

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum BlockKind {
    /// Contents of files.
    Data,
    /// Directories, lists, index segments or a head.
    Catalog,
}

/// What a chunk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum ChunkKind {
    /// Content of a file.
    Data,
    /// A page of a directory or of a list.
    Tree,
    /// An index segment.
    Index,
    /// A part of the head.
    Head,
}

/// One block: what must be known to fetch and decode it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize)]
pub struct BlockEntry {
    /// The hash of its manifest.
    pub id: BlockId,
    /// Data fragments.
    pub k: u8,
    /// Parity fragments.
    pub m: u8,
    /// Length of each fragment, bytes.
    pub fragment_bytes: u32,
    /// The number of the arrangement of suppliers that it was placed with.
    pub arrangement: u32,
    /// What it holds.
    pub kind: BlockKind,
}

impl BlockEntry {
    /// Whether such a block can exist.
    pub(crate) fn is_sound(&self) -> bool {
        let is_shape = Shape::new(self.k.into(), self.m.into()).is_ok();
        is_shape && FragmentClass::of(self.fragment_bytes as usize).is_some()
    }

    /// Bytes of all data fragments.
    pub fn data_bytes(&self) -> u64 {
        u64::from(self.k) * u64::from(self.fragment_bytes)
    }

    /// Whether a run of bytes lies within the data fragments.
    pub(crate) fn has(&self, offset: u32, length: u32) -> bool {
        length > 0 && u64::from(offset) + u64::from(length) <= self.data_bytes()
    }
}

impl BorshDeserialize for BlockEntry {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let id = BlockId::deserialize_reader(reader)?;
        let [k, m] = <[u8; 2]>::deserialize_reader(reader)?;
        let fragment_bytes = u32::deserialize_reader(reader)?;
        let arrangement = u32::deserialize_reader(reader)?;
        let kind = BlockKind::deserialize_reader(reader)?;
        let entry = Self { id, k, m, fragment_bytes, arrangement, kind };
        if entry.is_sound() { Ok(entry) } else { Err(io::ErrorKind::InvalidData.into()) }
    }
}

/// A run of a block's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Extent {
    /// Which block: the place in the list of blocks beside it.
    pub block: u32,
    /// The first byte, counted over the block's data fragments.
    pub offset: u32,
    /// How many bytes.
    pub length: u32,
}

/// One chunk: what must be known to open it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ChunkEntry {
    /// The keyed hash of its plaintext.
    pub id: ChunkId,
    /// The key epoch under which it is sealed.
    pub epoch: u32,
    /// What it holds.
    pub kind: ChunkKind,
    /// Length of the plaintext, bytes.
    pub bytes: u32,
    /// Where the sealed bytes lie, in order.
    pub extents: Vec<Extent>,
}

impl ChunkEntry {
    /// Whether all its extents lie in these blocks.
    pub(crate) fn is_in(&self, blocks: &[BlockEntry]) -> bool {
        let has = |extent: &Extent| {
            let block = blocks.get(extent.block as usize);
            block.is_some_and(|block| block.has(extent.offset, extent.length))
        };
        let is_length = (1..=PLAIN_BYTES_MAX).contains(&(self.bytes as usize));
        is_length && !self.extents.is_empty() && self.extents.iter().all(has)
    }
}

/// Reads blocks, then chunks that lie in them.
pub(crate) fn read_chunks<R: io::Read>(
    reader: &mut R,
) -> io::Result<(Vec<BlockEntry>, Vec<ChunkEntry>)> {
    let blocks = Vec::<BlockEntry>::deserialize_reader(reader)?;
    let chunks = Vec::<ChunkEntry>::deserialize_reader(reader)?;
    if chunks.iter().all(|chunk| chunk.is_in(&blocks)) {
        Ok((blocks, chunks))
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}

/// A part of the table of all chunks: what one run added, or a piece of that.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize)]
pub struct IndexSegment {
    /// The blocks that the extents name, and blocks without chunks.
    pub blocks: Vec<BlockEntry>,
    /// The chunks.
    pub chunks: Vec<ChunkEntry>,
}

impl BorshDeserialize for IndexSegment {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        read_chunks(reader).map(|(blocks, chunks)| Self { blocks, chunks })
    }
}

impl Wire for IndexSegment {
    const BYTES_MAX: usize = 4 * 1024 * 1024;
}
