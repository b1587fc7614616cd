//! What can go wrong while a tree is written.

use thiserror::Error;

use super::super::cause::Cause;
use super::report::Report;

/// Why an entry was not restored, or not wholly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WriteError {
    /// The target itself cannot be opened or made.
    #[error("cannot open the target directory: {0}")]
    Target(Cause),
    /// Only a directory can be restored as the root of the target.
    #[error("the target directory itself cannot be a file or a link")]
    Root,
    /// The name is one of our unfinished files.
    #[error("names of unfinished files are not restored")]
    Reserved,
    /// The directory of the entry does not exist.
    #[error("the directory of the entry was not restored")]
    NoParent,
    /// A symbolic link or a file stands where the path needs a directory.
    #[error("a symbolic link or a file stands where the path needs a directory")]
    Blocked,
    /// Something of this name exists and may not be replaced.
    #[error("{existing} of this name exists and was left as it is")]
    Conflict {
        /// What exists.
        existing: Occupant,
    },
    /// No free name was found beside what exists.
    #[error("too many restored versions stand beside the existing file")]
    NoFreeName,
    /// The target of the symbolic link is empty, too long or has a NUL byte.
    #[error("the target of the link cannot be stored")]
    BadTarget,
    /// Content was delivered beyond the size of the file.
    #[error("{length} bytes at {offset} lie beyond the {size} bytes of the file")]
    Beyond {
        /// Where the content begins.
        offset: u64,
        /// How long it is.
        length: u64,
        /// Length of the file.
        size: u64,
    },
    /// Content was delivered twice, or in too many separate runs.
    #[error("{length} bytes at {offset} were delivered before")]
    Twice {
        /// Where the content begins.
        offset: u64,
        /// How long it is.
        length: u64,
    },
    /// Not as many bytes were delivered as the file has.
    #[error("{delivered} of {size} bytes of the file were delivered")]
    Incomplete {
        /// Content and holes delivered.
        delivered: u64,
        /// Length of the file.
        size: u64,
    },
    /// The first file of the hard link was not restored.
    #[error("the file that this is a hard link of was not restored")]
    NoFirst,
    /// The first file of the hard link was replaced meanwhile.
    #[error("the file that this is a hard link of was replaced meanwhile")]
    FirstReplaced,
    /// Too many groups of hard links; the file was written on its own.
    #[error("too many groups of hard links; the file stands on its own")]
    TooManyLinkGroups,
    /// Files are still being written.
    #[error("{count} files are still being written")]
    Unfinished {
        /// How many.
        count: usize,
    },
    /// The operating system refused a step.
    #[error("cannot {doing}: {cause}")]
    Failed {
        /// Which step.
        doing: Doing,
        /// Why.
        cause: Cause,
    },
}

impl WriteError {
    /// Makes an error of a refused step.
    pub(super) fn of<E: Into<Cause>>(doing: Doing) -> impl Fn(E) -> WriteError {
        move |cause| WriteError::Failed { doing, cause: cause.into() }
    }
}

/// What exists under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Occupant {
    /// A regular file.
    #[error("a file")]
    File,
    /// A directory.
    #[error("a directory")]
    Directory,
    /// A symbolic link.
    #[error("a symbolic link")]
    Symlink,
    /// A device, pipe or socket.
    #[error("a special file")]
    Special,
}

/// A step of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Doing {
    /// Opening the directory of an entry.
    #[error("open the directory")]
    OpenDirectory,
    /// Making a directory.
    #[error("make the directory")]
    MakeDirectory,
    /// Looking at what exists.
    #[error("look at what exists")]
    Look,
    /// Creating the unfinished file.
    #[error("create the file")]
    Create,
    /// Writing content.
    #[error("write the file")]
    Write,
    /// Setting owner and group.
    #[error("set the owner")]
    SetOwner,
    /// Setting the permission bits.
    #[error("set the permissions")]
    SetMode,
    /// Setting the mtime.
    #[error("set the time")]
    SetTime,
    /// Setting an extended attribute.
    #[error("set an extended attribute")]
    SetXattr,
    /// Giving the final name.
    #[error("give the file its name")]
    Rename,
    /// Removing what is to be replaced.
    #[error("remove what stands in the place")]
    Remove,
    /// Making a hard link.
    #[error("make the hard link")]
    Link,
    /// Making a symbolic link.
    #[error("make the symbolic link")]
    Symlink,
    /// Bringing it to the disk.
    #[error("bring it to the disk")]
    Sync,
    /// Noting what comes last.
    #[error("note what comes last")]
    Note,
}

/// A restore could not be brought to its end; files that have their names stay.
#[derive(Debug, Error)]
#[error("the restore could not be finished: {what}")]
pub struct FinishError {
    /// What happened.
    pub what: WriteError,
    /// What was done before.
    pub report: Box<Report>,
}
