//! Absences count as they should: this node's own running time, and nothing else.

use automata::{Journal, Live};
use base::{MINUTE_MS, decode, encode};
use expect_test::expect_file;
use proptest::prelude::*;

use super::*;

#[test]
fn is_sound_and_as_drawn() {
    let atlas = super::atlas();
    expect_file!["automaton.md"].assert_eq(&atlas.sound().markdown());
}

const HOUR: u64 = HOUR_MS;

fn begun(spent_ms: u64, at: Tick) -> Live<Presence> {
    let presence = Presence { limits: Limits::default(), spent_ms, begun: at };
    Live::start(presence, "supplier")
}

/// Lets time pass to `now`, as the node does: with each timer when it ends.
fn pass(run: &mut Live<Presence>, now: Tick) {
    while let Some(deadline) = run.deadline().filter(|deadline| *deadline <= now) {
        let _ = run.poll(deadline, &mut Journal::default());
    }
}

fn feed(run: &mut Live<Presence>, event: Event, now: Tick) {
    pass(run, now);
    let _ = run.feed(event, now, &mut Journal::default());
}

fn standing(run: &Live<Presence>) -> Standing {
    run.automaton().standing(run.state())
}

fn spent(run: &Live<Presence>, now: Tick) -> u64 {
    run.automaton().spent_ms(run.state(), now)
}

#[test]
fn an_absence_is_suspect_after_an_hour_missing_after_three_days_forgotten_after_sixty() {
    let mut run = begun(0, Tick(0));
    feed(&mut run, Event::Came, Tick(0));
    feed(&mut run, Event::Left { clocks_run: true }, Tick(0));
    let at = |run: &mut Live<Presence>, ms| {
        pass(run, Tick(ms));
        standing(run)
    };
    assert_eq!(at(&mut run, HOUR - 1), Standing::Present);
    assert_eq!(at(&mut run, HOUR), Standing::Suspect);
    assert_eq!(at(&mut run, 72 * HOUR - 1), Standing::Suspect);
    assert_eq!(at(&mut run, 72 * HOUR), Standing::Missing);
    assert_eq!(at(&mut run, 60 * DAY_MS - 1), Standing::Missing);
    assert_eq!(at(&mut run, 60 * DAY_MS), Standing::Gone);
    feed(&mut run, Event::Came, Tick(61 * DAY_MS));
    assert_eq!(standing(&run), Standing::Present);
}

#[test]
fn a_restart_neither_resets_the_clock_nor_counts_the_time_between() {
    let mut run = begun(0, Tick(5));
    pass(&mut run, Tick(5 + 71 * HOUR));
    let kept = Attendance { spent_ms: spent(&run, Tick(5 + 71 * HOUR)), ..Attendance::default() };
    assert_eq!(kept.spent_ms, 71 * HOUR);
    // A month passes while this node is off; its clock begins anew, somewhere else.
    let kept: Attendance = decode(&encode(&kept)).expect("as written");
    let mut run = begun(kept.spent_ms, Tick(900));
    assert_eq!(standing(&run), Standing::Suspect);
    pass(&mut run, Tick(900 + HOUR - 1));
    assert_eq!(standing(&run), Standing::Suspect);
    pass(&mut run, Tick(900 + HOUR));
    assert_eq!(standing(&run), Standing::Missing);
}

#[test]
fn while_this_node_is_cut_off_no_clock_runs() {
    let mut run = begun(0, Tick(0));
    feed(&mut run, Event::ClocksStopped, Tick(30 * MINUTE_MS));
    pass(&mut run, Tick(90 * DAY_MS));
    assert_eq!(standing(&run), Standing::Present);
    feed(&mut run, Event::ClocksRun, Tick(90 * DAY_MS));
    pass(&mut run, Tick(90 * DAY_MS + 30 * MINUTE_MS - 1));
    assert_eq!(standing(&run), Standing::Present);
    pass(&mut run, Tick(90 * DAY_MS + 30 * MINUTE_MS));
    assert_eq!(standing(&run), Standing::Suspect);
}

#[test]
fn without_the_brake_the_same_days_would_have_counted() {
    let mut run = begun(0, Tick(0));
    pass(&mut run, Tick(90 * DAY_MS));
    assert_eq!(standing(&run), Standing::Gone);
}

#[test]
fn one_that_leaves_while_this_node_is_cut_off_is_not_counted_either() {
    let mut run = begun(0, Tick(0));
    feed(&mut run, Event::Came, Tick(0));
    feed(&mut run, Event::Left { clocks_run: false }, Tick(1));
    pass(&mut run, Tick(DAY_MS));
    assert_eq!((standing(&run), spent(&run, Tick(DAY_MS))), (Standing::Present, 0));
}

// The sleep of a laptop: the timer ends days late.
#[test]
fn a_timer_that_ends_late_counts_only_what_it_was_set_to() {
    let mut run = begun(0, Tick(0));
    let _ = run.poll(Tick(10 * DAY_MS), &mut Journal::default());
    assert_eq!(spent(&run, Tick(10 * DAY_MS)), HOUR);
    assert_eq!(standing(&run), Standing::Suspect);
    assert_eq!(run.deadline(), Some(Tick(10 * DAY_MS + 71 * HOUR)));
}

#[test]
fn the_kept_form_is_frozen() {
    let mut attendance = Attendance { spent_ms: 72 * HOUR, uptime: Uptime::default() };
    attendance.uptime.pass(90 * MINUTE_MS, true);
    let hex: String = encode(&attendance).iter().map(|byte| format!("{byte:02x}")).collect();
    expect_test::expect!["010014730f000000000100000000ca9a3b40771b000000000040771b0000000000"]
        .assert_eq(&hex);
    assert_eq!(decode(&encode(&attendance)), Ok(attendance));
}

proptest! {
    // Flapping, cuts and restarts at will: nothing counts but the time since it was last there.
    #[test]
    fn no_history_counts_more_than_the_running_time_since_it_was_there(
        history in proptest::collection::vec((0_u8..5, 1_u64..100 * HOUR), 1..40),
    ) {
        let mut run = begun(0, Tick(0));
        let (mut now, mut most) = (Tick(0), 0_u64);
        for (event, ms) in history {
            now = now + ms;
            most = most.saturating_add(ms);
            match event {
                0 => {
                    feed(&mut run, Event::Came, now);
                    most = 0;
                }
                1 => feed(&mut run, Event::Left { clocks_run: true }, now),
                2 => feed(&mut run, Event::ClocksStopped, now),
                3 => feed(&mut run, Event::ClocksRun, now),
                _ => {
                    pass(&mut run, now);
                    let kept = spent(&run, now);
                    run = begun(kept, Tick(ms)); // Another process, another clock.
                    now = Tick(ms);
                }
            }
            prop_assert!(spent(&run, now) <= most, "{:?}", run.state());
        }
    }
}
