//! A dead uplink stops all clocks; others that vanish do not.

use automata::{Journal, Live};
use base::MINUTE_MS;
use expect_test::{expect, expect_file};
use proptest::prelude::*;

use super::*;

#[test]
fn is_sound_and_as_drawn() {
    let atlas = super::atlas();
    expect_file!["automaton.md"].assert_eq(&atlas.sound().markdown());
}

fn device(number: u8) -> DeviceId {
    DeviceId([number; 32])
}

/// How many of `suppliers` must leave at once to be many.
fn many_of(suppliers: usize) -> usize {
    let mut departures = Departures::default();
    (1..=suppliers)
        .find(|left| departures.left(device(*left as u8), suppliers, Tick(0)))
        .unwrap_or(usize::MAX)
}

#[test]
fn many_are_more_than_thirty_percent_and_at_least_two() {
    assert_eq!([2, 3, 6, 7, 10, 13, 44].map(many_of), [2, 2, 2, 3, 4, 4, 14]);
    assert_eq!(many_of(1), usize::MAX);
}

#[test]
fn departures_count_for_an_hour_and_until_they_return() {
    let mut departures = Departures::default();
    assert!(!departures.left(device(1), 4, Tick(0)));
    assert!(!departures.left(device(2), 4, Tick(HOUR_MS)), "the first is an hour ago");
    assert!(departures.left(device(3), 4, Tick(HOUR_MS + 1)));
    departures.came(&device(2));
    departures.came(&device(3));
    assert!(!departures.left(device(4), 4, Tick(HOUR_MS + 2)));
}

/// Feeds events at their minutes, with timers between; tells the effects of each step.
fn story(events: &[(u64, Event)], until_min: u64) -> String {
    let (mut run, mut journal) = (Live::start(Brake::default(), "own node"), Journal::default());
    let mut told = String::new();
    let mut events = events.iter().peekable();
    for minute in 0..=until_min {
        let now = Tick(minute * MINUTE_MS);
        let mut effects = run.poll(now, &mut journal);
        while let Some((_, event)) = events.next_if(|(at, _)| *at == minute) {
            effects.extend(run.feed(event.clone(), now, &mut journal));
        }
        if !effects.is_empty() {
            let name: &str = run.state().into();
            told += &format!("{minute} {name}: {effects:?}\n");
        }
    }
    told
}

#[test]
fn with_an_answer_clocks_run_and_repair_is_slow_for_an_hour() {
    expect![[r#"
        1 Slow: [StopClocks, Probe, RunClocks, SlowRepair]
        61 Off: [FreeRepair]
    "#]]
    .assert_eq(&story(&[(1, Event::ManyLeft), (1, Event::Heard)], 70));
}

#[test]
fn without_an_answer_clocks_stand_still_until_somebody_is_heard() {
    expect![[r#"
        1 Probing: [StopClocks, Probe]
        2 CutOff: [ReportCutOff]
        3 CutOff: [Probe]
        4 CutOff: [Probe]
        5 Slow: [Probe, RunClocks, SlowRepair]
    "#]]
    .assert_eq(&story(&[(1, Event::ManyLeft), (5, Event::Heard)], 6));
}

proptest! {
    #[test]
    fn clocks_run_exactly_when_the_last_order_said_so(
        events in proptest::collection::vec((0_u8..3, 0_u64..HOUR_MS), 0..60),
    ) {
        let (mut run, mut journal) = (Live::start(Brake::default(), "own"), Journal::default());
        let (mut now, mut ordered) = (Tick(0), true);
        for (event, ms) in events {
            now = now + ms;
            let mut effects = run.poll(now, &mut journal);
            effects.extend(match event {
                0 => run.feed(Event::ManyLeft, now, &mut journal),
                1 => run.feed(Event::Heard, now, &mut journal),
                _ => vec![],
            });
            for effect in effects {
                match effect {
                    Effect::StopClocks => ordered = false,
                    Effect::RunClocks => ordered = true,
                    Effect::Probe | Effect::SlowRepair | Effect::FreeRepair => {}
                    Effect::ReportCutOff => {}
                }
            }
            prop_assert_eq!(clocks_run(run.state()), ordered);
        }
    }
}
