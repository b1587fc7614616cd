//! What can go wrong with a database.

use crate::disk::DiskError;

/// Why a database does not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// The disk is full; what is there can still be read.
    #[error("no space left for the database")]
    NoSpace,
    /// A sync failed: what is durable is unknown until the database is opened again.
    #[error("the database could not be made durable; it must be opened again")]
    Poisoned,
    /// Its owner ended it; what still reads must get it anew.
    #[error("the database was closed")]
    Closed,
    /// The file is not what was written.
    #[error("the database is damaged: {what}")]
    Damaged {
        /// What was found.
        what: String,
    },
    /// A key or a value is longer than allowed.
    #[error("a row of {key} and {value} bytes is too long")]
    TooLong {
        /// Length of the key, bytes.
        key: usize,
        /// Length of the value, bytes.
        value: usize,
    },
    /// The file is of another form than this program knows.
    #[error("the database has form {found}, this program knows {known}")]
    Schema {
        /// The form found.
        found: u32,
        /// The form that is known.
        known: u32,
    },
    /// The device or the system failed.
    #[error(transparent)]
    Disk(DiskError),
}

/// Why a database cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was damaged and is now set aside under another name.
    #[error("the database was damaged ({what}) and is kept as {set_aside}")]
    Damaged {
        /// The name that the damaged file has now.
        set_aside: String,
        /// What was found.
        what: String,
    },
    /// Anything else.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<DiskError> for OpenError {
    fn from(error: DiskError) -> Self {
        Self::Database(error.into())
    }
}

impl DatabaseError {
    /// What a failure of the file means for the database in it.
    pub(super) fn of_disk(error: DiskError) -> Self {
        match error {
            DiskError::NoSpace { .. } => Self::NoSpace,
            DiskError::Poisoned { .. } => Self::Poisoned,
            DiskError::Io { action: crate::disk::Action::Sync, .. } => Self::Poisoned,
            DiskError::Short { end, .. } => {
                Self::Damaged { what: format!("it names byte {end}, beyond its end") }
            }
            error => Self::Disk(error),
        }
    }

    fn of_redb(error: redb::Error) -> Self {
        Self::Damaged { what: error.to_string() }
    }
}

impl From<DiskError> for DatabaseError {
    fn from(error: DiskError) -> Self {
        Self::of_disk(error)
    }
}

/// redb's own words; what failed below replaces them where something did.
macro_rules! from_redb {
    ($($name:ident),*) => {
        $(impl From<redb::$name> for DatabaseError {
            fn from(error: redb::$name) -> Self {
                Self::of_redb(error.into())
            }
        })*
    };
}

from_redb!(StorageError, TableError, TransactionError, CommitError, DatabaseError);
