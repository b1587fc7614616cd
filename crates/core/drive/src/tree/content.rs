//! Collects the pieces of one content and moves them into lists when they become many.

use crate::format::{Body, ChunkRef, Content, LIST_DEPTH_MAX, ListRef, PageWriter, Piece};

/// Records in a full list: below 64 KiB.
const LIST_RECORDS_MAX: usize = 1_300;
/// Records that may stand in the entry itself.
const ENTRY_RECORDS_MAX: usize = 64;

/// A content under construction.
#[derive(Debug, Default)]
pub(crate) struct ContentWriter {
    bytes: u64,
    pieces: Vec<Piece>,
    /// References to the lists written so far, lowest level first.
    levels: Vec<Vec<ListRef>>,
}

impl ContentWriter {
    /// Whether nothing was added yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Adds the next run; `put` stores a list as a chunk.
    pub(crate) fn push<E>(
        &mut self,
        piece: Piece,
        put: &mut impl FnMut(&[u8]) -> Result<ChunkRef, E>,
    ) -> Result<(), E> {
        self.bytes = self.bytes.saturating_add(piece.bytes());
        if let (Piece::Hole { bytes }, Some(Piece::Hole { bytes: last })) =
            (piece, self.pieces.last_mut())
        {
            *last += bytes;
            return Ok(());
        }
        if self.pieces.len() == LIST_RECORDS_MAX {
            self.flush_pieces(put)?;
        }
        self.pieces.push(piece);
        Ok(())
    }

    /// The content; what is too much for an entry goes into lists.
    pub(crate) fn finish<E>(
        mut self,
        put: &mut impl FnMut(&[u8]) -> Result<ChunkRef, E>,
    ) -> Result<Content, E> {
        let bytes = self.bytes;
        if bytes == 0 {
            return Ok(Content::empty());
        }
        if self.levels.is_empty() && self.pieces.len() <= ENTRY_RECORDS_MAX {
            return Ok(Content { bytes, body: Body::Pieces(self.pieces) });
        }
        self.flush_pieces(put)?;
        let mut level = 0;
        loop {
            let is_top = level + 1 == self.levels.len();
            let is_deepest = level + 1 == usize::from(LIST_DEPTH_MAX);
            if is_top && (self.levels[level].len() <= ENTRY_RECORDS_MAX || is_deepest) {
                let lists = self.levels.swap_remove(level);
                return Ok(Content { bytes, body: Body::Lists { depth: level as u8 + 1, lists } });
            }
            self.flush_level(level, put)?;
            level += 1;
        }
    }

    fn flush_pieces<E>(
        &mut self,
        put: &mut impl FnMut(&[u8]) -> Result<ChunkRef, E>,
    ) -> Result<(), E> {
        if self.pieces.is_empty() {
            return Ok(());
        }
        let mut page = PageWriter::new();
        let mut covers = 0;
        for piece in self.pieces.drain(..) {
            page.push(&piece);
            covers += piece.bytes();
        }
        let chunk = put(page.as_bytes())?;
        self.push_list(0, ListRef { chunk, covers }, put)
    }

    fn push_list<E>(
        &mut self,
        level: usize,
        list: ListRef,
        put: &mut impl FnMut(&[u8]) -> Result<ChunkRef, E>,
    ) -> Result<(), E> {
        if level == self.levels.len() {
            self.levels.push(Vec::new());
        }
        let is_deepest = level + 1 == usize::from(LIST_DEPTH_MAX);
        if self.levels[level].len() >= LIST_RECORDS_MAX && !is_deepest {
            self.flush_level(level, put)?;
        }
        self.levels[level].push(list);
        Ok(())
    }

    fn flush_level<E>(
        &mut self,
        level: usize,
        put: &mut impl FnMut(&[u8]) -> Result<ChunkRef, E>,
    ) -> Result<(), E> {
        if self.levels[level].is_empty() {
            return Ok(());
        }
        let mut page = PageWriter::new();
        let mut covers = 0;
        for list in self.levels[level].drain(..) {
            page.push(&list);
            covers += list.covers;
        }
        let chunk = put(page.as_bytes())?;
        self.push_list(level + 1, ListRef { chunk, covers }, put)
    }
}
