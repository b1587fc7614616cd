//! One stream of sealed chunks, cut into blocks: data in one lane, the catalog in another.

use base::SymmetricKey;
use codec::{Filled, Finished, Packer, Shape, Stripe};

use crate::format::BlockKind;

/// The most chunks that begin in one block, so that very small ones cannot fill the memory.
pub(crate) const CHUNKS_PER_BLOCK_MAX: usize = 32 * 1024;
/// Stripes that are kept for the next blocks.
const SPARE_MAX: usize = 2;

/// A block of a run by its kind and its number among those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    pub(crate) kind: BlockKind,
    pub(crate) number: u64,
}

/// A part of a sealed chunk within one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) slot: Slot,
    pub(crate) offset: u32,
    pub(crate) length: u32,
}

/// Buffers that wait for their next block: fresh memory costs more than coding.
pub(crate) struct Stripes {
    shape: Shape,
    spare: Vec<Stripe>,
}

impl Stripes {
    pub(crate) fn new(shape: Shape) -> Self {
        Self { shape, spare: Vec::new() }
    }

    pub(crate) fn take(&mut self) -> Stripe {
        self.spare.pop().unwrap_or_else(|| Stripe::new(self.shape))
    }

    pub(crate) fn give_back(&mut self, stripe: Stripe) {
        if stripe.shape() == self.shape && self.spare.len() < SPARE_MAX {
            self.spare.push(stripe);
        }
    }
}

/// Packs chunks into blocks of one kind.
pub(crate) struct Lane {
    kind: BlockKind,
    padding: SymmetricKey,
    /// None while no block is begun.
    packer: Option<Packer>,
    /// Blocks filled by packers before this one.
    before: u64,
    /// Blocks filled by this packer.
    filled: u64,
    /// Chunks that begin in the block in hand.
    chunks: usize,
}

impl Lane {
    /// `padding` must be random and new for each run.
    pub(crate) fn new(kind: BlockKind, padding: SymmetricKey) -> Self {
        Self { kind, padding, packer: None, before: 0, filled: 0, chunks: 0 }
    }

    /// Packs a chunk: where it stands, and which blocks it filled.
    pub(crate) fn put(
        &mut self,
        sealed: &[u8],
        stripes: &mut Stripes,
    ) -> (Vec<Part>, Vec<(Slot, Filled)>) {
        let packer = self.packer.get_or_insert_with(|| Packer::new(stripes.take()));
        let (kind, before) = (self.kind, self.before);
        let length = u32::try_from(sealed.len()).expect("a sealed chunk is a little over 4 MiB");
        let parts = packer.span(length).extents(stripes.shape).map(|extent| Part {
            slot: Slot { kind, number: before + u64::from(extent.block) },
            offset: extent.offset,
            length: extent.bytes,
        });
        let parts = parts.collect();
        self.chunks += 1;
        let mut full = Vec::new();
        let mut rest = sealed;
        loop {
            rest = packer.fill(rest);
            if packer.is_full() {
                let filled = packer.replace(stripes.take());
                full.push((Slot { kind, number: before + self.filled }, filled));
                self.filled += 1;
                self.chunks = 0;
            }
            if rest.is_empty() {
                break;
            }
        }
        if self.chunks >= CHUNKS_PER_BLOCK_MAX {
            full.extend(self.flush(stripes));
        }
        (parts, full)
    }

    /// The block in hand, padded, if anything is in it. What comes next begins another.
    pub(crate) fn flush(&mut self, stripes: &mut Stripes) -> Option<(Slot, Filled)> {
        let packer = self.packer.take()?;
        let number = self.before + self.filled;
        let padding = self.padding.derive(PADDING, &number.to_le_bytes());
        self.before = number;
        self.filled = 0;
        self.chunks = 0;
        match packer.finish(&padding) {
            Finished::Nothing(stripe) => {
                stripes.give_back(stripe);
                None
            }
            Finished::Last(filled) => {
                self.before += 1;
                Some((Slot { kind: self.kind, number }, filled))
            }
        }
    }

    /// The number of the block in hand or next begun: all before are handed out.
    pub(crate) fn next_number(&self) -> u64 {
        self.before + self.filled
    }
}

const PADDING: &str = "bitdust drive padding v1";
