//! Lets redb keep its file on a [`Disk`](crate::disk::Disk), and remembers what failed there.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use redb::StorageBackend;

use crate::disk::{DiskError, DiskFile};

/// The first failure of the file below a database since it was opened.
#[derive(Debug, Default)]
pub(super) struct Failure(Mutex<Option<DiskError>>);

impl Failure {
    pub(super) fn get(&self) -> Option<DiskError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, error: DiskError) -> io::Error {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = io::Error::other(error.clone());
        first.get_or_insert(error);
        told
    }
}

#[derive(Debug)]
pub(super) struct Backend {
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) failure: Arc<Failure>,
}

impl StorageBackend for Backend {
    fn len(&self) -> Result<u64, io::Error> {
        self.file.len().map_err(|error| self.failure.note(error))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.file.read_at(offset, out).map_err(|error| self.failure.note(error))
    }

    /// Growing reserves the room, so that a full disk is met here and not within a commit.
    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        let grown = self.file.len().and_then(|old| {
            if len > old { self.file.preallocate(len) } else { Ok(()) }?;
            self.file.set_len(len)
        });
        grown.map_err(|error| self.failure.note(error))
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.file.sync().map_err(|error| self.failure.note(error))
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.file.write_at(offset, &[data]).map_err(|error| self.failure.note(error))
    }
}
