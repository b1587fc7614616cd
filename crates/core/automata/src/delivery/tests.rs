//! Atlas, stories and properties of the example.

use expect_test::{expect, expect_file};
use proptest::prelude::*;

use super::{EVENTS, Effect, Event, State, TWICE, atlas};
use crate::{Journal, Line, Live, Named, Outcome, Tick};

#[test]
fn is_sound_and_as_drawn() {
    expect_file!["automaton.md"].assert_eq(&atlas().sound().markdown());
}

#[test]
fn gives_up_after_the_last_attempt() {
    let mut journal = Journal::default();
    let mut delivery = Live::start(TWICE, "7");
    assert_eq!(delivery.feed(Event::PeerOnline, Tick(0), &mut journal), [Effect::SendMessage]);
    assert_eq!(delivery.poll(Tick(999), &mut journal), []);
    assert_eq!(delivery.poll(Tick(1_000), &mut journal), [Effect::SendMessage]);
    assert_eq!(delivery.poll(Tick(2_500), &mut journal), [Effect::ReportFailed]);
    assert!(delivery.is_done());
    expect![[r#"
        0 Waiting --PeerOnline--> Sending
        1000 Sending --Elapsed, no receipt yet--> Sending
        2500 Sending --Elapsed, no receipt--> Failed
    "#]]
    .assert_eq(&story(&journal.drain()));
}

/// An event, or time that passes.
#[derive(Clone, Debug)]
enum Happening {
    Comes(Event),
    Passes { ms: u64 },
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let comes = prop::sample::select(EVENTS.to_vec()).prop_map(Happening::Comes);
    let passes = (0..3_000u64).prop_map(|ms| Happening::Passes { ms });
    prop::collection::vec(prop_oneof![comes, passes], 0..40)
}

proptest! {
    #[test]
    fn the_state_changes_by_a_drawn_line_only(happenings in happenings()) {
        let (atlas, mut journal) = (atlas(), Journal::default());
        let mut delivery = Live::start(TWICE, "7");
        let mut now = Tick(0);
        for happening in happenings {
            let before = delivery.state().clone();
            let effects = match happening {
                Happening::Comes(event) => delivery.feed(event, now, &mut journal),
                Happening::Passes { ms } => {
                    now = now + ms;
                    delivery.poll(now, &mut journal)
                }
            };
            let lines = journal.drain();
            prop_assert!(lines.iter().all(|line| atlas.draws(line)), "{lines:?}");
            match &lines[..] {
                [line] if line.outcome == Outcome::Moved => {
                    prop_assert_eq!((line.from, line.to), (before.name(), delivery.state().name()));
                }
                [] | [_] => prop_assert!(*delivery.state() == before && effects.is_empty()),
                _ => prop_assert!(false, "one event wrote {lines:?}"),
            }
        }
    }

    #[test]
    fn a_timer_ends_with_its_state(happenings in happenings()) {
        let mut journal = Journal::default();
        let mut delivery = Live::start(TWICE, "7");
        let mut now = Tick(0);
        for happening in happenings {
            match happening {
                Happening::Comes(event) => drop(delivery.feed(event, now, &mut journal)),
                Happening::Passes { ms } => {
                    now = now + ms;
                    drop(delivery.poll(now, &mut journal));
                }
            }
            let is_sending = matches!(delivery.state(), State::Sending { .. });
            prop_assert_eq!(delivery.deadline().is_some(), is_sending);
            let early = |line: &Line| line.event == "Elapsed" && line.outcome == Outcome::Moved;
            let times: Vec<Tick> = journal.drain().iter().filter(|l| early(l)).map(|l| l.at).collect();
            prop_assert!(times.iter().all(|at| *at >= Tick(TWICE.receipt_wait_ms)));
        }
    }
}

fn story(lines: &[Line]) -> String {
    let tell = |line: &Line| {
        let why = if line.why.is_empty() { String::new() } else { format!(", {}", line.why) };
        format!("{} {} --{}{why}--> {}\n", line.at.0, line.from, line.event, line.to)
    };
    lines.iter().map(tell).collect()
}
