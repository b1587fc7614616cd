//! The supplier's side: whatever customers and strangers send, it stays within its limits.

use base::{
    BlockId, ContractId, DAY_MS, HOUR_MS, IdentityId, Label, RequestId, SecretKey, Signature,
    SymmetricKey, encode,
};
use storage::terms::{QUOTA_BYTES_MIN, Terms};
use storage::wire::{Asker, BulkRequest, DocumentKind, Message, Refusal};

use super::World;
use super::world::NETWORK;
use crate::input::Input;
use crate::output::Output;
use crate::wish::Wish;

/// A customer that is nobody else in the world, and its wish for a contract.
fn stranger(world: &World, supplier: usize, number: u16) -> (Asker, Message) {
    let mut seed = [77; 32];
    seed[..2].copy_from_slice(&number.to_le_bytes());
    let key = SecretKey::from_seed(SymmetricKey(seed));
    let from = Asker { identity: IdentityId(seed), device: key.public().into(), generation: 0 };
    let at = world.asker(supplier);
    let terms = Terms {
        network: NETWORK,
        customer: from.identity,
        supplier: at.identity,
        device: at.device,
        quota_bytes: QUOTA_BYTES_MIN,
        from: world.date(),
        until: world.date().plus_ms(100 * DAY_MS),
        price: 0,
        salt: [0; 16],
    };
    let signature = Signature::make(&key, Label::ContractOffer, &encode(&terms));
    (from, Message::Propose { terms, signature })
}

fn send(world: &mut World, supplier: usize, from: Asker, number: u16, message: Message) {
    let mut id = [0; 32];
    id[..2].copy_from_slice(&number.to_le_bytes());
    world.give(supplier, Input::Received { from, id: RequestId(id), answer_to: None, message });
}

/// What node 1 answered to the last message that it could not grant.
fn last_refusal(world: &World) -> Option<Refusal> {
    world.ordered.iter().rev().find_map(|(_, output)| match output {
        Output::Send { message: Message::Decline { reason }, .. } => Some(*reason),
        _ => None,
    })
}

#[test]
fn contracts_that_are_being_written_down_are_limited() {
    let mut world = World::new(1);
    world.swallow(|number, output| number == 1 && matches!(output, Output::OpenTenancy { .. }));
    for number in 0..200 {
        let (from, message) = stranger(&world, 1, number);
        send(&mut world, 1, from, number, message);
    }
    assert_eq!(world.node(1).supplier.pending.len(), 64);
    assert_eq!(last_refusal(&world), Some(Refusal::Busy));
    // Nor does one of them fill the queue of its own contract.
    let (from, message) = stranger(&world, 1, 5);
    for number in 300..400 {
        send(&mut world, 1, from, number, message.clone());
    }
    assert_eq!(world.node(1).supplier.pending.values().map(Vec::len).max(), Some(8));
}

#[test]
fn documents_that_are_being_written_down_are_limited() {
    let mut world = World::new(7);
    world.run_for(20_000);
    world.swallow(|number, output| number == 1 && matches!(output, Output::KeepDocument { .. }));
    let from = world.asker(0);
    for number in 0..100 {
        let kind = DocumentKind::Root;
        let message = Message::KeepDocument { kind, sequence: 1, bytes: vec![0; 100] };
        send(&mut world, 1, from, number, message);
    }
    assert_eq!(world.node(1).supplier.documents.len(), 4);
    assert_eq!(last_refusal(&world), Some(Refusal::Busy));
}

#[test]
fn requests_that_are_under_way_are_limited() {
    let mut world = World::new(7);
    world.run_for(20_000);
    let from = world.asker(0);
    let contract = *world.node(1).supplier.contracts.keys().next().expect("one customer");
    world.swallow(|number, output| number == 1 && matches!(output, Output::Serve { .. }));
    for stream in 0..2_000 {
        let request = BulkRequest::Get { contract, block: BlockId([1; 32]), index: 0 };
        world.give(1, Input::Asked { stream: 10_000 + stream, from, request });
    }
    assert_eq!(world.node(1).supplier.streams.len(), 1_024);
}

#[test]
fn an_offer_that_is_played_again_resets_no_account() {
    let mut world = World::new(7);
    world.back_up();
    let mut said = world.said(0, 1);
    said.retain(|message| matches!(message, Message::Propose { .. }));
    let offer = said.pop().expect("the offer of the only contract");
    let accounts = |world: &World| world.node(1).supplier.room.accounts().clone();
    let before = accounts(&world);
    assert!(before.values().all(|account| account.used_bytes > 0));
    world.say(0, 1, offer.clone());
    assert_eq!(accounts(&world), before);
    let customer = world.asker(0).identity;
    assert!(world.wish(1, Wish::EndCustomer(customer)).is_ok());
    let ended = accounts(&world);
    world.say(0, 1, offer);
    assert_eq!(accounts(&world), ended);
    assert_eq!(last_refusal(&world), Some(Refusal::Terms));
}

#[test]
fn strangers_leave_no_document() {
    let mut world = World::new(1);
    let (from, _) = stranger(&world, 1, 1);
    let kind = DocumentKind::Root;
    let message = Message::KeepDocument { kind, sequence: 1, bytes: vec![1] };
    send(&mut world, 1, from, 1, message);
    assert_eq!(last_refusal(&world), Some(Refusal::NoContract));
    let contract = ContractId([3; 32]);
    send(&mut world, 1, from, 2, Message::End { contract });
    assert_eq!(last_refusal(&world), Some(Refusal::NoContract));
}

#[test]
fn a_calendar_that_is_wrong_at_every_start_erases_nothing_at_once() {
    let mut world = World::new(7);
    world.back_up();
    let erased =
        |world: &World| world.count(1, |output| matches!(output, Output::EraseTenancy { .. }));
    let right = world.date();
    let live = |world: &mut World, days: u64, starts: usize| {
        for _ in 0..starts {
            world.kill(1);
            world.set_date(right.plus_ms(days * DAY_MS));
            world.revive(1);
            world.run_for(10 * HOUR_MS);
        }
        erased(world)
    };
    // The first starts end the contract; at the next ones its notice is over by the calendar.
    assert_eq!(live(&mut world, 5_000, 2), 0);
    assert_eq!(live(&mut world, 6_000, 4), 0);
    // After three days awake there is no doubt left.
    assert_eq!(live(&mut world, 6_000, 6), 1);
}

#[test]
fn what_lies_under_an_ended_contract_stays_for_the_whole_notice() {
    let mut world = World::new(7);
    world.back_up();
    let customer = world.asker(0).identity;
    assert!(world.wish(1, Wish::EndCustomer(customer)).is_ok());
    let erased =
        |world: &World| world.count(1, |output| matches!(output, Output::EraseTenancy { .. }));
    for _ in 0..10 {
        world.kill(1);
        world.revive(1);
        world.run_for(6 * DAY_MS - HOUR_MS);
    }
    assert_eq!(erased(&world), 0);
    world.run_for(11 * HOUR_MS);
    assert_eq!(erased(&world), 1);
    assert!(world.book(1).notices.is_empty());
}
