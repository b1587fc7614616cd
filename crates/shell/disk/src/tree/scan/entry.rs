//! One entry that a scan found: what `stat` says, and the way to more.

use std::path::Path;
use std::sync::Arc;

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, open, openat, statat};
use rustix::io::Errno;
use thiserror::Error;

use super::super::cause::Cause;
use super::super::model::{Details, Kind, Meta, TreePath};
use super::super::owners::Owners;
use super::directory::Directory;

const DIRECTORY_FLAGS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

const FILE_FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// An entry of a tree. It keeps the directory it lies in open: hold a few hundred at most.
#[derive(Clone, Debug)]
pub struct Entry {
    at: Arc<Directory>,
    path: TreePath,
    /// The root of a scan has no name inside the tree; this is its name where it lies.
    root_name: Option<Vec<u8>>,
    meta: Meta,
    owners: Arc<Owners>,
}

/// Why the details of an entry could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DetailsError {
    /// The list of extended attributes cannot be read.
    #[error("cannot read the extended attributes: {0}")]
    Xattrs(Cause),
    /// The holes of a sparse file cannot be found.
    #[error("cannot find the holes of the file: {0}")]
    Extents(Cause),
}

impl Entry {
    pub(super) fn new(
        at: Arc<Directory>,
        path: TreePath,
        meta: Meta,
        owners: Arc<Owners>,
    ) -> Entry {
        Entry { at, path, root_name: None, meta, owners }
    }

    /// The entry that a scan begins with.
    pub(super) fn root(path: &Path, follows: bool, owners: &Arc<Owners>) -> Result<Entry, Cause> {
        use std::os::unix::ffi::OsStrExt;
        let canonical = if follows { Some(path.canonicalize()?) } else { None };
        let path = canonical.as_deref().unwrap_or(path);
        // "/", "." and ".." have no name of their own and are reached from within.
        let (parent, name) = match path.file_name() {
            Some(name) => (path.parent().unwrap_or(path), name.as_bytes()),
            None => (path, &b"."[..]),
        };
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let fd = open(parent, DIRECTORY_FLAGS, Mode::empty())?;
        let at = Arc::new(Directory { fd, path: TreePath::root() });
        let meta = look(&at, name, owners)?;
        let root_name = Some(name.to_vec());
        Ok(Entry { at, path: TreePath::root(), root_name, meta, owners: owners.clone() })
    }

    /// The path below the root of the scan.
    pub fn path(&self) -> &TreePath {
        &self.path
    }

    /// The name as it is on disk; that of the root may be `.`.
    pub fn name(&self) -> &[u8] {
        self.root_name.as_deref().or_else(|| self.path.name()).unwrap_or(b".")
    }

    /// What `stat` said when the scan came by.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Looks at the entry again, for another try after it changed while it was being read.
    pub fn look_again(&self) -> Result<Entry, Cause> {
        let meta = look(&self.at, self.name(), &self.owners)?;
        Ok(Entry { meta, ..self.clone() })
    }

    /// Reads what a change of the entry would have shown in its ctime: extended attributes and
    /// the holes of a sparse file.
    pub fn read_details(&self) -> Result<Details, DetailsError> {
        let xattrs = |errno: Errno| DetailsError::Xattrs(errno.into());
        let extents = |errno: Errno| DetailsError::Extents(errno.into());
        let found = super::super::xattr::read(&self.at.fd, self.name(), &self.meta.kind);
        let found = found.map_err(xattrs)?;
        let mut details =
            Details { xattrs: found.xattrs, is_complete: found.is_complete, extents: None };
        if self.meta.may_be_sparse() {
            let file = self.open_file().map_err(extents)?;
            let all = super::super::sparse::extents(&file, self.meta.size).map_err(extents)?;
            details.extents = Some(all);
        }
        Ok(details)
    }

    pub(in crate::tree) fn open_directory(&self) -> Result<Directory, Cause> {
        let flags = DIRECTORY_FLAGS | OFlags::NOFOLLOW;
        let fd = openat(&self.at.fd, self.name(), flags, Mode::empty())?;
        Ok(Directory { fd, path: self.path.clone() })
    }

    /// Opens what stands under the name now, without touching its access time where that is
    /// allowed: only the owner may ask for it.
    pub(in crate::tree) fn open_file(&self) -> Result<OwnedFd, Errno> {
        #[cfg(target_os = "linux")]
        match openat(&self.at.fd, self.name(), FILE_FLAGS | OFlags::NOATIME, Mode::empty()) {
            Err(Errno::PERM) => {}
            opened => return opened,
        }
        openat(&self.at.fd, self.name(), FILE_FLAGS, Mode::empty())
    }

    pub(in crate::tree) fn owners(&self) -> &Owners {
        &self.owners
    }
}

fn look(at: &Directory, name: &[u8], owners: &Owners) -> Result<Meta, Cause> {
    let stat = statat(&at.fd, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let mut meta = super::super::stat::meta(&stat, owners);
    if let Kind::Symlink { target } = &mut meta.kind {
        *target = at.read_link(name)?;
        meta.size = target.len() as u64;
    }
    Ok(meta)
}
