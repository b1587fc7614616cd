//! So much in a day and no more: the limit of audits, of their bytes, of repairs and replacements.

use automata::Tick;
use base::DAY_MS;

#[cfg(test)]
mod tests;

/// What may be spent: it grows with time, up to a limit, and what is not there is not spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    daily: u64,
    most: u64,
    /// In parts of a day: `DAY_MS` of them are one.
    saved: u128,
    at: Tick,
}

impl Allowance {
    /// `daily` in a day, of which at most `most` are saved up; full at `now`.
    pub fn new(daily: u64, most: u64, now: Tick) -> Self {
        Self { daily, most, saved: u128::from(most) * u128::from(DAY_MS), at: now }
    }

    /// How much in a day.
    pub fn daily(&self) -> u64 {
        self.daily
    }

    /// Spends `amount` if it is there.
    pub fn spend(&mut self, amount: u64, now: Tick) -> bool {
        self.grow(now);
        match self.saved.checked_sub(u128::from(amount) * u128::from(DAY_MS)) {
            Some(rest) => {
                self.saved = rest;
                true
            }
            None => false,
        }
    }

    /// When `amount` is there if nothing else is spent; never, if it is more than can be saved up.
    pub fn ready_at(&mut self, amount: u64, now: Tick) -> Option<Tick> {
        self.grow(now);
        let wanted = u128::from(amount) * u128::from(DAY_MS);
        let missing = wanted.saturating_sub(self.saved);
        if missing == 0 {
            return Some(now);
        }
        if amount > self.most || self.daily == 0 {
            return None;
        }
        let ms = missing.div_ceil(u128::from(self.daily));
        Some(now + u64::try_from(ms).unwrap_or(u64::MAX))
    }

    fn grow(&mut self, now: Tick) {
        let grown = u128::from(now.since(self.at)) * u128::from(self.daily);
        let most = u128::from(self.most) * u128::from(DAY_MS);
        self.saved = self.saved.saturating_add(grown).min(most);
        self.at = self.at.max(now);
    }
}
