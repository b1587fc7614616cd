//! An open directory of a scan and the sorted list of its names.

use std::ops::Range;

use rustix::fd::OwnedFd;
use rustix::fs::{Dir, Mode, OFlags, fstat, openat, readlinkat};
use rustix::io::Errno;

use super::super::cause::Cause;
use super::super::model::{Identity, TreePath};

/// The beginning of a valid `CACHEDIR.TAG` (<https://bford.info/cachedir/>).
const CACHE_TAG: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// Reads as much of a small file as anybody needs: the flags keep a pipe under the same name from
/// blocking and a link from leading elsewhere.
const READ_FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// A directory held open, so that its entries are reached by name alone.
#[derive(Debug)]
pub(in crate::tree) struct Directory {
    pub(in crate::tree) fd: OwnedFd,
    pub(in crate::tree) path: TreePath,
}

impl Directory {
    pub(super) fn identity(&self) -> Result<Identity, Errno> {
        Ok(super::super::stat::identity(&fstat(&self.fd)?))
    }

    pub(super) fn read_link(&self, name: &[u8]) -> Result<Vec<u8>, Cause> {
        Ok(readlinkat(&self.fd, name, Vec::new())?.into_bytes())
    }

    /// Reads a regular file of at most `bytes_max` bytes.
    ///
    /// Returns one byte more of a longer one, so that the caller can tell.
    pub(super) fn read_small(&self, name: &[u8], bytes_max: usize) -> Result<Vec<u8>, Cause> {
        use std::io::Read;
        let file = openat(&self.fd, name, READ_FLAGS, Mode::empty())?;
        if !super::super::stat::file_type(&fstat(&file)?).is_file() {
            return Err(Cause::Blocked);
        }
        let mut bytes = Vec::new();
        std::fs::File::from(file).take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn is_tagged_as_cache(&self, name: &[u8]) -> bool {
        self.read_small(name, CACHE_TAG.len()).is_ok_and(|bytes| bytes.starts_with(CACHE_TAG))
    }
}

/// Why a list of names is not complete.
#[derive(Debug)]
pub(super) enum ListingError {
    Read(Cause),
    TooLong,
}

/// The names of one directory, sorted by their bytes and kept in one allocation: about 30 bytes for
/// each of them.
#[derive(Debug, Default)]
pub(super) struct Listing {
    bytes: Vec<u8>,
    names: Vec<(u32, u16)>,
    next: usize,
}

impl Listing {
    /// Reads the names up to the end or the first error.
    pub(super) fn read(directory: &OwnedFd) -> (Listing, Option<ListingError>) {
        let mut listing = Listing::default();
        let error = listing.fill(directory).err();
        let bytes = &listing.bytes;
        listing.names.sort_unstable_by(|a, b| bytes[range(*a)].cmp(&bytes[range(*b)]));
        (listing, error)
    }

    pub(super) fn of_one(name: &[u8]) -> Listing {
        let mut listing = Listing::default();
        // One name of a checked length always fits.
        let _ = listing.push(name);
        listing
    }

    fn fill(&mut self, directory: &OwnedFd) -> Result<(), ListingError> {
        let read = |errno: Errno| ListingError::Read(errno.into());
        let mut entries = Dir::read_from(directory).map_err(read)?;
        while let Some(entry) = entries.read() {
            let entry = entry.map_err(read)?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                self.push(name)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, name: &[u8]) -> Result<(), ListingError> {
        let start = u32::try_from(self.bytes.len()).map_err(|_| ListingError::TooLong)?;
        let length = u16::try_from(name.len()).map_err(|_| ListingError::TooLong)?;
        self.bytes.extend_from_slice(name);
        self.names.push((start, length));
        Ok(())
    }

    pub(super) fn contains(&self, name: &[u8]) -> bool {
        self.names.binary_search_by(|at| self.bytes[range(*at)].cmp(name)).is_ok()
    }

    pub(super) fn take_next(&mut self) -> Option<Vec<u8>> {
        let at = *self.names.get(self.next)?;
        self.next += 1;
        Some(self.bytes[range(at)].to_vec())
    }
}

fn range((start, length): (u32, u16)) -> Range<usize> {
    let start = start as usize;
    start..start + usize::from(length)
}
