//! The customer's own data: which files were seen, where their chunks are, which blocks were made
//! and who signed for them. Typed rows over the [`Database`].

mod draw;
mod rows;

use std::ops::Bound;
use std::sync::Arc;

use base::{BlockId, ChunkId, ContractId, DecodeError, Wire, decode, encode};
pub use draw::Drawn;
pub use rows::{BlockRow, ChunkPlace, Extent, FileRow, FragmentReceipt};

use crate::database::{
    CACHE_BYTES, Database, DatabaseError, DatabaseSettings, OpenError, PAGE_ROWS_MAX, Page, Table,
    Write,
};
use crate::disk::Disk;
use crate::receipt::Receipt;

const CHUNKS: Table = Table("chunks");
const BLOCKS: Table = Table("blocks");
const FRAGMENTS: Table = Table("fragments");
const RECEIPTS: Table = Table("receipts");
const FILES: Table = Table("files");
const VERSIONS: Table = Table("versions");

const DRIVE_SCHEMA: u32 = 1;
/// The longest path of a file, bytes.
pub const PATH_BYTES_MAX: usize = 4096;

/// Everything that becomes known when a block is placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRecord {
    /// The block.
    pub block: BlockId,
    /// What it is.
    pub row: BlockRow,
    /// The chunks in it.
    pub chunks: Vec<(ChunkId, ChunkPlace)>,
    /// Who signed for which of its fragments.
    pub fragments: Vec<(u8, FragmentReceipt)>,
}

/// A page of files in the order in which a walk through the tree meets them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilePage {
    /// Paths, with `/` between names, and what was seen there.
    pub files: Vec<(Vec<u8>, FileRow)>,
    /// Whether there are more behind the last.
    pub has_more: bool,
}

/// Where one source's files are kept in the table: names are separated by zero bytes, which no
/// name holds, so that everything in a directory stands right behind it, as in a sorted walk.
fn file_key(source: u32, path: &[u8]) -> Vec<u8> {
    let mut key = source.to_be_bytes().to_vec();
    key.extend(path.iter().map(|byte| if *byte == b'/' { 0 } else { *byte }));
    key
}

fn path_of(key: &[u8]) -> Vec<u8> {
    key.iter().skip(4).map(|byte| if *byte == 0 { b'/' } else { *byte }).collect()
}

/// The customer's database.
#[derive(Debug)]
pub struct Drive {
    database: Database,
}

impl Drive {
    /// Opens the database in the file `name`, or makes it.
    ///
    /// # Errors
    /// As [`OpenError`] says; a damaged file is set aside, and everything in it is found again at
    /// the suppliers.
    pub fn open(disk: Arc<dyn Disk>, name: &str) -> Result<Self, OpenError> {
        let settings = DatabaseSettings { schema: DRIVE_SCHEMA, cache_bytes: CACHE_BYTES };
        Ok(Self { database: Database::open(disk, name, settings)? })
    }

    /// The database below, for tables of other subjects.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Enters a block with its chunks and receipts; all of it or nothing is durable.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn record_block(&self, record: &BlockRecord) -> Result<(), DatabaseError> {
        self.record_blocks(std::slice::from_ref(record))
    }

    /// Enters many blocks with one commit.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn record_blocks(&self, records: &[BlockRecord]) -> Result<(), DatabaseError> {
        let mut writes = Vec::new();
        for BlockRecord { block, row, .. } in records {
            writes.push(put(BLOCKS, block.0.to_vec(), row));
        }
        for (chunk, place) in records.iter().flat_map(|record| &record.chunks) {
            writes.push(put(CHUNKS, chunk.0.to_vec(), place));
        }
        for BlockRecord { block, fragments, .. } in records {
            let key = |index: &u8| [&block.0[..], &[*index]].concat();
            writes.extend(fragments.iter().map(|(index, row)| put(FRAGMENTS, key(index), row)));
        }
        self.database.write(&writes)
    }

    /// Enters who signed for a fragment, or that nobody does any more.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn record_fragments(
        &self,
        fragments: &[(BlockId, u8, Option<FragmentReceipt>)],
    ) -> Result<(), DatabaseError> {
        let write = |(block, index, row): &(BlockId, u8, Option<FragmentReceipt>)| Write {
            table: FRAGMENTS,
            key: [&block.0[..], &[*index]].concat(),
            value: row.as_ref().map(encode),
        };
        self.database.write(&fragments.iter().map(write).collect::<Vec<_>>())
    }

    /// Forgets blocks, their fragments and these chunks, with one commit.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn forget_blocks(
        &self,
        blocks: &[BlockId],
        chunks: &[ChunkId],
    ) -> Result<(), DatabaseError> {
        let delete = |table: Table, key: Vec<u8>| Write { table, key, value: None };
        let mut writes: Vec<Write> =
            blocks.iter().map(|block| delete(BLOCKS, block.0.to_vec())).collect();
        writes.extend(chunks.iter().map(|chunk| delete(CHUNKS, chunk.0.to_vec())));
        for block in blocks {
            for (index, _) in self.fragments(*block)? {
                writes.push(delete(FRAGMENTS, [&block.0[..], &[index]].concat()));
            }
        }
        self.database.write(&writes)
    }

    /// Where a chunk is.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn chunk(&self, chunk: ChunkId) -> Result<Option<ChunkPlace>, DatabaseError> {
        get(&self.database, CHUNKS, &chunk.0)
    }

    /// Where chunks are, from one state of the database.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn chunks(&self, chunks: &[ChunkId]) -> Result<Vec<Option<ChunkPlace>>, DatabaseError> {
        let keys: Vec<&[u8]> = chunks.iter().map(|chunk| &chunk.0[..]).collect();
        let rows = self.database.get_many(CHUNKS, &keys)?;
        rows.into_iter().map(|row| row.map(|row| read(CHUNKS, &row)).transpose()).collect()
    }

    /// What a block is.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn block(&self, block: BlockId) -> Result<Option<BlockRow>, DatabaseError> {
        get(&self.database, BLOCKS, &block.0)
    }

    /// Blocks in the order of their ids, behind `after`.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn blocks(
        &self,
        after: Option<BlockId>,
        limit: usize,
    ) -> Result<Vec<(BlockId, BlockRow)>, DatabaseError> {
        let low = after.as_ref().map_or(Bound::Unbounded, |block| Bound::Excluded(&block.0[..]));
        let row = |(key, row): (Vec<u8>, Vec<u8>)| {
            let block = BlockId(key.try_into().map_err(|_| broken(BLOCKS))?);
            Ok((block, read(BLOCKS, &row)?))
        };
        self.database.scan(BLOCKS, low, limit)?.rows.into_iter().map(row).collect()
    }

    /// Who signed for which fragments of a block.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn fragments(&self, block: BlockId) -> Result<Vec<(u8, FragmentReceipt)>, DatabaseError> {
        let page = self.database.scan(FRAGMENTS, Bound::Included(&block.0), PAGE_ROWS_MAX)?;
        let own = page.rows.into_iter().take_while(|(key, _)| key.starts_with(&block.0));
        own.map(|(key, row)| {
            let index = key.last().copied().ok_or_else(|| broken(FRAGMENTS))?;
            Ok((index, read(FRAGMENTS, &row)?))
        })
        .collect()
    }

    /// Keeps whole receipts of suppliers, as evidence.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn record_receipts(&self, receipts: &[Receipt]) -> Result<(), DatabaseError> {
        let key = |receipt: &Receipt| receipt_key(receipt.body.contract, receipt.body.sequence);
        let writes: Vec<Write> =
            receipts.iter().map(|receipt| put(RECEIPTS, key(receipt), receipt)).collect();
        self.database.write(&writes)
    }

    /// A receipt of a supplier.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn receipt(
        &self,
        contract: ContractId,
        sequence: u64,
    ) -> Result<Option<Receipt>, DatabaseError> {
        get(&self.database, RECEIPTS, &receipt_key(contract, sequence))
    }

    /// Receipts of a contract in their order, behind `after`.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn receipts(
        &self,
        contract: ContractId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Receipt>, DatabaseError> {
        let low = receipt_key(contract, after);
        let page = self.database.scan(RECEIPTS, Bound::Excluded(&low), limit)?;
        let own = page.rows.iter().take_while(|(key, _)| key.starts_with(&contract.0));
        own.map(|(_, row)| read(RECEIPTS, row)).collect()
    }

    /// Enters what was seen at paths of a source, or that nothing is there any more.
    ///
    /// # Errors
    /// As [`DatabaseError`] says; a path longer than [`PATH_BYTES_MAX`] is too long.
    pub fn record_files(
        &self,
        source: u32,
        files: &[(Vec<u8>, Option<FileRow>)],
    ) -> Result<(), DatabaseError> {
        if let Some((path, _)) = files.iter().find(|(path, _)| path.len() > PATH_BYTES_MAX) {
            return Err(DatabaseError::TooLong { key: path.len(), value: 0 });
        }
        let write = |(path, row): &(Vec<u8>, Option<FileRow>)| Write {
            table: FILES,
            key: file_key(source, path),
            value: row.as_ref().map(encode),
        };
        self.database.write(&files.iter().map(write).collect::<Vec<_>>())
    }

    /// What was seen at a path.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn file(&self, source: u32, path: &[u8]) -> Result<Option<FileRow>, DatabaseError> {
        get(&self.database, FILES, &file_key(source, path))
    }

    /// Files of a source behind the path `after`, in the order of a walk that sorts the names in
    /// each directory by their bytes and descends into a directory right where it stands.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn files(
        &self,
        source: u32,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<FilePage, DatabaseError> {
        let low = match after {
            Some(path) => Bound::Excluded(file_key(source, path)),
            None => Bound::Included(source.to_be_bytes().to_vec()),
        };
        let low = low.as_ref().map(Vec::as_slice);
        let Page { rows, has_more } = self.database.scan(FILES, low, limit)?;
        let mut page = FilePage { files: Vec::with_capacity(rows.len()), has_more };
        for (key, row) in rows {
            if !key.starts_with(&source.to_be_bytes()) {
                page.has_more = false;
                break;
            }
            page.files.push((path_of(&key), read(FILES, &row)?));
        }
        Ok(page)
    }

    /// Enters a version; `None` forgets it.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn record_version(&self, number: u64, bytes: Option<&[u8]>) -> Result<(), DatabaseError> {
        let key = number.to_be_bytes().to_vec();
        self.database.write(&[Write { table: VERSIONS, key, value: bytes.map(<[u8]>::to_vec) }])
    }

    /// A version.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn version(&self, number: u64) -> Result<Option<Vec<u8>>, DatabaseError> {
        self.database.get(VERSIONS, &number.to_be_bytes())
    }

    /// Versions from the number `from` on.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn versions(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, DatabaseError> {
        let page = self.database.scan(VERSIONS, Bound::Included(&from.to_be_bytes()), limit)?;
        let row = |(key, row): (Vec<u8>, Vec<u8>)| {
            let number = key.try_into().map(u64::from_be_bytes).map_err(|_| broken(VERSIONS))?;
            Ok((number, row))
        };
        page.rows.into_iter().map(row).collect()
    }
}

fn receipt_key(contract: ContractId, sequence: u64) -> Vec<u8> {
    [&contract.0[..], &sequence.to_be_bytes()].concat()
}

fn put<T: Wire>(table: Table, key: Vec<u8>, row: &T) -> Write {
    Write { table, key, value: Some(encode(row)) }
}

fn get<T: Wire>(database: &Database, table: Table, key: &[u8]) -> Result<Option<T>, DatabaseError> {
    database.get(table, key)?.map(|row| read(table, &row)).transpose()
}

fn read<T: Wire>(table: Table, row: &[u8]) -> Result<T, DatabaseError> {
    decode(row).map_err(|error| match error {
        DecodeError::Version { found, known } => {
            DatabaseError::Schema { found: found.into(), known: known.into() }
        }
        DecodeError::TooLong { .. } | DecodeError::Malformed => broken(table),
    })
}

fn broken(table: Table) -> DatabaseError {
    DatabaseError::Damaged { what: format!("a row of '{}' has another form", table.0) }
}

#[cfg(test)]
mod tests;
