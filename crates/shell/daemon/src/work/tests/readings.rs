//! What the doors are told of versions.

use tempfile::TempDir;

use super::backups::noise;
use super::restores::small;
use super::world::{World, text};
use crate::handle::{Answer, Items};

#[test]
fn entries_are_listed_level_by_level_and_whole() {
    let (world, tree) = small();
    let root = text(tree.path());
    let list = |path: &str, recursive| {
        let entries = all(world.works.entries(None, path, recursive).unwrap()).unwrap();
        entries.into_iter().map(|entry| (entry.path, entry.kind, entry.bytes)).collect::<Vec<_>>()
    };
    let file = |name: &str, bytes| (format!("{root}/{name}"), "file".to_owned(), bytes);
    let inner = (format!("{root}/inner"), "dir".to_owned(), 0);
    assert_eq!(list(&root, false), [inner.clone(), file("outer", 5)]);
    let both = [file("inner/file", 4), file("inner/noise", 100_000)];
    assert_eq!(list(&format!("{root}/inner"), false), both);
    assert_eq!(list(&format!("{root}/outer"), true), [file("outer", 5)]);
    let [first, second] = both;
    assert_eq!(list(&root, true), [inner, first, second, file("outer", 5)]);
    // Above the root there is only the way to it.
    assert_eq!(list("", false), [(root.clone(), "dir".to_owned(), 0)]);
    assert_eq!(list("/", true).len(), 5);
}

#[test]
fn what_is_not_there_is_said_to_be_not_there() {
    let (world, tree) = small();
    let works = &world.works;
    let nowhere = text(&tree.path().join("nowhere"));
    for recursive in [false, true] {
        let error = all(works.entries(None, &nowhere, recursive).unwrap()).unwrap_err();
        assert_eq!(error.code, "no-such-path");
    }
    let error = all(works.read_file(None, &nowhere, 0, None).unwrap()).unwrap_err();
    assert_eq!(error.code, "no-such-path");
    assert_eq!(works.entries(Some(9), "", false).unwrap_err().code, "no-such-version");
    assert_eq!(works.differences(1, 9).unwrap_err().code, "no-such-version");
    let error = all(works.read_file(None, &text(tree.path()), 0, None).unwrap()).unwrap_err();
    assert_eq!(error.code, "bad-request");
}

#[test]
fn versions_differ_in_what_was_changed() {
    let (mut world, tree) = small();
    std::fs::remove_file(tree.path().join("inner/file")).unwrap();
    std::fs::write(tree.path().join("outer"), "another").unwrap();
    std::fs::write(tree.path().join("very new"), "").unwrap();
    world.backup_of(tree.path());
    let found = all(world.works.differences(1, 2).unwrap()).unwrap();
    let found: Vec<_> = found.into_iter().map(|one| (one.path, one.change)).collect();
    for (name, change) in [("inner/file", "removed"), ("outer", "changed"), ("very new", "added")] {
        let wanted = (text(&tree.path().join(name)), change.to_owned());
        assert!(found.contains(&wanted), "{wanted:?} in {found:?}");
    }
    assert!(!found.iter().any(|(path, _)| path.ends_with("noise")), "{found:?}");
    assert_eq!(all(world.works.differences(2, 2).unwrap()).unwrap().len(), 0);
    let versions = world.works.versions().unwrap();
    assert_eq!(versions.iter().map(|version| version.number).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(versions[0].paths, [text(tree.path())]);
}

#[test]
fn a_range_is_read_without_the_rest() {
    let tree = TempDir::new().unwrap();
    let bytes = noise(24 << 20);
    std::fs::write(tree.path().join("large"), &bytes).unwrap();
    let mut world = World::new(2);
    world.backup_of(tree.path());
    let before = world.table().given_bytes;
    let (from, length) = (13 << 20, 1 << 20);
    let path = text(&tree.path().join("large"));
    let parts = world.works.read_file(None, &path, from, Some(length)).unwrap();
    let read: Vec<u8> = all(parts).unwrap().concat();
    assert!(read == bytes[from as usize..(from + length) as usize]);
    let given = world.table().given_bytes - before;
    assert!(given <= 8 << 20, "{given} bytes were fetched");
    let parts = world.works.read_file(None, &path, 24 << 20, None).unwrap();
    assert_eq!(all(parts).unwrap().concat(), b"");
}

#[test]
fn only_so_many_read_at_once_and_who_leaves_makes_room() {
    let (world, _tree) = small();
    world.table().is_mute = true;
    let mut readings = vec![];
    let refused = loop {
        match world.works.entries(None, "", true) {
            Ok(reading) => readings.push(reading),
            Err(error) => break error,
        }
    };
    assert_eq!((refused.code.as_str(), readings.len()), ("busy", 4));
    drop(readings);
    // They notice that nobody listens any more.
    while world.works.entries(None, "", true).is_err() {
        std::thread::yield_now();
    }
}

#[test]
fn what_lies_at_suppliers_is_counted() {
    let (world, _tree) = small();
    let stored = world.works.stored().unwrap();
    assert_eq!((stored.versions, stored.blocks), (1, world.blocks().len() as u64));
    assert_eq!(stored.stored_bytes, 2 * stored.packed_bytes);
}

fn all<T>(mut answers: Items<T>) -> Answer<Vec<T>> {
    let mut all = vec![];
    while let Some(answer) = answers.blocking_next() {
        all.push(answer?);
    }
    Ok(all)
}
