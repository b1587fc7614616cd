//! How large fragments and blocks may be.

use erasure::Code;

/// The longest block without its parity, bytes.
pub const BLOCK_BYTES_MAX: usize = 16 << 20;

/// A length of fragments: 4 KiB·2ⁱ, at most 1 MiB. Only nine lengths exist, so that a length tells
/// little about the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FragmentClass(u8);

impl FragmentClass {
    /// 4 KiB.
    pub const SMALLEST: FragmentClass = FragmentClass(0);
    /// 1 MiB.
    pub const LARGEST: FragmentClass = FragmentClass(8);

    /// The class of fragments that are `bytes` long, if there is one.
    pub fn of(bytes: usize) -> Option<FragmentClass> {
        FragmentClass::all().find(|class| class.bytes() == bytes)
    }

    /// All classes, the smallest first.
    pub fn all() -> impl DoubleEndedIterator<Item = FragmentClass> {
        (0..=8).map(FragmentClass)
    }

    /// The length of a fragment of this class.
    pub fn bytes(self) -> usize {
        4096 << self.0
    }
}

/// The numbers of a code: how many data and parity fragments a block has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    data: u8,
    parity: u8,
}

/// Numbers that no block can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{data} data and {parity} parity fragments: each must be at least 1, both at most 255")]
pub struct ShapeError {
    /// Data fragments asked for.
    pub data: usize,
    /// Parity fragments asked for.
    pub parity: usize,
}

impl Shape {
    /// `data` (k) and `parity` (m) fragments.
    ///
    /// # Errors
    /// When k or m is 0, or k + m > 255.
    pub fn new(data: usize, parity: usize) -> Result<Shape, ShapeError> {
        let possible = data > 0 && parity > 0 && data.saturating_add(parity) <= Code::FRAGMENTS_MAX;
        match (u8::try_from(data), u8::try_from(parity)) {
            (Ok(data), Ok(parity)) if possible => Ok(Shape { data, parity }),
            _ => Err(ShapeError { data, parity }),
        }
    }

    /// k.
    pub fn data(self) -> usize {
        usize::from(self.data)
    }

    /// m.
    pub fn parity(self) -> usize {
        usize::from(self.parity)
    }

    /// k + m.
    pub fn total(self) -> usize {
        self.data() + self.parity()
    }

    /// The class of all blocks of a run but the last: the largest with which k fragments stay within
    /// [`BLOCK_BYTES_MAX`].
    pub fn full_class(self) -> FragmentClass {
        let fits = |class: &FragmentClass| class.bytes() * self.data() <= BLOCK_BYTES_MAX;
        FragmentClass::all().rev().find(fits).unwrap_or(FragmentClass::SMALLEST)
    }

    /// Bytes of a full block without its parity.
    pub fn full_block_bytes(self) -> usize {
        self.full_class().bytes() * self.data()
    }

    /// The smallest class whose k fragments hold `bytes`; no more than a full block is asked for.
    pub(crate) fn class_for(self, bytes: usize) -> FragmentClass {
        let holds = |class: &FragmentClass| class.bytes() * self.data() >= bytes;
        FragmentClass::all().find(holds).unwrap_or(self.full_class())
    }
}

#[cfg(test)]
mod tests;
