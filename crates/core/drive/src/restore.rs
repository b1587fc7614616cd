//! Reads versions back: the tree, the files, ranges of them, with every chunk checked.
//!
//! Bytes come from a [`BlockSource`]; where they lie is known from the database of the customer.

mod cache;
mod cursor;
mod directory;
mod error;
mod filter;
mod plan;
mod reader;
mod source;
mod walk;

pub(crate) use cursor::Cursor;
pub(crate) use directory::DirectoryCursor;
pub use error::RestoreError;
pub use filter::Filter;
pub use plan::BlockRanges;
pub(crate) use reader::damaged;
pub use reader::{CACHE_BYTES, Reader, Run};
pub use source::{BlockSource, Range, SourceError};
pub use walk::{Step, Walk, find, list};

#[cfg(test)]
mod tests;
