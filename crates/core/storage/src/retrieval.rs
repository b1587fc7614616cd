//! A job that reads from the suppliers: a restore or a check.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// The drive is not ready yet.
    Waiting {
        /// When to give up.
        until: Tick,
    },
    /// The worker reads.
    Running,
    /// The user holds it up.
    Paused {
        /// Whether it had begun.
        begun: bool,
    },
    /// It is done.
    Done,
    /// It cannot be done now.
    Failed,
    /// The user ended it.
    Cancelled,
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// The drive is ready.
    DriveReady,
    /// The drive is being brought back: it takes as long as it takes.
    DriveComing,
    /// Bringing it back failed for now.
    DriveFailed,
    /// The worker is through.
    WorkDone,
    /// The worker cannot go on.
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
    /// Begin to read.
    StartWork,
    /// Hold the worker.
    HoldWork,
    /// Let the worker go on.
    ContinueWork,
    /// Stop it and remove what is half done.
    StopWork,
    /// Tell that it is done.
    ReportDone,
    /// Tell why it is not.
    ReportFailed,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Retrieval {
    /// How long to wait for the drive.
    pub drive_wait_ms: u64,
    /// The tick at which it is begun.
    pub begun: Tick,
}

impl Automaton for Retrieval {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "retrieval";
    const PURPOSE: &'static str = "A job that reads from the suppliers: a restore or a check.";

    fn start(&self) -> State {
        State::Waiting { until: self.begun + self.drive_wait_ms }
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let waiting = Waiting { until: now + self.drive_wait_ms };
        match (state, event) {
            (Waiting { .. }, E::DriveReady) => go(Running, "", vec![StartWork]),
            (Waiting { .. }, E::DriveComing) => go(Waiting { until: Tick::MAX }, "", vec![]),
            (Waiting { .. }, E::DriveFailed) => go(waiting, "", vec![]),
            (Waiting { .. }, E::Elapsed) => {
                go(Failed, "the drive is not ready", vec![ReportFailed])
            }
            (Waiting { .. }, E::Pause) => go(Paused { begun: false }, "", vec![]),
            (Waiting { .. }, E::Cancel) => go(Cancelled, "", vec![ReportFailed]),
            (Running, E::WorkDone) => go(Done, "", vec![ReportDone]),
            (Running | Paused { begun: true }, E::WorkFailed) => {
                go(Failed, "the work failed", vec![ReportFailed])
            }
            (Running, E::Pause) => go(Paused { begun: true }, "", vec![HoldWork]),
            (Paused { begun: true }, E::Resume) => go(Running, "it had begun", vec![ContinueWork]),
            (Paused { begun: false }, E::Resume) => go(waiting, "it had not begun", vec![]),
            (Paused { begun: true }, E::WorkDone) => go(Done, "", vec![ReportDone]),
            (Running, E::Cancel) => go(Cancelled, "", vec![StopWork, ReportFailed]),
            (Paused { begun: true }, E::Cancel) => {
                go(Cancelled, "it had begun", vec![StopWork, ReportFailed])
            }
            (Paused { begun: false }, E::Cancel) => {
                go(Cancelled, "it had not begun", vec![ReportFailed])
            }

            (Waiting { .. }, E::WorkDone | E::WorkFailed | E::Resume) => Step::Ignore,
            (Running | Paused { .. }, E::DriveReady | E::DriveComing | E::DriveFailed) => {
                Step::Ignore
            }
            (Running | Paused { .. }, E::Elapsed) => Step::Ignore,
            (Running, E::Resume) | (Paused { .. }, E::Pause) => Step::Ignore,
            (Paused { begun: false }, E::WorkDone | E::WorkFailed) => Step::Ignore,
            (Done | Failed | Cancelled, E::DriveReady | E::DriveComing | E::DriveFailed) => {
                Step::Ignore
            }
            (Done | Failed | Cancelled, E::WorkDone | E::WorkFailed | E::Elapsed) => Step::Ignore,
            (Done | Failed | Cancelled, E::Pause | E::Resume | E::Cancel) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Waiting { until } => Wait::Until(*until),
            State::Running | State::Paused { .. } => Wait::Rest,
            State::Done | State::Failed | State::Cancelled => Wait::Done,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event::*, State as S};
    let states = [
        S::Waiting { until: Atlas::NOW },
        S::Running,
        S::Paused { begun: true },
        S::Paused { begun: false },
        S::Done,
        S::Failed,
        S::Cancelled,
    ];
    let events = [
        DriveReady,
        DriveComing,
        DriveFailed,
        WorkDone,
        WorkFailed,
        Pause,
        Resume,
        Cancel,
        Elapsed,
    ];
    Atlas::of(&Retrieval { drive_wait_ms: 60_000, begun: Tick(0) }, &states, &events)
}
