//! Reads the content of a scanned file, leaving out the holes of sparse ones, and tells whether the
//! file changed meanwhile.

use std::fs::File;
use std::os::unix::fs::FileExt;

use rustix::fs::fstat;
use thiserror::Error;

use super::cause::Cause;
use super::model::{Kind, Meta};
use super::scan::Entry;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

/// A shorter file comes with its first read anyway.
#[cfg(target_os = "linux")]
const READ_AHEAD_BYTES_MIN: u64 = 256 << 10;

/// The content of one file, in the order of its offsets.
#[derive(Debug)]
pub struct Reading {
    file: File,
    entry: Entry,
    position: u64,
    /// End of the run of content that `position` lies in.
    run_end: u64,
    knows_holes: bool,
}

/// The next part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// This many bytes are in the buffer.
    Content {
        /// Where they stand in the file.
        offset: u64,
        /// How many there are; never 0.
        length: usize,
    },
    /// A run of zeros that takes no room; the buffer is as it was.
    Hole {
        /// Where it begins.
        offset: u64,
        /// How long it is; never 0.
        length: u64,
    },
    /// Everything has been read; [`Reading::finish`] says whether it holds.
    End,
}

/// A file was read to its end and did not change meanwhile, as far as `stat` can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unchanged {
    /// Whether `stat` would also show a change after this: if not, the file is so new that it must
    /// be read again by the next backup, whatever `stat` says then.
    pub is_settled: bool,
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// It cannot be opened; [`Cause::Missing`] if it vanished since the scan.
    #[error("cannot open the file: {0}")]
    Open(Cause),
    /// Something else than a file stands there now.
    #[error("it is not a file any more")]
    NotAFile,
    /// It is another file, or was changed since the scan or while it was read; what was read may be
    /// of no single moment.
    #[error("the file changed while it was being read")]
    Changed {
        /// As it is now.
        now: Box<Meta>,
    },
    /// The reading was ended before its [`Piece::End`].
    #[error("only {read} bytes of the file were read")]
    Unfinished {
        /// How far it came.
        read: u64,
    },
    /// Reading failed.
    #[error("cannot read the file at byte {offset}: {cause}")]
    Read {
        /// Where.
        offset: u64,
        /// Why.
        cause: Cause,
    },
}

impl Entry {
    /// Opens the file for reading. It must be as the scan saw it; else [`ReadError::Changed`],
    /// and [`look_again`](Entry::look_again) gives an entry to try again with.
    pub fn open(&self) -> Result<Reading, ReadError> {
        let file = self.open_file().map_err(|errno| ReadError::Open(errno.into()))?;
        let reading = Reading {
            file: file.into(),
            entry: self.clone(),
            position: 0,
            run_end: if self.meta().may_be_sparse() { 0 } else { self.meta().size },
            knows_holes: self.meta().may_be_sparse(),
        };
        reading.check_unchanged()?;
        #[cfg(target_os = "linux")]
        if self.meta().size >= READ_AHEAD_BYTES_MIN {
            // Only a hint: a file system that does not take it reads as well.
            let _ = rustix::fs::fadvise(&reading.file, 0, None, rustix::fs::Advice::Sequential);
        }
        Ok(reading)
    }
}

impl Reading {
    /// The entry that is being read.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Reads on, filling the buffer as far as the file has content without a hole.
    ///
    /// Never reads beyond the size that the scan saw. The buffer must not be empty.
    pub fn read_piece(&mut self, buffer: &mut [u8]) -> Result<Piece, ReadError> {
        let size = self.entry.meta().size;
        if self.position >= size {
            return Ok(Piece::End);
        }
        if self.knows_holes && self.position >= self.run_end {
            let from = self.position;
            let start = self.find_run(from, size)?;
            if start > from {
                self.position = start;
                return Ok(Piece::Hole { offset: from, length: start - from });
            }
        }
        let offset = self.position;
        let room = usize::try_from(self.run_end - offset).unwrap_or(usize::MAX);
        let wanted = room.min(buffer.len());
        let mut length = 0;
        while length < wanted {
            let at = offset + length as u64;
            match self.file.read_at(&mut buffer[length..wanted], at) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError::Read { offset: at, cause: error.into() }),
            }
        }
        if length < wanted {
            // Shorter than it was: whatever `stat` says, this is not what was promised.
            return Err(self.changed()?);
        }
        self.position += length as u64;
        Ok(Piece::Content { offset, length })
    }

    /// Ends the reading and says whether the file changed since the scan.
    pub fn finish(self) -> Result<Unchanged, ReadError> {
        if self.position < self.entry.meta().size {
            return Err(ReadError::Unfinished { read: self.position });
        }
        self.check_unchanged()?;
        Ok(Unchanged { is_settled: self.entry.meta().is_settled(super::stat::now()) })
    }

    /// Where content begins at or after `from`; sets the end of that run.
    fn find_run(&mut self, from: u64, size: u64) -> Result<u64, ReadError> {
        let run = super::sparse::next_extent(&self.file, from, size)
            .map_err(|errno| ReadError::Read { offset: from, cause: errno.into() })?;
        let (start, end) = run.map_or((size, size), |run| (run.offset, run.offset + run.length));
        self.run_end = end;
        Ok(start)
    }

    fn check_unchanged(&self) -> Result<(), ReadError> {
        let now = self.look()?;
        if now.kind != Kind::File {
            return Err(ReadError::NotAFile);
        }
        if !now.is_same_version(self.entry.meta()) {
            return Err(ReadError::Changed { now: Box::new(now) });
        }
        Ok(())
    }

    fn changed(&self) -> Result<ReadError, ReadError> {
        Ok(ReadError::Changed { now: Box::new(self.look()?) })
    }

    fn look(&self) -> Result<Meta, ReadError> {
        let stat = fstat(&self.file)
            .map_err(|errno| ReadError::Read { offset: self.position, cause: errno.into() })?;
        Ok(super::stat::meta(&stat, self.entry.owners()))
    }
}
