//! Checks: what suppliers really have.

use super::backups::noise;
use super::restores::small;
use super::world::{World, device};
use crate::view::UnreachedView;
use tempfile::TempDir;

#[test]
fn everything_that_is_there_is_found_there() {
    let (mut world, _tree) = small();
    let done = world.check(100);
    assert_eq!((done.state.as_str(), done.problems), ("done", vec![]));
    assert_eq!(done.files_done, world.blocks().len() as u64);
    assert_eq!(done.safety.as_deref(), Some("safe, may lose 1"));
    assert_eq!((done.bytes_done, done.bytes_moved), (done.bytes_total, done.bytes_total));
}

#[test]
fn a_sample_of_nothing_asks_for_nothing() {
    let (mut world, _tree) = small();
    let done = world.check(0);
    assert_eq!((done.files_done, done.bytes_moved, done.safety), (0, 0, None));
}

#[test]
fn a_wrong_fragment_is_named_with_its_supplier() {
    let (mut world, _tree) = small();
    let block = *world.blocks().iter().next().unwrap();
    world.table().damaged = [(block, 3)].into();
    let done = world.check(100);
    assert_eq!(done.problems_total, 1);
    assert_eq!(done.problems[0].what, device(1).to_string());
    assert_eq!(done.problems[0].why, format!("gave wrong bytes for fragment 3 of block {block}"));
}

#[test]
fn a_supplier_that_is_not_reached_is_named_and_is_no_damage() {
    let (mut world, _tree) = small();
    world.table().lost = [1].into();
    let done = world.check(100);
    assert_eq!((done.state.as_str(), done.problems_total), ("done", 0), "{:?}", done.problems);
    let fragments = 2 * world.blocks().len() as u64;
    let unreached = UnreachedView { device: device(1).to_string(), since: Some(1_000), fragments };
    assert_eq!(done.unreached, [unreached]);
    assert_eq!(done.safety.as_deref(), Some("at risk"), "one of two");
}

#[test]
fn a_supplier_that_is_there_and_has_it_not_is_named() {
    let (mut world, _tree) = small();
    let block = *world.blocks().iter().next().unwrap();
    world.forget_fragment(block, 1);
    let done = world.check(100);
    assert_eq!((done.problems_total, done.unreached), (1, vec![]));
    assert_eq!(done.problems[0].what, device(1).to_string());
    assert_eq!(done.problems[0].why, format!("has not got fragment 1 of block {block}"));
    assert_eq!(done.safety.as_deref(), Some("at risk"));
}

#[test]
fn files_in_a_lost_block_are_named() {
    let tree = TempDir::new().unwrap();
    std::fs::write(tree.path().join("lost"), noise(100_000)).unwrap();
    let mut world = World::new(2);
    world.backup_of(tree.path());
    let data = world.blocks();
    std::fs::write(tree.path().join("kept"), "kept").unwrap();
    world.backup_of(tree.path());
    // The first data block: the one that is no part of the catalog is the largest.
    let lost = data.into_iter().max_by_key(|block| world.size_of(*block)).unwrap();
    world.table().damaged = (0..4).map(|index| (lost, index)).collect();
    let done = world.check(100);
    let name = super::world::text(&tree.path().join("lost"));
    let hurt: Vec<_> = done.problems.iter().filter(|problem| problem.what == name).collect();
    assert_eq!(hurt.len(), 1, "{:?}", done.problems);
    assert!(hurt[0].why.contains("version 2"), "{}", hurt[0].why);
}
