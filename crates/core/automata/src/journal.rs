//! What happened to the automata, in names only, so that it can be shown, kept and shared.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::Tick;

#[cfg(test)]
mod tests;

/// One event that came to one automaton.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it came.
    pub at: Tick,
    /// The name of the automaton.
    pub automaton: &'static str,
    /// Which of its instances; an id, never a file name, an address or a text.
    pub instance: Arc<str>,
    /// The state before.
    pub from: &'static str,
    /// What came.
    pub event: &'static str,
    /// The state after; the same unless it moved.
    pub to: &'static str,
    /// Why it moved there, where a guard decided; else empty.
    pub why: &'static str,
    /// What became of the event.
    pub outcome: Outcome,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was a row of the table.
    Moved,
    /// It was late or double, and nothing changed.
    Ignored,
    /// It broke the protocol, and nothing changed.
    Refused,
}

/// New lines of all automata, until their observer takes them.
#[derive(Debug, Default)]
pub struct Journal {
    new: VecDeque<Line>,
    lost: u64,
}

impl Journal {
    /// How many lines wait for the observer; if it does not come, the oldest are dropped.
    pub const NEW_MAX: usize = 4096;

    /// Takes the new lines, oldest first.
    pub fn drain(&mut self) -> Vec<Line> {
        self.new.drain(..).collect()
    }

    /// How many lines were ever dropped because nobody took them.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    pub(crate) fn write(&mut self, line: Line) {
        if self.new.len() == Self::NEW_MAX {
            self.new.pop_front();
            self.lost = self.lost.saturating_add(1);
        }
        self.new.push_back(line);
    }
}
