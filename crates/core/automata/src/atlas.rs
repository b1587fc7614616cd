//! Runs an automaton over samples of its states and events, and keeps what it did.

use std::collections::{BTreeMap, BTreeSet};

use strum::VariantNames;

use crate::automaton::is_early;
use crate::{Automaton, Line, Named, Outcome, Step, Tick, Wait};

mod drawing;
mod fault;
#[cfg(test)]
mod tests;

pub use drawing::Drawing;
pub use fault::Fault;

type Name = &'static str;

/// All that an automaton does, in names.
#[derive(Debug)]
pub struct Atlas {
    name: Name,
    purpose: Name,
    start: Name,
    elapsed: Option<Name>,
    /// All states, events and effects, in the order of their declaration.
    states: &'static [Name],
    events: &'static [Name],
    effects: &'static [Name],
    /// The sampled states, with what their samples wait for.
    waits: BTreeMap<Name, BTreeSet<Name>>,
    sampled_events: BTreeSet<Name>,
    rows: Vec<Row>,
    ignored: BTreeSet<(Name, Name)>,
    refused: BTreeSet<(Name, Name)>,
    timer_faults: BTreeSet<Fault>,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The state before.
    pub from: &'static str,
    /// What came.
    pub event: &'static str,
    /// The state after.
    pub to: &'static str,
    /// Why, where a guard decided; else empty.
    pub why: &'static str,
    /// What is done, each kind once, in the order of first appearance.
    pub effects: Vec<&'static str>,
}

impl Atlas {
    /// The moment at which samples are tried, besides the deadlines of their own timers and the
    /// millisecond before. A sample with another moment in it puts it before or after this one.
    pub const NOW: Tick = Tick(1_000_000_000);
    /// With more states than this, make two automata and wire them.
    pub const STATES_MAX: usize = 8;
    /// With more events than this, make two automata and wire them.
    pub const EVENTS_MAX: usize = 12;

    /// Tries each event in each state.
    ///
    /// There is at least one sample for each variant, and one for each side of each guard.
    pub fn of<A: Automaton>(automaton: &A, states: &[A::State], events: &[A::Event]) -> Self {
        let mut atlas = Self {
            name: A::NAME,
            purpose: A::PURPOSE,
            start: automaton.start().name(),
            elapsed: A::elapsed().map(|event| event.name()),
            states: A::State::VARIANTS,
            events: A::Event::VARIANTS,
            effects: A::Effect::VARIANTS,
            waits: BTreeMap::new(),
            sampled_events: events.iter().map(Named::name).collect(),
            rows: vec![],
            ignored: BTreeSet::new(),
            refused: BTreeSet::new(),
            timer_faults: BTreeSet::new(),
        };
        for state in states {
            let wait = automaton.wait(state);
            atlas.waits.entry(state.name()).or_default().insert(word(wait));
            atlas.timer_faults.extend(fault::of_timer(automaton, state));
            for event in events {
                for now in moments(wait) {
                    atlas.explore(automaton, state, event, now);
                }
            }
        }
        atlas.sort();
        atlas
    }

    /// Whether the table has what this line says.
    pub fn draws(&self, line: &Line) -> bool {
        let pair = (line.from, line.event);
        let stays = line.from == line.to && line.why.is_empty();
        line.automaton == self.name
            && match line.outcome {
                Outcome::Moved => self.rows.iter().any(|row| {
                    (row.from, row.event) == pair && (row.to, row.why) == (line.to, line.why)
                }),
                Outcome::Ignored => {
                    let is_early = self.elapsed == Some(line.event);
                    stays && (is_early || self.ignored.contains(&pair))
                }
                Outcome::Refused => stays && self.refused.contains(&pair),
            }
    }

    fn explore<A: Automaton>(
        &mut self,
        automaton: &A,
        state: &A::State,
        event: &A::Event,
        now: Tick,
    ) {
        let (from, name) = (state.name(), event.name());
        if is_early(automaton, state, event, now) {
            return; // Ignored in every automaton, so that saying it of each would tell nothing.
        }
        match automaton.step(state, event.clone(), now) {
            Step::Move { to, why, effects } => {
                let effects = once_each(effects.iter().map(Named::name));
                let row = Row { from, event: name, to: to.name(), why, effects };
                if !self.rows.contains(&row) {
                    self.rows.push(row);
                }
            }
            Step::Ignore => drop(self.ignored.insert((from, name))),
            Step::Refuse => drop(self.refused.insert((from, name))),
        }
    }

    /// By the order of declaration; rows of one pair stay in the order of the samples.
    fn sort(&mut self) {
        let place = |all: &[Name], name| all.iter().position(|each| *each == name);
        let (states, events) = (self.states, self.events);
        self.rows.sort_by_key(|row| (place(states, row.from), place(events, row.event)));
    }
}

fn moments(wait: Wait) -> BTreeSet<Tick> {
    let mut moments = BTreeSet::from([Atlas::NOW]);
    if let Wait::Until(deadline) = wait {
        moments.extend([Tick(deadline.0.saturating_sub(1)), deadline]);
    }
    moments
}

fn word(wait: Wait) -> Name {
    match wait {
        Wait::Until(_) => "until its timer ends",
        Wait::Rest => "until something comes",
        Wait::Done => "done",
    }
}

fn once_each(names: impl Iterator<Item = Name>) -> Vec<Name> {
    names.fold(vec![], |mut seen, name| {
        if !seen.contains(&name) {
            seen.push(name);
        }
        seen
    })
}
