//! Brings the fragments of one block to their suppliers and waits for all receipts.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// Fragments are on their way.
    Sending {
        /// Receipts that are missing.
        left: u8,
    },
    /// All receipts are here and are being written down.
    Recording,
    /// The block is with its suppliers, and that is written down.
    Placed,
    /// The block was given up; it is sealed again when its content is needed.
    Dropped,
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// A receipt for a fragment that had none.
    Receipted,
    /// The block and its chunks are written down, durably.
    Recorded,
    /// Writing down failed.
    RecordFailed,
    /// The job is over.
    Drop,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Write block, chunks and receipts down, durably.
    Record,
    /// Free the block's memory.
    Release,
    /// Tell the job that the block is placed.
    ReportPlaced,
    /// Tell the job that the own disk fails.
    ReportFailed,
}

/// The automaton.
#[derive(Clone, Copy, Debug)]
pub struct Placement {
    /// Fragments of the block, at least one.
    pub fragments: u8,
}

impl Automaton for Placement {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "placement";
    const PURPOSE: &'static str =
        "Brings the fragments of one block to their suppliers and waits for all receipts.";

    fn start(&self) -> State {
        State::Sending { left: self.fragments }
    }

    fn step(&self, state: &State, event: Event, _now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        match (state, event) {
            (Sending { left }, E::Receipted) if *left > 1 => {
                go(Sending { left: left - 1 }, "others are missing", vec![])
            }
            (Sending { .. }, E::Receipted) => go(Recording, "all are here", vec![Record]),
            (Recording, E::Recorded) => go(Placed, "", vec![Release, ReportPlaced]),
            (Recording, E::RecordFailed) => go(Dropped, "", vec![Release, ReportFailed]),
            (Sending { .. } | Recording, E::Drop) => go(Dropped, "", vec![Release]),

            (Sending { .. }, E::Recorded | E::RecordFailed) => Step::Ignore,
            (Recording, E::Receipted) => Step::Ignore,
            (Placed | Dropped, E::Receipted | E::Recorded | E::RecordFailed | E::Drop) => {
                Step::Ignore
            }
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Sending { .. } | State::Recording => Wait::Rest,
            State::Placed | State::Dropped => Wait::Done,
        }
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event::*, State::*};
    let states = [Sending { left: 2 }, Sending { left: 1 }, Recording, Placed, Dropped];
    let events = [Receipted, Recorded, RecordFailed, Drop];
    Atlas::of(&Placement { fragments: 2 }, &states, &events)
}
