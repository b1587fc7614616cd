//! Calendar time, for documents; timers use `automata::Tick`.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Milliseconds of one second.
pub const SECOND_MS: u64 = 1_000;
/// Milliseconds of one minute.
pub const MINUTE_MS: u64 = 60 * SECOND_MS;
/// Milliseconds of one hour.
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
/// Milliseconds of one day.
pub const DAY_MS: u64 = 24 * HOUR_MS;

/// A moment of calendar time: milliseconds since 1970-01-01 00:00 UTC, leap seconds ignored.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct Date(pub u64);

impl Date {
    /// This moment moved on by `ms` milliseconds; stays at the end of time rather than overflow.
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment, 0 if `earlier` is later.
    pub fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Year, month 1–12 and day 1–31 in the proleptic Gregorian calendar
    /// (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    pub fn civil(self) -> (u64, u64, u64) {
        let days = self.0 / DAY_MS + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        (year_of_era + era * 400 + u64::from(month <= 2), month, day)
    }
}

impl std::fmt::Display for Date {
    /// RFC 3339 in UTC with seconds: `2026-11-20T09:30:00Z`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.civil();
        let seconds = self.0 % DAY_MS / SECOND_MS;
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}
