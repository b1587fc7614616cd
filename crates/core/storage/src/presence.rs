//! Whether a supplier is there, and for how long it has not been.
//!
//! Its clock counts this node's own running time only: a restart does not reset it, the time in which
//! the node itself was off is not counted, and the calendar plays no part. While the node is cut off
//! (`brake`) the clocks of all suppliers stand still. What is counted of a supplier's fragments
//! follows from it (`margin::Standing`).

use automata::{Atlas, Automaton, Step, Tick, Wait};
use base::{DAY_MS, HOUR_MS, Wire};
use borsh::{BorshDeserialize, BorshSerialize};
use strum::{IntoStaticStr, VariantNames};

use crate::margin::Standing;
use crate::uptime::Uptime;

#[cfg(test)]
mod tests;

/// How it is with the supplier. `spent_ms` is what was counted until `since`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// Connected.
    Present,
    /// Not connected, as happens every day.
    Away {
        /// Counted before, milliseconds.
        spent_ms: u64,
        /// Since when it is counted now.
        since: Tick,
    },
    /// Away for long: counted on, but nothing new is placed with it.
    Suspect {
        /// Counted before, milliseconds.
        spent_ms: u64,
        /// Since when it is counted now.
        since: Tick,
    },
    /// Away for so long that it is not counted on.
    Missing {
        /// Counted before, milliseconds.
        spent_ms: u64,
        /// Since when it is counted now.
        since: Tick,
    },
    /// Given up; it would still be welcome.
    Forgotten,
    /// Not connected, and neither is this node: nothing is counted.
    Held {
        /// Counted before, milliseconds.
        spent_ms: u64,
    },
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// It is connected and proved who it is.
    Came,
    /// It is not connected any more.
    Left {
        /// Whether clocks run: this node is not cut off.
        clocks_run: bool,
    },
    /// This node seems cut off.
    ClocksStopped,
    /// It is not, or not any more.
    ClocksRun,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Count its fragments again, whatever was decided while it was away.
    ReportReturned,
    /// Place nothing new with it.
    ReportSuspect,
    /// Do not count on it: repair, if too few others are left.
    ReportMissing,
    /// Its fragments are not expected back.
    ReportForgotten,
    /// Write down how long it has been away.
    Keep,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Presence {
    /// The clocks.
    pub limits: Limits,
    /// For how long it was away before this node started.
    pub spent_ms: u64,
    /// The tick at which it is begun.
    pub begun: Tick,
}

/// After how long an absence means more, milliseconds; each longer than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Suspect.
    pub suspect_ms: u64,
    /// Missing.
    pub missing_ms: u64,
    /// Forgotten.
    pub forgotten_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { suspect_ms: HOUR_MS, missing_ms: 72 * HOUR_MS, forgotten_ms: 60 * DAY_MS }
    }
}

/// What is kept of a supplier's presence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Attendance {
    /// For how long it is away, of this node's own time, milliseconds.
    pub spent_ms: u64,
    /// How much of the time it is there.
    pub uptime: Uptime,
}

impl Wire for Attendance {
    const BYTES_MAX: usize = 64;
}

impl Automaton for Presence {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "presence";
    const PURPOSE: &'static str = "Knows whether a supplier is there, and for how long it is not.";

    fn start(&self) -> State {
        self.level(self.spent_ms, self.begun).0
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event as E, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let Limits { suspect_ms, missing_ms, .. } = self.limits;
        match (state, event) {
            (Away { .. } | Suspect { .. } | Missing { .. } | Held { .. } | Forgotten, E::Came) => {
                go(Present, "", vec![ReportReturned, Keep])
            }
            (Present, E::Left { clocks_run: true }) => {
                go(Away { spent_ms: 0, since: now }, "clocks run", vec![])
            }
            (Present, E::Left { clocks_run: false }) => {
                go(Held { spent_ms: 0 }, "clocks stand still", vec![])
            }
            // A timer that ends late, as after the sleep of a laptop, counts no more than it was
            // set to.
            (Away { .. }, E::Elapsed) => {
                let to = Suspect { spent_ms: suspect_ms, since: now };
                go(to, "", vec![ReportSuspect, Keep])
            }
            (Suspect { .. }, E::Elapsed) => {
                let to = Missing { spent_ms: missing_ms.max(suspect_ms), since: now };
                go(to, "", vec![ReportMissing, Keep])
            }
            (Missing { .. }, E::Elapsed) => go(Forgotten, "", vec![ReportForgotten, Keep]),
            (Away { .. } | Suspect { .. } | Missing { .. }, E::ClocksStopped) => {
                go(Held { spent_ms: self.spent_ms(state, now) }, "", vec![Keep])
            }
            (Held { spent_ms }, E::ClocksRun) => {
                let (to, why) = self.level(*spent_ms, now);
                go(to, why, vec![])
            }

            (Present, E::Came | E::ClocksStopped | E::ClocksRun | E::Elapsed) => Step::Ignore,
            (
                Away { .. } | Suspect { .. } | Missing { .. } | Held { .. } | Forgotten,
                E::Left { .. },
            ) => Step::Ignore,
            (Away { .. } | Suspect { .. } | Missing { .. }, E::ClocksRun) => Step::Ignore,
            (Held { .. }, E::ClocksStopped | E::Elapsed) => Step::Ignore,
            (Forgotten, E::ClocksStopped | E::ClocksRun | E::Elapsed) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        let until = |limit_ms: u64, spent_ms: u64, since: Tick| {
            // At least a millisecond, whatever the settings are: or a timer would end at once.
            Wait::Until(since + limit_ms.saturating_sub(spent_ms).max(1))
        };
        match state {
            State::Away { spent_ms, since } => until(self.limits.suspect_ms, *spent_ms, *since),
            State::Suspect { spent_ms, since } => until(self.limits.missing_ms, *spent_ms, *since),
            State::Missing { spent_ms, since } => {
                until(self.limits.forgotten_ms, *spent_ms, *since)
            }
            State::Present | State::Forgotten | State::Held { .. } => Wait::Rest,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

impl Presence {
    /// For how long the supplier is away, milliseconds: what is to be kept.
    pub fn spent_ms(&self, state: &State, now: Tick) -> u64 {
        let counted = |spent_ms: u64, since: Tick, limit_ms: u64| {
            spent_ms.saturating_add(now.since(since)).min(limit_ms.max(spent_ms))
        };
        let Limits { suspect_ms, missing_ms, forgotten_ms } = self.limits;
        match state {
            State::Present => 0,
            State::Away { spent_ms, since } => counted(*spent_ms, *since, suspect_ms),
            State::Suspect { spent_ms, since } => counted(*spent_ms, *since, missing_ms),
            State::Missing { spent_ms, since } => counted(*spent_ms, *since, forgotten_ms),
            State::Forgotten => forgotten_ms,
            State::Held { spent_ms } => *spent_ms,
        }
    }

    /// What the supplier's fragments count for.
    pub fn standing(&self, state: &State) -> Standing {
        match state {
            State::Present | State::Away { .. } => Standing::Present,
            State::Suspect { .. } => Standing::Suspect,
            State::Missing { .. } => Standing::Missing,
            State::Forgotten => Standing::Gone,
            State::Held { spent_ms } if *spent_ms >= self.limits.missing_ms => Standing::Missing,
            State::Held { spent_ms } if *spent_ms >= self.limits.suspect_ms => Standing::Suspect,
            State::Held { .. } => Standing::Present,
        }
    }

    /// The state of one that is away for `spent_ms`, and that in words.
    fn level(&self, spent_ms: u64, since: Tick) -> (State, &'static str) {
        if spent_ms >= self.limits.forgotten_ms {
            (State::Forgotten, "forgotten before")
        } else if spent_ms >= self.limits.missing_ms {
            (State::Missing { spent_ms, since }, "missing before")
        } else if spent_ms >= self.limits.suspect_ms {
            (State::Suspect { spent_ms, since }, "suspect before")
        } else {
            (State::Away { spent_ms, since }, "away for a short time")
        }
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event as E, State::*};
    let limits = Limits::default();
    let presence = Presence { limits, spent_ms: 0, begun: Tick(0) };
    let since = Atlas::NOW;
    let held = |spent_ms| Held { spent_ms };
    let states = [
        Present,
        Away { spent_ms: 0, since },
        Suspect { spent_ms: limits.suspect_ms, since },
        Missing { spent_ms: limits.missing_ms, since },
        Forgotten,
        held(0),
        held(limits.suspect_ms),
        held(limits.missing_ms),
        held(limits.forgotten_ms),
    ];
    let events = [
        E::Came,
        E::Left { clocks_run: true },
        E::Left { clocks_run: false },
        E::ClocksStopped,
        E::ClocksRun,
        E::Elapsed,
    ];
    Atlas::of(&presence, &states, &events)
}
