//! What this node thinks of a supplier, from trust to nothing, and on what ground.
//!
//! Being offline never leads beyond [`State::Drain`]. Beyond it leads only evidence that any third
//! node can verify (`audit::evidence`), or the user, who may end any contract and may forgive
//! anything. Nobody else's word counts.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use base::{DAY_MS, Hash};
use strum::{IntoStaticStr, VariantNames};

mod kept;
#[cfg(test)]
mod tests;

pub use kept::{Rung, Verdict};

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// As any other.
    Trusted,
    /// Nothing new is placed with it.
    Watch {
        /// Audits it did not answer in this time.
        ignored: u8,
        /// When it is trusted again if nothing happens.
        until: Tick,
    },
    /// Not counted on, and replaced if that is needed; its fragments are kept.
    Contain {
        /// Because it is missing, and not because it does not answer audits.
        is_absent: bool,
        /// Audits it has passed since.
        passed: u8,
    },
    /// The contract is ended; what it still gives is taken.
    Drain {
        /// Losses that were proved.
        losses: u8,
        /// Audits it has passed since.
        passed: u8,
    },
    /// No dealings any more.
    Fired {
        /// The evidence; none when the user wanted it.
        evidence: Option<Hash>,
    },
    /// Not even a connection.
    Shunned {
        /// The evidence.
        evidence: Hash,
    },
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// It is away for longer than is usual.
    Away,
    /// It is missing.
    Missing,
    /// It is missing for longer than anybody's holidays.
    LongAway,
    /// It is back.
    Returned,
    /// It passed an audit.
    AuditPassed,
    /// It is there, and did not answer an audit.
    AuditIgnored,
    /// It told by itself that it lost something.
    LossTold,
    /// It answered an audit by a signed refusal: what it receipted is not there.
    LossProved {
        /// The evidence.
        evidence: Hash,
    },
    /// It signed bytes that are not those it receipted, or two statements that exclude each other.
    Cheated {
        /// The evidence.
        evidence: Hash,
    },
    /// The evidence of cheating was verified once more, here, from its bytes.
    Confirmed {
        /// The evidence.
        evidence: Hash,
    },
    /// The user decided.
    Judged {
        /// For it, or against it.
        trust: bool,
    },
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Count on it as on any other.
    ReportTrusted,
    /// Count on it, but place nothing new with it.
    ReportWatched,
    /// Count it as missing.
    ReportContained,
    /// End the contract; go on reading from it.
    EndContract,
    /// End all dealings, and keep the evidence if there is any.
    Dismiss,
    /// Have no connection with it.
    Disconnect,
    /// Write the verdict down.
    Keep,
}

/// The automaton, with its limits.
#[derive(Clone, Copy, Debug)]
pub struct Ladder {
    /// How long it is watched after something small, milliseconds.
    pub watch_ms: u64,
    /// So many ignored audits contain it; at least 2.
    pub ignored_max: u8,
    /// So many passed audits bring it back.
    pub passed_needed: u8,
    /// So many proved losses fire it; at least 2.
    pub losses_max: u8,
}

impl Default for Ladder {
    fn default() -> Self {
        Self { watch_ms: DAY_MS, ignored_max: 3, passed_needed: 20, losses_max: 2 }
    }
}

impl Automaton for Ladder {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "ladder";
    const PURPOSE: &'static str =
        "Holds what this node thinks of a supplier: beyond drain leads only evidence, or the user.";

    fn start(&self) -> State {
        State::Trusted
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let contain = |is_absent, passed, why| {
            go(Contain { is_absent, passed }, why, vec![ReportContained, Keep])
        };
        match (state, event) {
            (judged, E::LossProved { evidence }) => self.loss_proved(judged, evidence),
            (judged, E::Cheated { evidence }) => self.cheated(judged, evidence),
            (judged, E::Judged { trust }) => self.judged(judged, trust, now),
            (Fired { evidence: Some(known) }, E::Confirmed { evidence }) if *known == evidence => {
                go(Shunned { evidence }, "the same evidence", vec![Disconnect, Keep])
            }

            (Trusted, E::Away | E::LossTold) => self.watch(0, "", now),
            (Trusted, E::AuditIgnored) => self.watch(1, "", now),
            (Watch { ignored, .. }, E::Away | E::LossTold) => self.watch(*ignored, "", now),
            (Watch { ignored, .. }, E::AuditIgnored) if more(*ignored) < self.ignored_max => {
                self.watch(more(*ignored), "not often yet", now)
            }
            (Watch { .. }, E::AuditIgnored) => contain(false, 0, "too often"),
            (Trusted | Watch { .. }, E::Missing) => contain(true, 0, ""),
            (Watch { ignored: 1.., until }, E::AuditPassed) => {
                go(Watch { ignored: 0, until: *until }, "answers again", vec![Keep])
            }
            (Watch { .. }, E::Elapsed) => go(Trusted, "", vec![ReportTrusted, Keep]),
            (Trusted | Watch { .. } | Contain { .. }, E::LongAway) => drain(0, ""),
            (Contain { is_absent: true, .. }, E::Returned) => {
                self.watch(0, "it was only away", now)
            }
            (Contain { passed, .. } | Drain { passed, .. }, E::AuditPassed)
                if more(*passed) >= self.passed_needed =>
            {
                self.watch(0, "passed enough audits", now)
            }
            (Contain { is_absent, passed }, E::AuditPassed) => {
                contain(*is_absent, more(*passed), "more are needed")
            }
            (Contain { is_absent: false, .. }, E::AuditIgnored) => {
                contain(false, 0, "counted from the start again")
            }
            (Drain { losses, passed }, E::AuditPassed) => {
                let to = Drain { losses: *losses, passed: more(*passed) };
                go(to, "more are needed", vec![Keep])
            }

            (Trusted, E::Returned | E::AuditPassed | E::Elapsed) => Step::Ignore,
            (Watch { .. }, E::Returned | E::AuditPassed) => Step::Ignore,
            (Contain { .. }, E::Away | E::Missing | E::LossTold | E::Elapsed) => Step::Ignore,
            (Contain { is_absent: false, .. }, E::Returned) => Step::Ignore,
            (Contain { is_absent: true, .. }, E::AuditIgnored) => Step::Ignore,
            (Trusted | Watch { .. } | Contain { .. }, E::Confirmed { .. }) => Step::Ignore,
            (Fired { .. } | Shunned { .. }, E::AuditPassed) => Step::Ignore,
            (
                Drain { .. } | Fired { .. } | Shunned { .. },
                E::Away | E::Missing | E::LongAway | E::Returned,
            ) => Step::Ignore,
            (
                Drain { .. } | Fired { .. } | Shunned { .. },
                E::AuditIgnored | E::LossTold | E::Confirmed { .. } | E::Elapsed,
            ) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Watch { until, .. } => Wait::Until(*until),
            State::Trusted | State::Contain { .. } | State::Drain { .. } => Wait::Rest,
            State::Fired { .. } | State::Shunned { .. } => Wait::Rest,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

impl Ladder {
    fn watch(&self, ignored: u8, why: &'static str, now: Tick) -> Step<Self> {
        let to = State::Watch { ignored, until: now + self.watch_ms };
        go(to, why, vec![Effect::ReportWatched, Effect::Keep])
    }

    fn loss_proved(&self, state: &State, evidence: Hash) -> Step<Self> {
        match state {
            State::Trusted | State::Watch { .. } | State::Contain { .. } => drain(1, ""),
            State::Drain { losses, .. } if more(*losses) < self.losses_max => {
                drain(more(*losses), "the first loss")
            }
            State::Drain { .. } => fire(Some(evidence), "lost again"),
            State::Fired { .. } | State::Shunned { .. } => Step::Ignore,
        }
    }

    fn cheated(&self, state: &State, evidence: Hash) -> Step<Self> {
        match state {
            State::Trusted | State::Watch { .. } | State::Contain { .. } | State::Drain { .. } => {
                fire(Some(evidence), "")
            }
            State::Fired { evidence: None } => fire(Some(evidence), "now with evidence"),
            State::Fired { evidence: Some(_) } | State::Shunned { .. } => Step::Ignore,
        }
    }

    fn judged(&self, state: &State, trust: bool, now: Tick) -> Step<Self> {
        match (state, trust) {
            (State::Watch { .. } | State::Contain { .. } | State::Drain { .. }, true) => {
                go(State::Trusted, "the user forgives", vec![Effect::ReportTrusted, Effect::Keep])
            }
            (State::Fired { .. } | State::Shunned { .. }, true) => {
                self.watch(0, "the user forgives", now)
            }
            (State::Trusted | State::Watch { .. }, false)
            | (State::Contain { .. } | State::Drain { .. }, false) => fire(None, "the user's will"),
            (State::Trusted, true) => Step::Ignore,
            (State::Fired { .. } | State::Shunned { .. }, false) => Step::Ignore,
        }
    }
}

fn go(to: State, why: &'static str, effects: Vec<Effect>) -> Step<Ladder> {
    Step::Move { to, why, effects }
}

fn drain(losses: u8, why: &'static str) -> Step<Ladder> {
    go(State::Drain { losses, passed: 0 }, why, vec![Effect::EndContract, Effect::Keep])
}

fn fire(evidence: Option<Hash>, why: &'static str) -> Step<Ladder> {
    go(State::Fired { evidence }, why, vec![Effect::Dismiss, Effect::Keep])
}

fn more(count: u8) -> u8 {
    count.saturating_add(1)
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event as E, State::*};
    let (until, evidence) = (Atlas::NOW, Hash([1; 32]));
    let states = [
        Trusted,
        Watch { ignored: 0, until },
        Watch { ignored: 2, until },
        Contain { is_absent: true, passed: 0 },
        Contain { is_absent: false, passed: 0 },
        Contain { is_absent: false, passed: 19 },
        Drain { losses: 0, passed: 0 },
        Drain { losses: 1, passed: 19 },
        Fired { evidence: None },
        Fired { evidence: Some(evidence) },
        Shunned { evidence },
    ];
    let events = [
        E::Away,
        E::Missing,
        E::LongAway,
        E::Returned,
        E::AuditPassed,
        E::AuditIgnored,
        E::LossTold,
        E::LossProved { evidence },
        E::Cheated { evidence },
        E::Confirmed { evidence },
        E::Judged { trust: true },
        E::Judged { trust: false },
        E::Elapsed,
    ];
    Atlas::of(&Ladder::default(), &states, &events)
}
