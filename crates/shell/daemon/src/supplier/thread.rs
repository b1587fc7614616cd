//! The thread that owns the store.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use base::{ContractId, Date, Label, Signature, encode};
use node::input::Input;
use storage::terms::Contract;
use storage::wire::Refusal;
use store::disk::Disk;
use store::fragments::{FragmentStore, Opening, Outcome, OwnerRecord, Reader};
use store::receipt::ReceiptBody;
use tokio::sync::{Semaphore, mpsc};

use super::group::{Group, collect};
use super::refusal::{of_contract, of_delete, of_put, of_record};
use super::{COMING_MAX, FragmentName, Order, Reply, Setting, open_store};
use crate::bulk::buffers::Buffers;
use crate::run::local::Local;

/// After this time without an order the store is tidied up, a step at a time.
const IDLE_WAIT: Duration = Duration::from_secs(5);
/// A store that failed is opened again after this time.
const REOPEN_WAIT: Duration = Duration::from_secs(10);
/// A segment of which so much is no longer needed is made small, percent.
const DEAD_PERCENT: u64 = 50;
/// Fragments that are erased in one step.
const ERASE_STEP: usize = store::receipt::RECEIPT_ENTRIES_MAX;

/// What the thread holds.
pub(super) struct Keeper {
    pub(super) store: Option<FragmentStore>,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) setting: Setting,
    pub(super) local: Arc<Local>,
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) reader: Arc<RwLock<Option<Reader>>>,
    pub(super) coming: Arc<Semaphore>,
    pub(super) buffers: Arc<Buffers>,
    /// A store that could not be opened is tried again then.
    pub(super) reopen_at: Instant,
}

impl Keeper {
    /// Carries out orders until the end is ordered.
    pub(super) fn run(mut self, queue: &Receiver<Order>) {
        let mut look = Instant::now() + self.setting.look;
        loop {
            let wait = look.saturating_duration_since(Instant::now()).min(IDLE_WAIT);
            match queue.recv_timeout(wait) {
                Ok(order) => {
                    if !self.take(order, queue) {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.tidy_up(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if look <= Instant::now() {
                look = Instant::now() + self.setting.look;
                self.look();
            }
        }
        if let Some(store) = &mut self.store
            && let Err(error) = store.flush()
        {
            tracing::warn!(%error, "the index of the store is behind; the next start takes longer");
        }
    }

    /// Says whether the thread goes on.
    fn take(&mut self, order: Order, queue: &Receiver<Order>) -> bool {
        match order {
            Order::Put(first) => {
                let coming = self.coming.clone();
                let group = collect(first, queue, || coming.available_permits() < COMING_MAX);
                let Group { fragments, then } = group;
                self.keep(fragments);
                then.is_none_or(|then| self.take(then, queue))
            }
            Order::End => false,
            order => {
                self.carry_out(order);
                true
            }
        }
    }

    fn keep(&mut self, fragments: Vec<super::Coming>) {
        let mut puts = Vec::with_capacity(fragments.len());
        let mut waiting = Vec::with_capacity(fragments.len());
        for super::Coming { stream, put, memory, reply } in fragments {
            waiting.push((stream, put.contract, memory, reply));
            puts.push(put);
        }
        let (local, now) = (self.local.clone(), self.date());
        let sign = |body: &ReceiptBody| sign(&local, body);
        let outcomes = match self.working() {
            Some(store) => store.commit_hashed(&puts, &sign, now),
            None => vec![],
        };
        puts.into_iter().for_each(|put| self.buffers.give(put.payload));
        let mut outcomes = outcomes.into_iter();
        for (stream, contract, memory, reply) in waiting {
            drop(memory);
            let answer = match outcomes.next() {
                Some(Outcome::Stored { receipt } | Outcome::Present { receipt: Some(receipt) }) => {
                    Ok(encode(&*receipt))
                }
                Some(Outcome::Refused(refusal)) => Err(of_put(&refusal)),
                Some(Outcome::Present { receipt: None }) | None => Err(Refusal::DiskFailed),
            };
            self.answer(stream, contract, answer, reply);
        }
        self.reopen_if_poisoned();
    }

    fn carry_out(&mut self, order: Order) {
        match order {
            Order::Delete { stream, name, reply } => {
                let answer = self.delete(name);
                self.answer(stream, name.contract, answer, reply);
            }
            Order::Open(contract) => {
                let id = contract.terms.id();
                let refused = self.open(&contract).err();
                self.tell(Input::TenancyOpened { contract: id, refused });
            }
            Order::Close(contract) => {
                let now = self.date();
                let closed = self.working().map(|store| store.close_contract(contract, now));
                if let Some(Err(error)) = closed {
                    tracing::warn!(%error, "the end of a contract could not be written down");
                }
            }
            Order::Erase(contract) => self.erase(contract),
            Order::Agree { contract, sequence, signature } => {
                self.agree(contract, sequence, signature);
            }
            Order::Document { id, owner, kind, sequence, bytes } => {
                let record = OwnerRecord { sequence, bytes };
                let now = self.date();
                let kept = match self.working() {
                    Some(store) => store.put_owner_record(owner, kind as u8, &record, now),
                    None => Err(store::fragments::StoreError::Poisoned.into()),
                };
                let refused = kept.err().map(|error| of_record(&error));
                self.tell(Input::DocumentKept { id, refused });
            }
            Order::MarkDamaged(FragmentName { contract, block, index }) => {
                tracing::warn!(%contract, "a fragment in the store is damaged");
                if let Some(store) = self.working() {
                    // It may have been erased meanwhile.
                    let _ = store.mark_damaged(contract, (block, index));
                }
            }
            // Both are taken before.
            Order::Put(_) | Order::End => {}
        }
        self.reopen_if_poisoned();
    }

    fn open(&mut self, contract: &Contract) -> Result<(), Refusal> {
        let opening = Opening {
            contract: contract.terms.id(),
            owner: contract.terms.customer,
            document: encode(contract),
            quota_bytes: contract.terms.quota_bytes,
            until: contract.until(),
        };
        let now = self.date();
        let store = self.working().ok_or(Refusal::DiskFailed)?;
        store.open_contract(&opening, now).map_err(|error| of_contract(&error))
    }

    fn delete(&mut self, name: FragmentName) -> Result<Vec<u8>, Refusal> {
        let FragmentName { contract, block, index } = name;
        let (local, now) = (self.local.clone(), self.date());
        let sign = |body: &ReceiptBody| sign(&local, body);
        let store = self.working().ok_or(Refusal::DiskFailed)?;
        let deleted = store.delete(contract, &[(block, index)], &sign, now);
        let deleted = deleted.map_err(|error| of_delete(&error))?;
        deleted.receipt.map(|receipt| encode(&*receipt)).ok_or(Refusal::Missing)
    }

    fn erase(&mut self, contract: ContractId) {
        let (local, now) = (self.local.clone(), self.date());
        let sign = |body: &ReceiptBody| sign(&local, body);
        let Some(store) = self.working() else { return };
        loop {
            let page = match store.reader().list(contract, None, ERASE_STEP) {
                Ok(page) if page.is_empty() => return,
                Ok(page) => page,
                Err(error) => return tracing::warn!(%error, "a contract could not be erased"),
            };
            let names: Vec<_> = page.iter().map(|line| (line.block, line.index)).collect();
            if let Err(error) = store.delete(contract, &names, &sign, now) {
                return tracing::warn!(%error, "a contract could not be erased");
            }
        }
    }

    /// Only the device that signed the contract agrees to its receipts.
    fn agree(&mut self, contract: ContractId, sequence: u64, signature: Signature) {
        let now = self.date();
        let Some(store) = self.working() else { return };
        let reader = store.reader();
        let document = reader.document(contract).ok();
        let document = document.and_then(|bytes| base::decode::<Contract>(&bytes).ok());
        let (Some(document), Ok(receipt)) = (document, reader.receipt(contract, sequence)) else {
            return;
        };
        let signed = encode(&receipt.body);
        let signer = document.customer_device.into();
        if signature.verify(signer, Label::ReceiptAgreement, &signed).is_err() {
            return tracing::debug!(%contract, "an agreement that the customer did not sign");
        }
        if let Err(error) = store.agree(contract, sequence, signature, now) {
            tracing::debug!(%error, "an agreement that is not kept");
        }
    }

    /// First the node, then the customer: whoever has a receipt may at once use what is left.
    fn answer(
        &self,
        stream: u64,
        contract: ContractId,
        answer: Result<Vec<u8>, Refusal>,
        reply: Reply,
    ) {
        let view = self.store.as_ref().and_then(|store| store.reader().contract(contract));
        let kept = view.map(|view| (view.totals.fragments, view.totals.bytes));
        self.tell(Input::Served { stream, kept });
        // The stream may be gone; the receipt is in the store.
        let _ = reply.send(answer);
    }

    /// Brings the index up to date and gives the room of one segment back.
    fn tidy_up(&mut self) {
        self.buffers.clear();
        let Some(store) = self.store.as_mut() else { return self.reopen_if_poisoned() };
        if let Err(error) = store.flush() {
            tracing::debug!(%error, "the index of the store is behind");
        }
        match store.compact(DEAD_PERCENT) {
            Ok(Some(compacted)) => {
                tracing::debug!(bytes = compacted.freed_bytes, "room of the store given back");
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "the store could not be made smaller"),
        }
        self.reopen_if_poisoned();
    }

    fn look(&self) {
        match self.disk.free_space() {
            Ok(free_bytes) => self.tell(Input::Disk { free_bytes }),
            Err(error) => tracing::warn!(%error, "the disk does not tell how much is free"),
        }
    }

    fn working(&mut self) -> Option<&mut FragmentStore> {
        self.store.as_mut()
    }

    /// A store whose sync failed is worth nothing until it was opened again.
    fn reopen_if_poisoned(&mut self) {
        if self.store.as_ref().is_some_and(|store| !store.is_poisoned()) {
            return;
        }
        if self.store.is_none() && self.reopen_at > Instant::now() {
            return;
        }
        if self.store.take().is_some() {
            tracing::error!("the disk of the fragment store failed; it is opened again");
        }
        *self.reader.write().unwrap_or_else(PoisonError::into_inner) = None;
        match open_store(&self.disk, &self.setting) {
            Ok(store) => {
                *self.reader.write().unwrap_or_else(PoisonError::into_inner) = Some(store.reader());
                self.store = Some(store);
            }
            Err(error) => {
                tracing::error!(%error, "the fragment store cannot be opened");
                self.reopen_at = Instant::now() + REOPEN_WAIT;
            }
        }
    }

    fn tell(&self, input: Input) {
        // The daemon is ending when nobody listens.
        let _ = self.inputs.blocking_send(input);
    }

    fn date(&self) -> Date {
        self.local.clock.now().date
    }
}

fn sign(local: &Local, body: &ReceiptBody) -> Signature {
    Signature::make(&local.keys.device, Label::Receipt, &encode(body))
}
