//! Whole nodes among each other, in a world without delay: what one asks for, the others do.

use automata::Outcome;
use storage::wire::Refusal;

use crate::input::Failure;
use crate::output::Safety;
use crate::wish::{BackupWish, CheckWish, KeptJob, RestoreWish, Wish};

mod auditing;
mod contracts;
mod documents;
mod fetches;
mod healing;
mod hostile;
mod jobs;
mod recovery;
mod renewals;
mod tenants;
mod watching;
mod world;

use world::World;

#[test]
fn a_backup_over_seven_suppliers_becomes_safe() {
    let mut world = World::new(7);
    let job = world.back_up();
    let state = world.job(job);
    assert_eq!((state.state, state.safety), ("done", Some(Safety::Safe { may_lose: 3 })));
    let customer = world.overview(0);
    assert_eq!(customer.suppliers.len(), 7);
    assert!(customer.suppliers.iter().all(|supplier| supplier.fragments > 0));
}

#[test]
fn every_line_of_the_journal_is_drawn() {
    let mut world = World::new(7);
    world.back_up();
    let atlases = crate::node::atlases();
    assert!(world.lines.len() > 100);
    for line in &world.lines {
        assert!(atlases.iter().any(|atlas| atlas.draws(line)), "not drawn: {line:?}");
        assert_ne!(line.outcome, Outcome::Refused, "{line:?}");
    }
}

#[test]
fn too_few_suppliers_end_a_backup_with_a_clear_error() {
    let mut world = World::new(4);
    let job = world.wish_job(Wish::Backup(BackupWish::new(1)));
    world.run_for(300_000);
    let state = world.job(job);
    assert_eq!(state.state, "failed");
    assert!(matches!(state.failure, Some(Failure::TooFewSuppliers { have: 4, need: 7, .. })));
}

#[test]
fn a_block_comes_back_while_the_policy_allows_and_not_afterwards() {
    let mut world = World::new(7);
    world.back_up();
    for lost in 1..=4 {
        world.kill(lost);
        world.wish_job(Wish::Restore(RestoreWish::new(2)));
        world.run_for(60_000);
        let fetched = world.fetched.pop().expect("the fetch has an end");
        match (lost, fetched) {
            (1..=3, Ok(())) => {}
            (4, Err(Failure::TooFewSuppliers { have: 3, need: 4, missing })) => {
                assert_eq!(missing.len(), 4);
                assert!(missing.iter().all(|(_, seen)| seen.is_some()));
            }
            (_, other) => panic!("after {lost} losses: {other:?}"),
        }
    }
}

#[test]
fn the_words_alone_bring_the_drive_back() {
    let mut world = World::new(7);
    world.back_up();
    world.kill(2);
    world.kill(5);
    world.lose_the_home_of(0);
    world.run_for(60_000);
    let customer = world.overview(0);
    assert_eq!(customer.drive, "Ready");
    let active = customer.suppliers.iter().filter(|supplier| supplier.state == "Active");
    assert_eq!(active.count(), 5);
    world.wish_job(Wish::Restore(RestoreWish::new(2)));
    world.run_for(60_000);
    assert_eq!(world.fetched.pop(), Some(Ok(())));
}

#[test]
fn nothing_found_publishes_nothing() {
    let mut world = World::new(0);
    world.records.clear();
    world.lose_the_home_of(0);
    world.run_for(60_000);
    assert!(world.records.is_empty());
    assert!(world.overview(0).found_nothing);
}

#[test]
fn a_supplier_that_comes_back_gets_what_waited_for_it() {
    let mut world = World::new(7);
    world.run_for(20_000);
    world.kill(3);
    let job = world.wish_job(Wish::Backup(BackupWish::new(1)));
    world.run_for(30_000);
    assert!(matches!(world.job(job).waits_for, Some(Failure::HeldUp { .. })));
    world.revive(3);
    world.run_for(120_000);
    assert_eq!(world.job(job).state, "done");
}

#[test]
fn a_job_that_was_kept_goes_on_under_its_id_and_a_paused_one_when_it_may() {
    for is_paused in [false, true] {
        let mut world = World::new(7);
        let id = base::JobId([7; 32]);
        let kept = Some(KeptJob { id, is_paused });
        assert_eq!(world.wish_job(Wish::Backup(BackupWish { request: 1, kept })), id);
        assert!(world.wish(0, Wish::Backup(BackupWish { request: 1, kept })).is_err(), "once");
        world.run_for(60_000);
        assert_eq!(world.job(id).state, if is_paused { "paused" } else { "done" });
        assert!(world.wish(0, Wish::Resume(id)).is_ok());
        world.run_for(60_000);
        assert_eq!(world.job(id).state, "done");
    }
}

#[test]
fn a_kept_restore_that_was_paused_reads_nothing_before_it_may() {
    let mut world = World::new(7);
    world.back_up();
    let id = base::JobId([7; 32]);
    let kept = Some(KeptJob { id, is_paused: true });
    world.wish_job(Wish::Restore(RestoreWish { request: 2, kept }));
    world.run_for(600_000);
    assert_eq!((world.job(id).state, world.fetched.len()), ("paused", 0));
    assert!(world.wish(0, Wish::Resume(id)).is_ok());
    world.run_for(60_000);
    assert_eq!(world.fetched, [Ok(())]);
}

#[test]
fn a_check_dials_first_those_who_are_away() {
    let mut world = World::new(7);
    world.back_up();
    world.kill(1);
    world.kill(2);
    // Patience has grown, and one of them is back without being known of.
    world.run_for(3_000_000);
    world.revive(1);
    let online = |world: &mut World| {
        world.overview(0).suppliers.iter().filter(|supplier| supplier.is_online).count()
    };
    assert_eq!(online(&mut world), 5);
    let job = world.wish_job(Wish::Check(CheckWish { percent: 100, kept: None }));
    world.run_for(1);
    assert_eq!((online(&mut world), world.job(job).state), (6, "running"));
    let place = |automaton: &str, to: &str| {
        let is_it = |line: &automata::Line| line.automaton == automaton && line.to == to;
        world.lines.iter().rposition(is_it).expect("it happened")
    };
    assert!(place("peer_link", "Online") < place("retrieval", "Running"));
}

#[test]
fn a_kept_job_whose_service_is_off_waits_for_the_user() {
    let mut world = World::new(7);
    world.run_for(20_000);
    world.stop_service(0, "backup");
    assert!(world.wish(0, Wish::Backup(BackupWish::new(1))).is_err(), "a new one is refused");
    let id = base::JobId([7; 32]);
    let kept = Some(KeptJob { id, is_paused: false });
    world.wish_job(Wish::Backup(BackupWish { request: 1, kept }));
    assert_eq!(world.job(id).state, "paused");
}

#[test]
fn a_new_offer_is_in_force_at_once_and_breaks_no_promise() {
    let mut world = World::new(7);
    world.back_up();
    let promised = world.overview(1).customers[0].quota_bytes;
    for bytes in [0, promised, 50 << 30] {
        assert!(world.wish(1, Wish::Offer(bytes)).is_ok());
        let overview = world.overview(1);
        assert_eq!((overview.donated_bytes, overview.customers[0].quota_bytes), (bytes, promised));
    }
}

#[test]
fn somebody_else_with_a_valid_signature_opens_nothing() {
    let mut world = World::new(7);
    world.back_up();
    let contract = world.overview(1).customers[0].contract;
    for request in world::requests_under(contract) {
        assert_eq!(world.ask_as(2, 1, request), Some(Refusal::NotYours));
    }
    for request in world::requests_under(base::ContractId([9; 32])) {
        assert_eq!(world.ask_as(2, 1, request), Some(Refusal::NoContract));
    }
}

#[test]
fn stopping_a_service_stops_what_needs_it_and_starting_brings_it_back() {
    let mut world = World::new(7);
    world.run_for(20_000);
    let stopped = world.stop_service(0, "customer");
    assert_eq!(stopped, ["schedule", "restore", "backup", "customer"]);
    let state = |world: &mut World, name: &str| {
        let overview = world.overview(0);
        overview.services.iter().find(|service| service.name == name).map(|found| found.state)
    };
    assert_eq!(state(&mut world, "backup"), Some("Waiting"));
    assert_eq!(state(&mut world, "dht"), Some("On"));
    world.start_service(0, "backup");
    assert_eq!(state(&mut world, "backup"), Some("On"));
    assert_eq!(state(&mut world, "schedule"), Some("On"));
}

#[test]
fn the_same_seed_gives_the_same_journal() {
    let journal = || {
        let mut world = World::new(7);
        world.back_up();
        world.lines
    };
    assert_eq!(journal(), journal());
}
