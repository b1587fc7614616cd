//! The only crate that touches files: the real Disk, trees of files, atomic documents.

pub mod document;
mod real;
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub mod tree;

pub use real::RealDisk;
