//! A look-up is sound and as drawn; the newest wins, and silence is not an answer.

use automata::{Journal, Line, Live};
use expect_test::{expect, expect_file};
use proptest::prelude::*;

use super::*;

fn started(lookup: Lookup) -> (Live<Lookup>, Journal) {
    let (mut live, mut journal) = (Live::start(lookup, "record"), Journal::default());
    assert_eq!(live.poll(Tick(0), &mut journal), [Effect::Ask]);
    (live, journal)
}

fn story(journal: &mut Journal) -> String {
    let tell = |line: &Line| {
        let why = if line.why.is_empty() { String::new() } else { format!(", {}", line.why) };
        format!("{} {} --{}{why}--> {}\n", line.at.0, line.from, line.event, line.to)
    };
    journal.drain().iter().map(tell).collect()
}

const FOUND: [Effect; 2] = [Effect::WriteBack, Effect::ReportFound];

#[test]
fn is_sound_and_as_drawn() {
    expect_file!["automaton.md"].assert_eq(&atlas().sound().markdown());
}

#[test]
fn three_that_agree_are_enough() {
    use Event::*;
    let (mut live, mut journal) = started(Lookup::new(9));
    assert_eq!(live.feed(NewerFound, Tick(1), &mut journal), [Effect::Keep]);
    assert_eq!(live.feed(SameFound, Tick(2), &mut journal), []);
    // A newer one takes the place of the one before, and two agreed on nothing that counts.
    assert_eq!(live.feed(NewerFound, Tick(3), &mut journal), [Effect::Keep]);
    assert_eq!(live.feed(OlderFound, Tick(4), &mut journal), []);
    assert_eq!(live.feed(SameFound, Tick(5), &mut journal), []);
    assert_eq!(live.feed(SameFound, Tick(6), &mut journal), FOUND);
    assert!(live.is_done());
    expect![[r#"
        0 Resting --Elapsed--> Asking
        1 Asking --NewerFound--> Asking
        2 Asking --SameFound--> Asking
        3 Asking --NewerFound--> Asking
        4 Asking --OlderFound--> Asking
        5 Asking --SameFound--> Asking
        6 Asking --SameFound, enough agree--> Found
    "#]]
    .assert_eq(&story(&mut journal));
}

#[test]
fn a_thorough_one_hears_all() {
    let (mut live, mut journal) = started(Lookup::thorough(5));
    assert_eq!(live.feed(Event::NewerFound, Tick(1), &mut journal), [Effect::Keep]);
    for _ in 0..3 {
        assert_eq!(live.feed(Event::SameFound, Tick(1), &mut journal), []);
    }
    assert_eq!(live.feed(Event::NothingFound, Tick(1), &mut journal), FOUND);
}

#[test]
fn what_there_is_counts_when_time_is_up() {
    let (mut live, mut journal) = started(Lookup::new(5));
    assert_eq!(live.feed(Event::NewerFound, Tick(1), &mut journal), [Effect::Keep]);
    assert_eq!(live.poll(Tick(30_000), &mut journal), FOUND);
}

#[test]
fn is_missing_after_the_last_attempt() {
    let (mut live, mut journal) = started(Lookup::new(2));
    let mut asked = 1;
    while !live.is_done() {
        let now = live.deadline().unwrap();
        let effects = match live.state() {
            State::Asking { attempts: 2, .. } => {
                assert_eq!(live.feed(Event::NothingFound, now, &mut journal), []);
                live.feed(Event::NothingFound, now, &mut journal)
            }
            _ => live.poll(now, &mut journal),
        };
        asked += usize::from(effects == [Effect::Ask]);
    }
    assert_eq!(asked, 3);
    assert_eq!(live.state(), &State::Missing);
    expect![[r#"
        0 Resting --Elapsed--> Asking
        30000 Asking --Elapsed, nobody has it yet--> Resting
        32000 Resting --Elapsed--> Asking
        62000 Asking --NothingFound--> Asking
        62000 Asking --NothingFound, nobody has it yet--> Resting
        66000 Resting --Elapsed--> Asking
        96000 Asking --Elapsed, nobody has it--> Missing
    "#]]
    .assert_eq(&story(&mut journal));
}

#[test]
fn a_late_answer_is_an_answer() {
    let (mut live, mut journal) = started(Lookup::new(1));
    assert_eq!(live.poll(Tick(30_000), &mut journal), []);
    let effects = live.feed(Event::NewerFound, Tick(30_001), &mut journal);
    assert_eq!(effects, [Effect::Keep, Effect::WriteBack, Effect::ReportFound]);
}

fn events() -> impl Strategy<Value = Vec<Option<Event>>> {
    use Event::*;
    let event = prop::sample::select(vec![NewerFound, SameFound, OlderFound, NothingFound, Cancel]);
    prop::collection::vec(prop::option::weighted(0.8, event), 0..40)
}

proptest! {
    /// Whatever comes, it ends: within its attempts, and reports at most once.
    #[test]
    fn ends_in_time_and_reports_once(events in events(), sources in 0_u8..8) {
        let lookup = Lookup::new(sources);
        let (mut live, mut journal) = (Live::start(lookup, "record"), Journal::default());
        let (mut now, mut reports) = (Tick(0), 0);
        let mut events = events.into_iter();
        while !live.is_done() {
            let effects = match events.next().flatten() {
                Some(event) => live.feed(event, now, &mut journal),
                None => {
                    now = live.deadline().unwrap();
                    live.poll(now, &mut journal)
                }
            };
            let is_report = |effect: &&Effect| {
                [Effect::ReportFound, Effect::ReportMissing].contains(effect)
            };
            reports += effects.iter().filter(is_report).count();
        }
        prop_assert!(reports == 1 || live.state() == &State::Cancelled && reports == 0);
        prop_assert!(now <= Tick(3 * lookup.answer_ms + 2_000 + 4_000));
        let atlas = atlas();
        prop_assert!(journal.drain().iter().all(|line| atlas.draws(line)));
    }
}
