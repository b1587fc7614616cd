//! Opens directories beneath the target, and never any other, whatever stands there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::super::model::TreePath;

/// Directories kept open. Entries mostly come directory by directory.
const OPEN_MAX: usize = 64;

/// A path is opened in parts below the kernel's 4,096 bytes.
const PART_BYTES_MAX: usize = 3_840;

/// The kernel asks for another try when something was renamed at that moment.
#[cfg(target_os = "linux")]
const TRIES_MAX: usize = 16;

/// Enough to create and rename in a directory; listing and `fchmod` need it opened for reading.
#[cfg(target_os = "linux")]
const FLAGS: OFlags =
    OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

const READ_FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The target directory and a few open ones below it.
#[derive(Debug)]
pub(super) struct Beneath {
    root: Arc<OwnedFd>,
    open: Mutex<Open>,
    has_openat2: AtomicBool,
}

#[derive(Debug, Default)]
struct Open {
    directories: BTreeMap<Vec<u8>, (Arc<OwnedFd>, u64)>,
    uses: u64,
}

impl Beneath {
    pub(super) fn new(root: OwnedFd, has_openat2: bool) -> Beneath {
        Beneath {
            root: Arc::new(root),
            open: Mutex::default(),
            has_openat2: AtomicBool::new(has_openat2),
        }
    }

    /// The target itself, open for reading.
    pub(super) fn root(&self) -> &OwnedFd {
        &self.root
    }

    /// A directory for working inside it.
    ///
    /// [`Errno::LOOP`] or [`Errno::NOTDIR`] if a symbolic link or file is on the way.
    pub(super) fn directory(&self, path: &TreePath) -> Result<Arc<OwnedFd>, Errno> {
        if path.is_root() {
            return Ok(self.root.clone());
        }
        let path = path.as_bytes();
        let (mut at, known) = self.nearest(path);
        let mut rest = path.get(known..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(at);
        }
        while !rest.is_empty() {
            let (part, after) = first_part(rest);
            at = Arc::new(self.open_part(&at, part)?);
            rest = after;
        }
        self.keep(path, &at);
        Ok(at)
    }

    /// A directory for listing it and changing its attributes.
    pub(super) fn readable(&self, path: &TreePath) -> Result<OwnedFd, Errno> {
        let directory = self.directory(path)?;
        openat(&directory, ".", READ_FLAGS, Mode::empty())
    }

    /// The deepest open directory on the way, and how many bytes of the path lead past it.
    fn nearest(&self, path: &[u8]) -> (Arc<OwnedFd>, usize) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.uses += 1;
        let uses = open.uses;
        let mut length = path.len();
        while length > 0 {
            if let Some((directory, used)) = open.directories.get_mut(&path[..length]) {
                *used = uses;
                return (directory.clone(), (length + 1).min(path.len()));
            }
            length = path[..length].iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        }
        (self.root.clone(), 0)
    }

    fn keep(&self, path: &[u8], directory: &Arc<OwnedFd>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.directories.len() >= OPEN_MAX {
            let oldest = open.directories.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(path, _)| path.clone()) {
                open.directories.remove(&oldest);
            }
        }
        let uses = open.uses;
        open.directories.insert(path.to_vec(), (directory.clone(), uses));
    }

    fn open_part(&self, at: &OwnedFd, part: &[u8]) -> Result<OwnedFd, Errno> {
        #[cfg(target_os = "linux")]
        if self.has_openat2.load(Ordering::Relaxed) {
            match open_at_once(at, part) {
                // An old kernel, or a sandbox that forbids the call.
                Err(Errno::NOSYS | Errno::PERM) => {
                    self.has_openat2.store(false, Ordering::Relaxed);
                }
                opened => return opened,
            }
        }
        open_by_steps(at, part)
    }
}

#[cfg(target_os = "linux")]
fn open_at_once(at: &OwnedFd, part: &[u8]) -> Result<OwnedFd, Errno> {
    use rustix::fs::{ResolveFlags, openat2};
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let mut opened = Err(Errno::AGAIN);
    for _ in 0..TRIES_MAX {
        opened = openat2(at, part, FLAGS, Mode::empty(), resolve);
        if !matches!(opened, Err(Errno::AGAIN | Errno::INTR)) {
            break;
        }
    }
    opened
}

/// Each name by itself: `O_NOFOLLOW` holds for the last name of a call only.
fn open_by_steps(at: &OwnedFd, part: &[u8]) -> Result<OwnedFd, Errno> {
    let mut names = part.split(|byte| *byte == b'/');
    let first = names.next().unwrap_or(part);
    let mut directory = openat(at, first, FLAGS, Mode::empty())?;
    for name in names {
        directory = openat(&directory, name, FLAGS, Mode::empty())?;
    }
    Ok(directory)
}

/// Splits so many whole names off as one call takes.
fn first_part(path: &[u8]) -> (&[u8], &[u8]) {
    if path.len() <= PART_BYTES_MAX {
        return (path, &[]);
    }
    match path[..PART_BYTES_MAX].iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (path, &[]),
    }
}
