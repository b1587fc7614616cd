//! A mask is its own inverse, differs for everything it depends on, and can be applied in parts.

use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::fixtures::{key, noise};

fn mask(root: u8, supplier: u8, block: u8, index: u8) -> Mask {
    Mask::new(&key(root), IdentityId([supplier; 32]), BlockId([block; 32]), index)
}

fn keystream(mask: &Mask, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    mask.apply(&mut bytes);
    bytes
}

#[test]
fn masking_twice_changes_nothing() {
    for length in [0, 1, 16, 4096, 4097, 1 << 20] {
        let plain = noise(1, length);
        let mut bytes = plain.clone();
        mask(1, 2, 3, 4).apply(&mut bytes);
        assert!(length == 0 || bytes != plain);
        mask(1, 2, 3, 4).apply(&mut bytes);
        assert!(bytes == plain);
    }
}

#[test]
fn everything_that_a_mask_depends_on_changes_it() {
    let first = keystream(&mask(1, 2, 3, 4), 32);
    for (root, supplier, block, index) in [(0, 2, 3, 4), (1, 0, 3, 4), (1, 2, 0, 4), (1, 2, 3, 0)] {
        assert_ne!(keystream(&mask(root, supplier, block, index), 32), first);
    }
    assert_eq!(keystream(&mask(1, 2, 3, 4), 32), first);
}

#[test]
fn the_keystream_is_frozen() {
    let hex: String = keystream(&mask(1, 2, 3, 4), 48).iter().map(|b| format!("{b:02x}")).collect();
    expect!["f116d3cf67036e33cca93d5559e8032f89de06e78e4682f12c80a446124e6eb86b8a9ecaa1ec455f22f4d5df6d50ced6"].assert_eq(&hex);
}

#[test]
fn the_masked_root_is_the_root_of_what_is_kept() {
    let mut bytes = noise(1, 4096);
    let root = mask(1, 2, 3, 4).apply_and_root(&mut bytes);
    assert_eq!(root, fragment_root(&bytes));
    assert_ne!(root, fragment_root(&noise(1, 4096)));
}

proptest! {
    #[test]
    fn a_part_is_masked_as_within_the_whole(start in 0usize..5000, length in 0usize..5000) {
        let mut whole = noise(1, 10_000);
        let mut part = whole[start..start + length].to_vec();
        mask(1, 2, 3, 4).apply(&mut whole);
        mask(1, 2, 3, 4).apply_at(start as u32, &mut part);
        prop_assert_eq!(&part[..], &whole[start..start + length]);
    }
}

#[test]
fn the_last_parts_of_the_largest_fragment_are_masked_as_within_the_whole() {
    let whole = keystream(&mask(1, 2, 3, 4), 1 << 20);
    for start in [(1 << 20) - 1, (1 << 20) - 16, (1 << 20) - 1024, (1 << 20) - 65_537] {
        let mut part = vec![0; (1 << 20) - start];
        mask(1, 2, 3, 4).apply_at(start as u32, &mut part);
        assert!(part == whole[start..]);
    }
}
