//! A supplier that is gone for good and replaced is replaced for the data that lies there already.

use base::{BlockId, DeviceId, HOUR_MS, MINUTE_MS};
use storage::margin::Fate;

use super::World;
use crate::input::{Input, MendOutcome};
use crate::output::{Output, Safety};
use crate::wish::Wish;

/// A backup at seven suppliers, of which number 3 is sent away; nobody has its place yet.
fn one_lost() -> World {
    let mut world = World::new(7);
    let job = world.back_up();
    assert_eq!(world.job(job).state, "done");
    let device = world.device(3);
    assert!(world.wish(0, Wish::EndSupplier(device)).is_ok());
    world.run_for(MINUTE_MS);
    world.kill(3);
    world
}

fn safety(world: &mut World) -> Option<Safety> {
    world.overview(0).safety
}

/// The fragments that were sent since, and to whom.
fn puts(world: &World, from: usize) -> Vec<(DeviceId, BlockId, u8)> {
    let sent = world.ordered[from..].iter().filter_map(|(number, output)| match output {
        Output::Put { device, block, index, .. } if *number == 0 => Some((*device, *block, *index)),
        _ => None,
    });
    sent.collect()
}

#[test]
fn what_the_lost_supplier_kept_is_made_anew_at_the_new_one() {
    let mut world = one_lost();
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 2 }));
    let before = world.ordered.len();
    let new = world.new_supplier();
    world.run_for(2 * MINUTE_MS);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 3 }));
    // Two fragments of each block, to the new supplier and to nobody else.
    let (device, blocks) = (world.device(new), world.recorded.len());
    let puts = puts(&world, before);
    assert!(puts.iter().all(|(to, ..)| *to == device));
    assert_eq!(puts.len(), 2 * blocks);
    // The root document at the suppliers names it for the data of before.
    let root = world.root_at(1).expect("kept there");
    assert!(root.arrangements.iter().all(|each| each.places.iter().any(|p| p.device == device)));
    assert!(world.overview(0).durability.is_confirmed);
}

#[test]
fn fragments_that_do_not_come_back_do_not_count() {
    let mut world = one_lost();
    world.is_kept_well = false;
    world.new_supplier();
    world.run_for(HOUR_MS);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 2 }));
    world.is_kept_well = true;
    world.run_for(HOUR_MS);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 3 }));
}

#[test]
fn too_few_fragments_at_once_are_waited_for() {
    let mut world = one_lost();
    world.mend_outcome = MendOutcome::Short;
    world.new_supplier();
    world.run_for(3 * HOUR_MS);
    let placed = world.overview(0).durability.placements[0];
    assert_eq!((placed.fate, placed.counted), (Fate::Kept { may_lose: 2 }, 6));
    world.mend_outcome = MendOutcome::Made;
    world.run_for(HOUR_MS);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 3 }));
}

#[test]
fn a_restart_in_the_middle_begins_again_and_ends() {
    let mut world = one_lost();
    world.swallow(|number, output| number == 0 && matches!(output, Output::RecordMended { .. }));
    world.new_supplier();
    world.run_for(2 * MINUTE_MS);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 2 }));
    world.kill(0);
    world.swallow_only(|_, _| false);
    world.revive(0);
    world.run_for(10 * MINUTE_MS);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 3 }));
}

#[test]
fn a_catalog_that_cannot_be_read_changes_nothing_and_is_tried_again() {
    let mut world = one_lost();
    world.swallow(|number, output| number == 0 && matches!(output, Output::ListBlocks { .. }));
    world.new_supplier();
    world.run_for(2 * MINUTE_MS);
    let Some((_, Output::ListBlocks { arrangement, .. })) = world.swallowed.pop() else {
        panic!("the walk has begun")
    };
    world.give(0, Input::BlocksListed { arrangement, blocks: None, more: true });
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 2 }));
    world.give_back();
    world.run_for(10 * MINUTE_MS);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 3 }));
}

// The control: nothing is healed without a supplier for the place, and nothing is taken from one
// that is only away.
#[test]
fn one_that_is_only_away_loses_nothing_to_others() {
    let mut world = World::new(7);
    world.back_up();
    world.kill(3);
    world.new_supplier();
    let before = world.ordered.len();
    world.run_for(4 * HOUR_MS);
    assert_eq!(puts(&world, before), []);
    world.run_for(72 * HOUR_MS);
    assert_eq!(puts(&world, before), []);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 2 }));
}
