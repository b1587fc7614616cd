//! How to make any fragments from any k others, in one pass.
//!
//! The code is a generalized Reed–Solomon code: with the fragment's index f as its point,
//! fragment(f)·weight(f) = N(f) for one polynomial N of degree below k, where weight(f) is the
//! product of (f − j) over the data indices j ≠ f. Lagrange's formula through the k sources S gives
//! any other fragment w, data or parity alike, as the sum over s in S of
//! `weight(s)/weight(w) · L(w) / ((w − s)·L'(s))`, with L(z) the product of (z − s). No matrix is
//! inverted, and nothing can be singular.

use crate::code::{Code, log_of_difference};
use crate::field::{self, ORDER};
use crate::matrix::{Matrix, ShapeError};

/// What cannot be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Fewer fragments are present than the code needs.
    #[error("{have} fragments are present, {need} are needed")]
    TooFew {
        /// Fragments present.
        have: usize,
        /// k.
        need: usize,
    },
    /// The list of present fragments has not k + m entries.
    #[error("{got} flags for {expected} fragments")]
    Flags {
        /// k + m.
        expected: usize,
        /// Flags given.
        got: usize,
    },
    /// A fragment is wanted that the code has not.
    #[error("fragment {index} of {total} is wanted")]
    NoSuchFragment {
        /// The index asked for.
        index: usize,
        /// k + m.
        total: usize,
    },
}

/// A prepared way from k fragments to the wanted ones; it may be used for any number of blocks
/// and ranges.
#[derive(Clone, Debug)]
pub struct Plan {
    sources: Vec<usize>,
    wanted: Vec<usize>,
    matrix: Matrix,
}

impl Plan {
    pub(crate) fn new(code: &Code, present: &[bool], wanted: &[usize]) -> Result<Plan, PlanError> {
        let total = code.total();
        if present.len() != total {
            return Err(PlanError::Flags { expected: total, got: present.len() });
        }
        if let Some(&index) = wanted.iter().find(|&&index| index >= total) {
            return Err(PlanError::NoSuchFragment { index, total });
        }
        let need = code.data();
        // Lowest indices first: data fragments before parity.
        let sources: Vec<usize> = (0..total).filter(|&f| present[f]).take(need).collect();
        if sources.len() < need {
            return Err(PlanError::TooFew { have: sources.len(), need });
        }
        let coefficients = coefficients(need, &sources, wanted);
        let matrix = Matrix::new(code.kernel(), need, &coefficients);
        Ok(Plan { sources, wanted: wanted.to_vec(), matrix })
    }

    /// The k fragments to read, ascending: the order of `sources` for [`Plan::apply`].
    pub fn sources(&self) -> &[usize] {
        &self.sources
    }

    /// The fragments that come out, in the order they were asked for.
    pub fn wanted(&self) -> &[usize] {
        &self.wanted
    }

    /// Computes the wanted fragments from `sources`, which must have been authenticated before.
    ///
    /// # Errors
    /// When the numbers of buffers are not those of [`Plan::sources`] and [`Plan::wanted`], or the
    /// buffers differ in length.
    pub fn apply(&self, sources: &[&[u8]], out: &mut [&mut [u8]]) -> Result<(), ShapeError> {
        self.matrix.apply(sources, out)
    }
}

/// One row of k coefficients over `sources` for each wanted fragment. Products are kept as sums of
/// logarithms: at most 255 terms below 255 each, far from overflow.
fn coefficients(data: usize, sources: &[usize], wanted: &[usize]) -> Vec<u8> {
    let weight = |f: usize| product(f, 0..data);
    // weight(s) / L'(s)
    let factors: Vec<u32> = sources
        .iter()
        .map(|&s| weight(s) + ORDER - product(s, sources.iter().copied()) % ORDER)
        .collect();
    let mut rows = Vec::with_capacity(sources.len() * wanted.len());
    for &w in wanted {
        if sources.contains(&w) {
            rows.extend(sources.iter().map(|&s| u8::from(s == w)));
            continue;
        }
        // L(w) / weight(w)
        let scale = product(w, sources.iter().copied()) + ORDER - weight(w) % ORDER;
        rows.extend(
            sources
                .iter()
                .zip(&factors)
                .map(|(&s, factor)| field::exp(scale + factor + ORDER - log_of_difference(w, s))),
        );
    }
    rows
}

/// The logarithm of the product of (f − p) over all points p ≠ f.
fn product(f: usize, points: impl Iterator<Item = usize>) -> u32 {
    points.filter(|&p| p != f).map(|p| log_of_difference(f, p)).sum()
}

#[cfg(test)]
mod tests;
