//! What the bytes of a file, or the serialized entries of a directory, are made of.

use std::io;

use base::ChunkId;
use borsh::{BorshDeserialize, BorshSerialize};

/// A content of at most this many bytes stands in its entry: a chunk of its own would cost more.
pub const INLINE_BYTES_MAX: usize = 256;

/// The most levels of lists below an entry. Lists of 64 KiB hold more than 1,400 references, so
/// four levels are beyond any file.
pub const DEPTH_MAX: u8 = 4;

/// Where one chunk of a content is found: its id, and the key epoch that sealed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct ChunkRef {
    /// The keyed hash of the plaintext.
    pub id: ChunkId,
    /// The key epoch under which it is sealed.
    pub epoch: u32,
    /// Length of the plaintext, bytes; never 0.
    pub bytes: u32,
}

/// One run of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Piece {
    /// The bytes of a chunk.
    Chunk(ChunkRef),
    /// Zeros that take no room: a hole of a sparse file.
    Hole {
        /// How many; never 0.
        bytes: u64,
    },
}

impl Piece {
    /// Bytes of the content that this run covers.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Chunk(chunk) => u64::from(chunk.bytes),
            Self::Hole { bytes } => *bytes,
        }
    }
}

/// A chunk that holds a part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ListRef {
    /// The chunk with the list.
    pub chunk: ChunkRef,
    /// Bytes of the content that the list covers, so that a range is found without reading every
    /// list; never 0.
    pub covers: u64,
}

/// Everything that a file or directory contains, in order.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct Content {
    /// Length, bytes, holes included.
    pub bytes: u64,
    /// The bytes, or where they are.
    pub body: Body,
}

/// How a content is held.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Body {
    /// The bytes themselves, at most [`INLINE_BYTES_MAX`].
    Inline(Vec<u8>),
    /// The runs.
    Pieces(Vec<Piece>),
    /// Chunks that hold the runs (`depth` 1), or chunks that hold such references (`depth` above
    /// 1), so that an entry stays small at any size of its content.
    Lists {
        /// Levels of lists, 1 to [`DEPTH_MAX`].
        depth: u8,
        /// The lists of the highest level.
        lists: Vec<ListRef>,
    },
}

impl Content {
    /// A content that stands in its entry, or nothing if it is too long for that.
    pub fn inline(bytes: &[u8]) -> Option<Self> {
        (bytes.len() <= INLINE_BYTES_MAX)
            .then(|| Self { bytes: bytes.len() as u64, body: Body::Inline(bytes.to_vec()) })
    }

    /// The empty content.
    pub fn empty() -> Self {
        Self { bytes: 0, body: Body::Inline(Vec::new()) }
    }

    /// Whether lengths and levels fit together; what does not is refused by the decoder.
    pub(crate) fn is_sound(&self) -> bool {
        match &self.body {
            Body::Inline(bytes) => {
                bytes.len() <= INLINE_BYTES_MAX && bytes.len() as u64 == self.bytes
            }
            Body::Pieces(pieces) => {
                sum(pieces.iter().map(Piece::bytes)) == Some(self.bytes) && !pieces.is_empty()
            }
            Body::Lists { depth, lists } => {
                (1..=DEPTH_MAX).contains(depth)
                    && !lists.is_empty()
                    && lists.iter().all(|list| list.chunk.bytes > 0)
                    && sum(lists.iter().map(|list| list.covers)) == Some(self.bytes)
            }
        }
    }
}

/// The sum, if none is 0 and all together fit.
pub(crate) fn sum(mut lengths: impl Iterator<Item = u64>) -> Option<u64> {
    lengths.try_fold(0_u64, |sum, length| if length == 0 { None } else { sum.checked_add(length) })
}

impl BorshDeserialize for Content {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let bytes = u64::deserialize_reader(reader)?;
        let body = Body::deserialize_reader(reader)?;
        let content = Self { bytes, body };
        if content.is_sound() { Ok(content) } else { Err(io::ErrorKind::InvalidData.into()) }
    }
}
