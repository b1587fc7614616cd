//! The end of a restore: hard links, symbolic links, the attributes of directories, sync.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, fsync, linkat, readlinkat, renameat, symlinkat, unlinkat};
use rustix::io::Errno;

use super::super::model::TreePath;
use super::error::{Doing, FinishError, Occupant, WriteError};
use super::place::first_free;
use super::report::Report;
use super::shared::{Group, Shared, look, occupant};
use super::spool::{DirectoryLater, LinkLater, Order, SymlinkLater};
use super::{Durability, Existing};

pub(super) fn finish(shared: &Shared) -> Result<Report, FinishError> {
    let done = run(shared);
    let report = std::mem::take(&mut *shared.report());
    match done {
        Ok(()) => Ok(report),
        Err(what) => Err(FinishError { what, report: Box::new(report) }),
    }
}

fn run(shared: &Shared) -> Result<(), WriteError> {
    let count = shared.unfinished.load(Ordering::Acquire);
    if count > 0 {
        return Err(WriteError::Unfinished { count });
    }
    let spools = shared.take_spools();
    let unreadable = WriteError::of(Doing::Note);
    let links = spools.links.drain(Order::Forward, |link: LinkLater| {
        each(shared, &link.path, |path| make_hard_link(shared, path, link.group));
    });
    links.map_err(&unreadable)?;
    let symlinks = spools.symlinks.drain(Order::Forward, |link: SymlinkLater| {
        each(shared, &link.path, |path| make_symlink(shared, path, &link));
    });
    symlinks.map_err(&unreadable)?;
    // What lies inside comes before what it lies in: it may be closed afterwards.
    let directories = spools.directories.drain(Order::Backward, |directory: DirectoryLater| {
        each(shared, &directory.path, |path| complete_directory(shared, path, &directory));
    });
    directories.map_err(&unreadable)?;
    if shared.options.durability == Durability::AtEnd {
        sync(shared).map_err(WriteError::of(Doing::Sync))?;
    }
    Ok(())
}

/// Does one thing that waited; what goes wrong is a problem of this entry only.
fn each(shared: &Shared, path: &[u8], work: impl FnOnce(&TreePath) -> Result<(), WriteError>) {
    // It was a path when it was noted.
    let Ok(path) = TreePath::parse(path) else { return };
    if let Err(what) = work(&path) {
        shared.report().problem(&path, what);
    }
}

fn make_hard_link(shared: &Shared, path: &TreePath, group: u64) -> Result<(), WriteError> {
    let Some(Group::Written { path: first, identity }) = shared.group(group) else {
        return Err(WriteError::NoFirst);
    };
    let (first_at, first_name) = shared.place(&first)?;
    let stat = look(&first_at, first_name)?.ok_or(WriteError::NoFirst)?;
    if super::super::stat::identity(&stat) != identity {
        return Err(WriteError::FirstReplaced);
    }
    let (at, name) = shared.place(path)?;
    let existing = look(&at, name)?;
    if existing.is_some_and(|stat| super::super::stat::identity(&stat) == identity) {
        // Already linked, by an earlier restore or because the catalog has the name twice.
        shared.report().identical += 1;
        return Ok(());
    }
    let link = |name: &[u8]| linkat(&first_at, first_name, &at, name, AtFlags::empty());
    let placed = make_new(shared, &at, name, Doing::Link, link)?;
    let mut report = shared.report();
    report.hard_links += 1;
    report.renamed += u64::from(placed != name);
    Ok(())
}

fn make_symlink(shared: &Shared, path: &TreePath, link: &SymlinkLater) -> Result<(), WriteError> {
    let (at, name) = shared.place(path)?;
    if shared.options.resumes
        && readlinkat(&at, name, Vec::new()).is_ok_and(|found| *found.as_bytes() == *link.target)
    {
        shared.report().identical += 1;
        return Ok(());
    }
    let make = |name: &[u8]| symlinkat(link.target.as_slice(), &at, name);
    let placed = make_new(shared, &at, name, Doing::Symlink, make)?;
    shared.apply_to_link(path, &at, &placed, &link.given);
    let mut report = shared.report();
    report.symlinks += 1;
    report.renamed += u64::from(placed != name);
    Ok(())
}

/// Makes a link under its name, or beside or in place of what exists.
fn make_new(
    shared: &Shared,
    at: &OwnedFd,
    name: &[u8],
    doing: Doing,
    make: impl Fn(&[u8]) -> Result<(), Errno>,
) -> Result<Vec<u8>, WriteError> {
    let existing = shared.options.existing;
    if existing != Existing::Overwrite {
        return Ok(first_free(at, name, existing, doing, make)?.into_owned());
    }
    let stat = look(at, name)?;
    if stat.is_some_and(|stat| occupant(&stat) == Occupant::Directory) {
        return Err(WriteError::Conflict { existing: Occupant::Directory });
    }
    let (partial, ()) = shared.with_partial_name(make).map_err(WriteError::of(doing))?;
    let renamed = renameat(at, partial.as_slice(), at, name).map_err(WriteError::of(Doing::Rename));
    // Renaming onto another name of the same file does nothing and leaves both.
    let _ = unlinkat(at, partial, AtFlags::empty());
    renamed?;
    Ok(name.to_vec())
}

fn complete_directory(
    shared: &Shared,
    path: &TreePath,
    later: &DirectoryLater,
) -> Result<(), WriteError> {
    let must_sync = shared.options.durability == Durability::EachFile;
    if !later.applies && !must_sync {
        return Ok(());
    }
    let refused = WriteError::of(Doing::OpenDirectory);
    let directory = shared.tree.readable(path).map_err(refused)?;
    if later.applies {
        shared.apply(path, &directory, &later.given, &later.xattrs);
    }
    if must_sync {
        fsync(&directory).map_err(WriteError::of(Doing::Sync))?;
    }
    Ok(())
}

/// Files, directories and links of every file system that was written to.
fn sync(shared: &Shared) -> Result<(), Errno> {
    let file_systems = shared.file_systems.lock().unwrap_or_else(PoisonError::into_inner);
    #[cfg(target_os = "linux")]
    for directory in file_systems.values() {
        rustix::fs::syncfs(directory)?;
    }
    #[cfg(not(target_os = "linux"))]
    if !file_systems.is_empty() {
        rustix::fs::sync();
    }
    Ok(())
}
