//! The kernel's `stat` as a [`Meta`].

use rustix::fs::{FileType, Stat};

use super::model::{Attributes, Identity, Kind, Meta, Special, Time};
use super::owners::Owners;

/// `st_blocks` counts in these, whatever the file system's own blocks are.
const STAT_BLOCK_BYTES: u64 = 512;

const MODE_BITS: u32 = 0o7777;

pub(super) fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

#[expect(clippy::unnecessary_cast, reason = "the widths differ between systems")]
pub(super) fn identity(stat: &Stat) -> Identity {
    Identity { device: stat.st_dev as u64, inode: stat.st_ino as u64 }
}

/// The target of a symbolic link is not in `stat`; it is left empty here.
#[expect(clippy::unnecessary_cast, reason = "the widths differ between systems")]
pub(super) fn meta(stat: &Stat, owners: &Owners) -> Meta {
    let kind = kind(stat);
    let size = match kind {
        Kind::Directory => 0,
        Kind::File | Kind::Symlink { .. } | Kind::Special(_) => {
            u64::try_from(stat.st_size).unwrap_or(0)
        }
    };
    Meta {
        size,
        attributes: Attributes {
            mode: stat.st_mode as u32 & MODE_BITS,
            owner: owners.owner(stat.st_uid, stat.st_gid),
            mtime: time(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        },
        ctime: time(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        identity: identity(stat),
        links: stat.st_nlink as u64,
        allocated: u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(STAT_BLOCK_BYTES),
        kind,
    }
}

fn kind(stat: &Stat) -> Kind {
    match file_type(stat) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink { target: Vec::new() },
        FileType::Fifo => Kind::Special(Special::Fifo),
        FileType::Socket => Kind::Special(Special::Socket),
        FileType::CharacterDevice => Kind::Special(Special::CharacterDevice),
        FileType::BlockDevice => Kind::Special(Special::BlockDevice),
        FileType::Unknown => Kind::Special(Special::Unknown),
    }
}

/// Some file systems hold nanoseconds out of bounds on a damaged inode.
fn time(seconds: i64, nanoseconds: i64) -> Time {
    let total = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    Time::from_nanoseconds(total)
}

/// The clock that change times are compared with.
pub(super) fn now() -> Time {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    time(now.tv_sec, now.tv_nsec)
}
