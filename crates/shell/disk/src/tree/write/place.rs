//! Gives what was written its final name, in one step and as the user wants it where something
//! exists.

use std::borrow::Cow;

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, linkat, renameat, unlinkat};
use rustix::io::Errno;

use super::super::model::NAME_BYTES_MAX;
use super::Existing;
use super::error::{Doing, Occupant, WriteError};
use super::shared::{look, occupant};

/// More versions than this of one file are not kept beside each other.
const KEPT_BESIDE_MAX: u32 = 1_000;

/// The name, and after it those to try when it is taken and both are kept.
pub(super) fn candidates(name: &[u8], existing: Existing) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let further = if existing == Existing::KeepBoth { KEPT_BESIDE_MAX } else { 0 };
    let beside = (1..=further).map(|number| Cow::Owned(beside(name, number)));
    std::iter::once(Cow::Borrowed(name)).chain(beside)
}

/// `name.restored-1`, cut in front of the suffix where it would be too long.
fn beside(name: &[u8], number: u32) -> Vec<u8> {
    let suffix = format!(".restored-{number}");
    let mut end = name.len().min(NAME_BYTES_MAX - suffix.len());
    if end < name.len() && std::str::from_utf8(name).is_ok() {
        while end > 0 && name[end] & 0xc0 == 0x80 {
            end -= 1;
        }
    }
    [&name[..end], suffix.as_bytes()].concat()
}

/// Moves a finished file to its name, and returns the name that it got.
pub(super) fn rename_to<'a>(
    at: &OwnedFd,
    partial: &[u8],
    name: &'a [u8],
    existing: Existing,
) -> Result<Cow<'a, [u8]>, WriteError> {
    if existing == Existing::Overwrite {
        return match renameat(at, partial, at, name) {
            Ok(()) => Ok(Cow::Borrowed(name)),
            Err(Errno::ISDIR | Errno::EXIST | Errno::NOTEMPTY) => {
                Err(WriteError::Conflict { existing: Occupant::Directory })
            }
            Err(errno) => Err(WriteError::of(Doing::Rename)(errno)),
        };
    }
    first_free(at, name, existing, Doing::Rename, |name| rename_new(at, partial, name))
}

/// Makes something under the first free name; `make` must fail with `EEXIST` if it is taken.
pub(super) fn first_free<'a>(
    at: &OwnedFd,
    name: &'a [u8],
    existing: Existing,
    doing: Doing,
    make: impl Fn(&[u8]) -> Result<(), Errno>,
) -> Result<Cow<'a, [u8]>, WriteError> {
    for candidate in candidates(name, existing) {
        match make(&candidate) {
            Ok(()) => return Ok(candidate),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(WriteError::of(doing)(errno)),
        }
    }
    if existing == Existing::KeepBoth {
        return Err(WriteError::NoFreeName);
    }
    Err(conflict(at, name)?)
}

pub(super) fn conflict(at: &OwnedFd, name: &[u8]) -> Result<WriteError, WriteError> {
    let existing = look(at, name)?.map_or(Occupant::File, |stat| occupant(&stat));
    Ok(WriteError::Conflict { existing })
}

/// Renames onto a name that must be free.
fn rename_new(at: &OwnedFd, partial: &[u8], name: &[u8]) -> Result<(), Errno> {
    use rustix::fs::{RenameFlags, renameat_with};
    match renameat_with(at, partial, at, name, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
        renamed => return renamed,
    }
    // Some file systems know the plain call only. A second name is refused if it is taken too.
    match linkat(at, partial, at, name, AtFlags::empty()) {
        Ok(()) => unlinkat(at, partial, AtFlags::empty()),
        Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK) => match look(at, name) {
            Ok(None) => renameat(at, partial, at, name),
            Ok(Some(_)) | Err(_) => Err(Errno::EXIST),
        },
        Err(errno) => Err(errno),
    }
}
