//! The runner: one line for each event, timers that belong to states, a history that peers cannot flood.

use super::Live;
use crate::delivery::{Effect, Event, State, TWICE};
use crate::{Journal, Line, Outcome, Tick};

const RECEIPT: Event = Event::Receipt { is_signed: true };
const FORGERY: Event = Event::Receipt { is_signed: false };

#[test]
fn writes_one_line_for_each_event_whatever_comes_of_it() {
    let mut journal = Journal::default();
    let mut delivery = Live::start(TWICE, "7");
    let fed = [Event::PeerLost, FORGERY, Event::Cancel]
        .map(|event| delivery.feed(event, Tick(3), &mut journal));
    assert_eq!(fed, [vec![], vec![], vec![Effect::ReportFailed]]);
    let waiting = Line {
        at: Tick(3),
        automaton: "delivery",
        instance: "7".into(),
        from: "Waiting",
        event: "PeerLost",
        to: "Waiting",
        why: "",
        outcome: Outcome::Ignored,
    };
    let forged = Line { event: "Receipt", outcome: Outcome::Refused, ..waiting.clone() };
    let cancelled = Line {
        event: "Cancel",
        to: "Failed",
        why: "cancelled",
        outcome: Outcome::Moved,
        ..waiting.clone()
    };
    assert_eq!(journal.drain(), [waiting, forged, cancelled]);
}

#[test]
fn a_timer_that_has_not_ended_is_ignored() {
    let mut journal = Journal::default();
    let mut delivery = Live::start(TWICE, "7");
    let _ = delivery.feed(Event::PeerOnline, Tick(0), &mut journal);
    let sending = delivery.state().clone();
    assert_eq!(delivery.feed(Event::Elapsed, Tick(999), &mut journal), []);
    assert_eq!(*delivery.state(), sending);
    let ended = delivery.feed(Event::Elapsed, Tick(1_000), &mut journal);
    assert_eq!(ended, [Effect::SendMessage], "control: once it has ended it counts");
}

#[test]
fn leaving_a_state_ends_its_timer() {
    let mut journal = Journal::default();
    let mut delivery = Live::start(TWICE, "7");
    let _ = delivery.feed(Event::PeerOnline, Tick(0), &mut journal);
    assert_eq!(delivery.deadline(), Some(Tick(1_000)), "control: there is a timer");
    let _ = delivery.feed(Event::PeerLost, Tick(5), &mut journal);
    assert_eq!(delivery.deadline(), None);
    journal.drain();
    assert_eq!(delivery.poll(Tick::MAX, &mut journal), []);
    assert_eq!(journal.drain(), []);
}

#[test]
fn a_peer_that_repeats_itself_does_not_push_out_the_history() {
    let mut journal = Journal::default();
    let mut delivery = Live::start(TWICE, "7");
    let _ = delivery.feed(Event::PeerOnline, Tick(0), &mut journal);
    for _ in 0..2 * Live::<crate::delivery::Delivery>::MOVES_MAX {
        let _ = delivery.feed(FORGERY, Tick(1), &mut journal);
    }
    let moves: Vec<_> = delivery.snapshot().moves.iter().map(|line| line.event).collect();
    assert_eq!(moves, ["PeerOnline"]);
    assert_eq!(delivery.refusals(), 32);
}

#[test]
fn remembers_the_last_moves_only() {
    let mut journal = Journal::default();
    let mut delivery = Live::start(TWICE, "7");
    for ms in 0..20 {
        let _ = delivery.feed(Event::PeerOnline, Tick(ms), &mut journal);
        let _ = delivery.feed(Event::PeerLost, Tick(ms), &mut journal);
    }
    let moves = delivery.snapshot().moves;
    assert_eq!(moves, journal.drain()[40 - moves.len()..]);
    assert_eq!(moves.len(), 16);
}

#[test]
fn goes_on_from_a_state_that_was_kept() {
    let kept = State::Sending { attempt: 2, until: Tick(10) };
    let mut delivery = Live::resume(TWICE, "7", kept);
    assert_eq!(delivery.automaton().attempts_max, 2);
    assert_eq!(delivery.snapshot().state, "Sending");
    assert_eq!(delivery.snapshot().deadline, Some(Tick(10)));
    let effects = delivery.feed(RECEIPT, Tick(5), &mut Journal::default());
    assert_eq!(effects, [Effect::ReportDelivered]);
    assert!(delivery.snapshot().is_done);
}
