//! Contracts outlive their terms while both sides want them; former devices speak for nobody.

use base::{ContractId, DAY_MS, Date, Label, RequestId, Signature, encode};
use storage::terms::NewEnd;
use storage::wire::{Asker, BulkRequest, DocumentKind, Message, Refusal};

use super::World;
use super::world::requests_under;
use crate::input::Input;
use crate::output::{Output, Safety};
use crate::wish::Wish;

fn contract_at(world: &World, supplier: usize) -> ContractId {
    *world.node(supplier).supplier.contracts.keys().next().expect("one customer")
}

fn until_at(world: &World, supplier: usize) -> Date {
    world.node(supplier).supplier.contracts[&contract_at(world, supplier)].until()
}

/// What a node answered last to another one.
fn answer(world: &World, from: usize, to: usize) -> Option<Message> {
    world.said(from, to).pop()
}

fn ask(world: &mut World, contract: ContractId, until: Date, is_forged: bool) -> Option<Message> {
    let signed = NewEnd { contract, until: if is_forged { Date(1) } else { until } };
    let key = world.keys(0).device.clone();
    let signature = Signature::make(&key, Label::ContractRenewal, &encode(&signed));
    world.say(0, 1, Message::Renew { contract, until, signature });
    answer(world, 1, 0)
}

#[test]
fn a_contract_is_renewed_before_its_term_ends_and_keeps_its_data() {
    let mut world = World::new(7);
    world.back_up();
    let contracts: Vec<ContractId> = (1..=7).map(|number| contract_at(&world, number)).collect();
    for _ in 0..2 {
        world.run_for(250 * DAY_MS);
        assert_eq!(world.overview(0).safety, Some(Safety::Safe { may_lose: 3 }));
        for number in 1..=7 {
            assert_eq!(contract_at(&world, number), contracts[number - 1]);
            assert!(until_at(&world, number) > world.date().plus_ms(30 * DAY_MS));
        }
    }
    let kept = world.book(0).suppliers.values().filter_map(|entry| entry.contract.as_ref());
    assert!(kept.into_iter().all(|contract| contract.verify().is_ok()));
}

#[test]
fn a_later_end_survives_restarts_and_lost_answers() {
    let mut world = World::new(7);
    world.back_up();
    let first = until_at(&world, 1);
    world.swallow(|number, output| {
        number == 1 && matches!(output, Output::Send { message: Message::Accept { .. }, .. })
    });
    world.run_for(345 * DAY_MS);
    let later = until_at(&world, 1);
    assert!(later > first);
    world.swallow_only(|_, _| false);
    for number in [0, 1] {
        world.kill(number);
        world.revive(number);
    }
    world.run_for(2 * DAY_MS);
    assert!(until_at(&world, 1) >= later);
    world.run_for(100 * DAY_MS);
    assert_eq!(world.overview(0).safety, Some(Safety::Safe { may_lose: 3 }));
}

#[test]
fn a_supplier_agrees_only_to_what_its_customer_signed_and_may_ask() {
    let mut world = World::new(7);
    world.back_up();
    let (contract, first) = (contract_at(&world, 1), until_at(&world, 1));
    let declined = |reason| Some(Message::Decline { reason });
    let later = first.plus_ms(DAY_MS / 2);
    assert_eq!(ask(&mut world, contract, later, true), declined(Refusal::Terms));
    assert_eq!(ask(&mut world, contract, first, false), declined(Refusal::Terms));
    let too_late = first.plus_ms(10 * DAY_MS);
    assert_eq!(ask(&mut world, contract, too_late, false), declined(Refusal::Terms));
    let nobody = ContractId([9; 32]);
    assert_eq!(ask(&mut world, nobody, later, false), declined(Refusal::NoContract));
    assert_eq!(until_at(&world, 1), first);
    let agreed = ask(&mut world, contract, later, false);
    assert!(matches!(agreed, Some(Message::Accept { contract }) if contract.verify().is_ok()));
    assert_eq!(until_at(&world, 1), later);
    let customer = world.asker(0).identity;
    assert!(world.wish(1, Wish::EndCustomer(customer)).is_ok());
    let last = first.plus_ms(DAY_MS);
    assert_eq!(ask(&mut world, contract, last, false), declined(Refusal::Ended));
}

#[test]
fn a_renewal_that_comes_too_late_does_not_open_an_ended_contract() {
    let mut world = World::new(7);
    world.back_up();
    let (contract, first) = (contract_at(&world, 1), until_at(&world, 1));
    world.swallow(|number, output| number == 1 && matches!(output, Output::OpenTenancy { .. }));
    ask(&mut world, contract, first.plus_ms(DAY_MS / 2), false);
    assert_eq!(world.node(1).supplier.renewals.len(), 1);
    world.say(0, 1, Message::End { contract });
    world.give_back();
    let said = answer(&world, 1, 0);
    assert_eq!(said, Some(Message::Decline { reason: Refusal::Ended }));
    assert_eq!(until_at(&world, 1), first);
    assert!(world.node(1).supplier.room.accounts().values().all(|account| !account.is_open));
    assert!(world.node(1).supplier.renewals.is_empty());
}

/// What the supplier, node 1, answers to a device of this generation of its customer's key.
fn asked_by(world: &mut World, from: Asker, message: Message) -> Result<(), Refusal> {
    world.give(1, Input::Received { from, id: RequestId([8; 32]), answer_to: None, message });
    let answers = world.ordered.iter().rev().filter(|(number, _)| *number == 1);
    let answer = answers.into_iter().find_map(|(_, output)| match output {
        Output::Send { message: Message::Decline { reason }, .. } => Some(Err(*reason)),
        Output::TellStanding { .. } | Output::TellDocument { .. } => Some(Ok(())),
        _ => None,
    });
    answer.expect("every request is answered")
}

#[test]
fn devices_of_a_replaced_key_are_refused_as_such() {
    let mut world = World::new(7);
    world.back_up();
    let (contract, old) = (contract_at(&world, 1), world.asker(0));
    let standing = || Message::AskStanding { contract: Some(contract) };
    let former = Err(Refusal::Former);
    assert_eq!(asked_by(&mut world, old, standing()), Ok(()));
    // Somebody who has no contract is not remembered, whatever generation it claims.
    let stranger = Asker { identity: base::IdentityId([3; 32]), generation: 9, ..old };
    assert_eq!(asked_by(&mut world, stranger, standing()), Err(Refusal::NotYours));
    assert!(world.book(1).generations.is_empty());
    let new = Asker { generation: 1, ..old };
    assert_eq!(asked_by(&mut world, new, standing()), Ok(()));
    for _ in 0..2 {
        assert_eq!(asked_by(&mut world, old, standing()), former);
        assert_eq!(asked_by(&mut world, old, Message::End { contract }), former);
        for request in requests_under(contract) {
            assert_eq!(world.ask_as(0, 1, request), Some(Refusal::Former));
        }
        // It must be able to find its new certificate.
        let (owner, kind) = (old.identity, DocumentKind::Identity);
        assert_eq!(asked_by(&mut world, old, Message::AskDocument { owner, kind }), Ok(()));
        // The supplier remembers it over a restart.
        world.kill(1);
        world.revive(1);
    }
    let get = BulkRequest::Get { contract, block: base::BlockId([1; 32]), index: 0 };
    world.give(1, Input::Asked { stream: 77_777, from: new, request: get });
    assert_eq!(world.count(1, |output| matches!(output, Output::Serve { stream: 77_777 })), 1);
}

#[test]
fn answers_of_a_former_device_are_not_heard() {
    let mut world = World::new(7);
    world.back_up();
    let (contract, supplier) = (contract_at(&world, 1), world.asker(1));
    let new = Asker { generation: 1, ..supplier };
    let message = Message::AskStanding { contract: None };
    let id = RequestId([1; 32]);
    world.give(0, Input::Received { from: new, id, answer_to: None, message });
    let before = world.book(0).clone();
    world.say_as(1, 0, (id, None), Message::Ended { contract, erased: Date(1) });
    assert_eq!(world.book(0), &before);
}
