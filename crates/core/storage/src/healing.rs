//! Goes through all blocks that lie under an older arrangement until none of them lacks a fragment at
//! its new suppliers; then the arrangement names those.
//!
//! Nothing is taken away before: until the end the older arrangement stands as it is, and a walk that
//! was broken off begins again. Each block is the work of one `repair`.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// How far the walk is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// No arrangement lacks a supplier that it could have.
    Resting,
    /// The next blocks are read from the catalog.
    Listing,
    /// They are repaired, some at a time.
    Repairing,
    /// It cannot go on now.
    Held {
        /// When to begin again.
        until: Tick,
    },
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// An older arrangement lacks a supplier, and the one in force has another for its place.
    Wanted,
    /// The next blocks.
    Listed {
        /// Whether there are any.
        any: bool,
    },
    /// All of them are repaired.
    Repaired {
        /// Whether others may be behind them.
        more: bool,
    },
    /// What it began with is not true any more, or a disk failed.
    Stopped,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Read the next blocks.
    List,
    /// Repair them.
    Repair,
    /// Let the older arrangement name the new suppliers.
    Rearrange,
    /// Drop all repairs.
    Drop,
    /// Look whether anything is still to be done.
    Look,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Healing {
    /// How long to wait before a walk that was held begins again.
    pub again_ms: u64,
}

impl Automaton for Healing {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "healing";
    const PURPOSE: &'static str =
        "Goes through all blocks of an older arrangement until its new suppliers have everything.";

    fn start(&self) -> State {
        State::Resting
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        match (state, event) {
            (Resting, E::Wanted) => go(Listing, "", vec![Effect::List]),
            (Listing, E::Listed { any: true }) => go(Repairing, "some", vec![Effect::Repair]),
            (Listing, E::Listed { any: false }) => {
                go(Resting, "none are left", vec![Effect::Rearrange, Effect::Look])
            }
            (Repairing, E::Repaired { more: true }) => {
                go(Listing, "others may follow", vec![Effect::List])
            }
            (Repairing, E::Repaired { more: false }) => {
                go(Resting, "they were the last", vec![Effect::Rearrange, Effect::Look])
            }
            (Listing | Repairing, E::Stopped) => {
                go(Held { until: now + self.again_ms }, "", vec![Effect::Drop])
            }
            (Held { .. }, E::Elapsed) => go(Resting, "", vec![Effect::Look]),

            (Resting, E::Listed { .. } | E::Repaired { .. } | E::Stopped | E::Elapsed) => {
                Step::Ignore
            }
            (Listing, E::Wanted | E::Repaired { .. } | E::Elapsed) => Step::Ignore,
            (Repairing, E::Wanted | E::Listed { .. } | E::Elapsed) => Step::Ignore,
            (Held { .. }, E::Wanted | E::Listed { .. } | E::Repaired { .. } | E::Stopped) => {
                Step::Ignore
            }
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Held { until } => Wait::Until(*until),
            State::Resting | State::Listing | State::Repairing => Wait::Rest,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event as E, State::*};
    let states = [Resting, Listing, Repairing, Held { until: Atlas::NOW }];
    let events = [
        E::Wanted,
        E::Listed { any: true },
        E::Listed { any: false },
        E::Repaired { more: true },
        E::Repaired { more: false },
        E::Stopped,
        E::Elapsed,
    ];
    Atlas::of(&Healing { again_ms: 60_000 }, &states, &events)
}
