//! What can be wrong with an automaton, and how an atlas finds it.

use std::collections::BTreeSet;
use std::fmt;

use super::{Atlas, Name, word};
use crate::{Automaton, Named, Step, Wait};

/// Something by which an automaton, or its samples, cannot be trusted or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is told in full by its Display")]
pub enum Fault {
    StatesTooMany { count: usize },
    EventsTooMany { count: usize },
    StateUnsampled { state: &'static str },
    EventUnsampled { event: &'static str },
    EffectUnused { effect: &'static str },
    StateUnreachable { state: &'static str },
    StateNotLeft { state: &'static str },
    DoneNotAlways { state: &'static str },
    DoneMoves { state: &'static str, event: &'static str },
    WhyTheSame { from: &'static str, event: &'static str },
    WhyUnreadable { why: &'static str },
    TimerHasNoEvent { state: &'static str },
    TimerDoesNothing { state: &'static str },
    TimerSpins { state: &'static str },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StatesTooMany { count } => {
                write!(f, "has {count} states, more than {}: make two of it", Atlas::STATES_MAX)
            }
            Self::EventsTooMany { count } => {
                write!(f, "has {count} events, more than {}: make two of it", Atlas::EVENTS_MAX)
            }
            Self::StateUnsampled { state } => write!(f, "no sample of the state {state}"),
            Self::EventUnsampled { event } => write!(f, "no sample of the event {event}"),
            Self::EffectUnused { effect } => write!(f, "no move has the effect {effect}"),
            Self::StateUnreachable { state } => {
                write!(f, "nothing leads from the start to {state}")
            }
            Self::StateNotLeft { state } => write!(f, "nothing leaves {state}, which is not Done"),
            Self::DoneNotAlways { state } => write!(f, "{state} is Done for some samples only"),
            Self::DoneMoves { state, event } => write!(f, "{state} is Done, but moves on {event}"),
            Self::WhyTheSame { from, event } => {
                write!(f, "{event} in {from} does several things for the same reason: say why")
            }
            Self::WhyUnreadable { why } => write!(
                f,
                "\"{why}\" is not a phrase of small words, at most {WHY_CHARS_MAX} letters long"
            ),
            Self::TimerHasNoEvent { state } => {
                write!(f, "{state} has a timer, but the automaton has no event for it")
            }
            Self::TimerDoesNothing { state } => {
                write!(f, "{state} does not move when its timer ends, which would end for ever")
            }
            Self::TimerSpins { state } => {
                write!(f, "{state} moves, when its timer ends, to a timer that has ended as well")
            }
        }
    }
}

/// It stands on an arrow of the diagram.
const WHY_CHARS_MAX: usize = 60;

impl Atlas {
    /// Panics with all faults, for a test. Returns itself for the next check.
    #[track_caller]
    pub fn sound(&self) -> &Self {
        let faults: Vec<String> = self.faults().iter().map(|fault| format!("- {fault}")).collect();
        assert!(faults.is_empty(), "the automaton {}:\n{}", self.name, faults.join("\n"));
        self
    }

    /// All faults, in the order of [`Fault`].
    pub fn faults(&self) -> Vec<Fault> {
        let (states, events) = (self.states.len(), self.events.len());
        let mut faults = self.timer_faults.clone();
        if states > Self::STATES_MAX {
            faults.insert(Fault::StatesTooMany { count: states });
        }
        if events > Self::EVENTS_MAX {
            faults.insert(Fault::EventsTooMany { count: events });
        }
        faults.extend(self.missing());
        faults.extend(self.traps());
        faults.extend(self.unclear());
        faults.into_iter().collect()
    }

    /// What is declared and never appears.
    fn missing(&self) -> Vec<Fault> {
        let reached = self.reached();
        let used: BTreeSet<Name> = self.rows.iter().flat_map(|row| row.effects.clone()).collect();
        let absent = |all: &'static [Name], seen: &BTreeSet<Name>| -> Vec<Name> {
            all.iter().copied().filter(|name| !seen.contains(name)).collect()
        };
        let sampled = self.waits.keys().copied().collect();
        let states = absent(self.states, &sampled);
        let events = absent(self.events, &self.sampled_events);
        let effects = absent(self.effects, &used);
        let lost = absent(self.states, &reached);
        (states.into_iter().map(|state| Fault::StateUnsampled { state }))
            .chain(events.into_iter().map(|event| Fault::EventUnsampled { event }))
            .chain(effects.into_iter().map(|effect| Fault::EffectUnused { effect }))
            .chain(lost.into_iter().map(|state| Fault::StateUnreachable { state }))
            .collect()
    }

    /// States that do not end as they say.
    fn traps(&self) -> Vec<Fault> {
        let mut faults = vec![];
        for (&state, waits) in &self.waits {
            let rows: Vec<_> = self.rows.iter().filter(|row| row.from == state).collect();
            let is_done = waits.contains(word(Wait::Done));
            if is_done {
                faults.extend(rows.iter().map(|row| Fault::DoneMoves { state, event: row.event }));
            } else if rows.iter().all(|row| row.to == state) {
                faults.push(Fault::StateNotLeft { state });
            }
            if is_done && waits.len() > 1 {
                faults.push(Fault::DoneNotAlways { state });
            }
        }
        faults
    }

    /// Reasons that do not tell one row from another, or do not fit on an arrow.
    fn unclear(&self) -> Vec<Fault> {
        let mut faults = vec![];
        let mut seen = BTreeSet::new();
        for row in &self.rows {
            if !seen.insert((row.from, row.event, row.why)) {
                faults.push(Fault::WhyTheSame { from: row.from, event: row.event });
            }
            if !is_readable(row.why) {
                faults.push(Fault::WhyUnreadable { why: row.why });
            }
        }
        faults
    }

    fn reached(&self) -> BTreeSet<Name> {
        let mut reached = BTreeSet::from([self.start]);
        let mut known = 0;
        while known < reached.len() {
            known = reached.len();
            let here = self.rows.iter().filter(|row| reached.contains(row.from));
            reached.extend(here.map(|row| row.to).collect::<Vec<_>>());
        }
        reached
    }
}

/// Whether the timer of `state`, at its end, leads to something else than its own end again.
pub(super) fn of_timer<A: Automaton>(automaton: &A, state: &A::State) -> Option<Fault> {
    let Wait::Until(deadline) = automaton.wait(state) else { return None };
    let state_name = state.name();
    let Some(elapsed) = A::elapsed() else {
        return Some(Fault::TimerHasNoEvent { state: state_name });
    };
    match automaton.step(state, elapsed, deadline) {
        Step::Move { to, .. } => match automaton.wait(&to) {
            Wait::Until(next) if next <= deadline => Some(Fault::TimerSpins { state: state_name }),
            Wait::Until(_) | Wait::Rest | Wait::Done => None,
        },
        Step::Ignore | Step::Refuse => Some(Fault::TimerDoesNothing { state: state_name }),
    }
}

fn is_readable(why: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || " ,-'%".contains(c);
    let starts_small = why.chars().next().is_none_or(|c| c.is_lowercase() || c.is_numeric());
    starts_small && why.chars().count() <= WHY_CHARS_MAX && why.chars().all(is_plain)
}
