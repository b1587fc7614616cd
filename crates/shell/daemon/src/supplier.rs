//! What is kept for others: one thread owns the store, writes in groups and signs receipts; readers
//! may be anywhere.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base::{BlockId, ContractId, IdentityId, RequestId, Signature, decode};
use node::input::{Input, Tenant};
use storage::terms::Contract;
use storage::wire::{DocumentKind, Refusal};
use store::disk::{Disk, DiskError};
use store::fragments::{self, FragmentStore, OpenStoreError, Reader};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::bulk::buffers::Buffers;
use crate::run::chance;
use crate::run::local::Local;

mod group;
mod reading;
mod refusal;
#[cfg(test)]
mod tests;
mod thread;

pub(crate) use reading::Served;

/// What the store thread is asked to do. Each fragment on its way holds a part of the memory, and
/// the node orders nothing else twice before it is answered, so that the queue is limited.
#[expect(clippy::large_enum_variant, reason = "moved once from the loop to the thread")]
pub(crate) enum Order {
    /// Keep a fragment.
    Put(Coming),
    /// Erase one.
    Delete { stream: u64, name: FragmentName, reply: Reply },
    /// Write a contract down.
    Open(Contract),
    /// Write its end down.
    Close(ContractId),
    /// Erase all that is kept under it.
    Erase(ContractId),
    /// Write the customer's agreement to a receipt down.
    Agree { contract: ContractId, sequence: u64, signature: Signature },
    /// Keep a document of an owner.
    Document { id: RequestId, owner: IdentityId, kind: DocumentKind, sequence: u64, bytes: Vec<u8> },
    /// A copy was found to be damaged.
    MarkDamaged(FragmentName),
    /// Close the store.
    End,
}

/// A fragment under a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FragmentName {
    pub(crate) contract: ContractId,
    pub(crate) block: BlockId,
    pub(crate) index: u8,
}

/// A fragment that has come.
pub(crate) struct Coming {
    /// The stream that brought it.
    pub(crate) stream: u64,
    /// The fragment; it was hashed as it came and has its root.
    pub(crate) put: fragments::Put,
    /// Its share of the memory; free when it is written.
    pub(crate) memory: OwnedSemaphorePermit,
    /// Where the answer goes.
    pub(crate) reply: Reply,
}

/// The receipt as it is sent, or why there is none.
pub(crate) type Reply = oneshot::Sender<Result<Vec<u8>, Refusal>>;

/// How the store is used.
pub(crate) struct Setting {
    /// Room on the disk that is left free, bytes.
    pub(crate) disk_floor_bytes: u64,
    /// Memory for fragments on their way, bytes.
    pub(crate) memory_bytes: u64,
    /// Between two looks at the free room.
    pub(crate) look: Duration,
}

/// The supplier's store, from all other threads.
pub(crate) struct Supplier {
    orders: Sender<Order>,
    reader: Arc<RwLock<Option<Reader>>>,
    memory: Arc<Semaphore>,
    coming: Arc<Semaphore>,
    buffers: Arc<Buffers>,
    thread: std::sync::Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// What the store holds at the start.
pub(crate) struct Holdings {
    /// The contracts.
    pub(crate) tenants: Vec<Tenant>,
    /// Bytes free on its disk.
    pub(crate) free_bytes: u64,
}

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SupplierError {
    /// The directory cannot be used.
    #[error("the directory of the fragment store cannot be used")]
    Disk(#[from] DiskError),
    /// The store cannot be opened.
    #[error("the fragment store cannot be opened")]
    Open(#[from] OpenStoreError),
    /// The system gives no thread.
    #[error("the thread of the fragment store cannot be started")]
    Thread(#[source] std::io::Error),
}

impl Supplier {
    /// Opens the store on `disk` and starts its thread.
    ///
    /// # Errors
    /// The disk fails, or what is on it is no store.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        setting: Setting,
        local: Arc<Local>,
        inputs: mpsc::Sender<Input>,
    ) -> Result<(Self, Holdings), SupplierError> {
        let store = open_store(&disk, &setting)?;
        report(&store);
        let holdings =
            Holdings { tenants: tenants(&store.reader()), free_bytes: disk.free_space()? };
        let reader = Arc::new(RwLock::new(Some(store.reader())));
        let (orders, queue) = channel();
        let permits = usize::try_from(setting.memory_bytes).unwrap_or(usize::MAX);
        let memory = Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        let buffers = Arc::new(Buffers::new(permits));
        let coming = Arc::new(Semaphore::new(COMING_MAX));
        let keeper = thread::Keeper {
            store: Some(store),
            disk,
            setting,
            local,
            inputs,
            reader: reader.clone(),
            coming: coming.clone(),
            buffers: buffers.clone(),
            reopen_at: std::time::Instant::now(),
        };
        let thread = spawn(keeper, queue).map_err(SupplierError::Thread)?;
        let thread = std::sync::Mutex::new(Some(thread));
        Ok((Self { orders, reader, memory, coming, buffers, thread }, holdings))
    }

    /// Orders something; the store thread does one thing after the other.
    pub(crate) fn order(&self, order: Order) {
        // The thread ends with the daemon only; whoever waits for an answer then learns it.
        let _ = self.orders.send(order);
    }

    /// Takes `bytes` of the memory for fragments, as soon as they are free.
    pub(crate) async fn memory(&self, bytes: u32) -> Option<OwnedSemaphorePermit> {
        self.memory.clone().acquire_many_owned(bytes).await.ok()
    }

    /// Where buffers for fragments are taken from; the store thread gives them back.
    pub(crate) fn buffers(&self) -> &Buffers {
        &self.buffers
    }

    /// Says that a fragment is on its way, as long as the permit lives: the thread then waits a
    /// moment for it before it writes a group.
    pub(crate) fn announce(&self) -> Option<OwnedSemaphorePermit> {
        self.coming.clone().try_acquire_owned().ok()
    }

    /// Reads while the thread writes; none while the store is being opened again.
    pub(crate) fn reader(&self) -> Option<Reader> {
        self.reader.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the thread when all that was ordered is done. Blocks.
    pub(crate) fn close(&self) {
        self.order(Order::End);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the thread of the fragment store ended badly");
        }
    }
}

/// Fragments that can be announced at once.
const COMING_MAX: usize = 4096;

fn spawn(
    keeper: thread::Keeper,
    queue: Receiver<Order>,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    let name = "fragment-store".to_owned();
    std::thread::Builder::new().name(name).spawn(move || keeper.run(&queue))
}

fn open_store(disk: &Arc<dyn Disk>, setting: &Setting) -> Result<FragmentStore, OpenStoreError> {
    let disk_floor_bytes = setting.disk_floor_bytes;
    let usual = fragments::Settings::usual(chance::bytes());
    FragmentStore::open(disk.clone(), fragments::Settings { disk_floor_bytes, ..usual })
}

fn report(store: &FragmentStore) {
    let recovery = store.recovery();
    if let fragments::IndexState::Rebuilt { why } = &recovery.index {
        tracing::info!(why, records = recovery.records, "the index of the store was made anew");
    }
    if recovery.damaged_count > 0 {
        tracing::warn!(places = recovery.damaged_count, "the store has damaged places");
    }
}

/// The contracts of the store, as the node is told of them.
fn tenants(reader: &Reader) -> Vec<Tenant> {
    let mut tenants = vec![];
    for view in reader.contracts() {
        let document = reader.document(view.contract).ok();
        let Some(contract) = document.and_then(|bytes| decode::<Contract>(&bytes).ok()) else {
            tracing::warn!(contract = %view.contract, "a contract of the store cannot be read");
            continue;
        };
        tenants.push(Tenant {
            contract,
            fragments: view.totals.fragments,
            used_bytes: view.totals.bytes,
            is_open: !view.terms.is_closed,
        });
    }
    tenants
}

/// Opens the directory of the store, making it if it is missing.
///
/// # Errors
/// It cannot be made or used.
pub(crate) fn real_disk(path: &Path) -> Result<Arc<dyn Disk>, DiskError> {
    Ok(Arc::new(disk::RealDisk::open(path)?))
}
