//! Versions, the head that lists them, and the reference from which everything is found.

use std::io;

use base::{Date, Wire};
use borsh::{BorshDeserialize, BorshSerialize};

use super::index::{BlockEntry, ChunkEntry, read_chunks};
use super::node::Node;

/// The longest encoded [`HeadRef`], bytes: it stands in the root document.
pub const HEAD_REF_BYTES_MAX: usize = 16 * 1024;

/// One path that was backed up.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Root {
    /// The path on the machine of the backup, bytes of any encoding.
    pub path: Vec<u8>,
    /// What stood there.
    pub node: Node,
}

/// One run of a backup.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Version {
    /// Grows with each version of a drive.
    pub number: u64,
    /// When the run began.
    pub started: Date,
    /// When the last file had been read.
    pub finished: Date,
    /// The paths that the user asked for, bytes of any encoding.
    pub paths: Vec<Vec<u8>>,
    /// What was found there.
    pub roots: Vec<Root>,
    /// Entries that are not directories.
    pub files: u64,
    /// Bytes of all files, holes included.
    pub bytes: u64,
    /// How many things could not be read, or changed while they were.
    pub problems: u64,
    /// Whether the run went through all paths.
    pub complete: bool,
}

impl Wire for Version {
    const BYTES_MAX: usize = 12 * 1024 * 1024;
}

/// The list of all versions and of all index segments of a drive.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize)]
pub struct Head {
    /// All versions, oldest first.
    pub versions: Vec<Version>,
    /// The blocks of the index segments.
    pub blocks: Vec<BlockEntry>,
    /// The index segments, oldest first; extents count in `blocks`.
    pub segments: Vec<ChunkEntry>,
}

impl BorshDeserialize for Head {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let versions = Vec::deserialize_reader(reader)?;
        let (blocks, segments) = read_chunks(reader)?;
        Ok(Self { versions, blocks, segments })
    }
}

impl Wire for Head {
    const BYTES_MAX: usize = 64 * 1024 * 1024;
}

/// Where the head is: with the keyring, all that is needed to read everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize)]
pub struct HeadRef {
    /// The blocks that hold the head.
    pub blocks: Vec<BlockEntry>,
    /// The chunks whose plaintexts, one after another, are the head; extents count in `blocks`.
    /// Each is sealed as a record of its own, whose salt stands in the sealed bytes.
    pub chunks: Vec<ChunkEntry>,
}

impl BorshDeserialize for HeadRef {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        read_chunks(reader).map(|(blocks, chunks)| Self { blocks, chunks })
    }
}

/// The encoded reference, which leaves this crate sealed only: see [`HeadRef::open`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct PlainHeadRef(pub(crate) HeadRef);

impl Wire for PlainHeadRef {
    const BYTES_MAX: usize = HEAD_REF_BYTES_MAX;
}
