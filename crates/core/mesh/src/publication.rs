//! Brings one own record into the distributed hash table and keeps it there. Acknowledged is not
//! stored: a record is published when it was read back.

use automata::{Atlas, Automaton, Step, Tick, Wait};
use strum::{IntoStaticStr, VariantNames};

#[cfg(test)]
mod tests;

/// How it stands with the record. `expires` is the end of the record's own validity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, VariantNames, IntoStaticStr)]
pub enum State {
    /// There is nothing to publish.
    Idle,
    /// It is being written.
    Writing {
        /// From 1, for each version.
        attempt: u8,
        /// When it has taken too long.
        until: Tick,
        /// When the record ends.
        expires: Tick,
    },
    /// It is being read back.
    ReadingBack {
        /// From 1, for each version.
        attempt: u8,
        /// When it has taken too long.
        until: Tick,
        /// When the record ends.
        expires: Tick,
    },
    /// It did not work; the next attempt comes at `until`.
    Waiting {
        /// The attempts made.
        attempt: u8,
        /// When the next one comes.
        until: Tick,
        /// When the record ends.
        expires: Tick,
    },
    /// It was read back.
    Published {
        /// When it is written again, or renewed.
        until: Tick,
        /// When the record ends.
        expires: Tick,
    },
    /// It ends soon; a new version was asked for.
    Renewing {
        /// When it ends.
        until: Tick,
    },
    /// It is no longer to be published.
    Withdrawn,
}

/// What came.
#[derive(Clone, Debug, VariantNames, IntoStaticStr)]
pub enum Event {
    /// There is a new version.
    Publish {
        /// When it ends.
        expires: Tick,
    },
    /// Enough nodes said that they stored it.
    Written,
    /// Too few did.
    WriteFailed,
    /// This version was read back.
    SameFound,
    /// The newest that was read back is an older version.
    OlderFound,
    /// A newer version was read back: another device of ours has made it.
    NewerFound,
    /// Nothing was read back.
    NothingFound,
    /// It is no longer to be published.
    Withdraw,
    /// The time of the state is over.
    Elapsed,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, VariantNames, IntoStaticStr)]
pub enum Effect {
    /// Write the newest version under all its keys.
    Write,
    /// Read the record, from other nodes than those that were written to if there are any.
    ReadBack,
    /// Tell that this version is found by others.
    ReportPublished,
    /// Tell that a newer version exists, to be adopted.
    ReportSuperseded,
    /// Make a new version, for this one ends soon.
    Renew,
    /// Tell that the record has ended without a new version.
    ReportExpired,
    /// Republish no more.
    Unpublish,
}

/// The automaton, with its times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Publication {
    /// How long writing, or reading back, may take.
    pub answer_ms: u64,
    /// The wait after the first failure; each further one doubles it.
    pub wait_ms_min: u64,
    /// The longest wait.
    pub wait_ms_max: u64,
    /// How often it is written again: holders forget it after 48 hours.
    pub republish_ms: u64,
    /// So long before its end a new version is asked for.
    pub renew_ms: u64,
}

impl Publication {
    /// Times for records that hold for months: written again each 20 hours, renewed 30 days before
    /// their end.
    pub const fn lasting() -> Self {
        let renew_ms = 30 * base::DAY_MS;
        Self { republish_ms: 20 * base::HOUR_MS, renew_ms, ..Self::brief() }
    }

    /// Times for contact records: renewed an hour before their end.
    pub const fn brief() -> Self {
        Self {
            answer_ms: 60_000,
            wait_ms_min: 2_000,
            wait_ms_max: 600_000,
            republish_ms: 20 * base::HOUR_MS,
            renew_ms: base::HOUR_MS,
        }
    }

    fn wait_ms(&self, attempt: u8) -> u64 {
        let doublings = u32::from(attempt.saturating_sub(1)).min(32);
        self.wait_ms_min.saturating_mul(1 << doublings).min(self.wait_ms_max)
    }

    /// When a published record wants something next.
    fn published(&self, expires: Tick, now: Tick) -> State {
        let renewal = Tick(expires.0.saturating_sub(self.renew_ms));
        State::Published { until: renewal.min(now + self.republish_ms), expires }
    }
}

impl Automaton for Publication {
    type State = State;
    type Event = Event;
    type Effect = Effect;
    const NAME: &'static str = "publication";
    const PURPOSE: &'static str =
        "Brings one own record into the distributed hash table and keeps it there.";

    fn start(&self) -> State {
        State::Idle
    }

    fn step(&self, state: &State, event: Event, now: Tick) -> Step<Self> {
        use {Effect::*, Event::*, State::*};
        let go = |to, why, effects| Step::Move { to, why, effects };
        let write = |attempt, expires, why| {
            go(Writing { attempt, until: now + self.answer_ms, expires }, why, vec![Write])
        };
        let retry = |attempt: &u8, expires: &Tick, why| {
            let (attempt, expires) = (*attempt, *expires);
            go(Waiting { attempt, until: now + self.wait_ms(attempt), expires }, why, vec![])
        };
        match (state, event) {
            (Idle | Renewing { .. }, Publish { expires }) => write(1, expires, ""),
            (Writing { .. } | ReadingBack { .. }, Publish { expires }) => {
                write(1, expires, "a newer version")
            }
            (Waiting { .. } | Published { .. }, Publish { expires }) => {
                write(1, expires, "a newer version")
            }
            (Writing { attempt, expires, .. }, Written) => {
                let (attempt, until, expires) = (*attempt, now + self.answer_ms, *expires);
                go(ReadingBack { attempt, until, expires }, "", vec![ReadBack])
            }
            (Writing { attempt, expires, .. }, WriteFailed) => retry(attempt, expires, ""),
            (Writing { attempt, expires, .. }, Elapsed) => {
                retry(attempt, expires, "not written in time")
            }
            (ReadingBack { expires, .. }, SameFound) => {
                go(self.published(*expires, now), "", vec![ReportPublished])
            }
            (ReadingBack { .. }, NewerFound) => go(Idle, "", vec![ReportSuperseded, Unpublish]),
            (ReadingBack { attempt, expires, .. }, OlderFound) => retry(attempt, expires, ""),
            (ReadingBack { attempt, expires, .. }, NothingFound) => retry(attempt, expires, ""),
            (ReadingBack { attempt, expires, .. }, Elapsed) => {
                retry(attempt, expires, "not read back in time")
            }
            (Waiting { expires, .. }, Elapsed) if *expires <= now => {
                go(Idle, "the record has ended", vec![ReportExpired, Unpublish])
            }
            (Waiting { attempt, expires, .. }, Elapsed) => {
                write(attempt.saturating_add(1), *expires, "")
            }
            (Published { expires, .. }, Elapsed) if *expires <= now + self.renew_ms => {
                go(Renewing { until: *expires }, "it ends soon", vec![Renew])
            }
            (Published { expires, .. }, Elapsed) => write(1, *expires, "before holders forget it"),
            (Renewing { .. }, Elapsed) => go(Idle, "", vec![ReportExpired, Unpublish]),
            (Idle, Withdraw) => go(Withdrawn, "", vec![]),
            (Writing { .. } | ReadingBack { .. } | Waiting { .. }, Withdraw) => {
                go(Withdrawn, "", vec![Unpublish])
            }
            (Published { .. } | Renewing { .. }, Withdraw) => go(Withdrawn, "", vec![Unpublish]),

            (Idle, Written | WriteFailed | Elapsed) => Step::Ignore,
            (Idle, SameFound | OlderFound | NewerFound | NothingFound) => Step::Ignore,
            (Writing { .. }, SameFound | OlderFound | NewerFound | NothingFound) => Step::Ignore,
            (ReadingBack { .. }, Written | WriteFailed) => Step::Ignore,
            (Waiting { .. } | Published { .. } | Renewing { .. }, Written | WriteFailed)
            | (
                Waiting { .. } | Published { .. } | Renewing { .. },
                SameFound | OlderFound | NewerFound | NothingFound,
            ) => Step::Ignore,
            (Withdrawn, Publish { .. } | Written | WriteFailed | Withdraw | Elapsed) => {
                Step::Ignore
            }
            (Withdrawn, SameFound | OlderFound | NewerFound | NothingFound) => Step::Ignore,
        }
    }

    fn wait(&self, state: &State) -> Wait {
        match state {
            State::Writing { until, .. }
            | State::ReadingBack { until, .. }
            | State::Waiting { until, .. }
            | State::Published { until, .. }
            | State::Renewing { until } => Wait::Until(*until),
            State::Idle => Wait::Rest,
            State::Withdrawn => Wait::Done,
        }
    }

    fn elapsed() -> Option<Event> {
        Some(Event::Elapsed)
    }
}

/// What it does, drawn by running it.
pub fn atlas() -> Atlas {
    use {Event::*, State::*};
    let (attempt, until) = (1, Atlas::NOW);
    let (soon, late) = (Atlas::NOW + base::SECOND_MS, Atlas::NOW + base::DAY_MS);
    let states = [
        Idle,
        Writing { attempt, until, expires: late },
        ReadingBack { attempt, until, expires: late },
        Waiting { attempt, until, expires: until },
        Waiting { attempt, until, expires: late },
        Published { until, expires: soon },
        Published { until, expires: late },
        Renewing { until },
        Withdrawn,
    ];
    let events = [
        Publish { expires: late },
        Written,
        WriteFailed,
        SameFound,
        OlderFound,
        NewerFound,
        NothingFound,
        Withdraw,
        Elapsed,
    ];
    Atlas::of(&Publication::brief(), &states, &events)
}
