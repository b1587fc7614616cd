//! From a chunk to a sealed block: identify, look whether it is there, seal, pack, code, hand out.

use base::{BlockId, Date};
use codec::{BlockCoder, Filled, Manifest, Sealer, Stripe, Suite};
use store::drive::ChunkPlace;

use super::lane::{Lane, Slot, Stripes};
use super::pending::{FileChange, Need, Pending};
use super::{BackupError, Settings};
use crate::Stop;
use crate::catalog::{Catalog, CatalogError, FreshRow, Placed};
use crate::format::{BlockEntry, BlockKind, ChunkKind, ChunkRef, HeadRef};
use crate::keys::{Keys, codec_kind};

/// A block ready to be placed.
pub struct SealedBlock {
    /// What must be known to fetch it, with its id.
    pub entry: BlockEntry,
    /// The roots of its fragments, to be signed.
    pub manifest: Manifest,
    /// Its k + m fragments. [`Session::give_back`](super::Session::give_back) takes the memory.
    pub stripe: Stripe,
    /// Bytes of sealed chunks in it; the rest of its data is padding.
    pub content_bytes: u64,
}

/// Takes sealed blocks. It may block to hold the run back.
pub type Sink<'a> = Box<dyn FnMut(SealedBlock) -> Result<(), Stop> + Send + 'a>;

/// What a run has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Chunks that were sealed.
    pub chunks: u64,
    /// Bytes of these before sealing.
    pub plain_bytes: u64,
    /// Bytes of these after sealing.
    pub sealed_bytes: u64,
    /// Chunks that were there already.
    pub reused_chunks: u64,
    /// Bytes of these.
    pub reused_bytes: u64,
    /// Blocks of contents that were sealed.
    pub data_blocks: u64,
    /// Blocks of the catalog that were sealed.
    pub catalog_blocks: u64,
    /// Bytes of all fragments of all blocks, parity included.
    pub stored_bytes: u64,
}

/// Chunks of one row of fresh chunks.
const FRESH_CHUNKS_MAX: usize = 32 * 1024;

pub(crate) struct Pipeline<'a> {
    pub(crate) catalog: Catalog<'a>,
    pub(crate) keys: Keys,
    suite: Suite,
    sealer: Sealer,
    coder: BlockCoder,
    arrangement: u32,
    date: Date,
    stripes: Stripes,
    data: Lane,
    tree: Lane,
    pending: Pending,
    /// Whether the blocks being made are to be named by an index segment.
    is_listing: bool,
    fresh_next: u64,
    segment_next: u64,
    sink: Sink<'a>,
    is_stopped: bool,
    totals: Totals,
}

impl<'a> Pipeline<'a> {
    pub(crate) fn new(
        catalog: Catalog<'a>,
        keys: Keys,
        settings: &Settings,
        sink: Sink<'a>,
    ) -> Result<Self, BackupError> {
        let lane = |kind, number: u8| {
            let padding = settings.random.derive(LANE, &[number]);
            Lane::new(kind, padding)
        };
        let mut pipeline = Self {
            catalog,
            keys,
            suite: settings.suite,
            sealer: Sealer::new(settings.suite),
            coder: BlockCoder::new(settings.shape),
            arrangement: settings.arrangement,
            date: settings.started,
            stripes: Stripes::new(settings.shape),
            data: lane(BlockKind::Data, 0),
            tree: lane(BlockKind::Catalog, 1),
            pending: Pending::default(),
            is_listing: true,
            fresh_next: 0,
            segment_next: 0,
            sink,
            is_stopped: false,
            totals: Totals::default(),
        };
        while let Some((last, _)) = catalog.fresh(pipeline.fresh_next.checked_sub(1))?.pop() {
            pipeline.fresh_next = last + 1;
        }
        while let Some((last, _)) = catalog.segments(pipeline.segment_next.checked_sub(1))?.pop() {
            pipeline.segment_next = last + 1;
        }
        Ok(pipeline)
    }

    /// Stores a chunk of a file or of the tree, if it is not there yet.
    pub(crate) fn put(
        &mut self,
        kind: ChunkKind,
        plain: &[u8],
    ) -> Result<(ChunkRef, Need), BackupError> {
        self.check_running()?;
        let chunk = self.keys.newest().identify(plain);
        let id = chunk.id();
        let found = match self.pending.find(id) {
            Some(found) => Some(found),
            None => self.catalog.drive.chunk(id).map_err(CatalogError::from)?.map(|row| {
                (ChunkRef { id, epoch: row.epoch, bytes: row.plain_bytes }, Need::default())
            }),
        };
        if let Some(found) = found {
            self.totals.reused_chunks += 1;
            self.totals.reused_bytes += plain.len() as u64;
            return Ok(found);
        }
        let (keys, bytes) = (self.keys.newest(), length(plain)?);
        let sealed = self.sealer.seal(keys, codec_kind(kind), chunk)?;
        let chunk = ChunkRef { id, epoch: keys.epoch(), bytes };
        self.totals.chunks += 1;
        self.totals.plain_bytes += plain.len() as u64;
        self.totals.sealed_bytes += sealed.len() as u64;
        let lane = match kind {
            ChunkKind::Data => &mut self.data,
            ChunkKind::Tree | ChunkKind::Index | ChunkKind::Head => &mut self.tree,
        };
        let (parts, full) = lane.put(sealed, &mut self.stripes);
        let need = self.pending.add(chunk, kind, parts);
        self.emit_all(full)?;
        Ok((chunk, need))
    }

    /// Stores an index segment that holds these fresh rows.
    pub(crate) fn put_segment(&mut self, plain: &[u8], fresh: Vec<u64>) -> Result<(), BackupError> {
        let (chunk, _) = self.put(ChunkKind::Index, plain)?;
        self.pending.add_segment(chunk.id, self.segment_next, fresh);
        self.segment_next += 1;
        Ok(())
    }

    /// Stores a part of the head; `salt` must be new for each.
    pub(crate) fn put_head(
        &mut self,
        plain: &[u8],
        salt: &[u8; 32],
    ) -> Result<ChunkRef, BackupError> {
        self.check_running()?;
        let (keys, bytes) = (self.keys.newest(), length(plain)?);
        let chunk = ChunkRef { id: keys.chunk_id(plain), epoch: keys.epoch(), bytes };
        let sealed = self.keys.seal_record(&mut self.sealer, chunk.id, salt, plain)?;
        let (parts, full) = self.tree.put(sealed, &mut self.stripes);
        self.pending.add(chunk, ChunkKind::Head, parts);
        self.emit_all(full)?;
        Ok(chunk)
    }

    /// The reference to the head for the root document; `salt` must be new.
    pub(crate) fn seal_reference(
        &self,
        head: &HeadRef,
        salt: &[u8; 32],
    ) -> Result<Vec<u8>, BackupError> {
        head.seal(&self.keys, self.suite, salt).ok_or(BackupError::TooLarge)
    }

    /// Seals the blocks in hand.
    pub(crate) fn flush(&mut self) -> Result<(), BackupError> {
        self.check_running()?;
        let mut last: Vec<_> = self.data.flush(&mut self.stripes).into_iter().collect();
        last.extend(self.tree.flush(&mut self.stripes));
        self.emit_all(last)
    }

    /// From here on, blocks are named by the head and not by index segments.
    pub(crate) fn stop_listing(&mut self) {
        self.is_listing = false;
    }

    /// Takes note of a file that was read whole, or of one that is gone.
    pub(crate) fn add_file(&mut self, row: FileChange, need: Need) -> Result<(), BackupError> {
        self.pending.add_file(row, need);
        if self.pending.is_batch_due() { self.placed(&[]) } else { Ok(()) }
    }

    /// Writes down, durably, what is safe now that these blocks are placed.
    pub(crate) fn placed(&mut self, blocks: &[Placed]) -> Result<(), BackupError> {
        let next = (self.data.next_number(), self.tree.next_number());
        let (mut batch, fresh) = self.pending.place(blocks, next);
        batch.fresh = self.number(fresh);
        batch.date = self.date;
        Ok(self.catalog.commit(batch)?)
    }

    /// Blocks that are sealed and not placed.
    pub(crate) fn unplaced(&self) -> usize {
        self.pending.unplaced()
    }

    /// Where a chunk of this run is whose blocks are sealed.
    pub(crate) fn row(&self, chunk: &ChunkRef) -> Option<ChunkPlace> {
        self.pending.row(chunk.id)
    }

    /// What must be known of a block of this run that a waiting chunk is in.
    pub(crate) fn block(&self, id: BlockId) -> Option<BlockEntry> {
        self.pending.block(id)
    }

    #[cfg(test)]
    pub(crate) fn held(&self) -> (usize, usize) {
        self.pending.held()
    }

    pub(crate) fn give_back(&mut self, stripe: Stripe) {
        self.stripes.give_back(stripe);
    }

    pub(crate) fn totals(&self) -> Totals {
        self.totals
    }

    /// After the sink has said stop, nothing more is sealed.
    pub(crate) fn check_running(&self) -> Result<(), BackupError> {
        if self.is_stopped { Err(BackupError::Stopped) } else { Ok(()) }
    }

    fn number(&mut self, fresh: FreshRow) -> Vec<(u64, FreshRow)> {
        let FreshRow { mut blocks, chunks } = fresh;
        let mut rows = Vec::new();
        let mut parts = chunks.chunks(FRESH_CHUNKS_MAX);
        while let Some(part) = parts.next().or((!blocks.is_empty()).then_some(&[])) {
            let row = FreshRow { blocks: std::mem::take(&mut blocks), chunks: part.to_vec() };
            rows.push((self.fresh_next, row));
            self.fresh_next += 1;
        }
        rows
    }

    fn emit_all(&mut self, filled: Vec<(Slot, Filled)>) -> Result<(), BackupError> {
        filled.into_iter().try_for_each(|(slot, filled)| self.emit(slot, filled.stripe))
    }

    fn emit(&mut self, slot: Slot, mut stripe: Stripe) -> Result<(), BackupError> {
        self.check_running()?;
        let manifest = self.coder.encode(&mut stripe);
        let fragment_bytes = stripe.class().bytes() as u32;
        let shape = stripe.shape();
        let entry = BlockEntry {
            id: manifest.block_id(),
            k: shape.data() as u8,
            m: shape.parity() as u8,
            fragment_bytes,
            arrangement: self.arrangement,
            kind: slot.kind,
        };
        self.pending.seal(slot, entry.clone(), self.is_listing);
        self.totals.stored_bytes += u64::from(fragment_bytes) * shape.total() as u64;
        match slot.kind {
            BlockKind::Data => self.totals.data_blocks += 1,
            BlockKind::Catalog => self.totals.catalog_blocks += 1,
        }
        let content_bytes = stripe.used() as u64;
        (self.sink)(SealedBlock { entry, manifest, stripe, content_bytes }).map_err(|Stop| {
            self.is_stopped = true;
            BackupError::Stopped
        })
    }
}

fn length(plain: &[u8]) -> Result<u32, BackupError> {
    u32::try_from(plain.len()).map_err(|_| BackupError::TooLarge)
}

const LANE: &str = "bitdust drive lane v1";
