//! Reads one file into the session.

use disk::tree::cause::Cause;
use disk::tree::model::Kind;
use disk::tree::read::{Piece, ReadError, Reading};
use disk::tree::scan::Entry;
use drive::backup::Outcome;

use super::meta::{meta_of, stat_of};
use super::walk::Walker;
use crate::work::halt::Halt;

/// A file that is written to all the time may change between the look at it and its opening; so
/// often it is looked at again.
const OPEN_TRIES: usize = 1_000;

/// What came of one reading.
enum Read {
    /// To its end, without a change.
    Whole { is_settled: bool },
    /// It changed meanwhile.
    Changed,
    /// It could not be read.
    Failed(ReadError),
}

impl Walker<'_, '_, '_> {
    /// Reads a file; if it changes meanwhile, once more.
    pub(super) fn read(&mut self, entry: &Entry) -> Result<(), Halt> {
        let mut error = match self.read_once(entry, false)? {
            None => return Ok(()),
            Some(error) => error,
        };
        for _ in 0..OPEN_TRIES {
            if !matches!(error, ReadError::Changed { .. }) {
                break;
            }
            error = match entry.look_again() {
                Ok(again) if again.meta().kind == Kind::File => {
                    match self.read_once(&again, true)? {
                        None => return Ok(()),
                        Some(error) => error,
                    }
                }
                Ok(_) => ReadError::NotAFile,
                Err(cause) => ReadError::Open(cause),
            };
        }
        self.unreadable(entry, &error);
        Ok(())
    }

    /// Why the file is not kept; nothing if it is. A file that changes at its last try is kept as
    /// it was read.
    fn read_once(&mut self, entry: &Entry, is_last: bool) -> Result<Option<ReadError>, Halt> {
        let reading = match entry.open() {
            Ok(reading) => reading,
            Err(error) => return Ok(Some(error)),
        };
        let xattrs = self.xattrs(entry);
        let meta = meta_of(entry.meta(), xattrs);
        self.session.begin_file(&self.name(entry), meta, stat_of(entry.meta()))?;
        let (outcome, error) = match self.contents(reading)? {
            Read::Whole { is_settled } => (Outcome::Whole { is_settled }, None),
            Read::Changed if is_last => {
                let path = crate::work::backup::roots::text_of(&self.root, entry.path().as_bytes());
                let why = "it changed while it was being read; kept as it was read";
                self.job.problem(path, why.into());
                (Outcome::Changed, None)
            }
            Read::Changed => {
                let now = Box::new(entry.meta().clone());
                (Outcome::Discarded, Some(ReadError::Changed { now }))
            }
            Read::Failed(error) => (Outcome::Discarded, Some(error)),
        };
        self.session.end_file(outcome)?;
        Ok(error)
    }

    fn contents(&mut self, mut reading: Reading) -> Result<Read, Halt> {
        let mut within = 0;
        loop {
            let piece = match reading.read_piece(self.session.space()) {
                Ok(piece) => piece,
                Err(ReadError::Changed { .. }) => return Ok(Read::Changed),
                Err(error) => return Ok(Read::Failed(error)),
            };
            match piece {
                Piece::Content { length, .. } => {
                    self.session.advance(length)?;
                    within += length as u64;
                }
                Piece::Hole { length, .. } => {
                    self.session.zeros(length)?;
                    within += length;
                }
                Piece::End => break,
            }
            self.tell(within);
            self.desk.turn(self.session)?;
        }
        match reading.finish() {
            Ok(unchanged) => Ok(Read::Whole { is_settled: unchanged.is_settled }),
            Err(ReadError::Changed { .. }) => Ok(Read::Changed),
            Err(error) => Ok(Read::Failed(error)),
        }
    }

    fn unreadable(&mut self, entry: &Entry, error: &ReadError) {
        // What vanished since the scan was deleted in time.
        if *error != ReadError::Open(Cause::Missing) {
            self.problem(entry.path(), &error.to_string());
        }
    }
}
