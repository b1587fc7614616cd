//! Makes the pages of one directory from its sorted entries.

use base::SymmetricKey;

use super::ContentWriter;
use crate::format::{ChunkRef, Content, Entry, Name, PageWriter, Piece};

/// No page is cut before this length, bytes.
const PAGE_MIN: usize = 16 * 1024;
/// A page is cut after this length, bytes, whatever the names are.
const PAGE_MAX: usize = 256 * 1024;
/// One name in 512 ends a page, so that pages are about 64 KiB.
const CUT_MASK: u64 = 511;

/// Says after which names a page may end: keyed, so that lengths of pages tell nothing about names.
#[derive(Clone)]
pub(crate) struct Cutter(SymmetricKey);

impl Cutter {
    pub(crate) fn new(key: &SymmetricKey) -> Self {
        Self(key.clone())
    }

    fn is_end(&self, name: &Name) -> bool {
        let hash = blake3::keyed_hash(&self.0.0, name.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        u64::from_le_bytes(first) & CUT_MASK == 0
    }
}

/// Why an entry cannot be added.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DirectoryError<E> {
    /// Names must come in ascending order, each once.
    #[error("a name that is not after the one before")]
    Order,
    /// Storing a page failed.
    #[error("{0}")]
    Put(E),
}

/// A directory under construction.
#[derive(Debug)]
pub(crate) struct DirectoryWriter {
    page: PageWriter,
    content: ContentWriter,
    last: Option<Name>,
}

impl DirectoryWriter {
    pub(crate) fn new() -> Self {
        Self { page: PageWriter::new(), content: ContentWriter::default(), last: None }
    }

    /// Whether an entry of this name may come next.
    pub(crate) fn is_next(&self, name: &Name) -> bool {
        self.last.as_ref().is_none_or(|last| last < name)
    }

    /// Bytes of the open page.
    pub(crate) fn open_bytes(&self) -> usize {
        self.page.len()
    }

    /// Adds the next entry; `put` stores a page as a chunk.
    pub(crate) fn push<E>(
        &mut self,
        entry: Entry,
        cutter: &Cutter,
        put: &mut impl FnMut(&[u8]) -> Result<ChunkRef, E>,
    ) -> Result<(), DirectoryError<E>> {
        if !self.is_next(&entry.name) {
            return Err(DirectoryError::Order);
        }
        self.page.push(&entry);
        let length = self.page.len();
        if length >= PAGE_MAX || length >= PAGE_MIN && cutter.is_end(&entry.name) {
            self.flush(put).map_err(DirectoryError::Put)?;
        }
        self.last = Some(entry.name);
        Ok(())
    }

    /// Stores the open page.
    pub(crate) fn flush<E>(
        &mut self,
        put: &mut impl FnMut(&[u8]) -> Result<ChunkRef, E>,
    ) -> Result<(), E> {
        if self.page.records() == 0 {
            return Ok(());
        }
        let chunk = put(self.page.as_bytes())?;
        self.page.clear();
        self.content.push(Piece::Chunk(chunk), put)
    }

    /// The directory's content.
    pub(crate) fn finish<E>(
        mut self,
        put: &mut impl FnMut(&[u8]) -> Result<ChunkRef, E>,
    ) -> Result<Content, E> {
        if self.content.is_empty()
            && let Some(content) = Content::inline(self.page.as_bytes())
        {
            return Ok(content);
        }
        self.flush(put)?;
        self.content.finish(put)
    }
}
