//! One run of a backup, from the wish to a version that is safe.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// What is being sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Contents and directories.
    Content,
    /// Where chunks and blocks are.
    Index,
    /// The list of versions.
    Head,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// Suppliers are missing.
    Hiring {
        /// When to give up.
        until: Tick,
    },
    /// Blocks are sealed and placed.
    Working {
        /// Of which stage.
        stage: Stage,
        /// Whether the stage is sealed and only placing is left.
        sealed: bool,
    },
    /// A supplier holds it up.
    Blocked {
        /// The stage.
        stage: Stage,
        /// Whether the stage is sealed.
        sealed: bool,
        /// When to give up.
        until: Tick,
    },
    /// Root document and records are on their way.
    Publishing {
        /// When to be content with what is confirmed.
        until: Tick,
        /// Whether the version is written down here and given out.
        is_out: bool,
    },
    /// The user holds it up; it begins again where it was.
    Paused,
    /// The version is there.
    Done,
    /// No version came about; what was placed stays and is used by the next run.
    Failed,
    /// As `Failed`, on the user's wish.
    Cancelled,
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// Every place has a supplier.
    SuppliersReady,
    /// Nothing more comes in this stage.
    StageSealed {
        /// Whether all its blocks are placed.
        placed: bool,
    },
    /// No block is on its way.
    AllPlaced,
    /// A supplier does not take what it should.
    Blocked,
    /// It takes it again.
    Unblocked,
    /// The version is written down here and given out.
    Published {
        /// Whether everything is confirmed and read back.
        everywhere: bool,
    },
    /// What it builds on has changed: a supplier is gone for good, or another device was faster.
    Interrupted,
    /// The worker or the own disk cannot go on.
    WorkFailed,
    /// The user pauses.
    Pause,
    /// The user goes on.
    Resume,
    /// The user ends it.
    Cancel,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Begin to read and seal.
    StartWork,
    /// Seal the next stage.
    NextStage,
    /// Stop reading and drop what is not placed.
    StopWork,
    /// Give root document and records out.
    Publish,
    /// Tell that the version is there and confirmed.
    ReportSafe,
    /// Tell that the version is there, but not everything confirmed it.
    ReportAtRisk,
    /// Tell that there is no version, and why.
    ReportFailed,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Backup {
    /// How long to wait for suppliers.
    pub hire_wait_ms: u64,
    /// How long a supplier may hold it up.
    pub blocked_wait_ms: u64,
    /// How long to wait for confirmations.
    pub publish_wait_ms: u64,
    /// The tick at which it is begun.
    pub begun: Tick,
}

impl Automaton for Backup {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "backup";
    const PURPOSE: &'static str = "One run of a backup, from the wish to a version that is safe.";

    fn start(&self) -> State {
        State::Hiring { until: self.begun + self.hire_wait_ms }
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State as S};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let fail = |why, effects| go(S::Failed, why, effects);
        match (state, event) {
            (S::Hiring { .. }, E::SuppliersReady) => {
                go(S::Working { stage: Stage::Content, sealed: false }, "", vec![StartWork])
            }
            (S::Hiring { .. }, E::Elapsed) => fail("too few suppliers", vec![ReportFailed]),
            (S::Working { stage, .. } | S::Blocked { stage, .. }, E::StageSealed { placed }) => {
                self.sealed(state, *stage, placed, now)
            }
            (S::Working { stage, sealed: true }, E::AllPlaced)
            | (S::Blocked { stage, sealed: true, .. }, E::AllPlaced) => self.next(*stage, now),
            (S::Working { stage, sealed }, E::Blocked) => {
                let until = now + self.blocked_wait_ms;
                go(S::Blocked { stage: *stage, sealed: *sealed, until }, "", vec![])
            }
            (S::Blocked { stage, sealed, .. }, E::Unblocked) => {
                go(S::Working { stage: *stage, sealed: *sealed }, "", vec![])
            }
            (S::Blocked { .. }, E::Elapsed) => {
                fail("held up too long", vec![StopWork, ReportFailed])
            }
            (S::Publishing { is_out, .. }, event) => self.publishing(*is_out, event, now),
            (S::Working { .. } | S::Blocked { .. }, E::Interrupted) => self.interrupted(now),
            (S::Paused, E::Resume) => go(S::Hiring { until: now + self.hire_wait_ms }, "", vec![]),
            (S::Hiring { .. }, E::Pause) => go(S::Paused, "", vec![]),
            (S::Working { .. } | S::Blocked { .. }, E::Pause) => go(S::Paused, "", vec![StopWork]),
            (S::Hiring { .. } | S::Paused, E::Cancel) => go(S::Cancelled, "", vec![ReportFailed]),
            (S::Working { .. } | S::Blocked { .. }, E::Cancel) => {
                go(S::Cancelled, "", vec![StopWork, ReportFailed])
            }
            (S::Working { .. } | S::Blocked { .. }, E::WorkFailed) => {
                fail("the work failed", vec![StopWork, ReportFailed])
            }

            (
                S::Hiring { .. } | S::Paused,
                E::StageSealed { .. } | E::AllPlaced | E::Blocked | E::Unblocked,
            ) => Step::Ignore,
            (S::Working { .. }, E::AllPlaced | E::Unblocked | E::Elapsed) => Step::Ignore,
            (S::Blocked { .. }, E::AllPlaced | E::Blocked) => Step::Ignore,
            (
                S::Working { .. } | S::Blocked { .. },
                E::SuppliersReady | E::Published { .. } | E::Resume,
            ) => Step::Ignore,
            (
                S::Hiring { .. } | S::Paused,
                E::Published { .. } | E::Interrupted | E::WorkFailed,
            ) => Step::Ignore,
            (S::Hiring { .. }, E::Resume) => Step::Ignore,
            (S::Paused, E::SuppliersReady | E::Pause | E::Elapsed) => Step::Ignore,
            (
                S::Done | S::Failed | S::Cancelled,
                E::SuppliersReady
                | E::StageSealed { .. }
                | E::AllPlaced
                | E::Blocked
                | E::Unblocked
                | E::Published { .. }
                | E::Interrupted
                | E::WorkFailed
                | E::Pause
                | E::Resume
                | E::Cancel
                | E::Elapsed,
            ) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Hiring { until }
            | State::Blocked { until, .. }
            | State::Publishing { until, .. } => Wait::Until(*until),
            State::Working { .. } | State::Paused => Wait::Rest,
            State::Done | State::Failed | State::Cancelled => Wait::Done,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

impl Backup {
    /// Root document and records are on their way: nothing but the own disk or another device can
    /// keep the version back.
    fn publishing(&self, is_out: bool, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let fail = |why| go(State::Failed, why, vec![StopWork, ReportFailed]);
        match (is_out, event) {
            (_, E::Published { everywhere: true }) => {
                go(State::Done, "everywhere", vec![ReportSafe])
            }
            (false, E::Published { everywhere: false }) => {
                let until = now + self.publish_wait_ms;
                go(State::Publishing { until, is_out: true }, "not yet everywhere", vec![])
            }
            (true, E::Elapsed) => go(State::Done, "not all agreed", vec![ReportAtRisk]),
            (false, E::Elapsed) => fail("not written down in time"),
            (_, E::Interrupted) => self.interrupted(now),
            (_, E::WorkFailed) => fail("the work failed"),

            (true, E::Published { everywhere: false }) => Step::Ignore,
            (_, E::StageSealed { .. } | E::AllPlaced | E::Blocked | E::Unblocked) => Step::Ignore,
            (_, E::SuppliersReady | E::Pause | E::Resume | E::Cancel) => Step::Ignore,
        }
    }

    fn interrupted(&self, now: Tick) -> Step<Self> {
        let to = State::Hiring { until: now + self.hire_wait_ms };
        Step::Move { to, why: "", effects: vec![Effect::StopWork] }
    }

    fn next(&self, stage: Stage, now: Tick) -> Step<Self> {
        let (to, why, effects) = match stage {
            Stage::Content => (
                State::Working { stage: Stage::Index, sealed: false },
                "the content is placed",
                vec![Effect::NextStage],
            ),
            Stage::Index => (
                State::Working { stage: Stage::Head, sealed: false },
                "the index is placed",
                vec![Effect::NextStage],
            ),
            Stage::Head => (
                State::Publishing { until: now + self.publish_wait_ms, is_out: false },
                "the head is placed",
                vec![Effect::Publish],
            ),
        };
        Step::Move { to, why, effects }
    }

    fn sealed(&self, state: &State, stage: Stage, placed: bool, now: Tick) -> Step<Self> {
        if placed {
            return self.next(stage, now);
        }
        let to = match state {
            State::Blocked { until, .. } => State::Blocked { stage, sealed: true, until: *until },
            _ => State::Working { stage, sealed: true },
        };
        Step::Move { to, why: "blocks are on their way", effects: vec![] }
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event as E, State as S};
    let backup = Backup {
        hire_wait_ms: 60_000,
        blocked_wait_ms: 86_400_000,
        publish_wait_ms: 60_000,
        begun: Tick(0),
    };
    let until = Atlas::NOW;
    let publishing = |is_out| S::Publishing { until, is_out };
    let mut states = vec![S::Hiring { until }, publishing(false), publishing(true), S::Paused];
    for stage in [Stage::Content, Stage::Index, Stage::Head] {
        for sealed in [false, true] {
            states.push(S::Working { stage, sealed });
            states.push(S::Blocked { stage, sealed, until });
        }
    }
    states.extend([S::Done, S::Failed, S::Cancelled]);
    let events = [
        E::SuppliersReady,
        E::StageSealed { placed: true },
        E::StageSealed { placed: false },
        E::AllPlaced,
        E::Blocked,
        E::Unblocked,
        E::Published { everywhere: true },
        E::Published { everywhere: false },
        E::Interrupted,
        E::WorkFailed,
        E::Pause,
        E::Resume,
        E::Cancel,
        E::Elapsed,
    ];
    Atlas::of(&backup, &states, &events)
}
