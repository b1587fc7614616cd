//! Runs one automaton: the only place where a state changes.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::automaton::is_early;
use crate::{Automaton, Journal, Line, Named, Outcome, Step, Tick, Wait};

#[cfg(test)]
mod tests;

/// A running automaton.
pub struct Live<A: Automaton> {
    automaton: A,
    instance: Arc<str>,
    state: A::State,
    moves: VecDeque<Line>,
    refusals: u32,
}

/// What a user sees of a running automaton: names only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The name of the automaton.
    pub automaton: &'static str,
    /// Which of its instances.
    pub instance: Arc<str>,
    /// Its state now.
    pub state: &'static str,
    /// When its timer ends.
    pub deadline: Option<Tick>,
    /// Whether the process has ended.
    pub is_done: bool,
    /// Its last moves, oldest first, at most [`Live::MOVES_MAX`].
    pub moves: Vec<Line>,
}

impl<A: Automaton> Live<A> {
    /// How many of its last moves an instance remembers.
    pub const MOVES_MAX: usize = 16;

    /// Begins in the first state. `instance` is an id, never a file name, an address or a text.
    pub fn start(automaton: A, instance: impl Into<Arc<str>>) -> Self {
        let state = automaton.start();
        Self::resume(automaton, instance, state)
    }

    /// Goes on from a state that was kept, with its timers set anew for this process's clock.
    pub fn resume(automaton: A, instance: impl Into<Arc<str>>, state: A::State) -> Self {
        Self { automaton, instance: instance.into(), state, moves: VecDeque::new(), refusals: 0 }
    }

    /// Takes an event and returns what is to be done. Writes one line, whatever comes of it.
    #[must_use = "effects are orders, which somebody must carry out"]
    pub fn feed(&mut self, event: A::Event, now: Tick, journal: &mut Journal) -> Vec<A::Effect> {
        let mut line = Line {
            at: now,
            automaton: A::NAME,
            instance: self.instance.clone(),
            from: self.state.name(),
            event: event.name(),
            to: self.state.name(),
            why: "",
            outcome: Outcome::Ignored,
        };
        let step = if is_early(&self.automaton, &self.state, &event, now) {
            Step::Ignore
        } else {
            self.automaton.step(&self.state, event, now)
        };
        let effects = match step {
            Step::Move { to, why, effects } => {
                line = Line { to: to.name(), why, outcome: Outcome::Moved, ..line };
                self.state = to;
                self.remember(line.clone());
                effects
            }
            Step::Ignore => vec![],
            Step::Refuse => {
                line.outcome = Outcome::Refused;
                self.refusals = self.refusals.saturating_add(1);
                vec![]
            }
        };
        journal.write(line);
        effects
    }

    /// Feeds the timer's event if the deadline has passed; call it again if it has passed again.
    #[must_use = "effects are orders, which somebody must carry out"]
    pub fn poll(&mut self, now: Tick, journal: &mut Journal) -> Vec<A::Effect> {
        match (self.deadline(), A::elapsed()) {
            (Some(deadline), Some(elapsed)) if deadline <= now => self.feed(elapsed, now, journal),
            _ => vec![],
        }
    }

    /// When [`Live::poll`] has something to do, unless an event comes before.
    pub fn deadline(&self) -> Option<Tick> {
        match self.automaton.wait(&self.state) {
            Wait::Until(deadline) => Some(deadline),
            Wait::Rest | Wait::Done => None,
        }
    }

    /// Whether the process has ended and may be dropped.
    pub fn is_done(&self) -> bool {
        self.automaton.wait(&self.state) == Wait::Done
    }

    /// Its state now.
    pub fn state(&self) -> &A::State {
        &self.state
    }

    /// Its settings.
    pub fn automaton(&self) -> &A {
        &self.automaton
    }

    /// How many events were refused, that is, how often a peer broke the protocol.
    pub fn refusals(&self) -> u32 {
        self.refusals
    }

    /// What a user sees of it.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            automaton: A::NAME,
            instance: self.instance.clone(),
            state: self.state.name(),
            deadline: self.deadline(),
            is_done: self.is_done(),
            moves: self.moves.iter().cloned().collect(),
        }
    }

    // Moves only: a peer that repeats itself cannot push out the history.
    fn remember(&mut self, line: Line) {
        if self.moves.len() == Self::MOVES_MAX {
            self.moves.pop_front();
        }
        self.moves.push_back(line);
    }
}
