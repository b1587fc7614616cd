//! Brings one message to one peer, or says why not. An example, and what the tests run.

use strum::{IntoStaticStr, VariantNames};

use crate::{Atlas, Automaton, Step, Tick, Wait};

mod tests;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub(crate) enum State {
    Waiting,
    Sending { attempt: u8, until: Tick },
    Delivered,
    Failed,
}

#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub(crate) enum Event {
    PeerOnline,
    Receipt { is_signed: bool },
    PeerLost,
    Cancel,
    Elapsed,
}

#[derive(Debug, PartialEq, Eq, VariantNames, IntoStaticStr)]
pub(crate) enum Effect {
    SendMessage,
    ReportDelivered,
    ReportFailed,
}

/// How long to wait for a receipt, and how often.
pub(crate) struct Delivery {
    pub(crate) receipt_wait_ms: u64,
    pub(crate) attempts_max: u8,
}

impl Automaton for Delivery {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "delivery";
    const PURPOSE: &'static str = "Brings one message to one peer, or says why not.";

    fn start(&self) -> State {
        State::Waiting
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event::*, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let send = |attempt, why| {
            go(Sending { attempt, until: now + self.receipt_wait_ms }, why, vec![SendMessage])
        };
        match (state, event) {
            (Waiting, PeerOnline) => send(1, ""),
            (Waiting | Sending { .. }, Receipt { is_signed: true }) => {
                go(Delivered, "", vec![ReportDelivered])
            }
            (Sending { .. }, PeerLost) => go(Waiting, "", vec![]),
            (Sending { attempt, .. }, Elapsed) if *attempt < self.attempts_max => {
                send(attempt + 1, "no receipt yet")
            }
            (Sending { .. }, Elapsed) => go(Failed, "no receipt", vec![ReportFailed]),
            (Waiting | Sending { .. }, Cancel) => go(Failed, "cancelled", vec![ReportFailed]),

            (Waiting | Sending { .. }, Receipt { is_signed: false }) => Step::Refuse,
            (Waiting, PeerLost | Elapsed) | (Sending { .. }, PeerOnline) => Step::Ignore,
            (Delivered | Failed, PeerOnline | Receipt { .. } | PeerLost | Cancel | Elapsed) => {
                Step::Ignore
            }
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Waiting => Wait::Rest,
            State::Sending { until, .. } => Wait::Until(*until),
            State::Delivered | State::Failed => Wait::Done,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

/// A delivery that tries twice, a second apart.
pub(crate) const TWICE: Delivery = Delivery { receipt_wait_ms: 1_000, attempts_max: 2 };

/// One sample of each event, two of the one that a guard looks at.
pub(crate) const EVENTS: [Event; 6] = [
    Event::PeerOnline,
    Event::Receipt { is_signed: true },
    Event::Receipt { is_signed: false },
    Event::PeerLost,
    Event::Cancel,
    Event::Elapsed,
];

pub(crate) fn atlas() -> Atlas {
    use State::*;
    let sending = |attempt| Sending { attempt, until: Atlas::NOW };
    Atlas::of(&TWICE, &[Waiting, sending(1), sending(2), Delivered, Failed], &EVENTS)
}
