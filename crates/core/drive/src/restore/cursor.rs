//! Goes through the pieces of a content, reading lists as it comes to them.

use super::{Reader, RestoreError};
use crate::format::{Body, ChunkRef, Content, ListRef, PageReader, Piece};

/// A place in a content. Holds one list per level.
#[derive(Debug)]
pub(crate) struct Cursor {
    content: Content,
    /// Where the next piece begins, bytes.
    position: u64,
    /// What is left of the list of each level, highest first, last item first.
    lists: Vec<Vec<ListRef>>,
    /// What is left of the pieces, last item first.
    pieces: Vec<Piece>,
}

impl Cursor {
    /// At the first piece. Inline contents have none.
    pub(crate) fn new(content: &Content) -> Self {
        let mut cursor =
            Self { content: content.clone(), position: 0, lists: Vec::new(), pieces: Vec::new() };
        cursor.rewind();
        cursor
    }

    /// Where the next piece begins, bytes.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// The next piece, nothing at the end.
    pub(crate) fn next(&mut self, reader: &mut Reader<'_>) -> Result<Option<Piece>, RestoreError> {
        loop {
            if let Some(piece) = self.pieces.pop() {
                self.position += piece.bytes();
                return Ok(Some(piece));
            }
            if !self.descend(0, reader)? {
                return Ok(None);
            }
        }
    }

    /// Goes to the piece that holds byte `offset`, reading only the lists on the way to it.
    pub(crate) fn seek(
        &mut self,
        offset: u64,
        reader: &mut Reader<'_>,
    ) -> Result<(), RestoreError> {
        self.rewind();
        loop {
            while self.pieces.last().is_some_and(|next| self.position + next.bytes() <= offset) {
                self.position += self.pieces.pop().map_or(0, |piece| piece.bytes());
            }
            if !self.pieces.is_empty() || !self.descend(offset, reader)? {
                return Ok(());
            }
        }
    }

    /// Opens the next list of the lowest level that has one, leaving out lists that end at or
    /// before `offset`; false at the end.
    fn descend(&mut self, offset: u64, reader: &mut Reader<'_>) -> Result<bool, RestoreError> {
        let Body::Lists { depth, .. } = self.content.body else { return Ok(false) };
        while let Some(level) = self.lists.last_mut() {
            let Some(list) = level.pop() else {
                self.lists.pop();
                continue;
            };
            if self.position + list.covers <= offset {
                self.position += list.covers;
                continue;
            }
            if self.lists.len() == usize::from(depth) {
                let pieces: Vec<Piece> = read_list(&list.chunk, reader)?;
                check_covers(&list, pieces.iter().map(Piece::bytes))?;
                self.pieces = reversed(pieces);
            } else {
                let lists: Vec<ListRef> = read_list(&list.chunk, reader)?;
                check_covers(&list, lists.iter().map(|list| list.covers))?;
                self.lists.push(reversed(lists));
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn rewind(&mut self) {
        self.position = 0;
        self.pieces.clear();
        self.lists.clear();
        match &self.content.body {
            Body::Inline(_) => {}
            Body::Pieces(pieces) => self.pieces = reversed(pieces.clone()),
            Body::Lists { lists, .. } => self.lists.push(reversed(lists.clone())),
        }
    }
}

fn read_list<T: borsh::BorshDeserialize>(
    chunk: &ChunkRef,
    reader: &mut Reader<'_>,
) -> Result<Vec<T>, RestoreError> {
    let page = reader.chunk(chunk)?;
    PageReader::new(page)
        .and_then(PageReader::all)
        .map_err(|_| RestoreError::Form { chunk: chunk.id })
}

fn check_covers(list: &ListRef, lengths: impl Iterator<Item = u64>) -> Result<(), RestoreError> {
    if crate::format::sum(lengths) == Some(list.covers) {
        Ok(())
    } else {
        Err(RestoreError::Form { chunk: list.chunk.id })
    }
}

fn reversed<T>(mut items: Vec<T>) -> Vec<T> {
    items.reverse();
    items
}
