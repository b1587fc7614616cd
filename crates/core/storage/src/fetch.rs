//! Brings one block, or a part of it, back from its suppliers.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

mod ledger;
#[cfg(test)]
mod tests;

pub use ledger::{Fragments, Need, Outlook, Reach};

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// Suppliers are asked.
    Asking,
    /// Too few suppliers can be reached.
    Waiting {
        /// When to give up.
        until: Tick,
    },
    /// Enough fragments are here.
    Assembling,
    /// The bytes are here.
    Complete,
    /// They cannot be had now.
    Failed,
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// A fragment came or will not come, or a supplier came or went.
    Changed {
        /// What can be hoped for now.
        outlook: Outlook,
    },
    /// The bytes are put together and verified.
    Assembled,
    /// They could not be put together: fragments that verified contradict the manifest.
    AssembleFailed,
    /// Nobody needs it any more.
    Cancel,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Ask for the fragments that are needed and not yet asked for.
    AskFragments,
    /// Put the bytes together.
    Assemble,
    /// Hand the bytes over.
    ReportComplete,
    /// Tell which suppliers are missing.
    ReportMissing,
    /// Tell that what came contradicts itself.
    ReportDamaged,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Fetch {
    /// How long to wait for missing suppliers.
    pub patience_ms: u64,
}

impl Automaton for Fetch {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "fetch";
    const PURPOSE: &'static str = "Brings one block, or a part of it, back from its suppliers.";

    fn start(&self) -> State {
        State::Asking
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        match (state, event) {
            (Asking | Waiting { .. }, E::Changed { outlook: Outlook::Enough }) => {
                go(Assembling, "enough fragments", vec![Assemble])
            }
            (Asking | Waiting { .. }, E::Changed { outlook: Outlook::Possible }) => {
                go(Asking, "more can be asked", vec![AskFragments])
            }
            (Asking, E::Changed { outlook: Outlook::Short }) => {
                go(Waiting { until: now + self.patience_ms }, "too few are reached", vec![])
            }
            (Waiting { until }, E::Changed { outlook: Outlook::Short }) => {
                go(Waiting { until: *until }, "still too few", vec![])
            }
            (Waiting { .. }, E::Elapsed) => go(Failed, "too few suppliers", vec![ReportMissing]),
            (Assembling, E::Assembled) => go(Complete, "", vec![ReportComplete]),
            (Assembling, E::AssembleFailed) => go(Failed, "", vec![ReportDamaged]),
            (Asking | Waiting { .. } | Assembling, E::Cancel) => go(Failed, "cancelled", vec![]),

            (Asking | Waiting { .. }, E::Assembled | E::AssembleFailed) => Step::Ignore,
            (Assembling, E::Changed { .. } | E::Elapsed) | (Asking, E::Elapsed) => Step::Ignore,
            (
                Complete | Failed,
                E::Changed { .. } | E::Assembled | E::AssembleFailed | E::Cancel | E::Elapsed,
            ) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Waiting { until } => Wait::Until(*until),
            State::Asking | State::Assembling => Wait::Rest,
            State::Complete | State::Failed => Wait::Done,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event as E, State::*};
    let states = [Asking, Waiting { until: Atlas::NOW }, Assembling, Complete, Failed];
    let events = [
        E::Changed { outlook: Outlook::Enough },
        E::Changed { outlook: Outlook::Possible },
        E::Changed { outlook: Outlook::Short },
        E::Assembled,
        E::AssembleFailed,
        E::Cancel,
        E::Elapsed,
    ];
    Atlas::of(&Fetch { patience_ms: 20_000 }, &states, &events)
}
