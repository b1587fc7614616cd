//! Finds out who is cut off when many suppliers vanish at once: they, or this node.
//!
//! While that is being found out, and as long as nobody can be reached, the clocks of all absences
//! stand still, so that a dead uplink never leads to a verdict or a repair. As soon as anybody
//! answers, clocks run again; repair is slow for a while, but never forbidden.

use std::collections::BTreeMap;

use automata::{Atlas, Automaton, Step, Tick, Wait};
use base::{DeviceId, HOUR_MS};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// Who is cut off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// Nobody.
    Off,
    /// Others are asked.
    Probing {
        /// When to take silence for an answer.
        until: Tick,
    },
    /// This node.
    CutOff {
        /// When to ask again.
        until: Tick,
    },
    /// Many suppliers: repair is slow.
    Slow {
        /// Until when.
        until: Tick,
    },
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// One more supplier left, and those of the last hour are many.
    ManyLeft,
    /// Anybody answered or connected: anchor, contact, supplier, random peer.
    Heard,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Ask anchors, contacts and random peers for a sign of life.
    Probe,
    /// Let no absence count.
    StopClocks,
    /// Let absences count.
    RunClocks,
    /// Repair, but slowly.
    SlowRepair,
    /// Repair at the usual pace.
    FreeRepair,
    /// Tell the user that this node is cut off.
    ReportCutOff,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Brake {
    /// How long to wait for a sign of life.
    pub probe_ms: u64,
    /// How long to wait before asking again.
    pub again_ms: u64,
    /// How long repair is slow after many have left.
    pub slow_ms: u64,
}

impl Default for Brake {
    fn default() -> Self {
        Self { probe_ms: 30_000, again_ms: 60_000, slow_ms: HOUR_MS }
    }
}

impl Automaton for Brake {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "brake";
    const PURPOSE: &'static str =
        "Finds out who is cut off when many suppliers vanish at once: they, or this node.";

    fn start(&self) -> State {
        State::Off
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        match (state, event) {
            (Off | Slow { .. }, E::ManyLeft) => {
                go(Probing { until: now + self.probe_ms }, "", vec![StopClocks, Probe])
            }
            (Probing { .. } | CutOff { .. }, E::Heard) => {
                go(Slow { until: now + self.slow_ms }, "", vec![RunClocks, SlowRepair])
            }
            (Probing { .. }, E::Elapsed) => {
                go(CutOff { until: now + self.again_ms }, "", vec![ReportCutOff])
            }
            (CutOff { .. }, E::Elapsed) => {
                go(CutOff { until: now + self.again_ms }, "", vec![Probe])
            }
            (Slow { .. }, E::Elapsed) => go(Off, "", vec![FreeRepair]),

            (Off, E::Heard | E::Elapsed) | (Slow { .. }, E::Heard) => Step::Ignore,
            (Probing { .. } | CutOff { .. }, E::ManyLeft) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Probing { until } | State::CutOff { until } | State::Slow { until } => {
                Wait::Until(*until)
            }
            State::Off => Wait::Rest,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

/// Whether absences count in this state.
pub fn clocks_run(state: &State) -> bool {
    match state {
        State::Off | State::Slow { .. } => true,
        State::Probing { .. } | State::CutOff { .. } => false,
    }
}

/// More than so many of a hundred suppliers are many.
const MANY_PERCENT: usize = 30;
/// Fewer than so many are never many.
const MANY_MIN: usize = 2;

/// Who left within the last hour and has not come back; as many as there are suppliers.
#[derive(Clone, Debug, Default)]
pub struct Departures(BTreeMap<DeviceId, Tick>);

impl Departures {
    /// How long a departure is remembered, milliseconds.
    pub const WINDOW_MS: u64 = HOUR_MS;

    /// A supplier left. Says whether, of `suppliers`, many have left now.
    pub fn left(&mut self, device: DeviceId, suppliers: usize, now: Tick) -> bool {
        self.0.retain(|_, at| now.since(*at) < Self::WINDOW_MS);
        self.0.insert(device, now);
        let left = self.0.len();
        left >= MANY_MIN && left * 100 > suppliers * MANY_PERCENT
    }

    /// It came back.
    pub fn came(&mut self, device: &DeviceId) {
        self.0.remove(device);
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event::*, State::*};
    let until = Atlas::NOW;
    let states = [Off, Probing { until }, CutOff { until }, Slow { until }];
    Atlas::of(&Brake::default(), &states, &[ManyLeft, Heard, Elapsed])
}
