//! Proofs that a range of a fragment is there, for somebody who knows its root only.
//!
//! The root is the BLAKE3 hash of the fragment, whose tree is perfect because fragments are powers of
//! two. The proof is the range and the hashes beside its way up: at most 1.4 KiB for 1 KiB of the
//! largest fragment. Source: BLAKE3 specification, section 2.1; docs/protocols/coding.md.

use base::{Hash, Wire};
use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root,
};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::shape::FragmentClass;

/// The leaves of the tree.
const LEAF: usize = blake3::CHUNK_LEN;

/// A range of a fragment and what leads from it to the root.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RangeProof {
    /// The range is 2 to the power of `level` KiB long.
    pub level: u8,
    /// How many ranges of this length are before it.
    pub index: u32,
    /// The bytes of the range.
    pub bytes: Vec<u8>,
    /// The hashes beside the way, from the range up.
    pub siblings: Vec<Hash>,
}

/// Why a range is not proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// No fragment has the given length.
    #[error("no fragment is {bytes} bytes long")]
    Length {
        /// The length given.
        bytes: usize,
    },
    /// The range is not one of this fragment.
    #[error("range {index} of 2^{level} KiB is outside the fragment")]
    Range {
        /// The level asked for.
        level: u8,
        /// The index asked for.
        index: u32,
    },
    /// The proof has not the bytes or the hashes that its range needs.
    #[error("the proof has not the form of its range")]
    Form,
    /// The bytes do not lead to the root.
    #[error("the bytes are not those of the fragment")]
    Root,
}

impl Wire for RangeProof {
    /// A whole fragment of the largest class.
    const BYTES_MAX: usize = (1 << 20) + 64;
}

impl RangeProof {
    /// Proves range `index` of 2 to the power of `level` KiB of a fragment, masked or not: whatever
    /// the root is of. Costs one hash of the whole fragment.
    ///
    /// # Errors
    /// The fragment's length is of no class, or the range is not within it.
    pub fn make(fragment: &[u8], level: u8, index: u32) -> Result<RangeProof, ProofError> {
        let class = FragmentClass::of(fragment.len())
            .ok_or(ProofError::Length { bytes: fragment.len() })?;
        let depth = depth(class, level, index)?;
        let length = LEAF << level;
        let start = index as usize * length;
        let siblings = (0..depth)
            .map(|up| {
                let beside = (index >> up) ^ 1;
                let length = length << up;
                subtree(&fragment[beside as usize * length..][..length], beside as usize * length)
            })
            .map(Hash)
            .collect();
        let bytes = fragment[start..start + length].to_vec();
        Ok(RangeProof { level, index, bytes, siblings })
    }

    /// The proved bytes, if they are those of the fragment of this class with this root.
    ///
    /// The caller must compare `level` and `index` with what it has asked for.
    ///
    /// # Errors
    /// As [`ProofError`] says.
    pub fn verify(&self, class: FragmentClass, root: Hash) -> Result<&[u8], ProofError> {
        let depth = depth(class, self.level, self.index)?;
        if self.bytes.len() != LEAF << self.level || self.siblings.len() != depth as usize {
            return Err(ProofError::Form);
        }
        let computed = match self.siblings.split_last() {
            None => *blake3::hash(&self.bytes).as_bytes(),
            Some((last, lower)) => {
                let start = self.index as usize * self.bytes.len();
                let below = lower.iter().enumerate().fold(
                    subtree(&self.bytes, start),
                    |node, (up, sibling)| {
                        let (left, right) = ordered(node, sibling.0, self.index >> up);
                        merge_subtrees_non_root(&left, &right, Mode::Hash)
                    },
                );
                let (left, right) = ordered(below, last.0, self.index >> lower.len());
                *merge_subtrees_root(&left, &right, Mode::Hash).as_bytes()
            }
        };
        if computed == root.0 { Ok(&self.bytes) } else { Err(ProofError::Root) }
    }
}

/// How many levels are above a range, if it is one of a fragment of this class.
fn depth(class: FragmentClass, level: u8, index: u32) -> Result<u32, ProofError> {
    let height = (class.bytes() / LEAF).ilog2();
    match height.checked_sub(u32::from(level)) {
        Some(depth) if index < 1 << depth => Ok(depth),
        _ => Err(ProofError::Range { level, index }),
    }
}

/// The hash of a range that is not the whole fragment.
fn subtree(bytes: &[u8], start: usize) -> ChainingValue {
    blake3::Hasher::new().set_input_offset(start as u64).update(bytes).finalize_non_root()
}

/// A node and its sibling from left to right, by the node's place among its level.
fn ordered(
    node: ChainingValue,
    sibling: ChainingValue,
    place: u32,
) -> (ChainingValue, ChainingValue) {
    if place & 1 == 0 { (node, sibling) } else { (sibling, node) }
}

#[cfg(test)]
mod tests;
