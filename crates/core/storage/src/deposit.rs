//! Brings the newest version of one document to one supplier, until it is kept.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// How it stands with the document at this supplier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// The supplier is not connected.
    Away,
    /// The document is sent.
    Sending {
        /// When to send it again.
        until: Tick,
    },
    /// The supplier did not take it.
    Refused {
        /// When to send it again.
        until: Tick,
    },
    /// The supplier keeps it.
    Kept,
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// There is a new version of the document.
    Changed,
    /// The supplier is connected.
    Online,
    /// The supplier is not connected any more.
    PeerLost,
    /// The supplier keeps this version, durably.
    Kept,
    /// The supplier does not take it now.
    Refused,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Send the newest version.
    SendDocument,
    /// Tell that the supplier keeps it.
    ReportKept,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Deposit {
    /// How long to wait for an answer.
    pub answer_ms: u64,
    /// When to ask again after a refusal.
    pub again_ms: u64,
}

impl Automaton for Deposit {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "deposit";
    const PURPOSE: &'static str =
        "Brings the newest version of one document to one supplier, until it is kept.";

    fn start(&self) -> State {
        State::Away
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let send = |why| go(Sending { until: now + self.answer_ms }, why, vec![SendDocument]);
        match (state, event) {
            (Away, E::Online) => send(""),
            (Sending { .. } | Refused { .. } | Kept, E::Changed) => send("a newer version"),
            (Sending { .. }, E::Kept) => go(Kept, "", vec![ReportKept]),
            (Sending { .. }, E::Refused) => go(Refused { until: now + self.again_ms }, "", vec![]),
            (Sending { .. }, E::Elapsed) => send("no answer"),
            (Refused { .. }, E::Elapsed) => send("once more"),
            (Sending { .. } | Refused { .. }, E::PeerLost) => go(Away, "", vec![]),

            (Away, E::Changed | E::PeerLost | E::Kept | E::Refused | E::Elapsed) => Step::Ignore,
            (Sending { .. }, E::Online) => Step::Ignore,
            (Refused { .. }, E::Online | E::Kept | E::Refused) => Step::Ignore,
            (Kept, E::Online | E::PeerLost | E::Kept | E::Refused | E::Elapsed) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Sending { until } | State::Refused { until } => Wait::Until(*until),
            State::Away | State::Kept => Wait::Rest,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event as E, State as S};
    let until = Atlas::NOW;
    let states = [S::Away, S::Sending { until }, S::Refused { until }, S::Kept];
    let events = [E::Changed, E::Online, E::PeerLost, E::Kept, E::Refused, E::Elapsed];
    Atlas::of(&Deposit { answer_ms: 20_000, again_ms: 30_000 }, &states, &events)
}
