//! The faulty disk fails as it says, and the same way for the same seed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;

fn file(disk: &FaultyDisk) -> Arc<dyn DiskFile> {
    disk.open("file", Open::OrCreate).unwrap()
}

fn bytes(disk: &FaultyDisk) -> Option<Vec<u8>> {
    disk.files().remove("file")
}

fn durable(disk: &FaultyDisk, len: usize) {
    file(disk).write_at(0, &[&vec![1; len]]).unwrap();
    file(disk).sync().unwrap();
    disk.sync_dir().unwrap();
}

/// Every outcome of a crash over many seeds, as one word for each sector of 512 bytes.
fn outcomes(disk: &FaultyDisk) -> BTreeSet<String> {
    let word = |seed| match bytes(&disk.fork().crash(seed)) {
        None => "gone".into(),
        Some(bytes) => bytes.chunks(512).map(|sector| char::from(b'0' + sector[0])).collect(),
    };
    (0..1200).map(word).collect()
}

#[test]
fn what_was_synced_survives_every_crash() {
    let disk = FaultyDisk::new(1);
    durable(&disk, 2048);
    assert_eq!(outcomes(&disk), BTreeSet::from(["1111".to_string()]));
}

#[test]
fn what_was_not_synced_survives_in_any_part() {
    let disk = FaultyDisk::new(1);
    durable(&disk, 2048);
    file(&disk).write_at(0, &[&[2; 2048]]).unwrap();
    let found = outcomes(&disk);
    assert_eq!(found.len(), 16, "{found:?}");
    // And of two writes to one place, also the first.
    file(&disk).write_at(512, &[&[3; 512]]).unwrap();
    let found = outcomes(&disk);
    for wanted in ["1111", "2222", "2322", "1311", "2111", "1322", "2221"] {
        assert!(found.contains(wanted), "{wanted} not in {found:?}");
    }
}

#[test]
fn names_need_their_own_sync() {
    let disk = FaultyDisk::new(1);
    file(&disk).write_at(0, &[&[1; 512]]).unwrap();
    file(&disk).sync().unwrap();
    assert_eq!(outcomes(&disk), BTreeSet::from(["gone".to_string(), "1".to_string()]));
    disk.sync_dir().unwrap();
    disk.rename("file", "other").unwrap();
    let found: BTreeSet<Vec<String>> =
        (0..50).map(|seed| disk.fork().crash(seed).list().unwrap()).collect();
    assert_eq!(found, BTreeSet::from([vec!["file".to_string()], vec!["other".to_string()]]));
}

#[test]
fn a_rename_can_arrive_before_the_bytes() {
    let disk = FaultyDisk::new(1);
    durable(&disk, 512);
    let new = disk.open("new", Open::OrCreate).unwrap();
    new.write_at(0, &[&[2; 512]]).unwrap();
    disk.rename("new", "file").unwrap();
    let found = outcomes(&disk);
    assert!(found.contains("") && found.contains("1") && found.contains("2"), "{found:?}");
}

#[test]
fn a_failed_sync_leaves_pages_that_look_clean() {
    let disk = FaultyDisk::new(1);
    durable(&disk, 1024);
    let failing = file(&disk);
    failing.write_at(0, &[&[2; 1024]]).unwrap();
    disk.fail_at(disk.operations() + 1, Fault::Error);
    assert!(matches!(failing.sync(), Err(DiskError::Io { action: Action::Sync, .. })));
    // The handle does not let anybody try again.
    let poisoned = DiskError::Poisoned { name: "file".into() };
    assert_eq!(failing.sync(), Err(poisoned.clone()));
    assert_eq!(failing.write_at(0, &[&[3]]), Err(poisoned));
    // A new handle may, and is told that all is well: but the pages are not written.
    file(&disk).sync().unwrap();
    assert_eq!(bytes(&disk).unwrap(), [2; 1024]);
    let found = outcomes(&disk);
    assert!(found.len() > 1 && found.contains("11"), "{found:?}");
    // Only writing them again helps.
    file(&disk).write_at(0, &[&[2; 1024]]).unwrap();
    file(&disk).sync().unwrap();
    assert_eq!(outcomes(&disk), BTreeSet::from(["22".to_string()]));
}

#[test]
fn the_fate_of_a_write_does_not_depend_on_the_order_of_others() {
    let write = |order: &[u64]| {
        let disk = FaultyDisk::new(1);
        durable(&disk, 8192);
        for at in order {
            file(&disk).write_at(at * 1024, &[&vec![2 + *at as u8; 1024]]).unwrap();
        }
        (0..100).map(|seed| disk.fork().crash(seed).digest()).collect::<Vec<_>>()
    };
    assert_eq!(write(&[0, 1, 2, 3, 4, 5, 6, 7]), write(&[5, 2, 7, 0, 3, 6, 1, 4]));
}

#[test]
fn cutting_and_growing_leaves_zeros_or_what_was() {
    let disk = FaultyDisk::new(1);
    durable(&disk, 1024);
    file(&disk).set_len(512).unwrap();
    file(&disk).preallocate(1024).unwrap();
    assert_eq!(bytes(&disk).unwrap()[512..], [0; 512]);
    let found = outcomes(&disk);
    assert!(found.is_superset(&["11".to_string(), "10".to_string()].into()), "{found:?}");
    file(&disk).sync().unwrap();
    assert_eq!(outcomes(&disk), BTreeSet::from(["10".to_string()]));
}

#[test]
fn a_full_disk_takes_a_part_and_says_so() {
    let disk = FaultyDisk::new(1);
    disk.set_capacity(Some(3 * 4096));
    let written = file(&disk).write_at(0, &[&[1; 5 * 4096]]);
    assert!(written.unwrap_err().is_no_space());
    assert_eq!(bytes(&disk).unwrap().len(), 3 * 4096);
    assert!(file(&disk).preallocate(4 * 4096).unwrap_err().is_no_space());
    assert_eq!(disk.free_space(), Ok(0));
    // Writing over what is there needs no room; cutting gives some back.
    file(&disk).write_at(0, &[&[2; 4096]]).unwrap();
    file(&disk).set_len(4096).unwrap();
    assert_eq!(disk.free_space(), Ok(2 * 4096));
}

#[test]
fn planned_faults_meet_the_operation_they_are_planned_for() {
    let disk = FaultyDisk::new(1);
    durable(&disk, 1024);
    let open = file(&disk);
    disk.fail_at(disk.operations() + 1, Fault::Misdirected(3));
    open.write_at(0, &[&[7; 512]]).unwrap();
    assert_eq!(bytes(&disk).unwrap()[1536..], [7; 512]);
    disk.fail_at(disk.operations() + 1, Fault::NoSpace);
    assert!(open.write_at(0, &[&[7; 512]]).unwrap_err().is_no_space());
    disk.fail_at(disk.operations() + 1, Fault::Error);
    assert!(open.read_at(0, &mut [0; 4]).is_err());
    assert!(open.read_at(0, &mut [0; 4]).is_ok());
    disk.fail_at(disk.operations() + 1, Fault::PowerOff);
    assert!(open.sync().is_err());
    assert!(disk.list().is_err());
    assert!(disk.crash(1).list().is_ok());
}

#[test]
fn old_handles_are_dead_after_a_crash() {
    let disk = FaultyDisk::new(1);
    let open = file(&disk);
    let next = disk.crash(1);
    assert!(open.write_at(0, &[b"late"]).is_err());
    assert!(next.list().is_ok());
}

#[test]
fn a_lock_ends_with_its_handle_or_with_the_program() {
    let disk = FaultyDisk::new(1);
    let holder = file(&disk);
    holder.try_lock().unwrap();
    let busy = Err(DiskError::Busy { name: "file".into() });
    assert_eq!(file(&disk).try_lock(), busy);
    drop(holder);
    let next = file(&disk);
    next.try_lock().unwrap();
    file(&disk.restart()).try_lock().unwrap();
}

#[test]
fn history_holds_every_state() {
    let disk = FaultyDisk::new(1);
    disk.keep_history();
    durable(&disk, 512);
    file(&disk).write_at(512, &[&[2; 512]]).unwrap();
    // Create, write, sync, sync of the directory, write; and the empty disk.
    assert_eq!(disk.moments(), 6);
    let lengths: Vec<Option<usize>> =
        (0..6).map(|at| bytes(&disk.moment(at).unwrap()).map(|bytes| bytes.len())).collect();
    assert_eq!(lengths, [None, Some(0), Some(512), Some(512), Some(512), Some(1024)]);
    assert!(disk.moment(6).is_none());
}

#[test]
fn rot_changes_one_bit_of_what_is_durable() {
    let disk = FaultyDisk::new(1);
    durable(&disk, 4096);
    let before = bytes(&disk).unwrap();
    assert_eq!(disk.rot_somewhere("fi", 3).unwrap().0, "file");
    let after = bytes(&disk.crash(1)).unwrap();
    let flipped: u32 = before.iter().zip(&after).map(|(a, b)| (a ^ b).count_ones()).sum();
    assert_eq!(flipped, 1);
    assert_eq!(disk.rot_somewhere("other", 3), None);
}

#[test]
fn names_stay_within_the_directory() {
    let disk = FaultyDisk::new(1);
    for name in ["", ".", "..", "a/b", "A", "ä", "a b", &"a".repeat(65)] {
        let refused = DiskError::Name { name: name.into() };
        assert_eq!(disk.open(name, Open::OrCreate).unwrap_err(), refused);
    }
    assert!(disk.open("segment-00000001.old", Open::OrCreate).is_ok());
}
