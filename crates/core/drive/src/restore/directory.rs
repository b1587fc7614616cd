//! Goes through the entries of one directory in the order of their names.

use std::cmp::Ordering;

use super::{Cursor, Reader, RestoreError};
use crate::format::{Body, ChunkRef, Content, Entry, Name, PageReader, Piece};

/// A place in a directory. Holds one page of entries.
#[derive(Debug)]
pub(crate) struct DirectoryCursor {
    cursor: Cursor,
    page: Option<PageReader<Entry>>,
    /// The chunk of the page, for reading it again; nothing for an inline directory.
    chunk: Option<ChunkRef>,
    /// Where to go on in a page that was put away.
    put_away_at: Option<usize>,
    last: Option<Name>,
    peeked: Option<Entry>,
}

impl DirectoryCursor {
    /// Before the first entry.
    pub(crate) fn new(content: &Content) -> Result<Self, RestoreError> {
        let page = match &content.body {
            Body::Inline(bytes) => {
                Some(PageReader::new(bytes.clone()).map_err(|_| RestoreError::Inconsistent)?)
            }
            Body::Pieces(_) | Body::Lists { .. } => None,
        };
        Ok(Self {
            cursor: Cursor::new(content),
            page,
            chunk: None,
            put_away_at: None,
            last: None,
            peeked: None,
        })
    }

    /// The next entry, nothing at the end.
    pub(crate) fn next(&mut self, reader: &mut Reader<'_>) -> Result<Option<Entry>, RestoreError> {
        if let Some(entry) = self.peeked.take() {
            return Ok(Some(entry));
        }
        if let (Some(position), Some(chunk)) = (self.put_away_at.take(), self.chunk) {
            let mut page = open_page(&chunk, reader)?;
            page.skip_to(position);
            self.page = Some(page);
        }
        loop {
            if let Some(page) = &mut self.page {
                let next = page.next().map_err(|_| form(self.chunk))?;
                if let Some(entry) = next {
                    return self.take_in_order(entry).map(Some);
                }
                self.page = None;
            }
            match self.cursor.next(reader)? {
                None => return Ok(None),
                Some(Piece::Hole { .. }) => return Err(RestoreError::Inconsistent),
                Some(Piece::Chunk(chunk)) => {
                    self.chunk = Some(chunk);
                    self.page = Some(open_page(&chunk, reader)?);
                }
            }
        }
    }

    /// The next entry, which stays the next.
    pub(crate) fn peek(&mut self, reader: &mut Reader<'_>) -> Result<Option<&Entry>, RestoreError> {
        if self.peeked.is_none() {
            self.peeked = self.next(reader)?;
        }
        Ok(self.peeked.as_ref())
    }

    /// The entry of this name: its page is found by halving.
    pub(crate) fn find(
        content: &Content,
        name: &Name,
        reader: &mut Reader<'_>,
    ) -> Result<Option<Entry>, RestoreError> {
        let mut directory = Self::at_page_of(content, name, reader)?;
        while let Some(entry) = directory.next(reader)? {
            match entry.name.cmp(name) {
                Ordering::Less => {}
                Ordering::Equal => return Ok(Some(entry)),
                Ordering::Greater => break,
            }
        }
        Ok(None)
    }

    /// Before the first entry behind `name`.
    pub(crate) fn behind(
        content: &Content,
        name: &Name,
        reader: &mut Reader<'_>,
    ) -> Result<Self, RestoreError> {
        let mut directory = Self::at_page_of(content, name, reader)?;
        while directory.peek(reader)?.is_some_and(|entry| entry.name <= *name) {
            directory.next(reader)?;
        }
        Ok(directory)
    }

    /// At the start of the only page that may hold `name`.
    fn at_page_of(
        content: &Content,
        name: &Name,
        reader: &mut Reader<'_>,
    ) -> Result<Self, RestoreError> {
        let mut directory = Self::new(content)?;
        if directory.page.is_none() {
            let start = directory.page_start(name, reader)?.unwrap_or(0);
            directory.cursor.seek(start, reader)?;
        }
        Ok(directory)
    }

    /// Where the last page begins whose first name is not after `name`.
    fn page_start(
        &mut self,
        name: &Name,
        reader: &mut Reader<'_>,
    ) -> Result<Option<u64>, RestoreError> {
        let (mut low, mut high, mut found) = (0, self.cursor.content().bytes, None);
        while low < high {
            self.cursor.seek(low + (high - low) / 2, reader)?;
            let start = self.cursor.position();
            let Some(Piece::Chunk(chunk)) = self.cursor.next(reader)? else {
                return Err(RestoreError::Inconsistent);
            };
            let first = open_page(&chunk, reader)?.next().map_err(|_| form(Some(chunk)))?;
            if first.is_some_and(|entry| entry.name <= *name) {
                found = Some(start);
                low = self.cursor.position();
            } else {
                high = start;
            }
        }
        Ok(found)
    }

    /// Bytes of the page that is held.
    pub(crate) fn held_bytes(&self) -> usize {
        self.page.as_ref().map_or(0, PageReader::len)
    }

    /// Gives the memory of the page back; it is read again when the walk comes back here.
    pub(crate) fn put_away(&mut self) {
        if self.chunk.is_some()
            && let Some(page) = self.page.take()
        {
            self.put_away_at = Some(page.position());
        }
    }

    fn take_in_order(&mut self, entry: Entry) -> Result<Entry, RestoreError> {
        if self.last.as_ref().is_some_and(|last| *last >= entry.name) {
            return Err(form(self.chunk));
        }
        self.last = Some(entry.name.clone());
        Ok(entry)
    }
}

fn open_page(chunk: &ChunkRef, reader: &mut Reader<'_>) -> Result<PageReader<Entry>, RestoreError> {
    PageReader::new(reader.chunk(chunk)?).map_err(|_| RestoreError::Form { chunk: chunk.id })
}

fn form(chunk: Option<ChunkRef>) -> RestoreError {
    chunk.map_or(RestoreError::Inconsistent, |chunk| RestoreError::Form { chunk: chunk.id })
}
