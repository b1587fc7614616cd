//! Backups: what is written down first, what holds them up, and what they say at their end.

use base::{BlockId, JobId};
use storage::wire::Refusal;

use super::World;
use crate::input::{Failure, Input, PutOutcome};
use crate::output::{JobState, Output};
use crate::wish::{BackupWish, Wish};

const HOUR: u64 = 3_600_000;

fn ready() -> World {
    let mut world = World::new(7);
    world.run_for(20_000);
    world
}

fn begin(world: &mut World) -> JobId {
    world.wish_job(Wish::Backup(BackupWish::new(1)))
}

fn is_put(output: &Output) -> bool {
    matches!(output, Output::Put { .. })
}

fn puts(world: &World) -> usize {
    world.count(0, is_put)
}

#[test]
fn no_block_is_placed_before_it_is_written_down_where() {
    let mut world = ready();
    world.swallow(|number, output| number == 0 && matches!(output, Output::Keep { .. }));
    let job = begin(&mut world);
    world.run_for(10_000);
    assert_eq!((puts(&world), world.job(job).state), (0, "waiting"));
    world.give_back();
    world.run_for(60_000);
    assert_eq!(world.job(job).state, "done");
}

#[test]
fn a_book_that_cannot_be_written_lets_no_block_be_placed() {
    let mut world = ready();
    world.swallow(|number, output| number == 0 && matches!(output, Output::Keep { .. }));
    let job = begin(&mut world);
    for _ in 0..4 {
        for (_, output) in std::mem::take(&mut world.swallowed) {
            let Output::Keep { id, .. } = output else { continue };
            world.give(0, Input::Kept { id, ok: false });
        }
        world.run_for(11_000);
    }
    assert_eq!((puts(&world), world.job(job).state), (0, "waiting"));
    world.give_back();
    world.run_for(60_000);
    assert_eq!(world.job(job).state, "done");
}

#[test]
fn a_block_that_is_sealed_after_a_pause_is_let_go() {
    let mut world = ready();
    world.swallow(|number, output| number == 0 && is_put(output));
    let job = begin(&mut world);
    assert!(world.wish(0, Wish::Pause(job)).is_ok());
    let (before, late) = (puts(&world), BlockId([99; 32]));
    world.give(0, Input::Sealed { job, block: late, fragment_bytes: 4096 });
    let is_released =
        |output: &Output| matches!(output, Output::Release { block } if *block == late);
    assert_eq!((puts(&world), world.count(0, is_released)), (before, 1));
    world.swallow_only(|_, _| false);
    assert!(world.wish(0, Wish::Resume(job)).is_ok());
    world.run_for(60_000);
    assert_eq!(world.job(job).state, "done");
}

#[test]
fn a_supplier_that_breaks_every_transfer_off_holds_the_backup_up() {
    let mut world = ready();
    let device = world.device(3);
    world.swallow(move |number, output| {
        number == 0 && matches!(output, Output::Put { device: to, .. } if *to == device)
    });
    let job = begin(&mut world);
    let held_up = Some(Failure::HeldUp { device, reason: None });
    for round in 0..20 {
        for (_, output) in std::mem::take(&mut world.swallowed) {
            let Output::Put { block, index, .. } = output else { continue };
            let outcome = PutOutcome::Lost;
            world.give(0, Input::PutDone { device, block, index, outcome });
        }
        world.run_for(31_000);
        assert!(round < 5 || world.job(job).waits_for == held_up, "round {round}");
    }
    world.give_back();
    world.run_for(60_000);
    assert_eq!(world.job(job).state, "done");
}

#[test]
fn jobs_held_by_the_stop_of_their_service_go_on_when_it_starts() {
    let mut world = ready();
    world.swallow(|number, output| number == 0 && is_put(output));
    let job = begin(&mut world);
    assert_eq!(world.job(job).state, "running");
    world.stop_service(0, "backup");
    assert_eq!(world.job(job).state, "paused");
    world.swallow_only(|_, _| false);
    world.start_service(0, "backup");
    world.run_for(60_000);
    assert_eq!(world.job(job).state, "done");
}

#[test]
fn a_job_that_the_user_holds_stays_held_when_its_service_starts() {
    let mut world = ready();
    world.swallow(|number, output| number == 0 && is_put(output));
    let job = begin(&mut world);
    assert!(world.wish(0, Wish::Pause(job)).is_ok());
    world.stop_service(0, "backup");
    world.start_service(0, "backup");
    world.run_for(60_000);
    assert_eq!(world.job(job).state, "paused");
}

#[test]
fn those_who_watch_a_job_are_told_only_what_has_changed() {
    let mut world = ready();
    world.kill(3);
    begin(&mut world);
    world.run_for(30_000);
    world.revive(3);
    world.run_for(120_000);
    let told = world.ordered.iter().filter_map(|(_, output)| match output {
        Output::JobChanged { progress, .. } => Some(progress),
        _ => None,
    });
    let told: Vec<&JobState> = told.collect();
    assert!(told.len() > 3);
    assert!(told.windows(2).all(|pair| pair[0] != pair[1]), "{told:#?}");
}

/// A backup that a supplier held up and holds up no longer.
fn held_up_once() -> (World, JobId) {
    let mut world = ready();
    world.kill(3);
    let job = begin(&mut world);
    world.run_for(30_000);
    assert!(matches!(world.job(job).waits_for, Some(Failure::HeldUp { .. })));
    world.swallow(|number, output| number == 0 && matches!(output, Output::Record { .. }));
    world.revive(3);
    world.run_for(120_000);
    assert_eq!((world.job(job).state, world.job(job).waits_for), ("running", None));
    (world, job)
}

#[test]
fn what_fails_after_a_hold_up_is_named_and_not_the_hold_up() {
    let (mut world, job) = held_up_once();
    let failure = Failure::OwnDisk { what: "no space".into() };
    world.give(0, Input::WorkFailed { job, failure: failure.clone() });
    let failed = world.job(job);
    assert_eq!((failed.state, failed.failure), ("failed", Some(failure)));
    let (mut world, job) = held_up_once();
    assert!(world.wish(0, Wish::Cancel(job)).is_ok());
    let ended = world.job(job);
    assert_eq!((ended.state, ended.failure), ("cancelled", Some(Failure::Cancelled)));
}

#[test]
fn a_hold_up_that_lasts_too_long_is_the_failure() {
    let mut world = ready();
    let device = world.device(3);
    world.give(3, Input::Disk { free_bytes: 0 });
    let job = begin(&mut world);
    world.run_for(25 * HOUR);
    let job = world.job(job);
    let held_up = Failure::HeldUp { device, reason: Some(Refusal::DiskFull) };
    assert_eq!((job.state, job.failure), ("failed", Some(held_up)));
}
