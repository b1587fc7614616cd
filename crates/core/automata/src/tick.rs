//! The clock of timers.

use std::ops::Add;

#[cfg(test)]
mod tests;

/// A moment of a monotonic clock, in milliseconds since the process began.
///
/// It is for timers only: it means nothing to another process or after a restart. Documents carry
/// dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u64);

impl Tick {
    /// The last moment: a timer set to it never ends.
    pub const MAX: Self = Self(u64::MAX);

    /// Milliseconds from `earlier` to this moment, 0 if `earlier` is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Adds milliseconds, up to [`Tick::MAX`].
impl Add<u64> for Tick {
    type Output = Self;

    fn add(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}
