//! The seam between the store and a disk: what the store asks for, and what can go wrong.
//!
//! Two things implement it: the real disk (crate `disk`) and the faulty one of the simulator
//! (`faulty`), so that both run the same recovery code. Names are relative and flat.

use std::fmt::Debug;
use std::sync::Arc;

/// The longest name of a file, bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// What was being done when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Opening or creating a file.
    Open,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Changing the length or reserving room.
    Resize,
    /// Making data durable.
    Sync,
    /// Removing a file.
    Remove,
    /// Renaming a file.
    Rename,
    /// Listing files or asking for the free space.
    List,
}

/// What a disk answers when it cannot do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// The disk is full, or the user's share of it.
    #[error("no space left for {name}")]
    NoSpace {
        /// The file.
        name: String,
    },
    /// The file does not exist.
    #[error("{name} does not exist")]
    NotFound {
        /// The file.
        name: String,
    },
    /// The file ends before the bytes asked for.
    #[error("{name} ends before byte {end}")]
    Short {
        /// The file.
        name: String,
        /// The end of what was asked for.
        end: u64,
    },
    /// The name is empty, too long, or holds something else than `a-z 0-9 . -`.
    #[error("'{name}' is not a name of a file here")]
    Name {
        /// The name.
        name: String,
    },
    /// Somebody else has the file locked.
    #[error("{name} is in use")]
    Busy {
        /// The file.
        name: String,
    },
    /// An earlier sync of this file failed: what it holds is unknown until it is opened again.
    #[error("{name} could not be made durable before; it must be opened again")]
    Poisoned {
        /// The file.
        name: String,
    },
    /// The device or the system failed.
    #[error("{action:?} of {name} failed: {kind}")]
    Io {
        /// What was being done.
        action: Action,
        /// The file.
        name: String,
        /// The system's kind of error.
        kind: std::io::ErrorKind,
    },
}

impl DiskError {
    /// Whether room is all that is missing.
    pub fn is_no_space(&self) -> bool {
        matches!(self, Self::NoSpace { .. })
    }
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// It must exist.
    Existing,
    /// It is made if it does not exist.
    OrCreate,
    /// It is made, or emptied if it exists.
    Empty,
}

/// A directory of files.
///
/// Nothing is durable before it is synced: the bytes of a file by [`DiskFile::sync`], its name by
/// [`Disk::sync_dir`].
pub trait Disk: Debug + Send + Sync {
    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// As [`DiskError`] says.
    fn open(&self, name: &str, how: Open) -> Result<Arc<dyn DiskFile>, DiskError>;

    /// Removes a file; open handles stay usable.
    ///
    /// # Errors
    /// As [`DiskError`] says.
    fn remove(&self, name: &str) -> Result<(), DiskError>;

    /// Renames a file, replacing any file of the new name in one step.
    ///
    /// # Errors
    /// As [`DiskError`] says.
    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError>;

    /// Makes all creations, removals and renames durable.
    ///
    /// # Errors
    /// As [`DiskError`] says.
    fn sync_dir(&self) -> Result<(), DiskError>;

    /// The names of all files, in order.
    ///
    /// # Errors
    /// As [`DiskError`] says.
    fn list(&self) -> Result<Vec<String>, DiskError>;

    /// Bytes that may still be written.
    ///
    /// # Errors
    /// As [`DiskError`] says.
    fn free_space(&self) -> Result<u64, DiskError>;
}

/// An open file.
pub trait DiskFile: Debug + Send + Sync {
    /// Fills `out` from `offset` on.
    ///
    /// # Errors
    /// As [`DiskError`] says; `Short` if the file ends before.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), DiskError>;

    /// Writes the parts one behind the other from `offset` on; the file grows as needed.
    ///
    /// # Errors
    /// As [`DiskError`] says; some of the bytes may have been written.
    fn write_at(&self, offset: u64, parts: &[&[u8]]) -> Result<(), DiskError>;

    /// Cuts the file off or extends it with zeros.
    ///
    /// # Errors
    /// As [`DiskError`] says.
    fn set_len(&self, bytes: u64) -> Result<(), DiskError>;

    /// Reserves room so that writing below `bytes` cannot fail for want of it, and extends the
    /// file to at least that length with zeros. Does nothing where the file system cannot.
    ///
    /// # Errors
    /// As [`DiskError`] says.
    fn preallocate(&self, bytes: u64) -> Result<(), DiskError>;

    /// Makes the bytes and the length durable. After a failure this handle only reads: what
    /// reached the device is unknown, and asking again would answer falsely
    /// (Rebello et al., "Can Applications Recover from fsync Failures?", 2020).
    ///
    /// # Errors
    /// As [`DiskError`] says.
    fn sync(&self) -> Result<(), DiskError>;

    /// Locks the file against other handles that ask for it, until this one is dropped.
    ///
    /// # Errors
    /// As [`DiskError`] says; `Busy` if another handle holds it.
    fn try_lock(&self) -> Result<(), DiskError>;

    /// The length, bytes.
    ///
    /// # Errors
    /// As [`DiskError`] says.
    fn len(&self) -> Result<u64, DiskError>;

    /// Whether the file holds nothing.
    ///
    /// # Errors
    /// As [`DiskError`] says.
    fn is_empty(&self) -> Result<bool, DiskError> {
        Ok(self.len()? == 0)
    }
}

/// Whether `name` may name a file: 1 to 64 of `a-z 0-9 . -`, and not dots alone.
///
/// # Errors
/// `DiskError::Name` if not.
pub fn check_name(name: &str) -> Result<(), DiskError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let allowed = name.len() <= NAME_BYTES_MAX
        && name.bytes().all(|byte| plain(byte) || byte == b'.')
        && name.bytes().any(plain);
    if allowed { Ok(()) } else { Err(DiskError::Name { name: name.into() }) }
}
