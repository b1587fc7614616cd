//! Keeps fragments for others: who may store, read and erase what, and how a contract ends.

use std::collections::BTreeMap;

use automata::{Live, Snapshot, Tick};
use base::{ContractId, Date, IdentityId, RequestId};
use storage::allowance::Allowance;
use storage::room::{Account, Room};
use storage::tenancy::{Effect, Event, State, Tenancy};
use storage::terms::Contract;
use storage::wire::{Asker, BulkRequest, DocumentKind, Message, Refusal};

use crate::input::Tenant;
use crate::node::Node;
use crate::output::Output;

/// Bulk requests that are granted at once at most; the shell has a lower limit for streams.
const STREAMS_MAX: usize = 1_024;

/// What the supplier's side holds.
pub(crate) struct Supplier {
    pub(crate) room: Room,
    pub(crate) free_bytes: u64,
    pub(crate) tenancies: BTreeMap<ContractId, Live<Tenancy>>,
    pub(crate) contracts: BTreeMap<ContractId, Contract>,
    /// When each tenancy leaves its state by the calendar.
    pub(crate) ends: BTreeMap<ContractId, Date>,
    /// Contracts that are being written down, and who waits for them.
    pub(crate) pending: BTreeMap<ContractId, Vec<(Asker, RequestId)>>,
    /// Contracts with a later end that are being written down, and who waits for each.
    pub(crate) renewals: BTreeMap<ContractId, (Contract, Asker, RequestId)>,
    /// Documents that are being written down, and for whom.
    pub(crate) documents: BTreeMap<RequestId, (Asker, DocumentKind, u64)>,
    /// How often customers may ask for proof.
    pub(crate) audits: BTreeMap<ContractId, Allowance>,
    /// Granted requests that are under way: contract and reserved bytes.
    pub(crate) streams: BTreeMap<u64, (ContractId, u64)>,
}

impl Supplier {
    pub(crate) fn new(donated_bytes: u64) -> Self {
        Self {
            room: Room::new(donated_bytes),
            free_bytes: 0,
            tenancies: BTreeMap::new(),
            contracts: BTreeMap::new(),
            ends: BTreeMap::new(),
            pending: BTreeMap::new(),
            renewals: BTreeMap::new(),
            documents: BTreeMap::new(),
            audits: BTreeMap::new(),
            streams: BTreeMap::new(),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.tenancies.values().filter_map(Live::deadline).min()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        self.tenancies.values().map(Live::snapshot)
    }

    /// Bytes promised, at most what is given.
    pub(crate) fn promised_bytes(&self) -> u64 {
        self.room.promised_bytes().min(self.room.donated_bytes)
    }
}

impl Node {
    pub(crate) fn open_supplier(&mut self, tenants: Vec<Tenant>, free_bytes: u64) {
        self.supplier.free_bytes = free_bytes;
        for Tenant { contract, fragments, used_bytes, is_open } in tenants {
            let (id, terms) = (contract.terms.id(), contract.terms.clone());
            let notice_ms = self.settings.clocks.notice_ms;
            let until = contract.until();
            let end = if is_open { until } else { self.resume_notice(id, until) };
            let until = self.tick_of_end(end);
            let state = if is_open { State::Active { until } } else { State::Notice { until } };
            let run = Live::resume(Tenancy { notice_ms }, id.to_string(), state);
            let account = Account {
                customer: terms.customer,
                quota_bytes: terms.quota_bytes,
                used_bytes,
                fragments,
                reserved_bytes: 0,
                is_open,
            };
            self.supplier.tenancies.insert(id, run);
            self.supplier.room.restore(id, account);
            self.supplier.ends.insert(id, end);
            self.supplier.contracts.insert(id, contract);
        }
    }

    pub(crate) fn poll_supplier(&mut self) {
        let now = self.now.tick;
        let due = self
            .supplier
            .tenancies
            .iter()
            .filter(|(_, tenancy)| tenancy.deadline().is_some_and(|deadline| deadline <= now));
        for id in due.map(|(id, _)| *id).collect::<Vec<_>>() {
            let end = self.supplier.ends.get(&id).filter(|end| **end > self.now.date);
            let end = end.map(|end| self.tick_of(*end));
            // The calendar was set back, or was wrong at the start: nothing is erased for that.
            if let Some(until) = end.max(self.watched_until(&id)) {
                self.feed_tenancy(id, None, Event::Later { until });
            }
            let Some(tenancy) = self.supplier.tenancies.get_mut(&id) else { continue };
            let effects = tenancy.poll(now, &mut self.journal);
            self.carry_out_tenancy(id, None, effects);
        }
    }

    pub(crate) fn tenancy_opened(&mut self, contract: ContractId, refused: Option<Refusal>) {
        if self.renewal_kept(contract, refused) {
            return;
        }
        let end = self.supplier.contracts.get(&contract).map(Contract::until);
        let mut waiting = self.supplier.pending.remove(&contract).unwrap_or_default().into_iter();
        let first = waiting.next();
        match (refused, end) {
            (None, Some(end)) => {
                self.supplier.ends.insert(contract, end);
                let until = self.tick_of(end);
                self.feed_tenancy(contract, first, Event::Opened { until });
                for (from, answer_to) in waiting {
                    self.order(Output::TellStanding { to: from.device, answer_to, contract });
                }
            }
            (reason, _) => {
                self.feed_tenancy(contract, None, Event::OpenFailed);
                let reason = reason.unwrap_or(Refusal::DiskFailed);
                for (from, request) in first.into_iter().chain(waiting) {
                    self.answer(from, request, Message::Decline { reason });
                }
            }
        }
    }

    /// A bulk request: granted only to the owner, and within what was promised to it.
    pub(crate) fn asked(&mut self, stream: u64, from: Asker, request: BulkRequest) {
        let is_room = self.supplier.streams.len() < STREAMS_MAX;
        let is_current = self.is_current(from);
        let verdict = match request {
            _ if !is_current => Err(Refusal::Former),
            _ if !is_room || self.supplier.streams.contains_key(&stream) => Err(Refusal::Busy),
            BulkRequest::Put { contract, bytes, .. } => self
                .may_put(contract, from, u64::from(bytes))
                .map(|()| (contract, u64::from(bytes))),
            BulkRequest::Get { contract, .. } | BulkRequest::Delete { contract, .. } => {
                self.may_read(contract, from).map(|()| (contract, 0))
            }
            BulkRequest::Audit { challenge } => {
                self.may_audit(&challenge, from).map(|()| (challenge.body.contract, 0))
            }
        };
        match verdict {
            Ok(granted) => {
                self.supplier.streams.insert(stream, granted);
                self.order(Output::Serve { stream });
            }
            Err(reason) => self.order(Output::Refuse { stream, reason }),
        }
    }

    pub(crate) fn served(&mut self, stream: u64, kept: Option<(u64, u64)>) {
        let Some((contract, reserved)) = self.supplier.streams.remove(&stream) else { return };
        let used = |room: &Room| room.account(&contract).map_or(0, |account| account.used_bytes);
        let before = used(&self.supplier.room);
        self.supplier.room.settle(&contract, reserved, kept);
        // Until the disk is looked at again.
        let more = used(&self.supplier.room).saturating_sub(before);
        self.supplier.free_bytes = self.supplier.free_bytes.saturating_sub(more);
    }

    /// The user ends all contracts with a customer. Says whether there were any.
    pub(crate) fn end_customer(&mut self, customer: IdentityId) -> bool {
        let accounts = self.supplier.room.accounts().iter();
        let of_customer = accounts.filter(|(_, account)| account.customer == customer);
        let contracts: Vec<ContractId> = of_customer.map(|(id, _)| *id).collect();
        for contract in &contracts {
            self.feed_tenancy(*contract, None, Event::End);
        }
        !contracts.is_empty()
    }

    fn may_put(&mut self, contract: ContractId, from: Asker, bytes: u64) -> Result<(), Refusal> {
        self.may_read(contract, from)?;
        if !self.services.is_on("supplier") {
            return Err(Refusal::Closed);
        }
        let coming = self.supplier.room.reserved_bytes().saturating_add(bytes);
        let free = self.supplier.free_bytes.saturating_sub(coming);
        if free < self.settings.disk_floor_bytes {
            return Err(Refusal::DiskFull);
        }
        self.supplier.room.reserve(&contract, &from.identity, bytes)
    }

    /// Reading and erasing stay possible while the service is off: what was promised is kept.
    pub(crate) fn may_read(&self, contract: ContractId, from: Asker) -> Result<(), Refusal> {
        self.supplier.room.may_read(&contract, &from.identity)
    }

    pub(crate) fn feed_tenancy(
        &mut self,
        id: ContractId,
        asker: Option<(Asker, RequestId)>,
        event: Event,
    ) {
        if let Some(tenancy) = self.supplier.tenancies.get_mut(&id) {
            let effects = tenancy.feed(event, self.now.tick, &mut self.journal);
            self.carry_out_tenancy(id, asker, effects);
        }
    }

    fn carry_out_tenancy(
        &mut self,
        id: ContractId,
        asker: Option<(Asker, RequestId)>,
        effects: Vec<Effect>,
    ) {
        for effect in effects {
            match effect {
                Effect::SendAcceptance => {
                    let contract = self.supplier.contracts.get(&id).cloned();
                    if let (Some((from, request)), Some(contract)) = (asker, contract) {
                        self.answer(from, request, Message::Accept { contract });
                    }
                }
                // Those who wait are told why in `tenancy_opened`.
                Effect::SendDecline => self.forget_tenancy(&id),
                Effect::SendEnded => {
                    if let Some((from, request)) = asker {
                        let ended = self.ended(id);
                        self.answer(from, request, ended);
                    }
                }
                Effect::Close => {
                    self.supplier.room.close(&id);
                    let erased = self.begin_notice(id);
                    self.supplier.ends.insert(id, erased);
                    self.order(Output::CloseTenancy { contract: id });
                    if asker.is_none() {
                        self.tell_customer(id);
                    }
                }
                Effect::Erase => {
                    self.forget_tenancy(&id);
                    self.order(Output::EraseTenancy { contract: id });
                }
            }
        }
        if self.supplier.tenancies.get(&id).is_some_and(Live::is_done) {
            self.supplier.tenancies.remove(&id);
        }
    }

    /// That a contract is over, and until when its data stays.
    pub(crate) fn ended(&self, contract: ContractId) -> Message {
        let erased = self.supplier.ends.get(&contract).copied().unwrap_or(self.now.date);
        Message::Ended { contract, erased }
    }

    pub(crate) fn answer(&mut self, to: Asker, request: RequestId, message: Message) {
        let id = self.chance.request_id();
        self.order(Output::Send { to: to.device, id, answer_to: Some(request), message });
    }

    /// Tells a customer that is connected; one that is not asks when it comes.
    fn tell_customer(&mut self, contract: ContractId) {
        let Some(account) = self.supplier.room.account(&contract) else { return };
        let customer = account.customer;
        let peers = self.peers.values().filter(|peer| peer.asker.identity == customer);
        for to in peers.map(|peer| peer.asker.device).collect::<Vec<_>>() {
            let (id, message) = (self.chance.request_id(), self.ended(contract));
            self.order(Output::Send { to, id, answer_to: None, message });
        }
    }

    fn forget_tenancy(&mut self, id: &ContractId) {
        self.supplier.room.withdraw(id);
        self.supplier.contracts.remove(id);
        self.supplier.ends.remove(id);
        self.supplier.audits.remove(id);
        self.book.notices.remove(id);
    }
}
