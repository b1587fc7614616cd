//! The drive after restarts and losses of this machine.

use node::input::DriveCondition;

use super::backups::{assert_same, sample};
use super::world::World;

#[test]
fn the_words_alone_bring_every_file_back() {
    let tree = sample(2 << 20);
    let mut world = World::new(4);
    assert_eq!(world.condition, DriveCondition::Fresh);
    world.backup_of(tree.path());
    world.backup_of(tree.path());
    world.table().lost = [0, 3].into();
    let mut world = world.move_to_an_empty_machine();
    assert_eq!(world.condition, DriveCondition::Absent);
    assert!(world.wait(|table| table.rebuilt));
    assert_eq!(world.works.versions().unwrap().len(), 2);
    assert_same(&mut world, tree.path());
    // It is in hand from now on, and the next backup finds all chunks.
    world.table().lost.clear();
    let mut world = world.restart();
    assert_eq!(world.condition, DriveCondition::Present);
    let blocks = world.blocks().len();
    world.backup_of(tree.path());
    assert!(world.blocks().len() <= blocks + 2);
    assert_eq!(world.works.versions().unwrap()[0].number, 3);
}

#[test]
fn a_drive_that_cannot_be_found_again_is_still_missing_after_a_restart() {
    let tree = sample(1 << 20);
    let mut world = World::new(3);
    world.backup_of(tree.path());
    world.table().lost = [0, 1].into();
    let world = world.move_to_an_empty_machine();
    assert!(!world.wait(|table| table.rebuilt));
    let world = world.restart();
    assert_eq!(world.condition, DriveCondition::Absent);
}

#[test]
fn an_empty_drive_is_in_hand_at_once() {
    let world = World::new(2).move_to_an_empty_machine();
    assert!(world.wait(|table| table.rebuilt));
    assert_eq!(world.restart().condition, DriveCondition::Fresh);
}

#[test]
fn a_restart_changes_nothing() {
    let tree = sample(1 << 20);
    let world = World::new(2);
    let mut world = world.restart();
    assert_eq!(world.condition, DriveCondition::Fresh);
    world.backup_of(tree.path());
    let mut world = world.restart();
    assert_eq!(world.condition, DriveCondition::Present);
    assert_same(&mut world, tree.path());
}
