//! Any processor: Horner's rule over the bits of the coefficients.
//!
//! The sum of c·x over all columns is, with c written as bits, Σ 2ᵇ·(XOR of the x whose c has bit
//! b). So a row is eight lists of sources to add and seven doublings, whatever the number of
//! columns. Without `unsafe` and without tables, the compiler makes vector code of it everywhere.

use std::array;
use std::ops::Range;

use crate::field;

/// Bytes worked on at a time: few enough to stay in registers, many enough to fill them.
const BLOCK: usize = 64;

/// The additions of one row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// For each bit of a coefficient, the highest first, where its part of `columns` ends.
    ends: [u16; 8],
    columns: Vec<u8>,
}

impl Row {
    /// Prepares at most 255 coefficients.
    pub(super) fn new(coefficients: &[u8]) -> Row {
        let mut columns = Vec::new();
        let ends = array::from_fn(|i| {
            let bit = 0x80 >> i;
            let having = (0..=254u8).zip(coefficients).filter(|(_, c)| *c & bit != 0);
            columns.extend(having.map(|(column, _)| column));
            columns.len() as u16
        });
        Row { ends, columns }
    }

    /// Fills `range` of `output`.
    pub(super) fn run(&self, sources: &[&[u8]], output: &mut [u8], range: Range<usize>) {
        let (blocks, rest) = output[range.clone()].as_chunks_mut::<BLOCK>();
        let mut at = range.start;
        for block in blocks {
            *block = self.sum(|sum, column| {
                let source = sources[column][at..].first_chunk().expect("as long as the output");
                *sum = added(sum, source);
            });
            at += BLOCK;
        }
        if !rest.is_empty() {
            let sum = self.sum(|sum, column| {
                let mut padded = [0; BLOCK];
                padded[..rest.len()].copy_from_slice(&sources[column][at..range.end]);
                *sum = added(sum, &padded);
            });
            rest.copy_from_slice(&sum[..rest.len()]);
        }
    }

    #[inline]
    fn sum(&self, add: impl Fn(&mut [u8; BLOCK], usize)) -> [u8; BLOCK] {
        let mut sum = [0; BLOCK];
        let mut start = 0;
        for end in self.ends {
            sum = sum.map(field::double);
            for &column in &self.columns[start..usize::from(end)] {
                add(&mut sum, usize::from(column));
            }
            start = usize::from(end);
        }
        sum
    }
}

#[inline]
fn added(a: &[u8; BLOCK], b: &[u8; BLOCK]) -> [u8; BLOCK] {
    array::from_fn(|i| a[i] ^ b[i])
}
