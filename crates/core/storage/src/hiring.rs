//! Finds suppliers until every place has one.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// How it stands with the places.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// Nobody is wanted now.
    Resting,
    /// Candidates are looked for.
    Searching {
        /// When to go on with what was found.
        until: Tick,
    },
    /// Candidates have been asked.
    Asking,
    /// Too few were found or wanted to.
    Short {
        /// When to search again.
        until: Tick,
    },
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// Places are free, and nobody who was asked has still to answer.
    PlacesFree,
    /// Every place has a supplier.
    PlacesFull,
    /// Candidates came in.
    Found {
        /// Whether they are enough for the free places.
        enough: bool,
    },
    /// Somebody asked said no or was not reached.
    CandidateLost {
        /// Whether others are left to ask.
        others: bool,
    },
    /// Nobody is to be hired any more.
    Stop,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Look in the distributed hash table and among contacts.
    FindCandidates,
    /// Ask the best candidates, one for each free place.
    AskBest,
    /// Tell that there are too few.
    ReportShort,
    /// Tell that all places are taken.
    ReportFull,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Hiring {
    /// How long to collect candidates.
    pub search_ms: u64,
    /// When to search again after too few were found.
    pub retry_ms: u64,
}

impl Automaton for Hiring {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "hiring";
    const PURPOSE: &'static str = "Finds suppliers until every place has one.";

    fn start(&self) -> State {
        State::Resting
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let searching = Searching { until: now + self.search_ms };
        let short = |why| go(Short { until: now + self.retry_ms }, why, vec![ReportShort]);
        match (state, event) {
            (Resting, E::PlacesFree) => go(searching, "", vec![FindCandidates]),
            (Short { .. }, E::Elapsed) => go(searching, "", vec![FindCandidates]),
            (Short { .. }, E::Found { .. }) => go(Asking, "", vec![AskBest]),
            (Searching { .. }, E::Found { enough: true }) => go(Asking, "enough", vec![AskBest]),
            (Searching { until }, E::Found { enough: false }) => {
                go(Searching { until: *until }, "too few yet", vec![])
            }
            (Searching { .. }, E::Elapsed) => go(Asking, "", vec![AskBest]),
            (Asking, E::CandidateLost { others: true }) => go(Asking, "others left", vec![AskBest]),
            (Asking, E::CandidateLost { others: false }) => short("nobody left"),
            (Asking, E::PlacesFree) => go(searching, "all have answered", vec![FindCandidates]),
            (Searching { .. } | Asking | Short { .. }, E::PlacesFull) => {
                go(Resting, "", vec![ReportFull])
            }
            (Searching { .. } | Asking | Short { .. }, E::Stop) => go(Resting, "", vec![]),

            (Resting, E::PlacesFull | E::Found { .. } | E::CandidateLost { .. }) => Step::Ignore,
            (Resting, E::Stop | E::Elapsed) => Step::Ignore,
            (Searching { .. } | Short { .. }, E::PlacesFree) => Step::Ignore,
            (Searching { .. } | Short { .. }, E::CandidateLost { .. }) => Step::Ignore,
            (Asking, E::Found { .. } | E::Elapsed) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Searching { until } | State::Short { until } => Wait::Until(*until),
            State::Resting | State::Asking => Wait::Rest,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event as E, State::*};
    let until = Atlas::NOW;
    let states = [Resting, Searching { until }, Asking, Short { until }];
    let events = [
        E::PlacesFree,
        E::PlacesFull,
        E::Found { enough: true },
        E::Found { enough: false },
        E::CandidateLost { others: true },
        E::CandidateLost { others: false },
        E::Stop,
        E::Elapsed,
    ];
    Atlas::of(&Hiring { search_ms: 5_000, retry_ms: 60_000 }, &states, &events)
}
