//! The catalog on this device, in the tables of [`store::drive`] and four more: what waits for an
//! index segment, the segments, and where the head is.
//!
//! All but the known files can be made anew from the suppliers. What becomes true together is
//! written with one commit, so rows of several tables of `store::drive` are written here side by
//! side; `tests` holds both crates to one form.

mod batch;
mod known;
mod rows;

use std::ops::Bound;

use base::{BlockId, ChunkId, DecodeError, Wire, decode};
use store::drive::ChunkPlace;
use store::{DatabaseError, Drive, Table};

pub(crate) use batch::Batch;
pub(crate) use known::{Known, Met};
pub use rows::{FragmentRow, Placed, Stat};
pub(crate) use rows::{FreshRow, Place, PlacedRun, Progress, SegmentRow, kind_byte};

use crate::format::{BlockEntry, HeadRef, PlainHeadRef, Version};
use crate::restore::Range;

pub(super) const FRESH: Table = Table("catalog fresh");
pub(super) const SEGMENTS: Table = Table("catalog segments");
pub(super) const STATE: Table = Table("catalog state");

const HEAD: &[u8] = b"head";
const PROGRESS: &[u8] = b"recovery";

/// All rows of known files are of one source: their paths are whole.
const SOURCE: u32 = 0;
/// Rows of one page.
const PAGE_ROWS: usize = 1_000;
/// Rows of fresh chunks of one page: each may hold 32,768 ids.
const FRESH_ROWS: usize = 8;

/// Why the catalog cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A row is missing or not of its form: the database must be made anew.
    #[error("a row of the table '{table}' is missing or malformed")]
    Row {
        /// The table.
        table: &'static str,
    },
    /// A row was written by a newer program.
    #[error("a row of the table '{table}' is of the form {found}; a newer program is needed")]
    Newer {
        /// The table.
        table: &'static str,
        /// The version found.
        found: u8,
    },
}

/// The catalog of a drive.
#[derive(Clone, Copy, Debug)]
pub struct Catalog<'a> {
    pub(crate) drive: &'a Drive,
}

impl<'a> Catalog<'a> {
    /// The catalog in this database.
    pub fn new(drive: &'a Drive) -> Self {
        Self { drive }
    }

    /// Where the newest head is; nothing for an empty drive, or before it is recovered.
    ///
    /// # Errors
    /// As [`CatalogError`] says.
    pub fn head(self) -> Result<Option<HeadRef>, CatalogError> {
        Ok(self.row::<PlainHeadRef>(STATE, HEAD)?.map(|PlainHeadRef(head)| head))
    }

    /// One version.
    ///
    /// # Errors
    /// As [`CatalogError`] says.
    pub fn version(self, number: u64) -> Result<Option<Version>, CatalogError> {
        self.drive.version(number)?.map(|bytes| read(VERSIONS, &bytes)).transpose()
    }

    /// Up to `limit` versions (at most 1,000) with numbers above `after`, in their order.
    ///
    /// # Errors
    /// As [`CatalogError`] says.
    pub fn versions(self, after: u64, limit: usize) -> Result<Vec<Version>, CatalogError> {
        let from = after.saturating_add(1);
        let rows = self.drive.versions(from, limit.min(PAGE_ROWS))?;
        rows.iter().map(|(_, bytes)| read(VERSIONS, bytes)).collect()
    }

    /// What must be known to fetch a block.
    ///
    /// # Errors
    /// As [`CatalogError`] says.
    pub fn block(self, id: BlockId) -> Result<Option<BlockEntry>, CatalogError> {
        self.drive.block(id)?.map(|row| rows::block_entry(id, &row)).transpose()
    }

    /// Up to `limit` blocks (at most 1,000) behind `after`, in the order of their ids.
    ///
    /// # Errors
    /// As [`CatalogError`] says.
    pub fn blocks(
        self,
        after: Option<BlockId>,
        limit: usize,
    ) -> Result<Vec<BlockEntry>, CatalogError> {
        let rows = self.drive.blocks(after, limit.min(PAGE_ROWS))?;
        rows.iter().map(|(id, row)| rows::block_entry(*id, row)).collect()
    }

    /// How many chunks and blocks are known.
    ///
    /// # Errors
    /// As [`CatalogError`] says.
    pub fn counts(self) -> Result<(u64, u64), CatalogError> {
        let database = self.drive.database();
        Ok((database.count(CHUNKS)?, database.count(BLOCKS)?))
    }

    /// The number of the last version, 0 before the first.
    pub(crate) fn last_version(self) -> Result<u64, CatalogError> {
        let mut last = 0;
        while let Some(version) = self.versions(last, PAGE_ROWS)?.last() {
            last = version.number;
        }
        Ok(last)
    }

    /// Where a chunk is.
    pub(crate) fn place(self, id: ChunkId) -> Result<Option<Place>, CatalogError> {
        self.drive.chunk(id)?.map(|row| self.place_of(id, &row)).transpose()
    }

    /// Where the chunk of a row is.
    pub(crate) fn place_of(self, id: ChunkId, row: &ChunkPlace) -> Result<Place, CatalogError> {
        let runs = row.extents.iter().map(|extent| {
            let block = self.known_block(extent.block)?;
            if !block.has(extent.offset, extent.length) {
                return Err(malformed(CHUNKS));
            }
            let range = Range { offset: extent.offset, length: extent.length };
            Ok(PlacedRun { block, range })
        });
        let runs = runs.collect::<Result<_, CatalogError>>()?;
        let kind = rows::chunk_kind(row.kind)?;
        Ok(Place { id, epoch: row.epoch, kind, bytes: row.plain_bytes, runs })
    }

    /// A block that a row names.
    pub(crate) fn known_block(self, id: BlockId) -> Result<BlockEntry, CatalogError> {
        self.block(id)?.ok_or(CatalogError::Row { table: BLOCKS.0 })
    }

    /// Chunks that are in no index segment yet, by the batches in which they became safe.
    pub(crate) fn fresh(self, after: Option<u64>) -> Result<Vec<(u64, FreshRow)>, CatalogError> {
        self.numbered(FRESH, after, FRESH_ROWS)
    }

    /// Index segments with numbers above `after`.
    pub(crate) fn segments(
        self,
        after: Option<u64>,
    ) -> Result<Vec<(u64, SegmentRow)>, CatalogError> {
        self.numbered(SEGMENTS, after, PAGE_ROWS)
    }

    /// How far a recovery has come.
    pub(crate) fn progress(self) -> Result<Option<Progress>, CatalogError> {
        self.row(STATE, PROGRESS)
    }

    /// Writes a batch durably, all or nothing.
    pub(crate) fn commit(self, batch: Batch) -> Result<(), CatalogError> {
        let writes = batch.into_writes();
        if writes.is_empty() { Ok(()) } else { Ok(self.drive.database().write(&writes)?) }
    }

    fn row<T: Wire>(self, table: Table, key: &[u8]) -> Result<Option<T>, CatalogError> {
        self.drive.database().get(table, key)?.map(|bytes| read(table, &bytes)).transpose()
    }

    fn scan<T: Wire>(
        self,
        table: Table,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, T)>, CatalogError> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let page = self.drive.database().scan(table, after, limit)?;
        page.rows.into_iter().map(|(key, value)| Ok((key, read(table, &value)?))).collect()
    }

    fn numbered<T: Wire>(
        self,
        table: Table,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, T)>, CatalogError> {
        let after = after.map(u64::to_be_bytes);
        let number = |key: Vec<u8>| key.try_into().map_err(|_| malformed(table));
        let rows = self.scan(table, after.as_ref().map(|key| &key[..]), limit)?;
        rows.into_iter().map(|(key, row)| Ok((u64::from_be_bytes(number(key)?), row))).collect()
    }
}

/// Tables of `store::drive`.
const CHUNKS: Table = Table("chunks");
const BLOCKS: Table = Table("blocks");
const FRAGMENTS: Table = Table("fragments");
const FILES: Table = Table("files");
const VERSIONS: Table = Table("versions");

fn read<T: Wire>(table: Table, bytes: &[u8]) -> Result<T, CatalogError> {
    decode(bytes).map_err(|error| match error {
        DecodeError::Version { found, .. } => CatalogError::Newer { table: table.0, found },
        DecodeError::TooLong { .. } | DecodeError::Malformed => malformed(table),
    })
}

fn malformed(table: Table) -> CatalogError {
    CatalogError::Row { table: table.0 }
}
