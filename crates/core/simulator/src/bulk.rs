//! Fragments on their way: requests, what suppliers do with them, and their answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{BlockId, ContractId, IdentityId, Label, RequestId, Signature, decode, encode};
use codec::Mask;
use mesh::Outgoing;
use node::input::{AuditOutcome, GetOutcome, Input, PutOutcome};
use storage::audit::Challenge;
use storage::wire::{Asker, BulkAnswer, BulkRequest, Refusal};
use store::fragments::{Outcome, Put};
use store::receipt::Receipt;

use crate::being::Honesty;
use crate::links::{BULK, LIFE_MS};
use crate::world::{Event, World};

/// A request or an answer on its way.
pub(crate) struct Bulk {
    from: usize,
    to: usize,
    epoch: u64,
    envelope: Vec<u8>,
    load: Vec<u8>,
    transfer: Transfer,
    is_answer: bool,
}

/// A transfer of the customer.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    customer: usize,
    supplier: usize,
    contract: ContractId,
    block: BlockId,
    index: u8,
    kind: TransferKind,
}

#[derive(Clone, Copy, Debug)]
enum TransferKind {
    Put,
    Get { fetch: u64 },
    Audit,
}

impl Transfer {
    pub(crate) fn audit(
        customer: usize,
        supplier: usize,
        contract: ContractId,
        (block, index): (BlockId, u8),
    ) -> Self {
        Self { customer, supplier, contract, block, index, kind: TransferKind::Audit }
    }
}

/// A request that a supplier has taken.
pub(crate) struct Stream {
    transfer: Transfer,
    request: BulkRequest,
    owner: IdentityId,
    load: Vec<u8>,
}

/// Transfers that have not ended, by customer and supplier, so that a broken connection ends them.
#[derive(Default)]
pub(crate) struct Transfers {
    open: BTreeMap<u64, Transfer>,
    next: u64,
}

impl World {
    pub(crate) fn put(
        &mut self,
        me: usize,
        supplier: usize,
        (contract, block, index): (ContractId, BlockId, u8),
    ) {
        let transfer =
            Transfer { customer: me, supplier, contract, block, index, kind: TransferKind::Put };
        let identity = self.beings[supplier].identity();
        let Some(life) = self.beings[me].life.as_mut() else { return };
        let Some((mut load, manifest)) = life.works.fragment(block, index) else {
            return self.transfer_lost(&transfer);
        };
        let mask = Mask::new(life.works.keyring.mask_root(), identity, block, index);
        let masked_root = mask.apply_and_root(&mut load);
        let bytes = u32::try_from(load.len()).expect("fragments are short");
        let request = BulkRequest::Put { contract, block, index, bytes, masked_root, manifest };
        self.ask(transfer, &request, load);
    }

    pub(crate) fn get(
        &mut self,
        me: usize,
        supplier: usize,
        fetch: u64,
        (contract, block, index): (ContractId, BlockId, u8),
    ) {
        let kind = TransferKind::Get { fetch };
        let transfer = Transfer { customer: me, supplier, contract, block, index, kind };
        self.ask(transfer, &BulkRequest::Get { contract, block, index }, vec![]);
    }

    pub(crate) fn ask(&mut self, transfer: Transfer, request: &BulkRequest, load: Vec<u8>) {
        let (from, to) = (transfer.customer, transfer.supplier);
        match self.seal_bulk(from, to, encode(request)) {
            Some((epoch, envelope)) => {
                self.transfers.next += 1;
                self.transfers.open.insert(self.transfers.next, transfer.clone());
                if !self.breaks(from, to) {
                    let bulk = Bulk { from, to, epoch, envelope, load, transfer, is_answer: false };
                    self.in_order(from, to, Event::Bulk(bulk));
                }
            }
            None => self.transfer_lost(&transfer),
        }
    }

    fn seal_bulk(&mut self, from: usize, to: usize, payload: Vec<u8>) -> Option<(u64, Vec<u8>)> {
        let id = RequestId(self.chance.bytes());
        let outgoing = Outgoing { kind: BULK, id, answer_to: None, payload, life_ms: LIFE_MS };
        self.seal(from, to, outgoing)
    }

    pub(crate) fn bulk_arrives(&mut self, bulk: Bulk) {
        let Bulk { from, to, epoch, envelope, load, transfer, is_answer } = bulk;
        if self.links.epoch(from, to) != Some(epoch) {
            return;
        }
        let now = self.now.date;
        let Some(life) = self.beings[to].life.as_mut() else { return };
        let Some(session) = life.sessions.get_mut(&from) else { return };
        let received = session.receive(&envelope, now).expect("honest envelopes are received");
        let speaker = session.peer();
        if is_answer {
            let answer = decode(&received.payload).expect("honest answers decode");
            return self.answer_arrives(&transfer, &answer, load);
        }
        let request: BulkRequest = decode(&received.payload).expect("honest requests decode");
        self.streams += 1;
        let stream = self.streams;
        let owner = speaker.identity;
        let taken = Stream { transfer, request: request.clone(), owner, load };
        life.streams.insert(stream, taken);
        let from = Asker {
            identity: speaker.identity,
            device: speaker.device,
            generation: speaker.generation,
        };
        self.give(to, Input::Asked { stream, from, request });
    }

    pub(crate) fn refuse(&mut self, me: usize, stream: u64, reason: Refusal) {
        let life = self.beings[me].life.as_mut();
        if let Some(taken) = life.and_then(|life| life.streams.remove(&stream)) {
            self.answer(taken.transfer, &BulkAnswer::Refused { reason }, vec![]);
        }
    }

    pub(crate) fn serve(&mut self, me: usize, stream: u64) {
        let now = self.now.date;
        if let Some(challenge) = self.question(me, stream) {
            let answer = self.prove(me, &challenge);
            let life = self.beings[me].life.as_mut();
            if let Some(taken) = life.and_then(|life| life.streams.remove(&stream)) {
                self.soon(me, Input::Served { stream, kept: None });
                self.answer(taken.transfer, &answer, vec![]);
            }
            return;
        }
        let being = &mut self.beings[me];
        let honesty = being.honesty;
        let key = being.keys.device.clone();
        let Some(life) = being.life.as_mut() else { return };
        let Some(taken) = life.streams.remove(&stream) else { return };
        let Some(store) = life.store.as_mut() else { return };
        let Stream { transfer, request, owner, load } = taken;
        let (answer, load, kept) = match request {
            BulkRequest::Put { contract, block, index, masked_root, manifest, .. } => {
                let put =
                    Put { owner, contract, block, index, masked_root, manifest, payload: load };
                let sign = |body: &store::receipt::ReceiptBody| {
                    Signature::make(&key, Label::Receipt, &encode(body))
                };
                let outcome = store.commit(&[put], &sign, now).pop();
                let view = store.reader().contract(contract);
                let kept = view.map(|view| (view.totals.fragments, view.totals.bytes));
                (answer_of(outcome), vec![], kept)
            }
            BulkRequest::Get { contract, block, index } => {
                let given = give_back(store, honesty, contract, (block, index));
                match given {
                    Some((bytes, manifest)) => {
                        let length = u32::try_from(bytes.len()).expect("fragments are short");
                        (BulkAnswer::Fragment { bytes: length, manifest }, bytes, None)
                    }
                    None => (BulkAnswer::Refused { reason: Refusal::Missing }, vec![], None),
                }
            }
            // Questions are answered before.
            BulkRequest::Delete { .. } | BulkRequest::Audit { .. } => {
                (BulkAnswer::Refused { reason: Refusal::Closed }, vec![], None)
            }
        };
        self.soon(me, Input::Served { stream, kept });
        self.answer(transfer, &answer, load);
    }

    fn question(&self, me: usize, stream: u64) -> Option<Challenge> {
        match &self.beings[me].life.as_ref()?.streams.get(&stream)?.request {
            BulkRequest::Audit { challenge } => Some(challenge.body.clone()),
            _ => None,
        }
    }

    fn answer(&mut self, transfer: Transfer, answer: &BulkAnswer, load: Vec<u8>) {
        let (from, to) = (transfer.supplier, transfer.customer);
        if let Some((epoch, envelope)) = self.seal_bulk(from, to, encode(answer))
            && !self.breaks(from, to)
        {
            let bulk = Bulk { from, to, epoch, envelope, load, transfer, is_answer: true };
            self.in_order(from, to, Event::Bulk(bulk));
        }
    }

    fn answer_arrives(&mut self, transfer: &Transfer, answer: &BulkAnswer, load: Vec<u8>) {
        if !self.close_transfer(transfer) {
            return;
        }
        match transfer.kind {
            TransferKind::Put => self.put_answered(transfer, answer),
            TransferKind::Get { fetch } => self.get_answered(transfer, fetch, answer, load),
            TransferKind::Audit => {
                self.audit_answered(transfer.customer, transfer.supplier, Some(answer));
            }
        }
    }

    fn put_answered(&mut self, transfer: &Transfer, answer: &BulkAnswer) {
        let Transfer { customer, supplier, contract, block, index, .. } = *transfer;
        let device = self.beings[supplier].device();
        let identity = self.beings[supplier].identity();
        let outcome = match answer {
            BulkAnswer::Stored { receipt } => {
                let receipt: Option<Receipt> = decode(receipt).ok();
                let receipt = receipt.filter(|receipt| {
                    receipt.verify(device.into(), Label::Receipt).is_ok()
                        && receipt.body.contract == contract
                });
                let named = receipt.and_then(|receipt| {
                    let entries = receipt.body.entries.iter();
                    let entry = entries.copied().find(|e| e.block == block && e.index == index)?;
                    self.receipts.insert((contract, receipt.body.sequence), receipt.clone());
                    Some((receipt.body.clone(), entry))
                });
                match (named, self.beings[customer].life.as_mut()) {
                    (Some((body, entry)), Some(life)) => {
                        life.works.receipted(&body, entry, identity);
                        self.receipted.insert((supplier, contract, block, index));
                        PutOutcome::Receipted {
                            fragments: body.total_fragments,
                            bytes: body.total_bytes,
                        }
                    }
                    _ => PutOutcome::Wrong,
                }
            }
            BulkAnswer::Refused { reason } => PutOutcome::Refused(*reason),
            BulkAnswer::Fragment { .. } | BulkAnswer::Audited { .. } => PutOutcome::Wrong,
        };
        self.give(customer, Input::PutDone { device, block, index, outcome });
    }

    fn get_answered(
        &mut self,
        transfer: &Transfer,
        fetch: u64,
        answer: &BulkAnswer,
        load: Vec<u8>,
    ) {
        let Transfer { customer, supplier, index, .. } = *transfer;
        let identity = self.beings[supplier].identity();
        let outcome = match answer {
            BulkAnswer::Fragment { manifest, .. } => {
                let life = self.beings[customer].life.as_mut();
                let works = life.map(|life| &mut life.works);
                let is_right = works
                    .is_some_and(|works| works.accept((fetch, index), identity, load, manifest));
                if is_right { GetOutcome::Arrived } else { GetOutcome::Wrong }
            }
            BulkAnswer::Refused { reason } => GetOutcome::Refused(*reason),
            BulkAnswer::Stored { .. } | BulkAnswer::Audited { .. } => GetOutcome::Wrong,
        };
        if outcome == GetOutcome::Wrong {
            self.named.insert(supplier);
        }
        self.give(customer, Input::GetDone { fetch, index, outcome });
    }

    /// A connection broke: what was on its way is lost.
    pub(crate) fn bulk_broken(&mut self, one: usize, two: usize) {
        let between = |transfer: &Transfer| {
            (transfer.customer, transfer.supplier) == (one, two)
                || (transfer.customer, transfer.supplier) == (two, one)
        };
        let open = std::mem::take(&mut self.transfers.open);
        for (id, transfer) in open {
            if between(&transfer) {
                self.transfer_lost(&transfer);
            } else {
                self.transfers.open.insert(id, transfer);
            }
        }
    }

    fn transfer_lost(&mut self, transfer: &Transfer) {
        let Transfer { customer, supplier, block, index, .. } = *transfer;
        let device = self.beings[supplier].device();
        self.soon(
            customer,
            match transfer.kind {
                TransferKind::Put => {
                    Input::PutDone { device, block, index, outcome: PutOutcome::Lost }
                }
                TransferKind::Get { fetch } => {
                    Input::GetDone { fetch, index, outcome: GetOutcome::Lost }
                }
                TransferKind::Audit => Input::Audited { device, outcome: AuditOutcome::Lost },
            },
        );
    }

    fn close_transfer(&mut self, done: &Transfer) -> bool {
        let same = |transfer: &Transfer| {
            let kinds = match (transfer.kind, done.kind) {
                (TransferKind::Put, TransferKind::Put)
                | (TransferKind::Audit, TransferKind::Audit) => true,
                (TransferKind::Get { fetch: a }, TransferKind::Get { fetch: b }) => a == b,
                _ => false,
            };
            kinds
                && (transfer.customer, transfer.supplier) == (done.customer, done.supplier)
                && (transfer.block, transfer.index) == (done.block, done.index)
        };
        let found = self.transfers.open.iter().find(|(_, transfer)| same(transfer));
        let id = found.map(|(id, _)| *id);
        id.and_then(|id| self.transfers.open.remove(&id)).is_some()
    }
}

fn answer_of(outcome: Option<Outcome>) -> BulkAnswer {
    let refused = |reason| BulkAnswer::Refused { reason };
    let stored = |receipt: Arc<Receipt>| BulkAnswer::Stored { receipt: encode(&*receipt) };
    match outcome {
        Some(Outcome::Stored { receipt }) => stored(receipt),
        Some(Outcome::Present { receipt: Some(receipt) }) => stored(receipt),
        Some(Outcome::Refused(store::fragments::Refusal::Quota { .. })) => refused(Refusal::Quota),
        Some(Outcome::Refused(store::fragments::Refusal::DiskFloor { .. })) => {
            refused(Refusal::DiskFull)
        }
        Some(Outcome::Present { receipt: None } | Outcome::Refused(_)) | None => {
            refused(Refusal::DiskFailed)
        }
    }
}

fn give_back(
    store: &store::FragmentStore,
    honesty: Honesty,
    contract: ContractId,
    (block, index): (BlockId, u8),
) -> Option<(Vec<u8>, Vec<u8>)> {
    let reader = store.reader();
    let (block_given, index_given) = match honesty {
        _ if honesty.has_dropped((block, index)) => return None,
        Honesty::Honest | Honesty::Garbage | Honesty::Drops { .. } | Honesty::Evades => {
            (block, index)
        }
        Honesty::Swapped => {
            let listed = reader.list(contract, None, 1_000).ok()?;
            let other = listed.iter().find(|each| (each.block, each.index) != (block, index))?;
            (other.block, other.index)
        }
    };
    let view = reader.view(contract, block_given, index_given).ok()?;
    let name = (block_given, index_given);
    let mut bytes = reader.read(contract, name, 0..view.bytes).ok()?;
    if codec::fragment_root(&bytes) != view.masked_root {
        return None;
    }
    if honesty == Honesty::Garbage {
        bytes[0] ^= 1;
    }
    Some((bytes, reader.manifest(contract, block).ok()?))
}
