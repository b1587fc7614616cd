//! Extended attributes, read without following a link and set on open files only.

use rustix::buffer::spare_capacity;
use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::fs::{
    Mode, OFlags, XattrFlags, fgetxattr, flistxattr, fsetxattr, lgetxattr, llistxattr, openat,
};
use rustix::io::Errno;

use super::model::{Kind, Xattr};

/// The kernel's bound for a list of names and for a value.
const LIST_BYTES_MAX: usize = 64 << 10;

const LIST_BYTES_FIRST: usize = 1 << 10;
const VALUE_BYTES_FIRST: usize = 256;

/// The extended attributes of an entry, and whether the system gave all that it listed.
pub(super) struct Found {
    pub(super) xattrs: Vec<Xattr>,
    pub(super) is_complete: bool,
}

/// Two ways to one inode.
///
/// A path through `/proc/self/fd` needs no open file, so it works for links and for files that
/// may not be read; without `/proc` the file is opened.
enum Route {
    Path(Vec<u8>),
    Open(OwnedFd),
}

/// Lists and reads the attributes of `name` in the open directory `at`, sorted by name.
pub(super) fn read(at: impl AsFd, name: &[u8], kind: &Kind) -> Result<Found, Errno> {
    if cfg!(target_os = "linux") {
        let mut path = format!("/proc/self/fd/{}/", at.as_fd().as_raw_fd()).into_bytes();
        path.extend_from_slice(name);
        match read_by(&Route::Path(path)) {
            Err(Errno::NOENT | Errno::NOTDIR) => {}
            found => return found,
        }
    }
    match kind {
        Kind::File | Kind::Directory => {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            read_by(&Route::Open(openat(at, name, flags, Mode::empty())?))
        }
        Kind::Symlink { .. } | Kind::Special(_) => {
            Ok(Found { xattrs: Vec::new(), is_complete: true })
        }
    }
}

fn read_by(route: &Route) -> Result<Found, Errno> {
    let names = match list(route) {
        Ok(names) => names,
        Err(Errno::NOTSUP) => Vec::new(),
        Err(errno) => return Err(errno),
    };
    let mut found = Found { xattrs: Vec::new(), is_complete: true };
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        match get(route, name) {
            Ok(value) => found.xattrs.push(Xattr { name: name.to_vec(), value }),
            // Removed since the list was made.
            Err(Errno::NODATA) => {}
            Err(_) => found.is_complete = false,
        }
    }
    found.xattrs.sort();
    Ok(found)
}

fn list(route: &Route) -> Result<Vec<u8>, Errno> {
    grow(LIST_BYTES_FIRST, |names| match route {
        Route::Path(path) => llistxattr(path, spare_capacity(names)),
        Route::Open(file) => flistxattr(file, spare_capacity(names)),
    })
}

fn get(route: &Route, name: &[u8]) -> Result<Vec<u8>, Errno> {
    grow(VALUE_BYTES_FIRST, |value| match route {
        Route::Path(path) => lgetxattr(path, name, spare_capacity(value)),
        Route::Open(file) => fgetxattr(file, name, spare_capacity(value)),
    })
}

/// Tries with a small buffer and, if the kernel finds it too small, once with the largest.
fn grow(
    first: usize,
    fill: impl Fn(&mut Vec<u8>) -> Result<usize, Errno>,
) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::with_capacity(first);
    match fill(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(Errno::RANGE) => {
            bytes = Vec::with_capacity(LIST_BYTES_MAX);
            fill(&mut bytes)?;
            Ok(bytes)
        }
        Err(errno) => Err(errno),
    }
}

/// Sets one attribute of an open file or directory, whether it was there before or not.
pub(super) fn set(file: impl AsFd, xattr: &Xattr) -> Result<(), Errno> {
    fsetxattr(file, xattr.name.as_slice(), &xattr.value, XattrFlags::empty())
}
