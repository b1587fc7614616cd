//! Brings the own drive into hand: opens it, or finds it again with nothing but the words.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// How it stands with the drive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// The database is being opened.
    Opening,
    /// The root record is looked up.
    Seeking {
        /// When to look again.
        until: Tick,
    },
    /// Suppliers are asked for the root document.
    Collecting {
        /// Whether a valid one is there.
        any: bool,
        /// When to go on with the newest that was found.
        until: Tick,
    },
    /// The catalog is fetched and the database made anew.
    Rebuilding,
    /// The drive can be used.
    Ready,
    /// The database is damaged or was lost; it is set aside and found again.
    Damaged {
        /// When to begin.
        until: Tick,
    },
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// The database is open.
    Opened,
    /// The database has to be made anew from a root document that is known already.
    Known,
    /// The drive has to be found again with the words.
    Absent,
    /// The database cannot be read.
    Broken,
    /// A root record was found.
    RecordFound,
    /// Nothing was found.
    NothingFound,
    /// A supplier answered.
    Answered {
        /// Whether all suppliers have answered.
        all: bool,
        /// Whether a valid root document is among the answers.
        any: bool,
    },
    /// The database is complete.
    Rebuilt,
    /// The catalog could not be fetched.
    RebuildFailed,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Look up root record and identity document.
    LookUp,
    /// Connect to the suppliers named there and ask each.
    AskSuppliers,
    /// Fetch the catalog that the newest root document names.
    Rebuild,
    /// Tell that the drive is ready.
    ReportReady,
    /// Tell that nothing was found yet.
    ReportNothing,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Custody {
    /// How long to wait between look-ups.
    pub seek_ms: u64,
    /// How long a look-up may take.
    pub look_ms: u64,
    /// How long to wait for the suppliers' answers.
    pub collect_ms: u64,
}

impl Automaton for Custody {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "custody";
    const PURPOSE: &'static str =
        "Brings the own drive into hand: opens it, or finds it again with nothing but the words.";

    fn start(&self) -> State {
        State::Opening
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let look = |why| go(Seeking { until: now + self.look_ms }, why, vec![LookUp]);
        let rest = |why, effects| go(Seeking { until: now + self.seek_ms }, why, effects);
        match (state, event) {
            (Opening, E::Opened) => go(Ready, "", vec![ReportReady]),
            (Opening, E::Known) => go(Rebuilding, "", vec![Rebuild]),
            (Opening, E::Absent) => look(""),
            (Opening | Ready, E::Broken) => go(Damaged { until: now + self.seek_ms }, "", vec![]),
            (Damaged { .. }, E::Elapsed) => look(""),
            (Seeking { .. }, E::RecordFound) => {
                let until = now + self.collect_ms;
                go(Collecting { any: false, until }, "", vec![AskSuppliers])
            }
            (Seeking { .. }, E::NothingFound) => rest("", vec![ReportNothing]),
            (Seeking { .. }, E::Elapsed) => look(""),
            (Collecting { any, until }, E::Answered { all, any: this }) => {
                self.answered(*any || this, all, *until, now)
            }
            (Collecting { any: true, .. }, E::Elapsed) => {
                go(Rebuilding, "not all answered", vec![Rebuild])
            }
            (Collecting { any: false, .. }, E::Elapsed) => look("nobody answered"),
            (Rebuilding, E::Rebuilt) => go(Ready, "", vec![ReportReady]),
            (Rebuilding, E::RebuildFailed) => rest("", vec![]),

            (Opening, E::RecordFound | E::NothingFound | E::Answered { .. }) => Step::Ignore,
            (Opening, E::Rebuilt | E::RebuildFailed | E::Elapsed) => Step::Ignore,
            (
                Seeking { .. } | Collecting { .. } | Rebuilding | Damaged { .. },
                E::Opened | E::Known | E::Absent | E::Broken,
            ) => Step::Ignore,
            (
                Seeking { .. } | Damaged { .. },
                E::Answered { .. } | E::Rebuilt | E::RebuildFailed,
            ) => Step::Ignore,
            (Collecting { .. } | Damaged { .. }, E::RecordFound | E::NothingFound) => Step::Ignore,
            (Collecting { .. }, E::Rebuilt | E::RebuildFailed) => Step::Ignore,
            (Rebuilding, E::RecordFound | E::NothingFound) => Step::Ignore,
            (Rebuilding, E::Answered { .. } | E::Elapsed) => Step::Ignore,
            (Ready, E::Opened | E::Known | E::Absent) => Step::Ignore,
            (Ready, E::RecordFound | E::NothingFound) => Step::Ignore,
            (Ready, E::Answered { .. } | E::Rebuilt | E::RebuildFailed | E::Elapsed) => {
                Step::Ignore
            }
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Seeking { until }
            | State::Collecting { until, .. }
            | State::Damaged { until } => Wait::Until(*until),
            State::Opening | State::Rebuilding | State::Ready => Wait::Rest,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

impl Custody {
    fn answered(&self, any: bool, all: bool, until: Tick, now: Tick) -> Step<Self> {
        let (to, why, effects) = match (all, any) {
            (false, _) => (State::Collecting { any, until }, "others are to answer", vec![]),
            (true, true) => (State::Rebuilding, "all answered", vec![Effect::Rebuild]),
            (true, false) => (
                State::Seeking { until: now + self.seek_ms },
                "nobody had it",
                vec![Effect::ReportNothing],
            ),
        };
        Step::Move { to, why, effects }
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event as E, State::*};
    let until = Atlas::NOW;
    let states = [
        Opening,
        Seeking { until },
        Collecting { any: false, until },
        Collecting { any: true, until },
        Rebuilding,
        Ready,
        Damaged { until },
    ];
    let events = [
        E::Opened,
        E::Known,
        E::Absent,
        E::Broken,
        E::RecordFound,
        E::NothingFound,
        E::Answered { all: true, any: true },
        E::Answered { all: true, any: false },
        E::Answered { all: false, any: true },
        E::Rebuilt,
        E::RebuildFailed,
        E::Elapsed,
    ];
    let custody = Custody { seek_ms: 5_000, look_ms: 60_000, collect_ms: 10_000 };
    Atlas::of(&custody, &states, &events)
}
