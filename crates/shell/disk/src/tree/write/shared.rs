//! What all files of one restore share: the target, the options, groups of hard links, the report.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, open, openat, statat, unlinkat};
use rustix::io::Errno;

use super::super::model::{Identity, TreePath, is_partial, partial_name};
use super::super::owners::Owners;
use super::beneath::Beneath;
use super::error::{Doing, Occupant, WriteError};
use super::report::Report;
use super::spool::{Spools, Unnamed};
use super::{LINK_GROUPS_MAX, Made, Options};

/// A random name of 64 bits is taken at most by a file of an earlier restore.
const PARTIAL_TRIES_MAX: usize = 16;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) owners: Owners,
    pub(super) is_superuser: bool,
    pub(super) tree: Beneath,
    /// Whether the target directory was made by this restore.
    pub(super) target: Made,
    /// One open directory for each file system that was written to.
    pub(super) file_systems: Mutex<BTreeMap<u64, OwnedFd>>,
    pub(super) unfinished: AtomicUsize,
    next_partial: AtomicU64,
    groups: Mutex<BTreeMap<u64, Group>>,
    spools: Mutex<Spools>,
    report: Mutex<Report>,
}

/// The state of the first file of a group of hard links.
#[derive(Clone, Debug)]
pub(super) enum Group {
    /// It is being written.
    Begun,
    /// It stands under this path.
    Written { path: TreePath, identity: Identity },
}

/// What a name means for its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the first and brings the content.
    First,
    /// Another one is.
    Further,
    /// The group cannot be kept together.
    Alone,
}

impl Shared {
    pub(super) fn open(
        target: &Path,
        options: Options,
        has_openat2: bool,
    ) -> Result<Shared, WriteError> {
        let existed = target.exists();
        std::fs::create_dir_all(target).map_err(|error| WriteError::Target(error.into()))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let refused = |errno: Errno| WriteError::Target(errno.into());
        let root = open(target, flags, Mode::empty()).map_err(refused)?;
        let shared = Shared {
            options,
            owners: Owners::load(),
            is_superuser: rustix::process::geteuid().is_root(),
            tree: Beneath::new(root, has_openat2),
            target: if existed { Made::Entered } else { Made::Created },
            file_systems: Mutex::default(),
            unfinished: AtomicUsize::new(0),
            next_partial: AtomicU64::new(RandomState::new().build_hasher().finish()),
            groups: Mutex::default(),
            spools: Mutex::default(),
            report: Mutex::default(),
        };
        shared.take_over(shared.tree.root().try_clone().map_err(|e| WriteError::Target(e.into()))?);
        Ok(shared)
    }

    pub(super) fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes what earlier restores left in a directory that existed, and notes its file system.
    pub(super) fn take_over(&self, directory: OwnedFd) {
        let removed = super::leftovers::remove(&directory);
        self.report().leftovers_removed += removed;
        if let Ok(stat) = fstat(&directory) {
            let device = super::super::stat::identity(&stat).device;
            let mut known = self.file_systems.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(device).or_insert(directory);
        }
    }

    /// The open directory and the name of an entry.
    pub(super) fn place<'a>(
        &self,
        path: &'a TreePath,
    ) -> Result<(Arc<OwnedFd>, &'a [u8]), WriteError> {
        let name = check_name(path)?;
        let parent = path.parent().unwrap_or_default();
        let parent = self.tree.directory(&parent).map_err(|errno| match errno {
            Errno::NOENT => WriteError::NoParent,
            Errno::LOOP | Errno::NOTDIR | Errno::XDEV => WriteError::Blocked,
            errno => WriteError::of(Doing::OpenDirectory)(errno),
        })?;
        Ok((parent, name))
    }

    /// Creates an unfinished file, readable by this user only.
    ///
    /// It stays locked while it is open, so that another restore can tell it from a leftover.
    pub(super) fn create_partial(&self, at: &OwnedFd) -> Result<(Vec<u8>, File), Errno> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        self.with_partial_name(|name| {
            let file = openat(at, name, flags, Mode::RUSR | Mode::WUSR)?;
            // Without locks (some network file systems) leftovers cannot be told apart.
            let _ = rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
            Ok(file.into())
        })
    }

    /// Tries fresh names until one is free.
    pub(super) fn with_partial_name<T>(
        &self,
        create: impl Fn(&[u8]) -> Result<T, Errno>,
    ) -> Result<(Vec<u8>, T), Errno> {
        let mut last = Errno::EXIST;
        for _ in 0..PARTIAL_TRIES_MAX {
            let name = partial_name(self.next_partial.fetch_add(1, Ordering::Relaxed));
            match create(&name) {
                Ok(created) => return Ok((name, created)),
                Err(Errno::EXIST) => last = Errno::EXIST,
                Err(errno) => return Err(errno),
            }
        }
        Err(last)
    }

    pub(super) fn later(
        &self,
        note: impl FnOnce(&mut Spools, &Shared) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let mut spools = self.spools.lock().unwrap_or_else(PoisonError::into_inner);
        note(&mut spools, self).map_err(WriteError::of(Doing::Note))
    }

    pub(super) fn take_spools(&self) -> Spools {
        std::mem::take(&mut *self.spools.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn group(&self, number: u64) -> Option<Group> {
        self.groups().get(&number).cloned()
    }

    pub(super) fn join_group(&self, number: u64) -> Place {
        let mut groups = self.groups();
        if groups.contains_key(&number) {
            return Place::Further;
        }
        if groups.len() >= LINK_GROUPS_MAX {
            return Place::Alone;
        }
        groups.insert(number, Group::Begun);
        Place::First
    }

    pub(super) fn first_is_written(&self, number: u64, path: TreePath, identity: Identity) {
        self.groups().insert(number, Group::Written { path, identity });
    }

    /// The first file failed: the next name may be the first instead.
    pub(super) fn first_failed(&self, number: u64) {
        self.groups().remove(&number);
    }

    fn groups(&self) -> MutexGuard<'_, BTreeMap<u64, Group>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Unnamed for Shared {
    fn unnamed_file(&self) -> io::Result<File> {
        let root = self.tree.root();
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let (name, file) =
            self.with_partial_name(|name| openat(root, name, flags, Mode::RUSR | Mode::WUSR))?;
        unlinkat(root, name, AtFlags::empty())?;
        Ok(file.into())
    }
}

/// The name of an entry that may be written.
pub(super) fn check_name(path: &TreePath) -> Result<&[u8], WriteError> {
    let name = path.name().ok_or(WriteError::Root)?;
    if path.names().any(is_partial) { Err(WriteError::Reserved) } else { Ok(name) }
}

/// What stands under a name, nothing if it is free.
pub(super) fn look(at: &OwnedFd, name: &[u8]) -> Result<Option<Stat>, WriteError> {
    match statat(at, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(WriteError::of(Doing::Look)(errno)),
    }
}

pub(super) fn occupant(stat: &Stat) -> Occupant {
    match super::super::stat::file_type(stat) {
        FileType::RegularFile => Occupant::File,
        FileType::Directory => Occupant::Directory,
        FileType::Symlink => Occupant::Symlink,
        FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => Occupant::Special,
    }
}
