//! My contracts with suppliers: agreeing, ending, and what the suppliers say of them.

use std::collections::BTreeMap;

use automata::{Live, Snapshot, Tick};
use base::{ContractId, DAY_MS, Date, DeviceId, Label, MINUTE_MS, Signature, encode};
use storage::candidates::Candidates;
use storage::contract::{self, ContractRun};
use storage::hiring::Hiring;
use storage::ladder;
use storage::terms::{Contract, QUOTA_BYTES_MIN, TERM_MS, Terms};
use storage::wire::{Asker, Message};

use crate::book::{SupplierEntry, Tie};
use crate::node::Node;
use crate::settings::Clocks;
use crate::wiring::requests::Request;

/// Between two announcements of a contract's end, milliseconds.
const END_AGAIN_MS: u64 = 5 * MINUTE_MS;
/// So long before its end a contract is renewed, milliseconds.
const RENEW_MS: u64 = 60 * DAY_MS;
/// An end that was not confirmed for so long is one all the same, milliseconds.
const END_WAIT_MS: u64 = 7 * DAY_MS;

/// What the customer's side holds.
pub(crate) struct Customer {
    pub(crate) hiring: Live<Hiring>,
    /// Contracts that are wanted, hold, or are being ended.
    pub(crate) contracts: BTreeMap<DeviceId, Live<ContractRun>>,
    pub(crate) candidates: Candidates,
    /// The order that made the use of the arrangement in force durable.
    pub(crate) used_order: u64,
    /// Whether the drive was spread anew so often that no further arrangement can be named.
    pub(crate) is_exhausted: bool,
    answer_ms: u64,
}

impl Customer {
    pub(crate) fn new(clocks: &Clocks, salt: [u8; 32]) -> Self {
        let hiring = Hiring { search_ms: clocks.search_ms, retry_ms: clocks.search_again_ms };
        Self {
            hiring: Live::start(hiring, "own drive"),
            contracts: BTreeMap::new(),
            candidates: Candidates::new(salt, clocks.search_again_ms),
            used_order: 0,
            is_exhausted: false,
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

    /// Whether the contract with this supplier holds.
    pub(crate) fn is_active(&self, device: &DeviceId) -> bool {
        let run = self.contracts.get(device);
        run.is_some_and(|run| matches!(run.state(), contract::State::Active { .. }))
    }

    /// Whether the term of the contract with this supplier is over, by the ticks.
    fn is_at_end(&self, device: &DeviceId, now: Tick) -> bool {
        let run = self.contracts.get(device).map(Live::state);
        matches!(run, Some(contract::State::Active { until, .. }) if *until <= now)
    }

    fn run(&self, begun: Tick) -> ContractRun {
        ContractRun {
            answer_wait_ms: self.answer_ms,
            renew_ms: RENEW_MS,
            renew_again_ms: DAY_MS,
            repeat_ms: END_AGAIN_MS,
            end_wait_ms: END_WAIT_MS,
            begun,
        }
    }
}

impl Node {
    pub(crate) fn poll_customer(&mut self) {
        self.poll_hiring();
        let now = self.now.tick;
        let due = self.customer.contracts.iter();
        let due = due.filter(|(_, run)| run.deadline().is_some_and(|deadline| deadline <= now));
        for device in due.map(|(device, _)| *device).collect::<Vec<_>>() {
            let until = self.contract_with(&device).map(Contract::until);
            if let Some(until) = until.filter(|until| *until > self.now.date)
                && self.customer.is_at_end(&device, now)
            {
                // The calendar was set back, or was wrong at the start: the contract still holds.
                let until = self.tick_of(until);
                self.feed_contract(device, contract::Event::Accepted { until });
            }
            let Some(run) = self.customer.contracts.get_mut(&device) else { continue };
            let effects = run.poll(now, &mut self.journal);
            self.carry_out_contract(device, effects);
        }
    }

    /// A contract with this supplier is wanted.
    pub(crate) fn hire(&mut self, device: DeviceId) {
        if !self.customer.contracts.contains_key(&device) {
            self.customer.candidates.forget(&device);
            let run = self.customer.run(self.now.tick);
            self.customer.contracts.insert(device, Live::start(run, device.to_string()));
            if self.is_online(&device) {
                self.feed_contract(device, contract::Event::Online);
            } else {
                self.order(crate::output::Output::Connect { device });
            }
        }
    }

    /// The user wants this supplier, also one that was sent away before.
    pub(crate) fn hire_by_hand(&mut self, device: DeviceId) {
        if let Some(entry) = self.book.suppliers.get_mut(&device) {
            entry.is_dismissed = false;
        }
        self.feed_ladder(device, ladder::Event::Judged { trust: true });
        self.keep_place(&device);
        self.hire(device);
    }

    /// The user wants a supplier no longer. Says whether it was one.
    pub(crate) fn dismiss(&mut self, device: DeviceId) -> bool {
        let entry = self.book.suppliers.get_mut(&device);
        let is_named = entry.as_ref().is_some_and(|entry| entry.tie == Tie::Named);
        if let Some(entry) = entry {
            entry.is_dismissed = true;
        }
        if is_named && !self.customer.contracts.contains_key(&device) {
            // It has not answered since the drive was found again; it is told when it comes.
            let run = self.customer.run(self.now.tick);
            let active = run.active(Tick::MAX);
            let run = Live::resume(run, device.to_string(), active);
            self.customer.contracts.insert(device, run);
        }
        let is_known = self.customer.contracts.contains_key(&device);
        self.feed_contract(device, contract::Event::End);
        // Afterwards: its place is free already, and nobody has to be found out for it.
        self.feed_ladder(device, ladder::Event::Judged { trust: false });
        is_known
    }

    pub(crate) fn feed_contract(&mut self, device: DeviceId, event: contract::Event) {
        if let Some(run) = self.customer.contracts.get_mut(&device) {
            let effects = run.feed(event, self.now.tick, &mut self.journal);
            self.carry_out_contract(device, effects);
        }
    }

    /// A supplier sent a contract with both signatures.
    pub(crate) fn contract_accepted(&mut self, from: Asker, offer: &Terms, agreed: Contract) {
        let is_what_was_offered =
            agreed.terms == *offer && agreed.customer_device == self.me.device;
        if is_what_was_offered && self.is_mine(&agreed, from) {
            self.enter_contract(from, agreed, (0, 0));
        } else {
            self.feed_contract(from.device, contract::Event::Declined);
        }
    }

    /// A supplier told how a contract stands: the one just offered exists already, or the words
    /// alone brought it back.
    pub(crate) fn contract_stands(&mut self, from: Asker, stands: Contract, counts: (u64, u64)) {
        if self.is_mine(&stands, from) && stands.until() > self.now.date {
            self.enter_contract(from, stands, counts);
        } else {
            self.feed_contract(from.device, contract::Event::Declined);
        }
    }

    /// A supplier says that a contract is over, or knows nothing of it.
    pub(crate) fn contract_over(&mut self, device: DeviceId, contract: ContractId) {
        if self.contract_id(&device) != Some(contract) {
            return;
        }
        if self.customer.contracts.contains_key(&device) {
            self.feed_contract(device, contract::Event::Ended);
        } else {
            self.supplier_ended(device);
        }
    }

    /// Goes on with the contracts of the book.
    pub(crate) fn resume_contracts(&mut self) {
        let run = self.customer.run(self.now.tick);
        for (device, entry) in &self.book.suppliers {
            let until = entry.contract.as_ref().map(Contract::until);
            let state = match (entry.tie, until) {
                (Tie::Active, Some(until)) => run.active(self.tick_of_end(until)),
                (Tie::Ending, _) => run.ending(self.now.tick),
                (Tie::Active, None) | (Tie::Named | Tie::Over, _) => continue,
            };
            let resumed = Live::resume(run, device.to_string(), state);
            self.customer.contracts.insert(*device, resumed);
        }
    }

    /// Asks a supplier that holds, or should hold, a contract how it stands.
    pub(crate) fn ask_standing(&mut self, device: DeviceId) {
        let tie = self.book.suppliers.get(&device).map(|entry| entry.tie);
        let is_asked = match tie {
            Some(Tie::Active) => true,
            Some(Tie::Named) => self.is_drive_ready(),
            Some(Tie::Ending | Tie::Over) | None => false,
        };
        if let Some(contract) = self.contract_id(&device).filter(|_| is_asked) {
            let message = Message::AskStanding { contract: Some(contract) };
            self.ask(device, Request::Standing(contract), message);
        }
    }

    /// The contract with a supplier: the one in the book, else the one that the newest arrangement
    /// names.
    fn contract_id(&self, device: &DeviceId) -> Option<ContractId> {
        let known = self.contract_with(device).map(|contract| contract.terms.id());
        let named = || {
            let places = self.book.arrangements.values().rev().flat_map(|each| &each.places);
            places.into_iter().find(|place| place.device == *device).map(|place| place.contract)
        };
        known.or_else(named)
    }

    pub(crate) fn contract_with(&self, device: &DeviceId) -> Option<&Contract> {
        self.book.suppliers.get(device)?.contract.as_ref()
    }

    pub(crate) fn is_mine(&self, contract: &Contract, supplier: Asker) -> bool {
        let terms = &contract.terms;
        terms.customer == self.me.identity
            && terms.supplier == supplier.identity
            && terms.device == supplier.device
            && terms.network == self.network
            && contract.verify().is_ok()
    }

    fn enter_contract(&mut self, from: Asker, contract: Contract, counts: (u64, u64)) {
        let device = from.device;
        let old = self.book.suppliers.get(&device);
        // What was renewed since is not forgotten for what was agreed on before.
        let known = old.and_then(|entry| entry.contract.clone());
        let contract = match known.filter(|known| known.terms.id() == contract.terms.id()) {
            Some(known) if known.until() > contract.until() => known,
            _ => contract,
        };
        let is_dismissed = old.is_some_and(|entry| entry.is_dismissed);
        let is_counted = old.is_some_and(|entry| matches!(entry.tie, Tie::Named | Tie::Active));
        let is_late = !self.customer.contracts.contains_key(&device);
        // An answer that came when nobody waited for it any more, and others have the places.
        let is_surplus = is_late && (is_dismissed || !is_counted && self.free_places() == 0);
        let until = self.tick_of(contract.until());
        let entry = SupplierEntry {
            identity: from.identity,
            contract: Some(contract),
            tie: Tie::Active,
            is_dismissed,
            last_seen: Some(self.now.date),
            fragments: counts.0,
            bytes: counts.1,
        };
        if is_late {
            let run = self.customer.run(self.now.tick);
            self.customer.contracts.insert(device, Live::start(run, device.to_string()));
        }
        let is_ending = self
            .customer
            .contracts
            .get(&device)
            .is_some_and(|run| matches!(run.state(), contract::State::Ending { .. }));
        if !is_ending {
            self.book.suppliers.insert(device, entry);
            self.feed_contract(device, contract::Event::Accepted { until });
        }
        if is_surplus {
            self.feed_contract(device, contract::Event::End);
        }
    }

    fn carry_out_contract(&mut self, device: DeviceId, effects: Vec<contract::Effect>) {
        if self.customer.contracts.get(&device).is_some_and(Live::is_done) {
            self.customer.contracts.remove(&device);
        }
        for effect in effects {
            match effect {
                contract::Effect::SendProposal => self.propose(device),
                contract::Effect::SendRenewal => self.ask_renewal(device),
                contract::Effect::SendEnd => self.send_end(device),
                contract::Effect::ReportActive => {
                    self.customer.candidates.agreed(&device);
                    self.ties_changed();
                }
                contract::Effect::ReportDeclined => {
                    self.customer.candidates.failed(device, self.now.tick);
                    self.candidate_lost();
                }
                contract::Effect::ReportEnding => {
                    if let Some(entry) = self.book.suppliers.get_mut(&device) {
                        entry.tie = Tie::Ending;
                    }
                    self.supplier_gone(device);
                    self.ties_changed();
                }
                contract::Effect::ReportEnded => self.supplier_ended(device),
            }
        }
    }

    fn supplier_ended(&mut self, device: DeviceId) {
        let is_named = self.is_in_arrangement(&device);
        if let Some(entry) = self.book.suppliers.get_mut(&device) {
            entry.tie = Tie::Over;
            if !is_named && !entry.is_dismissed {
                self.book.suppliers.remove(&device);
            }
        }
        self.customer.candidates.failed(device, self.now.tick);
        self.supplier_gone(device);
        self.ties_changed();
    }

    fn ties_changed(&mut self) {
        self.keep_book();
        self.want_suppliers();
        self.count_places();
        self.report_jobs();
    }

    fn propose(&mut self, device: DeviceId) {
        let (Some(peer), Some(spread)) = (self.peers.get(&device), self.spread()) else { return };
        let terms = Terms {
            network: self.network,
            customer: self.me.identity,
            supplier: peer.asker.identity,
            device,
            quota_bytes: spread.quota_bytes(self.settings.needed_bytes).max(QUOTA_BYTES_MIN),
            from: self.now.date,
            until: Date(self.now.date.0).plus_ms(TERM_MS),
            price: 0,
            salt: self.chance.bytes(),
        };
        if self.is_crowded(&device) && self.customer.candidates.has_better() {
            self.feed_contract(device, contract::Event::Declined);
            return self.customer.candidates.postpone(device);
        }
        let signature = Signature::make(&self.keys.device, Label::ContractOffer, &encode(&terms));
        let message = Message::Propose { terms: terms.clone(), signature };
        self.ask(device, Request::Offer(terms), message);
    }

    /// Announces the end to a supplier that is there; one that is not is told when it comes.
    fn send_end(&mut self, device: DeviceId) {
        if let Some(contract) = self.contract_id(&device) {
            self.ask(device, Request::End(contract), Message::End { contract });
        }
    }
}
