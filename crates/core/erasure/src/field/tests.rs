//! The field's check values as frozen in docs/protocols/coding.md.

use super::*;

#[test]
fn the_frozen_check_values_hold() {
    assert_eq!(mul(0x80, 2), 0x1d);
    assert_eq!(exp(ORDER - log(2)), 0x8e);
}

#[test]
fn logarithms_multiply() {
    for a in 1..=255u8 {
        for b in 1..=255u8 {
            assert_eq!(exp(log(a) + log(b)), mul(a, b), "{a:02x} * {b:02x}");
        }
    }
}

#[test]
fn every_element_but_zero_has_an_inverse() {
    for a in 1..=255u8 {
        assert_eq!(mul(a, exp(ORDER - log(a))), 1, "{a:02x}");
    }
}
