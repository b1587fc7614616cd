//! My contracts with suppliers: hiring, agreeing, ending, and the arrangement that comes of it.

use std::collections::{BTreeMap, BTreeSet};

use automata::{Live, Snapshot, Tick};
use base::{ContractId, Date, DeviceId, Label, RequestId, Signature, encode};
use storage::contract::{self, ContractRun};
use storage::hiring::{self, Hiring};
use storage::policy::Spread;
use storage::terms::{Arrangement, Contract, Place, TERM_MS, Terms};
use storage::wire::{Asker, Message};

use crate::book::SupplierEntry;
use crate::node::Node;
use crate::output::Output;
use crate::settings::Clocks;

/// Candidates that are remembered at most.
const CANDIDATES_MAX: usize = 512;

/// What the customer's side holds.
pub(crate) struct Customer {
    pub(crate) hiring: Live<Hiring>,
    pub(crate) contracts: BTreeMap<DeviceId, Live<ContractRun>>,
    /// Known suppliers that were not asked since the last search.
    candidates: BTreeSet<DeviceId>,
    /// Offers that were sent: the terms by request.
    offers: BTreeMap<RequestId, Terms>,
    answer_ms: u64,
}

impl Customer {
    pub(crate) fn new(clocks: &Clocks) -> Self {
        let hiring = Hiring { search_ms: clocks.search_ms, retry_ms: clocks.search_again_ms };
        Self {
            hiring: Live::start(hiring, "own drive"),
            contracts: BTreeMap::new(),
            candidates: BTreeSet::new(),
            offers: BTreeMap::new(),
            answer_ms: clocks.answer_ms,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Tick> {
        let contracts = self.contracts.values().filter_map(Live::deadline);
        contracts.chain(self.hiring.deadline()).min()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        std::iter::once(self.hiring.snapshot()).chain(self.contracts.values().map(Live::snapshot))
    }

    fn run(&self, begun: Tick) -> ContractRun {
        ContractRun { answer_wait_ms: self.answer_ms, repeat_ms: self.answer_ms, begun }
    }
}

impl Node {
    /// The code that new blocks get, if the settings make sense.
    pub(crate) fn spread(&self) -> Option<Spread> {
        Spread::new(self.settings.policy, self.settings.suppliers).ok()
    }

    /// The arrangement in force.
    pub(crate) fn arrangement(&self) -> Option<&Arrangement> {
        self.book.arrangements.values().next_back()
    }

    pub(crate) fn poll_customer(&mut self) {
        let effects = self.customer.hiring.poll(self.now.tick, &mut self.journal);
        self.carry_out_hiring(effects);
        let devices: Vec<DeviceId> = self.customer.contracts.keys().copied().collect();
        for device in devices {
            let Some(run) = self.customer.contracts.get_mut(&device) else { continue };
            let effects = run.poll(self.now.tick, &mut self.journal);
            self.carry_out_contract(device, effects);
        }
    }

    /// Looks whether places are free and suppliers must be hired.
    pub(crate) fn count_places(&mut self) {
        if !self.services.is_on("customer") || !self.is_drive_ready() {
            return;
        }
        let event = if self.free_places() == 0 {
            self.arrange();
            hiring::Event::PlacesFull
        } else {
            hiring::Event::PlacesFree
        };
        self.feed_hiring(event);
    }

    /// The user wants this supplier.
    pub(crate) fn hire(&mut self, device: DeviceId) {
        if self.customer.contracts.get(&device).is_none_or(Live::is_done) {
            let run = self.customer.run(self.now.tick);
            self.customer.contracts.insert(device, Live::start(run, device.to_string()));
            self.reach_for_contract(device);
        }
    }

    pub(crate) fn stop_hiring(&mut self) {
        self.feed_hiring(hiring::Event::Stop);
    }

    pub(crate) fn suppliers_found(&mut self, devices: Vec<DeviceId>) {
        for device in devices {
            let is_known = self.customer.contracts.get(&device).is_some_and(|run| !run.is_done());
            let has_room = self.customer.candidates.len() < CANDIDATES_MAX;
            if device != self.me.device && !is_known && has_room {
                self.customer.candidates.insert(device);
            }
        }
        let enough = self.customer.candidates.len() >= self.free_places();
        self.feed_hiring(hiring::Event::Found { enough });
    }

    pub(crate) fn feed_contract(&mut self, device: DeviceId, event: contract::Event) {
        if let Some(run) = self.customer.contracts.get_mut(&device) {
            let effects = run.feed(event, self.now.tick, &mut self.journal);
            self.carry_out_contract(device, effects);
        }
    }

    /// A supplier sent a contract with both signatures.
    pub(crate) fn contract_accepted(&mut self, from: Asker, offer: RequestId, agreed: Contract) {
        let terms = self.customer.offers.remove(&offer);
        if terms.as_ref() == Some(&agreed.terms) && self.is_mine(&agreed, from) {
            self.enter_contract(from, agreed, (0, 0));
        } else {
            self.feed_contract(from.device, contract::Event::Declined);
        }
    }

    /// A supplier told how a contract stands: the one just asked for exists already, or the words
    /// alone brought it back.
    pub(crate) fn contract_stands(&mut self, from: Asker, stands: Contract, counts: (u64, u64)) {
        if self.is_mine(&stands, from) && stands.terms.until > self.now.date {
            let run = self.customer.run(self.now.tick);
            let instance = from.device.to_string();
            let proposing = contract::State::Proposing { until: Tick::MAX };
            let missing = self.customer.contracts.get(&from.device).is_none_or(Live::is_done);
            if missing {
                self.customer.contracts.insert(from.device, Live::resume(run, instance, proposing));
            }
            self.enter_contract(from, stands, counts);
        }
    }

    /// Goes on with the contracts of the book.
    pub(crate) fn resume_contracts(&mut self) {
        let active: Vec<DeviceId> = self
            .book
            .suppliers
            .iter()
            .filter(|(_, entry)| entry.is_active)
            .map(|(device, _)| *device)
            .collect();
        for device in active {
            let run = self.customer.run(self.now.tick);
            let resumed = Live::resume(run, device.to_string(), contract::State::Active);
            self.customer.contracts.insert(device, resumed);
        }
    }

    fn is_mine(&self, contract: &Contract, supplier: Asker) -> bool {
        let terms = &contract.terms;
        terms.customer == self.me.identity
            && terms.supplier == supplier.identity
            && terms.device == supplier.device
            && terms.network == self.network
            && contract.verify().is_ok()
    }

    fn enter_contract(&mut self, from: Asker, contract: Contract, counts: (u64, u64)) {
        let entry = SupplierEntry {
            identity: from.identity,
            contract: Some(contract),
            is_active: true,
            last_seen: Some(self.now.date),
            fragments: counts.0,
            bytes: counts.1,
        };
        self.book.suppliers.insert(from.device, entry);
        self.feed_contract(from.device, contract::Event::Accepted);
    }

    fn free_places(&self) -> usize {
        let taken = self.customer.contracts.values().filter(|run| {
            matches!(run.state(), contract::State::Active | contract::State::Ending { .. })
        });
        // Places known from a root document count as taken until their suppliers have answered.
        let silent = self.arrangement().into_iter().flat_map(|arrangement| &arrangement.places);
        let silent = silent.filter(|place| !self.customer.contracts.contains_key(&place.device));
        let silent = silent.filter(|place| {
            self.book.suppliers.get(&place.device).is_some_and(|entry| entry.contract.is_none())
        });
        usize::from(self.settings.suppliers).saturating_sub(taken.count() + silent.count())
    }

    // Suppliers keep their places; new ones take the free places. Blocks made before keep theirs.
    fn arrange(&mut self) {
        let Some(spread) = self.spread() else { return };
        let active = |device: &DeviceId| {
            let run = self.customer.contracts.get(device);
            run.is_some_and(|run| *run.state() == contract::State::Active)
        };
        let before = self.arrangement().map(|arrangement| arrangement.places.clone());
        let before = before.unwrap_or_default();
        let mut free: Vec<DeviceId> =
            self.customer.contracts.keys().filter(|device| active(device)).copied().collect();
        free.retain(|device| before.iter().all(|place| place.device != *device));
        free.reverse();
        let mut places = vec![];
        for number in 0..usize::from(spread.suppliers) {
            let kept = before.get(number).filter(|place| active(&place.device)).cloned();
            let place = kept.or_else(|| free.pop().and_then(|device| self.place(device)));
            places.extend(place);
        }
        let is_new = self
            .arrangement()
            .is_none_or(|now| now.places != places || now.policy != self.settings.policy);
        if places.len() == usize::from(spread.suppliers) && is_new {
            let number = self.book.arrangements.keys().next_back().map_or(1, |last| last + 1);
            let policy = self.settings.policy;
            self.book.arrangements.insert(number, Arrangement { number, policy, places });
            self.keep_book();
        }
        self.suppliers_ready();
    }

    fn place(&self, device: DeviceId) -> Option<Place> {
        let entry = self.book.suppliers.get(&device)?;
        let contract = entry.contract.as_ref()?.terms.id();
        Some(Place { identity: entry.identity, device, contract })
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
                hiring::Effect::ReportShort => self.suppliers_short(),
                hiring::Effect::ReportFull => self.arrange(),
            }
        }
    }

    // Distinct networks first; beyond that the order of the ids, which nobody can choose cheaply.
    fn ask_best(&mut self) {
        let mut used: BTreeSet<u64> = BTreeSet::new();
        let (mut distinct, mut others) = (vec![], vec![]);
        for device in std::mem::take(&mut self.customer.candidates) {
            let network = self.peers.get(&device).and_then(|peer| peer.network);
            let is_distinct = network.is_none_or(|network| used.insert(network));
            if is_distinct { distinct.push(device) } else { others.push(device) }
        }
        let pending = self.customer.contracts.values().filter(|run| {
            matches!(
                run.state(),
                contract::State::Wanted { .. } | contract::State::Proposing { .. }
            )
        });
        let wanted = self.free_places().saturating_sub(pending.count());
        let mut ranked = distinct.into_iter().chain(others);
        let chosen: Vec<DeviceId> = ranked.by_ref().take(wanted).collect();
        self.customer.candidates = ranked.collect();
        let nobody = chosen.is_empty();
        for device in chosen {
            self.hire(device);
        }
        if nobody && wanted > 0 {
            self.feed_hiring(hiring::Event::CandidateLost { others: false });
        }
    }

    fn reach_for_contract(&mut self, device: DeviceId) {
        if self.is_online(&device) {
            self.feed_contract(device, contract::Event::Online);
        } else {
            self.order(Output::Connect { device });
        }
    }

    fn carry_out_contract(&mut self, device: DeviceId, effects: Vec<contract::Effect>) {
        for effect in effects {
            match effect {
                contract::Effect::SendProposal => self.propose(device),
                contract::Effect::SendEnd => self.send_end(device),
                contract::Effect::ReportActive => {
                    self.keep_book();
                    self.want_suppliers();
                    self.count_places();
                }
                contract::Effect::ReportDeclined => {
                    let others = !self.customer.candidates.is_empty();
                    self.feed_hiring(hiring::Event::CandidateLost { others });
                }
                contract::Effect::ReportEnded => {
                    if let Some(entry) = self.book.suppliers.get_mut(&device) {
                        entry.is_active = false;
                    }
                    self.keep_book();
                    self.want_suppliers();
                    self.count_places();
                }
            }
        }
    }

    fn propose(&mut self, device: DeviceId) {
        let (Some(peer), Some(spread)) = (self.peers.get(&device), self.spread()) else { return };
        let terms = Terms {
            network: self.network,
            customer: self.me.identity,
            supplier: peer.asker.identity,
            device,
            quota_bytes: spread.quota_bytes(self.settings.needed_bytes),
            from: self.now.date,
            until: Date(self.now.date.0).plus_ms(TERM_MS),
            price: 0,
            salt: self.chance.bytes(),
        };
        let signature = Signature::make(&self.keys.device, Label::ContractOffer, &encode(&terms));
        let id = self.chance.request_id();
        self.customer.offers.insert(id, terms.clone());
        self.order(Output::Send {
            to: device,
            id,
            answer_to: None,
            message: Message::Propose { terms, signature },
        });
    }

    fn send_end(&mut self, device: DeviceId) {
        let contract: Option<ContractId> = self.place(device).map(|place| place.contract);
        if !self.is_online(&device) {
            self.order(Output::Connect { device });
        } else if let Some(contract) = contract {
            let id = self.chance.request_id();
            let message = Message::End { contract };
            self.order(Output::Send { to: device, id, answer_to: None, message });
        }
    }
}
