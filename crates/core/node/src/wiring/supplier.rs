//! Keeps fragments for others: contracts with customers, and who may store, read and erase what.

use std::collections::BTreeMap;

use automata::{Live, Snapshot, Tick};
use base::{ContractId, DAY_MS, IdentityId, Label, RequestId, Signature, encode};
use storage::room::{Account, Room};
use storage::tenancy::{Effect, Event, State, Tenancy};
use storage::terms::{Contract, NOTICE_MS, TERM_MS, Terms};
use storage::wire::{Asker, BulkRequest, Message, Refusal};

use crate::input::Tenant;
use crate::node::Node;
use crate::output::Output;

/// Contracts that one node has with customers at most.
const TENANTS_MAX: usize = 10_000;

/// What the supplier's side holds.
pub(crate) struct Supplier {
    pub(crate) room: Room,
    pub(crate) free_bytes: u64,
    tenancies: BTreeMap<ContractId, Live<Tenancy>>,
    pub(crate) contracts: BTreeMap<ContractId, Contract>,
    /// Requests whose answer waits for the disk.
    pending: BTreeMap<ContractId, (Asker, RequestId)>,
    documents: BTreeMap<RequestId, (Asker, storage::wire::DocumentKind, u64)>,
    /// Granted requests that are under way: contract and reserved bytes.
    streams: BTreeMap<u64, (ContractId, u64)>,
}

impl Supplier {
    pub(crate) fn new(donated_bytes: u64) -> Self {
        Self {
            room: Room::new(donated_bytes),
            free_bytes: 0,
            tenancies: BTreeMap::new(),
            contracts: BTreeMap::new(),
            pending: BTreeMap::new(),
            documents: BTreeMap::new(),
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
            let id = contract.terms.id();
            let until = self.tick_of(contract.terms.until);
            let notice = self.tick_of(contract.terms.until.plus_ms(NOTICE_MS));
            let state =
                if is_open { State::Active { until } } else { State::Notice { until: notice } };
            let tenancy = Tenancy { notice_ms: self.settings.clocks.notice_ms };
            self.supplier.tenancies.insert(id, Live::resume(tenancy, id.to_string(), state));
            self.supplier.room.restore(
                id,
                Account {
                    customer: contract.terms.customer,
                    quota_bytes: contract.terms.quota_bytes,
                    used_bytes,
                    fragments,
                    reserved_bytes: 0,
                    is_open,
                },
            );
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
            let Some(tenancy) = self.supplier.tenancies.get_mut(&id) else { continue };
            let effects = tenancy.poll(now, &mut self.journal);
            self.carry_out_tenancy(id, None, effects);
        }
    }

    /// A control request of somebody else.
    pub(crate) fn asked_of_supplier(&mut self, from: Asker, id: RequestId, message: Message) {
        let outcome = match message {
            Message::Propose { terms, signature } => self.proposed(from, id, terms, signature),
            Message::AskStanding { contract } => self.asked_standing(from, id, contract),
            Message::Agree { contract, sequence, signature } => {
                self.may_read(contract, from).map(|()| {
                    self.order(Output::KeepAgreement { contract, sequence, signature });
                })
            }
            Message::End { contract } => self.may_read(contract, from).map(|()| {
                self.feed_tenancy(contract, Some((from, id)), Event::End);
            }),
            Message::KeepDocument { kind, sequence, bytes } => {
                self.is_customer(from.identity).map(|()| {
                    self.supplier.documents.insert(id, (from, kind, sequence));
                    let owner = from.identity;
                    self.order(Output::KeepDocument { id, owner, kind, sequence, bytes });
                })
            }
            Message::AskDocument { owner, kind } => {
                let to = from.device;
                self.order(Output::TellDocument { to, answer_to: id, owner, kind });
                Ok(())
            }
            // Answers without a request.
            Message::Accept { .. }
            | Message::Decline { .. }
            | Message::Standing { .. }
            | Message::Ended { .. }
            | Message::DocumentKept { .. }
            | Message::Document { .. } => Ok(()),
        };
        if let Err(reason) = outcome {
            self.answer(from, id, Message::Decline { reason });
        }
    }

    pub(crate) fn tenancy_opened(&mut self, contract: ContractId, refused: Option<Refusal>) {
        let until = self.supplier.contracts.get(&contract).map(|found| found.terms.until);
        let event = match (refused, until) {
            (None, Some(until)) => Event::Opened { until: self.tick_of(until) },
            _ => Event::OpenFailed,
        };
        let asker = self.supplier.pending.remove(&contract);
        self.feed_tenancy(contract, asker, event);
    }

    pub(crate) fn document_kept_here(&mut self, id: RequestId, refused: Option<Refusal>) {
        let Some((from, kind, sequence)) = self.supplier.documents.remove(&id) else { return };
        let message = match refused {
            None => Message::DocumentKept { kind, sequence },
            Some(reason) => Message::Decline { reason },
        };
        self.answer(from, id, message);
    }

    /// A bulk request: granted only to the owner, and within what was promised to it.
    pub(crate) fn asked(&mut self, stream: u64, from: Asker, request: BulkRequest) {
        let verdict = match request {
            BulkRequest::Put { contract, bytes, .. } => self
                .may_put(contract, from, u64::from(bytes))
                .map(|()| (contract, u64::from(bytes))),
            BulkRequest::Get { contract, .. } | BulkRequest::Delete { contract, .. } => {
                self.may_read(contract, from).map(|()| (contract, 0))
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
        if let Some((contract, reserved)) = self.supplier.streams.remove(&stream) {
            self.supplier.room.settle(&contract, reserved, kept);
        }
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
        let free = self.supplier.free_bytes.saturating_sub(bytes);
        if free < self.settings.disk_floor_bytes {
            return Err(Refusal::DiskFull);
        }
        self.supplier.room.reserve(&contract, &from.identity, bytes)
    }

    fn may_read(&self, contract: ContractId, from: Asker) -> Result<(), Refusal> {
        self.supplier.room.may_read(&contract, &from.identity)
    }

    fn is_customer(&self, identity: IdentityId) -> Result<(), Refusal> {
        let mut accounts = self.supplier.room.accounts().values();
        let is_customer = accounts.any(|account| account.customer == identity && account.is_open);
        if is_customer { Ok(()) } else { Err(Refusal::NoContract) }
    }

    fn proposed(
        &mut self,
        from: Asker,
        id: RequestId,
        terms: Terms,
        signature: Signature,
    ) -> Result<(), Refusal> {
        if !self.services.is_on("supplier") {
            return Err(Refusal::Closed);
        }
        let existing = self
            .supplier
            .room
            .accounts()
            .iter()
            .find(|(_, account)| account.customer == from.identity && account.is_open);
        if let Some((contract, _)) = existing {
            let (to, contract) = (from.device, *contract);
            self.order(Output::TellStanding { to, answer_to: id, contract });
            return Ok(());
        }
        let bytes = encode(&terms);
        let is_fair = terms.network == self.network
            && terms.customer == from.identity
            && terms.supplier == self.me.identity
            && terms.device == self.me.device
            && terms.from.since_ms(self.now.date) <= DAY_MS
            && terms.until > self.now.date
            && terms.until.since_ms(self.now.date) <= TERM_MS + DAY_MS
            && terms.customer != self.me.identity
            && signature.verify(from.device.into(), Label::ContractOffer, &bytes).is_ok();
        if !is_fair {
            return Err(Refusal::Terms);
        }
        if self.supplier.tenancies.len() >= TENANTS_MAX {
            return Err(Refusal::NoRoom);
        }
        let contract = Contract {
            customer_device: from.device,
            customer_signature: signature,
            supplier_signature: Signature::make(
                &self.keys.device,
                Label::ContractAcceptance,
                &bytes,
            ),
            terms,
        };
        let name = contract.terms.id();
        self.supplier.room.promise(name, from.identity, contract.terms.quota_bytes)?;
        let tenancy = Tenancy { notice_ms: self.settings.clocks.notice_ms };
        self.supplier.tenancies.insert(name, Live::start(tenancy, name.to_string()));
        self.supplier.contracts.insert(name, contract.clone());
        self.supplier.pending.insert(name, (from, id));
        self.order(Output::OpenTenancy { contract });
        Ok(())
    }

    fn asked_standing(
        &mut self,
        from: Asker,
        id: RequestId,
        contract: Option<ContractId>,
    ) -> Result<(), Refusal> {
        let of_customer = || {
            let mut accounts = self.supplier.room.accounts().iter();
            accounts.find(|(_, account)| account.customer == from.identity).map(|(id, _)| *id)
        };
        let contract = contract.or_else(of_customer).ok_or(Refusal::NoContract)?;
        self.may_read(contract, from)?;
        self.order(Output::TellStanding { to: from.device, answer_to: id, contract });
        Ok(())
    }

    fn feed_tenancy(&mut self, id: ContractId, asker: Option<(Asker, RequestId)>, event: Event) {
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
                Effect::SendDecline => {
                    self.supplier.room.withdraw(&id);
                    self.supplier.contracts.remove(&id);
                    if let Some((from, request)) = asker {
                        let reason = Refusal::DiskFailed;
                        self.answer(from, request, Message::Decline { reason });
                    }
                }
                Effect::SendEnded => {
                    if let Some((from, request)) = asker {
                        let erased = self.now.date.plus_ms(self.settings.clocks.notice_ms);
                        self.answer(from, request, Message::Ended { contract: id, erased });
                    }
                }
                Effect::Close => {
                    self.supplier.room.close(&id);
                    self.order(Output::CloseTenancy { contract: id });
                }
                Effect::Erase => {
                    self.supplier.room.withdraw(&id);
                    self.supplier.contracts.remove(&id);
                    self.order(Output::EraseTenancy { contract: id });
                }
            }
        }
        if self.supplier.tenancies.get(&id).is_some_and(Live::is_done) {
            self.supplier.tenancies.remove(&id);
        }
    }

    fn answer(&mut self, to: Asker, request: RequestId, message: Message) {
        let id = self.chance.request_id();
        self.order(Output::Send { to: to.device, id, answer_to: Some(request), message });
    }
}
