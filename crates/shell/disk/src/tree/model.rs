//! What one entry of a file tree is: its name, kind, attributes and where it was found.

use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

mod name;
#[cfg(test)]
mod tests;

pub use name::{
    BadName, BadPath, DEPTH_MAX, NAME_BYTES_MAX, Name, PARTIAL_PREFIX, TooDeep, TreePath,
};
pub(crate) use name::{is_partial, partial_name};

/// The longest target of a symbolic link, in bytes (Linux `PATH_MAX` without its NUL).
pub const LINK_TARGET_BYTES_MAX: usize = 4_095;

/// What stands under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file, empty ones included.
    File,
    /// A directory.
    Directory,
    /// A symbolic link; the target is kept as it is, absolute or dangling.
    Symlink {
        /// The bytes of the target.
        target: Vec<u8>,
    },
    /// Something that is neither backed up nor restored.
    Special(Special),
}

/// A kind of entry without content of its own, which a backup reports as skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A character device.
    CharacterDevice,
    /// A block device.
    BlockDevice,
    /// What this system calls something else.
    Unknown,
}

/// A point of a file's time, in the file system's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    seconds: i64,
    nanoseconds: u32,
}

/// The nanoseconds of a time are a full second or more.
///
/// The kernel gives two such values a meaning of its own ("now", "leave it"), so they are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{nanoseconds} nanoseconds are more than a second")]
pub struct BadTime {
    /// The value that was given.
    pub nanoseconds: u32,
}

const SECOND_NS: u32 = 1_000_000_000;

impl Time {
    /// Seconds since 1970 (negative before) and the nanoseconds after them, below one second.
    pub fn new(seconds: i64, nanoseconds: u32) -> Result<Time, BadTime> {
        if nanoseconds >= SECOND_NS {
            return Err(BadTime { nanoseconds });
        }
        Ok(Time { seconds, nanoseconds })
    }

    /// Nanoseconds since 1970; what a file system cannot express is brought to its nearest.
    pub fn from_nanoseconds(nanoseconds: i128) -> Time {
        let second = i128::from(SECOND_NS);
        let rest = nanoseconds.rem_euclid(second);
        let seconds = nanoseconds.div_euclid(second);
        Time {
            seconds: i64::try_from(seconds).unwrap_or(if seconds < 0 {
                i64::MIN
            } else {
                i64::MAX
            }),
            nanoseconds: u32::try_from(rest).unwrap_or(0),
        }
    }

    /// Nanoseconds since 1970, negative before.
    pub fn nanoseconds_since_1970(self) -> i128 {
        i128::from(self.seconds) * i128::from(SECOND_NS) + i128::from(self.nanoseconds)
    }

    /// Whole seconds since 1970, rounded down.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after the whole second, below 1,000,000,000.
    pub fn nanoseconds(self) -> u32 {
        self.nanoseconds
    }
}

/// Who owns an entry, by number and, where the system knows one, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Number of the user.
    pub uid: u32,
    /// Number of the group.
    pub gid: u32,
    /// Name of the user on the machine of the backup.
    pub user: Option<Arc<[u8]>>,
    /// Name of the group on the machine of the backup.
    pub group: Option<Arc<[u8]>>,
}

/// What a restore gives back to an entry beside its content and extended attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Permission bits, `0o7777` at most.
    pub mode: u32,
    /// Owner and group.
    pub owner: Owner,
    /// Time of the last change of content.
    pub mtime: Time,
}

/// One extended attribute (POSIX ACLs are such attributes too).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Xattr {
    /// Full name with its namespace, as `user.comment`.
    pub name: Vec<u8>,
    /// Value; at most 64 KiB on Linux.
    pub value: Vec<u8>,
}

/// Where an inode is: equal identities at one time are hard links of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// Number of the file system.
    pub device: u64,
    /// Number of the inode in it.
    pub inode: u64,
}

/// What `stat` says about an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// File, directory or link.
    pub kind: Kind,
    /// Length of the content in bytes; 0 for a directory.
    pub size: u64,
    /// What a restore gives back.
    pub attributes: Attributes,
    /// Time of the last change of content or attributes, set by the kernel.
    pub ctime: Time,
    /// Where the inode is.
    pub identity: Identity,
    /// Number of names of the inode.
    pub links: u64,
    /// Bytes that the content takes on the file system.
    pub allocated: u64,
}

impl Meta {
    /// The inode, when it has further names and is not a directory.
    pub fn hard_link(&self) -> Option<Identity> {
        (self.links > 1 && self.kind != Kind::Directory).then_some(self.identity)
    }

    /// Whether the file takes less room than it is long, and so may have holes.
    pub fn may_be_sparse(&self) -> bool {
        self.kind == Kind::File && self.allocated < self.size
    }

    /// Whether both describe one inode with one state of its content and attributes, as far as
    /// `stat` can see.
    pub fn is_same_version(&self, other: &Meta) -> bool {
        self.identity == other.identity
            && self.size == other.size
            && self.attributes.mtime == other.attributes.mtime
            && self.ctime == other.ctime
            && self.kind == other.kind
    }

    /// Whether the last change is older than the coarsest clock of a common file system, so that a
    /// later change shows in `stat`. What is not settled at `now` is to be read again next time.
    pub fn is_settled(&self, now: Time) -> bool {
        let age = now.nanoseconds_since_1970() - self.ctime.nanoseconds_since_1970();
        age >= i128::from(SETTLED_AFTER_MS) * 1_000_000
    }
}

/// FAT counts in steps of two seconds.
const SETTLED_AFTER_MS: u32 = 2_000;

/// A run of bytes that is stored; between such runs a sparse file has holes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// First byte.
    pub offset: u64,
    /// Number of bytes, never 0.
    pub length: u64,
}

/// What costs a system call of its own and is only asked for when an entry is new or changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Extended attributes sorted by name.
    pub xattrs: Vec<Xattr>,
    /// Whether the system gave every extended attribute that it listed.
    pub is_complete: bool,
    /// For a file with holes, the runs between them; else nothing.
    pub extents: Option<Vec<Extent>>,
}
