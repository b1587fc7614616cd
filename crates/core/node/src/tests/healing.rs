//! A supplier that is gone for good and replaced is replaced for the data that lies there already.

use base::{BlockId, DeviceId, HOUR_MS, MINUTE_MS};
use storage::margin::Fate;
use storage::wire::Message;

use super::World;
use crate::input::{Input, MendOutcome};
use crate::output::{Output, Safety};
use crate::settings::{Clocks, Settings};
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

/// A backup at seven suppliers with a spare one, which the customer does not know yet.
fn stored_with(replacements_daily: u8) -> World {
    let clocks = Clocks { reconnect_ms_max: 10 * MINUTE_MS, ..Clocks::default() };
    let mut world = World::with(7, &Settings { clocks, replacements_daily, ..Settings::default() });
    let job = world.back_up();
    assert_eq!(world.job(job).state, "done");
    world
}

#[test]
fn a_missing_supplier_is_replaced_by_itself_and_what_it_kept_made_anew() {
    let mut world = stored_with(1);
    let new = world.new_supplier();
    let before = world.ordered.len();
    world.kill(3);
    world.run_for(72 * HOUR_MS - MINUTE_MS);
    assert_eq!(puts(&world, before), [], "nobody is replaced before");
    world.run_for(3 * HOUR_MS);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 3 }));
    let device = world.device(new);
    assert!(puts(&world, before).iter().all(|(to, ..)| *to == device));
    // Back after its place was taken, it is told that its contract has ended, and forgotten.
    world.revive(3);
    world.run_for(HOUR_MS);
    let old = world.device(3);
    assert!(world.overview(0).suppliers.iter().all(|each| each.device != old));
    assert!(world.said(0, 3).iter().any(|message| matches!(message, Message::End { .. })));
}

#[test]
fn one_that_is_back_before_another_is_found_keeps_its_place() {
    let mut world = stored_with(1);
    let before = world.ordered.len();
    world.kill(3);
    world.run_for(80 * HOUR_MS);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 2 }));
    world.revive(3);
    world.run_for(11 * MINUTE_MS);
    world.new_supplier();
    world.run_for(HOUR_MS);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 3 }));
    assert_eq!(puts(&world, before), [], "nothing is moved");
}

#[test]
fn of_several_missing_ones_one_is_replaced_each_day() {
    let mut world = stored_with(1);
    world.new_supplier();
    world.new_supplier();
    world.kill(3);
    world.run_for(HOUR_MS);
    world.kill(4);
    world.run_for(74 * HOUR_MS);
    // Not safe before the one that is still missing is replaced too: it confirms nothing.
    let weakest = world.overview(0).durability.placements[0];
    assert_eq!((weakest.fate, weakest.counted), (Fate::Kept { may_lose: 2 }, 6));
    world.run_for(24 * HOUR_MS);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 3 }));
}

// The control: who does not want it is not helped, and nothing is taken from one that is only away.
#[test]
fn without_replacements_one_that_is_only_away_loses_nothing_to_others() {
    let mut world = stored_with(0);
    world.new_supplier();
    let before = world.ordered.len();
    world.kill(3);
    world.run_for(96 * HOUR_MS);
    assert_eq!(puts(&world, before), []);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 2 }));
}
