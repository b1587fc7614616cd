//! The node's book: whether what is in it is on the disk.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// How it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// The book is on the disk as it is.
    Kept,
    /// It is being written.
    Writing,
    /// It could not be written.
    Failed {
        /// When to try again.
        until: Tick,
    },
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// There is something new in it.
    Changed,
    /// The newest version is durable.
    Written,
    /// Writing failed.
    WriteFailed,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Write it.
    Write,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// When to write again after a failure.
    pub again_ms: u64,
}

impl Automaton for Keeping {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "keeping";
    const PURPOSE: &'static str = "Writes the node's book down, until it is on the disk.";

    fn start(&self) -> State {
        State::Kept
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        match (state, event) {
            (Kept, E::Changed) => go(Writing, "", vec![Write]),
            (Writing | Failed { .. }, E::Changed) => go(Writing, "a newer version", vec![Write]),
            (Writing, E::Written) => go(Kept, "", vec![]),
            (Writing, E::WriteFailed) => go(Failed { until: now + self.again_ms }, "", vec![]),
            (Failed { .. }, E::Elapsed) => go(Writing, "once more", vec![Write]),

            (Kept, E::Written | E::WriteFailed | E::Elapsed) => Step::Ignore,
            (Writing, E::Elapsed) => Step::Ignore,
            (Failed { .. }, E::Written | E::WriteFailed) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Failed { until } => Wait::Until(*until),
            State::Kept | State::Writing => Wait::Rest,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event as E, State::*};
    let states = [Kept, Writing, Failed { until: Atlas::NOW }];
    let events = [E::Changed, E::Written, E::WriteFailed, E::Elapsed];
    Atlas::of(&Keeping { again_ms: 10_000 }, &states, &events)
}
