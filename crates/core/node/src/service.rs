//! One service: whether it runs, and what it waits for.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// How it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// Not wanted.
    Off,
    /// Wanted, but something it needs does not run.
    Waiting,
    /// Being started.
    Starting,
    /// It runs.
    On,
    /// Being stopped.
    Stopping {
        /// Whether it is wanted again afterwards, as soon as what it needs runs.
        again: bool,
    },
    /// It broke or could not be started.
    Broken {
        /// When to try again.
        until: Tick,
    },
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// The user or the settings want it.
    Enable {
        /// Whether all that it needs runs.
        needs_met: bool,
    },
    /// The user does not want it.
    Disable,
    /// All that it needs runs.
    NeedsMet,
    /// Something that it needs has stopped.
    NeedsLost,
    /// It runs now.
    Started,
    /// It has stopped.
    Stopped,
    /// It broke or could not be started.
    Failed,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Start it.
    Start,
    /// Stop it.
    Stop,
    /// Tell the services that need it.
    ReportOn,
    /// Tell the services that need it.
    ReportOff,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// When to start a broken service again.
    pub again_ms: u64,
}

impl Automaton for Service {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "service";
    const PURPOSE: &'static str = "Runs one service while it is wanted and what it needs runs.";

    fn start(&self) -> State {
        State::Off
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let broken = Broken { until: now + self.again_ms };
        match (state, event) {
            (Off, E::Enable { needs_met: true }) => go(Starting, "its needs are met", vec![Start]),
            (Off, E::Enable { needs_met: false }) => go(Waiting, "its needs are not met", vec![]),
            (Waiting, E::NeedsMet) => go(Starting, "", vec![Start]),
            (Waiting | Broken { .. }, E::Disable) => go(Off, "", vec![]),
            (Starting, E::Started) => go(On, "", vec![ReportOn]),
            (Starting | On, E::Failed) => go(broken, "", vec![ReportOff]),
            (Starting | On, E::Disable) => go(Stopping { again: false }, "", vec![ReportOff, Stop]),
            (Starting | On, E::NeedsLost) => {
                go(Stopping { again: true }, "", vec![ReportOff, Stop])
            }
            (On, E::Stopped) => go(broken, "", vec![ReportOff]),
            (Stopping { again: true }, E::Stopped | E::Failed) => {
                go(Waiting, "wanted again", vec![])
            }
            (Stopping { again: false }, E::Stopped | E::Failed) => go(Off, "not wanted", vec![]),
            (Stopping { .. }, E::Enable { .. }) => go(Stopping { again: true }, "", vec![]),
            (Stopping { .. }, E::Disable) => go(Stopping { again: false }, "", vec![]),
            (Broken { .. }, E::Elapsed) => go(Starting, "", vec![Start]),
            (Broken { .. }, E::Enable { needs_met: true }) => {
                go(Starting, "its needs are met", vec![Start])
            }
            (Broken { .. }, E::NeedsLost) => go(Waiting, "", vec![]),

            (Off, E::Disable | E::NeedsMet | E::NeedsLost | E::Started | E::Stopped) => {
                Step::Ignore
            }
            (Off | Waiting, E::Failed | E::Elapsed) => Step::Ignore,
            (Waiting, E::Enable { .. } | E::NeedsLost | E::Started | E::Stopped) => Step::Ignore,
            (Starting, E::Enable { .. } | E::NeedsMet | E::Stopped | E::Elapsed) => Step::Ignore,
            (On, E::Enable { .. } | E::NeedsMet | E::Started | E::Elapsed) => Step::Ignore,
            (Stopping { .. }, E::NeedsMet | E::NeedsLost | E::Started | E::Elapsed) => Step::Ignore,
            (Broken { .. }, E::Enable { needs_met: false } | E::NeedsMet) => Step::Ignore,
            (Broken { .. }, E::Started | E::Stopped | E::Failed) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Broken { until } => Wait::Until(*until),
            State::Off | State::Waiting | State::Starting | State::On | State::Stopping { .. } => {
                Wait::Rest
            }
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event as E, State::*};
    let states = [
        Off,
        Waiting,
        Starting,
        On,
        Stopping { again: false },
        Stopping { again: true },
        Broken { until: Atlas::NOW },
    ];
    let events = [
        E::Enable { needs_met: true },
        E::Enable { needs_met: false },
        E::Disable,
        E::NeedsMet,
        E::NeedsLost,
        E::Started,
        E::Stopped,
        E::Failed,
        E::Elapsed,
    ];
    Atlas::of(&Service { again_ms: 10_000 }, &states, &events)
}
