//! The tables of the vector kernels.

use super::*;

#[test]
fn the_frozen_check_values_hold() {
    assert_eq!(AFFINE[1], 0x0102_0408_1020_4080);
    assert_eq!(AFFINE[2], 0x8001_8284_8810_2040);
}

#[test]
fn both_kinds_of_table_multiply() {
    for c in 0..=255u8 {
        for x in 0..=255u8 {
            let nibbles = NIBBLES[usize::from(c)];
            let by_nibbles = nibbles[usize::from(x & 15)] ^ nibbles[16 + usize::from(x >> 4)];
            let rows = AFFINE[usize::from(c)].to_be_bytes();
            let by_rows =
                (0..8).fold(0u8, |y, bit| y | (((rows[bit] & x).count_ones() & 1) as u8) << bit);
            assert_eq!((by_nibbles, by_rows), (mul(c, x), mul(c, x)), "{c:02x} * {x:02x}");
        }
    }
}
