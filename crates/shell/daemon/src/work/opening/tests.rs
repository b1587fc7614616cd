//! How the drive is found at the start.

use std::path::Path;

use node::input::DriveCondition;
use tempfile::TempDir;

use super::{FRESH_MARK, OpenedDrive, RECOVER_MARK, open_drive};
use crate::work::tests::world::keys;

fn open(home: &Path) -> OpenedDrive {
    open_drive(home, &keys(1)).unwrap()
}

fn marked(mark: &str) -> TempDir {
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join(mark), "").unwrap();
    home
}

#[test]
fn a_new_drive_keeps_the_keyring_that_it_began_with() {
    let home = marked(FRESH_MARK);
    let first = open(home.path());
    assert_eq!(first.condition, DriveCondition::Fresh);
    let sealed = first.keyring_sealed.clone();
    assert!(!sealed.is_empty());
    drop(first);
    let second = open(home.path());
    assert_eq!((second.condition, second.keyring_sealed), (DriveCondition::Fresh, sealed));
}

#[test]
fn without_a_mark_nothing_is_made_anew() {
    let home = TempDir::new().unwrap();
    let opened = open(home.path());
    assert_eq!(opened.condition, DriveCondition::Absent);
    assert!(opened.keyring_sealed.is_empty() && opened.keyring.is_none());
}

#[test]
fn a_home_made_from_the_words_is_to_be_filled() {
    let home = marked(RECOVER_MARK);
    assert_eq!(open(home.path()).condition, DriveCondition::Absent);
}

#[test]
fn a_drive_that_vanished_is_not_taken_for_a_new_one() {
    let home = marked(FRESH_MARK);
    let opened = open(home.path());
    opened.home.settle(false).unwrap();
    drop(opened);
    std::fs::remove_dir_all(home.path().join("drive")).unwrap();
    assert_eq!(open(home.path()).condition, DriveCondition::Absent);
}

#[test]
fn a_damaged_catalog_is_set_aside() {
    let home = marked(FRESH_MARK);
    let opened = open(home.path());
    opened.home.settle(false).unwrap();
    drop(opened);
    let catalog = home.path().join("drive/catalog");
    std::fs::write(&catalog, vec![7; 10_000]).unwrap();
    assert_eq!(open(home.path()).condition, DriveCondition::Broken);
    assert!(home.path().join("drive/catalog.damaged-1").exists());
}

#[test]
fn an_older_generation_of_the_keyring_does() {
    let home = marked(FRESH_MARK);
    let opened = open(home.path());
    let sealed = opened.keyring_sealed.clone();
    opened.home.keep_keyring(&sealed).unwrap();
    drop(opened);
    std::fs::write(home.path().join("drive/keyring"), "damaged").unwrap();
    assert_eq!(open(home.path()).keyring_sealed, sealed);
}

#[test]
fn the_keyring_of_somebody_else_is_none() {
    let home = marked(FRESH_MARK);
    drop(open(home.path()));
    std::fs::remove_file(home.path().join(FRESH_MARK)).unwrap();
    let opened = open_drive(home.path(), &keys(9)).unwrap();
    assert_eq!(opened.condition, DriveCondition::Absent);
}
