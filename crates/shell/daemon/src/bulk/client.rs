//! The side that stores: masks and sends fragments, verifies receipts, asks for fragments back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base::encode;
use base::{BlockId, ContractId, DeviceId, Hash, IdentityId, Label, RequestId, Signature};
use node::input::{GetOutcome, Input, PutOutcome};
use storage::wire::{BulkAnswer, BulkRequest, Message};
use store::receipt::ReceiptBody;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::spawn_blocking;
use tokio::time::sleep_until;
use transport::Handle;

use super::audits::Asked;
use super::buffers::Buffers;
use super::pool::{Answered, Pool, Pools};
use super::receipts::{Receipts, Sent};
use crate::border::BorderError;
use crate::peers::Post;
use crate::run::chance;
use crate::run::happening::Happening;
use crate::run::local::Local;
use crate::work::{Fragment, Works};

/// Memory for masked fragments on their way out, bytes.
const SENDING_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What is needed to store and fetch; cheap to clone.
#[derive(Clone)]
pub(crate) struct Client(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) local: Arc<Local>,
    pub(super) works: Works,
    happenings: mpsc::Sender<Happening>,
    pub(super) pools: Pools,
    pub(super) questions: Mutex<BTreeMap<DeviceId, Asked>>,
    receipts: Mutex<Receipts>,
    sending: Arc<Semaphore>,
    buffers: Buffers,
    fetching: Arc<Semaphore>,
}

/// A fragment that is to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Put {
    pub(crate) device: DeviceId,
    pub(crate) contract: ContractId,
    pub(crate) supplier: IdentityId,
    pub(crate) block: BlockId,
    pub(crate) index: u8,
}

/// A fragment that is to be fetched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Get {
    pub(crate) fetch: u64,
    pub(crate) device: DeviceId,
    pub(crate) contract: ContractId,
    pub(crate) supplier: IdentityId,
    pub(crate) block: BlockId,
    pub(crate) index: u8,
}

/// A fragment as its supplier keeps it.
struct Masked {
    bytes: Vec<u8>,
    root: Hash,
    manifest: Vec<u8>,
    memory: OwnedSemaphorePermit,
}

impl Client {
    pub(crate) fn new(
        local: Arc<Local>,
        works: Works,
        happenings: mpsc::Sender<Happening>,
        fetch_bytes: u64,
    ) -> Self {
        let fetching = usize::try_from(fetch_bytes).unwrap_or(usize::MAX);
        let fetching = fetching.clamp(base::DATA_BYTES_MAX, Semaphore::MAX_PERMITS);
        Self(Arc::new(Inner {
            local,
            works,
            happenings,
            pools: Pools::default(),
            questions: Mutex::default(),
            receipts: Mutex::default(),
            sending: Arc::new(Semaphore::new(SENDING_BYTES_MAX)),
            buffers: Buffers::new(SENDING_BYTES_MAX),
            fetching: Arc::new(Semaphore::new(fetching)),
        }))
    }

    /// Sends a fragment; `PutDone` comes when it is over.
    pub(crate) async fn put(self, net: Option<Handle>, put: Put) {
        let outcome = match net {
            Some(net) => self.0.put(&net, put).await,
            None => PutOutcome::Lost,
        };
        let Put { device, block, index, .. } = put;
        self.0.tell(Input::PutDone { device, block, index, outcome }).await;
    }

    /// Fetches a fragment; `GetDone` comes when it is over.
    pub(crate) async fn get(self, net: Option<Handle>, get: Get) {
        let outcome = match net {
            Some(net) => self.0.get(&net, get).await,
            None => GetOutcome::Lost,
        };
        let Get { fetch, index, .. } = get;
        self.0.tell(Input::GetDone { fetch, index, outcome }).await;
    }
}

impl Inner {
    /// Whether fragments are on their way to any supplier.
    pub(super) fn is_sending(&self) -> bool {
        self.sending.available_permits() < SENDING_BYTES_MAX
    }

    async fn put(self: &Arc<Self>, net: &Handle, put: Put) -> PutOutcome {
        let pool = self.pools.of(put.device);
        let Some(_turn) = pool.turn().await else { return PutOutcome::Lost };
        let Some(masked) = self.clone().mask(put).await else { return PutOutcome::Lost };
        let Put { device, contract, block, index, .. } = put;
        let Masked { bytes: body, root: masked_root, manifest, memory } = masked;
        let bytes = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let request = BulkRequest::Put { contract, block, index, bytes, masked_root, manifest };
        let answered = self.exchange(net, (device, &pool), &request, &body).await;
        self.buffers.give(body);
        drop(memory);
        if self.sending.available_permits() == SENDING_BYTES_MAX {
            self.buffers.clear();
        }
        match answered.map(|answered| answered.head) {
            Ok(BulkAnswer::Stored { receipt }) => {
                let sent = Sent { device, contract, block, index, masked_root, bytes };
                self.receipted(&receipt, &sent, &pool).await
            }
            Ok(BulkAnswer::Refused { reason }) => PutOutcome::Refused(reason),
            Ok(BulkAnswer::Fragment { .. } | BulkAnswer::Audited { .. }) => PutOutcome::Wrong,
            Err(error) => {
                tracing::debug!(%error, "a fragment was not sent");
                PutOutcome::Lost
            }
        }
    }

    async fn receipted(&self, receipt: &[u8], sent: &Sent, pool: &Pool) -> PutOutcome {
        let taken = lock(&self.receipts).take(receipt, sent);
        let body = match taken {
            Ok(receipt) => receipt.body,
            Err(error) => {
                tracing::warn!(%error, supplier = %sent.device, "a receipt that proves nothing");
                return PutOutcome::Wrong;
            }
        };
        let Sent { device, contract, block, index, .. } = *sent;
        self.works.receipt(block, index, device, contract, receipt);
        if pool.is_quiet() {
            self.agree(device, &body).await;
        }
        PutOutcome::Receipted { fragments: body.total_fragments, bytes: body.total_bytes }
    }

    /// Receipts are cumulative: agreeing to the newest one is enough, when nothing follows.
    async fn agree(&self, device: DeviceId, body: &ReceiptBody) {
        if !lock(&self.receipts).agree(body) {
            return;
        }
        let label = Label::ReceiptAgreement;
        let signature = Signature::make(&self.local.keys.device, label, &encode(body));
        let (contract, sequence) = (body.contract, body.sequence);
        let message = Message::Agree { contract, sequence, signature };
        let post = Post { id: RequestId(chance::bytes()), answer_to: None, message };
        let _ = self.happenings.send(Happening::Say { to: device, post }).await;
    }

    async fn mask(self: Arc<Self>, put: Put) -> Option<Masked> {
        let mask = self.works.mask(put.supplier, put.block, put.index)?;
        let fragment = self.works.fragment(put.block, put.index)?;
        let length = u32::try_from(fragment.bytes.as_ref().len()).ok()?;
        let memory = self.sending.clone().acquire_many_owned(length).await.ok()?;
        let masking = spawn_blocking(move || {
            let Fragment { bytes: plain, manifest } = fragment;
            let mut bytes = self.buffers.take();
            bytes.clear();
            bytes.extend_from_slice(plain.as_ref());
            let root = mask.apply_and_root(&mut bytes);
            Masked { bytes, root, manifest: manifest.to_vec(), memory }
        });
        masking.await.ok()
    }

    async fn get(self: &Arc<Self>, net: &Handle, get: Get) -> GetOutcome {
        let pool = self.pools.of(get.device);
        let Some(_turn) = pool.turn().await else { return GetOutcome::Lost };
        let Get { fetch, device, contract, supplier, block, index } = get;
        // Others may have brought enough while this one waited for its turn.
        if !self.works.is_wanted(fetch) {
            return GetOutcome::Lost;
        }
        let request = BulkRequest::Get { contract, block, index };
        let exchange = self.exchange(net, (device, &pool), &request, &[]);
        match self.listen(device, &pool, exchange).await {
            Ok(Answered { head: BulkAnswer::Fragment { manifest, .. }, body, memory }) => {
                let works = self.works.clone();
                let accepting = spawn_blocking(move || {
                    let outcome = works.accept(fetch, index, supplier, body, &manifest);
                    drop(memory);
                    outcome
                });
                accepting.await.unwrap_or(GetOutcome::Lost)
            }
            Ok(Answered { head: BulkAnswer::Refused { reason }, .. }) => {
                GetOutcome::Refused(reason)
            }
            Ok(Answered {
                head: BulkAnswer::Stored { .. } | BulkAnswer::Audited { .. }, ..
            }) => GetOutcome::Wrong,
            Err(error) => {
                tracing::debug!(%error, "a fragment did not come");
                GetOutcome::Lost
            }
        }
    }

    /// Tells the node when a supplier says nothing while it is asked, so that it can ask others.
    async fn listen<T>(
        &self,
        device: DeviceId,
        pool: &Pool,
        exchange: impl Future<Output = T>,
    ) -> T {
        let presence = pool.presence();
        let asked = presence.ask();
        let mut exchange = std::pin::pin!(exchange);
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = &mut exchange => break outcome,
                () = sleep_until(presence.due()) => {
                    if presence.falls_silent() {
                        self.tell(Input::Silent { device, is_silent: true }).await;
                    }
                }
            }
        };
        drop(asked);
        if presence.is_back() {
            self.tell(Input::Silent { device, is_silent: false }).await;
        }
        outcome
    }

    /// One request and its answer. A stream that was idle may have been closed by the other side;
    /// then it is tried once more on a new one, for every request may be made twice.
    pub(super) async fn exchange(
        &self,
        net: &Handle,
        (device, pool): (DeviceId, &Pool),
        request: &BulkRequest,
        body: &[u8],
    ) -> Result<Answered, BorderError> {
        loop {
            let mut taken = pool.take(net, device, &self.local).await?;
            match taken.line.exchange(request, body, &self.fetching).await {
                Ok(answered) => {
                    pool.put_back(taken.line);
                    return Ok(answered);
                }
                Err(BorderError::Io(_) | BorderError::Closed) if taken.is_used => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) async fn tell(&self, input: Input) {
        // Nobody listens when the daemon ends.
        let _ = self.happenings.send(Happening::Input(input)).await;
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
