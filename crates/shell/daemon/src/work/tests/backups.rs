//! Backups: what is read, what is not read again, what goes wrong.

use std::path::Path;

use disk::tree::compare::{Aspects, compare_trees};
use disk::tree::sample::make_sample;
use node::input::Failure;
use node::output::Output;
use proptest::prelude::*;
use tempfile::TempDir;

use super::world::{World, below, text};
use crate::view::BackupRequest;
use crate::work::JobRequest;

#[test]
fn a_tree_comes_back_as_it_was() {
    let tree = sample(6 << 20);
    let mut world = World::new(3);
    let done = world.backup_of(tree.path());
    assert_eq!((done.state.as_str(), done.problems_total), ("done", 0));
    assert_eq!((done.version, done.files_done), (Some(1), done.files_total));
    assert!(done.bytes_done >= 6 << 20);
    assert_same(&mut world, tree.path());
}

#[test]
fn a_block_is_larger_than_the_memory_and_still_goes_through() {
    let tree = sample(6 << 20);
    let mut world = World::with_memory(7, 1);
    world.backup_of(tree.path());
    assert_same(&mut world, tree.path());
}

#[test]
fn what_is_unchanged_is_neither_read_nor_sent_again() {
    // Files that are younger than two seconds are read again in any case; these are older.
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/view");
    let mut world = World::new(2);
    let first = world.backup_of(&source);
    let blocks = world.blocks().len();
    let second = world.backup_of(&source);
    assert_eq!((first.files_unchanged, second.files_unchanged), (0, first.files_done));
    assert_eq!((second.files_done, second.version), (first.files_done, Some(2)));
    // Only a new list of versions.
    assert_eq!(world.blocks().len(), blocks + 1);
    let request =
        BackupRequest { paths: vec![text(&source)], read_all: true, ..Default::default() };
    let job = world.begin_backup(request);
    world.end_of(job).unwrap();
    assert_eq!(world.works.job(job).unwrap().files_unchanged, 0);
    assert_eq!(world.blocks().len(), blocks + 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_run_that_is_broken_off_goes_on_where_it_was(
        stops in prop::collection::vec(0_usize..9, 1..4)
    ) {
        let tree = TempDir::new().unwrap();
        let bytes = noise(6 << 20);
        std::fs::write(tree.path().join("one"), &bytes[..4 << 20]).unwrap();
        std::fs::write(tree.path().join("two"), &bytes[4 << 20..]).unwrap();
        let mut world = World::with_memory(2, 4 << 20);
        let paths = vec![text(tree.path())];
        world.table().stop_after = Some(stops[0]);
        let job = world.begin_backup(BackupRequest { paths, ..BackupRequest::default() });
        for stop in &stops[1..] {
            if world.end_of(job).is_ok() {
                break;
            }
            world.table().stop_after = Some(*stop);
            world.go_on(job);
        }
        if world.end_of(job).is_err() {
            world.table().stop_after = None;
            world.go_on(job);
            prop_assert_eq!(world.end_of(job), Ok(()));
        }
        // Three blocks of 2 MiB, what each stop threw away, and the small ones of the catalog.
        let sealed = world.table().sealed;
        prop_assert!(sealed <= 8 + stops.len() * 7, "{} blocks were sealed", sealed);
        assert_same(&mut world, tree.path());
    }
}

#[test]
fn a_file_that_changes_once_while_it_is_read_is_read_again() {
    let (tree, mut world) = changing(1);
    let done = world.backup_of(tree.path());
    assert_eq!(done.problems_total, 0);
    assert_same(&mut world, tree.path());
}

#[test]
fn a_file_that_changes_all_the_time_is_kept_and_named() {
    let (tree, mut world) = changing(usize::MAX);
    let done = world.backup_of(tree.path());
    assert_eq!((done.state.as_str(), done.problems_total), ("done", 1));
    assert_eq!(done.problems[0].what, text(&tree.path().join("log")));
    assert_eq!(world.works.versions().unwrap()[0].problems, 1);
    let target = TempDir::new().unwrap();
    world.restore_to(target.path()).unwrap();
    assert!(below(target.path(), tree.path()).join("log").exists());
}

#[test]
fn a_path_that_is_gone_is_a_problem_and_the_others_are_kept() {
    let tree = TempDir::new().unwrap();
    std::fs::write(tree.path().join("here"), "here").unwrap();
    let mut world = World::new(2);
    let gone = tree.path().with_extension("gone");
    let paths = vec![text(&gone), text(tree.path())];
    let job = world.begin_backup(BackupRequest { paths, ..BackupRequest::default() });
    world.end_of(job).unwrap();
    let done = world.works.job(job).unwrap();
    assert_eq!(done.problems_total, 1);
    assert_eq!((done.problems[0].what.clone(), done.files_done), (text(&gone), 1));
}

#[test]
fn nothing_but_paths_that_are_gone_is_no_backup() {
    let mut world = World::new(2);
    let paths = vec!["/nowhere/at/all".to_owned()];
    let job = world.begin_backup(BackupRequest { paths, ..BackupRequest::default() });
    assert!(matches!(world.end_of(job), Err(Failure::Unknown { .. })));
    assert_eq!(world.works.versions().unwrap().len(), 0);
}

#[test]
fn the_home_and_what_is_excluded_stay_out() {
    let mut world = World::new(2);
    let root = world.home.path().to_path_buf();
    let tree = TempDir::new_in(root.parent().unwrap()).unwrap();
    for name in ["kept", "left.out", "left by file"] {
        std::fs::write(tree.path().join(name), name).unwrap();
    }
    std::fs::write(tree.path().join(".bitdustignore"), "left by*\n").unwrap();
    let excludes = vec!["*.out".to_owned()];
    let paths = vec![text(tree.path()), text(&root)];
    let job = world.begin_backup(BackupRequest { paths, excludes, ..Default::default() });
    world.end_of(job).unwrap();
    let done = world.works.job(job).unwrap();
    assert_eq!((done.files_done, done.problems_total), (2, 0));
}

#[test]
fn requests_that_cannot_be_are_refused_at_once() {
    let world = World::new(2);
    for path in ["relative", "/up/../wards", "/broken\\x"] {
        let request = BackupRequest { paths: vec![path.into()], ..BackupRequest::default() };
        let error = world.works.begin(JobRequest::Backup(request)).unwrap_err();
        assert_eq!(error.code, "bad-request", "{path}");
    }
    let error = world.works.begin(JobRequest::Backup(BackupRequest::default())).unwrap_err();
    assert_eq!(error.code, "bad-request");
}

#[test]
fn a_dry_run_tells_and_changes_nothing() {
    let tree = sample(1 << 20);
    let mut world = World::new(2);
    let request = || BackupRequest { paths: vec![text(tree.path())], ..Default::default() };
    let begun = world.works.dry_run(JobRequest::Backup(request())).unwrap();
    let told = world.end_of_dry_run(&begun);
    assert_eq!((told.state.as_str(), world.blocks().len()), ("done", 0));
    assert_eq!(world.works.versions().unwrap().len(), 0);
    let done = world.backup_of(tree.path());
    assert_eq!((told.files_done, told.bytes_done), (done.files_done, done.bytes_done));
    assert_eq!(world.works.jobs().len(), 2);
}

#[test]
fn a_job_that_nobody_asked_for_fails() {
    let world = World::new(2);
    let job = base::JobId([9; 32]);
    let wish = node::wish::BackupWish::new(77);
    let arrangement = super::world::arrangement(2);
    world.works.order(Output::StartBackup { job, wish, arrangement });
    assert!(matches!(world.end_of(job), Err(Failure::Unknown { .. })));
}

pub(super) fn sample(bytes: u64) -> TempDir {
    let tree = TempDir::new().unwrap();
    make_sample(tree.path(), bytes, 7).unwrap();
    tree
}

/// Bytes that no compression makes shorter.
pub(super) fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    noise
}

/// Restores the newest version and compares it with the tree.
pub(super) fn assert_same(world: &mut World, tree: &Path) {
    let target = TempDir::new().unwrap();
    let done = world.restore_to(target.path()).unwrap();
    assert_eq!((done.state.as_str(), done.problems), ("done", vec![]));
    let found = compare_trees(tree, &below(target.path(), tree), Aspects::default()).unwrap();
    assert!(found.is_equal(), "{:?}", found.differences);
}

/// A file that is written anew whenever one of the first `times` blocks is sealed.
fn changing(times: usize) -> (TempDir, World) {
    let tree = TempDir::new().unwrap();
    let path = tree.path().join("log");
    std::fs::write(&path, noise(6 << 20)).unwrap();
    // No memory: the reading waits for each block.
    let world = World::with_memory(1, 1);
    world.table().on_sealed = Some(Box::new(move |number| {
        if number <= times {
            let other: Vec<u8> = noise(6 << 20).iter().map(|byte| byte ^ number as u8).collect();
            std::fs::write(&path, other).unwrap();
        }
    }));
    (tree, world)
}
