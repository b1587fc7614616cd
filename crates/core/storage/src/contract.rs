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
    Active {
        /// When the term ends.
        until: Tick,
        /// When a later end is asked for.
        ask: Tick,
    },
    /// The end is announced.
    Ending {
        /// When to announce it again.
        until: Tick,
        /// When to do without a confirmation.
        last: Tick,
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
    /// The supplier cannot be reached.
    Unreachable,
    /// The supplier signed the terms that were offered, or told that they hold.
    Accepted {
        /// When the term ends.
        until: Tick,
    },
    /// The supplier does not want to.
    Declined,
    /// The user or the policy ends it.
    End,
    /// The supplier says that it is over, or that it knows of none.
    Ended,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Offer the terms.
    SendProposal,
    /// Ask for a later end.
    SendRenewal,
    /// Announce the end.
    SendEnd,
    /// The contract holds: keep it and count the supplier in.
    ReportActive,
    /// It came to nothing: look for another.
    ReportDeclined,
    /// It is being ended: count on the supplier no longer.
    ReportEnding,
    /// It is over.
    ReportEnded,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct ContractRun {
    /// How long to wait for a connection or an answer.
    pub answer_wait_ms: u64,
    /// So long before the term ends a later end is asked for.
    pub renew_ms: u64,
    /// When to ask for it again.
    pub renew_again_ms: u64,
    /// When to announce an end again.
    pub repeat_ms: u64,
    /// When to do without a confirmation of the end.
    pub end_wait_ms: u64,
    /// The tick at which it is begun.
    pub begun: Tick,
}

impl ContractRun {
    /// A contract that holds until `until`.
    pub fn active(&self, until: Tick) -> State {
        State::Active { until, ask: Tick(until.0.saturating_sub(self.renew_ms)) }
    }

    /// The end as it is announced at `now`.
    pub fn ending(&self, now: Tick) -> State {
        State::Ending { until: now + self.repeat_ms, last: now + self.end_wait_ms }
    }
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
        let none = |why| go(Declined, why, vec![ReportDeclined]);
        let over = |why| go(Ended, why, vec![ReportEnded]);
        let again = |last: &Tick, why| {
            go(Ending { until: now + self.repeat_ms, last: *last }, why, vec![SendEnd])
        };
        let renew = |until: &Tick, why| {
            let (until, ask) = (*until, now + self.renew_again_ms);
            go(Active { until, ask }, why, vec![SendRenewal])
        };
        match (state, event) {
            (Wanted { .. }, E::Online) => {
                go(Proposing { until: now + self.answer_wait_ms }, "", vec![SendProposal])
            }
            (Wanted { .. }, E::Unreachable) => none("not reached"),
            (Wanted { .. }, E::Elapsed) => none("not reached in time"),
            (Wanted { .. } | Proposing { .. }, E::Accepted { until }) => {
                go(self.active(until), "", vec![ReportActive])
            }
            (Proposing { .. }, E::Declined) => none(""),
            (Proposing { .. }, E::PeerLost) => {
                go(Wanted { until: now + self.answer_wait_ms }, "", vec![])
            }
            (Proposing { .. }, E::Elapsed) => none("no answer"),
            (Wanted { .. } | Proposing { .. }, E::End) => none("not wanted any more"),
            (Active { .. }, E::Accepted { until }) => go(self.active(until), "", vec![]),
            (Active { until, ask }, E::Online) if *ask <= now + self.renew_again_ms => {
                renew(until, "it ends soon")
            }
            (Active { .. }, E::End) => go(self.ending(now), "", vec![ReportEnding, SendEnd]),
            (Active { .. }, E::Ended) => over("by the supplier"),
            (Active { until, .. }, E::Elapsed) if now < *until => renew(until, "before it ends"),
            (Active { .. }, E::Elapsed) => over("the term is over"),
            (Ending { last, .. }, E::Online) => again(last, ""),
            (Ending { last, .. }, E::Elapsed) if now < *last => again(last, "not confirmed yet"),
            (Ending { .. }, E::Elapsed) => over("never confirmed"),
            (Ending { .. }, E::Ended) => over(""),

            (Wanted { .. }, E::PeerLost | E::Declined | E::Ended) => Step::Ignore,
            (Proposing { .. }, E::Online | E::Unreachable | E::Ended) => Step::Ignore,
            (Active { .. }, E::Online | E::PeerLost | E::Unreachable | E::Declined) => Step::Ignore,
            (Ending { .. }, E::PeerLost | E::Unreachable | E::Accepted { .. }) => Step::Ignore,
            (Ending { .. }, E::Declined | E::End) => Step::Ignore,
            (Declined | Ended, E::Online | E::PeerLost | E::Unreachable) => Step::Ignore,
            (Declined | Ended, E::Accepted { .. } | E::Declined | E::End) => Step::Ignore,
            (Declined | Ended, E::Ended | E::Elapsed) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Wanted { until } | State::Proposing { until } | State::Ending { until, .. } => {
                Wait::Until(*until)
            }
            State::Active { until, ask } => Wait::Until(*until.min(ask)),
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
    let run = ContractRun {
        answer_wait_ms: 30_000,
        renew_ms: 5_184_000_000,
        renew_again_ms: 86_400_000,
        repeat_ms: 60_000,
        end_wait_ms: 604_800_000,
        begun: Tick(0),
    };
    let (until, later) = (Atlas::NOW, Atlas::NOW + 1_000);
    let much_later = Atlas::NOW + 8_640_000_000;
    let states = [
        S::Wanted { until },
        S::Proposing { until },
        S::Active { until, ask: until },
        S::Active { until: later, ask: until },
        S::Active { until: much_later, ask: much_later },
        S::Ending { until, last: until },
        S::Ending { until, last: later },
        S::Declined,
        S::Ended,
    ];
    let accepted = Accepted { until: later };
    let events = [Online, PeerLost, Unreachable, accepted, Declined, End, Ended, Elapsed];
    Atlas::of(&run, &states, &events)
}
