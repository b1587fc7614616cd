//! The ways to multiply fragments by coefficients, and which of them this processor can run.
//!
//! A kernel computes a group of rows over a range of positions. It keeps the sums of all rows of
//! the group in registers while it passes over the sources, so each source byte is read once for
//! each group. All kernels give the same bytes.

use std::fmt;
use std::ops::Range;

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

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
        #[cfg(target_arch = "x86_64")]
        return x86::is_available(self);
        #[cfg(not(target_arch = "x86_64"))]
        return self == Kernel::Portable;
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

/// The coefficients of a group of rows in the form its kernel wants.
#[derive(Clone, Debug)]
pub(crate) enum Tables {
    /// For the vector kernels.
    #[cfg(target_arch = "x86_64")]
    X86(x86::Tables),
    /// A list of additions for each row.
    Portable(Vec<portable::Row>),
}

impl Tables {
    /// Prepares at most [`Kernel::rows_max`] rows of `columns` coefficients each.
    pub(crate) fn new(kernel: Kernel, columns: usize, coefficients: &[u8]) -> Tables {
        debug_assert!(coefficients.len() / columns <= kernel.rows_max());
        #[cfg(target_arch = "x86_64")]
        {
            let rows = coefficients.len() / columns;
            let by_column = (0..columns)
                .flat_map(|column| (0..rows).map(move |row| coefficients[row * columns + column]));
            if let Some(tables) = x86::Tables::new(kernel, by_column) {
                return Tables::X86(tables);
            }
        }
        Tables::Portable(coefficients.chunks(columns).map(portable::Row::new).collect())
    }

    /// Fills `range` of each output. All buffers must reach to the end of `range`, and there must be
    /// as many sources and outputs as columns and rows: otherwise this panics, by a bug of ours.
    pub(crate) fn run(&self, sources: &[&[u8]], outputs: &mut [&mut [u8]], range: Range<usize>) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Tables::X86(tables) => tables.run(sources, outputs, range),
            Tables::Portable(rows) => {
                for (row, output) in rows.iter().zip(outputs) {
                    row.run(sources, output, range.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
