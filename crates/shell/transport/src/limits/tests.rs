//! The promise about memory.

use super::*;

#[test]
fn the_worst_case_fits_into_half_a_gibibyte() {
    let bytes = Limits::default().bytes_max();
    assert!(bytes <= 512 * 1024 * 1024, "{bytes}");
}
