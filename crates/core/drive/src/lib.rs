//! The data path of the own drive: backup, catalog, restore, recovery, comparison, check.
//!
//! It stands between the daemon (or the simulator) and `codec`, `store` and `spaces`, and touches
//! neither files nor the network: a tree is pushed into a [`backup::Session`] and comes out as
//! sealed blocks; a [`restore::Reader`] asks a [`restore::BlockSource`] for bytes and gives out
//! trees and files. The forms of the catalog are described in `docs/protocols/catalog.md`.

pub mod backup;
pub mod catalog;
pub mod check;
pub mod diff;
pub mod format;
pub mod recover;
pub mod restore;

mod head;
mod keys;
mod tree;

pub use head::HeadError;

/// Whoever takes or gives bytes asks to stop: the user pauses or cancels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop;

/// The path of `name` in the directory `path`; an empty path has no directory.
pub(crate) fn join(path: &[u8], name: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(path.len() + 1 + name.len());
    joined.extend_from_slice(path);
    if !path.is_empty() && path.last() != Some(&b'/') {
        joined.push(b'/');
    }
    joined.extend_from_slice(name);
    joined
}

#[cfg(test)]
mod tests;
