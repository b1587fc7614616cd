//! Brings the missing fragments of one block to a new supplier, without ever reading what is in them.
//!
//! It collects any k fragments, over days if need be and keeping what it has, makes the missing ones
//! of them, places them, and reads them back: only then they count. Which blocks, in which order and
//! how much in a day is in `plan`. Run by the owner's node; by rebuilders when the owner is away.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use base::{HOUR_MS, MINUTE_MS};
use strum::{IntoStaticStr, VariantNames};

pub mod plan;
#[cfg(test)]
mod tests;

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// Nothing can be done now.
    Waiting {
        /// When to try again.
        until: Tick,
    },
    /// Fragments are fetched until k are here.
    Collecting {
        /// When to let others have their turn; what is here is kept.
        until: Tick,
    },
    /// The missing ones are made.
    Coding,
    /// They are on their way to their new suppliers.
    Placing {
        /// Receipts that are missing.
        left: u8,
    },
    /// They are read back.
    Verifying {
        /// Fragments that are not verified yet.
        left: u8,
    },
    /// They count.
    Done,
    /// Not needed any more.
    Dropped,
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// k verified fragments are here.
    Enough,
    /// Fewer can be had now.
    Short,
    /// The missing fragments are made, and agree with the manifest.
    Coded,
    /// They could not be made: the own disk or memory.
    CodeFailed,
    /// A receipt for a fragment that had none.
    Receipted,
    /// A new supplier does not take its fragment.
    Blocked,
    /// A placed fragment was read back and is right.
    Verified,
    /// It is not there, or not right.
    VerifyFailed,
    /// The suppliers that were missing are back, or the block is gone.
    NotNeeded,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Fetch fragments, of those that are not here yet.
    Collect,
    /// Make the missing fragments.
    Code,
    /// Bring them to their new suppliers.
    Place,
    /// Read them back.
    Verify,
    /// Count the new fragments, and write that down.
    Record,
    /// Free what was collected and made.
    Release,
    /// Tell that a new supplier gave back something wrong.
    ReportWrong,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Repair {
    /// Fragments to be made and placed, at least one.
    pub fragments: u8,
    /// How long fragments of one block are collected at a stretch.
    pub collect_ms: u64,
    /// How long to wait after something failed.
    pub again_ms: u64,
}

impl Repair {
    /// For so many fragments.
    pub fn new(fragments: u8) -> Self {
        Self { fragments, collect_ms: HOUR_MS, again_ms: 10 * MINUTE_MS }
    }
}

impl Automaton for Repair {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "repair";
    const PURPOSE: &'static str =
        "Brings the missing fragments of one block to a new supplier; verified, they count.";

    fn start(&self) -> State {
        State::Waiting { until: Tick(0) }
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let wait = |why, effects| go(Waiting { until: now + self.again_ms }, why, effects);
        match (state, event) {
            (Waiting { .. }, E::Elapsed) => {
                go(Collecting { until: now + self.collect_ms }, "", vec![Collect])
            }
            (Collecting { .. }, E::Enough) => go(Coding, "", vec![Code]),
            (Collecting { .. }, E::Short | E::Elapsed) => wait("", vec![]),
            (Coding, E::Coded) => go(Placing { left: self.fragments }, "", vec![Place]),
            (Coding, E::CodeFailed) => wait("", vec![Release]),
            (Placing { left }, E::Receipted) if *left > 1 => {
                go(Placing { left: left - 1 }, "others are missing", vec![])
            }
            (Placing { .. }, E::Receipted) => {
                go(Verifying { left: self.fragments }, "all are there", vec![Verify])
            }
            (Placing { .. }, E::Blocked) => wait("", vec![]),
            (Verifying { left }, E::Verified) if *left > 1 => {
                go(Verifying { left: left - 1 }, "others are missing", vec![])
            }
            (Verifying { .. }, E::Verified) => go(Done, "all are right", vec![Record, Release]),
            (Verifying { .. }, E::VerifyFailed) => wait("", vec![ReportWrong]),
            (
                Waiting { .. } | Collecting { .. } | Coding | Placing { .. } | Verifying { .. },
                E::NotNeeded,
            ) => go(Dropped, "", vec![Release]),

            // Late, from before something failed.
            (
                Waiting { .. } | Collecting { .. } | Coding | Done | Dropped,
                E::Receipted | E::Blocked | E::Verified | E::VerifyFailed,
            ) => Step::Ignore,
            (
                Waiting { .. } | Coding | Placing { .. } | Verifying { .. } | Done | Dropped,
                E::Enough | E::Short,
            ) => Step::Ignore,
            (
                Waiting { .. } | Collecting { .. } | Placing { .. } | Verifying { .. },
                E::Coded | E::CodeFailed,
            ) => Step::Ignore,
            (Placing { .. }, E::Verified | E::VerifyFailed) => Step::Ignore,
            (Verifying { .. }, E::Receipted | E::Blocked) => Step::Ignore,
            (Coding | Placing { .. } | Verifying { .. }, E::Elapsed) => Step::Ignore,
            (Done | Dropped, E::Coded | E::CodeFailed | E::NotNeeded | E::Elapsed) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Waiting { until } | State::Collecting { until } => Wait::Until(*until),
            State::Coding | State::Placing { .. } | State::Verifying { .. } => Wait::Rest,
            State::Done | State::Dropped => Wait::Done,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event::*, State as S};
    let until = Atlas::NOW;
    let states = [
        S::Waiting { until },
        S::Collecting { until },
        S::Coding,
        S::Placing { left: 2 },
        S::Placing { left: 1 },
        S::Verifying { left: 2 },
        S::Verifying { left: 1 },
        S::Done,
        S::Dropped,
    ];
    let events = [
        Enough,
        Short,
        Coded,
        CodeFailed,
        Receipted,
        Blocked,
        Verified,
        VerifyFailed,
        NotNeeded,
        Elapsed,
    ];
    Atlas::of(&Repair::new(2), &states, &events)
}
