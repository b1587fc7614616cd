//! The book on the disk: what may not be forgotten is written down before it is relied on.

use automata::{Live, Snapshot, Tick};
use base::SECOND_MS;

use crate::keeping::{Effect, Event, Keeping};
use crate::node::Node;
use crate::output::Output;

/// When a book that could not be written is written again, milliseconds.
const AGAIN_MS: u64 = 10 * SECOND_MS;

/// What the keeping of the book holds.
pub(crate) struct Notes {
    run: Live<Keeping>,
    /// The number of the newest order, and of the newest that is known to be durable.
    ordered: u64,
    durable: u64,
}

impl Notes {
    pub(crate) fn new() -> Self {
        let run = Live::start(Keeping { again_ms: AGAIN_MS }, "book");
        Self { run, ordered: 0, durable: 0 }
    }

    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.run.deadline()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.run.snapshot()
    }

    /// Whether the book as it was when `order` was given, or a later one, is on the disk.
    pub(crate) fn is_durable(&self, order: u64) -> bool {
        self.durable >= order
    }
}

impl Node {
    /// Writes the book down; returns the number of the order.
    pub(crate) fn keep_book(&mut self) -> u64 {
        let effects = self.notes.run.feed(Event::Changed, self.now.tick, &mut self.journal);
        self.carry_out_notes(effects);
        self.notes.ordered
    }

    pub(crate) fn poll_notes(&mut self) {
        let effects = self.notes.run.poll(self.now.tick, &mut self.journal);
        self.carry_out_notes(effects);
    }

    pub(crate) fn kept(&mut self, id: u64, ok: bool) {
        if ok {
            self.notes.durable = self.notes.durable.max(id.min(self.notes.ordered));
        }
        if id == self.notes.ordered {
            let event = if ok { Event::Written } else { Event::WriteFailed };
            let effects = self.notes.run.feed(event, self.now.tick, &mut self.journal);
            self.carry_out_notes(effects);
        }
        self.version_kept(id, ok);
        self.suppliers_ready();
    }

    fn carry_out_notes(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Write => {
                    self.notes.ordered += 1;
                    let (id, book) = (self.notes.ordered, self.book.clone());
                    self.order(Output::Keep { id, book });
                }
            }
        }
    }
}
