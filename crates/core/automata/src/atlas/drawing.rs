//! An atlas as text: the diagram, the table, and what is not in it.

use std::collections::BTreeSet;

use super::{Atlas, Name, Row, word};
use crate::Wait;

/// All that a page needs to show an automaton.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// The name of the automaton.
    pub name: &'static str,
    /// What it is for, in one sentence.
    pub purpose: &'static str,
    /// The whole document, as in `automaton.md`.
    pub markdown: String,
    /// The diagram alone, in Mermaid's language.
    pub mermaid: String,
    /// The table.
    pub rows: Vec<Row>,
}

impl Atlas {
    /// Everything at once.
    pub fn drawing(&self) -> Drawing {
        Drawing {
            name: self.name,
            purpose: self.purpose,
            markdown: self.markdown(),
            mermaid: self.mermaid(),
            rows: self.rows.clone(),
        }
    }

    /// The document: diagram, states, moves, and what is ignored or refused.
    pub fn markdown(&self) -> String {
        let mermaid = self.mermaid();
        let mut text = format!("# {}\n\n{}\n\n```mermaid\n{mermaid}```\n", self.name, self.purpose);

        text += "\n| state | waits |\n|---|---|\n";
        for state in self.states.iter().filter(|state| self.waits.contains_key(*state)) {
            text += &format!("| {state} | {} |\n", self.wait_of(state));
        }

        text += "\n| from | event | to | why | effects |\n|---|---|---|---|---|\n";
        for Row { from, event, to, why, effects } in &self.rows {
            text += &format!("| {from} | {event} | {to} | {why} | {} |\n", effects.join(", "));
        }

        text += &self.list("Ignored, for they are late or double:", &self.ignored);
        text += &self.list("Refused, for they break the protocol:", &self.refused);
        text += "\nDrawn by running the automaton; `cargo xtask golden` draws it again.\n";
        text
    }

    /// The diagram, in Mermaid's language.
    pub fn mermaid(&self) -> String {
        let mut text = format!("stateDiagram-v2\n    [*] --> {}\n", self.start);
        for Row { from, event, to, why, .. } in &self.rows {
            let label = if why.is_empty() { event.to_string() } else { format!("{event}, {why}") };
            text += &format!("    {from} --> {to}: {label}\n");
        }
        for state in self.states {
            if self.waits.get(state).is_some_and(|waits| waits.contains(word(Wait::Done))) {
                text += &format!("    {state} --> [*]\n");
            }
        }
        text
    }

    fn wait_of(&self, state: &str) -> String {
        let words: Vec<Name> = self.waits.get(state).into_iter().flatten().copied().collect();
        words.join(", or ")
    }

    /// One line for each state that has such events; nothing if none has.
    fn list(&self, title: &str, pairs: &BTreeSet<(Name, Name)>) -> String {
        let mut text = String::new();
        for &state in self.states {
            let here = self.events.iter().copied().filter(|event| pairs.contains(&(state, event)));
            let events: Vec<Name> = here.collect();
            if !events.is_empty() {
                text += &format!("- {state}: {}\n", events.join(", "));
            }
        }
        if text.is_empty() { text } else { format!("\n{title}\n\n{text}") }
    }
}
