//! The drive is found again with the words: nothing is believed that was not proved.

use mesh::RecordKind;
use storage::wire::Message;

use super::World;
use crate::input::{Failure, Input};
use crate::output::{Output, Safety};
use crate::wish::{RestoreWish, Wish};

const RESTORE: Wish = Wish::Restore(RestoreWish::new(2));

#[test]
fn a_recovery_confirms_nothing_that_was_not_read_back() {
    let mut world = World::new(7);
    world.back_up();
    world.swallow(|number, output| {
        number != 0 && matches!(output, Output::Send { message: Message::DocumentKept { .. }, .. })
    });
    world.lose_the_home_of(0);
    world.run_for(60_000);
    assert_eq!(world.overview(0).drive, "Ready");
    assert_eq!(world.overview(0).safety, Some(Safety::AtRisk));
    assert!(!world.book(0).is_confirmed);
    world.swallow_only(|_, _| false);
    world.run_for(120_000);
    assert_eq!(world.overview(0).safety, Some(Safety::Safe { may_lose: 3 }));
}

#[test]
fn suppliers_that_are_not_reached_have_not_answered() {
    for (dead, few) in [(0, false), (3, false), (4, true), (6, true)] {
        let mut world = World::new(7);
        world.back_up();
        (1..=dead).for_each(|number| world.kill(number));
        world.lose_the_home_of(0);
        world.run_for(120_000);
        let overview = world.overview(0);
        assert_eq!((overview.drive, overview.few_answered), ("Ready", few), "{dead} are dead");
    }
}

#[test]
fn slow_look_ups_are_waited_for() {
    let mut world = World::new(7);
    world.back_up();
    world.swallow(|number, output| number == 0 && matches!(output, Output::GetRecord { .. }));
    world.lose_the_home_of(0);
    world.run_for(20_000);
    let asked = world.count(0, |output| matches!(output, Output::GetRecord { .. }));
    world.run_for(5_000);
    assert_eq!(world.count(0, |output| matches!(output, Output::GetRecord { .. })), asked);
    world.give_back();
    world.run_for(10_000);
    assert_eq!(world.overview(0).drive, "Ready");
}

#[test]
fn a_restore_waits_while_the_drive_is_made_anew() {
    let mut world = World::new(7);
    world.back_up();
    world.swallow(|number, output| number == 0 && matches!(output, Output::Rebuild { .. }));
    world.lose_the_home_of(0);
    let job = world.wish_job(RESTORE);
    world.run_for(30 * 60_000);
    assert_eq!(world.job(job).state, "waiting");
    world.give_back();
    world.run_for(10_000);
    assert_eq!(world.fetched.pop(), Some(Ok(())));
}

#[test]
fn a_restore_gives_up_when_there_is_no_drive_to_wait_for() {
    let mut world = World::new(0);
    world.records.clear();
    world.lose_the_home_of(0);
    let job = world.wish_job(RESTORE);
    world.run_for(10 * 60_000);
    let job = world.job(job);
    assert_eq!((job.state, job.failure), ("failed", Some(Failure::DriveNotReady)));
}

#[test]
fn a_rebuild_that_failed_is_tried_again_soon_and_not_at_once() {
    let mut world = World::new(7);
    world.back_up();
    world.swallow(|number, output| number == 0 && matches!(output, Output::Rebuild { .. }));
    world.lose_the_home_of(0);
    world.run_for(1_000);
    let rebuilds =
        |world: &World| world.count(0, |output| matches!(output, Output::Rebuild { .. }));
    assert_eq!(rebuilds(&world), 1);
    world.give(0, Input::Rebuilt { ok: false });
    world.run_for(4_000);
    assert_eq!(rebuilds(&world), 1, "a disk that fails at once does not make it spin");
    world.run_for(2_000);
    assert_eq!(rebuilds(&world), 2);
    world.give_back();
    assert_eq!(world.overview(0).drive, "Ready");
}

#[test]
fn a_drive_that_is_being_looked_for_publishes_nothing() {
    let mut world = World::new(7);
    world.back_up();
    let before = world.record(RecordKind::Root);
    (1..=7).for_each(|number| world.kill(number));
    world.lose_the_home_of(0);
    let puts = |world: &World| world.count(0, |output| matches!(output, Output::PutRecord { .. }));
    let count = puts(&world);
    world.run_for(600_000);
    assert_eq!(puts(&world), count);
    assert_eq!(world.record(RecordKind::Root), before);
}
