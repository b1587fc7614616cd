//! 256-bit GFNI: 64 bytes of up to six rows at a time.
#![expect(unsafe_code, reason = "vector instructions read and write through pointers")]

use std::arch::x86_64::{
    __m256i, _mm256_gf2p8affine_epi64_epi8, _mm256_set1_epi64x, _mm256_setzero_si256,
    _mm256_xor_si256,
};
use std::ops::Range;

use super::avx2::{load, load_part, store, store_part};
use super::{assert_shape, by_rows};

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("gfni") && is_x86_feature_detected!("avx2")
}

/// See [`super::Tables`].
pub(super) fn run(
    tables: &[u64],
    sources: &[&[u8]],
    outputs: &mut [&mut [u8]],
    range: Range<usize>,
) {
    assert!(is_available(), "the kernel is for this processor");
    assert_shape(tables.len(), sources, outputs, &range);
    // SAFETY: the processor has the features, the shapes were asserted.
    by_rows!(unsafe group(tables, sources, outputs, range); 1 2 3 4 5 6);
}

/// # Safety
/// There must be `ROWS` outputs and `ROWS` tables for each source, and all buffers must reach to the
/// end of `range`.
#[target_feature(enable = "gfni,avx2")]
unsafe fn group<const ROWS: usize>(
    tables: &[u64],
    sources: &[&[u8]],
    outputs: &mut [&mut [u8]],
    range: Range<usize>,
) {
    let (columns, _) = tables.as_chunks::<ROWS>();
    let mut at = range.start;
    while range.end - at >= 64 {
        let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
        for (column, source) in columns.iter().zip(sources) {
            // SAFETY: at + 64 <= range.end <= source.len().
            let (x, y) = unsafe { (load(source, at), load(source, at + 32)) };
            for (sum, &bits) in sums.iter_mut().zip(column) {
                sum[0] = _mm256_xor_si256(sum[0], times(x, bits));
                sum[1] = _mm256_xor_si256(sum[1], times(y, bits));
            }
        }
        for (sum, output) in sums.iter().zip(outputs.iter_mut()) {
            // SAFETY: at + 64 <= range.end <= output.len().
            unsafe {
                store(output, at, sum[0]);
                store(output, at + 32, sum[1]);
            }
        }
        at += 64;
    }
    while at < range.end {
        let part = at..range.end.min(at + 32);
        let mut sums = [_mm256_setzero_si256(); ROWS];
        for (column, source) in columns.iter().zip(sources) {
            let x = load_part(&source[part.clone()]);
            for (sum, &bits) in sums.iter_mut().zip(column) {
                *sum = _mm256_xor_si256(*sum, times(x, bits));
            }
        }
        for (sum, output) in sums.iter().zip(outputs.iter_mut()) {
            store_part(&mut output[part.clone()], *sum);
        }
        at = part.end;
    }
}

#[inline]
#[target_feature(enable = "gfni,avx2")]
fn times(x: __m256i, bits: u64) -> __m256i {
    _mm256_gf2p8affine_epi64_epi8::<0>(x, _mm256_set1_epi64x(bits.cast_signed()))
}
