//! How entries get into the directory in hand, and into what the next run will know.

use store::drive::FileRow;

use super::BackupError;
use super::pending::Need;
use super::pipeline::Pipeline;
use super::session::{Meta, Session, Stage};
use crate::catalog::{CatalogError, Met, Stat};
use crate::format::{ChunkKind, ChunkRef, Entry, Kind, Name, Node, PATH_BYTES_MAX, Root};
use crate::tree::{DirectoryError, DirectoryWriter};

/// Bytes of open pages of all directories on the way to the file in hand.
const OPEN_PAGES_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of all roots of a version.
const ROOTS_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A directory in hand, or one on the way to it.
pub(super) struct Directory {
    name: Vec<u8>,
    /// Where the path of its parent ends.
    parent_end: usize,
    node: Node,
    writer: DirectoryWriter,
}

impl Directory {
    pub(super) fn new(name: &[u8], parent_end: usize, node: Node) -> Self {
        Self { name: name.to_vec(), parent_end, node, writer: DirectoryWriter::new() }
    }
}

impl Session<'_> {
    /// Whether an entry of this name may come now.
    pub(super) fn check_turn(&self, name: &[u8]) -> Result<(), BackupError> {
        self.pipeline.check_running()?;
        if !matches!(self.stage, Stage::Content) || self.open.is_some() {
            return Err(BackupError::OutOfTurn);
        }
        match self.directories.last() {
            Some(directory) if !directory.writer.is_next(&Name::new(name)?) => {
                Err(BackupError::Order)
            }
            Some(_) => Ok(()),
            None if name.is_empty() || name.len() > PATH_BYTES_MAX || name.contains(&0) => {
                Err(BackupError::Path)
            }
            None => Ok(()),
        }
    }

    pub(super) fn check_open(&self) -> Result<(), BackupError> {
        self.pipeline.check_running()?;
        if self.open.is_some() { Ok(()) } else { Err(BackupError::OutOfTurn) }
    }

    /// Whether nothing is open, so that the stage can end.
    pub(super) fn is_at_rest(&self) -> bool {
        self.directories.is_empty() && self.open.is_none()
    }

    /// What earlier runs knew of this name of the directory in hand. What they knew before it is
    /// gone.
    pub(super) fn known(&mut self, name: &[u8]) -> Result<Option<FileRow>, BackupError> {
        let catalog = self.pipeline.catalog;
        let path = crate::join(&self.path, name);
        loop {
            let met = match &mut self.known {
                Some(known) if !self.directories.is_empty() => known.next_to(&path, catalog)?,
                // A root that is not a directory.
                _ => return Ok(catalog.drive.file(0, &path).map_err(CatalogError::from)?),
            };
            match met {
                Met::Same(row) => return Ok(Some(*row)),
                Met::Later => return Ok(None),
                Met::Before(path) => self.pipeline.add_file((path, None), Need::default())?,
            }
        }
    }

    pub(super) fn node(&mut self, kind: Kind, meta: Meta) -> Node {
        let Meta { mut attributes, hard_link } = meta;
        if attributes.trim() {
            self.problem();
        }
        Node { kind, attributes, hard_link }
    }

    /// Lets the next run know a file, once all its chunks are safe.
    pub(super) fn keep(
        &mut self,
        name: &[u8],
        stat: Stat,
        node: &Node,
        need: Need,
    ) -> Result<(), BackupError> {
        let path = crate::join(&self.path, name);
        match stat.row(&path, node) {
            Some(row) => self.pipeline.add_file((path, Some(row)), need),
            None => Ok(()),
        }
    }

    /// Ends a directory that was taken off the way.
    pub(super) fn close(
        &mut self,
        directory: Directory,
        is_complete: bool,
    ) -> Result<(), BackupError> {
        let Directory { name, parent_end, mut node, writer } = directory;
        self.pass_over(is_complete)?;
        let pipeline = &mut self.pipeline;
        let content = writer.finish(&mut |page: &[u8]| put_page(pipeline, page))?;
        node.kind = Kind::Directory { content };
        self.path.truncate(parent_end);
        self.add(&name, node)
    }

    /// Goes behind all that earlier runs knew below the directory in hand. What this run did not meet
    /// is gone, if it went through all of it.
    fn pass_over(&mut self, is_complete: bool) -> Result<(), BackupError> {
        let catalog = self.pipeline.catalog;
        let Some(known) = &mut self.known else { return Ok(()) };
        loop {
            match known.next_to(&self.path, catalog)? {
                Met::Later => break,
                Met::Before(path) => self.pipeline.add_file((path, None), Need::default())?,
                // It was a file.
                Met::Same(_) => {
                    self.pipeline.add_file((self.path.clone(), None), Need::default())?;
                }
            }
        }
        while let Some(path) = known.next_below(&self.path, catalog)? {
            if is_complete {
                self.pipeline.add_file((path, None), Need::default())?;
            }
        }
        Ok(())
    }

    /// Adds an entry to the directory in hand, or a root.
    pub(super) fn add(&mut self, name: &[u8], node: Node) -> Result<(), BackupError> {
        if !node.kind.is_directory() {
            self.version.files += 1;
            self.version.bytes += node.kind.content().map_or(0, |content| content.bytes);
        }
        let Some(directory) = self.directories.last_mut() else {
            return self.add_root(name.to_vec(), node);
        };
        let (cutter, pipeline) = (&self.cutter, &mut self.pipeline);
        let entry = Entry { name: Name::new(name)?, node };
        directory.writer.push(entry, cutter, &mut |page: &[u8]| put_page(pipeline, page)).map_err(
            |error| match error {
                DirectoryError::Order => BackupError::Order,
                DirectoryError::Put(error) => error,
            },
        )?;
        self.shorten_pages()
    }

    fn add_root(&mut self, path: Vec<u8>, node: Node) -> Result<(), BackupError> {
        let root = Root { path, node };
        self.roots_bytes += borsh::object_length(&root).unwrap_or(ROOTS_BYTES_MAX);
        if self.roots_bytes > ROOTS_BYTES_MAX {
            return Err(BackupError::TooLarge);
        }
        self.version.roots.push(root);
        Ok(())
    }

    /// Bytes of the open pages of all directories on the way.
    pub(super) fn open_pages_bytes(&self) -> usize {
        self.directories.iter().map(|directory| directory.writer.open_bytes()).sum()
    }

    /// Stores the longest open pages when all together take too much memory.
    fn shorten_pages(&mut self) -> Result<(), BackupError> {
        while self.open_pages_bytes() > OPEN_PAGES_BYTES_MAX {
            let bytes = |directory: &&mut Directory| directory.writer.open_bytes();
            let Some(longest) = self.directories.iter_mut().max_by_key(bytes) else { break };
            let pipeline = &mut self.pipeline;
            longest.writer.flush(&mut |page: &[u8]| put_page(pipeline, page))?;
        }
        Ok(())
    }
}

fn put_page(pipeline: &mut Pipeline<'_>, page: &[u8]) -> Result<ChunkRef, BackupError> {
    pipeline.put(ChunkKind::Tree, page).map(|(chunk, _)| chunk)
}
