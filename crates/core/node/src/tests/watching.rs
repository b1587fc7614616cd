//! Who is away, for how long, and what that means for the data: across restarts and dead lines.

use base::{DAY_MS, HOUR_MS, MINUTE_MS};
use storage::margin::{Fate, Standing};

use super::World;
use crate::durability::Durability;
use crate::input::Input;
use crate::output::{Output, Safety};
use crate::settings::{Clocks, Settings};

/// A backup at seven suppliers; lost ones are dialled now and then only, for days are to pass.
fn stored() -> World {
    let clocks = Clocks { reconnect_ms_max: 10 * MINUTE_MS, ..Clocks::default() };
    let mut world = World::with(7, &Settings { clocks, ..Settings::default() });
    let job = world.back_up();
    assert_eq!(world.job(job).state, "done");
    world
}

fn durability(world: &mut World) -> Durability {
    world.overview(0).durability
}

fn safety(world: &mut World) -> Option<Safety> {
    world.overview(0).safety
}

fn standing(world: &mut World, supplier: usize) -> Standing {
    let device = world.device(supplier);
    let found = durability(world).suppliers.into_iter().find(|each| each.device == device);
    found.expect("one of the suppliers").standing
}

#[test]
fn a_whole_placement_is_told_with_its_margin_and_its_estimate() {
    let mut world = stored();
    let durability = durability(&mut world);
    let [placed] = durability.placements[..] else { panic!("one arrangement") };
    assert_eq!((placed.suppliers, placed.needed, placed.counted), (7, 4, 7));
    assert_eq!(placed.fate, Fate::Kept { may_lose: 3 });
    assert!(placed.is_in_force && !placed.wants_repair && durability.is_confirmed);
    assert!(placed.yearly_loss > 0.0 && placed.yearly_loss < 0.01);
    assert_eq!(durability.suppliers.len(), 7);
    assert!(durability.suppliers.iter().all(|supplier| supplier.is_online));
}

#[test]
fn an_empty_drive_has_nothing_to_lose() {
    let mut world = World::new(2);
    assert_eq!(durability(&mut world).placements, []);
}

#[test]
fn one_that_is_away_for_three_days_is_not_counted_until_it_returns() {
    let mut world = stored();
    world.kill(3);
    world.run_for(HOUR_MS - 1);
    assert_eq!(standing(&mut world, 3), Standing::Present);
    world.run_for(1);
    assert_eq!(standing(&mut world, 3), Standing::Suspect);
    world.run_for(71 * HOUR_MS - 1);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 3 }));
    world.run_for(1);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 2 }));
    let [placed] = durability(&mut world).placements[..] else { panic!("one arrangement") };
    assert_eq!((placed.counted, placed.fate), (6, Fate::Kept { may_lose: 2 }));
    assert!(placed.wants_repair);
    world.revive(3);
    world.run_for(11 * MINUTE_MS);
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 3 }));
}

#[test]
fn a_restart_neither_resets_an_absence_nor_counts_the_time_between() {
    let mut world = stored();
    world.kill(3);
    world.run_for(71 * HOUR_MS);
    world.kill(0);
    world.run_for(30 * DAY_MS);
    world.revive(0);
    world.run_for(30 * MINUTE_MS);
    assert_eq!(standing(&mut world, 3), Standing::Suspect);
    world.run_for(2 * HOUR_MS);
    assert_eq!(standing(&mut world, 3), Standing::Missing);
}

#[test]
fn the_calendar_makes_nobody_missing() {
    let mut world = stored();
    world.kill(3);
    let wrong = world.date().plus_ms(90 * DAY_MS);
    world.set_date(wrong);
    world.run_for(2 * HOUR_MS);
    assert_eq!(standing(&mut world, 3), Standing::Suspect);
}

#[test]
fn an_own_line_dead_for_four_days_says_nothing_of_the_suppliers() {
    let mut world = stored();
    world.unplug(0);
    world.run_for(4 * DAY_MS);
    assert_eq!(durability(&mut world).brake, "CutOff");
    assert_eq!(safety(&mut world), Some(Safety::Safe { may_lose: 3 }));
    world.plug_in(0);
    world.run_for(MINUTE_MS);
    assert_eq!(durability(&mut world).brake, "Slow", "clocks run within a minute");
    world.run_for(10 * MINUTE_MS);
    assert!(durability(&mut world).suppliers.iter().all(|supplier| supplier.is_online));
}

// The control: a node that does not ask whether it is cut off takes all others for dead.
#[test]
fn without_the_brake_a_dead_line_looks_like_a_dead_network() {
    let mut world = stored();
    world.swallow(|number, output| number == 0 && matches!(output, Output::Probe));
    world.unplug(0);
    world.give(0, Input::Probed { heard: true });
    world.run_for(4 * DAY_MS);
    assert_eq!(safety(&mut world), Some(Safety::Lost));
}

#[test]
fn when_many_leave_at_once_and_others_answer_the_clocks_run_on() {
    let mut world = stored();
    for supplier in [1, 2, 3] {
        world.kill(supplier);
    }
    world.run_for(MINUTE_MS);
    assert_eq!(durability(&mut world).brake, "Slow");
    world.run_for(72 * HOUR_MS);
    assert_eq!(safety(&mut world), Some(Safety::AtRisk));
    assert_eq!(durability(&mut world).brake, "Off");
    world.kill(4);
    world.run_for(73 * HOUR_MS);
    let [placed] = durability(&mut world).placements[..] else { panic!("one arrangement") };
    assert_eq!(placed.fate, Fate::Waits);
}

#[test]
fn the_share_of_the_time_that_a_supplier_is_there_is_measured() {
    let mut world = stored();
    world.run_for(30 * HOUR_MS);
    world.kill(2);
    world.run_for(10 * HOUR_MS);
    let device = world.device(2);
    let suppliers = durability(&mut world).suppliers;
    let found = suppliers.iter().find(|each| each.device == device).expect("a supplier");
    let percent =
        u64::from(found.uptime.expect("measured")) * 100 / u64::from(storage::uptime::WHOLE);
    assert!((72..=78).contains(&percent), "{percent} of 75");
    assert!((10 * HOUR_MS - MINUTE_MS..=10 * HOUR_MS).contains(&found.away_ms));
}
