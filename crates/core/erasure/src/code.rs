//! The code itself: how many data and parity fragments, and the parity of given data.

use crate::field::{self, ORDER};
use crate::kernel::Kernel;
use crate::matrix::{Matrix, ShapeError};
use crate::plan::{Plan, PlanError};

/// Numbers that make no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// There must be at least one data fragment.
    #[error("a code needs at least one data fragment")]
    NoData,
    /// There must be at least one parity fragment.
    #[error("a code needs at least one parity fragment")]
    NoParity,
    /// The field has room for 255 fragments.
    #[error("{data} data and {parity} parity fragments are more than {max} together", max = Code::FRAGMENTS_MAX)]
    TooMany {
        /// Data fragments asked for.
        data: usize,
        /// Parity fragments asked for.
        parity: usize,
    },
    /// This machine cannot run the kernel that was asked for.
    #[error("this processor has no {0}")]
    Kernel(Kernel),
}

/// A systematic Cauchy code: fragments 0 … k−1 are the data, k … k+m−1 the parity, and parity i is
/// the sum of `inv((k+i) XOR j)`·data j.
///
/// Positions within fragments are independent, so any range of all fragments can be coded alone.
/// A parity fragment does not depend on `m`: more parity can be added later.
/// Source: docs/protocols/coding.md; the same bytes as ISA-L's `gf_gen_cauchy1_matrix`.
#[derive(Clone, Debug)]
pub struct Code {
    data: usize,
    parity: usize,
    matrix: Matrix,
}

impl Code {
    /// The largest k + m.
    pub const FRAGMENTS_MAX: usize = 255;

    /// The code of `data` (k) and `parity` (m) fragments, with this machine's fastest kernel.
    ///
    /// # Errors
    /// When k or m is 0, or k + m > 255.
    pub fn new(data: usize, parity: usize) -> Result<Code, CodeError> {
        Code::with_kernel(data, parity, Kernel::best())
    }

    /// As [`Code::new`], with a kernel of choice: for tests and measurements.
    ///
    /// # Errors
    /// As [`Code::new`], and when this processor cannot run `kernel`.
    pub fn with_kernel(data: usize, parity: usize, kernel: Kernel) -> Result<Code, CodeError> {
        if data == 0 {
            return Err(CodeError::NoData);
        }
        if parity == 0 {
            return Err(CodeError::NoParity);
        }
        if data.saturating_add(parity) > Code::FRAGMENTS_MAX {
            return Err(CodeError::TooMany { data, parity });
        }
        if !kernel.is_available() {
            return Err(CodeError::Kernel(kernel));
        }
        let coefficients: Vec<u8> = (data..data + parity)
            .flat_map(|row| (0..data).map(move |column| inverse_of_difference(row, column)))
            .collect();
        Ok(Code { data, parity, matrix: Matrix::new(kernel, data, &coefficients) })
    }

    /// k, the number of data fragments and of fragments needed to restore everything.
    pub fn data(&self) -> usize {
        self.data
    }

    /// m, the number of parity fragments and of fragments that may be lost.
    pub fn parity(&self) -> usize {
        self.parity
    }

    /// k + m.
    pub fn total(&self) -> usize {
        self.data + self.parity
    }

    /// The kernel in use.
    pub fn kernel(&self) -> Kernel {
        self.matrix.kernel()
    }

    /// Computes all `parity` fragments from all `data` fragments.
    ///
    /// # Errors
    /// When the numbers of buffers are not k and m, or the buffers differ in length.
    pub fn encode(&self, data: &[&[u8]], parity: &mut [&mut [u8]]) -> Result<(), ShapeError> {
        self.matrix.apply(data, parity)
    }

    /// Plans how to make the fragments `wanted`, data or parity, from k of those `present`
    /// (k + m flags by index).
    ///
    /// Cheap, O(k² + k·|wanted|), but worth keeping for many blocks with the same survivors.
    ///
    /// # Errors
    /// When fewer than k are present, or the arguments do not fit this code.
    pub fn plan(&self, present: &[bool], wanted: &[usize]) -> Result<Plan, PlanError> {
        Plan::new(self, present, wanted)
    }
}

/// 1 / (a − b) in the field, for different fragment indices below 255.
fn inverse_of_difference(a: usize, b: usize) -> u8 {
    field::exp(ORDER - log_of_difference(a, b))
}

/// The logarithm of a − b in the field, for different fragment indices below 255.
pub(crate) fn log_of_difference(a: usize, b: usize) -> u32 {
    debug_assert!(a != b && a < Code::FRAGMENTS_MAX && b < Code::FRAGMENTS_MAX);
    field::log((a ^ b) as u8)
}

#[cfg(test)]
mod tests;
