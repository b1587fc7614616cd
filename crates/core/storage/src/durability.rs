//! What may be expected of data in the long run: estimates by formulas, each named by its source.
//!
//! The worst case is in `margin` and needs no assumptions; here suppliers are assumed to leave for
//! ever independently of each other. What they do together (one provider, one power cut) is told by
//! `margin` only. Everything is counted in suppliers, so that `double` with its two fragments each
//! and the policies with one fit the same formulas. F1 to F9 are those of `docs/durability.md`.

use crate::policy::{Policy, Spread};

#[cfg(test)]
mod tests;

/// Days of a year.
const YEAR_DAYS: f64 = 365.0;
/// Seconds of a day.
const DAY_SECONDS: f64 = 86_400.0;

/// What is assumed about suppliers and about repair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assumptions {
    /// Mean time until a supplier leaves for ever, days; more than 0.
    pub life_days: f64,
    /// From the loss until the repaired fragments count: grace, queue, transfer; days, more than 0.
    pub repair_days: f64,
}

impl Default for Assumptions {
    /// Unpaid home nodes, counted as missing after 72 h and repaired within six more.
    fn default() -> Self {
        Self { life_days: 180.0, repair_days: 3.25 }
    }
}

/// A policy as the formulas see it, counted in suppliers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Suppliers that must be left.
    pub needed: u8,
    /// Repair begins when no more than these are left; 0 for one supplier, for nothing can be done.
    pub repair_at: u8,
    /// Suppliers of a full placement.
    pub target: u8,
    /// Data fragments of a block.
    pub data: u8,
    /// Fragments of a block in all.
    pub fragments: u8,
}

impl Scheme {
    /// The scheme of `policy` over a spread that it makes.
    ///
    /// `bunker` is repaired at half: it is for those who repair rarely and fear mass loss.
    pub fn new(policy: Policy, spread: Spread) -> Self {
        let repair_at = match policy {
            Policy::Double => spread.suppliers.saturating_sub(1),
            Policy::Standard => 30,
            Policy::Vault => 36,
            Policy::Bunker => 32,
        };
        Self {
            needed: spread.needed(),
            repair_at,
            target: spread.suppliers,
            data: spread.data,
            fragments: spread.fragments(),
        }
    }

    /// Whether blocks of which so many suppliers count are to be repaired.
    pub fn wants_repair(self, counted: u8) -> bool {
        counted <= self.repair_at
    }

    /// F2 down to the end: days until `counted` suppliers are fewer than needed if nobody repairs;
    /// orders repairs, as the estimate of Storj's `priority.go` does (F9).
    pub fn days_to_live(self, counted: u8, assumed: &Assumptions) -> f64 {
        if counted < self.needed {
            return 0.0;
        }
        assumed.life_days * (harmonic(counted) - harmonic(self.needed.saturating_sub(1)))
    }

    /// F2: days from a full placement to the one that is repaired.
    pub fn decay_days(self, assumed: &Assumptions) -> f64 {
        assumed.life_days * (harmonic(self.target) - harmonic(self.repair_at))
    }

    /// F3 and F4 in closed form: the chance of loss within a year when each repair takes exactly
    /// `repair_days`. Far below what happens in truth, for repairs are late now and then: for
    /// comparing policies, not for promising.
    pub fn yearly_loss_closed(self, assumed: &Assumptions) -> f64 {
        let lost_share = -(-assumed.repair_days / assumed.life_days).exp_m1();
        let survivors = self.repair_at;
        let of_episode = if survivors < self.needed {
            1.0
        } else {
            binomial_below(survivors, 1.0 - lost_share, self.needed)
        };
        (self.repairs_yearly(assumed) * of_episode).min(1.0)
    }

    /// F4 as a chain: the chance that data which `counted` suppliers keep now is lost within a year,
    /// with repairs whose time varies (exponential with the mean `repair_days`).
    pub fn yearly_loss(self, counted: u8, assumed: &Assumptions) -> f64 {
        if counted < self.needed {
            return 1.0;
        }
        // For each count: mean days to leave the stretch below the target, and the chance to be lost
        // before it is full again. The chance itself is carried, not its complement, so that 1e-20
        // does not drown in 1.0.
        let (mut days, mut lost) = (0.0, 1.0);
        let mut now = (0.0, 1.0);
        for count in self.needed.max(1)..=self.target {
            let leave = f64::from(count) / assumed.life_days;
            let repair = if self.wants_repair(count) { 1.0 / assumed.repair_days } else { 0.0 };
            days = (1.0 + leave * days) / (leave + repair);
            lost = leave * lost / (leave + repair);
            if count == counted.min(self.target) {
                now = (days, lost);
            }
        }
        let (now_days, now_lost) = now;
        if self.repair_at < self.needed {
            return -(-YEAR_DAYS / now_days).exp_m1(); // Nothing can be repaired: one stretch only.
        }
        // From full, stretches follow each other; each ends lost with the chance `lost`.
        let from_full = -(-YEAR_DAYS * lost / days).exp_m1();
        if counted >= self.target {
            return from_full;
        }
        (now_lost + (1.0 - now_lost) * from_full).min(1.0)
    }

    /// F5: bytes moved by repairs in a year, in multiples of the data; `fetches` is false when the
    /// one who repairs has a copy and need not fetch.
    pub fn repair_traffic_yearly(self, assumed: &Assumptions, fetches: bool) -> f64 {
        if self.repair_at == 0 {
            return 0.0;
        }
        let each = f64::from(self.fragments) / (f64::from(self.target) * f64::from(self.data));
        let placed = f64::from(self.target - self.repair_at.min(self.target)) * each;
        self.repairs_yearly(assumed) * (f64::from(u8::from(fetches)) + placed)
    }

    /// F6: what that is for `data_bytes`, bytes in a second on average.
    pub fn repair_rate(self, assumed: &Assumptions, fetches: bool, data_bytes: u64) -> f64 {
        self.repair_traffic_yearly(assumed, fetches) * data_bytes as f64 / (YEAR_DAYS * DAY_SECONDS)
    }

    /// F2 and F4: how often a placement is repaired in a year.
    fn repairs_yearly(self, assumed: &Assumptions) -> f64 {
        YEAR_DAYS / (self.decay_days(assumed) + assumed.repair_days)
    }
}

/// F1: the chance that at least `needed` fragments can be had now. `suppliers` says of each the
/// chance that it is there, and how many fragments it keeps.
pub fn availability(needed: u8, suppliers: &[(f64, u8)]) -> f64 {
    let fragments = suppliers.iter().map(|(_, count)| usize::from(*count)).sum::<usize>();
    let mut chances = vec![0.0; fragments + 1];
    chances[0] = 1.0;
    let mut most = 0;
    for (online, count) in suppliers {
        let count = usize::from(*count);
        for here in (0..=most).rev() {
            let chance = chances[here];
            chances[here] = 0.0;
            chances[here + count] += chance * online;
            chances[here] += chance * (1.0 - online);
        }
        most += count;
    }
    chances.iter().skip(usize::from(needed)).sum::<f64>().min(1.0)
}

/// F7: the chance that fewer than `needed` of `counted` suppliers are left when each is lost with
/// the chance `share` at one moment.
pub fn mass_loss(counted: u8, needed: u8, share: f64) -> f64 {
    binomial_below(counted, 1.0 - share, needed)
}

/// F8: days until a supplier that silently lost the share `missing` of its bytes has failed an audit
/// with the chance `certainty`, at so many audits a day.
pub fn days_to_find(missing: f64, audits_daily: f64, certainty: f64) -> f64 {
    (-certainty).ln_1p() / ((-missing).ln_1p() * audits_daily)
}

/// 1 + 1/2 + … + 1/n.
fn harmonic(n: u8) -> f64 {
    (1..=u16::from(n)).rev().map(|i| 1.0 / f64::from(i)).sum()
}

/// The chance that fewer than `below` of `count` come true, each with `chance`: the terms are summed
/// as they are, so that chances far below 1e-16 keep their digits.
fn binomial_below(count: u8, chance: f64, below: u8) -> f64 {
    if below > count {
        return 1.0;
    }
    let miss = 1.0 - chance;
    let term = |i: u8| choose(count, i) * chance.powi(i32::from(i)) * miss.powi((count - i).into());
    (0..below).map(term).sum()
}

/// How many choices of `few` out of `count` there are.
fn choose(count: u8, few: u8) -> f64 {
    (1..=few).map(|i| f64::from(count - few + i) / f64::from(i)).product()
}
