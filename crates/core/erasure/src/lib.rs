//! Systematic Cauchy Reed–Solomon code over GF(2⁸) with run-time SIMD dispatch.
//!
//! The code is wire format: docs/protocols/coding.md freezes the field, the matrix and its check
//! values. What is here: [`Code`] makes parity from data, [`Code::plan`] says how any fragments
//! come back from any `k` of them, and [`Kernel`] names the ways to multiply by a matrix.
//!
//! Parity is not authentication: every fragment must be verified before it is used to rebuild
//! another. All `unsafe` code of this crate is in the modules below `kernel`.

mod code;
mod field;
mod kernel;
mod matrix;
mod plan;

pub use code::{Code, CodeError};
pub use kernel::Kernel;
pub use matrix::ShapeError;
pub use plan::{Plan, PlanError};

#[cfg(test)]
mod tests;
