//! The vector kernels of x86-64 and their tables.

use std::ops::Range;

use super::Kernel;
use crate::field::mul;

mod avx2;
mod gfni256;
mod gfni512;

/// For each coefficient c the 8×8 bit matrix of "multiply by c" as `GF2P8AFFINEQB` wants it: the
/// row of output bit i is byte 7−i, and bit j of that row is bit i of c·2ʲ.
static AFFINE: [u64; 256] = affine_table();
/// For each coefficient c the products c·n (16 bytes) and c·16n (16 bytes) for 0 ≤ n < 16.
static NIBBLES: [[u8; 32]; 256] = nibble_table();

/// The coefficients of a group of rows, column by column, `rows` for each column.
#[derive(Clone, Debug)]
pub(crate) enum Tables {
    /// Bit matrices.
    Gfni512(Vec<u64>),
    /// Bit matrices.
    Gfni256(Vec<u64>),
    /// Tables of products.
    Avx2(Vec<[u8; 32]>),
}

/// Whether this processor can run the kernel.
pub(super) fn is_available(kernel: Kernel) -> bool {
    match kernel {
        Kernel::Gfni512 => gfni512::is_available(),
        Kernel::Gfni256 => gfni256::is_available(),
        Kernel::Avx2 => avx2::is_available(),
        Kernel::Portable => true,
    }
}

impl Tables {
    /// Prepares coefficients given column by column, if the kernel is one of these.
    pub(super) fn new(kernel: Kernel, by_column: impl Iterator<Item = u8>) -> Option<Tables> {
        let by_column = by_column.map(usize::from);
        match kernel {
            Kernel::Gfni512 => Some(Tables::Gfni512(by_column.map(|c| AFFINE[c]).collect())),
            Kernel::Gfni256 => Some(Tables::Gfni256(by_column.map(|c| AFFINE[c]).collect())),
            Kernel::Avx2 => Some(Tables::Avx2(by_column.map(|c| NIBBLES[c]).collect())),
            Kernel::Portable => None,
        }
    }

    /// See [`super::Tables::run`].
    pub(super) fn run(&self, sources: &[&[u8]], outputs: &mut [&mut [u8]], range: Range<usize>) {
        match self {
            Tables::Gfni512(tables) => gfni512::run(tables, sources, outputs, range),
            Tables::Gfni256(tables) => gfni256::run(tables, sources, outputs, range),
            Tables::Avx2(tables) => avx2::run(tables, sources, outputs, range),
        }
    }
}

/// What each kernel asserts before it leaves Rust's checks behind.
fn assert_shape(tables: usize, sources: &[&[u8]], outputs: &[&mut [u8]], range: &Range<usize>) {
    assert_eq!(tables, sources.len() * outputs.len(), "a table for each row and column");
    assert!(range.start <= range.end, "a range forwards");
    assert!(sources.iter().all(|s| s.len() >= range.end), "sources reach to the end of the range");
    assert!(outputs.iter().all(|o| o.len() >= range.end), "outputs reach to the end of the range");
}

/// Calls the function made for the number of outputs; it must be one of those listed.
macro_rules! by_rows {
    (unsafe $group:ident($tables:ident, $sources:ident, $outputs:ident, $range:ident);
     $($rows:literal)*) => {
        match $outputs.len() {
            $($rows => unsafe { $group::<$rows>($tables, $sources, $outputs, $range) },)*
            rows => unreachable!("a group of {rows} rows"),
        }
    };
}
use by_rows;

const fn affine_table() -> [u64; 256] {
    let mut table = [0; 256];
    let mut c = 0;
    while c < 256 {
        let mut bit = 0;
        while bit < 64 {
            let (row, column) = (bit / 8, bit % 8);
            if mul(c as u8, 1 << column) >> row & 1 != 0 {
                table[c] |= 1 << ((7 - row) * 8 + column);
            }
            bit += 1;
        }
        c += 1;
    }
    table
}

const fn nibble_table() -> [[u8; 32]; 256] {
    let mut table = [[0; 32]; 256];
    let mut c = 0;
    while c < 256 {
        let mut n = 0;
        while n < 16 {
            table[c][n] = mul(c as u8, n as u8);
            table[c][16 + n] = mul(c as u8, (n << 4) as u8);
            n += 1;
        }
        c += 1;
    }
    table
}

#[cfg(test)]
mod tests;
