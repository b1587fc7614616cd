//! AVX2: 64 bytes of up to four rows at a time, each product by two look-ups with `PSHUFB`.
#![expect(unsafe_code, reason = "vector instructions read and write through pointers")]

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_loadu_si256,
    _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi64,
    _mm256_storeu_si256, _mm256_xor_si256,
};
use std::ops::Range;

use super::{assert_shape, by_rows};

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2")
}

/// See [`super::Tables`].
pub(super) fn run(
    tables: &[[u8; 32]],
    sources: &[&[u8]],
    outputs: &mut [&mut [u8]],
    range: Range<usize>,
) {
    assert!(is_available(), "the kernel is for this processor");
    assert_shape(tables.len(), sources, outputs, &range);
    // SAFETY: the processor has the features, the shapes were asserted.
    by_rows!(unsafe group(tables, sources, outputs, range); 1 2 3 4);
}

/// # Safety
/// There must be `ROWS` outputs and `ROWS` tables for each source, and all buffers must reach to the
/// end of `range`.
#[target_feature(enable = "avx2")]
unsafe fn group<const ROWS: usize>(
    tables: &[[u8; 32]],
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
            let (x, y) = unsafe { (nibbles(load(source, at)), nibbles(load(source, at + 32))) };
            for (sum, products) in sums.iter_mut().zip(column) {
                let tables = tables_of(products);
                sum[0] = _mm256_xor_si256(sum[0], times(x, tables));
                sum[1] = _mm256_xor_si256(sum[1], times(y, tables));
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
            let x = nibbles(load_part(&source[part.clone()]));
            for (sum, products) in sums.iter_mut().zip(column) {
                *sum = _mm256_xor_si256(*sum, times(x, tables_of(products)));
            }
        }
        for (sum, output) in sums.iter().zip(outputs.iter_mut()) {
            store_part(&mut output[part.clone()], *sum);
        }
        at = part.end;
    }
}

/// The low and the high half of each byte.
#[inline]
#[target_feature(enable = "avx2")]
fn nibbles(x: __m256i) -> (__m256i, __m256i) {
    let low = _mm256_set1_epi8(15);
    (_mm256_and_si256(x, low), _mm256_and_si256(_mm256_srli_epi64::<4>(x), low))
}

/// The products of both halves of a byte, in both lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn tables_of(products: &[u8; 32]) -> (__m256i, __m256i) {
    let from = products.as_ptr();
    // SAFETY: 16 bytes at 0 and 16 bytes at 16 are within the array.
    let (low, high) =
        unsafe { (_mm_loadu_si128(from.cast()), _mm_loadu_si128(from.add(16).cast())) };
    (_mm256_broadcastsi128_si256(low), _mm256_broadcastsi128_si256(high))
}

#[inline]
#[target_feature(enable = "avx2")]
fn times(x: (__m256i, __m256i), tables: (__m256i, __m256i)) -> __m256i {
    _mm256_xor_si256(_mm256_shuffle_epi8(tables.0, x.0), _mm256_shuffle_epi8(tables.1, x.1))
}

/// # Safety
/// `at + 32 <= source.len()`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn load(source: &[u8], at: usize) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe { _mm256_loadu_si256(source.as_ptr().add(at).cast()) }
}

/// # Safety
/// `at + 32 <= output.len()`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn store(output: &mut [u8], at: usize, x: __m256i) {
    // SAFETY: the caller's promise.
    unsafe { _mm256_storeu_si256(output.as_mut_ptr().add(at).cast(), x) }
}

/// At most 32 bytes, filled up with zeros.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load_part(part: &[u8]) -> __m256i {
    let mut padded = [0; 32];
    padded[..part.len()].copy_from_slice(part);
    // SAFETY: 32 bytes are there.
    unsafe { load(&padded, 0) }
}

/// The first bytes of `x`, at most 32.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store_part(part: &mut [u8], x: __m256i) {
    let mut padded = [0; 32];
    // SAFETY: 32 bytes are there.
    unsafe { store(&mut padded, 0, x) };
    part.copy_from_slice(&padded[..part.len()]);
}
