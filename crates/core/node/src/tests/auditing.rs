//! Suppliers are asked for proof; what follows from their answers, and what does not.

use base::{
    BlockId, DAY_MS, DeviceId, HOUR_MS, Hash, Label, MINUTE_MS, NetworkId, SecretKey, Signed,
    SymmetricKey,
};
use storage::audit::{Challenge, Question};
use storage::ladder::Rung;
use storage::wire::{Asker, BulkRequest, Refusal};

use super::World;
use super::world::NETWORK;
use crate::input::{AuditOutcome, Input};
use crate::output::{Output, Safety};
use crate::settings::{Clocks, Settings};
use crate::wish::Wish;

const EVIDENCE: Hash = Hash([0xEE; 32]);

/// A backup at seven suppliers, with another one that could be hired.
fn stored() -> World {
    stored_with(&Settings::default())
}

fn stored_with(settings: &Settings) -> World {
    let mut world = World::with(7, settings);
    let job = world.back_up();
    assert_eq!(world.job(job).state, "done");
    world.new_supplier();
    world
}

fn rung(world: &World, supplier: usize) -> Rung {
    let verdict = world.book(0).verdicts.get(&world.device(supplier));
    verdict.map(|verdict| verdict.rung).unwrap_or_default()
}

fn is_placed(world: &mut World, supplier: usize) -> bool {
    let device = world.device(supplier);
    let suppliers = world.overview(0).suppliers;
    suppliers.iter().any(|each| each.device == device && each.place.is_some())
}

fn audits(world: &World, device: DeviceId) -> usize {
    let is_it = |(number, output): &&(usize, Output)| {
        *number == 0 && matches!(output, Output::Audit { device: asked, .. } if *asked == device)
    };
    world.ordered.iter().filter(is_it).count()
}

#[test]
fn each_supplier_is_asked_once_an_hour_and_honest_ones_stay_trusted() {
    let mut world = stored();
    world.run_for(10 * DAY_MS);
    for supplier in 1..=7 {
        let asked = audits(&world, world.device(supplier));
        assert!((239..=241).contains(&asked), "{asked} audits in ten days");
        assert_eq!(rung(&world, supplier), Rung::Trusted);
    }
    assert!(world.book(0).verdicts.is_empty());
}

#[test]
fn whoever_admits_a_loss_is_replaced_and_fired_at_the_second_one() {
    let mut world = stored();
    let traitor = world.device(3);
    world.audits.insert(traitor, AuditOutcome::LossProved { evidence: EVIDENCE });
    // Another supplier is not there to be hired before the second question.
    world.swallow(|number, output| number == 0 && matches!(output, Output::FindSuppliers));
    world.run_for(HOUR_MS + MINUTE_MS);
    assert!(matches!(rung(&world, 3), Rung::Drain { losses: 1, .. }), "{:?}", rung(&world, 3));
    assert!(is_placed(&mut world, 3), "its place is kept until another one has it");
    assert_eq!(world.overview(0).safety, Some(Safety::Safe { may_lose: 2 }), "not counted on");
    world.run_for(HOUR_MS);
    assert_eq!(rung(&world, 3), Rung::Fired { evidence: Some(EVIDENCE) });
    world.swallow_only(|_, _| false);
    world.give_back();
    world.run_for(2 * HOUR_MS);
    assert!(!is_placed(&mut world, 3));
    assert_eq!(world.overview(0).safety, Some(Safety::Safe { may_lose: 3 }));
    // It stays away, also when somebody is looked for again.
    let other = world.device(4);
    assert!(world.wish(0, Wish::EndSupplier(other)).is_ok());
    world.run_for(HOUR_MS);
    assert!(!is_placed(&mut world, 3));
}

#[test]
fn a_signed_falsehood_fires_at_once_and_the_verdict_outlives_a_restart() {
    let mut world = stored();
    world.audits.insert(world.device(3), AuditOutcome::Cheated { evidence: EVIDENCE });
    world.run_for(HOUR_MS + MINUTE_MS);
    assert_eq!(rung(&world, 3), Rung::Fired { evidence: Some(EVIDENCE) });
    world.kill(0);
    world.revive(0);
    world.run_for(HOUR_MS);
    assert_eq!(rung(&world, 3), Rung::Fired { evidence: Some(EVIDENCE) });
    assert!(!is_placed(&mut world, 3));
}

#[test]
fn who_is_there_and_answers_no_audits_is_contained_without_an_accusation() {
    let mut world = stored();
    world.audits.insert(world.device(3), AuditOutcome::Evaded);
    world.run_for(2 * HOUR_MS);
    assert!(matches!(rung(&world, 3), Rung::Contain { is_absent: false, .. }));
    world.run_for(2 * HOUR_MS);
    assert!(!is_placed(&mut world, 3));
    assert_eq!(world.overview(0).safety, Some(Safety::Safe { may_lose: 3 }));
}

#[test]
fn the_user_forgives() {
    let mut world = stored_with(&Settings { replacements_daily: 0, ..Settings::default() });
    let device = world.device(3);
    world.audits.insert(device, AuditOutcome::Cheated { evidence: EVIDENCE });
    world.run_for(HOUR_MS + MINUTE_MS);
    assert_eq!(rung(&world, 3), Rung::Fired { evidence: Some(EVIDENCE) });
    world.audits.clear();
    assert!(world.wish(0, Wish::Hire(Some(device))).is_ok());
    assert!(matches!(rung(&world, 3), Rung::Watch { .. }));
    assert_eq!(world.overview(0).safety, Some(Safety::Safe { may_lose: 3 }));
    world.run_for(25 * HOUR_MS);
    assert_eq!(rung(&world, 3), Rung::Trusted);
}

#[test]
fn being_away_is_no_fault_however_long() {
    let clocks = Clocks { reconnect_ms_max: HOUR_MS, ..Clocks::default() };
    let settings = Settings { clocks, replacements_daily: 0, ..Settings::default() };
    let mut world = stored_with(&settings);
    world.kill(3);
    world.run_for(59 * DAY_MS);
    assert!(matches!(rung(&world, 3), Rung::Contain { is_absent: true, .. }));
    world.run_for(5 * DAY_MS);
    assert_eq!(rung(&world, 3), Rung::Drain { losses: 0, passed: 0 });
    world.run_for(60 * DAY_MS);
    assert_eq!(rung(&world, 3), Rung::Drain { losses: 0, passed: 0 });
}

#[test]
fn while_this_node_is_cut_off_nobody_is_judged() {
    let mut world = stored();
    world.unplug(0);
    world.run_for(3 * DAY_MS);
    world.plug_in(0);
    world.run_for(HOUR_MS);
    assert!(world.book(0).verdicts.is_empty(), "{:?}", world.book(0).verdicts);
}

/// The control of them all.
#[test]
fn without_audits_nothing_is_asked_and_nobody_is_found() {
    let mut world = stored_with(&Settings { audits: false, ..Settings::default() });
    world.audits.insert(world.device(3), AuditOutcome::Cheated { evidence: EVIDENCE });
    world.run_for(10 * DAY_MS);
    assert!((1..=7).all(|supplier| audits(&world, world.device(supplier)) == 0));
    assert!(is_placed(&mut world, 3));
}

/// What supplier 1 does with a question of node 0, or of somebody else.
fn ask(world: &mut World, stream: u64, from: Asker, key: &SecretKey, network: NetworkId) -> Asked {
    let contract = world.book(0).suppliers[&world.device(1)].contract.clone().expect("it holds");
    let body = Challenge {
        network,
        contract: contract.terms.id(),
        block: BlockId([1; 32]),
        index: 0,
        masked_root: Hash([3; 32]),
        question: Question::Range { index: 0 },
        nonce: [0; 16],
        date: world.date(),
    };
    let challenge = Signed::new(key, Label::AuditChallenge, body);
    world.swallow(|number, output| {
        number == 1 && matches!(output, Output::Serve { .. } | Output::Refuse { .. })
    });
    world.give(1, Input::Asked { stream, from, request: BulkRequest::Audit { challenge } });
    let answer = match world.swallowed.pop() {
        Some((_, Output::Serve { .. })) => Asked::Granted,
        Some((_, Output::Refuse { reason, .. })) => Asked::Refused(reason),
        other => panic!("{other:?}"),
    };
    world.give(1, Input::Served { stream, kept: None });
    world.swallow_only(|_, _| false);
    answer
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Granted,
    Refused(Refusal),
}

#[test]
fn only_the_customer_may_ask_and_not_without_end() {
    let mut world = stored();
    let (owner, key) = (world.asker(0), SecretKey::from_seed(SymmetricKey([1; 32])));
    let other = SecretKey::from_seed(SymmetricKey([9; 32]));
    let thief = Asker { identity: owner.identity, device: other.public().into(), generation: 0 };
    let stranger = world.asker(2);
    let foreign = NetworkId([0; 32]);
    assert_eq!(ask(&mut world, 901, owner, &key, NETWORK), Asked::Granted);
    let mismatch = Asked::Refused(Refusal::Mismatch);
    assert_eq!(ask(&mut world, 902, owner, &other, NETWORK), mismatch, "signed by another one");
    assert_eq!(ask(&mut world, 903, owner, &key, foreign), mismatch, "of another network");
    assert_eq!(ask(&mut world, 904, stranger, &key, NETWORK), Asked::Refused(Refusal::NotYours));
    assert_eq!(ask(&mut world, 905, thief, &other, NETWORK), Asked::Granted, "any of its devices");
    let busy = (1_000..2_000)
        .position(|stream| ask(&mut world, stream, owner, &key, NETWORK) != Asked::Granted);
    assert!(busy.is_some_and(|granted| granted < 100), "{busy:?}");
    world.run_for(DAY_MS);
    assert_eq!(ask(&mut world, 3_000, owner, &key, NETWORK), Asked::Granted);
}
