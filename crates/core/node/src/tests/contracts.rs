//! The customer's contracts: suppliers are found, lost, sent away and replaced, whatever goes astray.

use base::{DAY_MS, HOUR_MS, RequestId};
use storage::terms::Contract;
use storage::wire::{DocumentKind, Message, Refusal};

use super::World;
use crate::input::{Failure, Input};
use crate::output::{Output, Safety};
use crate::settings::Settings;
use crate::wish::{BackupWish, Wish};

fn with_suppliers(suppliers: u8) -> Settings {
    Settings { suppliers, needed_bytes: 1 << 30, ..Settings::default() }
}

fn state(world: &mut World, supplier: usize) -> Option<&'static str> {
    let device = world.device(supplier);
    let overview = world.overview(0);
    overview.suppliers.iter().find(|each| each.device == device).map(|each| each.state)
}

fn active(world: &mut World) -> usize {
    world.overview(0).suppliers.iter().filter(|each| each.state == "Active").count()
}

fn end_supplier(world: &mut World, supplier: usize) {
    let device = world.device(supplier);
    assert!(world.wish(0, Wish::EndSupplier(device)).is_ok());
    world.run_for(1_000);
}

fn contract_of(world: &World, supplier: usize) -> Contract {
    let contract = world.node(supplier).supplier.contracts.values().next();
    contract.expect("this supplier has a customer").clone()
}

/// What a lost supplier kept is not made anew, until `World::give_back`.
fn hold_healing(world: &mut World) {
    world.swallow(|number, output| number == 0 && matches!(output, Output::ListBlocks { .. }));
}

fn is_acceptance(output: &Output) -> bool {
    matches!(output, Output::Send { message: Message::Accept { .. }, .. })
}

#[test]
fn when_all_who_were_found_accept_and_are_too_few_others_are_looked_for() {
    let mut world = World::new(4);
    world.run_for(120_000);
    assert_eq!(active(&mut world), 4);
    for _ in 0..3 {
        world.new_supplier();
    }
    world.run_for(60_000);
    assert_eq!(active(&mut world), 7);
    let job = world.back_up();
    assert_eq!(world.job(job).state, "done");
}

#[test]
fn an_acceptance_that_is_lost_is_asked_for_again_and_makes_no_second_contract() {
    let mut world = World::at_rest(7, &Settings::default());
    world.swallow(|number, output| number == 3 && is_acceptance(output));
    world.wake();
    world.run_for(60_000);
    assert_eq!(active(&mut world), 7, "the supplier told how its contract stands");
    assert_eq!(world.overview(3).customers.len(), 1);
}

#[test]
fn an_acceptance_that_comes_when_the_place_is_taken_is_ended() {
    let mut world = World::at_rest(7, &with_suppliers(1));
    world.swallow(|number, output| number != 0 && is_acceptance(output));
    world.wake();
    let Some((late, _)) = world.swallowed.first().cloned() else { panic!("nobody was asked") };
    // Another one is hired meanwhile.
    world.swallow_only(move |number, output| number == late && is_acceptance(output));
    world.run_for(60_000);
    assert_eq!(active(&mut world), 1);
    let is_late = |world: &mut World| state(world, late);
    assert_eq!(is_late(&mut world), None);
    world.give_back();
    world.run_for(1_000);
    assert_eq!(active(&mut world), 1);
    assert!(!world.node(late).supplier.room.accounts().values().any(|account| account.is_open));
}

#[test]
fn a_dead_supplier_is_sent_away_and_replaced() {
    let mut world = World::new(7);
    world.back_up();
    world.kill(3);
    let new = world.new_supplier();
    end_supplier(&mut world, 3);
    world.run_for(60_000);
    assert_eq!(state(&mut world, new), Some("Active"), "its place is taken by another");
    // The end is told when it comes back, and it is not hired again unasked.
    world.revive(3);
    world.run_for(120_000);
    assert_eq!(state(&mut world, 3), Some("Ended"));
    assert!(world.node(3).supplier.room.accounts().values().all(|account| !account.is_open));
    world.kill(new);
    end_supplier(&mut world, new);
    world.run_for(120_000);
    assert_eq!(state(&mut world, 3), Some("Ended"), "who was sent away stays away");
    let device = world.device(3);
    assert!(world.wish(0, Wish::Hire(Some(device))).is_ok());
    world.run_for(60_000);
    assert_eq!(state(&mut world, 3), Some("Active"), "unless the user wants it");
}

#[test]
fn an_end_that_nobody_confirms_is_one_all_the_same() {
    let mut world = World::new(7);
    world.back_up();
    world.kill(3);
    end_supplier(&mut world, 3);
    assert_eq!(state(&mut world, 3), Some("Ending"));
    world.run_for(8 * DAY_MS);
    assert_eq!(state(&mut world, 3), Some("Ended"));
}

#[test]
fn what_was_stored_before_a_supplier_was_replaced_counts_for_the_safety() {
    let mut world = World::new(7);
    world.back_up();
    world.new_supplier();
    assert_eq!(world.overview(0).safety, Some(Safety::Safe { may_lose: 3 }));
    hold_healing(&mut world);
    end_supplier(&mut world, 2);
    world.run_for(60_000);
    assert_eq!(active(&mut world), 7);
    // The old blocks lie with six of their seven suppliers, whatever the new ones have.
    assert_eq!(world.overview(0).safety, Some(Safety::Safe { may_lose: 2 }));
    let job = world.back_up();
    let job = world.job(job);
    assert_eq!((job.state, job.safety), ("done", Some(Safety::Safe { may_lose: 2 })));
    world.give_back();
    world.run_for(60_000);
    assert_eq!(world.overview(0).safety, Some(Safety::Safe { may_lose: 3 }));
}

#[test]
fn a_supplier_that_ends_a_contract_is_counted_no_longer() {
    for is_away in [false, true] {
        let mut world = World::new(7);
        world.back_up();
        let customer = world.asker(0).identity;
        if is_away {
            world.kill(0);
        }
        assert!(world.wish(5, Wish::EndCustomer(customer)).is_ok());
        if is_away {
            world.revive(0);
        }
        world.run_for(10_000);
        assert_ne!(state(&mut world, 5), Some("Active"));
        let stored = world.book(0).used.first().copied().expect("a backup was made");
        let place = world.book(0).arrangements[&stored].places.clone();
        assert!(place.iter().any(|place| place.device == world.device(5)), "still read from");
        assert_eq!(world.overview(0).safety, Some(Safety::Safe { may_lose: 2 }));
    }
}

#[test]
fn a_supplier_that_lost_its_store_is_told_from_one_that_is_away() {
    let mut world = World::new(7);
    world.back_up();
    world.kill(4);
    world.run_for(HOUR_MS);
    assert_eq!(world.overview(0).safety, Some(Safety::Safe { may_lose: 3 }), "away is no loss");
    hold_healing(&mut world);
    world.wipe(4);
    world.revive(4);
    world.run_for(120_000);
    assert_eq!(world.overview(0).safety, Some(Safety::Safe { may_lose: 2 }));
    // It has a contract again, and what it lost is made anew for it.
    world.give_back();
    world.run_for(60_000);
    assert_eq!(world.overview(0).safety, Some(Safety::Safe { may_lose: 3 }));
}

#[test]
fn a_backup_goes_on_with_another_supplier_when_one_of_its_own_is_gone_for_good() {
    let mut world = World::new(7);
    world.run_for(20_000);
    world.kill(3);
    let job = world.wish_job(Wish::Backup(BackupWish::new(1)));
    world.run_for(10_000);
    assert!(matches!(world.job(job).waits_for, Some(Failure::HeldUp { .. })));
    let new = world.new_supplier();
    end_supplier(&mut world, 3);
    world.run_for(120_000);
    assert_eq!(world.job(job).state, "done");
    assert_eq!(state(&mut world, new), Some("Active"));
    let places = &world.arrangement.as_ref().expect("begun").places;
    assert!(places.iter().all(|place| place.device != world.device(3)));
}

#[test]
fn a_supplier_that_is_silent_since_the_recovery_can_be_replaced() {
    let mut world = World::new(7);
    world.back_up();
    world.kill(2);
    world.kill(5);
    world.lose_the_home_of(0);
    world.run_for(60_000);
    let job = world.wish_job(Wish::Backup(BackupWish::new(2)));
    world.run_for(1_000);
    match world.job(job).waits_for {
        Some(Failure::TooFewSuppliers { have: 5, need: 7, missing }) => {
            let named: Vec<_> = missing.iter().map(|(device, _)| *device).collect();
            let mut dead = [world.device(2), world.device(5)];
            dead.sort();
            assert!(named.len() == 2 && named.iter().all(|device| dead.contains(device)));
        }
        other => panic!("waits for {other:?}"),
    }
    world.new_supplier();
    world.new_supplier();
    end_supplier(&mut world, 2);
    end_supplier(&mut world, 5);
    world.run_for(60_000);
    assert_eq!(world.job(job).state, "done");
}

#[test]
fn answers_that_nobody_asked_for_change_nothing() {
    let mut world = World::new(8);
    world.back_up();
    let stranger = (1..=8).find(|n| state(&mut world, *n).is_none()).expect("eight for seven");
    let supplier = (1..=8).find(|n| *n != stranger).expect("seven are left");
    let contract = contract_of(&world, supplier);
    let before = world.book(0).clone();
    let answers = [
        Message::Accept { contract: contract.clone() },
        Message::Standing { contract: contract.clone(), fragments: 9, bytes: 9, receipt: None },
        Message::Ended { contract: contract.terms.id(), erased: world.date() },
        Message::Decline { reason: Refusal::NoContract },
        Message::DocumentKept { kind: DocumentKind::Root, sequence: before.root_sequence },
        Message::Document {
            owner: world.asker(0).identity,
            kind: DocumentKind::Root,
            bytes: Some(vec![1; 99]),
        },
    ];
    for message in answers {
        for answer_to in [None, Some(RequestId([5; 32]))] {
            world.say_as(stranger, 0, (RequestId([6; 32]), answer_to), message.clone());
        }
    }
    assert_eq!(world.book(0), &before);
}

#[test]
fn a_supplier_cannot_bring_a_contract_back_that_was_ended() {
    let mut world = World::new(8);
    world.back_up();
    let supplier = (1..=8).find(|n| state(&mut world, *n).is_some()).expect("seven are hired");
    let contract = contract_of(&world, supplier);
    end_supplier(&mut world, supplier);
    world.run_for(60_000);
    assert_eq!(state(&mut world, supplier), Some("Ended"));
    let message = Message::Standing { contract, fragments: 1, bytes: 1, receipt: None };
    world.say_as(supplier, 0, (RequestId([1; 32]), Some(RequestId([2; 32]))), message);
    assert_eq!(state(&mut world, supplier), Some("Ended"));
}

#[test]
fn suppliers_of_one_network_are_hired_last() {
    let mut world = World::at_rest(9, &with_suppliers(5));
    (1..=5).for_each(|number| world.place_in_network(number, 77));
    (6..=9).for_each(|number| world.place_in_network(number, u64::from(number as u32)));
    world.wake();
    world.run_for(60_000);
    assert_eq!(active(&mut world), 5);
    let crowd = (1..=5).filter(|n| state(&mut world, *n) == Some("Active")).count();
    assert_eq!(crowd, 1, "one of the crowd and four others");
}

#[test]
fn a_term_that_is_over_ends_a_contract_and_another_is_made() {
    let mut world = World::with(1, &with_suppliers(1));
    world.back_up();
    world
        .swallow(|_, output| matches!(output, Output::Send { message: Message::Renew { .. }, .. }));
    let until = |world: &mut World| world.overview(0).suppliers[0].until;
    let first = until(&mut world);
    world.run_for(402 * DAY_MS);
    assert_eq!(active(&mut world), 1);
    assert!(until(&mut world) > first + 390 * DAY_MS);
    // What lies under the first contract is erased sixty days later: until then it is brought under
    // the second one.
    assert_eq!(world.overview(0).safety, Some(Safety::Kept));
}

#[test]
fn a_wrong_calendar_at_the_start_ends_no_contract() {
    let mut world = World::new(7);
    world.back_up();
    let right = world.date();
    for number in [0, 1] {
        world.kill(number);
        world.set_date(right.plus_ms(5_000 * DAY_MS));
        world.revive(number);
        world.run_for(HOUR_MS / 2);
        world.set_date(right.plus_ms(HOUR_MS));
        world.run_for(2 * HOUR_MS);
    }
    assert_eq!(active(&mut world), 7);
    assert!(world.node(1).supplier.room.accounts().values().all(|account| account.is_open));
    assert_eq!(world.count(1, |output| matches!(output, Output::EraseTenancy { .. })), 0);
    assert_eq!(world.count(1, |output| matches!(output, Output::CloseTenancy { .. })), 0);
}

#[test]
fn nobody_is_its_own_supplier() {
    let mut world = World::new(1);
    let own = world.device(0);
    assert!(matches!(world.wish(0, Wish::Hire(Some(own))), Err(Failure::Setting { .. })));
}

#[test]
fn an_attempt_that_ends_in_vain_does_no_harm_to_a_peer_that_is_there() {
    let mut world = World::at_rest(7, &Settings::default());
    world.swallow(|number, output| number == 3 && is_acceptance(output));
    world.wake();
    let device = world.device(3);
    assert_eq!(state(&mut world, 3), Some("Proposing"));
    world.give(0, Input::Unreachable { device });
    assert_eq!(state(&mut world, 3), Some("Proposing"));
    world.give_back();
    assert_eq!(state(&mut world, 3), Some("Active"));
    // Nor does one that is not known to be there, or came twice.
    world.give(0, Input::Offline { device: base::DeviceId([9; 32]) });
    let peer = world.asker(3);
    world.give(0, Input::Online { peer, network: None });
    assert_eq!(state(&mut world, 3), Some("Active"));
}
