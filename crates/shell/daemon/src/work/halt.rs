//! Why a worker ends early.

use std::sync::{Mutex, PoisonError};

use drive::Stop;
use drive::backup::BackupError;
use drive::catalog::CatalogError;
use drive::restore::RestoreError;
use node::input::Failure;

/// Why a worker ends early.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It was told to.
    Stopped,
    /// It cannot go on.
    Failed(Failure),
}

/// Where a source leaves the reason why a block could not be had.
pub(crate) type Reason = Mutex<Option<Failure>>;

impl Halt {
    /// An error of reading; `reason` knows more about a block that could not be had.
    pub(crate) fn of(error: &RestoreError, reason: &Reason) -> Self {
        match error {
            RestoreError::Stopped => Self::Stopped,
            RestoreError::Missing { present, needed, .. } => {
                let known = reason.lock().unwrap_or_else(PoisonError::into_inner).take();
                let bounded = |count: &u16| u8::try_from(*count).unwrap_or(u8::MAX);
                let (have, need) = (bounded(present), bounded(needed));
                let unknown = Failure::TooFewSuppliers { have, need, missing: vec![] };
                Self::Failed(known.unwrap_or(unknown))
            }
            RestoreError::Catalog(error) => Self::from(error.clone()),
            error => Self::Failed(Failure::Damaged { what: error.to_string() }),
        }
    }
}

impl From<Stop> for Halt {
    fn from(Stop: Stop) -> Self {
        Self::Stopped
    }
}

impl From<CatalogError> for Halt {
    fn from(error: CatalogError) -> Self {
        Self::Failed(Failure::OwnDisk { what: error.to_string() })
    }
}

impl From<BackupError> for Halt {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Stopped => Self::Stopped,
            BackupError::Catalog(error) => error.into(),
            error => Self::Failed(Failure::Outside { what: error.to_string() }),
        }
    }
}
