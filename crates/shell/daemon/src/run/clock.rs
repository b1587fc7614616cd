//! The two clocks of the node, read from the system.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use automata::Tick;
use base::{Date, HOUR_MS};
use node::Now;

/// A step back by more than this is followed: the clock was wrong before.
const BACK_MS_MAX: u64 = HOUR_MS;

/// Ticks since the start, and dates that do not go back.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    latest: AtomicU64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), latest: AtomicU64::new(0) }
    }

    /// Both clocks now.
    pub(crate) fn now(&self) -> Now {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { tick: self.tick(), date: self.date(milliseconds(since)) }
    }

    /// The moment of a tick.
    pub(crate) fn instant(&self, tick: Tick) -> Instant {
        // Ticks may be as far away as the end of time; nobody sleeps longer than a day.
        let wait = Duration::from_millis(tick.0.saturating_sub(self.tick().0).min(base::DAY_MS));
        Instant::now() + wait
    }

    fn tick(&self) -> Tick {
        Tick(milliseconds(self.start.elapsed()))
    }

    fn date(&self, system: u64) -> Date {
        let latest = self.latest.load(Ordering::Relaxed);
        let date = if latest.saturating_sub(system) > BACK_MS_MAX {
            tracing::warn!("the system's clock was set back");
            system
        } else {
            system.max(latest)
        };
        self.latest.store(date, Ordering::Relaxed);
        Date(date)
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
