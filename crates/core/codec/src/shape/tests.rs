//! The classes that codes get.

use expect_test::expect;

use super::*;

#[test]
fn full_blocks_are_as_large_as_allowed() {
    for k in 1..=254 {
        let shape = Shape::new(k, 1).unwrap();
        let (class, bytes) = (shape.full_class(), shape.full_block_bytes());
        assert!(bytes <= BLOCK_BYTES_MAX);
        assert!(class == FragmentClass::LARGEST || bytes * 2 > BLOCK_BYTES_MAX, "{k}");
    }
    let classes: Vec<String> = [1, 2, 4, 7, 8, 13, 16, 18, 26, 44, 64, 127]
        .map(|k| format!("{k}: {} KiB", Shape::new(k, k).unwrap().full_class().bytes() >> 10))
        .to_vec();
    expect![[r#"
        1: 1024 KiB, 2: 1024 KiB, 4: 1024 KiB, 7: 1024 KiB, 8: 1024 KiB, 13: 1024 KiB, 16: 1024 KiB, 18: 512 KiB, 26: 512 KiB, 44: 256 KiB, 64: 256 KiB, 127: 128 KiB
    "#]]
    .assert_eq(&format!("{}\n", classes.join(", ")));
}

#[test]
fn the_last_block_gets_the_smallest_class_that_holds_it() {
    let shape = Shape::new(7, 7).unwrap();
    assert_eq!(shape.class_for(1), FragmentClass::SMALLEST);
    assert_eq!(shape.class_for(7 * 4096).bytes(), 4096);
    assert_eq!(shape.class_for(7 * 4096 + 1).bytes(), 8192);
    assert_eq!(shape.class_for(7 << 20), FragmentClass::LARGEST);
}

#[test]
fn only_nine_lengths_are_fragments() {
    assert_eq!(FragmentClass::all().count(), 9);
    for class in FragmentClass::all() {
        assert_eq!(FragmentClass::of(class.bytes()), Some(class));
        assert_eq!(FragmentClass::of(class.bytes() + 1), None);
    }
    assert_eq!(FragmentClass::of(2048), None);
    assert_eq!(FragmentClass::of(2 << 20), None);
}

#[test]
fn impossible_shapes_are_refused() {
    for (data, parity) in [(0, 1), (1, 0), (128, 128), (255, 1), (1, 255), (usize::MAX, 1)] {
        assert_eq!(Shape::new(data, parity), Err(ShapeError { data, parity }));
    }
    assert_eq!(Shape::new(254, 1).unwrap().total(), 255);
}
