//! A seed makes the same tree.

use super::*;
use crate::tree::compare::{Aspects, compare_trees};

#[test]
fn a_seed_makes_the_same_tree_again_and_another_seed_another() {
    let home = tempfile::tempdir().unwrap();
    let make = |name: &str, seed| {
        let path = home.path().join(name);
        let made = make_sample(&path, 2 << 20, seed).unwrap();
        (path, made)
    };
    let ((a, a_made), (b, b_made), (c, _)) = (make("a", 1), make("b", 1), make("c", 2));
    assert_eq!(a_made, b_made);
    assert_eq!(compare_trees(&a, &b, Aspects::default()).unwrap().differences, []);
    assert!(!compare_trees(&a, &c, Aspects::default()).unwrap().is_equal());
}

#[test]
fn there_is_as_much_content_as_was_asked_for() {
    for total in [0, 1 << 20, 5_000_000] {
        let home = tempfile::tempdir().unwrap();
        let made = make_sample(home.path(), total, 3).unwrap();
        assert!(made.bytes >= total && made.bytes < total + (2 << 20), "{made:?}");
        assert!(made.files > SMALL_FILES_MIN && made.hard_links == 2 && made.symlinks == 6);
    }
}

#[test]
fn nothing_is_made_where_something_is() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("mine"), b"").unwrap();
    let refused = make_sample(home.path(), 1, 1);
    assert!(matches!(refused, Err(SampleError::NotEmpty { .. })));
}
