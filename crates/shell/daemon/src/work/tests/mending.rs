//! Fragments are made anew for a supplier that took another's place; read back, they count.

use node::input::{Input, MendOutcome};
use node::output::Output;

use super::backups::{assert_same, sample};
use super::world::{World, place};

/// The supplier that takes place 1.
const NEW: u8 = 9;

/// A backup at four suppliers, of which the one at place 1 is gone.
fn one_lost() -> (World, tempfile::TempDir) {
    let tree = sample(2 << 20);
    let mut world = World::new(4);
    world.backup_of(tree.path());
    world.table().lost = [1].into();
    (world, tree)
}

fn mend(world: &World, block: base::BlockId) -> Input {
    let fragments = vec![(1, place(NEW)), (5, place(NEW))];
    world.works.order(Output::Mend { block, fragments });
    world.next_healed()
}

fn verify(world: &World, block: base::BlockId) -> bool {
    world.works.order(Output::VerifyMended { block, arrangement: 2 });
    match world.next_healed() {
        Input::MendVerified { ok, .. } => ok,
        other => panic!("{other:?}"),
    }
}

fn listed(world: &World, arrangement: u32) -> Vec<base::BlockId> {
    world.works.order(Output::ListBlocks { arrangement, after: None });
    match world.next_healed() {
        Input::BlocksListed { blocks: Some(blocks), more: false, .. } => blocks,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_lost_supplier_kept_is_made_of_the_others_and_then_others_may_be_lost() {
    let (mut world, tree) = one_lost();
    let blocks = listed(&world, 1);
    assert!(world.blocks().iter().all(|block| blocks.contains(block)));
    assert_eq!(listed(&world, 2), []);
    for block in blocks {
        let outcome = mend(&world, block);
        assert!(matches!(outcome, Input::Mended { outcome: MendOutcome::Made, .. }), "{outcome:?}");
        assert!(world.works.fragment(block, 0).is_none(), "only what was lacking is made");
        world.give_to(NEW, block, 1);
        world.give_to(NEW, block, 5);
        world.table().taken = [(1, NEW)].into();
        world.table().lost.clear();
        assert!(verify(&world, block));
        world.works.order(Output::RecordMended { block });
        assert!(matches!(world.next_healed(), Input::MendRecorded { ok: true, .. }));
        world.works.order(Output::Release { block });
        assert!(world.works.fragment(block, 1).is_none());
        world.table().lost = [1].into();
        world.table().taken.clear();
    }
    // Two more may be lost now, for the new one has all of its own.
    world.table().taken = [(1, NEW)].into();
    world.table().lost = [0, 3].into();
    assert_same(&mut world, tree.path());
}

#[test]
fn a_new_supplier_that_gives_back_something_wrong_or_nothing_is_noticed() {
    let (world, _tree) = one_lost();
    let block = *world.blocks().iter().next().unwrap();
    mend(&world, block);
    world.give_to(NEW, block, 1);
    world.give_to(NEW, block, 5);
    world.table().taken = [(1, NEW)].into();
    assert!(!verify(&world, block), "it is away");
    world.table().lost.clear();
    world.table().damaged = [(block, 5)].into();
    assert!(!verify(&world, block), "one of the two is wrong");
    world.table().damaged.clear();
    assert!(verify(&world, block));
}

#[test]
fn too_few_others_are_told_as_such() {
    let (world, _tree) = one_lost();
    let block = *world.blocks().iter().next().unwrap();
    world.table().lost = [0, 1, 2].into();
    let outcome = mend(&world, block);
    assert!(matches!(outcome, Input::Mended { outcome: MendOutcome::Short, .. }), "{outcome:?}");
    assert!(!verify(&world, block), "nothing was made");
}

#[test]
fn a_drive_found_again_lists_the_blocks_of_its_head_too() {
    let (world, _tree) = one_lost();
    let all = world.blocks();
    world.table().lost.clear();
    let world = world.move_to_an_empty_machine();
    assert!(world.wait(|table| table.rebuilt));
    let listed = listed(&world, 1);
    assert!(all.iter().all(|block| listed.contains(block)), "{} of {}", listed.len(), all.len());
}
