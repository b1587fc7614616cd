//! What the systems do differently. Where a system lacks something that only helps, nothing is
//! done; where it lacks something that is needed, the nearest thing that holds.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// The most pieces of one call (`IOV_MAX` of Linux and macOS).
#[cfg(unix)]
const PIECES_MAX: usize = 1024;

/// New files are for their owner alone.
pub(super) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

pub(super) fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(unix)]
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Windows keeps names durable by its journal and gives no handle to sync a directory by.
#[cfg(not(unix))]
pub(super) fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
pub(super) fn free_space(path: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Unknown without a call of the system's own: the floor does not hold here, only the quota.
#[cfg(not(unix))]
pub(super) fn free_space(_path: &Path) -> io::Result<u64> {
    Ok(u64::MAX / 2)
}

/// The same where an open file is.
#[cfg(unix)]
pub(super) fn free_space_of(file: &File) -> io::Result<u64> {
    let found = rustix::fs::fstatvfs(file)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
pub(super) fn free_space_of(_file: &File) -> io::Result<u64> {
    Ok(u64::MAX / 2)
}

#[cfg(unix)]
pub(super) fn read_at(file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(windows)]
pub(super) fn read_at(file: &File, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
    while !out.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, out, offset)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        offset += count as u64;
        out = &mut out[count..];
    }
    Ok(())
}

#[cfg(unix)]
pub(super) fn write_at(file: &File, mut offset: u64, parts: &[&[u8]]) -> io::Result<()> {
    use std::io::IoSlice;

    for parts in parts.chunks(PIECES_MAX) {
        let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut left = &mut slices[..];
        IoSlice::advance_slices(&mut left, 0);
        while !left.is_empty() {
            match rustix::io::pwritev(file, left, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    offset += count as u64;
                    IoSlice::advance_slices(&mut left, count);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

#[cfg(windows)]
pub(super) fn write_at(file: &File, mut offset: u64, parts: &[&[u8]]) -> io::Result<()> {
    for part in parts {
        let mut left = *part;
        while !left.is_empty() {
            let count = std::os::windows::fs::FileExt::seek_write(file, left, offset)?;
            offset += count as u64;
            left = &left[count..];
        }
    }
    Ok(())
}

/// Extends the file from `have` to `bytes`, with room behind it where the file system can.
pub(super) fn preallocate(file: &File, have: u64, bytes: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    loop {
        let flags = rustix::fs::FallocateFlags::empty();
        match rustix::fs::fallocate(file, flags, have, bytes - have) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => break,
            Err(error) => return Err(error.into()),
        }
    }
    let _ = have;
    file.set_len(bytes)
}
