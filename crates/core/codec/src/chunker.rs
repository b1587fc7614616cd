//! Cuts a file where its content says so: FastCDC v2020, keyed, frozen.
//!
//! The cut points are wire format: with others, nothing of what is stored would be found again. So
//! the algorithm stands here and not in a library; with the published table it cuts where the crate
//! `fastcdc` does. The table is keyed, for the lengths of chunks would otherwise tell which known
//! files are stored (Truong et al., "Chunking attacks on file backup services", 2025).
//! Source: Xia et al., "The design of fast content-defined chunking", IEEE TPDS 31(9), 2020;
//! docs/protocols/coding.md.

use base::SymmetricKey;
use zeroize::Zeroize;

use crate::PLAIN_BYTES_MAX;
use crate::labels;

/// Bounds of the lengths of chunks, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    min: usize,
    average: usize,
    max: usize,
}

/// Bounds that the chunker does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "sizes of chunks must be even, ascending and at most 4 MiB, the average a power of two from 256"
)]
pub struct SizesError;

impl Sizes {
    /// 512 KiB, 1 MiB, 4 MiB: what all data is cut with. A minimum of half the average lets a third
    /// of all bytes pass unread; the mean comes out at 1.25 times the average.
    pub const STANDARD: Sizes = Sizes { min: 512 << 10, average: 1 << 20, max: 4 << 20 };

    /// Other sizes, for tests and measurements.
    ///
    /// # Errors
    /// See [`SizesError`].
    pub fn new(min: usize, average: usize, max: usize) -> Result<Sizes, SizesError> {
        let even = min.is_multiple_of(2) && max.is_multiple_of(2);
        let ascending = 64 <= min && min <= average && average <= max && max <= PLAIN_BYTES_MAX;
        let known = average.is_power_of_two() && average >= 256;
        if even && ascending && known { Ok(Sizes { min, average, max }) } else { Err(SizesError) }
    }

    /// No chunk is shorter but the last of a file.
    pub fn min(self) -> usize {
        self.min
    }

    /// The nominal average.
    pub fn average(self) -> usize {
        self.average
    }

    /// No chunk is longer.
    pub fn max(self) -> usize {
        self.max
    }
}

/// Finds the ends of chunks under one key.
#[derive(Clone)]
pub struct Chunker {
    sizes: Sizes,
    table: Box<[u64; 256]>,
    /// Applies before the average length: two bits more than `loose`.
    strict: u64,
    loose: u64,
}

impl Chunker {
    /// The chunker of a space, whose gear key never changes.
    pub fn new(sizes: Sizes, gear_key: &SymmetricKey) -> Chunker {
        let mut bytes = [0; 256 * 8];
        blake3::Hasher::new_derive_key(labels::GEAR_TABLE)
            .update(&gear_key.0)
            .finalize_xof()
            .fill(&mut bytes);
        let mut table = [0; 256];
        for (number, bytes) in table.iter_mut().zip(bytes.as_chunks().0) {
            *number = u64::from_le_bytes(*bytes);
        }
        bytes.zeroize();
        Chunker::with_table(sizes, table)
    }

    fn with_table(sizes: Sizes, table: [u64; 256]) -> Chunker {
        let bits = sizes.average.ilog2() as usize;
        Chunker { sizes, table: Box::new(table), strict: mask(bits + 1), loose: mask(bits - 1) }
    }

    /// The sizes in use.
    pub fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// The length of the chunk at the start of `buffer`, or `None` if more bytes are needed to know
    /// it. With `max` bytes or the end of the file in the buffer it is always known, but for an empty
    /// buffer; less is allowed, but what was scanned in vain is scanned again at the next call.
    ///
    /// The next chunk begins where this one ends; nothing is remembered between the calls.
    pub fn cut(&self, buffer: &[u8], end_of_file: bool) -> Option<usize> {
        let Sizes { min, average, max } = self.sizes;
        let is_complete = end_of_file || buffer.len() >= max;
        let window = &buffer[..buffer.len().min(max)];
        // An odd byte at the end is not looked at.
        let end = window.len() & !1;
        let found = if end > min {
            let mut gear = Gear { table: &self.table, hash: 0 };
            let middle = average.min(end);
            gear.find(window, min..middle, self.strict)
                .or_else(|| gear.find(window, middle..end, self.loose))
        } else {
            None
        };
        found.or_else(|| (is_complete && !window.is_empty()).then_some(window.len()))
    }
}

impl Drop for Chunker {
    fn drop(&mut self) {
        self.table.zeroize();
    }
}

/// The rolling hash: each byte doubles it and adds its number, so that after 64 bytes nothing is left
/// of a byte.
struct Gear<'a> {
    table: &'a [u64; 256],
    hash: u64,
}

impl Gear<'_> {
    /// The first position in `range` with whose byte the hash has no bit of `mask`.
    fn find(&mut self, window: &[u8], range: std::ops::Range<usize>, mask: u64) -> Option<usize> {
        for (position, &byte) in range.clone().zip(&window[range]) {
            self.hash = (self.hash << 1).wrapping_add(self.table[usize::from(byte)]);
            if self.hash & mask == 0 {
                return Some(position);
            }
        }
        None
    }
}

/// The mask of FastCDC's reference implementation for chunks of 2 to the power of `bits` bytes.
fn mask(bits: usize) -> u64 {
    MASKS[bits - 7]
}

/// From 2⁷ to 2²³ bytes: all that averages from 2⁸ to 2²² need with normalization level 1.
const MASKS: [u64; 17] = [
    0x0000_0000_1803_5100,
    0x0000_0018_0003_5300,
    0x0000_0190_0035_3000,
    0x0000_5900_0353_0000,
    0x0000_d900_0353_0000,
    0x0000_d901_0353_0000,
    0x0000_d903_0353_0000,
    0x0000_d903_1353_0000,
    0x0000_d90f_0353_0000,
    0x0000_d903_0353_7000,
    0x0000_d907_0353_7000,
    0x0000_d907_0753_7000,
    0x0000_d917_0753_7000,
    0x0000_d917_4753_7000,
    0x0000_d917_6753_7000,
    0x0000_d937_6753_7000,
    0x0000_d937_7753_7000,
];

#[cfg(test)]
mod tests;
