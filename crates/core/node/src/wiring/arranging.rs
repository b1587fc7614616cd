//! Which supplier has which place: arrangements, what of them is in use, and what can still be lost.

use base::{DeviceId, hash};
use storage::margin::Standing;
use storage::policy::Spread;
use storage::terms::{Arrangement, Place, arrangements_fit};

use crate::book::Tie;
use crate::node::Node;
use crate::output::Safety;

impl Node {
    /// The code that new blocks get, if the settings make sense.
    pub(crate) fn spread(&self) -> Option<Spread> {
        Spread::new(self.settings.policy, self.settings.suppliers).ok()
    }

    /// The arrangement in force.
    pub(crate) fn arrangement(&self) -> Option<&Arrangement> {
        self.book.arrangements.values().next_back()
    }

    /// The arrangement in force, if the contract of each of its places holds and it is what the
    /// settings want.
    pub(crate) fn whole_arrangement(&self) -> Option<&Arrangement> {
        let found = self.arrangement().filter(|found| found.spread() == self.spread())?;
        let is_held = |place: &Place| {
            self.customer.is_active(&place.device)
                && self.place(place.device).as_ref() == Some(place)
        };
        found.places.iter().all(is_held).then_some(found)
    }

    pub(crate) fn is_in_arrangement(&self, device: &DeviceId) -> bool {
        let mut places = self.book.arrangements.values().flat_map(|each| &each.places);
        places.any(|place| place.device == *device)
    }

    /// Gives each place a supplier, if there are enough. Suppliers keep their places; new ones take
    /// the free places. Blocks made before keep theirs.
    pub(crate) fn arrange(&mut self) {
        let Some(spread) = self.spread() else { return };
        let before = self.arrangement().map(|now| now.places.clone()).unwrap_or_default();
        let is_kept = |place: &Place| {
            self.is_silent(&place.device)
                || self.customer.is_active(&place.device)
                    && self.place(place.device).as_ref() == Some(place)
                    && !self.watching.is_replaced(&place.device)
        };
        let kept = before.iter().take(usize::from(spread.suppliers)).filter(|place| is_kept(place));
        let kept: Vec<DeviceId> = kept.map(|place| place.device).collect();
        let contracts = self.customer.contracts.keys();
        let mut free = contracts
            .filter(|device| self.customer.is_active(device) && !self.watching.is_replaced(device));
        let mut free = std::iter::from_fn(|| free.find(|device| !kept.contains(device)));
        let mut places = vec![];
        for number in 0..usize::from(spread.suppliers) {
            let old = before.get(number).filter(|place| kept.contains(&place.device)).cloned();
            places.extend(old.or_else(|| free.next().and_then(|device| self.place(*device))));
        }
        let is_new = self
            .arrangement()
            .is_none_or(|now| now.places != places || now.policy != self.settings.policy);
        if places.len() == usize::from(spread.suppliers) && is_new {
            self.put_in_force(places);
            self.end_replaced();
        }
        self.suppliers_ready();
    }

    /// How safe the data is, given whether the newest version is confirmed: blocks may lie under
    /// each arrangement that was ever used, so the weakest of them counts.
    pub(crate) fn safety_if(&self, confirmed: bool) -> Safety {
        if self.book.head.is_empty() {
            return Safety::Empty;
        }
        let used = self.book.used.iter().filter_map(|number| self.book.arrangements.get(number));
        let safety = used.map(|arrangement| self.safety_under(arrangement, confirmed)).min();
        safety.unwrap_or(Safety::AtRisk)
    }

    fn safety_under(&self, arrangement: &Arrangement, confirmed: bool) -> Safety {
        let Some(spread) = arrangement.spread() else { return Safety::AtRisk };
        let standings = arrangement.places.iter().map(|place| self.standing_at(place));
        let counted = standings.filter(|standing| standing.counts()).count();
        let left = u8::try_from(counted).unwrap_or(u8::MAX);
        match (left.checked_sub(spread.needed()), spread.suppliers) {
            (None, _) => Safety::Lost,
            (Some(_), 1) => Safety::Kept,
            (Some(0), _) => Safety::AtRisk,
            (Some(_), _) if !confirmed => Safety::AtRisk,
            (Some(may_lose), _) => Safety::Safe { may_lose },
        }
    }

    /// How far the fragments at a place are counted on: its contract must hold, and its supplier
    /// must not have been away for too long.
    pub(crate) fn standing_at(&self, place: &Place) -> Standing {
        let is_held = self.book.suppliers.get(&place.device).is_some_and(|entry| {
            match (entry.tie, &entry.contract) {
                (Tie::Named, _) => true,
                // A supplier that was hired anew keeps what is new, under another contract.
                (Tie::Active, Some(contract)) => contract.terms.id() == place.contract,
                (Tie::Active, None) | (Tie::Ending | Tie::Over, _) => false,
            }
        });
        if is_held { self.standing(&place.device) } else { Standing::Gone }
    }

    fn place(&self, device: DeviceId) -> Option<Place> {
        let entry = self.book.suppliers.get(&device)?;
        let contract = entry.contract.as_ref()?.terms.id();
        Some(Place { identity: entry.identity, device, contract })
    }

    fn put_in_force(&mut self, places: Vec<Place>) {
        let policy = self.settings.policy;
        let number = self.next_number();
        let in_use = self.book.arrangements.iter();
        let in_use = in_use.filter(|(number, _)| self.book.used.contains(number));
        let mut next: Vec<Arrangement> = in_use.map(|(_, each)| each.clone()).collect();
        next.push(Arrangement { number, policy, places });
        self.customer.is_exhausted = !arrangements_fit(&next);
        if !self.customer.is_exhausted {
            // Those under which nothing lies are forgotten.
            self.book.arrangements = next.into_iter().map(|each| (each.number, each)).collect();
            self.root_changed();
        }
    }

    // Devices of one identity do not know of each other's newest arrangement; the second half of
    // the number keeps those apart that are made at once.
    fn next_number(&self) -> u32 {
        let tag = hash("bitdust arrangement tag v1", &self.me.device.0).0;
        let last = self.book.arrangements.keys().next_back().map_or(0, |last| last >> 16);
        (last.saturating_add(1).min(0xffff) << 16) | u32::from(u16::from_le_bytes([tag[0], tag[1]]))
    }
}
