//! Cuts a file where its content says so: FastCDC v2020, keyed, frozen.
//!
//! The cut points are wire format: with others, nothing of what is stored would be found again. So
//! the algorithm stands here and not in a library; with the published table it cuts where the crate
//! `fastcdc` does. The table is keyed, for the lengths of chunks would otherwise tell which known
//! files are stored (Truong et al., Real World Crypto 2025).
//! Source: Xia et al., "The design of fast content-defined chunking", IEEE TPDS 31(9), 2020;
//! docs/protocols/coding.md.

use std::ops::Range;

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
    tables: Box<Tables>,
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
        let tables = Tables { one: table, two: table.map(|number| number << 1) };
        Chunker { sizes, tables: Box::new(tables), strict: mask(bits + 1), loose: mask(bits - 1) }
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
            let mut gear = Gear { tables: &self.tables, hash: 0 };
            let middle = average.min(end);
            gear.find(window, min..middle, self.strict)
                .or_else(|| gear.find(window, middle..end, self.loose))
        } else {
            None
        };
        found.or_else(|| (is_complete && !window.is_empty()).then_some(window.len()))
    }
}

/// The numbers of the bytes, and their doubles.
#[derive(Clone, Zeroize)]
struct Tables {
    one: [u64; 256],
    two: [u64; 256],
}

impl Drop for Tables {
    fn drop(&mut self) {
        self.zeroize();
    }
}

/// Bytes after which nothing is left of a byte in the hash.
const MEMORY: usize = 64;
/// Bytes that two lanes scan at a time: few, for what the second scans behind a cut is in vain.
const LANE: usize = 8 * 1024;

/// The rolling hash: each byte doubles it and adds its number.
#[derive(Clone, Copy)]
struct Gear<'a> {
    tables: &'a Tables,
    hash: u64,
}

impl Gear<'_> {
    /// The first position in `range` with whose byte the hash has no bit of `mask`. At least
    /// [`MEMORY`] bytes must be before `range`.
    ///
    /// Each step of the hash waits for the one before. So two lanes go side by side, the second from
    /// where the first will end, and each takes two bytes a step, as section 3.7 of the paper has it.
    fn find(&mut self, window: &[u8], range: Range<usize>, mask: u64) -> Option<usize> {
        let mut at = range.start;
        while range.end - at >= 2 * LANE {
            let (first, second) = (at..at + LANE, at + LANE..at + 2 * LANE);
            let mut ahead = Gear { hash: 0, ..*self };
            window[second.start - MEMORY..second.start].iter().for_each(|&byte| ahead.add(byte));
            let (pairs, _) = window[first.clone()].as_chunks();
            let (pairs_ahead, _) = window[second.clone()].as_chunks();
            for (i, (pair, pair_ahead)) in pairs.iter().zip(pairs_ahead).enumerate() {
                let before = (*self, ahead);
                if self.add_two(*pair, mask) | ahead.add_two(*pair_ahead, mask) {
                    let (mut gear, mut ahead) = before;
                    return gear.find_alone(window, first.start + 2 * i..first.end, mask).or_else(
                        || ahead.find_alone(window, second.start + 2 * i..second.end, mask),
                    );
                }
            }
            self.hash = ahead.hash;
            at = second.end;
        }
        self.find_alone(window, at..range.end, mask)
    }

    fn find_alone(&mut self, window: &[u8], range: Range<usize>, mask: u64) -> Option<usize> {
        range.clone().zip(&window[range]).find_map(|(position, &byte)| {
            self.add(byte);
            (self.hash & mask == 0).then_some(position)
        })
    }

    #[inline]
    fn add(&mut self, byte: u8) {
        self.hash = (self.hash << 1).wrapping_add(self.tables.one[usize::from(byte)]);
    }

    /// Adds two bytes; whether the hash had no bit of `mask` after either.
    #[inline]
    fn add_two(&mut self, [first, second]: [u8; 2], mask: u64) -> bool {
        let twice = (self.hash << 2).wrapping_add(self.tables.two[usize::from(first)]);
        self.hash = twice.wrapping_add(self.tables.one[usize::from(second)]);
        (twice & (mask << 1) == 0) | (self.hash & mask == 0)
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
