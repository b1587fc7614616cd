//! Changes of several tables that become durable together.

use base::{BlockId, ChunkId, Date, Wire, encode};
use store::drive::{ChunkPlace, FileRow};
use store::{Table, Write};

use super::rows::{FragmentRow, FreshRow, Progress, SegmentRow, block_row};
use super::{
    BLOCKS, CHUNKS, FILES, FRAGMENTS, FRESH, HEAD, PROGRESS, SEGMENTS, SOURCE, STATE, VERSIONS,
};
use crate::format::{BlockEntry, HeadRef, PlainHeadRef, Version};

/// Changes that are made together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// When the blocks were made.
    pub(crate) date: Date,
    pub(crate) blocks: Vec<BlockEntry>,
    pub(crate) fragments: Vec<(BlockId, FragmentRow)>,
    pub(crate) chunks: Vec<(ChunkId, ChunkPlace)>,
    /// Paths and what is known of them; nothing deletes the row.
    pub(crate) files: Vec<(Vec<u8>, Option<FileRow>)>,
    pub(crate) fresh: Vec<(u64, FreshRow)>,
    /// Fresh rows that are in a segment now.
    pub(crate) indexed: Vec<u64>,
    pub(crate) segments: Vec<(u64, SegmentRow)>,
    /// Segments that another order of them has replaced.
    pub(crate) dropped_segments: Vec<u64>,
    pub(crate) versions: Vec<Version>,
    pub(crate) head: Option<HeadRef>,
    /// Blocks of no more use, with the number of their fragments.
    pub(crate) dropped: Vec<(BlockId, u8)>,
    pub(crate) progress: Option<Progress>,
    pub(crate) is_recovered: bool,
}

impl Batch {
    /// Sorted by table, for each run of one table opens it once.
    pub(super) fn into_writes(self) -> Vec<Write> {
        let mut writes = Vec::new();
        writes.extend(self.dropped.iter().map(|(block, _)| delete(BLOCKS, &block.0)));
        let date = self.date;
        writes.extend(
            self.blocks.iter().map(|entry| put(BLOCKS, &entry.id.0, &block_row(entry, date))),
        );
        for (block, fragments) in &self.dropped {
            writes.extend((0..*fragments).map(|index| delete(FRAGMENTS, &fragment(block, index))));
        }
        writes.extend(
            self.fragments
                .iter()
                .map(|(block, (index, row))| put(FRAGMENTS, &fragment(block, *index), row)),
        );
        writes.extend(self.chunks.iter().map(|(id, row)| put(CHUNKS, &id.0, row)));
        writes.extend(self.files.iter().map(|(path, row)| match row {
            Some(row) => put(FILES, &file_key(path), row),
            None => delete(FILES, &file_key(path)),
        }));
        writes.extend(self.fresh.iter().map(|(number, row)| put(FRESH, &key(*number), row)));
        writes.extend(self.indexed.iter().map(|number| delete(FRESH, &key(*number))));
        writes.extend(self.segments.iter().map(|(number, row)| put(SEGMENTS, &key(*number), row)));
        writes.extend(self.dropped_segments.iter().map(|number| delete(SEGMENTS, &key(*number))));
        writes.extend(
            self.versions.iter().map(|version| put(VERSIONS, &key(version.number), version)),
        );
        writes.extend(self.head.map(|head| put(STATE, HEAD, &PlainHeadRef(head))));
        writes.extend(self.progress.iter().map(|progress| put(STATE, PROGRESS, progress)));
        if self.is_recovered {
            writes.push(delete(STATE, PROGRESS));
        }
        writes
    }
}

fn key(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

fn fragment(block: &BlockId, index: u8) -> Vec<u8> {
    [&block.0[..], &[index]].concat()
}

/// As `store::drive` forms it: names are parted by zero bytes, so that rows lie in the order of a
/// walk.
fn file_key(path: &[u8]) -> Vec<u8> {
    let mut key = SOURCE.to_be_bytes().to_vec();
    key.extend(path.iter().map(|byte| if *byte == b'/' { 0 } else { *byte }));
    key
}

fn put<T: Wire>(table: Table, key: &[u8], value: &T) -> Write {
    Write { table, key: key.to_vec(), value: Some(encode(value)) }
}

fn delete(table: Table, key: &[u8]) -> Write {
    Write { table, key: key.to_vec(), value: None }
}
