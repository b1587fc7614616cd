//! Which fragments to verify, and what is hurt by blocks that are missing.

use std::collections::BTreeSet;

use base::{BlockId, Hasher};

use crate::Stop;
use crate::catalog::{Catalog, CatalogError};
use crate::format::{BlockEntry, Body, ChunkRef, Content, ListRef, Piece, Version};
use crate::restore::{Cursor, Filter, Reader, RestoreError, Step, Walk};

/// A hundredth of a percent.
const SHARES: u64 = 10_000;
/// Blocks of one page.
const PAGE_BLOCKS: usize = 256;

/// A part of all fragments, drawn from a seed: the same seed draws the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Hundredths of a percent of all fragments, 10,000 for all.
    pub share: u16,
    /// What it is drawn from.
    pub seed: [u8; 32],
}

impl Sample {
    /// Everything.
    pub const ALL: Self = Self { share: SHARES as u16, seed: [0; 32] };

    /// Whether fragment `index` of `block` is drawn.
    pub fn has(&self, block: BlockId, index: u8) -> bool {
        if u64::from(self.share) >= SHARES {
            return true;
        }
        let mut hasher = Hasher::new("bitdust drive check sample v1");
        let hash = hasher.update(&self.seed).update(&block.0).update(&[index]).finish();
        let mut first = [0; 8];
        first.copy_from_slice(&hash.0[..8]);
        u64::from_le_bytes(first) % SHARES < u64::from(self.share)
    }
}

/// Goes through all blocks and draws fragments.
#[derive(Clone, Debug)]
pub struct Plan {
    sample: Sample,
    page: Vec<BlockEntry>,
    after: Option<BlockId>,
    is_end: bool,
}

impl Plan {
    /// Before the first block.
    pub fn new(sample: Sample) -> Self {
        Self { sample, page: Vec::new(), after: None, is_end: false }
    }

    /// The next block of which fragments are drawn, and these; nothing at the end.
    ///
    /// # Errors
    /// As [`CatalogError`] says.
    pub fn next(
        &mut self,
        catalog: Catalog<'_>,
    ) -> Result<Option<(BlockEntry, Vec<u8>)>, CatalogError> {
        loop {
            while let Some(block) = self.page.pop() {
                let drawn = |index: &u8| self.sample.has(block.id, *index);
                let fragments: Vec<u8> =
                    (0..block.k.saturating_add(block.m)).filter(drawn).collect();
                if !fragments.is_empty() {
                    return Ok(Some((block, fragments)));
                }
            }
            if self.is_end {
                return Ok(None);
            }
            self.page = catalog.blocks(self.after, PAGE_BLOCKS)?;
            self.is_end = self.page.len() < PAGE_BLOCKS;
            self.after = self.page.last().map(|block| block.id);
            self.page.reverse();
        }
    }
}

/// Something of a version that cannot be restored as things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hurt {
    /// The content of this file is not whole.
    File {
        /// The path on the machine of the backup.
        path: Vec<u8>,
    },
    /// This directory cannot be read to its end; nobody can say what else it held.
    Directory {
        /// The path on the machine of the backup.
        path: Vec<u8>,
    },
}

/// Finds what of a version is hurt when blocks are missing; returns how much that is.
///
/// Reads directories, but no contents; blocks that the source has not got count as missing too.
///
/// # Errors
/// The catalog fails, or `found` asks to stop.
pub fn hurt(
    version: &Version,
    missing: &BTreeSet<BlockId>,
    reader: &mut Reader<'_>,
    found: &mut dyn FnMut(Hurt) -> Result<(), Stop>,
) -> Result<u64, RestoreError> {
    let full = |root: usize, path: &[u8]| {
        let root = version.roots.get(root).map_or(&[][..], |root| &root.path);
        if path.is_empty() { root.to_vec() } else { crate::join(root, path) }
    };
    let mut walk = Walk::new(version, Filter::all());
    let mut count = 0;
    loop {
        let hurt = match walk.next(reader) {
            Ok(None) => return Ok(count),
            Ok(Some(Step::Entry { root, path, node })) => {
                let content = node.kind.content();
                let is_hurt =
                    content.map(|content| is_hurt(content, missing, reader)).transpose()?;
                is_hurt.unwrap_or(false).then(|| Hurt::File { path: full(root, &path) })
            }
            Ok(Some(Step::Enter { root, path, node })) => {
                let content = node.kind.content();
                let is_hurt =
                    content.map(|content| is_hurt(content, missing, reader)).transpose()?;
                is_hurt.unwrap_or(false).then(|| {
                    walk.skip();
                    Hurt::Directory { path: full(root, &path) }
                })
            }
            Ok(Some(Step::Leave { .. })) => None,
            Err(error) if error.is_local() => {
                let (root, path) = walk.here();
                Some(Hurt::Directory { path: full(root, path) })
            }
            Err(error) => return Err(error),
        };
        if let Some(hurt) = hurt {
            count += 1;
            found(hurt).map_err(|Stop| RestoreError::Stopped)?;
        }
    }
}

/// Whether a chunk of a content, or a list of it, is in a missing block.
fn is_hurt(
    content: &Content,
    missing: &BTreeSet<BlockId>,
    reader: &mut Reader<'_>,
) -> Result<bool, RestoreError> {
    if let Body::Lists { lists, .. } = &content.body {
        let is_list_hurt = |list: &ListRef| is_chunk_hurt(&list.chunk, missing, reader);
        if any(lists.iter(), is_list_hurt)? {
            return Ok(true);
        }
    }
    let mut cursor = Cursor::new(content);
    loop {
        match cursor.next(reader) {
            Ok(None) => return Ok(false),
            Ok(Some(Piece::Hole { .. })) => {}
            Ok(Some(Piece::Chunk(chunk))) => {
                if is_chunk_hurt(&chunk, missing, reader)? {
                    return Ok(true);
                }
            }
            Err(error) if error.is_local() => return Ok(true),
            Err(error) => return Err(error),
        }
    }
}

fn is_chunk_hurt(
    chunk: &ChunkRef,
    missing: &BTreeSet<BlockId>,
    reader: &mut Reader<'_>,
) -> Result<bool, RestoreError> {
    let place = reader.catalog().place(chunk.id)?;
    let is_missing = |id: &BlockId| missing.contains(id);
    Ok(place.is_none_or(|place| place.runs.iter().any(|run| is_missing(&run.block.id))))
}

fn any<T>(
    mut items: impl Iterator<Item = T>,
    mut test: impl FnMut(T) -> Result<bool, RestoreError>,
) -> Result<bool, RestoreError> {
    items.try_fold(false, |found, item| Ok(found || test(item)?))
}

#[cfg(test)]
mod tests;
