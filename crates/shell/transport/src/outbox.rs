//! Events that nobody has taken yet. The task never waits for a reader, so this grows while the
//! reader sleeps, but not without bound: streams have permits, a peer that came and went again
//! unseen leaves nothing, and hints are dropped.

use std::collections::VecDeque;

use crate::Event;

/// Hints that wait; more are dropped.
const HINTS_MAX: usize = 256;

/// Events that nobody has taken yet, the oldest first.
#[derive(Default)]
pub(crate) struct Outbox {
    events: VecDeque<Event>,
    hints: usize,
}

impl Outbox {
    pub(crate) fn push(&mut self, event: Event) {
        match &event {
            Event::Discovered { .. } if self.hints >= HINTS_MAX => return,
            Event::Discovered { .. } => self.hints += 1,
            Event::PeerDisconnected { peer: gone } => {
                let came = self.events.iter().rposition(
                    |event| matches!(event, Event::PeerConnected { peer, .. } if peer == gone),
                );
                if let Some(unseen) = came {
                    self.events.remove(unseen);
                    return;
                }
            }
            Event::ListeningEnded { address: gone } => {
                let came = self.events.iter().rposition(
                    |event| matches!(event, Event::Listening { address } if address == gone),
                );
                if let Some(unseen) = came {
                    self.events.remove(unseen);
                    return;
                }
            }
            _ => {}
        }
        self.events.push_back(event);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        if matches!(event, Event::Discovered { .. }) {
            self.hints -= 1;
        }
        Some(event)
    }

    /// Nobody will ever read them.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests;
