//! Compares the content of two files; holes are the zeros that a reader sees.

use super::super::read::{Piece, ReadError, Reading};
use super::super::scan::Entry;

const BUFFER_BYTES: usize = 256 << 10;

pub(super) enum ContentError {
    Differs { offset: u64 },
    Read(ReadError),
}

impl From<ReadError> for ContentError {
    fn from(error: ReadError) -> ContentError {
        ContentError::Read(error)
    }
}

/// How many bytes are equal in both files, or where the first difference is.
pub(super) fn first_difference(a: &Entry, b: &Entry) -> Result<u64, ContentError> {
    let (mut a, mut b) = (Flat::new(a.open()?), Flat::new(b.open()?));
    let bytes = usize::try_from(a.reading.entry().meta().size).unwrap_or(BUFFER_BYTES);
    let mut a_buffer = vec![0; bytes.clamp(1, BUFFER_BYTES)];
    let mut b_buffer = a_buffer.clone();
    let mut offset = 0;
    loop {
        let (a_length, b_length) = (a.fill(&mut a_buffer)?, b.fill(&mut b_buffer)?);
        let (a_bytes, b_bytes) = (&a_buffer[..a_length], &b_buffer[..b_length]);
        if a_bytes != b_bytes {
            let equal = a_bytes.iter().zip(b_bytes).take_while(|(a, b)| a == b).count();
            return Err(ContentError::Differs { offset: offset + equal as u64 });
        }
        if a_length == 0 {
            break;
        }
        offset += a_length as u64;
    }
    a.reading.finish()?;
    b.reading.finish()?;
    Ok(offset)
}

/// A file without the notion of holes.
struct Flat {
    reading: Reading,
    zeros_left: u64,
}

impl Flat {
    fn new(reading: Reading) -> Flat {
        Flat { reading, zeros_left: 0 }
    }

    /// Fills the buffer, except at the end of the file.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let mut filled = 0;
        while filled < buffer.len() {
            let rest = &mut buffer[filled..];
            if self.zeros_left > 0 {
                let zeros = rest.len().min(usize::try_from(self.zeros_left).unwrap_or(usize::MAX));
                rest[..zeros].fill(0);
                self.zeros_left -= zeros as u64;
                filled += zeros;
                continue;
            }
            match self.reading.read_piece(rest)? {
                Piece::Content { length, .. } => filled += length,
                Piece::Hole { length, .. } => self.zeros_left = length,
                Piece::End => break,
            }
        }
        Ok(filled)
    }
}
