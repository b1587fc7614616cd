//! The only crate that touches files: the real Disk, trees of files, atomic documents.

pub mod document;
