//! The ways to multiply fragments by coefficients, and which of them this processor can run.
//!
//! A kernel computes a group of rows over a range of positions. It keeps the sums of all rows of
//! the group in registers while it passes over the sources, so each source byte is read once for
//! each group. All kernels give the same bytes.

use std::fmt;
use std::ops::Range;

use crate::field;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod gfni256;
#[cfg(target_arch = "x86_64")]
mod gfni512;
mod portable;

/// A way to multiply by a matrix over GF(2⁸).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kernel {
    /// `GF2P8AFFINEQB` on 512-bit registers (x86-64 with GFNI, AVX-512F and AVX-512BW).
    Gfni512,
    /// `GF2P8AFFINEQB` on 256-bit registers (x86-64 with GFNI and AVX2).
    Gfni256,
    /// Two 16-entry table look-ups per byte with `PSHUFB` (x86-64 with AVX2).
    Avx2,
    /// Shifts and XORs that the compiler makes vector code of, on any processor.
    Portable,
}

impl Kernel {
    /// All kernels, fastest first.
    pub const ALL: [Kernel; 4] = [Kernel::Gfni512, Kernel::Gfni256, Kernel::Avx2, Kernel::Portable];

    /// The fastest kernel that this processor can run.
    pub fn best() -> Kernel {
        Kernel::ALL.into_iter().find(|kernel| kernel.is_available()).unwrap_or(Kernel::Portable)
    }

    /// Whether this processor can run the kernel.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Gfni512 => gfni512::is_available(),
            #[cfg(target_arch = "x86_64")]
            Kernel::Gfni256 => gfni256::is_available(),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => avx2::is_available(),
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::Gfni512 | Kernel::Gfni256 | Kernel::Avx2 => false,
            Kernel::Portable => true,
        }
    }

    /// How many rows the kernel has registers for.
    pub(crate) fn rows_max(self) -> usize {
        match self {
            Kernel::Gfni512 => 10,
            Kernel::Gfni256 => 6,
            Kernel::Avx2 => 4,
            Kernel::Portable => 1,
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kernel::Gfni512 => "GFNI with AVX-512",
            Kernel::Gfni256 => "GFNI with AVX2",
            Kernel::Avx2 => "AVX2",
            Kernel::Portable => "portable kernel",
        })
    }
}

/// The coefficients of a group of rows in the form its kernel wants, column by column.
#[derive(Clone, Debug)]
pub(crate) enum Tables {
    /// Bit matrices, `rows` for each column.
    #[cfg(target_arch = "x86_64")]
    Gfni512(Vec<u64>),
    /// Bit matrices, `rows` for each column.
    #[cfg(target_arch = "x86_64")]
    Gfni256(Vec<u64>),
    /// Tables of products, `rows` for each column.
    #[cfg(target_arch = "x86_64")]
    Avx2(Vec<[u8; 32]>),
    /// A list of additions for each row.
    Portable(Vec<portable::Row>),
}

impl Tables {
    /// Prepares at most [`Kernel::rows_max`] rows of `columns` coefficients each.
    pub(crate) fn new(kernel: Kernel, columns: usize, coefficients: &[u8]) -> Tables {
        let rows = coefficients.len() / columns;
        debug_assert!((1..=kernel.rows_max()).contains(&rows));
        let by_column = (0..columns).flat_map(|column| {
            (0..rows).map(move |row| usize::from(coefficients[row * columns + column]))
        });
        match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Gfni512 => Tables::Gfni512(by_column.map(|c| field::AFFINE[c]).collect()),
            #[cfg(target_arch = "x86_64")]
            Kernel::Gfni256 => Tables::Gfni256(by_column.map(|c| field::AFFINE[c]).collect()),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => Tables::Avx2(by_column.map(|c| field::NIBBLES[c]).collect()),
            _ => Tables::Portable(coefficients.chunks(columns).map(portable::Row::new).collect()),
        }
    }

    /// Fills `range` of each output. All buffers must reach to the end of `range`, and there must be
    /// as many sources and outputs as columns and rows: otherwise this panics, by a bug of ours.
    pub(crate) fn run(&self, sources: &[&[u8]], outputs: &mut [&mut [u8]], range: Range<usize>) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Tables::Gfni512(tables) => gfni512::run(tables, sources, outputs, range),
            #[cfg(target_arch = "x86_64")]
            Tables::Gfni256(tables) => gfni256::run(tables, sources, outputs, range),
            #[cfg(target_arch = "x86_64")]
            Tables::Avx2(tables) => avx2::run(tables, sources, outputs, range),
            Tables::Portable(rows) => {
                for (row, output) in rows.iter().zip(outputs) {
                    row.run(sources, output, range.clone());
                }
            }
        }
    }
}

/// What each vector kernel asserts before it leaves Rust's checks behind.
#[cfg(target_arch = "x86_64")]
fn assert_shape(tables: usize, sources: &[&[u8]], outputs: &[&mut [u8]], range: &Range<usize>) {
    assert_eq!(tables, sources.len() * outputs.len(), "a table for each row and column");
    assert!(range.start <= range.end, "a range forwards");
    assert!(sources.iter().all(|s| s.len() >= range.end), "sources reach to the end of the range");
    assert!(outputs.iter().all(|o| o.len() >= range.end), "outputs reach to the end of the range");
}

/// Calls the function made for the number of outputs; it must be one of those listed.
#[cfg(target_arch = "x86_64")]
macro_rules! by_rows {
    (unsafe $group:ident($tables:ident, $sources:ident, $outputs:ident, $range:ident);
     $($rows:literal)*) => {
        match $outputs.len() {
            $($rows => unsafe { $group::<$rows>($tables, $sources, $outputs, $range) },)*
            rows => unreachable!("a group of {rows} rows"),
        }
    };
}
#[cfg(target_arch = "x86_64")]
use by_rows;

#[cfg(test)]
mod tests;
