//! What can go wrong in a run.

use codec::SealError;

use crate::catalog::CatalogError;
use crate::format::{BadName, PATH_BYTES_MAX};

/// Why a run cannot go on, or does not take something.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The sink asked to stop. What was placed is kept; another run goes on from there.
    #[error("stopped")]
    Stopped,
    /// The catalog on this device cannot be read or written.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Something that is no name of an entry.
    #[error(transparent)]
    Name(#[from] BadName),
    /// The path of a root is empty, holds a NUL, or is longer than [`PATH_BYTES_MAX`].
    #[error("not a path of at most {PATH_BYTES_MAX} bytes")]
    Path,
    /// The target of a symbolic link is longer than [`PATH_BYTES_MAX`].
    #[error("the target of the link has more than {PATH_BYTES_MAX} bytes")]
    Target,
    /// Names of a directory come in ascending order, each once.
    #[error("a name that is not after the one before")]
    Order,
    /// More directories within one another than [`DEPTH_MAX`](super::DEPTH_MAX).
    #[error("directories are nested too deeply")]
    TooDeep,
    /// More roots, or longer, than a version holds.
    #[error("there are too many paths for one version, or too many versions")]
    TooLarge,
    /// The calls came in another order than a run has: a mistake of the caller.
    #[error("this does not come next in a run")]
    OutOfTurn,
    /// The next stage needs all blocks of the one before to be placed.
    #[error("{blocks} blocks are not placed yet")]
    Unplaced {
        /// How many.
        blocks: usize,
    },
}

impl From<SealError> for BackupError {
    fn from(SealError::TooLong { .. }: SealError) -> Self {
        Self::TooLarge
    }
}
