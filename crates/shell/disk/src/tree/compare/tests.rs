//! Every difference is found, and nothing else.

use std::fs;
use std::os::unix::fs::{FileExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{XattrFlags, setxattr};

use super::*;
use crate::tree::tests::{set_mode, set_mtime, without_privileges};

/// Two equal trees.
fn twins() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let roots = [home.path().join("a"), home.path().join("b")];
    for root in &roots {
        fs::create_dir_all(root.join("dir/inner")).unwrap();
        fs::write(root.join("dir/file"), [5; 300_000]).unwrap();
        fs::write(root.join("dir/inner/one"), b"one").unwrap();
        fs::hard_link(root.join("dir/inner/one"), root.join("dir/inner/two")).unwrap();
        symlink("file", root.join("dir/link")).unwrap();
        fs::write(root.join("last"), b"last").unwrap();
        settle(root);
    }
    let [a, b] = roots;
    (home, a, b)
}

/// Gives everything one time.
fn settle(root: &Path) {
    for entry in ["dir/inner/one", "dir/inner", "dir/file", "dir/link", "dir", "last", ""] {
        if fs::symlink_metadata(root.join(entry)).is_ok() {
            set_mtime(&root.join(entry), 1_000_000_000, 5);
        }
    }
}

/// What is found after one change to the second tree.
fn found(change: impl FnOnce(&Path)) -> Vec<String> {
    let (_home, a, b) = twins();
    change(&b);
    let compared = compare_trees(&a, &b, Aspects::default()).unwrap();
    compared.differences.iter().map(ToString::to_string).collect()
}

#[test]
fn equal_trees_are_equal() {
    let (_home, a, b) = twins();
    let compared = compare_trees(&a, &b, Aspects::default()).unwrap();
    assert_eq!(compared.differences, []);
    assert!(compared.is_equal());
    assert_eq!((compared.entries, compared.bytes), (8, 300_010));
}

#[test]
fn every_sort_of_difference_is_found() {
    let in_file = |offset: u64| {
        move |root: &Path| {
            let path = root.join("dir/file");
            let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
            file.write_at(b"x", offset).unwrap();
            settle(root);
        }
    };
    assert_eq!(found(in_file(0)), ["dir/file: the contents differ at byte 0"]);
    assert_eq!(found(in_file(299_999)), ["dir/file: the contents differ at byte 299999"]);
    assert_eq!(found(in_file(300_000)), ["dir/file: 300000 bytes and 300001 bytes"]);
    assert_eq!(
        found(|root| set_mode(&root.join("dir/file"), 0o600)),
        ["dir/file: modes 644 and 600"]
    );
    assert_eq!(
        found(|root| set_mtime(&root.join("dir/inner"), 1_000_000_000, 6)),
        ["dir/inner: the times differ"]
    );
    assert_eq!(
        found(|root| set_mtime(&root.join("dir/link"), 1, 5)),
        ["dir/link: the times differ"]
    );
    assert_eq!(
        found(|root| {
            setxattr(root.join("last"), "user.x", b"1", XattrFlags::empty()).unwrap();
        }),
        ["last: the extended attributes differ"]
    );
    assert_eq!(
        found(|root| {
            fs::remove_file(root.join("dir/link")).unwrap();
            symlink("FILE", root.join("dir/link")).unwrap();
            settle(root);
        }),
        ["dir/link: the targets of the links differ"]
    );
    assert_eq!(
        found(|root| {
            fs::remove_file(root.join("dir/inner/two")).unwrap();
            fs::write(root.join("dir/inner/two"), b"one").unwrap();
            set_mtime(&root.join("dir/inner/two"), 1_000_000_000, 5);
            settle(root);
        }),
        ["dir/inner/two: the hard links differ"]
    );
}

#[test]
fn missing_and_additional_entries_are_found_with_all_inside() {
    assert_eq!(
        found(|root| {
            fs::remove_dir_all(root.join("dir/inner")).unwrap();
            settle(root);
        }),
        [
            "dir/inner: is missing in the second",
            "dir/inner/one: is missing in the second",
            "dir/inner/two: is missing in the second"
        ]
    );
    assert_eq!(
        found(|root| {
            fs::create_dir(root.join("dir/a")).unwrap();
            fs::write(root.join("dir/a/x"), b"").unwrap();
            fs::write(root.join("zz"), b"").unwrap();
            settle(root);
        }),
        [
            "dir/a: is missing in the first",
            "dir/a/x: is missing in the first",
            "zz: is missing in the first"
        ]
    );
}

#[test]
fn another_kind_under_a_name_is_found() {
    assert_eq!(
        found(|root| {
            fs::remove_dir_all(root.join("dir")).unwrap();
            fs::write(root.join("dir"), b"").unwrap();
            settle(root);
        }),
        [
            "dir: the kinds differ",
            "dir/file: is missing in the second",
            "dir/inner: is missing in the second",
            "dir/inner/one: is missing in the second",
            "dir/inner/two: is missing in the second",
            "dir/link: is missing in the second"
        ]
    );
    assert_eq!(
        found(|root| {
            fs::remove_file(root.join("last")).unwrap();
            symlink("last", root.join("last")).unwrap();
            settle(root);
        }),
        ["last: the kinds differ"]
    );
}

#[test]
fn what_cannot_be_read_is_not_taken_for_equal() {
    let differences = found(|root| {
        // Both trees have it closed, so that modes are no difference.
        for side in ["a", "b"] {
            set_mode(&root.with_file_name(side).join("last"), 0);
        }
    });
    assert_eq!(differences, [""; 0]);
    let (_home, a, b) = twins();
    for root in [&a, &b] {
        set_mode(&root.join("last"), 0);
        set_mode(&root.join("dir/inner"), 0);
    }
    let compared = without_privileges(|| compare_trees(&a, &b, Aspects::default()).unwrap());
    for root in [&a, &b] {
        set_mode(&root.join("dir/inner"), 0o700);
    }
    let shown: Vec<_> = compared.differences.iter().map(ToString::to_string).collect();
    let closed = "dir/inner: cannot be compared: cannot open the directory: permission denied";
    let unread = "last: cannot be compared: cannot open the file: permission denied";
    assert_eq!(shown, [closed, closed, unread]);
}

#[test]
fn a_hole_equals_its_zeros() {
    let home = tempfile::tempdir().unwrap();
    let (a, b) = (home.path().join("a"), home.path().join("b"));
    fs::File::create(&a).unwrap().set_len(1_000_000).unwrap();
    fs::write(&b, vec![0; 1_000_000]).unwrap();
    for path in [&a, &b] {
        set_mtime(path, 5, 5);
    }
    assert_eq!(compare_trees(&a, &b, Aspects::default()).unwrap().differences, []);
}
