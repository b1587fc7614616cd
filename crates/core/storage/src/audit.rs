//! Asks a supplier, again and again, for proof that it keeps what it receipted.
//!
//! One run for each supplier; the node chooses the fragment and the range by chance, evenly over all
//! bytes kept, and judges the answer (`judge`). A question that was not answered is asked again when
//! the supplier is back: else whoever lost something would be away whenever it is asked for. What an
//! answer proves is in `evidence`; bytes and limits: `docs/protocols/storage.md`.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use base::{DAY_MS, MINUTE_MS};
use strum::{IntoStaticStr, VariantNames};

mod evidence;
mod judge;
mod question;
#[cfg(test)]
mod tests;

pub use evidence::{Evidence, EvidenceError, Finding};
pub use judge::{Expected, Judgement, judge, reply, whole_answer};
pub use question::{
    Answer, Challenge, Question, RANGE_BYTES, Reply, SignedAnswer, SignedChallenge, ask_range,
};

/// Audits of one supplier in a day.
pub const AUDITS_DAILY: u64 = 24;
/// Bytes of audits of one supplier in a day, both ways, with everything around them.
pub const AUDIT_BYTES_DAILY: u64 = 64_000;

/// How it stands with the questions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// Until the next question.
    Resting {
        /// When it is due.
        until: Tick,
    },
    /// The question is sent.
    Asked {
        /// When to take silence for an answer.
        until: Tick,
    },
    /// The supplier was there and did not answer; the question stands.
    Unanswered {
        /// When to ask it again.
        until: Tick,
    },
    /// The supplier is away; the question stands.
    Away,
    /// There is nothing to audit any more.
    Over,
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// The supplier is connected.
    Online,
    /// It is not, or not any more.
    Offline,
    /// The answer proves what it should.
    Passed,
    /// The answer is a signed refusal: what was receipted is not there.
    LossProved,
    /// The answer is signed, and wrong.
    Cheated,
    /// The answer proves nothing: busy, malformed, or a wrong hash of a whole fragment.
    Evaded,
    /// Nothing is receipted there that could be asked for.
    Vacant,
    /// The contract has ended.
    Stop,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Choose a question and send it.
    Ask,
    /// Send the question that stands.
    AskAgain,
    /// Tell the ladder: passed.
    ReportPassed,
    /// Tell the ladder: not answered although it is there.
    ReportIgnored,
    /// Keep the evidence of a loss, and tell the ladder.
    ReportLoss,
    /// Keep the evidence of cheating, and tell the ladder.
    ReportCheating,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Audit {
    /// Between two questions.
    pub interval_ms: u64,
    /// How long to wait for an answer.
    pub answer_ms: u64,
    /// How long to wait before an unanswered question is asked again.
    pub again_ms: u64,
    /// When the first question is due; spread, so that not all suppliers are asked at once.
    pub first: Tick,
}

impl Audit {
    /// About [`AUDITS_DAILY`], the first at `first`.
    pub fn new(first: Tick) -> Self {
        let interval_ms = DAY_MS / AUDITS_DAILY;
        Self { interval_ms, answer_ms: MINUTE_MS, again_ms: 10 * MINUTE_MS, first }
    }
}

impl Automaton for Audit {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "audit";
    const PURPOSE: &'static str =
        "Asks a supplier, again and again, for proof that it keeps what it receipted.";

    fn start(&self) -> State {
        State::Resting { until: self.first }
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let rest = |effect| go(Resting { until: now + self.interval_ms }, "", vec![effect]);
        let ask = |effect| go(Asked { until: now + self.answer_ms }, "", vec![effect]);
        let unanswered = Unanswered { until: now + self.again_ms };
        match (state, event) {
            // An order to ask one that is away is answered by `Offline`.
            (Resting { .. }, E::Elapsed) => ask(Ask),
            (Unanswered { .. }, E::Elapsed) | (Away, E::Online) => ask(AskAgain),
            (Asked { .. } | Unanswered { .. }, E::Offline) => go(Away, "", vec![]),
            (Asked { .. }, E::Elapsed | E::Evaded) => go(unanswered, "", vec![ReportIgnored]),
            (Asked { .. } | Unanswered { .. } | Away, E::Passed) => rest(ReportPassed),
            (Asked { .. } | Unanswered { .. } | Away, E::LossProved) => rest(ReportLoss),
            (Asked { .. } | Unanswered { .. } | Away, E::Cheated) => rest(ReportCheating),
            (Asked { .. } | Unanswered { .. } | Away, E::Vacant) => {
                go(Resting { until: now + self.interval_ms }, "nothing to ask for", vec![])
            }
            (Resting { .. } | Asked { .. } | Unanswered { .. } | Away, E::Stop) => {
                go(Over, "", vec![])
            }

            (Resting { .. }, E::Online | E::Offline) => Step::Ignore,
            // Late or twice: only the answer to a question that stands counts.
            (Resting { .. }, E::Passed | E::LossProved | E::Cheated | E::Evaded) => Step::Ignore,
            (Resting { .. }, E::Vacant) => Step::Ignore,
            (Asked { .. } | Unanswered { .. }, E::Online) => Step::Ignore,
            (Unanswered { .. } | Away, E::Evaded) | (Away, E::Offline | E::Elapsed) => Step::Ignore,
            (
                Over,
                E::Online
                | E::Offline
                | E::Passed
                | E::LossProved
                | E::Cheated
                | E::Evaded
                | E::Vacant
                | E::Stop
                | E::Elapsed,
            ) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Resting { until } | State::Asked { until } | State::Unanswered { until } => {
                Wait::Until(*until)
            }
            State::Away => Wait::Rest,
            State::Over => Wait::Done,
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
    let states =
        [S::Resting { until }, S::Asked { until }, S::Unanswered { until }, S::Away, S::Over];
    let events = [Online, Offline, Passed, LossProved, Cheated, Evaded, Vacant, Stop, Elapsed];
    Atlas::of(&Audit::new(Tick(0)), &states, &events)
}
