//! What the automata did, for those who watch: each line at once, and the last ones of each kind.

use std::collections::{BTreeMap, VecDeque};

use automata::{Line, Outcome};
use tokio::sync::broadcast;

use crate::view::JournalLine;

/// Lines of one kind of automaton that are remembered.
const LINES_MAX: usize = 200;

/// The journal of the node as the doors show it.
pub(super) struct Chronicle {
    live: broadcast::Sender<JournalLine>,
    last: BTreeMap<&'static str, VecDeque<JournalLine>>,
}

impl Chronicle {
    pub(super) fn new(live: broadcast::Sender<JournalLine>) -> Self {
        Self { live, last: BTreeMap::new() }
    }

    /// Takes new lines, oldest first.
    pub(super) fn write(&mut self, lines: Vec<Line>) {
        for line in lines {
            tracing::debug!(
                automaton = line.automaton,
                instance = %line.instance,
                from = line.from,
                event = line.event,
                to = line.to,
                why = line.why,
            );
            let (name, line) = (line.automaton, view(&line));
            let last = self.last.entry(name).or_default();
            if last.len() >= LINES_MAX {
                last.pop_front();
            }
            last.push_back(line.clone());
            // Nobody watches most of the time.
            let _ = self.live.send(line);
        }
    }

    /// The last lines of all instances of an automaton, oldest first.
    pub(super) fn of(&self, automaton: &str) -> Vec<JournalLine> {
        self.last.get(automaton).map(|last| last.iter().cloned().collect()).unwrap_or_default()
    }
}

fn view(line: &Line) -> JournalLine {
    let outcome = match line.outcome {
        Outcome::Moved => "moved",
        Outcome::Ignored => "ignored",
        Outcome::Refused => "refused",
    };
    JournalLine {
        at_ms: line.at.0,
        automaton: line.automaton.into(),
        instance: line.instance.to_string(),
        from: line.from.into(),
        event: line.event.into(),
        to: line.to.into(),
        why: line.why.into(),
        outcome: outcome.into(),
    }
}
