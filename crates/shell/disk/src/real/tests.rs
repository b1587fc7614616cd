//! The real disk does what the faulty one does, as far as a test can see.

use std::sync::Arc;

use proptest::prelude::*;
use store::FaultyDisk;
use store::disk::{Disk, DiskError, DiskFile, Open};
use tempfile::TempDir;

use super::RealDisk;

fn real() -> (TempDir, RealDisk) {
    let home = tempfile::tempdir().unwrap();
    let disk = RealDisk::open(&home.path().join("store")).unwrap();
    (home, disk)
}

fn bytes_of(file: &dyn DiskFile) -> Vec<u8> {
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

#[test]
fn what_is_written_is_read_again() {
    let (_home, disk) = real();
    let file = disk.open("one", Open::OrCreate).unwrap();
    let many: Vec<Vec<u8>> = (0..3000_u32).map(|n| n.to_le_bytes().to_vec()).collect();
    let parts: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    file.write_at(5, &parts).unwrap();
    file.sync().unwrap();
    disk.sync_dir().unwrap();
    let again = disk.open("one", Open::Existing).unwrap();
    assert_eq!(bytes_of(&*again), [vec![0; 5], many.concat()].concat());
}

#[test]
fn errors_are_told_apart() {
    let (_home, disk) = real();
    let not_found = DiskError::NotFound { name: "none".into() };
    assert_eq!(disk.open("none", Open::Existing).unwrap_err(), not_found);
    assert!(matches!(disk.open("../up", Open::OrCreate), Err(DiskError::Name { .. })));
    let file = disk.open("one", Open::OrCreate).unwrap();
    let short = DiskError::Short { name: "one".into(), end: 10 };
    assert_eq!(file.read_at(0, &mut [0; 10]).unwrap_err(), short);
}

#[test]
fn room_that_cannot_be_had_is_no_space() {
    let (_home, disk) = real();
    let file = disk.open("one", Open::OrCreate).unwrap();
    file.preallocate(4096).unwrap();
    let free = disk.free_space().unwrap();
    assert!(free > 0);
    let refused = file.preallocate(free.saturating_mul(2)).unwrap_err();
    assert!(refused.is_no_space(), "{refused:?}");
    // Nothing was taken from others on the way.
    assert_eq!(file.len().unwrap(), 4096);
    assert!(disk.free_space().unwrap() > free / 2);
}

#[test]
fn a_lock_ends_with_its_handle() {
    let (_home, disk) = real();
    let holder = disk.open("one", Open::OrCreate).unwrap();
    holder.try_lock().unwrap();
    let busy = Err(DiskError::Busy { name: "one".into() });
    assert_eq!(disk.open("one", Open::Existing).unwrap().try_lock(), busy);
    drop(holder);
    disk.open("one", Open::Existing).unwrap().try_lock().unwrap();
}

#[test]
fn names_of_others_are_not_listed() {
    let (home, disk) = real();
    std::fs::write(home.path().join("store").join("Not Ours"), b"x").unwrap();
    disk.open("ours", Open::OrCreate).unwrap();
    disk.open("again", Open::OrCreate).unwrap();
    disk.rename("again", "b").unwrap();
    assert_eq!(disk.list().unwrap(), ["b", "ours"]);
}

#[derive(Clone, Debug)]
enum Act {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Preallocate(u64),
    Rename,
    Remove,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0_u64..20_000, proptest::collection::vec(any::<u8>(), 1..9000))
            .prop_map(|(at, bytes)| Act::Write(at, bytes)),
        (0_u64..20_000).prop_map(Act::SetLen),
        (0_u64..20_000).prop_map(Act::Preallocate),
        Just(Act::Rename),
        Just(Act::Remove),
    ]
}

fn perform(disk: &dyn Disk, acts: &[Act]) -> Vec<(String, Vec<u8>)> {
    for act in acts {
        let open = || disk.open("file", Open::OrCreate).unwrap();
        match act {
            Act::Write(at, bytes) => open().write_at(*at, &[bytes]).unwrap(),
            Act::SetLen(len) => open().set_len(*len).unwrap(),
            Act::Preallocate(len) => open().preallocate(*len).unwrap(),
            Act::Rename => drop(disk.rename("file", "other")),
            Act::Remove => drop(disk.remove("file")),
        }
    }
    let read = |name: String| {
        let file: Arc<dyn DiskFile> = disk.open(&name, Open::Existing).unwrap();
        let bytes = bytes_of(&*file);
        (name, bytes)
    };
    disk.list().unwrap().into_iter().map(read).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn both_disks_hold_the_same(acts in proptest::collection::vec(act(), 1..20)) {
        let (_home, real) = real();
        prop_assert_eq!(perform(&real, &acts), perform(&FaultyDisk::new(1), &acts));
    }
}
