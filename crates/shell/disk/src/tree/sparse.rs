//! Where a sparse file has content.

use rustix::fd::AsFd;
use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

use super::model::Extent;

/// Of a file with more runs than this the rest counts as one run: its holes are read as zeros.
const EXTENTS_MAX: usize = 65_536;

/// The first run of content at or after `from` in a file of `size` bytes, nothing if only a hole
/// follows. A file system that does not know holes has one run. Moves the file's own position.
pub(super) fn next_extent(file: impl AsFd, from: u64, size: u64) -> Result<Option<Extent>, Errno> {
    if from >= size {
        return Ok(None);
    }
    let start = match seek(&file, SeekFrom::Data(from)) {
        Ok(start) if start < size => start,
        Ok(_) | Err(Errno::NXIO) => return Ok(None),
        Err(Errno::INVAL | Errno::NOTSUP) => from,
        Err(errno) => return Err(errno),
    };
    let end = match seek(&file, SeekFrom::Hole(start)) {
        Ok(end) if end > start => end.min(size),
        Ok(_) | Err(Errno::NXIO | Errno::INVAL | Errno::NOTSUP) => size,
        Err(errno) => return Err(errno),
    };
    Ok(Some(Extent { offset: start, length: end - start }))
}

/// All runs of content of a file of `size` bytes, at most [`EXTENTS_MAX`].
pub(super) fn extents(file: impl AsFd, size: u64) -> Result<Vec<Extent>, Errno> {
    let mut all: Vec<Extent> = Vec::new();
    let mut from = 0;
    while let Some(extent) = next_extent(&file, from, size)? {
        if all.len() + 1 == EXTENTS_MAX {
            all.push(Extent { offset: extent.offset, length: size - extent.offset });
            return Ok(all);
        }
        from = extent.offset + extent.length;
        all.push(extent);
    }
    Ok(all)
}
