//! Finds the newest version of one record among what several holders give, and gives it to those
//! that had an older one.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// Between two attempts, and before the first.
    Resting {
        /// The attempts made.
        attempts: u8,
        /// When the next one comes.
        until: Tick,
    },
    /// The sources are being asked.
    Asking {
        /// The attempts made, with this one.
        attempts: u8,
        /// Sources that have not answered.
        open: u8,
        /// Sources that gave the newest version so far.
        agreeing: u8,
        /// When it has taken too long.
        until: Tick,
    },
    /// It was found.
    Found,
    /// Nobody has it, or nobody answers.
    Missing,
    /// Nobody wants to know any more.
    Cancelled,
}

/// What came. Each answer of a source is one event, judged by the rules of records before.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// A source gave a valid version, newer than all before.
    NewerFound,
    /// A source gave the newest version so far.
    SameFound,
    /// A source gave an older version.
    OlderFound,
    /// A source has nothing, nothing valid, or does not answer.
    NothingFound,
    /// Nobody wants to know any more.
    Cancel,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Ask all sources: the keys of the record, and nodes that may hold it.
    Ask,
    /// Keep this version in place of the one before.
    Keep,
    /// Give the newest version to the sources that gave an older one, or nothing.
    WriteBack,
    /// Hand over the newest version.
    ReportFound,
    /// Tell that it is not there.
    ReportMissing,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Lookup {
    /// Sources that are asked in each attempt.
    pub sources: u8,
    /// So many sources with the same newest version are enough; `u8::MAX` waits for all.
    pub enough: u8,
    /// How long the sources may take.
    pub answer_ms: u64,
    /// The wait after the first attempt; each further one doubles it.
    pub rest_ms: u64,
    /// Attempts.
    pub attempts_max: u8,
}

impl Lookup {
    /// Three agreeing answers are enough, of three attempts.
    pub const fn new(sources: u8) -> Self {
        Self { sources, enough: 3, answer_ms: 30_000, rest_ms: 2_000, attempts_max: 3 }
    }

    /// All sources are heard: for a recovery, where an old version would be believed for good.
    pub const fn thorough(sources: u8) -> Self {
        Self { enough: u8::MAX, ..Self::new(sources) }
    }

    fn rest(&self, attempts: u8, now: Tick) -> State {
        let doublings = u32::from(attempts.saturating_sub(1)).min(32);
        State::Resting { attempts, until: now + self.rest_ms.saturating_mul(1 << doublings) }
    }
}

impl Automaton for Lookup {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "lookup";
    const PURPOSE: &'static str =
        "Finds the newest version of one record among what several holders give.";

    fn start(&self) -> State {
        State::Resting { attempts: 0, until: Tick(0) }
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event::*, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let found = |why| go(Found, why, vec![WriteBack, ReportFound]);
        let kept = |why| go(Found, why, vec![Keep, WriteBack, ReportFound]);
        let nobody = |attempts: u8| {
            if attempts < self.attempts_max {
                go(self.rest(attempts, now), "nobody has it yet", vec![])
            } else {
                go(Missing, "nobody has it", vec![ReportMissing])
            }
        };
        match (state, event) {
            (Resting { attempts, .. }, Elapsed) => {
                let (attempts, open) = (attempts.saturating_add(1), self.sources);
                let until = now + self.answer_ms;
                go(Asking { attempts, open, agreeing: 0, until }, "", vec![Ask])
            }
            (Resting { .. }, NewerFound) => kept("a late answer"),

            (Asking { .. }, NewerFound) if self.enough <= 1 => kept("it is enough"),
            (Asking { open: 0 | 1, .. }, NewerFound) => kept("all have answered"),
            (Asking { attempts, open, until, .. }, NewerFound) => {
                let (attempts, open, until) = (*attempts, open - 1, *until);
                go(Asking { attempts, open, agreeing: 1, until }, "", vec![Keep])
            }
            (Asking { agreeing, .. }, SameFound) if agreeing.saturating_add(1) >= self.enough => {
                found("enough agree")
            }
            (Asking { open: 0 | 1, .. }, SameFound) => found("all have answered"),
            (Asking { attempts, open, agreeing, until }, SameFound) => {
                let (attempts, open, until) = (*attempts, open - 1, *until);
                let agreeing = agreeing.saturating_add(1);
                go(Asking { attempts, open, agreeing, until }, "", vec![])
            }
            (Asking { attempts, open: 0 | 1, agreeing: 0, .. }, OlderFound | NothingFound) => {
                nobody(*attempts)
            }
            (Asking { open: 0 | 1, .. }, OlderFound | NothingFound) => found("all have answered"),
            (Asking { attempts, open, agreeing, until }, OlderFound | NothingFound) => {
                let (attempts, open, agreeing, until) = (*attempts, open - 1, *agreeing, *until);
                go(Asking { attempts, open, agreeing, until }, "", vec![])
            }
            (Asking { attempts, agreeing: 0, .. }, Elapsed) => nobody(*attempts),
            (Asking { .. }, Elapsed) => found("time is up"),
            (Resting { .. } | Asking { .. }, Cancel) => go(Cancelled, "", vec![]),

            (Resting { .. }, SameFound | OlderFound | NothingFound) => Step::Ignore,
            (Found | Missing | Cancelled, NewerFound | SameFound | OlderFound | NothingFound) => {
                Step::Ignore
            }
            (Found | Missing | Cancelled, Cancel | Elapsed) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Resting { until, .. } | State::Asking { until, .. } => Wait::Until(*until),
            State::Found | State::Missing | State::Cancelled => Wait::Done,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event::*, State::*};
    let until = Atlas::NOW;
    let asking = |attempts, open, agreeing| Asking { attempts, open, agreeing, until };
    let states = [
        Resting { attempts: 0, until },
        asking(1, 4, 0),
        asking(1, 1, 0),
        asking(3, 1, 0),
        asking(1, 4, 1),
        asking(1, 1, 1),
        asking(1, 4, 2),
        Found,
        Missing,
        Cancelled,
    ];
    let events = [NewerFound, SameFound, OlderFound, NothingFound, Cancel, Elapsed];
    Atlas::of(&Lookup::new(4), &states, &events)
}
