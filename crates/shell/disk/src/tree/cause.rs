//! Why the operating system refused something, in the cases that a user can act on.

use std::io;

use thiserror::Error;

/// The reason that the operating system gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Cause {
    /// The permissions do not allow it.
    #[error("permission denied")]
    Denied,
    /// It is not there, or not there any more.
    #[error("it does not exist")]
    Missing,
    /// Something of this name exists.
    #[error("it exists already")]
    Exists,
    /// The file system is full.
    #[error("no space left on the device")]
    NoSpace,
    /// The user's quota on the file system is used up.
    #[error("the disk quota is used up")]
    QuotaUsed,
    /// The file system is mounted read-only.
    #[error("the file system is read-only")]
    ReadOnly,
    /// The file system cannot hold so large a file.
    #[error("the file is too large for the file system")]
    TooLarge,
    /// The file system cannot hold so long a name or target.
    #[error("the name is too long for the file system")]
    NameTooLong,
    /// The file system does not take these bytes as a name, target or value.
    #[error("the file system does not accept it")]
    NotAccepted,
    /// The process or the system has too many files open.
    #[error("too many open files")]
    TooManyOpen,
    /// A symbolic link or something that is not a directory stands in the way.
    #[error("a symbolic link or a file stands in the way")]
    Blocked,
    /// It is in use.
    #[error("it is in use")]
    Busy,
    /// The file system or the system has no such thing.
    #[error("not supported here")]
    Unsupported,
    /// The device reported an error.
    #[error("the device reported an input/output error")]
    Device,
    /// Anything else, by the number that the system gave (0 if it gave none).
    #[error("system error {code}")]
    Other {
        /// The system's number of the error.
        code: i32,
    },
}

impl From<&io::Error> for Cause {
    fn from(error: &io::Error) -> Cause {
        #[cfg(unix)]
        if let Some(errno) = rustix::io::Errno::from_io_error(error) {
            return errno.into();
        }
        match error.kind() {
            io::ErrorKind::NotFound => Cause::Missing,
            io::ErrorKind::PermissionDenied => Cause::Denied,
            io::ErrorKind::AlreadyExists => Cause::Exists,
            io::ErrorKind::StorageFull => Cause::NoSpace,
            io::ErrorKind::InvalidInput => Cause::NotAccepted,
            _ => Cause::Other { code: error.raw_os_error().unwrap_or(0) },
        }
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Cause {
        Cause::from(&error)
    }
}

#[cfg(unix)]
impl From<rustix::io::Errno> for Cause {
    fn from(errno: rustix::io::Errno) -> Cause {
        use rustix::io::Errno;
        match errno {
            Errno::ACCESS | Errno::PERM => Cause::Denied,
            Errno::NOENT | Errno::STALE => Cause::Missing,
            Errno::EXIST | Errno::NOTEMPTY => Cause::Exists,
            Errno::NOSPC => Cause::NoSpace,
            Errno::DQUOT => Cause::QuotaUsed,
            Errno::ROFS => Cause::ReadOnly,
            Errno::FBIG | Errno::OVERFLOW => Cause::TooLarge,
            Errno::NAMETOOLONG => Cause::NameTooLong,
            Errno::INVAL | Errno::ILSEQ => Cause::NotAccepted,
            Errno::MFILE | Errno::NFILE => Cause::TooManyOpen,
            Errno::LOOP | Errno::XDEV | Errno::NOTDIR => Cause::Blocked,
            Errno::BUSY | Errno::TXTBSY => Cause::Busy,
            Errno::NOTSUP | Errno::NOSYS => Cause::Unsupported,
            Errno::IO => Cause::Device,
            _ => Cause::Other { code: errno.raw_os_error() },
        }
    }
}
