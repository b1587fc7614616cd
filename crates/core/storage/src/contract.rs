//! The customer's side of the agreement with one supplier.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// How it stands with the supplier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// To be asked as soon as it is reached.
    Wanted {
        /// When to give up.
        until: Tick,
    },
    /// Terms are offered.
    Proposing {
        /// When to give up.
        until: Tick,
    },
    /// Both have signed.
    Active,
    /// The end is announced.
    Ending {
        /// When to announce it again.
        until: Tick,
    },
    /// No contract came about.
    Declined,
    /// There was one, and it is over.
    Ended,
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// The supplier is connected and greeted.
    Online,
    /// The supplier is not connected any more.
    PeerLost,
    /// The supplier signed the terms that were offered.
    Accepted,
    /// The supplier does not want to.
    Declined,
    /// The user or the policy ends it.
    End,
    /// The supplier confirmed the end.
    EndConfirmed,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Offer the terms.
    SendProposal,
    /// Announce the end.
    SendEnd,
    /// The contract holds: keep it and count the supplier in.
    ReportActive,
    /// It came to nothing: look for another.
    ReportDeclined,
    /// It is over.
    ReportEnded,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct ContractRun {
    /// How long to wait for a connection or an answer.
    pub answer_wait_ms: u64,
    /// When to announce an end again.
    pub repeat_ms: u64,
    /// The tick at which it is begun.
    pub begun: Tick,
}

impl Automaton for ContractRun {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "contract";
    const PURPOSE: &'static str = "Comes to an agreement with one supplier, and ends it.";

    fn start(&self) -> State {
        State::Wanted { until: self.begun + self.answer_wait_ms }
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let ending = Ending { until: now + self.repeat_ms };
        match (state, event) {
            (Wanted { .. }, E::Online) => {
                go(Proposing { until: now + self.answer_wait_ms }, "", vec![SendProposal])
            }
            (Wanted { .. }, E::Elapsed) => go(Declined, "not reached", vec![ReportDeclined]),
            (Wanted { .. }, E::End) => go(Declined, "", vec![ReportDeclined]),
            (Proposing { .. }, E::Accepted) => go(Active, "", vec![ReportActive]),
            (Proposing { .. }, E::Declined) => go(Declined, "", vec![ReportDeclined]),
            (Proposing { .. }, E::PeerLost) => {
                go(Wanted { until: now + self.answer_wait_ms }, "", vec![])
            }
            (Proposing { .. }, E::Elapsed) => go(Declined, "no answer", vec![ReportDeclined]),
            (Proposing { .. }, E::End) => go(Declined, "", vec![ReportDeclined]),
            (Active, E::End) => go(ending, "", vec![SendEnd]),
            (Ending { .. }, E::Online | E::Elapsed) => go(ending, "", vec![SendEnd]),
            (Ending { .. }, E::EndConfirmed) => go(Ended, "", vec![ReportEnded]),

            (Wanted { .. } | Active | Ending { .. }, E::Accepted | E::Declined) => Step::Ignore,
            (Wanted { .. } | Active | Ending { .. }, E::PeerLost) => Step::Ignore,
            (Proposing { .. } | Active, E::Online) => Step::Ignore,
            (Active, E::Elapsed) | (Ending { .. }, E::End) => Step::Ignore,
            (Wanted { .. } | Proposing { .. } | Active, E::EndConfirmed) => Step::Refuse,
            (
                Declined | Ended,
                E::Online
                | E::PeerLost
                | E::Accepted
                | E::Declined
                | E::End
                | E::EndConfirmed
                | E::Elapsed,
            ) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Wanted { until } | State::Proposing { until } | State::Ending { until } => {
                Wait::Until(*until)
            }
            State::Active => Wait::Rest,
            State::Declined | State::Ended => Wait::Done,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event::*, State as S};
    let run = ContractRun { answer_wait_ms: 30_000, repeat_ms: 60_000, begun: Tick(0) };
    let until = Atlas::NOW;
    let states = [
        S::Wanted { until },
        S::Proposing { until },
        S::Active,
        S::Ending { until },
        S::Declined,
        S::Ended,
    ];
    Atlas::of(&run, &states, &[Online, PeerLost, Accepted, Declined, End, EndConfirmed, Elapsed])
}
