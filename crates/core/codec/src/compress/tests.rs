//! What is compressed, what is left as it is, and what a decompressor refuses.

use super::*;
use crate::fixtures::{noise, prose};

fn compressed(plain: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![0; Compression::room(plain.len())];
    let length = Compression::new().compress(plain, &mut out)?;
    out.truncate(length);
    Some(out)
}

#[test]
fn text_is_compressed_and_comes_back() {
    for length in [200, 1000, 300_000, 4 << 20] {
        let plain = prose(1, length);
        let compressed = compressed(&plain).unwrap();
        let mut out = vec![0; length];
        assert!(Decompression::new().decompress(&compressed, &mut out));
        assert_eq!(out, plain);
    }
}

#[test]
fn what_saves_less_than_a_thirty_second_stays_as_it_is() {
    assert_eq!(compressed(&noise(1, 100_000)), None);
    assert_eq!(compressed(&prose(1, 63)), None, "too short");
    let mut nearly = noise(1, 100_000);
    nearly[..2000].fill(0);
    assert_eq!(compressed(&nearly), None);
    nearly[..5000].fill(0);
    assert!(compressed(&nearly).is_some());
}

#[test]
fn long_contents_are_judged_by_three_samples() {
    let mut plain = noise(2, 1 << 20);
    plain[100_000..300_000].fill(0);
    assert_eq!(compressed(&plain), None, "no sample shows the zeros");
    assert!(compressed(&plain[..PROBED_FROM - 1]).is_some(), "shorter ones are tried");
    for start in [0, (1 << 19) - SAMPLE / 2, (1 << 20) - SAMPLE] {
        let mut seen = plain.clone();
        seen[start..start + SAMPLE].fill(0);
        assert!(compressed(&seen).is_some(), "{start}");
    }
}

#[test]
fn only_the_exact_length_is_taken() {
    let plain = prose(3, 5000);
    let compressed = compressed(&plain).unwrap();
    let fits = |length: usize| Decompression::new().decompress(&compressed, &mut vec![0; length]);
    assert!(fits(5000) && !fits(4999) && !fits(5001) && !fits(0));
    assert!(!Decompression::new().decompress(&compressed[1..], &mut [0; 5000]));
}
