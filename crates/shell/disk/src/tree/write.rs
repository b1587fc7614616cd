//! Writes a tree back at a restore. The catalog that says what to write is not trusted: everything
//! is created beneath the target directory, and nothing outside is touched.
//!
//! - Names come as [`TreePath`], which cannot climb. Directories are opened beneath the target
//!   without following any symbolic link, whoever made it. Devices and pipes cannot be expressed.
//! - A file is written under a name of its own (`.bitdust-part-…`), gets its attributes, and only
//!   then its final name. What a crash leaves behind is removed by the next restore that enters
//!   the directory.
//! - Hard links, then symbolic links, then the attributes of directories come last, so that no
//!   content passes through a link and closed directories (mode 0) can be filled. Until then they
//!   wait in a file without a name, so that memory stays bounded.
//!
//! Not restored: extended attributes of symbolic links, inode flags (`chattr`), access times. Not
//! removed: an ACL that the target directory hands down to what is made in it.

use std::path::Path;
use std::sync::Arc;

mod attributes;
mod beneath;
mod delivered;
mod directories;
mod error;
mod file;
mod last;
mod leftovers;
mod place;
mod report;
mod shared;
mod spool;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

pub use error::{Doing, FinishError, Occupant, WriteError};
pub use file::{FileStart, FileWriter, Written};
pub use report::{PROBLEMS_MAX, Problem, Report};

use self::shared::Shared;
use self::spool::{LinkLater, SymlinkLater};
use super::model::{Attributes, LINK_TARGET_BYTES_MAX, TreePath, Xattr};

/// How many groups of hard links one restore keeps together; the files of further groups are
/// written one by one and reported.
pub const LINK_GROUPS_MAX: usize = 1 << 18;

/// What to do where something of the same name exists. Directories are always entered and never
/// replaced or renamed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Leave it and report a conflict.
    #[default]
    Refuse,
    /// Replace it, a symbolic link as itself.
    Overwrite,
    /// Write beside it, as `name.restored-1`.
    KeepBoth,
}

/// Whom the restored files are to belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerRule {
    /// The user who restores.
    Nobody,
    /// The numbers of the backup.
    ByNumber,
    /// The users and groups that have these names here, or else these numbers.
    ByName,
}

/// When what was written must have reached the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Whenever the system gets to it.
    Whenever,
    /// All at once before the restore reports that it is done.
    AtEnd,
    /// Each file before it gets its final name, and the directories at the end.
    EachFile,
}

/// How to restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What happens to what exists.
    pub existing: Existing,
    /// Whether an earlier restore into this target is continued: files of the right size and
    /// mtime are taken as complete, and existing directories get their attributes.
    pub resumes: bool,
    /// Whom the files belong to.
    pub owners: OwnerRule,
    /// Whether set-user, set-group and sticky bits are given back; the first two only together with
    /// the owner and the group that they lend the rights of.
    pub keeps_special_bits: bool,
    /// Whether root gives back `security.*` and `trusted.*` attributes.
    pub keeps_privileged_xattrs: bool,
    /// When it must be on disk.
    pub durability: Durability,
}

impl Default for Options {
    /// Overwrites nothing, gives owners and special mode bits back when run by root, and syncs at the end.
    fn default() -> Options {
        let is_root = rustix::process::geteuid().is_root();
        Options {
            existing: Existing::Refuse,
            resumes: false,
            owners: if is_root { OwnerRule::ByName } else { OwnerRule::Nobody },
            keeps_special_bits: is_root,
            keeps_privileged_xattrs: false,
            durability: Durability::AtEnd,
        }
    }
}

/// What a file shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileWanted {
    /// Mode, owner, mtime.
    pub attributes: Attributes,
    /// Extended attributes.
    pub xattrs: Vec<Xattr>,
    /// Length in bytes.
    pub size: u64,
    /// Whether blocks of zeros become holes.
    pub is_sparse: bool,
    /// The same number for all names of one inode; content is only asked for with the first.
    pub link_group: Option<u64>,
}

/// Whether a directory was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// It was made.
    Created,
    /// It existed; it gets its attributes only with [`Existing::Overwrite`] or when resuming.
    Entered,
}

/// A restore into one target directory.
///
/// Any number of threads may use it. Dropping it is a cancel: what has its final name stays,
/// nothing else does, and a later restore with [`Options::resumes`] goes on from there.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
}

impl Writer {
    /// Opens the target directory, making it and its parents if they are missing. The target's own
    /// path is the user's and may lead through symbolic links.
    pub fn open(target: &Path, options: Options) -> Result<Writer, WriteError> {
        Ok(Writer { shared: Arc::new(Shared::open(target, options, true)?) })
    }

    /// As [`open`](Self::open), on a kernel without `openat2`.
    #[cfg(test)]
    fn open_without_openat2(target: &Path, options: Options) -> Result<Writer, WriteError> {
        Ok(Writer { shared: Arc::new(Shared::open(target, options, false)?) })
    }

    /// Makes or enters a directory; its parent must exist. The root path is the target itself.
    ///
    /// The attributes are applied by [`finish`](Self::finish).
    pub fn directory(
        &self,
        path: &TreePath,
        attributes: &Attributes,
        xattrs: &[Xattr],
    ) -> Result<Made, WriteError> {
        self.shared.make_directory(path, attributes, xattrs)
    }

    /// Begins a file, whose directory must exist.
    ///
    /// Hold a few hundred unfinished files at most: each keeps two files open.
    pub fn file(&self, path: &TreePath, wanted: FileWanted) -> Result<FileStart, WriteError> {
        file::begin(&self.shared, path, wanted)
    }

    /// Notes a symbolic link; [`finish`](Self::finish) creates it and reports what went wrong.
    pub fn symlink(
        &self,
        path: &TreePath,
        target: &[u8],
        attributes: &Attributes,
    ) -> Result<(), WriteError> {
        shared::check_name(path)?;
        if target.is_empty() || target.contains(&0) || target.len() > LINK_TARGET_BYTES_MAX {
            return Err(WriteError::BadTarget);
        }
        let link = SymlinkLater {
            path: path.as_bytes().to_vec(),
            target: target.to_vec(),
            given: self.shared.given(attributes),
        };
        self.shared.later(|spools, tree| spools.symlinks.push(&link, tree))
    }

    /// Makes the links, gives the directories their attributes, and syncs.
    ///
    /// The report lists what no other call has returned as an error.
    pub fn finish(self) -> Result<Report, FinishError> {
        last::finish(&self.shared)
    }
}

impl Shared {
    /// Notes a further name of a group's file.
    fn link_later(&self, path: &TreePath, group: u64) -> Result<(), WriteError> {
        let link = LinkLater { path: path.as_bytes().to_vec(), group };
        self.later(|spools, tree| spools.links.push(&link, tree))
    }
}
