//! One file on its way from its first byte to its name.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Stat, fstat, ftruncate, unlinkat};

use super::super::cause::Cause;
use super::super::model::TreePath;
use super::delivered::Delivered;
use super::error::{Doing, WriteError};
use super::place::{candidates, conflict, rename_to};
use super::shared::{Place, Shared, look, occupant};
use super::{Durability, Existing, FileWanted, Occupant};

/// Zeros become a hole in whole blocks of this size, the usual one of file systems.
const HOLE_BYTES: usize = 4_096;

static ZEROS: [u8; HOLE_BYTES] = [0; HOLE_BYTES];

/// What a new entry needs.
#[derive(Debug)]
pub enum FileStart {
    /// Its content.
    Write(Box<FileWriter>),
    /// Nothing: it is complete from an earlier restore.
    Identical,
    /// Nothing: it is a further name of a file whose content was asked for before.
    LinkLater,
}

/// A file that is being written under a name of its own. Dropping it removes it.
#[derive(Debug)]
pub struct FileWriter {
    shared: Arc<Shared>,
    parent: Arc<OwnedFd>,
    partial: Option<Vec<u8>>,
    file: File,
    path: TreePath,
    /// Its group of hard links is one whose first file this is.
    wanted: FileWanted,
    delivered: Delivered,
    content: u64,
    end: u64,
}

/// A file that is complete under its final name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its path; the name differs from the wanted one with [`Existing::KeepBoth`].
    pub path: TreePath,
}

pub(super) fn begin(
    shared: &Arc<Shared>,
    path: &TreePath,
    mut wanted: FileWanted,
) -> Result<FileStart, WriteError> {
    let (parent, name) = shared.place(path)?;
    if i64::try_from(wanted.size).is_err() {
        return Err(WriteError::of(Doing::Create)(Cause::TooLarge));
    }
    let place = wanted.link_group.map_or(Place::Alone, |group| shared.join_group(group));
    match (place, wanted.link_group) {
        (Place::Further, Some(group)) => {
            shared.link_later(path, group)?;
            return Ok(FileStart::LinkLater);
        }
        (Place::Alone, Some(_)) => {
            shared.report().problem(path, WriteError::TooManyLinkGroups);
            wanted.link_group = None;
        }
        (Place::First, _) | (_, None) => {}
    }
    let group = wanted.link_group;
    let started = start(shared, &parent, path, name, wanted);
    if let (Err(_), Some(group)) = (&started, group) {
        shared.first_failed(group);
    }
    started
}

fn start(
    shared: &Arc<Shared>,
    parent: &Arc<OwnedFd>,
    path: &TreePath,
    name: &[u8],
    wanted: FileWanted,
) -> Result<FileStart, WriteError> {
    if let Some((found, stat)) = find_existing(shared, parent, name, &wanted)? {
        shared.report().identical += 1;
        if let Some(group) = wanted.link_group {
            let found = path.parent().unwrap_or_default().join_checked(&found);
            let found = found.unwrap_or_else(|_| path.clone());
            shared.first_is_written(group, found, super::super::stat::identity(&stat));
        }
        return Ok(FileStart::Identical);
    }
    let created = shared.create_partial(parent).map_err(WriteError::of(Doing::Create));
    let (partial, file) = created?;
    shared.unfinished.fetch_add(1, Ordering::AcqRel);
    Ok(FileStart::Write(Box::new(FileWriter {
        shared: shared.clone(),
        parent: parent.clone(),
        partial: Some(partial),
        file,
        path: path.clone(),
        wanted,
        delivered: Delivered::default(),
        content: 0,
        end: 0,
    })))
}

/// The name under which the file is complete already; an error if what exists is in the way.
fn find_existing(
    shared: &Shared,
    parent: &OwnedFd,
    name: &[u8],
    wanted: &FileWanted,
) -> Result<Option<(Vec<u8>, Stat)>, WriteError> {
    let existing = shared.options.existing;
    for candidate in candidates(name, existing) {
        let Some(stat) = look(parent, &candidate)? else { return Ok(None) };
        if shared.options.resumes && is_complete(&stat, wanted) {
            return Ok(Some((candidate.into_owned(), stat)));
        }
        let is_directory = occupant(&stat) == Occupant::Directory;
        if existing == Existing::Refuse || (existing == Existing::Overwrite && is_directory) {
            return Err(conflict(parent, name)?);
        }
        if !shared.options.resumes {
            return Ok(None);
        }
    }
    Ok(None)
}

/// A file gets its final name last of all, so its size and mtime say that it is complete.
fn is_complete(stat: &Stat, wanted: &FileWanted) -> bool {
    let meta = super::super::stat::meta(stat, &Default::default());
    occupant(stat) == Occupant::File
        && meta.size == wanted.size
        && meta.attributes.mtime == wanted.attributes.mtime
}

impl FileWriter {
    /// The path as it was asked for.
    pub fn path(&self) -> &TreePath {
        &self.path
    }

    /// Writes content at its offset. Pieces may come in any order, but each byte only once.
    pub fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let end = self.deliver(offset, bytes.len() as u64)?;
        let refused = WriteError::of(Doing::Write);
        if self.wanted.is_sparse {
            write_sparse(&self.file, offset, bytes).map_err(refused)?;
        } else {
            self.file.write_all_at(bytes, offset).map_err(refused)?;
        }
        self.content += bytes.len() as u64;
        // A sparse file gets its length at the end: its last block may be a hole.
        if !self.wanted.is_sparse {
            self.end = self.end.max(end);
        }
        Ok(())
    }

    /// Delivers a run of zeros that takes no room.
    pub fn hole_at(&mut self, offset: u64, length: u64) -> Result<(), WriteError> {
        self.deliver(offset, length)?;
        Ok(())
    }

    /// Gives the file its attributes and then its name.
    pub fn finish(mut self) -> Result<Written, WriteError> {
        let size = self.wanted.size;
        let delivered = self.delivered.bytes();
        if delivered != size {
            return Err(WriteError::Incomplete { delivered, size });
        }
        if self.end != size {
            ftruncate(&self.file, size).map_err(WriteError::of(Doing::Write))?;
        }
        let shared = self.shared.clone();
        let xattrs = shared.wanted_xattrs(&self.wanted.xattrs);
        let given = shared.given(&self.wanted.attributes);
        shared.apply(&self.path, &self.file, &given, &xattrs);
        if shared.options.durability == Durability::EachFile {
            self.file.sync_data().map_err(WriteError::of(Doing::Sync))?;
        }
        let path = self.rename()?;
        let mut report = shared.report();
        report.files += 1;
        report.bytes += self.content;
        report.renamed += u64::from(path != self.path);
        Ok(Written { path })
    }

    fn rename(&mut self) -> Result<TreePath, WriteError> {
        let stat = fstat(&self.file).map_err(WriteError::of(Doing::Look))?;
        let name = self.path.name().ok_or(WriteError::Root)?;
        let partial = self.partial.as_deref().unwrap_or_default();
        let placed = rename_to(&self.parent, partial, name, self.shared.options.existing)?;
        let parent = self.path.parent().unwrap_or_default();
        let path = parent.join_checked(&placed).unwrap_or_else(|_| self.path.clone());
        self.partial = None;
        if let Some(group) = self.wanted.link_group {
            let identity = super::super::stat::identity(&stat);
            self.shared.first_is_written(group, path.clone(), identity);
        }
        Ok(path)
    }

    /// Counts what is delivered, and returns its end.
    fn deliver(&mut self, offset: u64, length: u64) -> Result<u64, WriteError> {
        let size = self.wanted.size;
        let end = offset.checked_add(length).filter(|end| *end <= size);
        let end = end.ok_or(WriteError::Beyond { offset, length, size })?;
        if self.delivered.add(offset, end) {
            Ok(end)
        } else {
            Err(WriteError::Twice { offset, length })
        }
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        self.shared.unfinished.fetch_sub(1, Ordering::AcqRel);
        let Some(partial) = self.partial.take() else { return };
        // What cannot be removed now is removed by the next restore.
        let _ = unlinkat(&self.parent, partial, AtFlags::empty());
        if let Some(group) = self.wanted.link_group {
            self.shared.first_failed(group);
        }
    }
}

/// Writes the blocks that are not zero, neighbours together.
fn write_sparse(file: &File, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
    let to_boundary = HOLE_BYTES - (offset % HOLE_BYTES as u64) as usize;
    let mut written = 0;
    let mut position = 0;
    let mut block = to_boundary.min(bytes.len());
    while position < bytes.len() {
        let next = position + block;
        if bytes[position..next] == ZEROS[..block] {
            file.write_all_at(&bytes[written..position], offset + written as u64)?;
            written = next;
        }
        position = next;
        block = HOLE_BYTES.min(bytes.len() - position);
    }
    file.write_all_at(&bytes[written..], offset + written as u64)
}
