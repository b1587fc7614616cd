//! What a block consists of: the roots of all its fragments. Its hash is the block's name.

use std::io::{Error, ErrorKind, Read, Write};

use base::{BlockId, Hash, Wire, encode, hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::fragment_root;
use crate::labels;
use crate::shape::{FragmentClass, Shape};

/// The roots of the unmasked fragments of a block. Immutable; only valid ones exist.
///
/// Encoded as k, m, fragment length (u32), then k + m roots, without a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    shape: Shape,
    class: FragmentClass,
    roots: Vec<Hash>,
}

/// Why bytes are not the fragment they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FragmentError {
    /// The block has fewer fragments.
    #[error("fragment {index} of {total}")]
    NoSuchFragment {
        /// The index asked for.
        index: usize,
        /// How many the block has.
        total: usize,
    },
    /// Cut off, or of another block.
    #[error("{got} bytes, the fragment has {expected}")]
    Length {
        /// The length of all fragments of the block.
        expected: usize,
        /// The length found.
        got: usize,
    },
    /// Damaged, or another fragment.
    #[error("the bytes are not those of fragment {index}")]
    Root {
        /// The index of the fragment.
        index: usize,
    },
}

/// A fragment that was compared with its manifest; made by [`Manifest::verify`] only.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'a> {
    pub(crate) index: usize,
    pub(crate) root: Hash,
    pub(crate) bytes: &'a [u8],
}

impl<'a> Verified<'a> {
    /// Its number in the block.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its bytes, unmasked.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// A range of one fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Which data fragment.
    pub fragment: usize,
    /// Where in the fragment.
    pub offset: usize,
    /// How much, at least 1.
    pub bytes: usize,
}

impl Manifest {
    pub(crate) fn new(shape: Shape, class: FragmentClass, roots: Vec<Hash>) -> Manifest {
        assert_eq!(roots.len(), shape.total(), "a root for each fragment");
        Manifest { shape, class, roots }
    }

    /// The name of the block: a hash of everything in the manifest.
    pub fn block_id(&self) -> BlockId {
        BlockId(hash(labels::BLOCK_ID, &encode(self)).0)
    }

    /// The numbers of data and parity fragments.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The length of each fragment.
    pub fn class(&self) -> FragmentClass {
        self.class
    }

    /// The roots by index.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Compares unmasked bytes with the root of fragment `index`.
    ///
    /// # Errors
    /// They are not that fragment.
    pub fn verify<'a>(&self, index: usize, bytes: &'a [u8]) -> Result<Verified<'a>, FragmentError> {
        let (expected, got) = (self.class.bytes(), bytes.len());
        let total = self.shape.total();
        let root = *self.roots.get(index).ok_or(FragmentError::NoSuchFragment { index, total })?;
        if got != expected {
            return Err(FragmentError::Length { expected, got });
        }
        if fragment_root(bytes) != root {
            return Err(FragmentError::Root { index });
        }
        Ok(Verified { index, root, bytes })
    }

    /// The ranges of data fragments that hold `bytes` bytes of the block from `offset` on, in order;
    /// what lies beyond the block is left out.
    pub fn pieces(&self, offset: usize, bytes: usize) -> impl Iterator<Item = Piece> + use<> {
        let length = self.class.bytes();
        let end = offset.saturating_add(bytes).min(length * self.shape.data());
        let mut at = offset;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let (fragment, offset) = (at / length, at % length);
            let bytes = (end - at).min(length - offset);
            at += bytes;
            Some(Piece { fragment, offset, bytes })
        })
    }
}

impl Wire for Manifest {
    const BYTES_MAX: usize = 1 + 2 + 4 + 255 * 32;
}

impl BorshSerialize for Manifest {
    fn serialize<W: Write>(&self, writer: &mut W) -> std::io::Result<()> {
        // Both numbers are at most 254.
        let shape = [self.shape.data() as u8, self.shape.parity() as u8];
        writer.write_all(&shape)?;
        writer.write_all(&(self.class.bytes() as u32).to_le_bytes())?;
        self.roots.iter().try_for_each(|root| writer.write_all(&root.0))
    }
}

impl BorshDeserialize for Manifest {
    fn deserialize_reader<R: Read>(reader: &mut R) -> std::io::Result<Self> {
        let malformed = || Error::from(ErrorKind::InvalidData);
        let [data, parity] = <[u8; 2]>::deserialize_reader(reader)?;
        let shape = Shape::new(data.into(), parity.into()).map_err(|_| malformed())?;
        let bytes = u32::deserialize_reader(reader)? as usize;
        let class = FragmentClass::of(bytes)
            .filter(|class| *class <= shape.full_class())
            .ok_or_else(malformed)?;
        let roots = (0..shape.total()).map(|_| Hash::deserialize_reader(reader));
        Ok(Manifest { shape, class, roots: roots.collect::<Result<_, _>>()? })
    }
}

#[cfg(test)]
mod tests;
