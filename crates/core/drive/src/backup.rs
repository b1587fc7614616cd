//! One run of a backup: a tree is pushed in, sealed blocks come out.
//!
//! A run has three stages: contents and directories, the index segments, the head. The blocks of a
//! stage must be placed before the next begins, so that nothing ever refers to what may be lost.
//! What is placed is written down at once and never sealed again, also when the run ends early.

mod entries;
mod error;
mod file;
mod lane;
mod links;
mod pending;
mod pipeline;
mod publish;
mod session;

use base::{Date, SymmetricKey};
use codec::{Shape, Suite};

pub use error::BackupError;
pub use pipeline::{SealedBlock, Sink, Totals};
pub use publish::Committed;
pub use session::{Meta, Outcome, Session};

/// The deepest entry below a root.
pub const DEPTH_MAX: usize = 256;

/// How a run seals and codes.
#[derive(Clone)]
pub struct Settings {
    /// The numbers of data and parity fragments.
    pub shape: Shape,
    /// The number of the arrangement of suppliers that the blocks are for.
    pub arrangement: u32,
    /// When the run begins.
    pub started: Date,
    /// The cipher.
    pub suite: Suite,
    /// 32 fresh random bytes, from which the padding of this run follows.
    pub random: SymmetricKey,
}

#[cfg(test)]
mod tests;
