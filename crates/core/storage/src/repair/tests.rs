//! Repaired fragments count when they are verified and not before; the most endangered come first.

use automata::{Journal, Live, Named};
use base::{BlockId, DAY_MS};
use expect_test::{expect, expect_file};
use proptest::prelude::*;

use super::plan::{Need, Pace, order};
use super::*;
use crate::durability::{Assumptions, Scheme};
use crate::policy::{Policy, Spread};

#[test]
fn is_sound_and_as_drawn() {
    let atlas = super::atlas();
    expect_file!["automaton.md"].assert_eq(&atlas.sound().markdown());
}

/// Feeds events one minute after the other; `None` is the timer of the state.
fn story(events: &[Option<Event>]) -> String {
    let (mut run, mut journal) = (Live::start(Repair::new(2), "block"), Journal::default());
    let mut told = String::new();
    for event in events {
        let effects = match event {
            Some(event) => run.feed(event.clone(), Tick(0), &mut journal),
            None => run.poll(run.deadline().unwrap_or_default(), &mut journal),
        };
        told += &format!("{} {effects:?}\n", run.state().name());
    }
    told
}

#[test]
fn fragments_count_when_all_of_them_are_read_back() {
    use Event::*;
    let events = [None, Some(Enough), Some(Coded), Some(Receipted), Some(Receipted)];
    let verified = [Some(Verified), Some(Verified)];
    expect![[r#"
        Collecting [Collect]
        Coding [Code]
        Placing [Place]
        Placing []
        Verifying [Verify]
        Verifying []
        Done [Record, Release]
    "#]]
    .assert_eq(&story(&[&events[..], &verified].concat()));
}

#[test]
fn too_few_online_at_once_is_no_end_and_a_wrong_fragment_begins_again() {
    use Event::*;
    let few = [None, Some(Short), None, None, None, Some(Enough), Some(Coded)];
    let wrong = [Some(Receipted), Some(Receipted), Some(Verified), Some(VerifyFailed)];
    expect![[r#"
        Collecting [Collect]
        Waiting []
        Collecting [Collect]
        Waiting []
        Collecting [Collect]
        Coding [Code]
        Placing [Place]
        Placing []
        Verifying [Verify]
        Verifying []
        Waiting [ReportWrong]
    "#]]
    .assert_eq(&story(&[&few[..], &wrong].concat()));
}

fn events() -> impl Strategy<Value = Option<Event>> {
    use Event::*;
    prop_oneof![
        3 => Just(None), 2 => Just(Some(Enough)), 1 => Just(Some(Short)), 2 => Just(Some(Coded)),
        1 => Just(Some(CodeFailed)), 3 => Just(Some(Receipted)), 1 => Just(Some(Blocked)),
        3 => Just(Some(Verified)), 1 => Just(Some(VerifyFailed)), 1 => Just(Some(NotNeeded)),
    ]
}

proptest! {
    // Whatever comes in whatever order: each counted fragment was verified after its placing.
    #[test]
    fn nothing_is_recorded_before_it_is_verified(
        events in proptest::collection::vec(events(), 0..200),
    ) {
        let (mut run, mut journal) = (Live::start(Repair::new(2), "block"), Journal::default());
        let (mut receipted, mut verified) = (0, 0);
        for event in events {
            let before = run.state().name();
            match (&event, before) {
                (Some(Event::Receipted), "Placing") => receipted += 1,
                (Some(Event::Verified), "Verifying") => verified += 1,
                _ => {}
            }
            let effects = match event {
                Some(event) => run.feed(event, Tick(0), &mut journal),
                None => run.poll(run.deadline().unwrap_or_default(), &mut journal),
            };
            if effects.iter().any(|effect| matches!(effect, Effect::Place)) {
                (receipted, verified) = (0, 0);
            }
            if effects.iter().any(|effect| matches!(effect, Effect::Record)) {
                prop_assert_eq!((receipted, verified), (2, 2));
            }
        }
    }
}

fn need(number: u8, policy: Policy, suppliers: u8, counted: u8) -> Need {
    let scheme = Scheme::new(policy, Spread::new(policy, suppliers).expect("fits"));
    Need { block: BlockId([number; 32]), counted, scheme }
}

#[test]
fn the_most_endangered_come_first_and_the_healthy_and_the_hopeless_not_at_all() {
    let needs = vec![
        need(1, Policy::Standard, 44, 31),
        need(2, Policy::Standard, 44, 30),
        need(3, Policy::Double, 7, 6),
        need(4, Policy::Standard, 44, 17),
        need(5, Policy::Double, 7, 4),
        need(6, Policy::Double, 7, 3),
        need(7, Policy::Standard, 44, 17),
        need(8, Policy::Double, 7, 7),
    ];
    let order = order(needs, &Assumptions::default());
    let numbers: Vec<u8> = order.iter().map(|need| need.block.0[0]).collect();
    assert_eq!(numbers, [4, 7, 5, 3, 2]);
}

#[test]
fn the_brake_slows_repair_and_never_forbids_it() {
    let gib = 1 << 30;
    let moved = |is_slow: bool| {
        let mut pace = Pace::new(8 * gib, 1, Tick(0));
        pace.set_slow(is_slow);
        let hours = (0..240).map(|hour| Tick(hour * HOUR_MS));
        hours.filter(|now| pace.may_move(gib, *now)).count()
    };
    assert_eq!((moved(false), moved(true)), (8 + 79, 2 + 19));
    let mut pace = Pace::new(gib, 1, Tick(0));
    assert!(pace.may_move(100 * gib, Tick(0)), "more than a day's worth is slow, not impossible");
    assert!(!pace.may_move(1, Tick(0)));
    assert!(!Pace::new(0, 1, Tick(0)).may_move(1, Tick(DAY_MS)));
}

#[test]
fn suppliers_are_replaced_one_by_one() {
    let mut pace = Pace::new(1, 3, Tick(0));
    assert_eq!([0; 4].map(|now| pace.may_replace(Tick(now))), [true, true, true, false]);
    assert!(pace.may_replace(Tick(DAY_MS / 3)));
    let mut slow = Pace::new(1, 3, Tick(0));
    slow.set_slow(true);
    assert_eq!([0; 2].map(|now| slow.may_replace(Tick(now))), [true, false]);
    assert!(!slow.may_replace(Tick(DAY_MS - 1)) && slow.may_replace(Tick(DAY_MS)));
}
