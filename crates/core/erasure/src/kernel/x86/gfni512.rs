//! 512-bit GFNI: 128 bytes of up to ten rows at a time, the tail by masked loads and stores.
#![expect(unsafe_code, reason = "vector instructions read and write through pointers")]

use std::arch::x86_64::{
    __m512i, _mm512_gf2p8affine_epi64_epi8, _mm512_loadu_si512, _mm512_mask_storeu_epi8,
    _mm512_maskz_loadu_epi8, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_storeu_si512,
    _mm512_xor_si512,
};
use std::ops::Range;

use super::{assert_shape, by_rows};

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("gfni")
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
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
    by_rows!(unsafe group(tables, sources, outputs, range); 1 2 3 4 5 6 7 8 9 10);
}

/// # Safety
/// There must be `ROWS` outputs and `ROWS` tables for each source, and all buffers must reach to the
/// end of `range`.
#[target_feature(enable = "gfni,avx512f,avx512bw")]
unsafe fn group<const ROWS: usize>(
    tables: &[u64],
    sources: &[&[u8]],
    outputs: &mut [&mut [u8]],
    range: Range<usize>,
) {
    let (columns, _) = tables.as_chunks::<ROWS>();
    let mut at = range.start;
    while range.end - at >= 128 {
        let mut sums = [[_mm512_setzero_si512(); 2]; ROWS];
        for (column, source) in columns.iter().zip(sources) {
            // SAFETY: at + 128 <= range.end <= source.len().
            let (x, y) = unsafe {
                let from = source.as_ptr().add(at);
                (_mm512_loadu_si512(from.cast()), _mm512_loadu_si512(from.add(64).cast()))
            };
            for (sum, &bits) in sums.iter_mut().zip(column) {
                sum[0] = _mm512_xor_si512(sum[0], times(x, bits));
                sum[1] = _mm512_xor_si512(sum[1], times(y, bits));
            }
        }
        for (sum, output) in sums.iter().zip(outputs.iter_mut()) {
            // SAFETY: at + 128 <= range.end <= output.len().
            unsafe {
                let to = output.as_mut_ptr().add(at);
                _mm512_storeu_si512(to.cast(), sum[0]);
                _mm512_storeu_si512(to.add(64).cast(), sum[1]);
            }
        }
        at += 128;
    }
    while at < range.end {
        let count = (range.end - at).min(64);
        let mask = u64::MAX >> (64 - count);
        let mut sums = [_mm512_setzero_si512(); ROWS];
        for (column, source) in columns.iter().zip(sources) {
            // SAFETY: the mask lets only the `count` bytes before range.end be read.
            let x = unsafe { _mm512_maskz_loadu_epi8(mask, source.as_ptr().add(at).cast()) };
            for (sum, &bits) in sums.iter_mut().zip(column) {
                *sum = _mm512_xor_si512(*sum, times(x, bits));
            }
        }
        for (sum, output) in sums.iter().zip(outputs.iter_mut()) {
            // SAFETY: the mask lets only the `count` bytes before range.end be written.
            unsafe { _mm512_mask_storeu_epi8(output.as_mut_ptr().add(at).cast(), mask, *sum) };
        }
        at += count;
    }
}

#[inline]
#[target_feature(enable = "gfni,avx512f,avx512bw")]
fn times(x: __m512i, bits: u64) -> __m512i {
    _mm512_gf2p8affine_epi64_epi8::<0>(x, _mm512_set1_epi64(bits.cast_signed()))
}
