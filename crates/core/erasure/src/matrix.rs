//! Multiplies fragments by a matrix of coefficients: checks shapes, mines strips, groups rows.

use std::ops::Range;

use crate::kernel::{Kernel, Tables};

/// Buffers that do not fit a code or a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// The number of source buffers is not `k`.
    #[error("{got} source buffers, {expected} expected")]
    Sources {
        /// What the code needs.
        expected: usize,
        /// What was given.
        got: usize,
    },
    /// The number of buffers to fill is not the number of fragments to make.
    #[error("{got} output buffers, {expected} expected")]
    Outputs {
        /// What the code or plan makes.
        expected: usize,
        /// What was given.
        got: usize,
    },
    /// Not all buffers have one length.
    #[error("a buffer of {got} bytes among buffers of {expected}")]
    Length {
        /// Length of the first source, in bytes.
        expected: usize,
        /// Length of the buffer that differs, in bytes.
        got: usize,
    },
}

/// A matrix of coefficients, prepared for one kernel.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    columns: usize,
    groups: Vec<Group>,
    kernel: Kernel,
}

/// Neighbouring rows that a kernel computes together, keeping all their sums in registers.
#[derive(Clone, Debug)]
struct Group {
    rows: Range<usize>,
    tables: Tables,
}

impl Matrix {
    /// Prepares `coefficients`, given row by row with `columns` of them in each row.
    pub(crate) fn new(kernel: Kernel, columns: usize, coefficients: &[u8]) -> Matrix {
        let rows = coefficients.len() / columns;
        // Groups of nearly equal size: 13 rows are 7 and 6, not 10 and 3.
        let count = rows.div_ceil(kernel.rows_max());
        let groups = (0..count)
            .map(|g| {
                let rows = rows * g / count..rows * (g + 1) / count;
                let own = &coefficients[rows.start * columns..rows.end * columns];
                Group { tables: Tables::new(kernel, columns, own), rows }
            })
            .collect();
        Matrix { columns, groups, kernel }
    }

    pub(crate) fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// Fills each output with the sum of its row's coefficients times the sources.
    pub(crate) fn apply(
        &self,
        sources: &[&[u8]],
        outputs: &mut [&mut [u8]],
    ) -> Result<(), ShapeError> {
        let rows = self.groups.last().map_or(0, |group| group.rows.end);
        let length = self.check(sources, outputs, rows)?;
        let strip = strip_bytes(self.columns);
        for start in (0..length).step_by(strip) {
            let range = start..length.min(start + strip);
            for group in &self.groups {
                group.tables.run(sources, &mut outputs[group.rows.clone()], range.clone());
            }
        }
        Ok(())
    }

    fn check(
        &self,
        sources: &[&[u8]],
        outputs: &[&mut [u8]],
        rows: usize,
    ) -> Result<usize, ShapeError> {
        if sources.len() != self.columns {
            return Err(ShapeError::Sources { expected: self.columns, got: sources.len() });
        }
        if outputs.len() != rows {
            return Err(ShapeError::Outputs { expected: rows, got: outputs.len() });
        }
        let expected = sources.first().map_or(0, |first| first.len());
        let lengths = sources.iter().map(|s| s.len()).chain(outputs.iter().map(|o| o.len()));
        for got in lengths {
            if got != expected {
                return Err(ShapeError::Length { expected, got });
            }
        }
        Ok(expected)
    }
}

/// As many bytes of each source as stay in a second-level cache together while all groups of rows
/// pass over them.
fn strip_bytes(columns: usize) -> usize {
    (256 * 1024 / columns.max(1)).next_power_of_two().clamp(2 * 1024, 32 * 1024)
}
