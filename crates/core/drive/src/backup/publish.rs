//! The end of a run: the last blocks of the contents, the index segments, the head.

use std::collections::BTreeMap;

use base::{BlockId, ChunkId, Date, Wire, encode};
use store::drive::ChunkPlace;

use super::session::{Session, Stage};
use super::{BackupError, Totals};
use crate::catalog::{Batch, Catalog, CatalogError, FreshRow};
use crate::format::{
    BlockEntry, ChunkEntry, ChunkKind, ChunkRef, Extent, Head, HeadRef, IndexSegment, Version,
};
use crate::head::{Record, salt_of};

/// A segment is closed when it is longer, bytes.
const SEGMENT_BYTES: usize = 1024 * 1024;
/// Parts of the head, bytes.
const HEAD_PART_BYTES: usize = 1024 * 1024;

/// What a run has brought about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The new version.
    pub version: Version,
    /// Blocks that held the head before and are of no more use.
    pub superseded: Vec<BlockEntry>,
    /// What was done.
    pub totals: Totals,
}

impl Session<'_> {
    /// Ends the first stage: seals the last blocks of contents and directories.
    ///
    /// `paths` are what the user asked for, `is_complete` whether the run went through all of it.
    ///
    /// # Errors
    /// A directory or file is still open, or the run is stopped.
    pub fn seal_content(
        &mut self,
        paths: Vec<Vec<u8>>,
        finished: Date,
        is_complete: bool,
    ) -> Result<&Version, BackupError> {
        if !matches!(self.stage, Stage::Content) || !self.is_at_rest() {
            return Err(BackupError::OutOfTurn);
        }
        self.version.paths = paths;
        self.version.finished = finished;
        self.version.complete = is_complete;
        if encode(&self.version).len() > Version::BYTES_MAX {
            return Err(BackupError::TooLarge);
        }
        self.pipeline.flush()?;
        self.stage = Stage::ContentSealed;
        Ok(&self.version)
    }

    /// The second stage: seals the index of all chunks that are in none yet, also those that an
    /// earlier run has left.
    ///
    /// # Errors
    /// Blocks are not placed yet, the run is stopped, or the catalog fails.
    pub fn seal_index(&mut self) -> Result<(), BackupError> {
        if !matches!(self.stage, Stage::ContentSealed) {
            return Err(BackupError::OutOfTurn);
        }
        self.check_placed()?;
        // Files that wait for nothing more.
        self.pipeline.placed(&[])?;
        self.pipeline.stop_listing();
        let mut segment = Segment::default();
        let mut after = None;
        loop {
            let fresh = self.pipeline.catalog.fresh(after)?;
            let Some((last, _)) = fresh.last() else { break };
            after = Some(*last);
            for (number, row) in fresh {
                segment.add(number, &row, self.pipeline.catalog)?;
                if segment.bytes >= SEGMENT_BYTES {
                    self.put_segment(std::mem::take(&mut segment))?;
                }
            }
        }
        if !segment.fresh.is_empty() {
            self.put_segment(segment)?;
        }
        self.pipeline.flush()?;
        self.stage = Stage::IndexSealed;
        Ok(())
    }

    /// The third stage: seals the head with all versions and segments. `salt` is 32 fresh random
    /// bytes. What is returned (at most [`HEAD_REF_BYTES_MAX`](crate::format::HEAD_REF_BYTES_MAX) sealed bytes, for the root document)
    /// leads to everything, once the blocks are placed.
    ///
    /// # Errors
    /// Blocks are not placed yet, the run is stopped, or the catalog fails.
    pub fn seal_head(&mut self, salt: [u8; 32]) -> Result<Vec<u8>, BackupError> {
        if !matches!(self.stage, Stage::IndexSealed) {
            return Err(BackupError::OutOfTurn);
        }
        self.check_placed()?;
        let head = encode(&self.head()?);
        if head.len() > Head::BYTES_MAX {
            return Err(BackupError::TooLarge);
        }
        let mut chunks = Vec::new();
        for (part, plain) in (0..).zip(head.chunks(HEAD_PART_BYTES)) {
            chunks.push(self.pipeline.put_head(plain, &salt_of(&salt, Record::Part(part)))?);
        }
        self.pipeline.flush()?;
        let head = self.head_ref(&chunks)?;
        let sealed = self.pipeline.seal_reference(&head, &salt_of(&salt, Record::Reference))?;
        self.stage = Stage::HeadSealed(head);
        Ok(sealed)
    }

    /// Writes down that the version exists: to be called when the root document with the head's
    /// reference is published.
    ///
    /// # Errors
    /// Blocks are not placed yet, or the catalog fails.
    pub fn commit_version(self) -> Result<Committed, BackupError> {
        self.check_placed()?;
        let Stage::HeadSealed(head) = self.stage else { return Err(BackupError::OutOfTurn) };
        let catalog = self.pipeline.catalog;
        let superseded = catalog.head()?.map(|head| head.blocks).unwrap_or_default();
        let batch = Batch {
            versions: vec![self.version.clone()],
            dropped: superseded.iter().map(|block| (block.id, block.k + block.m)).collect(),
            head: Some(head),
            ..Batch::default()
        };
        catalog.commit(batch)?;
        Ok(Committed { version: self.version, superseded, totals: self.pipeline.totals() })
    }

    fn check_placed(&self) -> Result<(), BackupError> {
        match self.pipeline.unplaced() {
            0 => Ok(()),
            blocks => Err(BackupError::Unplaced { blocks }),
        }
    }

    fn put_segment(&mut self, segment: Segment) -> Result<(), BackupError> {
        let Segment { content, fresh, .. } = segment;
        self.pipeline.put_segment(&encode(&content), fresh)
    }

    fn head(&self) -> Result<Head, BackupError> {
        let catalog = self.pipeline.catalog;
        let mut head = Head::default();
        loop {
            let after = head.versions.last().map_or(0, |version| version.number);
            let versions = catalog.versions(after, 1_000)?;
            if versions.is_empty() {
                break;
            }
            head.versions.extend(versions);
        }
        head.versions.push(self.version.clone());
        let mut blocks = Blocks::default();
        let mut after = None;
        loop {
            let segments = catalog.segments(after)?;
            let Some((last, _)) = segments.last() else { break };
            after = Some(*last);
            for (_, segment) in segments {
                let block = |id| Ok(catalog.known_block(id)?);
                let entry = blocks.entry(segment.id, ChunkKind::Index, &segment.row, block)?;
                head.segments.push(entry);
            }
        }
        head.blocks = blocks.list;
        Ok(head)
    }

    fn head_ref(&self, chunks: &[ChunkRef]) -> Result<HeadRef, BackupError> {
        let mut blocks = Blocks::default();
        let mut entries = Vec::new();
        for chunk in chunks {
            let row = self.pipeline.row(chunk).ok_or(BackupError::OutOfTurn)?;
            let block = |id| self.pipeline.block(id).ok_or(BackupError::OutOfTurn);
            entries.push(blocks.entry(chunk.id, ChunkKind::Head, &row, block)?);
        }
        Ok(HeadRef { blocks: blocks.list, chunks: entries })
    }
}

/// An index segment being filled.
#[derive(Default)]
struct Segment {
    content: IndexSegment,
    blocks: Blocks,
    fresh: Vec<u64>,
    bytes: usize,
}

impl Segment {
    fn add(
        &mut self,
        number: u64,
        row: &FreshRow,
        catalog: Catalog<'_>,
    ) -> Result<(), BackupError> {
        let block = |id| Ok(catalog.known_block(id)?);
        for id in &row.blocks {
            self.blocks.index(*id, block)?;
        }
        for id in &row.chunks {
            let row = catalog.drive.chunk(*id).map_err(CatalogError::from)?;
            let row = row.ok_or(CatalogError::Row { table: "chunks" })?;
            let entry = self.blocks.entry(*id, catalog.place_of(*id, &row)?.kind, &row, block)?;
            self.bytes += CHUNK_BYTES + entry.extents.len() * EXTENT_BYTES;
            self.content.chunks.push(entry);
        }
        self.content.blocks.clone_from(&self.blocks.list);
        self.fresh.push(number);
        Ok(())
    }
}

/// Encoded lengths, for closing a segment in time.
const CHUNK_BYTES: usize = 45;
const EXTENT_BYTES: usize = 12;

/// A list of blocks in which extents count.
#[derive(Default)]
struct Blocks {
    list: Vec<BlockEntry>,
    indices: BTreeMap<BlockId, u32>,
}

impl Blocks {
    fn index(
        &mut self,
        id: BlockId,
        block: impl Fn(BlockId) -> Result<BlockEntry, BackupError>,
    ) -> Result<u32, BackupError> {
        if let Some(index) = self.indices.get(&id) {
            return Ok(*index);
        }
        let index = u32::try_from(self.list.len()).map_err(|_| BackupError::TooLarge)?;
        self.list.push(block(id)?);
        self.indices.insert(id, index);
        Ok(index)
    }

    fn entry(
        &mut self,
        id: ChunkId,
        kind: ChunkKind,
        row: &ChunkPlace,
        block: impl Fn(BlockId) -> Result<BlockEntry, BackupError>,
    ) -> Result<ChunkEntry, BackupError> {
        let mut extents = Vec::with_capacity(row.extents.len());
        for extent in &row.extents {
            let index = self.index(extent.block, &block)?;
            extents.push(Extent { block: index, offset: extent.offset, length: extent.length });
        }
        Ok(ChunkEntry { id, epoch: row.epoch, kind, bytes: row.plain_bytes, extents })
    }
}
