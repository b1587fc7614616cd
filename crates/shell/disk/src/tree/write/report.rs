//! What a restore did, in numbers, and what it could not do.

use thiserror::Error;

use super::super::model::TreePath;
use super::error::WriteError;

/// Problems beyond these are only counted.
pub const PROBLEMS_MAX: usize = 1_000;

/// What was restored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Directories made or entered.
    pub directories: u64,
    /// Files written, first names of hard links included.
    pub files: u64,
    /// Bytes of content delivered for them, holes excluded.
    pub bytes: u64,
    /// Symbolic links made.
    pub symlinks: u64,
    /// Further names made.
    pub hard_links: u64,
    /// Entries that were complete from an earlier restore.
    pub identical: u64,
    /// Entries that got a name beside an existing one.
    pub renamed: u64,
    /// Extended attributes left out, because only root may set them or no rule knows them.
    pub xattrs_dropped: u64,
    /// Unfinished files of earlier restores that were removed.
    pub leftovers_removed: u64,
    /// Entries that were not restored or not wholly, in the order of their discovery.
    pub problems: Vec<Problem>,
    /// Problems beyond [`PROBLEMS_MAX`].
    pub problems_unlisted: u64,
}

/// An entry that was not restored, or not wholly.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}: {what}")]
pub struct Problem {
    /// Which entry.
    pub path: TreePath,
    /// What happened.
    pub what: WriteError,
}

impl Report {
    pub(super) fn problem(&mut self, path: &TreePath, what: WriteError) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { path: path.clone(), what });
        } else {
            self.problems_unlisted += 1;
        }
    }
}
