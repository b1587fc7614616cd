//! How fast one peer may send control messages: what comes faster waits in its own stream.

use std::time::Duration;

use tokio::time::Instant;

/// Messages in a second.
const PER_SECOND: u32 = 50;
/// Messages that may come at once after a silence.
const BURST: u32 = 100;

/// A bucket that fills with time.
#[derive(Debug)]
pub(super) struct Pace {
    /// When it would be full.
    full: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { full: now }
    }

    /// Takes one message in; returns when the next one may be read.
    pub(super) fn take(&mut self, now: Instant) -> Instant {
        let each = Duration::from_secs(1) / PER_SECOND;
        self.full = self.full.max(now) + each;
        self.full.checked_sub(each * BURST).unwrap_or(now)
    }
}
