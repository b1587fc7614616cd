//! Blocks that are sealed and not yet with their suppliers: in memory only, bounded by bytes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{BlockId, ContractId, DeviceId, Label, SecretKey, Signed, decode, encode};
use codec::{Manifest, Stripe};
use drive::backup::SealedBlock;
use drive::catalog::{FragmentRow, Placed};
use drive::format::BlockEntry;
use storage::terms::Place;
use store::Receipt;
use store::drive::FragmentReceipt;

/// The blocks by their ids.
pub(crate) struct SealedBlocks {
    table: Mutex<Table>,
    bytes_max: usize,
}

#[derive(Default)]
struct Table {
    blocks: BTreeMap<BlockId, Arc<Sealed>>,
    bytes: usize,
}

/// One block with its parity.
pub(crate) struct Sealed {
    entry: BlockEntry,
    stripe: Stripe,
    manifest: Arc<[u8]>,
    places: Arc<[Place]>,
    receipts: Mutex<BTreeMap<u8, (FragmentReceipt, Receipt)>>,
}

/// A fragment to be sent.
#[derive(Clone)]
pub struct Fragment {
    /// Its bytes, unmasked.
    pub bytes: FragmentSlice,
    /// The block's manifest, signed by the owner's device: an encoded `Signed<codec::Manifest>`.
    pub manifest: Arc<[u8]>,
}

/// The bytes of a fragment; cheap to clone. It keeps the memory of the whole block alive.
#[derive(Clone)]
pub struct FragmentSlice(pub(crate) Slice);

/// Where the bytes of a fragment are.
#[derive(Clone)]
pub(crate) enum Slice {
    /// In a sealed block.
    Sealed { block: Arc<Sealed>, index: usize },
    /// By themselves: made anew of others.
    Made(Arc<[u8]>),
}

impl AsRef<[u8]> for FragmentSlice {
    fn as_ref(&self) -> &[u8] {
        match &self.0 {
            Slice::Sealed { block, index } => block.stripe.fragment(*index).unwrap_or_default(),
            Slice::Made(bytes) => bytes,
        }
    }
}

impl SealedBlocks {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { table: Mutex::default(), bytes_max }
    }

    /// Takes a block of a run, signs its manifest, and returns what must be known of it.
    pub(crate) fn add(
        &self,
        sealed: SealedBlock,
        places: &Arc<[Place]>,
        device: &SecretKey,
    ) -> BlockEntry {
        let SealedBlock { entry, manifest, stripe, .. } = sealed;
        let signed: Signed<Manifest> = Signed::new(device, Label::Manifest, manifest);
        let block = Sealed {
            entry: entry.clone(),
            stripe,
            manifest: encode(&signed).into(),
            places: places.clone(),
            receipts: Mutex::default(),
        };
        let mut table = self.lock();
        table.bytes += block.bytes();
        if let Some(before) = table.blocks.insert(entry.id, Arc::new(block)) {
            table.bytes -= before.bytes();
        }
        entry
    }

    /// Whether these blocks, and `other_bytes` elsewhere, take all the memory. A single block never
    /// does.
    pub(crate) fn is_full(&self, other_bytes: usize) -> bool {
        let table = self.lock();
        table.bytes > 0 && table.bytes.saturating_add(other_bytes) > self.bytes_max
    }

    /// A fragment of a block.
    pub(crate) fn fragment(&self, block: BlockId, index: u8) -> Option<Fragment> {
        let block = self.lock().blocks.get(&block)?.clone();
        let index = usize::from(index);
        block.stripe.fragment(index)?;
        let manifest = block.manifest.clone();
        Some(Fragment { manifest, bytes: FragmentSlice(Slice::Sealed { block, index }) })
    }

    /// Keeps a verified receipt until the block is written down.
    pub(crate) fn receipt(
        &self,
        (block, index): (BlockId, u8),
        device: DeviceId,
        contract: ContractId,
        receipt: &[u8],
    ) {
        let Some(sealed) = self.lock().blocks.get(&block).cloned() else { return };
        let place = sealed.places.iter().find(|place| place.device == device);
        let (Some(place), Ok(receipt)) = (place, decode::<Receipt>(receipt)) else { return };
        let body = &receipt.body;
        let entry = body.entries.iter().find(|entry| entry.block == block && entry.index == index);
        let Some(entry) = entry else { return };
        let row = FragmentReceipt {
            supplier: place.identity,
            contract,
            sequence: body.sequence,
            masked_root: entry.masked_root,
            until: body.until,
        };
        let mut receipts = sealed.receipts.lock().unwrap_or_else(PoisonError::into_inner);
        receipts.insert(index, (row, receipt));
    }

    /// What is to be written down of a block, and the whole receipts.
    pub(crate) fn placed(&self, block: BlockId) -> Option<(Placed, Vec<Receipt>)> {
        let sealed = self.lock().blocks.get(&block)?.clone();
        let receipts = sealed.receipts.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = receipts.iter().map(|(index, (row, _))| -> FragmentRow { (*index, *row) });
        let placed = Placed { block, fragments: rows.collect() };
        Some((placed, receipts.values().map(|(_, receipt)| receipt.clone()).collect()))
    }

    /// Forgets a block; its memory, if nobody sends from it any more.
    pub(crate) fn remove(&self, block: BlockId) -> Option<Stripe> {
        let mut table = self.lock();
        let sealed = table.blocks.remove(&block)?;
        table.bytes -= sealed.bytes();
        drop(table);
        Arc::into_inner(sealed).map(|sealed| sealed.stripe)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sealed {
    /// What it takes in memory, parity included.
    fn bytes(&self) -> usize {
        self.entry.fragment_bytes as usize * self.stripe.shape().total()
    }
}
