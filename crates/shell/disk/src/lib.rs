//! The only crate that touches files: the real Disk, trees of files, atomic documents.

pub mod document;
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub mod tree;
