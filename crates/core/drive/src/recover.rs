//! Makes the catalog anew on an empty machine, from the reference to the head and the keyring.
//!
//! One segment is held at a time. What is written is written segment by segment, so that an
//! interrupted recovery goes on where it was.

use base::{ChunkId, Hash, decode, encode, hash};
use spaces::Keyring;
use store::Drive;
use store::drive::{ChunkPlace, Extent};

use crate::catalog::{Batch, Catalog, Place, PlacedRun, Progress, SegmentRow, kind_byte};
use crate::format::{BlockEntry, ChunkEntry, Head, HeadRef, IndexSegment, PlainHeadRef};
use crate::restore::{BlockSource, Range, Reader, RestoreError};

/// Fragments that a recovery keeps, bytes.
const CACHE_BYTES: usize = 32 * 1024 * 1024;

/// How far a recovery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Segments that are in the database.
    pub segments: u64,
    /// All segments.
    pub of: u64,
    /// Versions of the drive.
    pub versions: u64,
}

/// Makes the rows of all chunks, blocks and versions anew. `report` is told after each segment.
///
/// The rows of known files stay empty: the next backup reads all files and finds their chunks.
/// `head_ref` is what [`HeadRef::open`] makes of the bytes in the root document. A database that
/// holds an older state of the same drive is brought up to this one.
///
/// # Errors
/// As [`RestoreError`] says. What was written stays, and another call goes on behind it.
pub fn recover(
    drive: &Drive,
    keyring: &Keyring,
    head_ref: &HeadRef,
    source: &mut dyn BlockSource,
    report: &mut dyn FnMut(Recovered),
) -> Result<Recovered, RestoreError> {
    let catalog = Catalog::new(drive);
    let name = hash("bitdust drive recovery v1", &encode(&PlainHeadRef(head_ref.clone())));
    let mut reader = Reader::with_cache(drive, keyring, source, CACHE_BYTES);
    let head = read_head(head_ref, &mut reader)?;
    let done = catalog.progress()?.filter(|progress| progress.head == name);
    let mut recovered = Recovered {
        segments: done.map_or(0, |progress| progress.segments).min(head.segments.len() as u64),
        of: head.segments.len() as u64,
        versions: head.versions.len() as u64,
    };
    for chunk in head.segments.iter().skip(recovered.segments as usize) {
        let batch = read_segment(chunk, &head, &mut reader)?;
        write_segment(batch, (recovered.segments, name), catalog)?;
        recovered.segments += 1;
        report(recovered);
    }
    finish(head, head_ref, catalog)?;
    Ok(recovered)
}

/// All versions and segments that a reference leads to.
///
/// # Errors
/// As [`RestoreError`] says.
pub fn read_head(head_ref: &HeadRef, reader: &mut Reader<'_>) -> Result<Head, RestoreError> {
    let mut bytes = Vec::new();
    let mut last = ChunkId::default();
    for chunk in &head_ref.chunks {
        last = chunk.id;
        bytes.extend(reader.chunk_at(&place(chunk, &head_ref.blocks)?)?);
    }
    decode(&bytes).map_err(|_| RestoreError::Form { chunk: last })
}

/// The rows of one segment.
fn read_segment(
    chunk: &ChunkEntry,
    head: &Head,
    reader: &mut Reader<'_>,
) -> Result<Batch, RestoreError> {
    let bytes = reader.chunk_at(&place(chunk, &head.blocks)?)?;
    let segment: IndexSegment =
        decode(&bytes).map_err(|_| RestoreError::Form { chunk: chunk.id })?;
    let chunks = segment.chunks.iter().map(|chunk| Ok((chunk.id, row(chunk, &segment.blocks)?)));
    let mut batch =
        Batch { chunks: chunks.collect::<Result<_, RestoreError>>()?, ..Batch::default() };
    batch.blocks = segment.blocks;
    let own = chunk.extents.iter().filter_map(|extent| head.blocks.get(extent.block as usize));
    batch.blocks.extend(own.cloned());
    batch.segments.push((0, SegmentRow { id: chunk.id, row: row(chunk, &head.blocks)? }));
    Ok(batch)
}

fn write_segment(
    mut batch: Batch,
    (number, head): (u64, Hash),
    catalog: Catalog<'_>,
) -> Result<(), RestoreError> {
    batch.segments.iter_mut().for_each(|segment| segment.0 = number);
    batch.progress = Some(Progress { head, segments: number + 1 });
    Ok(catalog.commit(batch)?)
}

/// The versions and the head itself, last of all: a database with a head is whole.
fn finish(head: Head, head_ref: &HeadRef, catalog: Catalog<'_>) -> Result<(), RestoreError> {
    for versions in head.versions.chunks(VERSIONS_PER_BATCH) {
        catalog.commit(Batch { versions: versions.to_vec(), ..Batch::default() })?;
    }
    let mut stale = Vec::new();
    let mut after = (head.segments.len() as u64).checked_sub(1);
    loop {
        let page = catalog.segments(after)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        stale.extend(page.iter().map(|(number, _)| *number));
    }
    let old = catalog.head()?.map(|head| head.blocks).unwrap_or_default();
    let is_dropped = |block: &&BlockEntry| !head_ref.blocks.contains(block);
    Ok(catalog.commit(Batch {
        dropped: old.iter().filter(is_dropped).map(|block| (block.id, block.k + block.m)).collect(),
        blocks: head_ref.blocks.clone(),
        dropped_segments: stale,
        head: Some(head_ref.clone()),
        is_recovered: true,
        ..Batch::default()
    })?)
}

const VERSIONS_PER_BATCH: usize = 64;

fn place(chunk: &ChunkEntry, blocks: &[BlockEntry]) -> Result<Place, RestoreError> {
    let runs = chunk.extents.iter().map(|extent| {
        let block = blocks.get(extent.block as usize).ok_or(RestoreError::Inconsistent)?.clone();
        let range = Range { offset: extent.offset, length: extent.length };
        Ok(PlacedRun { block, range })
    });
    let runs = runs.collect::<Result<_, RestoreError>>()?;
    let ChunkEntry { id, epoch, kind, bytes, .. } = *chunk;
    Ok(Place { id, epoch, kind, bytes, runs })
}

fn row(chunk: &ChunkEntry, blocks: &[BlockEntry]) -> Result<ChunkPlace, RestoreError> {
    let extents = chunk.extents.iter().map(|extent| {
        let block = blocks.get(extent.block as usize).ok_or(RestoreError::Inconsistent)?.id;
        Ok(Extent { block, offset: extent.offset, length: extent.length })
    });
    Ok(ChunkPlace {
        epoch: chunk.epoch,
        kind: kind_byte(chunk.kind),
        plain_bytes: chunk.bytes,
        extents: extents.collect::<Result<_, RestoreError>>()?,
    })
}

#[cfg(test)]
mod tests;
