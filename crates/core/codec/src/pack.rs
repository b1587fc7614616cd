//! Packs the sealed chunks of a run into blocks: one stream of bytes, cut every k fragments.
//!
//! A chunk may begin in one block and end in the next, so full blocks have no padding and a chunk's
//! place is just a span of the stream. The last block is padded to the smallest class that holds it.

use base::SymmetricKey;

use crate::labels;
use crate::shape::Shape;
use crate::stripe::Stripe;

/// Where a chunk stands in the stream of its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Position of its first byte in the stream.
    pub start: u64,
    /// Length of the sealed chunk.
    pub bytes: u32,
}

/// A part of a chunk within one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Extent {
    /// The block's number in its run, from 0.
    pub block: u32,
    /// Position in the block's data.
    pub offset: u32,
    /// Length, at least 1.
    pub bytes: u32,
}

impl Span {
    /// The parts of the span in the blocks that it touches, in order. Blocks of a run have
    /// [`Shape::full_block_bytes`] each.
    pub fn extents(self, shape: Shape) -> impl Iterator<Item = Extent> {
        let block_bytes = shape.full_block_bytes() as u64;
        let end = self.start.saturating_add(u64::from(self.bytes));
        let mut at = self.start;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            // Runs beyond 2³² blocks of at least 1 MiB do not exist.
            let block = u32::try_from(at / block_bytes).ok()?;
            let offset = at % block_bytes;
            let bytes = (end - at).min(block_bytes - offset);
            at += bytes;
            // Both are below the length of a block.
            Some(Extent { block, offset: offset as u32, bytes: bytes as u32 })
        })
    }
}

/// A block ready to be coded.
pub struct Filled {
    /// The block's number in its run, from 0.
    pub block: u32,
    /// Its data fragments, all full; the parity is not computed yet.
    pub stripe: Stripe,
}

/// What a run ends with.
pub enum Finished {
    /// The last block, padded.
    Last(Filled),
    /// All blocks were full, or there was nothing: the stripe in hand was not needed.
    Nothing(Stripe),
}

/// Fills one stripe after another.
///
/// For each sealed chunk: note [`Packer::span`], then call [`Packer::fill`] until nothing is left,
/// and whenever [`Packer::is_full`], take the block with [`Packer::replace`].
pub struct Packer {
    stripe: Stripe,
    block: u32,
}

impl Packer {
    /// Begins a run with an empty stripe.
    pub fn new(mut stripe: Stripe) -> Packer {
        stripe.clear();
        Packer { stripe, block: 0 }
    }

    /// Where the next chunk, `bytes` long, will stand.
    pub fn span(&self, bytes: u32) -> Span {
        let full = self.stripe.shape().full_block_bytes() as u64;
        Span { start: u64::from(self.block) * full + self.stripe.used() as u64, bytes }
    }

    /// Takes as much of `sealed` as the block has room for and returns the rest.
    pub fn fill<'a>(&mut self, sealed: &'a [u8]) -> &'a [u8] {
        self.stripe.fill(sealed)
    }

    /// Whether the block must be replaced before anything more can be taken.
    pub fn is_full(&self) -> bool {
        self.stripe.is_full()
    }

    /// Hands out the full block and goes on with `empty`.
    ///
    /// # Panics
    /// When the block is not full or `empty` has another shape: a mistake of the caller.
    pub fn replace(&mut self, mut empty: Stripe) -> Filled {
        assert!(self.is_full(), "only full blocks are replaced");
        assert!(empty.shape() == self.stripe.shape(), "a run has one shape");
        empty.clear();
        let stripe = std::mem::replace(&mut self.stripe, empty);
        let block = self.block;
        self.block += 1;
        Filled { block, stripe }
    }

    /// Ends the run. The padding looks like everything else that is sealed; `padding_key` must be
    /// random and new for each run.
    pub fn finish(mut self, padding_key: &SymmetricKey) -> Finished {
        if self.stripe.used() == 0 {
            return Finished::Nothing(self.stripe);
        }
        blake3::Hasher::new_derive_key(labels::PADDING)
            .update(&padding_key.0)
            .update(&self.block.to_le_bytes())
            .finalize_xof()
            .fill(self.stripe.close());
        Finished::Last(Filled { block: self.block, stripe: self.stripe })
    }
}

#[cfg(test)]
mod tests;
