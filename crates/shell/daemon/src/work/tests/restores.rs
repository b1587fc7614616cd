//! Restores: losses, what exists, parts of a version, breaking off.

use std::path::Path;

use node::input::Failure;
use node::output::Output;
use tempfile::TempDir;

use super::backups::{assert_same, noise, sample};
use super::world::{World, below, device, text};
use crate::view::RestoreRequest;
use crate::work::JobRequest;

#[test]
fn files_survive_every_loss_that_the_policy_allows_and_no_more() {
    let tree = sample(2 << 20);
    let mut world = World::new(5);
    world.backup_of(tree.path());
    for lost in [[0, 1], [3, 4], [1, 3]] {
        world.table().lost = lost.into();
        assert_same(&mut world, tree.path());
    }
    world.table().lost = [0, 1, 2].into();
    let target = TempDir::new().unwrap();
    match world.restore_to(target.path()) {
        Err(Failure::TooFewSuppliers { have: 2, need: 3, missing }) => {
            assert_eq!(missing[0], (device(0), Some(1_000)));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(files_in(target.path()), Vec::<String>::new());
    // The suppliers come back, and the same restore goes through.
    world.table().lost.clear();
    assert_eq!(world.restore_to(target.path()).unwrap().problems, vec![]);
}

#[test]
fn nothing_is_left_of_a_file_whose_end_cannot_be_had() {
    let tree = TempDir::new().unwrap();
    std::fs::write(tree.path().join("large"), noise(9 << 20)).unwrap();
    let mut world = World::new(2);
    world.backup_of(tree.path());
    // All fragments of one block of the file are wrong; only those blocks are full.
    let block = world.blocks().into_iter().max_by_key(|block| world.size_of(*block)).unwrap();
    world.table().damaged = (0..4).map(|index| (block, index)).collect();
    let target = TempDir::new().unwrap();
    assert!(matches!(world.restore_to(target.path()), Err(Failure::TooFewSuppliers { .. })));
    assert_eq!(files_in(target.path()), Vec::<String>::new());
}

#[test]
fn a_target_that_is_none_is_no_fault_of_the_disk() {
    let (mut world, _tree) = small();
    let place = TempDir::new().unwrap();
    std::fs::write(place.path().join("file"), b"here").unwrap();
    for target in [place.path().join("file"), Path::new("/proc/none").into()] {
        let told = world.restore_to(&target);
        assert!(matches!(told, Err(Failure::Outside { .. })), "{told:?}");
    }
    assert_eq!(std::fs::read(place.path().join("file")).unwrap(), b"here");
}

#[test]
fn wrong_fragments_are_made_good_by_others() {
    let tree = sample(2 << 20);
    let mut world = World::new(3);
    world.backup_of(tree.path());
    let wrong = world.blocks().into_iter().map(|block| (block, 1)).collect();
    world.table().damaged = wrong;
    assert_same(&mut world, tree.path());
}

#[test]
fn what_exists_stays_unless_told() {
    let (mut world, tree) = small();
    let target = TempDir::new().unwrap();
    let place = below(target.path(), tree.path()).join("inner/file");
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(&place, "mine").unwrap();
    let request = |existing: Option<&str>| RestoreRequest {
        target: text(target.path()),
        existing: existing.map(Into::into),
        ..RestoreRequest::default()
    };
    let refused = world.restore(request(None)).unwrap();
    assert_eq!(refused.problems.len(), 1);
    assert_eq!(refused.problems[0].what, text(&place));
    assert_eq!(std::fs::read(&place).unwrap(), b"mine");
    world.restore(request(Some("keep-both"))).unwrap();
    assert_eq!(std::fs::read(&place).unwrap(), b"mine");
    assert_eq!(std::fs::read(place.with_file_name("file.restored-1")).unwrap(), b"file");
    world.restore(request(Some("overwrite"))).unwrap();
    assert_eq!(std::fs::read(&place).unwrap(), b"file");
    assert!(world.works.begin(JobRequest::Restore(request(Some("whatever")))).is_err());
}

#[test]
fn a_restore_that_is_repeated_passes_over_what_is_there() {
    let (mut world, tree) = small();
    let target = TempDir::new().unwrap();
    assert_eq!(world.restore_to(target.path()).unwrap().files_unchanged, 0);
    let again = world.restore_to(target.path()).unwrap();
    assert_eq!((again.files_unchanged, again.problems), (3, vec![]));
    // Directories only.
    assert!(again.bytes_moved < 50_000, "{} bytes", again.bytes_moved);
    assert_same(&mut world, tree.path());
}

#[test]
fn a_part_of_a_version_keeps_its_path() {
    let (mut world, tree) = small();
    let target = TempDir::new().unwrap();
    let path = tree.path().join("inner");
    // As the version shows it, or without its first slash.
    let path = text(&path).trim_start_matches('/').to_owned();
    let request =
        RestoreRequest { target: text(target.path()), path: Some(path), ..Default::default() };
    let done = world.restore(request.clone()).unwrap();
    assert_eq!((done.files_done, done.files_total), (2, 2));
    let place = below(target.path(), tree.path());
    assert_eq!(std::fs::read(place.join("inner/file")).unwrap(), b"file");
    assert!(!place.join("outer").exists());
    let request = RestoreRequest { path: Some("/not/there".into()), ..request };
    assert!(matches!(world.restore(request), Err(Failure::Unknown { .. })));
}

#[test]
fn an_older_version_comes_back_as_it_was() {
    let (mut world, tree) = small();
    std::fs::write(tree.path().join("outer"), "another").unwrap();
    world.backup_of(tree.path());
    let restored = |world: &mut World, version| {
        let target = TempDir::new().unwrap();
        let request = RestoreRequest { version, target: text(target.path()), ..Default::default() };
        let done = world.restore(request)?;
        let bytes = std::fs::read(below(target.path(), tree.path()).join("outer")).unwrap();
        Ok::<_, Failure>((done.version, bytes))
    };
    assert_eq!(restored(&mut world, Some(1)), Ok((Some(1), b"outer".to_vec())));
    assert_eq!(restored(&mut world, None), Ok((Some(2), b"another".to_vec())));
    let none = Err(Failure::NoVersion { number: Some(3) });
    assert_eq!(restored(&mut world, Some(3)), none);
}

#[test]
fn without_any_version_it_is_said_that_there_is_none() {
    let mut world = World::new(2);
    let target = TempDir::new().unwrap();
    let failure = world.restore_to(target.path()).map(drop).unwrap_err();
    assert_eq!(failure, Failure::NoVersion { number: None });
    let view = crate::failure_view(&failure);
    assert_eq!(view.code, "no-such-version");
    assert!(view.advice.contains("bitdust backup start"), "{view:?}");
}

#[test]
fn a_restore_that_is_held_writes_nothing_until_it_goes_on() {
    let (mut world, tree) = small();
    let targets = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let [ended, goes_on] = targets.each_ref().map(|target| {
        let request = RestoreRequest { target: text(target.path()), ..Default::default() };
        world.begin_held_restore(request)
    });
    world.works.order(Output::StopWork { job: ended });
    world.works.order(Output::ContinueWork { job: goes_on });
    assert_eq!(world.end_of(goes_on), Ok(()));
    let there = files_in(targets[1].path());
    assert_eq!(there.len(), 3);
    world.works.clone().close();
    assert_eq!(files_in(targets[0].path()), Vec::<String>::new());
    drop(tree);
}

#[test]
fn a_dry_run_tells_what_is_in_the_way_and_writes_nothing() {
    let (world, tree) = small();
    let target = TempDir::new().unwrap();
    let place = below(target.path(), tree.path()).join("inner/file");
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(&place, "mine").unwrap();
    let request = RestoreRequest { target: text(target.path()), ..RestoreRequest::default() };
    let begun = world.works.dry_run(JobRequest::Restore(request)).unwrap();
    let told = world.end_of_dry_run(&begun);
    assert_eq!((told.state.as_str(), told.files_done, told.problems.len()), ("done", 3, 1));
    assert_eq!(files_in(target.path()), ["file"]);
}

/// A backup of three files in two directories.
pub(in crate::work) fn small() -> (World, TempDir) {
    let tree = TempDir::new().unwrap();
    std::fs::create_dir(tree.path().join("inner")).unwrap();
    std::fs::write(tree.path().join("outer"), "outer").unwrap();
    std::fs::write(tree.path().join("inner/file"), "file").unwrap();
    std::fs::write(tree.path().join("inner/noise"), noise(100_000)).unwrap();
    let mut world = World::new(2);
    world.backup_of(tree.path());
    (world, tree)
}

/// The names of all files below a directory.
fn files_in(directory: &Path) -> Vec<String> {
    let mut names = vec![];
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            names.extend(files_in(&entry.path()));
        } else {
            names.push(entry.file_name().into_string().unwrap());
        }
    }
    names
}
