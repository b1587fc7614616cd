//! What waits for receipts: chunks that are sealed but not placed, and the files made of them.

use std::collections::BTreeMap;

use base::{BlockId, ChunkId};
use store::drive::{ChunkPlace, Extent, FileRow};

use super::lane::{Part, Slot};
use crate::catalog::{Batch, FreshRow, Placed, SegmentRow, kind_byte};
use crate::format::{BlockEntry, BlockKind, ChunkKind, ChunkRef};

/// Bytes of rows of files that may wait; those beyond are left out, and their files read again by
/// the next run, which finds all their chunks.
const FILES_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Rows of files that are written without waiting for the next receipt.
const READY_FILES_MAX: usize = 4_096;
/// Bytes of such rows.
const READY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A path and what is known of it; nothing deletes the row.
pub(crate) type FileChange = (Vec<u8>, Option<FileRow>);

/// Up to which block of each lane something depends on what is not placed yet, 0 for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need {
    data: u64,
    catalog: u64,
}

impl Need {
    pub(crate) fn add(&mut self, other: Need) {
        self.data = self.data.max(other.data);
        self.catalog = self.catalog.max(other.catalog);
    }

    fn of(slot: Slot) -> Self {
        let up_to = slot.number + 1;
        match slot.kind {
            BlockKind::Data => Self { data: up_to, catalog: 0 },
            BlockKind::Catalog => Self { data: 0, catalog: up_to },
        }
    }
}

/// A chunk of this run that is not safe yet.
struct Waiting {
    epoch: u32,
    kind: ChunkKind,
    bytes: u32,
    parts: Vec<Part>,
    /// Blocks of it that are not placed.
    unplaced: usize,
}

/// A block of this run.
#[derive(Default)]
struct Block {
    /// Known when it is sealed.
    entry: Option<BlockEntry>,
    /// Whether an index segment is to name it.
    is_listed: bool,
    is_placed: bool,
    /// Chunks with a part in it that are not safe yet.
    chunks: Vec<ChunkId>,
}

/// Everything that is not safe yet.
#[derive(Default)]
pub(crate) struct Pending {
    chunks: BTreeMap<ChunkId, Waiting>,
    blocks: BTreeMap<Slot, Block>,
    by_id: BTreeMap<BlockId, Slot>,
    files: BTreeMap<Need, Vec<FileChange>>,
    files_bytes: usize,
    /// Files that wait for nothing but the next batch.
    ready: Vec<FileChange>,
    ready_bytes: usize,
    /// Index segments on their way: their numbers and the fresh rows that they hold.
    segments: BTreeMap<ChunkId, (u64, Vec<u64>)>,
    sealed: usize,
}

impl Pending {
    /// A chunk of this run that is not safe yet.
    pub(crate) fn find(&self, id: ChunkId) -> Option<(ChunkRef, Need)> {
        let waiting = self.chunks.get(&id)?;
        let chunk = ChunkRef { id, epoch: waiting.epoch, bytes: waiting.bytes };
        Some((chunk, need_of(&waiting.parts)))
    }

    /// Takes note of a chunk that was packed.
    pub(crate) fn add(&mut self, chunk: ChunkRef, kind: ChunkKind, parts: Vec<Part>) -> Need {
        for part in &parts {
            self.blocks.entry(part.slot).or_default().chunks.push(chunk.id);
        }
        let need = need_of(&parts);
        let (epoch, bytes, unplaced) = (chunk.epoch, chunk.bytes, parts.len());
        self.chunks.insert(chunk.id, Waiting { epoch, kind, bytes, parts, unplaced });
        need
    }

    /// Takes note that a packed chunk is an index segment, which holds these fresh rows.
    pub(crate) fn add_segment(&mut self, id: ChunkId, number: u64, fresh: Vec<u64>) {
        self.segments.insert(id, (number, fresh));
    }

    /// Takes note that a block is sealed.
    pub(crate) fn seal(&mut self, slot: Slot, entry: BlockEntry, is_listed: bool) {
        self.by_id.insert(entry.id, slot);
        let block = self.blocks.entry(slot).or_default();
        block.entry = Some(entry);
        block.is_listed = is_listed;
        self.sealed += 1;
    }

    /// Where a chunk is whose blocks are all sealed.
    pub(crate) fn row(&self, id: ChunkId) -> Option<ChunkPlace> {
        let waiting = self.chunks.get(&id)?;
        let extents = waiting.parts.iter().map(|part| {
            let entry = self.blocks.get(&part.slot)?.entry.as_ref()?;
            Some(Extent { block: entry.id, offset: part.offset, length: part.length })
        });
        Some(ChunkPlace {
            epoch: waiting.epoch,
            kind: kind_byte(waiting.kind),
            plain_bytes: waiting.bytes,
            extents: extents.collect::<Option<_>>()?,
        })
    }

    /// Blocks that are sealed and not placed.
    pub(crate) fn unplaced(&self) -> usize {
        self.sealed
    }

    #[cfg(test)]
    pub(crate) fn held(&self) -> (usize, usize) {
        (self.chunks.len(), self.blocks.len())
    }

    /// Takes note of a file that was read whole.
    pub(crate) fn add_file(&mut self, row: FileChange, need: Need) {
        if need == Need::default() {
            self.ready_bytes += row_bytes(&row);
            self.ready.push(row);
        } else if self.files_bytes < FILES_BYTES_MAX {
            self.files_bytes += row_bytes(&row);
            self.files.entry(need).or_default().push(row);
        }
    }

    /// Whether so many files wait for nothing but a batch that it is time for one.
    pub(crate) fn is_batch_due(&self) -> bool {
        self.ready.len() >= READY_FILES_MAX || self.ready_bytes >= READY_BYTES_MAX
    }

    /// A sealed block that a waiting chunk is in.
    pub(crate) fn block(&self, id: BlockId) -> Option<BlockEntry> {
        self.blocks.get(self.by_id.get(&id)?)?.entry.clone()
    }

    /// What becomes safe by these blocks being placed, but for the numbers of fresh rows. Blocks
    /// that are not of this run, or were named before, change nothing.
    pub(crate) fn place(&mut self, placed: &[Placed], next: (u64, u64)) -> (Batch, FreshRow) {
        let (mut batch, mut fresh) = (Batch::default(), FreshRow::default());
        for Placed { block: id, fragments } in placed {
            batch.fragments.extend(fragments.iter().map(|fragment| (*id, *fragment)));
            let Some(slot) = self.by_id.remove(id) else { continue };
            self.sealed -= 1;
            let Some(block) = self.blocks.get_mut(&slot) else { continue };
            block.is_placed = true;
            if block.is_listed {
                fresh.blocks.push(*id);
            }
            batch.blocks.extend(block.entry.clone());
            let mut safe = Vec::new();
            block.chunks.retain(|chunk| {
                let Some(waiting) = self.chunks.get_mut(chunk) else { return false };
                waiting.unplaced -= 1;
                if waiting.unplaced == 0 {
                    safe.push(*chunk);
                }
                waiting.unplaced > 0
            });
            let parts: Vec<Part> = safe
                .into_iter()
                .flat_map(|chunk| self.settle(chunk, &mut batch, &mut fresh))
                .collect();
            // Only now: each of these chunks needed the ids of its blocks.
            parts.iter().for_each(|part| self.forget(part.slot));
            self.forget(slot);
        }
        batch.files = self.take_files(next);
        (batch, fresh)
    }

    /// Moves a chunk whose blocks are all placed into the batch; its parts, if it has several.
    fn settle(&mut self, id: ChunkId, batch: &mut Batch, fresh: &mut FreshRow) -> Vec<Part> {
        let row = self.row(id);
        let Some(waiting) = self.chunks.remove(&id) else { return Vec::new() };
        let row = row.expect("a placed block was sealed");
        match waiting.kind {
            ChunkKind::Data | ChunkKind::Tree => {
                batch.chunks.push((id, row));
                fresh.chunks.push(id);
            }
            ChunkKind::Index => {
                let (number, held) = self.segments.remove(&id).unwrap_or_default();
                batch.segments.push((number, SegmentRow { id, row }));
                batch.indexed.extend(held);
            }
            // The reference that names it is all that leads to it.
            ChunkKind::Head => {}
        }
        // Blocks placed before were kept for this chunk.
        let others = if waiting.parts.len() > 1 { waiting.parts } else { Vec::new() };
        for part in &others {
            if let Some(block) = self.blocks.get_mut(&part.slot) {
                block.chunks.retain(|chunk| *chunk != id);
            }
        }
        others
    }

    /// Drops a placed block that no waiting chunk needs the id of.
    fn forget(&mut self, slot: Slot) {
        if self.blocks.get(&slot).is_some_and(|block| block.is_placed && block.chunks.is_empty()) {
            self.blocks.remove(&slot);
        }
    }

    /// The files whose blocks are all placed; `next` are the numbers of the blocks in hand.
    fn take_files(&mut self, next: (u64, u64)) -> Vec<FileChange> {
        let mark = |kind, next| {
            let from = Slot { kind, number: 0 };
            let to = Slot { kind, number: u64::MAX };
            let unplaced = self.blocks.range(from..=to).find(|(_, block)| !block.is_placed);
            unplaced.map_or(next, |(slot, _)| slot.number)
        };
        let (data, catalog) = (mark(BlockKind::Data, next.0), mark(BlockKind::Catalog, next.1));
        let mut rows = std::mem::take(&mut self.ready);
        self.ready_bytes = 0;
        let end = Need { data, catalog: u64::MAX };
        let ready: Vec<Need> = self
            .files
            .range(..=end)
            .map(|(need, _)| *need)
            .filter(|need| need.catalog <= catalog)
            .collect();
        for need in ready {
            let files = self.files.remove(&need).unwrap_or_default();
            self.files_bytes -= files.iter().map(row_bytes).sum::<usize>();
            rows.extend(files);
        }
        rows
    }
}

/// About what a row takes in memory.
fn row_bytes((path, row): &FileChange) -> usize {
    const ROW_BYTES: usize = 128;
    path.len() + row.as_ref().map_or(0, |row| row.content.len()) + ROW_BYTES
}

fn need_of(parts: &[Part]) -> Need {
    parts.last().map_or(Need::default(), |part| Need::of(part.slot))
}
