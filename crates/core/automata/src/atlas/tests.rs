//! Each fault is found, and only where it is.

use strum::{IntoStaticStr, VariantNames};

use super::{Atlas, Fault};
use crate::{Automaton, Journal, Line, Live, Outcome, Step, Tick, Wait, delivery};

/// A lamp with one thing wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lamp {
    Sound,
    NeverBreaks,
    NeverCools,
    Revives,
    RestsBroken,
    SaysNothing,
    Shouts,
    Hangs,
    Spins,
    Dark,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
enum State {
    Off { pushes: u8 },
    On { until: Tick },
    Broken { is_swept: bool },
}

#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
enum Event {
    Push,
    Elapsed,
}

#[derive(Debug, VariantNames, IntoStaticStr)]
enum Effect {
    Shine,
}

impl Automaton for Lamp {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "lamp";
    const PURPOSE: &'static str = "Shines for a while, and breaks one day.";

    fn start(&self) -> State {
        State::Off { pushes: 0 }
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Event::*, State::*};
        let go = |to, why| Step::Move { to, why, effects: vec![] };
        let worn = match self {
            Lamp::SaysNothing => "",
            Lamp::Shouts => "Too often!",
            _ => "too often",
        };
        let shine = || match self {
            Lamp::Dark => vec![],
            _ => vec![Effect::Shine, Effect::Shine],
        };
        match (state, event) {
            (Off { pushes: 1.. }, Push) if *self != Lamp::NeverBreaks => {
                go(Broken { is_swept: false }, worn)
            }
            (Off { .. }, Push) => {
                Step::Move { to: On { until: now + 9 }, why: "", effects: shine() }
            }
            (On { .. }, Elapsed) if *self == Lamp::Hangs => Step::Ignore,
            (On { until }, Elapsed) if *self == Lamp::Spins => go(On { until: *until }, ""),
            (On { .. }, Elapsed) if *self == Lamp::NeverCools => go(On { until: now + 9 }, ""),
            (On { .. }, Elapsed) => go(Off { pushes: 1 }, ""),
            (On { .. }, Push) if matches!(self, Lamp::Hangs | Lamp::Spins) => {
                go(Off { pushes: 1 }, "")
            }
            (Broken { .. }, Push) if *self == Lamp::Revives => go(Off { pushes: 0 }, ""),

            (On { .. }, Push) => Step::Refuse,
            (Off { .. }, Elapsed) | (Broken { .. }, Push | Elapsed) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Off { .. } => Wait::Rest,
            State::On { until } => Wait::Until(*until),
            State::Broken { is_swept: true } if *self == Lamp::RestsBroken => Wait::Rest,
            State::Broken { .. } => Wait::Done,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

fn faults_of(lamp: Lamp) -> Vec<Fault> {
    use State::*;
    let broken = [false, true].map(|is_swept| Broken { is_swept });
    let states =
        [vec![Off { pushes: 0 }, Off { pushes: 1 }, On { until: Atlas::NOW }], broken.into()];
    Atlas::of(&lamp, &states.concat(), &[Event::Push, Event::Elapsed]).faults()
}

#[test]
fn finds_each_fault_and_no_other() {
    use Fault::*;
    let found = |lamp, fault: &[Fault]| assert_eq!(faults_of(lamp), fault, "{lamp:?}");
    found(Lamp::Sound, &[]);
    found(Lamp::NeverBreaks, &[StateUnreachable { state: "Broken" }]);
    found(Lamp::NeverCools, &[StateNotLeft { state: "On" }]);
    found(Lamp::Revives, &[DoneMoves { state: "Broken", event: "Push" }]);
    found(Lamp::RestsBroken, &[DoneNotAlways { state: "Broken" }]);
    found(Lamp::SaysNothing, &[WhyTheSame { from: "Off", event: "Push" }]);
    found(Lamp::Shouts, &[WhyUnreadable { why: "Too often!" }]);
    found(Lamp::Hangs, &[TimerDoesNothing { state: "On" }]);
    found(Lamp::Spins, &[TimerSpins { state: "On" }]);
    found(Lamp::Dark, &[EffectUnused { effect: "Shine" }]);
}

#[test]
fn asks_for_a_sample_of_each_state_and_event() {
    let atlas = Atlas::of(&Lamp::Sound, &[State::Off { pushes: 1 }], &[Event::Push]);
    let expected = [
        Fault::StateUnsampled { state: "Broken" },
        Fault::StateUnsampled { state: "On" },
        Fault::EventUnsampled { event: "Elapsed" },
        Fault::EffectUnused { effect: "Shine" },
        Fault::StateUnreachable { state: "On" },
    ];
    assert_eq!(atlas.faults(), expected);
}

#[test]
#[should_panic(expected = "the automaton lamp:\n- no sample of the state Broken\n- nothing leads")]
fn tells_all_faults_at_once() {
    let states = [State::Off { pushes: 0 }, State::On { until: Atlas::NOW }];
    Atlas::of(&Lamp::Sound, &states, &[Event::Push, Event::Elapsed]).sound();
}

#[test]
fn draws_what_it_saw_and_nothing_else() {
    let atlas = delivery::atlas();
    let mut journal = Journal::default();
    let mut live = Live::start(delivery::TWICE, "7");
    let _ = live.feed(delivery::Event::PeerOnline, Tick(0), &mut journal);
    let line = journal.drain().remove(0);
    assert!(atlas.draws(&line), "control: a true line is drawn");

    let lies = [
        Line { automaton: "lamp", ..line.clone() },
        Line { from: "Failed", ..line.clone() },
        Line { event: "PeerLost", ..line.clone() },
        Line { to: "Delivered", ..line.clone() },
        Line { why: "no receipt", ..line.clone() },
        Line { outcome: Outcome::Ignored, ..line.clone() },
        Line { outcome: Outcome::Refused, ..line },
    ];
    assert_eq!(lies.iter().filter(|lie| atlas.draws(lie)).count(), 0);
}

#[test]
fn a_page_gets_the_same_as_the_file() {
    let atlas = delivery::atlas();
    let drawing = atlas.drawing();
    assert_eq!(
        (drawing.name, drawing.purpose),
        ("delivery", "Brings one message to one peer, or says why not.")
    );
    assert!(drawing.markdown.contains(&drawing.mermaid));
    assert_eq!(drawing.markdown, atlas.markdown());
    assert_eq!(drawing.rows.len(), 8);
}

#[test]
fn says_when_one_automaton_should_be_two() {
    let states = [Floor::A, Floor::I];
    let events = [Call::A, Call::M];
    let faults = Atlas::of(&Tower, &states, &events).faults();
    assert_eq!(
        faults[..2],
        [Fault::StatesTooMany { count: 9 }, Fault::EventsTooMany { count: 13 }]
    );
    assert!(faults.contains(&Fault::TimerHasNoEvent { state: "A" }));
}

/// One state and one event too many, and a timer that nobody hears.
struct Tower;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
#[expect(dead_code, reason = "they are only counted")]
#[rustfmt::skip]
enum Floor { A, B, C, D, E, F, G, H, I }

#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
#[expect(dead_code, reason = "they are only counted")]
#[rustfmt::skip]
enum Call { A, B, C, D, E, F, G, H, I, J, K, L, M }

impl Automaton for Tower {
    type State = Floor;
    type Event = Call;
    type Effect = Effect;
    const NAME: &'static str = "tower";
    const PURPOSE: &'static str = "Has too many floors.";

    fn start(&self) -> Floor {
        Floor::A
    }

    fn step(&self, _: &Floor, _: Call, _: Tick) -> Step<Self> {
        Step::Move { to: Floor::I, why: "", effects: vec![Effect::Shine] }
    }

    fn wait(&self, _: &Floor) -> Wait {
        Wait::Until(Atlas::NOW)
    }
}
