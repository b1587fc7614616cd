//! The first stage of a run: directories and files are pushed in, in the order of a scan.

use codec::{Chunker, Sizes, Stripe};
use spaces::Keyring;
use store::Drive;

use super::entries::Directory;
use super::file::FileWriter;
use super::links::Links;
use super::pipeline::{Pipeline, Sink, Totals};
use super::{BackupError, DEPTH_MAX, Settings};
use crate::catalog::{Catalog, Known, Placed, Stat};
use crate::format::{Attributes, Content, HeadRef, Kind, PATH_BYTES_MAX, Version};
use crate::keys::Keys;
use crate::tree::Cutter;

/// What a scan says of an entry beside its name and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// What a restore gives back.
    pub attributes: Attributes,
    /// For a file with several names, a number that is the same for all of them in this run, and
    /// best in the next run too.
    pub hard_link: Option<u64>,
}

/// How the reading of a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was read to its end, and `stat` says the same as before.
    Whole {
        /// Whether `stat` would show a change after this; if not, the next run reads it again.
        is_settled: bool,
    },
    /// It changed while it was read: it is kept as it was read, and counted as a problem.
    Changed,
    /// It is not kept: it could not be read, or will be read again.
    Discarded,
}

/// One run of a backup.
///
/// It holds at most 8 MiB of a file, 8 MiB of pages of directories, 8 MiB of files with several
/// names, two stripes of (k + m) fragments being filled and two spare ones (32 MiB each at 64 + 64,
/// of which only what was touched takes memory), and for each block that is sealed and not placed
/// up to 16 MiB, usually far below 1 MiB, of rows.
pub struct Session<'a> {
    pub(super) pipeline: Pipeline<'a>,
    pub(super) version: Version,
    pub(super) stage: Stage,
    /// What earlier runs knew below the root in hand.
    pub(super) known: Option<Known>,
    pub(super) cutter: Cutter,
    pub(super) directories: Vec<Directory>,
    /// The path of the directory in hand.
    pub(super) path: Vec<u8>,
    pub(super) open: Option<OpenFile>,
    /// Bytes of all roots so far.
    pub(super) roots_bytes: usize,
    file: FileWriter,
    links: Links,
}

/// How far a run is.
#[derive(Debug)]
pub(super) enum Stage {
    Content,
    ContentSealed,
    IndexSealed,
    HeadSealed(HeadRef),
}

pub(super) struct OpenFile {
    name: Vec<u8>,
    meta: Meta,
    stat: Stat,
}

impl<'a> Session<'a> {
    /// Begins a run.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn new(
        drive: &'a Drive,
        keyring: &Keyring,
        settings: &Settings,
        sink: Sink<'a>,
    ) -> Result<Self, BackupError> {
        let (catalog, keys, started) = (Catalog::new(drive), Keys::new(keyring), settings.started);
        let chunker = Chunker::new(Sizes::STANDARD, keys.gear_key());
        let version = Version {
            number: catalog.last_version()? + 1,
            started,
            finished: started,
            paths: Vec::new(),
            roots: Vec::new(),
            files: 0,
            bytes: 0,
            problems: 0,
            complete: false,
        };
        Ok(Self {
            cutter: keys.cutter(),
            pipeline: Pipeline::new(catalog, keys, settings, sink)?,
            version,
            stage: Stage::Content,
            known: None,
            file: FileWriter::new(chunker),
            open: None,
            roots_bytes: 0,
            links: Links::default(),
            directories: Vec::new(),
            path: Vec::new(),
        })
    }

    /// Begins a directory. The first one, and each after that was left, is a root, whose name is
    /// its whole path.
    ///
    /// # Errors
    /// A bad name, a wrong order, or too many levels.
    pub fn enter_directory(&mut self, name: &[u8], meta: Meta) -> Result<(), BackupError> {
        self.check_turn(name)?;
        if self.directories.len() >= DEPTH_MAX {
            return Err(BackupError::TooDeep);
        }
        let node = self.node(Kind::Directory { content: Content::empty() }, meta);
        let parent_end = self.path.len();
        self.path = crate::join(&self.path, name);
        if self.directories.is_empty() {
            self.known = Some(Known::new(&self.path));
        }
        self.directories.push(Directory::new(name, parent_end, node));
        Ok(())
    }

    /// Ends the directory in hand.
    ///
    /// # Errors
    /// The run is stopped, or the catalog fails.
    pub fn leave_directory(&mut self, is_complete: bool) -> Result<(), BackupError> {
        if self.open.is_some() {
            return Err(BackupError::OutOfTurn);
        }
        let directory = self.directories.pop().ok_or(BackupError::OutOfTurn)?;
        self.close(directory, is_complete)
    }

    /// Takes the file over from the last run if `stat` says that it did not change; false if it
    /// must be read.
    ///
    /// # Errors
    /// A bad name, a wrong order, or the catalog cannot be read.
    pub fn reuse(&mut self, name: &[u8], stat: &Stat) -> Result<bool, BackupError> {
        self.check_turn(name)?;
        let Some(node) = self.known(name)?.and_then(|row| stat.unchanged(&row)) else {
            return Ok(false);
        };
        self.add(name, node)?;
        Ok(true)
    }

    /// Adds a further name of a file that this run has read; false if it must be read.
    ///
    /// # Errors
    /// A bad name or a wrong order.
    pub fn hard_link(&mut self, name: &[u8], stat: &Stat, group: u64) -> Result<bool, BackupError> {
        self.check_turn(name)?;
        let Some(known) = self.links.find(group) else { return Ok(false) };
        let (node, need, is_settled) = known;
        self.known(name)?;
        if is_settled {
            self.keep(name, *stat, &node, need)?;
        }
        self.add(name, node)?;
        Ok(true)
    }

    /// Adds a symbolic link.
    ///
    /// # Errors
    /// A bad name, a wrong order, or too long a target.
    pub fn symlink(&mut self, name: &[u8], meta: Meta, target: &[u8]) -> Result<(), BackupError> {
        self.check_turn(name)?;
        if target.len() > PATH_BYTES_MAX {
            return Err(BackupError::Target);
        }
        let node = self.node(Kind::Symlink { target: target.to_vec() }, meta);
        self.add(name, node)
    }

    /// Begins a file, whose bytes follow in order.
    ///
    /// # Errors
    /// A bad name or a wrong order.
    pub fn begin_file(&mut self, name: &[u8], meta: Meta, stat: Stat) -> Result<(), BackupError> {
        self.check_turn(name)?;
        self.known(name)?;
        self.file.clear();
        self.open = Some(OpenFile { name: name.to_vec(), meta, stat });
        Ok(())
    }

    /// Room for the next bytes of the file, at least 1 MiB, so that they are read where they stay.
    pub fn space(&mut self) -> &mut [u8] {
        self.file.space()
    }

    /// Takes the first `bytes` of [`Session::space`].
    ///
    /// # Errors
    /// No file was begun, the run is stopped, or the catalog fails.
    pub fn advance(&mut self, bytes: usize) -> Result<(), BackupError> {
        self.check_open()?;
        self.file.advance(bytes, &mut self.pipeline)
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// As [`Session::advance`].
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), BackupError> {
        self.check_open()?;
        while !bytes.is_empty() {
            let space = self.file.space();
            let (now, rest) = bytes.split_at(bytes.len().min(space.len()));
            space[..now.len()].copy_from_slice(now);
            self.file.advance(now.len(), &mut self.pipeline)?;
            bytes = rest;
        }
        Ok(())
    }

    /// Takes a hole of the file: so many zeros that it does not store.
    ///
    /// # Errors
    /// As [`Session::advance`].
    pub fn zeros(&mut self, bytes: u64) -> Result<(), BackupError> {
        self.check_open()?;
        self.file.zeros(bytes, &mut self.pipeline)
    }

    /// Ends the file in hand.
    ///
    /// # Errors
    /// As [`Session::advance`].
    pub fn end_file(&mut self, outcome: Outcome) -> Result<(), BackupError> {
        let OpenFile { name, meta, stat } = self.open.take().ok_or(BackupError::OutOfTurn)?;
        if outcome == Outcome::Discarded {
            self.file.clear();
            return Ok(());
        }
        let (content, need) = self.file.finish(&mut self.pipeline)?;
        let node = self.node(Kind::File { content }, meta);
        match outcome {
            Outcome::Whole { is_settled } => {
                self.links.remember(&node, need, is_settled);
                if is_settled {
                    self.keep(&name, stat, &node, need)?;
                }
            }
            Outcome::Changed | Outcome::Discarded => self.problem(),
        }
        self.add(&name, node)
    }

    /// Counts something that could not be read.
    pub fn problem(&mut self) {
        self.version.problems += 1;
    }

    /// Writes down, durably and with one commit, what is safe now that these blocks are placed. May
    /// be called in every stage, also after a stop.
    ///
    /// # Errors
    /// The catalog cannot be written; the run is of no more use then.
    pub fn placed(&mut self, blocks: &[Placed]) -> Result<(), BackupError> {
        self.pipeline.placed(blocks)
    }

    /// Blocks that are sealed and not placed.
    pub fn unplaced(&self) -> usize {
        self.pipeline.unplaced()
    }

    /// What was done so far.
    pub fn totals(&self) -> Totals {
        self.pipeline.totals()
    }

    /// Takes the memory of a block that is placed, to be used again.
    pub fn give_back(&mut self, stripe: Stripe) {
        self.pipeline.give_back(stripe);
    }

    /// Chunks and blocks that are held because they are not safe.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        self.pipeline.held()
    }
}
