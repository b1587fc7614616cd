//! The supplier's side of the agreement with one customer.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// How it stands with the customer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// The contract is being written down.
    Opening,
    /// The customer may store up to the quota.
    Active {
        /// When the term ends.
        until: Tick,
    },
    /// The contract is over; what is stored can be read until it is erased.
    Notice {
        /// When it is erased.
        until: Tick,
    },
    /// It could not be written down.
    Rejected,
    /// All is over.
    Erased,
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// The contract is written down, durably.
    Opened {
        /// When the term ends.
        until: Tick,
    },
    /// It could not be written down.
    OpenFailed,
    /// One of the parties ends it.
    End,
    /// The calendar was set: the state ends later than it was thought.
    Later {
        /// When it ends.
        until: Tick,
    },
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Send the contract with both signatures.
    SendAcceptance,
    /// Tell the customer that it came to nothing.
    SendDecline,
    /// Tell the customer until when its data stays.
    SendEnded,
    /// Write the end down and free the promise.
    Close,
    /// Erase what is stored.
    Erase,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Tenancy {
    /// How long data outlives the contract.
    pub notice_ms: u64,
}

impl Automaton for Tenancy {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "tenancy";
    const PURPOSE: &'static str = "The supplier's side of the agreement with one customer.";

    fn start(&self) -> State {
        State::Opening
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let notice = Notice { until: now + self.notice_ms };
        match (state, event) {
            (Opening, E::Opened { until }) => go(Active { until }, "", vec![SendAcceptance]),
            (Opening, E::OpenFailed) => go(Rejected, "", vec![SendDecline]),
            (Active { .. }, E::End) => go(notice, "", vec![Close, SendEnded]),
            (Active { .. }, E::Elapsed) => go(notice, "", vec![Close]),
            (Notice { until }, E::End) => go(Notice { until: *until }, "", vec![SendEnded]),
            (Notice { .. }, E::Elapsed) => go(Erased, "", vec![Erase]),
            (Active { .. }, E::Later { until }) => go(Active { until }, "", vec![]),
            (Notice { .. }, E::Later { until }) => go(Notice { until }, "", vec![]),

            (Opening, E::End | E::Later { .. } | E::Elapsed) => Step::Ignore,
            (Active { .. } | Notice { .. }, E::Opened { .. } | E::OpenFailed) => Step::Ignore,
            (Rejected | Erased, E::Opened { .. } | E::OpenFailed | E::End) => Step::Ignore,
            (Rejected | Erased, E::Later { .. } | E::Elapsed) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Active { until } | State::Notice { until } => Wait::Until(*until),
            State::Opening => Wait::Rest,
            State::Rejected | State::Erased => Wait::Done,
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
    let states = [S::Opening, S::Active { until }, S::Notice { until }, S::Rejected, S::Erased];
    let later = Atlas::NOW + 1_000;
    let tenancy = Tenancy { notice_ms: crate::terms::NOTICE_MS };
    let events = [Opened { until: later }, OpenFailed, End, Later { until: later }, Elapsed];
    Atlas::of(&tenancy, &states, &events)
}
