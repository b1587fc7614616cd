//! Fills the places: searches for suppliers and asks the best candidates.

use base::DeviceId;
use storage::contract;
use storage::hiring;

use crate::book::Tie;
use crate::node::Node;
use crate::output::Output;

impl Node {
    pub(crate) fn poll_hiring(&mut self) {
        let effects = self.customer.hiring.poll(self.now.tick, &mut self.journal);
        self.carry_out_hiring(effects);
    }

    /// Looks whether places are free and suppliers must be hired.
    pub(crate) fn count_places(&mut self) {
        if !self.services.is_on("customer") || !self.is_drive_ready() {
            return;
        }
        let is_asking = *self.customer.hiring.state() == hiring::State::Asking;
        if self.free_places() == 0 {
            self.arrange();
            self.feed_hiring(hiring::Event::PlacesFull);
        } else if !is_asking || self.pending() == 0 {
            self.feed_hiring(hiring::Event::PlacesFree);
        }
    }

    pub(crate) fn stop_hiring(&mut self) {
        self.feed_hiring(hiring::Event::Stop);
    }

    pub(crate) fn suppliers_found(&mut self, devices: Vec<DeviceId>) {
        for device in devices {
            let is_known = self.customer.contracts.contains_key(&device);
            let is_unwanted = self
                .book
                .suppliers
                .get(&device)
                .is_some_and(|entry| entry.is_dismissed || entry.tie != Tie::Over);
            let is_unwanted = is_unwanted || self.is_unwelcome(&device);
            if device != self.me.device && !is_known && !is_unwanted {
                self.customer.candidates.add(device, self.now.tick);
            }
        }
        let enough = self.customer.candidates.len() >= self.still_wanted();
        self.feed_hiring(hiring::Event::Found { enough });
    }

    /// A candidate refused or was not reached.
    pub(crate) fn candidate_lost(&mut self) {
        let others = !self.customer.candidates.is_empty();
        self.feed_hiring(hiring::Event::CandidateLost { others });
    }

    /// Places without a supplier.
    pub(crate) fn free_places(&self) -> usize {
        let contracts = self.customer.contracts.keys();
        let active = contracts
            .filter(|device| self.customer.is_active(device) && !self.watching.is_replaced(device));
        let active = active.count();
        // Places known from a root document count as taken until their suppliers have answered.
        let named = self.arrangement().into_iter().flat_map(|arrangement| &arrangement.places);
        let named = named.filter(|place| self.is_silent(&place.device)).count();
        usize::from(self.settings.suppliers).saturating_sub(active + named)
    }

    /// Whether a supplier has not answered since the drive was found again.
    pub(crate) fn is_silent(&self, device: &DeviceId) -> bool {
        let entry = self.book.suppliers.get(device);
        entry.is_some_and(|entry| entry.tie == Tie::Named)
            && !self.customer.contracts.contains_key(device)
    }

    /// Whether a supplier with a contract is in the same network (/24, /48) as this peer.
    pub(crate) fn is_crowded(&self, device: &DeviceId) -> bool {
        let network = |device: &DeviceId| self.peers.get(device).and_then(|peer| peer.network);
        let Some(own) = network(device) else { return false };
        let contracts = self.customer.contracts.iter();
        let others = contracts.filter(|(other, run)| {
            let is_candidate = matches!(run.state(), contract::State::Wanted { .. });
            *other != device && !is_candidate && network(other) == Some(own)
        });
        others.count() > 0
    }

    /// Candidates that were asked and have not answered.
    fn pending(&self) -> usize {
        let runs = self.customer.contracts.values();
        let pending = runs.filter(|run| {
            let state = run.state();
            matches!(state, contract::State::Wanted { .. } | contract::State::Proposing { .. })
        });
        pending.count()
    }

    /// How many more are to be asked.
    fn still_wanted(&self) -> usize {
        self.free_places().saturating_sub(self.pending())
    }

    fn feed_hiring(&mut self, event: hiring::Event) {
        let effects = self.customer.hiring.feed(event, self.now.tick, &mut self.journal);
        self.carry_out_hiring(effects);
    }

    fn carry_out_hiring(&mut self, effects: Vec<hiring::Effect>) {
        for effect in effects {
            match effect {
                hiring::Effect::FindCandidates => self.order(Output::FindSuppliers),
                hiring::Effect::AskBest => self.ask_best(),
                hiring::Effect::ReportShort => self.report_jobs(),
                hiring::Effect::ReportFull => self.suppliers_ready(),
            }
        }
    }

    fn ask_best(&mut self) {
        let wanted = self.still_wanted();
        let chosen = self.customer.candidates.take(wanted);
        if chosen.is_empty() && wanted > 0 {
            self.feed_hiring(hiring::Event::CandidateLost { others: false });
        }
        for device in chosen {
            self.hire(device);
        }
    }
}
