//! Writes contents: lists of pieces of any length, and directories as pages of entries.
//!
//! Both need memory for one page and one list per level only. A directory is cut where its names
//! say so, so that pages without a change keep their bytes and are stored once.

mod content;
mod directory;

pub(crate) use content::ContentWriter;
pub(crate) use directory::{Cutter, DirectoryError, DirectoryWriter};

#[cfg(test)]
mod tests;
