//! The rows of the drive.

use base::{BlockId, ContractId, Date, Hash, IdentityId, Wire};
use borsh::{BorshDeserialize, BorshSerialize};

/// A run of a block's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Extent {
    /// The block.
    pub block: BlockId,
    /// The first byte.
    pub offset: u32,
    /// The length, bytes.
    pub length: u32,
}

/// Where a chunk is.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ChunkPlace {
    /// The key epoch under which it is sealed.
    pub epoch: u32,
    /// What it holds: data of files, of the catalog, and so on.
    pub kind: u8,
    /// Its length before compression, bytes.
    pub plain_bytes: u32,
    /// Where its sealed bytes are, in their order.
    pub extents: Vec<Extent>,
}

impl Wire for ChunkPlace {}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockRow {
    /// Data fragments.
    pub k: u8,
    /// Coded fragments.
    pub m: u8,
    /// Length of a fragment, bytes.
    pub fragment_bytes: u32,
    /// The arrangement of suppliers that it was placed under.
    pub arrangement: u32,
    /// What it holds.
    pub kind: u8,
    /// When it was made.
    pub date: Date,
}

impl Wire for BlockRow {}

/// A supplier's word for one fragment, drawn from its receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FragmentReceipt {
    /// The supplier.
    pub supplier: IdentityId,
    /// The contract.
    pub contract: ContractId,
    /// The receipt that names the fragment.
    pub sequence: u64,
    /// The plain BLAKE3 hash of the masked bytes.
    pub masked_root: Hash,
    /// Until when it is kept.
    pub until: Date,
}

impl Wire for FragmentReceipt {}

/// What was last seen at a path.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FileRow {
    /// Length, bytes.
    pub size: u64,
    /// Time of modification, nanoseconds since 1970, negative before.
    pub mtime_ns: i64,
    /// Time of the last change of the inode, nanoseconds since 1970.
    pub ctime_ns: i64,
    /// The inode.
    pub inode: u64,
    /// Type and permissions, as `st_mode`.
    pub mode: u32,
    /// How its content is named: the ids of its chunks, or the root of a list of them.
    pub content: Vec<u8>,
}

impl Wire for FileRow {
    const BYTES_MAX: usize = 1024 * 1024;
}
