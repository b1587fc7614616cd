//! 256-bit GFNI: 64 bytes of up to six rows at a time.
#![expect(unsafe_code, reason = "vector instructions read and write through pointers")]

use std::arch::x86_64::{
    __m256i, _mm256_gf2p8affine_epi64_epi8, _mm256_loadu_si256, _mm256_set1_epi64x,
    _mm256_setzero_si256, _mm256_storeu_si256, _mm256_xor_si256,
};
use std::ops::Range;

use super::{assert_shape, vectors};

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("gfni") && is_x86_feature_detected!("avx2")
}

/// See [`super::Tables::run`].
pub(super) fn run(
    tables: &[u64],
    sources: &[&[u8]],
    outputs: &mut [&mut [u8]],
    range: Range<usize>,
) {
    assert!(is_available(), "the kernel is for this processor");
    assert_shape(tables.len(), sources, outputs, &range);
    macro_rules! by_rows {
        ($($rows:literal)*) => {
            match outputs.len() {
                $($rows => {
                    // SAFETY: the processor has the features, the shapes were asserted.
                    unsafe { group::<$rows>(tables, sources, outputs, range) }
                })*
                rows => unreachable!("{rows} rows in a group"),
            }
        };
    }
    by_rows!(1 2 3 4 5 6);
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
    vectors!(columns, sources, outputs, range, ROWS, |source, column, sums| {
        // SAFETY: the caller of this block gives a pointer to 32 readable bytes.
        let x = unsafe { _mm256_loadu_si256(source) };
        for (sum, &bits) in sums.zip(column) {
            *sum = _mm256_xor_si256(*sum, times(x, bits));
        }
    });
}

#[inline]
#[target_feature(enable = "gfni,avx2")]
fn times(x: __m256i, bits: u64) -> __m256i {
    _mm256_gf2p8affine_epi64_epi8::<0>(x, _mm256_set1_epi64x(bits.cast_signed()))
}
