//! Which blocks are repaired, in which order, how much in a day, and when a supplier is replaced
//! without asking.

use automata::Tick;
use base::BlockId;

use crate::allowance::Allowance;
use crate::durability::{Assumptions, Scheme};

/// A block, or blocks placed alike, of which fragments are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The block.
    pub block: BlockId,
    /// Suppliers that are counted on.
    pub counted: u8,
    /// Its policy.
    pub scheme: Scheme,
}

/// The blocks to repair, the most endangered first: those that would live the shortest, then by id so
/// that the order is always the same. One that nothing can bring back now is not among them.
pub fn order(mut needs: Vec<Need>, assumed: &Assumptions) -> Vec<Need> {
    needs.retain(|need| {
        need.counted >= need.scheme.needed && need.scheme.wants_repair(need.counted)
    });
    needs.sort_by(|a, b| {
        let live = |need: &Need| need.scheme.days_to_live(need.counted, assumed);
        live(a).total_cmp(&live(b)).then(a.block.cmp(&b.block))
    });
    needs
}

/// How fast repair goes when many suppliers left at once, against the usual: it is slowed, for most
/// will be back, and never forbidden.
const SLOW_SHARE: u64 = 4;

/// The limits of repair.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    usual: Allowance,
    slow: Allowance,
    replacements: Allowance,
    is_slow: bool,
}

impl Pace {
    /// `bytes_daily` of traffic, of which a day's worth may go at once; `replacements_daily`
    /// suppliers replaced without the user, at least one.
    pub fn new(bytes_daily: u64, replacements_daily: u64, now: Tick) -> Self {
        let daily = replacements_daily.max(1);
        let slow = bytes_daily / SLOW_SHARE;
        Self {
            usual: Allowance::new(bytes_daily, bytes_daily, now),
            slow: Allowance::new(slow, slow, now),
            replacements: Allowance::new(daily, daily, now),
            is_slow: false,
        }
    }

    /// The brake is on or off.
    pub fn set_slow(&mut self, is_slow: bool) {
        self.is_slow = is_slow;
    }

    /// Whether so many bytes may be moved now; they count from here on. A repair larger than a day's
    /// worth counts as a whole day: it is slow, not impossible.
    pub fn may_move(&mut self, bytes: u64, now: Tick) -> bool {
        let allowance = if self.is_slow { &mut self.slow } else { &mut self.usual };
        let daily = allowance.daily();
        daily > 0 && allowance.spend(bytes.min(daily), now)
    }

    /// Whether one more supplier may be replaced without the user; it counts from here on.
    pub fn may_replace(&mut self, now: Tick) -> bool {
        // While many are gone at once most of them will be back: wait for all but the first.
        let cost = if self.is_slow { self.replacements.daily() } else { 1 };
        self.replacements.spend(cost, now)
    }
}
