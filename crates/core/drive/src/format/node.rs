//! What stands under a name in a version: kind, attributes and content.

use std::fmt;
use std::io;

use base::Wire;
use borsh::{BorshDeserialize, BorshSerialize};

use super::content::Content;
use super::page::PAGE_BYTES_MAX;

/// The longest name, bytes, on every common file system.
pub const NAME_BYTES_MAX: usize = 255;
/// The longest path of a root and the longest target of a symbolic link, bytes (Linux `PATH_MAX`).
pub const PATH_BYTES_MAX: usize = 4_096;
/// The longest name of a user or group that is kept, bytes.
pub const OWNER_BYTES_MAX: usize = 255;
/// All extended attributes of one entry together, names and values, bytes.
pub const XATTRS_BYTES_MAX: usize = 256 * 1024;

/// The name of one entry in a directory: bytes of any encoding that cannot lead elsewhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, BorshSerialize)]
pub struct Name(Vec<u8>);

/// Why bytes are not the name of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// There is no byte in it.
    #[error("the name is empty")]
    Empty,
    /// `.` and `..` lead elsewhere.
    #[error("the name is `.` or `..`")]
    Dots,
    /// A slash leads elsewhere, and no system can store a NUL.
    #[error("the name contains a slash or a NUL byte")]
    Separator,
    /// Longer than [`NAME_BYTES_MAX`].
    #[error("the name has {bytes} bytes, more than {NAME_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

impl Name {
    /// Checks bytes from anywhere.
    ///
    /// # Errors
    /// They name nothing, something elsewhere, or are too long.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, BadName> {
        let bytes = bytes.into();
        match bytes.as_slice() {
            [] => Err(BadName::Empty),
            b"." | b".." => Err(BadName::Dots),
            name if name.contains(&b'/') || name.contains(&0) => Err(BadName::Separator),
            name if name.len() > NAME_BYTES_MAX => Err(BadName::TooLong { bytes: name.len() }),
            _ => Ok(Self(bytes)),
        }
    }

    /// The bytes as they are on disk.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl BorshDeserialize for Name {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let bytes = Vec::<u8>::deserialize_reader(reader)?;
        Self::new(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
    }
}

/// A point of a file's time: seconds since 1970 (negative before) and nanoseconds after them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, BorshSerialize)]
pub struct Time {
    seconds: i64,
    nanoseconds: u32,
}

impl Time {
    /// The point of time; nanoseconds of a full second and more are brought to 999,999,999.
    pub fn new(seconds: i64, nanoseconds: u32) -> Self {
        Self { seconds, nanoseconds: nanoseconds.min(SECOND_NS - 1) }
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

const SECOND_NS: u32 = 1_000_000_000;

impl BorshDeserialize for Time {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let seconds = i64::deserialize_reader(reader)?;
        let nanoseconds = u32::deserialize_reader(reader)?;
        if nanoseconds < SECOND_NS {
            Ok(Self { seconds, nanoseconds })
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }
}

/// One extended attribute (POSIX ACLs are such attributes too).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Xattr {
    /// Full name with its namespace, as `user.comment`.
    pub name: Vec<u8>,
    /// Value.
    pub value: Vec<u8>,
}

/// What a restore gives back beside the content.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Attributes {
    /// Permission bits, `0o7777` at most.
    pub mode: u32,
    /// Number of the user.
    pub uid: u32,
    /// Number of the group.
    pub gid: u32,
    /// Name of the user on the machine of the backup, at most [`OWNER_BYTES_MAX`] bytes.
    pub user: Option<Vec<u8>>,
    /// Name of the group on the machine of the backup, at most [`OWNER_BYTES_MAX`] bytes.
    pub group: Option<Vec<u8>>,
    /// Time of the last change of content.
    pub mtime: Time,
    /// Extended attributes sorted by name, at most [`XATTRS_BYTES_MAX`] bytes together.
    pub xattrs: Vec<Xattr>,
}

impl Attributes {
    /// Leaves out what is longer than the format holds; says whether extended attributes were.
    pub(crate) fn trim(&mut self) -> bool {
        for name in [&mut self.user, &mut self.group] {
            if name.as_ref().is_some_and(|name| name.len() > OWNER_BYTES_MAX) {
                *name = None;
            }
        }
        let length = |xattr: &Xattr| xattr.name.len() + xattr.value.len() + 8;
        let is_too_long = self.xattrs.iter().map(length).sum::<usize>() > XATTRS_BYTES_MAX;
        if is_too_long {
            self.xattrs.clear();
        }
        is_too_long
    }
}

/// What kind of thing it is, with what it contains.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Kind {
    /// A regular file.
    File {
        /// Its bytes.
        content: Content,
    },
    /// A directory.
    Directory {
        /// Its entries, sorted by the bytes of their names, in pages.
        content: Content,
    },
    /// A symbolic link.
    Symlink {
        /// The bytes of the target, absolute or dangling as it was.
        target: Vec<u8>,
    },
}

impl Kind {
    /// The content of a file or directory.
    pub fn content(&self) -> Option<&Content> {
        match self {
            Self::File { content } | Self::Directory { content } => Some(content),
            Self::Symlink { .. } => None,
        }
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        matches!(self, Self::Directory { .. })
    }
}

/// Everything about one entry but its name.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// What a restore gives back beside the content.
    pub attributes: Attributes,
    /// Entries of one version with the same number are names of one file (hard links).
    pub hard_link: Option<u64>,
}

impl Wire for Node {
    const BYTES_MAX: usize = PAGE_BYTES_MAX;
}

/// A name and what stands under it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Entry {
    /// The name in its directory.
    pub name: Name,
    /// What stands there.
    pub node: Node,
}
