//! Makes the missing fragments of placed blocks anew, for suppliers that took the places of others.
//! Only ciphertext passes here: what is in the blocks is not opened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{BlockId, ContractId, DeviceId, Label, Signed, decode, encode};
use codec::Manifest;
use drive::catalog::{Catalog, CatalogError};
use drive::format::BlockEntry;
use node::input::{Failure, Input, MendOutcome};
use storage::fetch::Need;
use storage::terms::Place;
use store::Receipt;
use store::drive::FragmentReceipt;

use super::fetches::{self, Fetched};
use super::gate::Gate;
use super::sealed::{Fragment, FragmentSlice, Slice};
use super::shared::Shared;

/// Rows of one page of the catalog.
const PAGE_BLOCKS: usize = 256;

/// The fragments that were made and are not yet with their suppliers: in memory only, of as many
/// blocks as the node orders at a time.
#[derive(Default)]
pub(crate) struct MendedBlocks(Mutex<BTreeMap<BlockId, Mended>>);

/// Who is to keep a fragment, and its bytes, unmasked.
type Made = (Place, Arc<[u8]>);

struct Mended {
    manifest: Arc<[u8]>,
    fragments: BTreeMap<u8, Made>,
    receipts: BTreeMap<u8, (FragmentReceipt, Receipt)>,
}

impl MendedBlocks {
    /// A fragment of a block.
    pub(crate) fn fragment(&self, block: BlockId, index: u8) -> Option<Fragment> {
        let table = self.lock();
        let mended = table.get(&block)?;
        let (_, bytes) = mended.fragments.get(&index)?;
        let bytes = FragmentSlice(Slice::Made(bytes.clone()));
        Some(Fragment { bytes, manifest: mended.manifest.clone() })
    }

    /// Keeps a verified receipt until it is written down.
    pub(crate) fn receipt(
        &self,
        (block, index): (BlockId, u8),
        device: DeviceId,
        contract: ContractId,
        receipt: &[u8],
    ) {
        let mut table = self.lock();
        let Some(mended) = table.get_mut(&block) else { return };
        let place = mended.fragments.get(&index).map(|(place, _)| place);
        let place = place.filter(|place| (place.device, place.contract) == (device, contract));
        let (Some(place), Ok(receipt)) = (place, decode::<Receipt>(receipt)) else { return };
        let mut entries = receipt.body.entries.iter();
        let entry = entries.find(|entry| (entry.block, entry.index) == (block, index));
        let Some(entry) = entry else { return };
        let row = FragmentReceipt {
            supplier: place.identity,
            contract,
            sequence: receipt.body.sequence,
            masked_root: entry.masked_root,
            until: receipt.body.until,
        };
        mended.receipts.insert(index, (row, receipt));
    }

    /// Forgets a block.
    pub(crate) fn remove(&self, block: BlockId) {
        self.lock().remove(&block);
    }

    fn indices(&self, block: BlockId) -> BTreeSet<u8> {
        let table = self.lock();
        table
            .get(&block)
            .map(|mended| mended.fragments.keys().copied().collect())
            .unwrap_or_default()
    }

    fn receipts(&self, block: BlockId) -> Vec<(u8, FragmentReceipt, Receipt)> {
        let table = self.lock();
        let receipts = table.get(&block).into_iter().flat_map(|mended| &mended.receipts);
        receipts.map(|(index, (row, receipt))| (*index, *row, receipt.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<BlockId, Mended>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does what `Output::ListBlocks` orders.
pub(super) fn list(shared: &Arc<Shared>, arrangement: u32, after: Option<BlockId>) {
    let own = shared.clone();
    shared.pool.give(move || {
        let (blocks, more) = match next_page(&own, arrangement, after) {
            Ok((blocks, more)) => (Some(blocks), more),
            Err(error) => {
                tracing::error!(%error, "the catalog cannot be read");
                (None, true)
            }
        };
        own.tell(Input::BlocksListed { arrangement, blocks, more });
    });
}

/// The next blocks under an arrangement, and whether others may be behind them.
fn next_page(
    shared: &Shared,
    arrangement: u32,
    mut after: Option<BlockId>,
) -> Result<(Vec<BlockId>, bool), CatalogError> {
    let catalog = Catalog::new(&shared.drive);
    loop {
        let rows = catalog.blocks(after, PAGE_BLOCKS)?;
        let more = rows.len() == PAGE_BLOCKS;
        after = rows.last().map(|block| block.id).or(after);
        let here = rows.iter().filter(|block| block.arrangement == arrangement);
        let mut blocks: Vec<BlockId> = here.map(|block| block.id).collect();
        if !more {
            // After a recovery the blocks of the head itself stand in its reference only.
            for block in catalog.head()?.map(|head| head.blocks).unwrap_or_default() {
                if block.arrangement == arrangement && catalog.block(block.id)?.is_none() {
                    blocks.push(block.id);
                }
            }
        }
        if !blocks.is_empty() || !more {
            return Ok((blocks, more));
        }
    }
}

/// Does what `Output::Mend` orders.
pub(super) fn start(shared: &Arc<Shared>, block: BlockId, fragments: Vec<(u8, Place)>) {
    let own = shared.clone();
    let started = shared.spawn("mend", move || {
        if let Some(outcome) = mend(&own, block, fragments) {
            own.tell(Input::Mended { block, outcome });
        }
    });
    if let Err(error) = started {
        tracing::error!(%error, "no thread can be started");
        shared.tell_later(Input::Mended { block, outcome: MendOutcome::Failed });
    }
}

/// None if nobody wants to know any more.
fn mend(shared: &Arc<Shared>, block: BlockId, fragments: Vec<(u8, Place)>) -> Option<MendOutcome> {
    let Some(entry) = entry_of(shared, block) else { return Some(MendOutcome::Failed) };
    let indices: BTreeSet<u8> = fragments.iter().map(|(index, _)| *index).collect();
    let reserved = entry.fragment_bytes as usize * (usize::from(entry.k) + indices.len());
    shared.fetches.budget().take(reserved);
    let fetched = fetch(shared, &entry, Need::Data(indices));
    shared.fetches.budget().give_back(reserved);
    let mut fetched = match fetched? {
        Ok(fetched) => fetched,
        Err(Failure::TooFewSuppliers { .. }) => return Some(MendOutcome::Short),
        Err(_) => return Some(MendOutcome::Failed),
    };
    let made = fragments.into_iter().map(|(index, place)| {
        fetched.fragments.remove(&index).map(|bytes| (index, (place, Arc::from(bytes))))
    });
    let made: Option<BTreeMap<u8, Made>> = made.collect();
    let (Some(fragments), Some(manifest)) = (made, fetched.manifest) else {
        return Some(MendOutcome::Failed);
    };
    let manifest = Manifest::clone(&manifest);
    let signed: Signed<Manifest> = Signed::new(&shared.device, Label::Manifest, manifest);
    let (manifest, receipts) = (encode(&signed).into(), BTreeMap::new());
    shared.mended.lock().insert(block, Mended { manifest, fragments, receipts });
    Some(MendOutcome::Made)
}

/// Does what `Output::VerifyMended` orders.
pub(super) fn verify(shared: &Arc<Shared>, block: BlockId, arrangement: u32) {
    let own = shared.clone();
    let started = shared.spawn("verify", move || {
        let indices = own.mended.indices(block);
        let entry = entry_of(&own, block).map(|entry| BlockEntry { arrangement, ..entry });
        let fetched = match entry {
            Some(entry) => fetch(&own, &entry, Need::These(indices.clone())),
            None => Some(Err(Failure::Unknown { what: fetches::name_of(block) })),
        };
        let Some(fetched) = fetched else { return };
        let right = fetched.map(|fetched| fetched.right).unwrap_or_default();
        let ok = !indices.is_empty() && indices.is_subset(&right);
        own.tell(Input::MendVerified { block, ok });
    });
    if let Err(error) = started {
        tracing::error!(%error, "no thread can be started");
        shared.tell_later(Input::MendVerified { block, ok: false });
    }
}

/// Does what `Output::RecordMended` orders.
pub(super) fn record(shared: &Arc<Shared>, block: BlockId) {
    let own = shared.clone();
    shared.pool.give(move || {
        let receipts = own.mended.receipts(block);
        let rows: Vec<_> =
            receipts.iter().map(|(index, row, _)| (block, *index, Some(*row))).collect();
        let receipts: Vec<Receipt> = receipts.into_iter().map(|(_, _, receipt)| receipt).collect();
        let written =
            own.drive.record_receipts(&receipts).and_then(|()| own.drive.record_fragments(&rows));
        if let Err(error) = &written {
            tracing::error!(%error, "receipts cannot be written down");
        }
        own.tell(Input::MendRecorded { block, ok: written.is_ok() });
    });
}

/// What must be known to fetch a block.
fn entry_of(shared: &Shared, block: BlockId) -> Option<BlockEntry> {
    let catalog = Catalog::new(&shared.drive);
    let known = catalog.block(block).ok().flatten();
    known.or_else(|| {
        let head = catalog.head().ok().flatten()?;
        head.blocks.into_iter().find(|entry| entry.id == block)
    })
}

/// Waits for a fetch. None if the daemon ends meanwhile.
fn fetch(shared: &Arc<Shared>, entry: &BlockEntry, need: Need) -> Option<Result<Fetched, Failure>> {
    let closing = shared.clone();
    let gate = Arc::new(Gate::abandoned_when(move || closing.is_closing()));
    let number = fetches::want(shared, entry, need, &gate);
    let outcome = gate.wait(|| fetches::take(shared, number));
    if outcome.is_err() {
        fetches::give_up(shared, number);
    }
    outcome.ok()
}
