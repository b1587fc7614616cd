//! How much of the time a supplier was there, as measured here; old hours fade.
//!
//! Whole numbers only, so that every machine comes to the same. Chosen by it are those who are hired
//! and asked first; the report on durability tells it.

use base::HOUR_MS;
use borsh::{BorshDeserialize, BorshSerialize};

#[cfg(test)]
mod tests;

/// The whole: a supplier that was always there has so many parts.
pub const WHOLE: u32 = 1_000_000_000;
/// After so many hours the first one counts e times less than the last one: 30 days.
const MEMORY_HOURS: u32 = 30 * 24;

/// What was measured of one supplier, in hours of this node's own running.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize,
)]
pub struct Uptime {
    hours: u32,
    share: u32,
    hour_watched_ms: u64,
    hour_online_ms: u64,
}

impl Uptime {
    /// So much time passed while this node ran and was not cut off.
    pub fn pass(&mut self, ms: u64, is_online: bool) {
        let mut left = ms;
        let most = u64::from(MEMORY_HOURS) * 16 * HOUR_MS;
        left = left.min(most); // By then everything older is forgotten anyway.
        while left > 0 {
            let now = left.min(HOUR_MS.saturating_sub(self.hour_watched_ms));
            self.hour_watched_ms += now;
            self.hour_online_ms += if is_online { now } else { 0 };
            left -= now;
            if self.hour_watched_ms >= HOUR_MS {
                self.end_hour();
            }
        }
    }

    /// The share of the time it was there, of [`WHOLE`]; none if nothing was measured yet.
    pub fn share(&self) -> Option<u32> {
        match (self.hours, self.hour_watched_ms) {
            (0, 0) => None,
            (0, _) => Some(self.hour_share()),
            (_, _) => Some(self.share.min(WHOLE)),
        }
    }

    /// Hours measured, whole ones.
    pub fn hours(&self) -> u32 {
        self.hours
    }

    fn end_hour(&mut self) {
        self.hours = self.hours.saturating_add(1);
        let weight = i64::from(self.hours.min(MEMORY_HOURS));
        let moved = (i64::from(self.hour_share()) - i64::from(self.share)) / weight;
        let share = i64::from(self.share) + moved;
        self.share = u32::try_from(share.clamp(0, i64::from(WHOLE))).unwrap_or(WHOLE);
        (self.hour_watched_ms, self.hour_online_ms) = (0, 0);
    }

    fn hour_share(&self) -> u32 {
        let online = self.hour_online_ms.min(self.hour_watched_ms) as u128 * u128::from(WHOLE);
        let share = online.checked_div(u128::from(self.hour_watched_ms)).unwrap_or(0);
        u32::try_from(share).unwrap_or(WHOLE)
    }
}
