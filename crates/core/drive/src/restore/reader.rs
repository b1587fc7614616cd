//! Opens chunks, and gives out the bytes of files in order with reading ahead.

use codec::Opener;
use spaces::Keyring;
use store::Drive;

use super::cache::Cache;
use super::plan::{BlockRanges, Plan, fragments_of};
use super::{BlockSource, Cursor, Range, RestoreError};
use crate::Stop;
use crate::catalog::{Catalog, Place};
use crate::format::{Body, ChunkKind, ChunkRef, Content, Piece};
use crate::keys::Keys;

/// Bytes of fragments that a reader keeps by default.
pub const CACHE_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of fragments that are asked for at once.
const WINDOW_BYTES: usize = 16 * 1024 * 1024;
/// Pieces that are looked up at once.
const WINDOW_PIECES: usize = 1_024;

/// The next bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run<'a> {
    /// Bytes.
    Bytes(&'a [u8]),
    /// So many zeros that the file does not store.
    Hole(u64),
}

/// Reads chunks and contents of one drive.
///
/// Holds at most the given bytes of fragments, two windows of references, and 12 MiB for opening.
pub struct Reader<'a> {
    catalog: Catalog<'a>,
    keys: Keys,
    source: &'a mut dyn BlockSource,
    cache: Cache,
    opener: Opener,
    sealed: Vec<u8>,
}

/// A piece about to be given out: where its chunk is, and which part of it is wanted.
struct Step {
    /// Nothing for a hole.
    place: Option<Place>,
    skip: u64,
    bytes: u64,
}

impl<'a> Reader<'a> {
    /// A reader with a cache of [`CACHE_BYTES`].
    pub fn new(drive: &'a Drive, keyring: &Keyring, source: &'a mut dyn BlockSource) -> Self {
        Self::with_cache(drive, keyring, source, CACHE_BYTES)
    }

    /// A reader that keeps at most `cache_bytes` of fragments; below 24 MiB fragments may be read
    /// more than once.
    pub fn with_cache(
        drive: &'a Drive,
        keyring: &Keyring,
        source: &'a mut dyn BlockSource,
        cache_bytes: usize,
    ) -> Self {
        Self {
            catalog: Catalog::new(drive),
            keys: Keys::new(keyring),
            source,
            cache: Cache::new(cache_bytes),
            opener: Opener::new(),
            sealed: Vec::new(),
        }
    }

    /// Gives out all bytes of a content in order.
    ///
    /// # Errors
    /// As [`RestoreError`] says. What was given out before is right.
    pub fn read(
        &mut self,
        content: &Content,
        out: &mut dyn FnMut(Run<'_>) -> Result<(), Stop>,
    ) -> Result<(), RestoreError> {
        self.read_range(content, 0, content.bytes, out)
    }

    /// Gives out `length` bytes from `offset` on, as far as the content goes; only the chunks that
    /// hold them are read.
    ///
    /// # Errors
    /// As [`RestoreError`] says. What was given out before is right.
    pub fn read_range(
        &mut self,
        content: &Content,
        offset: u64,
        length: u64,
        out: &mut dyn FnMut(Run<'_>) -> Result<(), Stop>,
    ) -> Result<(), RestoreError> {
        let end = offset.saturating_add(length).min(content.bytes);
        let start = offset.min(end);
        if let Body::Inline(bytes) = &content.body {
            let run = &bytes[start as usize..end as usize];
            return if run.is_empty() { Ok(()) } else { give(out, Run::Bytes(run)) };
        }
        let mut cursor = Cursor::new(content);
        if start > 0 {
            cursor.seek(start, self)?;
        }
        let mut window = self.window(&mut cursor, start, end)?;
        while !window.is_empty() {
            let next = self.window(&mut cursor, start, end)?;
            for ranges in self.missing(&next).into_ranges() {
                self.source.expect(&ranges.block, &ranges.ranges);
            }
            self.fetch(self.missing(&window))?;
            for step in window {
                match step.place {
                    None => give(out, Run::Hole(step.bytes))?,
                    Some(place) => {
                        let plain = self.open(&place)?;
                        let (from, to) = (step.skip as usize, (step.skip + step.bytes) as usize);
                        give(out, Run::Bytes(&plain[from..to]))?;
                    }
                }
            }
            window = next;
        }
        Ok(())
    }

    /// The blocks and fragments that reading this range takes, as far as the first 16 MiB of them,
    /// without lists and without what the cache has.
    ///
    /// # Errors
    /// As [`RestoreError`] says.
    pub fn plan(
        &mut self,
        content: &Content,
        offset: u64,
        length: u64,
    ) -> Result<Vec<BlockRanges>, RestoreError> {
        let end = offset.saturating_add(length).min(content.bytes);
        let mut cursor = Cursor::new(content);
        cursor.seek(offset, self)?;
        let window = self.window(&mut cursor, offset, end)?;
        Ok(self.missing(&window).into_ranges())
    }

    /// Tells the source that these contents come next: one call for many small files. Returns how
    /// many of them fit into a window; the rest is for the next call.
    ///
    /// # Errors
    /// As [`RestoreError`] says.
    pub fn expect(&mut self, contents: &[&Content]) -> Result<usize, RestoreError> {
        let mut plan = Plan::default();
        let mut count = 0;
        for content in contents {
            if plan.bytes() >= WINDOW_BYTES {
                break;
            }
            if !matches!(content.body, Body::Inline(_)) {
                let mut cursor = Cursor::new(content);
                for step in self.window(&mut cursor, 0, content.bytes)? {
                    if let Some(place) = &step.place {
                        plan.add(place, |block, index| self.cache.has(block, index));
                    }
                }
            }
            count += 1;
        }
        for ranges in plan.into_ranges() {
            self.source.expect(&ranges.block, &ranges.ranges);
        }
        Ok(count)
    }

    /// The catalog that says where chunks are.
    pub fn catalog(&self) -> Catalog<'a> {
        self.catalog
    }

    /// The plaintext of a chunk of the catalog.
    pub(crate) fn chunk(&mut self, chunk: &ChunkRef) -> Result<Vec<u8>, RestoreError> {
        let place = self.place(chunk)?;
        self.chunk_at(&place)
    }

    /// The plaintext of a chunk whose place is known.
    pub(crate) fn chunk_at(&mut self, place: &Place) -> Result<Vec<u8>, RestoreError> {
        let mut plan = Plan::default();
        plan.add(place, |block, index| self.cache.has(block, index));
        self.fetch(plan)?;
        Ok(self.open(place)?.to_vec())
    }

    fn place(&mut self, chunk: &ChunkRef) -> Result<Place, RestoreError> {
        let id = chunk.id;
        let place = self.catalog.place(id)?.ok_or(RestoreError::UnknownChunk { chunk: id })?;
        if place.bytes == chunk.bytes { Ok(place) } else { Err(RestoreError::Form { chunk: id }) }
    }

    /// The next pieces before `end`, as many as fit into a window; `start` cuts the first.
    fn window(
        &mut self,
        cursor: &mut Cursor,
        start: u64,
        end: u64,
    ) -> Result<Vec<Step>, RestoreError> {
        let mut steps = Vec::new();
        let mut plan = Plan::default();
        while steps.len() < WINDOW_PIECES && plan.bytes() < WINDOW_BYTES && cursor.position() < end
        {
            let first = cursor.position();
            let Some(piece) = cursor.next(self)? else { break };
            let skip = start.saturating_sub(first);
            let bytes = piece.bytes().min(end - first) - skip;
            let place = match piece {
                Piece::Hole { .. } => None,
                Piece::Chunk(chunk) => Some(self.place(&chunk)?),
            };
            if let Some(place) = &place {
                plan.add(place, |block, index| self.cache.has(block, index));
            }
            steps.push(Step { place, skip, bytes });
        }
        Ok(steps)
    }

    fn missing(&self, window: &[Step]) -> Plan {
        let mut plan = Plan::default();
        for place in window.iter().filter_map(|step| step.place.as_ref()) {
            plan.add(place, |block, index| self.cache.has(block, index));
        }
        plan
    }

    fn fetch(&mut self, plan: Plan) -> Result<(), RestoreError> {
        for BlockRanges { block, ranges } in plan.into_ranges() {
            // Each fragment by itself, so that the cache takes it over as it is.
            let size = block.fragment_bytes;
            let first = |range: &Range| range.offset / size..range.end() / size;
            let indices: Vec<u32> = ranges.iter().flat_map(first).collect();
            let each = |index: &u32| Range { offset: index * size, length: size };
            let fragments = self
                .source
                .read(&block, &indices.iter().map(each).collect::<Vec<_>>())
                .map_err(|error| RestoreError::from_source(block.id, error))?;
            let fits = fragments.len() == indices.len()
                && fragments.iter().all(|fragment| fragment.len() == size as usize);
            if !fits {
                return Err(RestoreError::Missing {
                    block: block.id,
                    present: 0,
                    needed: block.k.into(),
                });
            }
            for (index, fragment) in indices.into_iter().zip(fragments) {
                self.cache.insert(block.id, index, fragment);
            }
        }
        Ok(())
    }

    /// Opens the chunk; fragments that the cache has dropped meanwhile are read again.
    fn open(&mut self, place: &Place) -> Result<&[u8], RestoreError> {
        self.sealed.clear();
        for run in &place.runs {
            let size = run.block.fragment_bytes;
            for index in fragments_of(&run.block, run.range) {
                if !self.cache.has(run.block.id, index) {
                    let mut plan = Plan::default();
                    plan.add(&place.only(run, index), |_, _| false);
                    self.fetch(plan)?;
                }
                let from = run.range.offset.max(index * size) - index * size;
                let to = run.range.end().min((index + 1) * size) - index * size;
                let fragment = self.cache.get(run.block.id, index);
                let part = fragment.and_then(|bytes| bytes.get(from as usize..to as usize));
                self.sealed.extend_from_slice(part.ok_or_else(|| damaged(place))?);
            }
        }
        let opened = match place.kind {
            ChunkKind::Head => self.keys.open_record(&mut self.opener, place, &self.sealed),
            ChunkKind::Data | ChunkKind::Tree | ChunkKind::Index => {
                self.keys.open(&mut self.opener, place, &self.sealed)
            }
        }?;
        if opened.len() == place.bytes as usize { Ok(opened) } else { Err(damaged(place)) }
    }
}

/// The error of a chunk that does not open.
pub(crate) fn damaged(place: &Place) -> RestoreError {
    let block = place.runs.first().map(|run| run.block.id).unwrap_or_default();
    RestoreError::Damaged { chunk: place.id, block }
}

fn give(
    out: &mut dyn FnMut(Run<'_>) -> Result<(), Stop>,
    run: Run<'_>,
) -> Result<(), RestoreError> {
    out(run).map_err(|Stop| RestoreError::Stopped)
}
