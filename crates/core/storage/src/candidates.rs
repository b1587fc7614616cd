//! Whom to ask for a contract: suppliers that were found, in an order that nobody outside can choose,
//! without those that lately refused or were not reached.

use std::collections::{BTreeMap, BTreeSet};

use automata::Tick;
use base::{DeviceId, Hash, Hasher, MINUTE_MS};

#[cfg(test)]
mod tests;

/// Candidates that are remembered at most, and so many that failed.
pub const CANDIDATES_MAX: usize = 512;
/// The longest time for which one that failed is left alone, milliseconds.
pub const REST_MS_MAX: u64 = 10 * MINUTE_MS;

/// The candidates of one customer.
#[derive(Clone, Debug)]
pub struct Candidates {
    salt: [u8; 32],
    /// When one that failed once is asked again, milliseconds; each further failure doubles it.
    rest_ms: u64,
    /// By a secret order: whoever floods the table with made-up suppliers cannot come first.
    waiting: BTreeMap<Hash, DeviceId>,
    /// To be asked when nobody else is left: their networks are those of others.
    spare: BTreeSet<DeviceId>,
    failed: BTreeMap<DeviceId, Failed>,
}

/// One that refused or was not reached.
#[derive(Clone, Copy, Debug)]
struct Failed {
    times: u8,
    until: Tick,
}

impl Candidates {
    /// No candidates. `salt` is random.
    pub fn new(salt: [u8; 32], rest_ms: u64) -> Self {
        Self {
            salt,
            rest_ms,
            waiting: BTreeMap::new(),
            spare: BTreeSet::new(),
            failed: BTreeMap::new(),
        }
    }

    /// Takes note of a supplier that was found, unless it is to be left alone still.
    pub fn add(&mut self, device: DeviceId, now: Tick) {
        let is_resting = self.failed.get(&device).is_some_and(|failed| failed.until > now);
        if !is_resting && !self.spare.contains(&device) {
            self.waiting.insert(self.rank(&device), device);
        }
        if self.waiting.len() > CANDIDATES_MAX {
            self.waiting.pop_last();
        }
    }

    /// How many can be asked.
    pub fn len(&self) -> usize {
        self.waiting.len() + self.spare.len()
    }

    /// Whether nobody can be asked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next `count` to ask, who are candidates no longer.
    pub fn take(&mut self, count: usize) -> Vec<DeviceId> {
        let first = std::iter::from_fn(|| self.waiting.pop_first().map(|(_, device)| device));
        let mut taken: Vec<DeviceId> = first.take(count).collect();
        let missing = count - taken.len();
        taken.extend(std::iter::from_fn(|| self.spare.pop_first()).take(missing));
        taken
    }

    /// Whether there is anybody to be asked before one that shares its network with a supplier.
    pub fn has_better(&self) -> bool {
        !self.waiting.is_empty() && self.spare.len() < CANDIDATES_MAX
    }

    /// Puts one back that shares its network with a supplier: it is asked when nobody else is left.
    pub fn postpone(&mut self, device: DeviceId) {
        self.agreed(&device);
        self.spare.insert(device);
    }

    /// One refused or was not reached: it is left alone for a while.
    pub fn failed(&mut self, device: DeviceId, now: Tick) {
        self.forget(&device);
        let times = self.failed.get(&device).map_or(1, |failed| failed.times.saturating_add(1));
        let doublings = u32::from(times - 1).min(16);
        let rest_ms = self.rest_ms.saturating_mul(1 << doublings).min(REST_MS_MAX);
        self.failed.insert(device, Failed { times, until: now + rest_ms });
        if self.failed.len() > CANDIDATES_MAX {
            let soonest = self.failed.iter().min_by_key(|(_, failed)| failed.until);
            if let Some(device) = soonest.map(|(device, _)| *device) {
                self.failed.remove(&device);
            }
        }
    }

    /// One agreed, or is not wanted.
    pub fn forget(&mut self, device: &DeviceId) {
        self.waiting.remove(&self.rank(device));
        self.spare.remove(device);
    }

    /// One agreed: it failed no longer.
    pub fn agreed(&mut self, device: &DeviceId) {
        self.forget(device);
        self.failed.remove(device);
    }

    fn rank(&self, device: &DeviceId) -> Hash {
        let mut hasher = Hasher::new("bitdust candidate rank v1");
        hasher.update(&self.salt);
        hasher.update(&device.0);
        hasher.finish()
    }
}
