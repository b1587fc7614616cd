//! The memory of one block: its data fragments, then its parity, in one aligned run of bytes.

use crate::shape::{FragmentClass, Shape};

/// Vector loads must not straddle two cache lines.
const ALIGNMENT: usize = 64;

/// A buffer for a block and its parity, to be used again and again: fresh memory costs more than the
/// code. Large enough for a full block from the start.
pub struct Stripe {
    memory: Vec<u8>,
    start: usize,
    shape: Shape,
    class: FragmentClass,
    used: usize,
}

impl Stripe {
    /// An empty stripe; takes (k + m) × the full fragment length of memory.
    pub fn new(shape: Shape) -> Stripe {
        let class = shape.full_class();
        let memory = vec![0; class.bytes() * shape.total() + ALIGNMENT];
        let start = memory.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        Stripe { memory, start, shape, class, used: 0 }
    }

    /// The numbers of fragments.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The length of the fragments: the full class until the stripe is padded to a smaller one.
    pub fn class(&self) -> FragmentClass {
        self.class
    }

    /// Bytes of data that were put in and are not padding.
    pub fn used(&self) -> usize {
        self.used
    }

    /// Whether all data fragments are full.
    pub fn is_full(&self) -> bool {
        self.used == self.class.bytes() * self.shape.data()
    }

    /// Forgets the content, to begin another block.
    pub fn clear(&mut self) {
        self.class = self.shape.full_class();
        self.used = 0;
    }

    /// All data fragments as one run of bytes.
    pub fn data(&self) -> &[u8] {
        &self.memory[self.start..][..self.class.bytes() * self.shape.data()]
    }

    /// One fragment, if there is one of this index.
    pub fn fragment(&self, index: usize) -> Option<&[u8]> {
        let length = self.class.bytes();
        (index < self.shape.total()).then(|| &self.memory[self.start + index * length..][..length])
    }

    /// One fragment, to be masked where it stands once the block is coded.
    pub fn fragment_mut(&mut self, index: usize) -> Option<&mut [u8]> {
        let (start, length) = (self.start + index * self.class.bytes(), self.class.bytes());
        (index < self.shape.total()).then(|| &mut self.memory[start..][..length])
    }

    /// All fragments by index.
    pub fn fragments(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let length = self.class.bytes();
        self.memory[self.start..][..length * self.shape.total()].chunks_exact(length)
    }

    /// Data and parity apart, to compute one from the other.
    pub(crate) fn split_mut(&mut self) -> (Vec<&[u8]>, Vec<&mut [u8]>) {
        let length = self.class.bytes();
        let all = &mut self.memory[self.start..][..length * self.shape.total()];
        let (data, parity) = all.split_at_mut(length * self.shape.data());
        (data.chunks_exact(length).collect(), parity.chunks_exact_mut(length).collect())
    }

    /// Puts in as much as there is room for and returns the rest.
    pub(crate) fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let capacity = self.class.bytes() * self.shape.data();
        let (now, rest) = bytes.split_at(bytes.len().min(capacity - self.used));
        self.memory[self.start + self.used..][..now.len()].copy_from_slice(now);
        self.used += now.len();
        rest
    }

    /// Takes the smallest class that holds what is used, and returns what is left to be padded.
    pub(crate) fn close(&mut self) -> &mut [u8] {
        self.class = self.shape.class_for(self.used);
        let end = self.class.bytes() * self.shape.data();
        &mut self.memory[self.start + self.used..self.start + end]
    }
}
