//! Removes what restores that were killed left in a directory.

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Dir, FlockOperation, Mode, OFlags, flock, openat, unlinkat};
use rustix::io::Errno;

use super::super::model::is_partial;

/// Removes the unfinished files of a directory, except those that a running restore holds locked,
/// and returns how many. What cannot be listed or removed stays.
pub(super) fn remove(directory: &OwnedFd) -> u64 {
    let Ok(entries) = Dir::read_from(directory) else { return 0 };
    let names = entries.filter_map(Result::ok).filter_map(|entry| {
        let name = entry.file_name().to_bytes();
        is_partial(name).then(|| name.to_vec())
    });
    let mut removed = 0;
    for name in names.collect::<Vec<_>>() {
        if !is_in_use(directory, &name)
            && unlinkat(directory, name.as_slice(), AtFlags::empty()).is_ok()
        {
            removed += 1;
        }
    }
    removed
}

/// A link cannot be opened, and a file that cannot be opened was about to get its name when its
/// restore ended.
fn is_in_use(directory: &OwnedFd, name: &[u8]) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    openat(directory, name, flags, Mode::empty()).is_ok_and(|file| {
        flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK)
    })
}
