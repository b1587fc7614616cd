//! The content of the file in hand: buffered, cut into chunks, stored.

use codec::Chunker;

use super::BackupError;
use super::pending::Need;
use super::pipeline::Pipeline;
use crate::format::{ChunkKind, Content, Piece};
use crate::tree::ContentWriter;

/// Twice the longest chunk, so that at most half of it is moved to make room.
const BUFFER_BYTES: usize = 8 * 1024 * 1024;
/// What there is always room for, so that reads stay long.
const SPACE_BYTES_MIN: usize = 1024 * 1024;
/// Shorter runs of zeros are stored like other bytes: they compress well, and chunks stay long.
const HOLE_BYTES_MIN: u64 = 4 * 1024;

/// Cuts one file after another.
pub(crate) struct FileWriter {
    chunker: Chunker,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    content: ContentWriter,
    need: Need,
}

impl FileWriter {
    pub(crate) fn new(chunker: Chunker) -> Self {
        let buffer = vec![0; BUFFER_BYTES];
        let (content, need) = (ContentWriter::default(), Need::default());
        Self { chunker, buffer, start: 0, end: 0, content, need }
    }

    /// Forgets what was written.
    pub(crate) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
        self.content = ContentWriter::default();
        self.need = Need::default();
    }

    /// Where the next bytes of the file go: at least 1 MiB.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        &mut self.buffer[self.end..]
    }

    /// Takes the first `bytes` of [`FileWriter::space`].
    pub(crate) fn advance(
        &mut self,
        bytes: usize,
        pipeline: &mut Pipeline<'_>,
    ) -> Result<(), BackupError> {
        self.end = (self.end + bytes).min(self.buffer.len());
        while self.end - self.start >= self.chunker.sizes().max() {
            self.cut(false, pipeline)?;
        }
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.buffer.len() - self.end < SPACE_BYTES_MIN {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        Ok(())
    }

    /// Adds a hole.
    pub(crate) fn zeros(
        &mut self,
        bytes: u64,
        pipeline: &mut Pipeline<'_>,
    ) -> Result<(), BackupError> {
        if bytes < HOLE_BYTES_MIN {
            let mut left = bytes as usize;
            while left > 0 {
                let space = self.space();
                let now = left.min(space.len());
                space[..now].fill(0);
                left -= now;
                self.advance(now, pipeline)?;
            }
            return Ok(());
        }
        self.drain(pipeline)?;
        self.push(Piece::Hole { bytes }, pipeline)
    }

    /// The content of the file, and what it waits for. The next file may follow.
    pub(crate) fn finish(
        &mut self,
        pipeline: &mut Pipeline<'_>,
    ) -> Result<(Content, Need), BackupError> {
        if self.content.is_empty()
            && let Some(content) = Content::inline(&self.buffer[self.start..self.end])
        {
            self.clear();
            return Ok((content, Need::default()));
        }
        self.drain(pipeline)?;
        let mut need = self.need;
        let content = std::mem::take(&mut self.content).finish(&mut |list: &[u8]| {
            let (chunk, more) = pipeline.put(ChunkKind::Tree, list)?;
            need.add(more);
            Ok::<_, BackupError>(chunk)
        })?;
        self.clear();
        Ok((content, need))
    }

    fn drain(&mut self, pipeline: &mut Pipeline<'_>) -> Result<(), BackupError> {
        while self.start < self.end {
            self.cut(true, pipeline)?;
        }
        (self.start, self.end) = (0, 0);
        Ok(())
    }

    fn cut(&mut self, is_end: bool, pipeline: &mut Pipeline<'_>) -> Result<(), BackupError> {
        let window = &self.buffer[self.start..self.end];
        // With `max` bytes or the end of the file, the chunker always knows.
        let length = self.chunker.cut(window, is_end).unwrap_or(window.len());
        let (chunk, need) = pipeline.put(ChunkKind::Data, &window[..length])?;
        self.start += length;
        self.need.add(need);
        self.push(Piece::Chunk(chunk), pipeline)
    }

    fn push(&mut self, piece: Piece, pipeline: &mut Pipeline<'_>) -> Result<(), BackupError> {
        let need = &mut self.need;
        self.content.push(piece, &mut |list: &[u8]| {
            let (chunk, more) = pipeline.put(ChunkKind::Tree, list)?;
            need.add(more);
            Ok(chunk)
        })
    }
}
